import { humanAge, humanAmount, humanPercent } from '../eviction/human.ts';
import type { EvictionSettings } from '../eviction/settings.ts';
import { signalInfo } from '../eviction/signal.ts';
import type { SettingChange } from '../eviction/tune.ts';
import type { TuneReport } from '../eviction/tune-report.ts';
import type { SignalOutlook, WhatIf } from '../eviction/tune-what-if.ts';
import { clean } from './clean.ts';
import type { Paint, Tone } from './style.ts';

const LABEL_WIDTH = 10;

/** The explanation beside the document: one fact a line, each under a heading word. */
export function tuneExplanation(report: TuneReport, paint: Paint): string {
  const lines = new Lines(paint);
  lines.add('base', `${report.base.label}: ${thresholds(report.base.settings)}`);
  if (report.plan.changes.length === 0) lines.add('change', 'none: these settings are in effect already');
  for (const change of report.plan.changes) lines.add('change', changeText(change, report));
  if (report.plan.kept.size > 0) {
    lines.add('kept', [...report.plan.kept].map(([signal, value]) => `${signal} ${value}`).join(', '));
  }
  for (const reason of report.reasons) lines.add('why', reason);
  if (report.whatIf === null) lines.add('what-if', 'unknown: no figures of a node to hold it against', 'warning');
  for (const outcome of report.whatIf ?? []) {
    for (const [text, tone] of whatIfLines(outcome, (report.whatIf ?? []).length > 1)) lines.add('what-if', text, tone);
  }
  const { victims } = report;
  if (victims !== null) {
    const rest = victims.total > victims.pods.length ? `, ... (${victims.total} in all)` : '';
    const pods = victims.pods.length === 0 ? 'no pod that may be evicted' : `${victims.pods.join(', ')}${rest}`;
    lines.add('what-if', `evicted first on ${victims.node}, for ${victims.signal}: ${pods}`);
  }
  for (const finding of report.findings) {
    const tone = finding.severity === 'error' ? 'bad' : finding.severity === 'warning' ? 'warning' : 'plain';
    lines.add(finding.severity, `${finding.code}: ${finding.message}; ${finding.remedy}`, tone);
  }
  for (const warning of report.warnings) lines.add('warning', warning, 'warning');
  if (report.document === null) return lines.text();
  for (const step of report.apply) lines.add('apply', step);
  lines.add('verify', report.verify);
  return lines.text();
}

class Lines {
  #text = '';
  readonly #paint: Paint;

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  add(label: string, text: string, tone: Tone = 'plain'): void {
    this.#text += `${label.padEnd(LABEL_WIDTH)}${this.#paint(tone, clean(text).slice(0, 2000))}\n`;
  }

  text(): string {
    return this.#text;
  }
}

function thresholds(settings: EvictionSettings): string {
  const list = (map: ReadonlyMap<string, string>): string => [...map].map(([s, v]) => `${s}<${v}`).join(', ');
  const hard = settings.evictionHard.size === 0 ? 'no hard threshold' : list(settings.evictionHard);
  return settings.evictionSoft.size === 0 ? hard : `${hard}; soft ${list(settings.evictionSoft)}`;
}

const FIELD_WORD: Readonly<Record<SettingChange['field'], string>> = {
  evictionHard: '',
  evictionSoft: 'soft ',
  evictionSoftGracePeriod: 'grace period of ',
  evictionMinimumReclaim: 'minimum reclaim of ',
  evictionPressureTransitionPeriod: 'evictionPressureTransitionPeriod',
  evictionMaxPodGracePeriod: 'evictionMaxPodGracePeriod',
};

function changeText(change: SettingChange, report: TuneReport): string {
  const what = `${FIELD_WORD[change.field]}${change.signal ?? ''}`;
  const seconds = change.field === 'evictionMaxPodGracePeriod' ? 's' : '';
  const seen = change.field === 'evictionHard' ? outlookOf(change.signal, report) : undefined;
  const amount = (value: number | null | undefined): string =>
    seen === undefined || value === null || value === undefined ? '' : ` (${humanAmount(value, seen.unit)})`;
  const from = change.from === null ? 'not set' : `${change.from}${seconds}${amount(seen?.hardNow)}`;
  return `${what}   ${from}  →  ${change.to}${seconds}${amount(seen?.hardThen)}`;
}

/** The figures beside a change, where one node shows them. */
function outlookOf(signal: string | null, report: TuneReport): SignalOutlook | undefined {
  const [only, second] = report.whatIf ?? [];
  return second === undefined ? only?.signals.find(s => s.signal === signal) : undefined;
}

function whatIfLines(outcome: WhatIf, named: boolean): readonly (readonly [string, Tone])[] {
  const prefix = named ? `${outcome.node}: ` : '';
  const lines: (readonly [string, Tone])[] = [];
  const of = (condition: string, ...outlooks: readonly SignalOutlook['outlook'][]): readonly SignalOutlook[] =>
    outcome.signals.filter(s => signalInfo(s.signal).condition === condition && outlooks.includes(s.outlook));
  for (const condition of outcome.clears) {
    const parts = of(condition, 'clears').map(above);
    const lifts = outcome.liftsWithinSeconds ?? 0;
    const end = `lifts at most ${humanAge(lifts)} after the restart`;
    lines.push([`${prefix}${condition} clears: ${[...parts, end].join('; ')}`, 'good']);
  }
  for (const condition of outcome.stays) {
    lines.push([`${prefix}${condition} stays: ${of(condition, 'binds', 'trips').map(below).join('; ')}`, 'bad']);
  }
  for (const condition of outcome.raises) {
    lines.push([
      `${prefix}${condition} is raised by this change: ${of(condition, 'trips').map(below).join('; ')}`,
      'bad',
    ]);
  }
  if (outcome.would !== null) lines.push([`${prefix}it would clear with ${outcome.would}`, 'plain']);
  if (lines.length > 0) return lines;
  const tight = outcome.signals.filter(s => s.headroomThen !== null).toSorted((a, b) => share(a) - share(b))[0];
  const closest = tight === undefined ? '' : `; closest is ${tight.signal}, ${above(tight)}`;
  return [[`${prefix}no condition changes${closest}`, 'plain']];
}

function share(signal: SignalOutlook): number {
  return (signal.headroomThen ?? 0) / Math.max(1, signal.capacity);
}

function above(signal: SignalOutlook): string {
  const free = `${humanAmount(signal.available, signal.unit)} of ${signal.signal.split('.')[0]} available`;
  const part = signal.capacity > 0 ? ` (${humanPercent((signal.available / signal.capacity) * 100)})` : '';
  if (signal.headroomThen === null) return `${free}${part}, no threshold`;
  return `${free}${part}, ${humanAmount(signal.headroomThen, signal.unit)} above the threshold`;
}

function below(signal: SignalOutlook): string {
  const { signal: name, unit, available, thresholdThen, headroomThen } = signal;
  const short = humanAmount(Math.abs(headroomThen ?? 0), unit);
  return `${name}: ${humanAmount(available, unit)} available, ${short} below the threshold of ${humanAmount(thresholdThen ?? 0, unit)}`;
}
