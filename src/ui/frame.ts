import type { LiveDetails, LiveNode, LiveSnapshot } from '../eviction/live.ts';
import type { Instant } from '../eviction/node.ts';
import { headings } from './columns.ts';
import type { Dialog } from './dialog.ts';
import { dialogTable, type KeyBinding } from './keys.ts';
import { layoutDialog, layoutNodes, nodeRows, overlayRows, type Size } from './layout.ts';
import { fitLine, type Line, line, span, spread } from './line.ts';
import { nodeTitle, tabLine, tabLines } from './node/view.ts';
import { emptyLines, headerLines, nodeCells, placeNodeColumns } from './nodes/view.ts';
import { commandLines } from './overlay/command.ts';
import { helpLines, hintLine } from './overlay/help.ts';
import { countText } from './phrases.ts';
import { cursor, keysFor, type UiState } from './state.ts';
import type { Theme } from './theme.ts';

/** Everything a frame is made from. */
export interface FrameInput {
  readonly state: UiState;
  readonly snapshot: LiveSnapshot;
  /** The listed nodes, in order, and their names. */
  readonly listed: readonly LiveNode[];
  readonly names: readonly string[];
  /** The node under the cursor, or opened, and what is known of it. */
  readonly node: LiveNode | null;
  readonly details: LiveDetails;
  readonly now: Instant;
  readonly size: Size;
  readonly theme: Theme;
  /** For the command overlay. */
  readonly command: string;
  /** What lies over the screen; null: nothing. */
  readonly dialog: Dialog | null;
}

/** How much of what there is fits on the screen. */
export interface Extent {
  readonly rows: number;
  readonly contentLines: number;
  readonly contentRows: number;
}

/** The part of the screen that scrolls: all its lines, and how many of them fit. */
interface Content {
  readonly lines: readonly Line[];
  readonly rows: number;
  readonly width: number;
}

const NO_CONTENT: Content = { lines: [], rows: 1, width: 0 };

/** The screen: as many lines as it has rows, each as wide as it is. Also says how much fits. */
export function frameOf(input: FrameInput): { readonly lines: readonly Line[]; readonly extent: Extent } {
  const { state, size, dialog } = input;
  if (dialog !== null && state.overlay === null) return dialogFrame(input, dialog);
  const content = contentOf(input);
  const body =
    state.overlay !== null
      ? overlayBody(input, content)
      : state.screen === 'node'
        ? nodeBody(input, content)
        : nodesBody(input, content);
  const above = [...head(input), ...body].slice(0, Math.max(0, size.rows - 1 - notesOf(input).length));
  const room = Math.max(0, size.rows - 1 - notesOf(input).length - above.length);
  const lines = [...above, ...Array.from({ length: room }, () => line('')), ...notesOf(input), foot(input, content)];
  return {
    lines: lines.slice(-size.rows).map(each => fitLine(each, size.columns)),
    extent: extentOf(input, content),
  };
}

function extentOf(input: FrameInput, { lines, rows: contentRows }: Content): Extent {
  const { size, listed, theme } = input;
  const { listRows } = layoutNodes(size, notesOf(input).length, listed.length, theme.wordsOnly);
  return { rows: listRows, contentLines: lines.length, contentRows };
}

/** The header, what the dialog shows, and its keys. */
function dialogFrame(input: FrameInput, dialog: Dialog): { readonly lines: readonly Line[]; readonly extent: Extent } {
  const { state, size, theme } = input;
  const width = Math.max(1, size.columns - 4);
  const view = dialog.view(width, theme);
  const { prompt, head: fixed, body, rows, hasRule } = layoutDialog(size, view);
  const content: Content = { lines: body, rows, width };
  const above = [
    ...head(input),
    caption(input, dialog.title, size.columns),
    ...fixed.map(each => indent(fitLine(each, width))),
    ...windowOf(content, Math.min(state.scroll, Math.max(0, body.length - rows))),
  ].slice(0, Math.max(0, size.rows - 1 - prompt.length));
  const below = [
    ...(hasRule ? [caption(input, '', size.columns)] : []),
    ...prompt.map(each => indent(fitLine(each, width))),
    foot(input, content),
  ];
  const room = Math.max(0, size.rows - below.length - above.length);
  return {
    lines: [...above, ...Array.from({ length: room }, () => line('')), ...below]
      .slice(-size.rows)
      .map(each => fitLine(each, size.columns)),
    extent: extentOf(input, content),
  };
}

