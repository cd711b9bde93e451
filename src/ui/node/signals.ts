import { durationSeconds } from '../../eviction/duration.ts';
import { enumerate, humanAge, humanAmount } from '../../eviction/human.ts';
import type { LiveNode } from '../../eviction/live.ts';
import type { Instant } from '../../eviction/node.ts';
import { forecastSignal } from '../../eviction/signal-history.ts';
import { type ArmedThreshold, isCopy, type SignalReport } from '../../eviction/signal-report.ts';
import { forecastText } from '../../output/forecast-text.ts';
import { stateTone } from '../../output/status-table.ts';
import { cells, headings, placeColumns, type ScreenColumn } from '../columns.ts';
import { gauge, NARROWEST_GAUGE, sparkline } from '../gauge.ts';
import { type Line, line, span, type Tone } from '../line.ts';
import { forecastTone, headroomText, headroomTone, percentText } from '../phrases.ts';
import { wrap } from '../text.ts';
import type { Theme } from '../theme.ts';

/** The order in which columns leave a narrow screen. The signal, its gauge and its state never do. */
export const SIGNAL_COLUMNS_DROP = [
  'percent',
  'trend',
  'reclaim',
  'soft',
  'forecast',
  'headroom',
  'hard',
  'amount',
] as const;
const GROW = ['gauge', 'state'] as const;

/** The signals of a node, one a line, with their thresholds. `brief`: without those that repeat another. */
export function signalLines(
  node: LiveNode,
  brief: boolean,
  width: number,
  now: Instant,
  theme: Theme,
): readonly Line[] {
  const signals = brief ? node.report.signals.filter(isNews) : node.report.signals;
  if (signals.length === 0) return [line('No signal is known yet.', 'faint')];
  const { config } = node.report;
  if (node.kubelet === 'waiting' || node.kubelet === 'asking') {
    return [line('The kubelet is being asked for its thresholds and figures …', 'faint')];
  }
  if (!config.ok && signals.every(signal => signal.observation === null)) {
    const { message, remedy } = config.problem;
    return [message, remedy ?? ''].flatMap((text, i) =>
      wrap(text, width).map(part => line(part, i === 0 ? 'warning' : 'faint')),
    );
  }
  const placed = placeColumns(signalColumns(node, signals, now, theme), width, SIGNAL_COLUMNS_DROP, GROW);
  const rows = signals.flatMap((signal, i) => {
    const later = signals
      .slice(i + 1)
      .some(other => signal.sharedWith.includes(other.signal) || isOfDisk(other, signal));
    const row = cells(placed, signal);
    return signal.sharedWith.length > 0 && !later ? [row, sharedLine(signal, theme)] : [row];
  });
  return [headings(placed), ...rows];
}

/** Whether a signal says more than its neighbours: no copy of another, and not both unremarkable and rarely looked at. */
function isNews(signal: SignalReport): boolean {
  if (isCopy(signal)) return false;
  return signal.signal !== 'allocatableMemory.available' || signal.state !== 'ok';
}

function isOfDisk(a: SignalReport, b: SignalReport): boolean {
  return a.info.filesystem !== null && a.info.filesystem === b.info.filesystem;
}

/** Said once for a disk, after the last of its signals. */
function sharedLine(signal: SignalReport, { glyphs }: Theme): Line {
  const order = ['nodefs', 'imagefs', 'containerfs'];
  const names = new Set([signal.signal, ...signal.sharedWith].map(name => name.split('.')[0] ?? ''));
  const all = enumerate(order.filter(name => names.has(name)));
  return line(`${glyphs.branch} ${all} are one filesystem, by their numbers`, 'faint');
}

