import type { PurgePreview, PurgeState } from '../../eviction/actions.ts';
import { counted, enumerate } from '../../eviction/human.ts';
import type { Candidate } from '../../eviction/plan.ts';
import type { PurgeError, PurgeOutcome, PurgeSummary, Share } from '../../eviction/purge-tally.ts';
import { keptText, OUTCOME_TEXT, producersSentence } from '../../output/purge-text.ts';
import { cells, headings, placeColumns, type ScreenColumn } from '../columns.ts';
import type { DialogView } from '../dialog.ts';
import { fitLine, type Line, line, lineWidth, span, type Tone } from '../line.ts';
import { agoText, countText } from '../phrases.ts';
import { tidy, widthOf, wrap } from '../text.ts';
import type { Theme } from '../theme.ts';
import { modeOf } from './mode.ts';
import type { PurgeUi } from './state.ts';

/** What the dialog is drawn from. */
export interface PurgeViewInput {
  readonly ui: PurgeUi;
  readonly run: PurgeState;
  /** {@link plannedPodLines} of the preview. */
  readonly pods: readonly Line[];
  readonly program: string;
  readonly width: number;
  readonly theme: Theme;
}

/** The dialog in lines. */
export function purgeView(input: PurgeViewInput): DialogView {
  const { run } = input;
  switch (modeOf(run)) {
    case 'listing':
      return { head: [line('')], body: listingLines(input), prompt: [] };
    case 'asking':
    case 'counting':
      return { head: [line(''), planTitle(input), line('')], body: planLines(input), prompt: questionLines(input) };
    case 'deleting':
    case 'stopping':
      return { head: progressLines(input), body: outcomeLines(input), prompt: [] };
    case 'ended':
      return run.agreed
        ? { head: progressLines(input), body: [...outcomeLines(input), ...afterwards(input)], prompt: [] }
        : { head: [line('')], body: nothingLines(input), prompt: [] };
  }
}

/** `on node worker-3`, `on all nodes`. */
function whereText({ ui }: PurgeViewInput): string {
  return ui.everywhere || ui.node === null ? 'on all nodes' : `on node ${ui.node}`;
}

function listingLines(input: PurgeViewInput): readonly Line[] {
  const { run, theme } = input;
  const found = run.found === 0 ? '' : `  ${countText(run.found)} so far`;
  return [
    [span(`Looking for Evicted pods ${whereText(input)} ${theme.glyphs.more}`, 'strong'), span(found)],
    line(''),
    line('Nothing is deleted before you have seen what, and said yes.', 'faint'),
  ];
}

function planTitle(input: PurgeViewInput): Line {
  const count = input.run.preview?.pods.length ?? 0;
  return [
    span(`${countText(count)} Evicted ${count === 1 ? 'pod' : 'pods'}`, 'strong'),
    span(` ${whereText(input)}, in all namespaces, would be deleted`),
  ];
}

function planLines(input: PurgeViewInput): readonly Line[] {
  const { run, width, pods } = input;
  const { preview } = run;
  if (preview === null) return [];
  return [
    ...warningLines(preview, input),
    ...overviewLines(preview, input),
    ...keptLines(preview.kept, width),
    ...noteLine('Deleting them frees no disk: they are only what is left of pods that have ended.', width),
    line(''),
    ...pods,
  ];
}

function warningLines({ producers }: PurgePreview, { width }: PurgeViewInput): readonly Line[] {
  if (producers.length === 0) return [];
  const sentence = producersSentence(producers);
  return [...marked('!', sentence, 'warning', width), line('')];
}

function keptLines(kept: PurgeSummary['kept'], width: number): readonly Line[] {
  if (kept.length === 0) return [];
  const digits = Math.max(...kept.map(({ count }) => countText(count).length));
  return [
    line('  KEPT', 'heading'),
    ...kept.flatMap(group => {
      // Where there are few, these are all of them.
      const names = group.count <= group.examples.length ? `: ${enumerate(group.examples)}` : '';
      return wrap(`${keptText(group)}${names}`, width - digits - 4).map(
        (part, i): Line => [
          span(`  ${(i === 0 ? countText(group.count) : '').padStart(digits)}  `, 'strong'),
          span(part),
        ],
      );
    }),
    line(''),
  ];
}

function noteLine(text: string, width: number): readonly Line[] {
  return wrap(text, width - 2).map(part => line(`  ${part}`, 'faint'));
}

