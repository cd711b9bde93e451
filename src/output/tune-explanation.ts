import type { Finding } from '../eviction/findings.ts';
import { humanAge, humanAmount, humanPercent } from '../eviction/human.ts';
import type { EvictionSettings } from '../eviction/settings.ts';
import { signalInfo } from '../eviction/signal.ts';
import type { SettingChange } from '../eviction/tune.ts';
import type { TuneReport } from '../eviction/tune-report.ts';
import type { SignalOutlook, WhatIf } from '../eviction/tune-what-if.ts';
import { clean } from './clean.ts';
import type { Paint, Tone } from './style.ts';

const LABEL_WIDTH = 10;

/** One thing that `tune` has to say, under a heading word. The text may be untrusted. */
export interface TuneFact {
  readonly label: string;
  readonly text: string;
  readonly tone: Tone;
}

/** The explanation beside the document: one fact a line, each under a heading word. */
export function tuneExplanation(report: TuneReport, paint: Paint): string {
  return tuneFacts(report)
    .map(({ label, text, tone }) => `${label.padEnd(LABEL_WIDTH)}${paint(tone, clean(text).slice(0, 2000))}\n`)
    .join('');
}

/** Everything there is to say about a plan and its document, in the order in which it is said. */
export function tuneFacts(report: TuneReport): readonly TuneFact[] {
  const { plan, victims, whatIf } = report;
  const facts: TuneFact[] = [];
  const add = (label: string, text: string, tone: Tone = 'plain'): void => void facts.push({ label, text, tone });
  add('base', `${report.base.label}: ${thresholds(report.base.settings)}`);
  if (plan.changes.length === 0) add('change', 'none: these settings are in effect already');
  for (const change of plan.changes) add('change', changeText(change, report));
  if (plan.kept.size > 0) {
    add('kept', [...plan.kept].map(([signal, value]) => `${signal} ${value}`).join(', '));
  }
  for (const reason of report.reasons) add('why', reason);
  if (whatIf === null) add('what-if', 'unknown: no figures of a node to hold it against', 'warning');
  for (const outcome of whatIf ?? []) facts.push(...whatIfFacts(outcome, (whatIf ?? []).length > 1));
  if (victims !== null) {
    const rest = victims.total > victims.pods.length ? `, ... (${victims.total} in all)` : '';
    const pods = victims.pods.length === 0 ? 'no pod that may be evicted' : `${victims.pods.join(', ')}${rest}`;
    add('what-if', `evicted first on ${victims.node}, for ${victims.signal}: ${pods}`);
  }
  facts.push(...report.findings.map(findingFact));
  for (const warning of report.warnings) add('warning', warning, 'warning');
  if (report.document === null) return facts;
  for (const step of report.apply) add('apply', step);
  add('verify', report.verify);
  return facts;
}

/** A finding on the result, as a fact. */
export function findingFact({ code, message, remedy, severity }: Finding): TuneFact {
  const tone = severity === 'error' ? 'bad' : severity === 'warning' ? 'warning' : 'plain';
  return { label: severity, text: `${code}: ${message}; ${remedy}`, tone };
}

/** What a change does to one node, as facts. `named`: each begins with the name of the node. */
export function whatIfFacts(outcome: WhatIf, named: boolean): readonly TuneFact[] {
  return whatIfLines(outcome, named).map(([text, tone]) => ({ label: 'what-if', text, tone }));
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