function signalColumns(
  node: LiveNode,
  signals: readonly SignalReport[],
  now: Instant,
  theme: Theme,
): readonly ScreenColumn<SignalReport>[] {
  const widest = (text: (s: SignalReport) => string, least: number): number =>
    signals.reduce((most, s) => Math.max(most, text(s).length), least);
  const fixed = (id: string, header: string, text: (s: SignalReport) => string): ScreenColumn<SignalReport> => {
    const width = Math.min(34, widest(text, header.length));
    return { id, header, least: width, most: width, cell: s => line(text(s)) };
  };
  const hasSoft = signals.some(s => s.soft !== null);
  const hasReclaim = signals.some(s => reclaimText(s) !== '');
  const trend = (s: SignalReport): string =>
    sparkline(
      (node.samples.get(s.signal) ?? []).map(sample => sample.available),
      { width: 12, least: (s.observation?.capacity ?? 0) / 50 },
      theme.glyphs,
    );
  const foreseen = (s: SignalReport) => forecastSignal(s, node.samples, now);
  const columns: readonly (ScreenColumn<SignalReport> | null)[] = [
    fixed('signal', 'SIGNAL', s => s.signal),
    theme.wordsOnly
      ? null
      : {
          id: 'gauge',
          header: 'AVAILABLE',
          least: NARROWEST_GAUGE + 2,
          most: 28,
          cell: (s, width) => gauge(s, width, gaugeTone(s), theme.glyphs),
        },
    fixed('amount', theme.wordsOnly ? 'AVAILABLE' : '', amountText),
    { id: 'percent', header: '', least: 5, most: 5, align: 'right', cell: s => line(percentText(s), 'faint') },
    fixed('hard', 'HARD', s => (node.report.config.ok ? limitText(s.hard, s) : 'not read')),
    hasSoft ? fixed('soft', 'SOFT', softText) : null,
    hasReclaim ? fixed('reclaim', 'RECLAIM', reclaimText) : null,
    {
      id: 'headroom',
      header: 'HEADROOM',
      least: 8,
      most: 8,
      align: 'right',
      cell: s => line(headroomText(s), headroomTone(s)),
    },
    {
      id: 'state',
      header: 'STATE',
      least: 11,
      most: Math.min(28, widest(stateText, 11)),
      // The reason in full, or not at all: findings tell it, too.
      cell: (s, room) => line(stateText(s).length <= room ? stateText(s) : s.state, stateTone(s.state)),
    },
    signals.some(s => trend(s) !== '')
      ? { id: 'trend', header: 'TREND', least: 12, most: 12, cell: s => line(trend(s), 'info') }
      : null,
    signals.some(s => foreseen(s) !== null)
      ? {
          id: 'forecast',
          header: 'REACHED IN',
          least: 16,
          most: 16,
          cell: s => line(forecastText(foreseen(s)), forecastTone(foreseen(s))),
        }
      : null,
  ];
  return columns.filter(column => column !== null);
}

function gaugeTone(signal: SignalReport): Tone {
  const tone = stateTone(signal.state);
  if (tone === 'plain' || tone === 'strong' || tone === 'faint') return signal.state === 'none' ? 'faint' : 'good';
  return signal.state === 'UNPROTECTED' ? 'plain' : tone;
}

function amountText(signal: SignalReport): string {
  const { observation, info } = signal;
  if (observation === null) return 'no figures';
  return `${humanAmount(observation.available, info.unit)} of ${humanAmount(observation.capacity, info.unit)}`;
}

function limitText(armed: ArmedThreshold | null, signal: SignalReport): string {
  if (armed === null) return 'not armed';
  const { value, derivedFrom } = armed.threshold;
  const amount =
    value.kind === 'percentage' && armed.amount !== null
      ? ` = ${humanAmount(armed.amount.amount, signal.info.unit)}`
      : '';
  return `<${value.text.slice(0, 20)}${amount}${derivedFrom === null ? '' : ` (as ${derivedFrom.split('.')[0]})`}`;
}

function softText(signal: SignalReport): string {
  if (signal.soft === null) return '';
  const grace = signal.soft.threshold.gracePeriod;
  return `${limitText(signal.soft, signal)}${grace === null ? '' : ` for ${humanAge(durationSeconds(grace))}`}`;
}

function reclaimText(signal: SignalReport): string {
  return (signal.hard ?? signal.soft)?.threshold.minReclaim?.text.slice(0, 20) ?? '';
}

function stateText(signal: SignalReport): string {
  if (signal.state === 'covered') return `covered by ${signal.coveredBy}`;
  if (signal.state === 'recovering') return `recovering: ${signal.reason}`;
  return signal.state;
}

/** The sentence that explains a condition without a breach. */
export function explanationLine(node: LiveNode): Line | null {
  const { explanation } = node.report;
  return explanation === null ? null : [span(explanation, node.report.uncertain.length > 0 ? 'warning' : 'info')];
}