/** A text of one or more lines behind a mark. */
function marked(mark: string, text: string, tone: Tone, width: number): readonly Line[] {
  return wrap(text, width - 2).map((part, i): Line => [span(i === 0 ? `${mark} ` : '  ', tone), span(part, tone)]);
}

const AXES = [
  ['causes', 'CAUSE'],
  ['owners', 'OWNER'],
  ['namespaces', 'NAMESPACE'],
  ['nodes', 'NODE'],
] as const;
const MOST_ROWS = 4;
/** Two blocks fit beside each other from this width on. */
const TWO_BLOCKS = 96;
const BAR = 12;
const BETWEEN = 3;

/** By cause, owner, namespace and node; what all of them share is not spread out. */
function overviewLines({ overview }: PurgePreview, input: PurgeViewInput): readonly Line[] {
  const { width, theme } = input;
  const axes = AXES.filter(([axis]) => axis !== 'nodes' || input.ui.everywhere || input.ui.node === null);
  if (width < TWO_BLOCKS || theme.wordsOnly) {
    return [...axes.map(([axis, label]) => shareLine(label, overview[axis], width)), line('')];
  }
  // Owners have long names; they are on the right.
  const narrow = Math.floor(width * 0.4);
  const rest = width - narrow - BETWEEN;
  const blocks = axes.map(([axis, label], i) =>
    block(label, overview[axis], overview.count, i % 2 === 0 ? narrow : rest, theme),
  );
  const lines: Line[] = [];
  for (let i = 0; i < blocks.length; i += 2) {
    const left = blocks[i] ?? [];
    const right = blocks[i + 1] ?? [];
    const height = Math.max(left.length, right.length);
    for (let row = 0; row < height; row += 1) {
      lines.push([...fitLine(left[row] ?? [], narrow), span(' '.repeat(BETWEEN)), ...(right[row] ?? [])]);
    }
    lines.push(line(''));
  }
  return lines;
}

/** One axis on one line, as many values as fit. */
function shareLine(label: string, shares: readonly Share[], width: number): Line {
  const shown: Line = [span(`  ${label.toLowerCase().padEnd(11)}`, 'faint')];
  let text = shown;
  for (const [i, [value, count]] of shares.entries()) {
    const left = shares.length - i - 1;
    const next: Line = [
      ...text,
      span(i === 0 ? '' : ', '),
      span(countText(count), 'strong'),
      span(` ${tidy(value) || 'none'}`),
    ];
    const room = left === 0 ? width : width - `, ${countText(left)} more`.length;
    if (i > 0 && lineWidth(next) > room) return [...text, span(`, ${countText(shares.length - i)} more`, 'faint')];
    text = next;
  }
  return text;
}

/** One axis as bars. */
function block(
  label: string,
  shares: readonly Share[],
  total: number,
  width: number,
  { glyphs }: Theme,
): readonly Line[] {
  const shown = shares.length > MOST_ROWS ? shares.slice(0, MOST_ROWS - 1) : shares;
  const digits = countText(total).length;
  const rows = shown.map(([value, count]): Line => {
    const full = Math.max(1, Math.round((count / total) * BAR));
    return fitLine(
      [
        span('  '),
        span(glyphs.full.repeat(full), 'info'),
        span(glyphs.empty.repeat(BAR - full), 'faint'),
        span(`  ${countText(count).padStart(digits)}`, 'strong'),
        span(`  ${tidy(value) || 'none'}`),
      ],
      width,
    );
  });
  const rest = shares.slice(shown.length).reduce((sum, [, count]) => sum + count, 0);
  const more: readonly Line[] =
    rest === 0
      ? []
      : [
          [
            span(' '.repeat(BAR + 2)),
            span(`  ${countText(rest).padStart(digits)}`, 'strong'),
            span(`  of ${countText(shares.length - shown.length)} more`, 'faint'),
          ],
        ];
  return [line(`  ${label}`, 'heading'), ...rows, ...more];
}

