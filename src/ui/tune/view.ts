import { humanAmount, humanPercent } from '../../eviction/human.ts';
import type { TuneOutlook, TuneSignal } from '../../eviction/tune-action.ts';
import { stateTone } from '../../output/status-table.ts';
import { findingFact, type TuneFact, tuneFacts, whatIfFacts } from '../../output/tune-explanation.ts';
import { cells, headings, type PlacedColumn, placeColumns, type ScreenColumn } from '../columns.ts';
import type { DialogView } from '../dialog.ts';
import { drawGauge } from '../gauge.ts';
import { type Line, line, span } from '../line.ts';
import { cut, tidy, widthOf, wrap } from '../text.ts';
import type { Theme } from '../theme.ts';
import { signalAt, type TuneState } from './state.ts';

/** What the dialog shows. `outlook`: what the live draft comes to; null: there is no desk. */
export function tuneView(state: TuneState, outlook: TuneOutlook | null, width: number, theme: Theme): DialogView {
  const prompt = promptLines(state, width);
  switch (state.phase) {
    case 'opening':
      return { head: [line('asking the node and its kubelet', 'faint')], body: [], prompt };
    case 'failed':
      return { head: [line('')], body: noticeLines(state, width), prompt: [] };
    case 'form':
    case 'value':
      return {
        head: formHead(state, outlook, width, theme),
        body: outlook === null ? [] : outlookLines(outlook, width),
        prompt,
      };
    case 'document':
    case 'name':
      return { head: documentHead(state, width), body: documentLines(state, width), prompt };
  }
}

/** One row of the form. */
interface Row {
  readonly of: TuneSignal;
  /** The threshold afterwards; null: as it is now. */
  readonly next: string | null;
  /** In the signal's unit; null: nobody knows. */
  readonly nextAmount: number | null;
  readonly nowAmount: number | null;
  /** It is being typed. */
  readonly typing: boolean;
}

/** The mark of where the next character goes, as everywhere on the screen. */
const CARET = '▏';

const columnsFor = (theme: Theme): readonly ScreenColumn<Row>[] => [
  { id: 'signal', header: 'SIGNAL', least: 18, most: 20, cell: ({ of }) => line(of.signal) },
  { id: 'available', header: 'AVAILABLE', least: 9, most: 16, cell: ({ of }, width) => line(available(of, width)) },
  // Its mark is the new threshold, and moves while it is typed.
  { id: 'gauge', header: '', least: 12, most: 24, cell: (row, width) => gaugeOf(row, width, theme) },
  { id: 'state', header: 'STATE', least: 11, most: 11, cell: ({ of }) => line(of.state, stateTone(of.state)) },
  { id: 'now', header: 'NOW', least: 6, most: 16, cell: (row, width) => line(now(row, width)) },
  { id: 'new', header: 'NEW', least: 14, most: 24, cell: newThreshold },
];

function available({ available: amount, capacity, unit }: TuneSignal, width: number): string {
  if (amount === null) return '?';
  const share = capacity !== null && capacity > 0 ? ` (${humanPercent((amount / capacity) * 100)})` : '';
  const text = humanAmount(amount, unit);
  return widthOf(text + share) <= width ? text + share : text;
}

function gaugeOf({ next, nextAmount, nowAmount, of }: Row, width: number, { glyphs }: Theme): Line {
  const { available: amount, capacity } = of;
  if (amount === null || capacity === null || capacity <= 0) return [];
  const threshold = next === null ? nowAmount : nextAmount;
  const hard = threshold === null ? null : threshold / capacity;
  const tone = threshold !== null && amount < threshold ? 'bad' : 'good';
  return drawGauge({ available: amount / capacity, hard, soft: null }, width, tone, glyphs);
}

function now({ of, nowAmount }: Row, width: number): string {
  if (of.threshold === null) return '-';
  const text = tidy(`<${of.threshold}`);
  const amount = of.threshold.endsWith('%') && nowAmount !== null ? ` (${humanAmount(nowAmount, of.unit)})` : '';
  return widthOf(text + amount) <= width ? text + amount : text;
}

function newThreshold({ of, next, nextAmount, typing }: Row): Line {
  const amount = next !== null && next !== '' && nextAmount !== null ? ` (${humanAmount(nextAmount, of.unit)})` : '';
  if (typing) return [span('<', 'accent'), span(next ?? '', 'strong'), span(CARET, 'accent'), span(amount, 'faint')];
  return next === null ? [] : [span(`<${next}`, 'strong'), span(amount, 'faint')];
}

function rowsOf(state: TuneState, outlook: TuneOutlook | null): readonly Row[] {
  return (state.desk?.signals ?? []).map(of => {
    const seen = outlook?.whatIf?.signals.find(s => s.signal === of.signal);
    const planned = outlook?.thresholds.get(of.signal) ?? null;
    const typing = state.phase === 'value' && signalAt(state) === of.signal;
    const next = typing ? state.text : planned !== null && planned !== of.threshold ? planned : null;
    return { of, next, nextAmount: seen?.hardThen ?? null, nowAmount: seen?.hardNow ?? null, typing };
  });
}