function contentOf(input: FrameInput): Content {
  const { state, size, theme, node, details, now, listed } = input;
  const width = size.columns - 4;
  if (state.overlay === 'help') {
    return { lines: helpLines(tableUnder(input), theme), rows: overlayRows(size), width };
  }
  if (state.overlay === 'command') {
    const note = input.dialog === null ? 'With -o json in place of --plain it prints a document.' : '';
    return { lines: commandLines(input.command, note, width), rows: overlayRows(size), width };
  }
  if (node === null) return NO_CONTENT;
  const notes = notesOf(input).length;
  const layout = layoutNodes(size, notes, listed.length, theme.wordsOnly);
  if (state.screen === 'nodes' && layout.pane === 'none') return NO_CONTENT;
  const tabWidth = state.screen === 'node' ? width : layout.paneWidth - 2;
  const rows = state.screen === 'node' ? nodeRows(size, notes) : layout.paneRows;
  return {
    lines: tabLines({ node, details, tab: state.tab, brief: state.screen === 'nodes', width: tabWidth, now, theme }),
    rows,
    width: tabWidth,
  };
}

/** The keys of what an overlay lies over. */
function tableUnder({ dialog, state }: FrameInput): readonly KeyBinding<string>[] {
  return dialog === null ? keysFor({ ...state, overlay: null }) : dialogTable(dialog);
}

function windowOf(content: Content, scroll: number): readonly Line[] {
  return content.lines.slice(scroll, scroll + content.rows).map(each => indent(fitLine(each, content.width)));
}

function indent(content: Line): Line {
  return [span('  '), ...content];
}

function ruleText({ theme }: FrameInput, width: number): string {
  return theme.wordsOnly ? '' : theme.glyphs.rule.repeat(Math.max(0, width));
}

/** A rule with words in it. */
function caption(input: FrameInput, text: string, width: number): Line {
  const words = text === '' ? '' : ` ${text} `;
  return fitLine(
    [span(ruleText(input, 1), 'faint'), span(words, 'faint'), span(ruleText(input, width), 'faint')],
    width,
  ).map((each, i, all) =>
    i === all.length - 1 ? { ...each, text: each.text.replace('…', input.theme.glyphs.rule) } : each,
  );
}

function head(input: FrameInput): readonly Line[] {
  const { snapshot, state, size, now, theme, node, listed } = input;
  const rows = layoutNodes(size, notesOf(input).length, listed.length, theme.wordsOnly).listRows;
  const shown = state.screen === 'nodes' ? listed.slice(state.top, state.top + rows) : node === null ? [] : [node];
  const { left, right } = headerLines(snapshot, shown, now, size.columns, theme);
  return [spread(left, right, size.columns)];
}

function listCaption({ state, snapshot, listed }: FrameInput): string {
  if (snapshot.link.state === 'connecting') return '';
  const which = state.all || snapshot.scope !== 'pressure' ? 'nodes' : 'under pressure';
  const parts = [`${which}, ${state.sort === 'worst' ? 'worst first' : `by ${state.sort}`}`];
  if (state.filter !== '') parts.push(`filter ${state.filter}`, `${countText(listed.length)} left`);
  return parts.join('  ');
}

function nodesBody(input: FrameInput, content: Content): readonly Line[] {
  const { size, theme, listed } = input;
  const layout = layoutNodes(size, notesOf(input).length, listed.length, theme.wordsOnly);
  const list = listLines(input, layout.listWidth, layout.listRows);
  const rule = caption(input, listCaption(input), size.columns);
  if (layout.pane === 'none') return [rule, ...list];
  const pane = paneLines(input, content, layout.paneWidth);
  if (layout.pane === 'below') {
    const blanks = Array.from({ length: Math.max(0, layout.listRows + 1 - list.length) }, () => line(''));
    return [rule, ...list, ...blanks, caption(input, '', size.columns), ...pane];
  }
  const wall = span(` ${theme.glyphs.wall} `, 'faint');
  const height = Math.max(list.length, layout.listRows + 1);
  const beside = Array.from({ length: height }, (_, i): Line => {
    return [...fitLine(list[i] ?? [], layout.listWidth), wall, ...fitLine(pane[i] ?? [], layout.paneWidth)];
  });
  return [rule, ...beside];
}