/** The pods that would go, in a list with headings. */
export function plannedPodLines({ pods, at, overview }: PurgePreview, width: number): readonly Line[] {
  const text = (value: (pod: Candidate) => string, least: number, most: number): { least: number; most: number } => {
    const widest = pods.reduce((w, pod) => Math.max(w, widthOf(tidy(value(pod)))), least);
    return { least: Math.min(least + 6, widest), most: Math.min(most, widest) };
  };
  const columns: readonly ScreenColumn<Candidate>[] = [
    {
      id: 'age',
      header: 'AGE',
      least: 5,
      most: 6,
      align: 'right',
      cell: pod => line(agoText(pod.evictedAt, at) || '?'),
    },
    { id: 'namespace', header: 'NAMESPACE', ...text(pod => pod.namespace, 9, 20), cell: pod => line(pod.namespace) },
    { id: 'pod', header: 'POD', ...text(pod => pod.name, 18, 60), cell: pod => line(pod.name, 'strong') },
    { id: 'cause', header: 'CAUSE', ...text(pod => pod.cause, 9, 28), cell: pod => line(pod.cause) },
    // Where all lie on one node, the title names it.
    ...(overview.nodes.length < 2
      ? []
      : [{ id: 'node', header: 'NODE', ...text(pod => pod.node, 8, 30), cell: (pod: Candidate) => line(pod.node) }]),
    {
      id: 'owner',
      header: 'OWNER',
      ...text(pod => pod.owner || '-', 10, 40),
      cell: pod => line(pod.owner || '-', 'faint'),
    },
  ];
  const placed = placeColumns(
    columns,
    width - 2,
    ['owner', 'node', 'namespace', 'age', 'cause'],
    ['pod', 'cause', 'namespace'],
  );
  return [headings(placed), ...pods.map(pod => cells(placed, pod))].map(row => [span('  '), ...row]);
}

function questionLines({ run, ui, theme }: PurgeViewInput): readonly Line[] {
  const count = run.preview?.pods.length ?? 0;
  const all = count === 1 ? 'this pod' : `these ${countText(count)} pods`;
  if (modeOf(run, ui.hasty) === 'asking') {
    return [
      [
        span(`Delete ${all}?`, 'strong'),
        span('  y', 'accent'),
        span(' deletes exactly these, ', 'plain'),
        span('Esc', 'accent'),
        span(' keeps them'),
      ],
    ];
  }
  const cursor = theme.wordsOnly ? '' : '▏';
  const wrong = ui.mistyped ? span('  that is another number', 'warning') : span('');
  return [
    [
      span(`Delete ${all}?`, 'strong'),
      span('  Type their number and Enter, or '),
      span('Esc', 'accent'),
      span(' keeps them'),
    ],
    [span('> ', 'accent'), span(ui.typed, 'strong'), span(cursor, 'accent'), wrong],
  ];
}

/** How many of the plan something became of; what was kept before the plan is none of it. */
function doneOf({ preview, summary }: PurgeState): number {
  const before = preview?.kept.reduce((sum, { count }) => sum + count, 0) ?? 0;
  return Object.values(summary.counts).reduce((sum, count) => sum + count, 0) - before;
}

const GAUGE = 40;

/** How it stands, or how it ended, in a sentence. */
function progressTitle(input: PurgeViewInput, done: number, total: number): Line {
  const { run } = input;
  const { failed } = run.summary.counts;
  const mode = modeOf(run);
  if (mode === 'deleting') {
    const pods = total === 1 ? 'pod' : 'pods';
    return [span('Deleting', 'strong'), span(` ${countText(total)} Evicted ${pods} ${whereText(input)}`)];
  }
  if (mode === 'stopping') {
    return [span('Stopping', 'warning'), span(': nothing more is sent; what is in flight is waited for')];
  }
  if (run.stopped && done < total) {
    return [span('Stopped', 'warning'), span(`: ${counted(total - done, 'pod')} of the list not touched`)];
  }
  if (failed > 0 && failed === total) return [span('Failed', 'bad'), span(': nothing could be deleted')];
  if (failed > 0) return [span('Done', 'warning'), span(`, but ${countText(failed)} could not be deleted`)];
  return [span('Done', 'good'), span(`: ${goneText(run, total)}`)];
}

function progressLines(input: PurgeViewInput): readonly Line[] {
  const { run, width, theme } = input;
  const total = run.preview?.pods.length ?? 0;
  const done = doneOf(run);
  const seconds = run.elapsedMs / 1000;
  const rate = seconds < 1 ? '' : `   ${countText(Math.round(done / seconds))}/s`;
  const share = total === 0 ? 1 : done / total;
  const text = `  ${countText(done)} of ${countText(total)}   ${Math.floor(share * 100)}%${rate}`;
  const room = Math.max(0, Math.min(GAUGE, width - widthOf(text) - 2));
  const gauge = theme.wordsOnly ? [] : progressGauge(done, run.summary.counts.failed, total, room, theme);
  return [line(''), progressTitle(input, done, total), line(''), [span('  '), ...gauge, span(text)], line('')];
}