function formHead(state: TuneState, outlook: TuneOutlook | null, width: number, theme: Theme): readonly Line[] {
  const all = columnsFor(theme).filter(({ id }) => id !== 'gauge' || !theme.wordsOnly);
  const drop = ['gauge', 'state', 'available'];
  const placed = placeColumns(all, width - 2, drop, ['signal', 'available', 'now', 'new', 'gauge']);
  const { desk, draft } = state;
  const option = (on: boolean, text: string): string => `${on ? '[x]' : '[ ]'} ${text}`;
  const options = [
    option(draft.clear, 's: smallest change that ends the pressure'),
    option(draft.restoreDefaults, 'r: defaults armed'),
    ...(draft.force ? [option(true, '!: evicts at once')] : []),
  ];
  return [
    [span('  '), ...headings(placed)],
    ...rowsOf(state, outlook).map((row, i) => formRow(placed, row, i === state.row, theme)),
    line(''),
    line(options.join('   '), draft.clear || draft.restoreDefaults || draft.force ? 'plain' : 'faint'),
    ...(desk?.warnings ?? []).map(warning => line(`! ${warning}`, 'warning')),
    line(''),
  ];
}

function formRow(placed: readonly PlacedColumn<Row>[], row: Row, here: boolean, theme: Theme): Line {
  const marker = here ? span(`${theme.glyphs.cursor} `, 'accent') : span('  ');
  const text = cells(placed, row);
  return [
    marker,
    ...(here ? text.map(each => (each.tone === 'plain' ? { ...each, tone: 'strong' as const } : each)) : text),
  ];
}

/** What the draft comes to: first why it cannot be written, then what it does. */
function outlookLines(outlook: TuneOutlook, width: number): readonly Line[] {
  const refused: readonly TuneFact[] = outlook.refusals.map(({ by, message, hint }) => ({
    label: by === 'kubelet' ? 'refused' : 'no',
    text: hint === null ? message : `${message}; ${hint}`,
    tone: 'bad',
  }));
  if (refused.length > 0) return factLines(refused, width);
  const facts: TuneFact[] = [];
  if (outlook.unclear !== null) facts.push({ label: 'smallest', text: outlook.unclear, tone: 'warning' });
  for (const reason of outlook.reasons) facts.push({ label: 'why', text: reason, tone: 'plain' });
  if (outlook.whatIf === null) {
    facts.push({ label: 'what-if', text: 'unknown: the figures of the node could not be read', tone: 'warning' });
  } else facts.push(...whatIfFacts(outlook.whatIf, false));
  if (outlook.risk !== null) facts.push({ label: 'risk', text: outlook.risk, tone: 'bad' });
  // Before anything is changed the findings are those of the screen below.
  if (outlook.changes.length > 0) facts.push(...outlook.findings.map(findingFact));
  return factLines(facts, width);
}

const LABEL_WIDTH = 9;

function factLines(facts: readonly TuneFact[], width: number): readonly Line[] {
  return facts.flatMap(({ label, text, tone }, i) =>
    wrap(text, Math.max(20, width - LABEL_WIDTH)).map((part, j): Line => {
      const shown = j === 0 && facts[i - 1]?.label !== label ? label : '';
      return [span(shown.padEnd(LABEL_WIDTH), 'faint'), span(part, tone)];
    }),
  );
}

function documentHead({ desk, made, target }: TuneState, width: number): readonly Line[] {
  const choice = desk?.targets[target];
  if (desk === null || choice === undefined) return [];
  const why = choice.why === null ? '' : `: the node looks like ${choice.why}`;
  const place = made?.ok === true ? `, ${made.report.place}` : '';
  return [
    [
      span('for ', 'faint'),
      span(choice.id, 'strong'),
      span(cut(tidy(`${place}${why}`), Math.max(0, width - widthOf(choice.id) - 16)), 'faint'),
      span(`  ${target + 1} of ${desk.targets.length}`, 'faint'),
    ],
    line(''),
  ];
}

/** What is said about a document; what has been seen in the form is not said again. */
const ABOUT_DOCUMENT: ReadonlySet<string> = new Set(['change', 'what-if', 'warning', 'apply', 'verify']);

function documentLines({ made }: TuneState, width: number): readonly Line[] {
  if (made === null) return [line('writing it', 'faint')];
  if (!made.ok) {
    const facts: TuneFact[] = [{ label: 'refused', text: made.error, tone: 'bad' }];
    if (made.hint !== null) facts.push({ label: 'try', text: made.hint, tone: 'plain' });
    return factLines(facts, width);
  }
  const facts = tuneFacts(made.report).filter(({ label }) => ABOUT_DOCUMENT.has(label));
  const text = made.text.replace(/\n$/, '').split('\n');
  return [...factLines(facts, width), line(''), ...text.flatMap(each => folded(each, width))];
}

/** A line of a document, whole: what does not fit goes on below, further in. */
function folded(text: string, width: number): readonly Line[] {
  const whole = tidy(text.replace(/\t/g, '  '));
  const lines: Line[] = [];
  let rest = whole;
  while (widthOf(rest) > width - (lines.length > 0 ? 4 : 0) && width > 10) {
    const part = cut(rest, width - (lines.length > 0 ? 4 : 0)).slice(0, -1);
    if (part === '') break;
    lines.push(line(lines.length > 0 ? `    ${part}` : part));
    rest = rest.slice(part.length);
  }
  return [...lines, line(lines.length > 0 ? `    ${rest}` : rest)];
}

function promptLines({ busy, notice, phase, text }: TuneState, width: number): readonly Line[] {
  const lines: Line[] = [];
  if (phase === 'name') {
    lines.push([span('save as ', 'faint'), span(text, 'strong'), span(CARET, 'accent')]);
  }
  if (busy) lines.push(line('working', 'faint'));
  return [...lines, ...noticeLines({ notice }, width)];
}

function noticeLines({ notice }: Pick<TuneState, 'notice'>, width: number): readonly Line[] {
  return notice === null ? [] : wrap(notice.text, width).map(part => line(part, notice.tone));
}