function paneLines(input: FrameInput, content: Content, width: number): readonly Line[] {
  const { node, details, state, now, theme } = input;
  if (node === null) return [];
  return [
    indent(nodeTitle(node, width - 2, now, theme)),
    indent(tabLine(node, details, state.tab, width - 2)),
    line(''),
    ...windowOf(content, state.scroll),
  ];
}

function listLines(input: FrameInput, width: number, rows: number): readonly Line[] {
  const { state, listed, theme, now, snapshot } = input;
  if (listed.length === 0) {
    const filter = snapshot.nodes.length > 0 ? state.filter : '';
    return [line(''), ...emptyLines(snapshot, filter, state.all).map(indent)];
  }
  const placed = placeNodeColumns(listed, width - 4, now, theme);
  const at = cursor(state, input);
  const shown = listed.slice(state.top, state.top + rows).map((node, i): Line => {
    const here = state.top + i === at;
    const marker = here ? span(` ${theme.glyphs.cursor} `, 'accent') : span('   ');
    const row = nodeCells(placed, node);
    return here
      ? [marker, ...row.map(each => (each.tone === 'plain' ? { ...each, tone: 'strong' as const } : each))]
      : [marker, ...row];
  });
  return [[span('   '), ...headings(placed)], ...shown];
}

function nodeBody(input: FrameInput, content: Content): readonly Line[] {
  const { node, details, state, size, now, theme } = input;
  const rule = caption(input, '', size.columns);
  if (node === null) return [rule, indent(line(`Node ${state.selected ?? ''} is not there any more.`, 'warning'))];
  return [
    rule,
    indent(nodeTitle(node, size.columns - 4, now, theme)),
    indent(tabLine(node, details, state.tab, size.columns - 4)),
    line(''),
    ...windowOf(content, state.scroll),
  ];
}

function overlayBody(input: FrameInput, content: Content): readonly Line[] {
  return [caption(input, '', input.size.columns), line(''), ...windowOf(content, input.state.scroll)];
}

/** What is missing for every node, above the foot: a line each where there is room. */
function notesOf({ snapshot, size }: FrameInput): readonly Line[] {
  const errors = snapshot.errors.filter(error => error.what !== 'node');
  const room = size.rows < 10 ? 0 : size.rows < 30 ? 1 : 3;
  return errors.slice(0, room).map(({ message }, i): Line => {
    const left = i === room - 1 ? errors.length - room : 0;
    // The end of a long sentence is cut: what must be seen comes first.
    return [span(' ! ', 'warning'), span(left > 0 ? `(and ${left} more) ` : '', 'strong'), span(message, 'warning')];
  });
}

function foot(input: FrameInput, content: Content): Line {
  const { state, size, theme, listed } = input;
  if (state.typing) {
    const help = span(`   ${countText(listed.length)} left; Enter keeps it, Esc drops it`, 'faint');
    return [span(' / ', 'accent'), span(state.filter, 'strong'), span('▏', 'accent'), help];
  }
  const table = state.overlay === null ? tableUnder(input) : keysFor(state);
  const hasTabs =
    state.screen === 'node' || layoutNodes(size, notesOf(input).length, listed.length, theme.wordsOnly).pane !== 'none';
  const hints = {
    'toggle-all': state.all ? 'pressure' : 'all',
    'cycle-sort': `sort: ${state.sort}`,
    ...(hasTabs ? {} : { 'next-tab': '' }),
    ...(input.dialog !== null && content.lines.length <= content.rows ? { 'cursor-up': '' } : {}),
  };
  const place = placeText(input, content);
  const keys = hintLine(table, hints, size.columns - place.length - 1, theme);
  return spread(keys, [span(place, 'faint')], size.columns);
}

/** Where in a long list or text the screen is. */
function placeText(input: FrameInput, content: Content): string {
  const { state, listed } = input;
  if (state.overlay === null && state.dialog === null && state.screen === 'nodes') {
    if (listed.length === 0) return '';
    const at = cursor(state, input);
    return `${countText(at + 1)} of ${countText(listed.length)} `;
  }
  if (content.lines.length <= content.rows) return '';
  const last = Math.min(content.lines.length, state.scroll + content.rows);
  return `${state.scroll + 1}-${last} of ${content.lines.length} `;
}