/** Failures are at the end of the filled part, and seen however few they are. */
function progressGauge(done: number, failed: number, total: number, room: number, { glyphs }: Theme): Line {
  const full = total === 0 ? room : Math.floor((done / total) * room);
  const bad = failed === 0 ? 0 : Math.min(full, Math.max(1, Math.round((failed / total) * room)));
  return [
    span(glyphs.full.repeat(full - bad), 'good'),
    span(glyphs.full.repeat(bad), 'bad'),
    span(glyphs.empty.repeat(room - full), 'faint'),
  ];
}

function goneText({ summary: { counts } }: PurgeState, total: number): string {
  const gone = counts.deleted + counts.gone + counts.replaced;
  if (gone < total) return `${countText(gone)} of ${countText(total)} pods are gone`;
  return total === 1 ? 'the pod is gone' : `all ${countText(total)} pods are gone`;
}

const TONES: Readonly<Record<PurgeOutcome, Tone>> = {
  deleted: 'good',
  terminating: 'warning',
  gone: 'plain',
  replaced: 'info',
  kept: 'plain',
  failed: 'bad',
};

/** What became of the pods, and what went wrong. */
function outcomeLines(input: PurgeViewInput): readonly Line[] {
  const { run, width } = input;
  const { summary, phase } = run;
  // What was kept before anything was sent is no news until the end.
  const kept = phase === 'ended' ? summary.kept : summary.kept.filter(({ why }) => why === 'changed');
  const counts = { ...summary.counts, kept: kept.reduce((sum, { count }) => sum + count, 0) };
  const digits = countText(Math.max(...Object.values(counts))).length;
  const shown = (Object.keys(OUTCOME_TEXT) as PurgeOutcome[]).filter(
    outcome => outcome === 'deleted' || counts[outcome] > 0,
  );
  return [
    ...shown.map(
      (outcome): Line => [
        span(`  ${countText(counts[outcome]).padStart(digits)}  `, 'strong'),
        span(OUTCOME_TEXT[outcome], counts[outcome] > 0 ? TONES[outcome] : 'plain'),
      ],
    ),
    line(''),
    ...errorLines(summary.errors, input),
    ...keptLines(kept, width),
  ];
}

/** How many kinds of errors are told in full. */
const MOST_KINDS = 6;

/** What went wrong: what many pods have in common is told once. */
function errorLines(errors: readonly PurgeError[], { width, program, theme }: PurgeViewInput): readonly Line[] {
  const kinds = new Map<string, { readonly first: PurgeError; count: number }>();
  for (const error of errors) {
    const key = `${error.what} ${error.reason}`;
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { first: error, count: 1 });
    else kind.count += 1;
  }
  const told = [...kinds.values()].slice(0, MOST_KINDS).flatMap(({ first, count }) => {
    const more = count > 1 ? `  (and ${countText(count - 1)} more like it)` : '';
    const remedy =
      first.reason === 'forbidden' ? `${program} rbac --for purge prints the rights that it needs` : first.remedy;
    return [
      ...marked('!', `${first.message}${more}`, 'warning', width),
      ...(remedy === null ? [] : marked(' ', `${theme.glyphs.arrow} ${remedy}`, 'faint', width)),
    ];
  });
  return told.length === 0 ? [] : [...told, line('')];
}

function afterwards({ run, width }: PurgeViewInput): readonly Line[] {
  const left = (run.preview?.pods.length ?? 0) - doneOf(run);
  if (left === 0 && run.summary.counts.failed === 0) return [];
  return [...noteLine('r looks again for what is left.', width)];
}

/** There is no plan to ask about: nothing to delete, or it could not be read. */
function nothingLines(input: PurgeViewInput): readonly Line[] {
  const { run, ui, width } = input;
  const { errors, kept } = run.summary;
  if (errors.length > 0) {
    return [line('Nothing was deleted: the pods could not be read.', 'strong'), line(''), ...errorLines(errors, input)];
  }
  const elsewhere = ui.everywhere || ui.node === null ? '' : 'a looks at all nodes.';
  return [
    [
      span('Nothing to delete', 'strong'),
      span(
        `: ${kept.length > 0 ? 'no other' : 'no'} Evicted pod lies on ${elsewhere === '' ? 'any node' : `node ${ui.node}`}.`,
      ),
    ],
    line(''),
    ...keptLines(kept, width),
    ...(elsewhere === '' ? [] : [line(elsewhere, 'faint')]),
  ];
}
