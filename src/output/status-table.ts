import { type NodeReport, POD_GC_CEILING, PRESSURE_CONDITIONS } from '../eviction/assess.ts';
import { durationSeconds } from '../eviction/duration.ts';
import type { Finding, Severity } from '../eviction/findings.ts';
import { humanAge, humanAmount, humanPercent } from '../eviction/human.ts';
import type { Instant } from '../eviction/node.ts';
import { forecastNode, type SampleBook } from '../eviction/signal-history.ts';
import {
  type ArmedThreshold,
  type SignalReport,
  type SignalState,
  speakingThreshold,
} from '../eviction/signal-report.ts';
import type { Survey } from '../eviction/survey.ts';
import { clean, cleanShort } from './clean.ts';
import { type Column, pad, table } from './columns.ts';
import { forecastText } from './forecast-text.ts';
import type { Paint, Tone } from './style.ts';

/** How a survey is printed for people. */
export interface StatusTableOptions {
  readonly wide: boolean;
  /** False: rows only, without findings and summary, for scripts. */
  readonly headers: boolean;
  readonly paint: Paint;
  /** What the reports of before have seen: with it, a column tells when a threshold will be reached. */
  readonly samples?: SampleBook | undefined;
}

/** With more nodes than this the findings are counted by code instead of told one by one. */
const TELL_FINDINGS = 10;

/** The names that a counted finding lists. */
const MOST_NAMES = 20;

/** A survey as text: a row a node, for named nodes every signal, then the findings and one summary line. */
export function statusTable(survey: Survey, options: StatusTableOptions): string {
  const { reports } = survey;
  const forecasts = options.samples === undefined ? [] : [forecastColumn(options.samples)];
  const columns = [...NODE_COLUMNS, ...forecasts, ...(options.wide ? WIDE_COLUMNS : [])];
  const context = reports.map(report => ({ report, survey }));
  const rows = reports.length === 0 ? '' : table(columns, context, options);
  // Names that are none of a node: the errors say so, there is nothing to sum up.
  if (!options.headers || (survey.scope === 'named' && reports.length === 0)) return rows;
  const sections = [rows];
  if (survey.scope === 'named')
    sections.push(...reports.map(report => signalSection(report, survey.takenAt, options.paint)));
  sections.push(findingsSection(reports, options.paint));
  const body = sections.filter(section => section !== '').join('\n');
  return `${body}${body === '' || sections.length <= 1 ? '' : '\n'}${summaryLine(survey)}\n`;
}

interface Row {
  readonly report: NodeReport;
  readonly survey: Survey;
}

const NODE_COLUMNS: readonly Column<Row>[] = [
  { header: 'NODE', text: ({ report }) => report.node.name },
  { header: 'PRESSURE', text: ({ report }) => pressureText(report), tone: ({ report }) => pressureTone(report) },
  { header: 'SIGNAL', text: ({ report }) => report.binding ?? unreadableText(report) },
  { header: 'AVAILABLE', text: ({ report }) => availableText(bindingOf(report)) },
  { header: 'THRESHOLD', text: ({ report }) => thresholdText(bindingOf(report)) },
  { header: 'HEADROOM', text: ({ report }) => headroomText(bindingOf(report)) },
  { header: 'STATE', text: ({ report }) => stateText(report), tone: ({ report }) => stateTone(report.state) },
  {
    header: 'EVICTED',
    text: ({ report }) => (report.evicted.ok ? String(report.evicted.value) : report.evicted.problem.reason),
  },
  {
    header: 'SINCE',
    text: ({ report, survey }) => (report.since === null ? '' : humanAge((survey.takenAt - report.since) / 1000)),
  },
];

/** When a node reaches a threshold; the signal is named where it is not the binding one. */
function forecastColumn(samples: SampleBook): Column<Row> {
  return {
    header: 'FORECAST',
    text: ({ report, survey }) => {
      const found = forecastNode(report, samples.get(report.node.name) ?? new Map(), survey.takenAt);
      const signal = found === null || found.signal === report.binding ? '' : `${found.signal} `;
      return `${signal}${forecastText(found)}`;
    },
  };
}

const WIDE_COLUMNS: readonly Column<Row>[] = [
  { header: 'VERSION', text: ({ report }) => report.node.kubeletVersion },
  { header: 'OS', text: ({ report }) => `${report.node.operatingSystem}/${report.node.architecture}` },
  {
    header: 'LAST-SEEN',
    text: ({ report: { freshness } }) => (freshness.ageSeconds === null ? 'never' : humanAge(freshness.ageSeconds)),
  },
  { header: 'FINDINGS', text: ({ report }) => countFindings(report.findings) },
  { header: 'GROUP', text: ({ report }) => report.group },
];

function bindingOf(report: NodeReport): SignalReport | null {
  return report.signals.find(s => s.signal === report.binding) ?? null;
}

/** `DiskPressure`, `DiskPressure,MemoryPressure`, `Unknown`; empty for none. */
export function pressureText(report: NodeReport): string {
  if (report.pressure.length > 0) return report.pressure.join(',');
  return report.uncertain.length > 0 ? 'Unknown' : '';
}

function pressureTone(report: NodeReport): Tone {
  if (report.pressure.length > 0) return 'bad';
  return report.uncertain.length > 0 ? 'warning' : 'plain';
}

/** Why there is no binding signal, in two or three words. */
function unreadableText(report: NodeReport): string {
  const problem = report.config.ok ? report.signals.find(s => s.state === 'unknown') : report.config.problem;
  if (problem === undefined) return '';
  if (!report.config.ok) {
    const { reason } = report.config.problem;
    if (reason === 'forbidden') return 'no right: nodes/proxy';
    return reason === 'timeout' ? 'kubelet timeout' : 'kubelet unreachable';
  }
  return 'no figures';
}

function stateText(report: NodeReport): string {
  // With a silent kubelet everything else is history.
  return report.freshness.stale && report.state !== 'BREACHED' ? `${report.state} (stale)` : report.state;
}

const STATE_TONES: Readonly<Record<SignalState, Tone>> = {
  ok: 'good',
  near: 'warning',
  soft: 'warning',
  BREACHED: 'bad',
  recovering: 'info',
  covered: 'plain',
  UNPROTECTED: 'bad',
  none: 'faint',
  unknown: 'warning',
};

/** The tone of a state, the same in every table. */
export function stateTone(state: SignalState): Tone {
  return STATE_TONES[state];
}

function availableText(signal: SignalReport | null): string {
  if (!signal?.observation) return '';
  const percent = signal.percent === null ? '' : ` (${humanPercent(signal.percent)})`;
  return `${humanAmount(signal.observation.available, signal.info.unit)}${percent}`;
}

function thresholdText(signal: SignalReport | null): string {
  const armed = signal === null ? null : speakingThreshold(signal);
  if (armed === null) return '';
  return `<${cleanShort(armed.threshold.value.text, 40)}${armed === signal?.soft ? ' soft' : ''}`;
}

function headroomText(signal: SignalReport | null): string {
  return signal === null || signal.headroom === null ? '' : humanAmount(signal.headroom, signal.info.unit);
}

/** The signals of one node, every one with its thresholds resolved; its conditions, and what else is configured. */
function signalSection(report: NodeReport, takenAt: Instant, paint: Paint): string {
  const { node } = report;
  const about = [
    node.kubeletVersion,
    `${node.operatingSystem}/${node.architecture}`,
    node.osImage,
    node.containerRuntime,
  ];
  const title = `${clean(node.name)}   ${clean(about.filter(text => text !== '' && text !== '/').join('   '))}`;
  // What a finding says below need not be said twice.
  const told = report.findings.some(f => f.message === report.explanation);
  const explanation = report.explanation === null || told ? '' : `${clean(report.explanation)}\n`;
  const signals = table(SIGNAL_COLUMNS, report.signals, { headers: true, paint });
  const facts = [`conditions: ${conditionsText(report, takenAt)}\n`, settingsLine(report.config)];
  return `${paint('strong', title)}\n${explanation}${signals}${facts.join('')}`;
}

/** `DiskPressure True for 51m, MemoryPressure False, PIDPressure False, Ready True for 3d`. */
function conditionsText({ node }: NodeReport, takenAt: Instant): string {
  const shown = node.conditions.filter(c => c.type === 'Ready' || PRESSURE_CONDITIONS.some(type => type === c.type));
  const texts = shown.map(({ type, status, since }) => {
    // What is as it should be needs no age.
    const age =
      since === null || (type !== 'Ready' && status === 'False') ? '' : ` for ${humanAge((takenAt - since) / 1000)}`;
    return `${type} ${status}${age}`;
  });
  return texts.length === 0 ? 'none reported' : texts.join(', ');
}

/** The settings beside the thresholds, as configz shows them: what is not set is not named. */
function settingsLine(config: NodeReport['config']): string {
  if (!config.ok) return '';
  const { value } = config;
  const named: readonly (readonly [string, string | number | boolean | null])[] = [
    ['evictionPressureTransitionPeriod', value.evictionPressureTransitionPeriod],
    ['evictionMaxPodGracePeriod', value.evictionMaxPodGracePeriod],
    ['imageGCHighThresholdPercent', value.imageGCHighThresholdPercent],
    ['imageGCLowThresholdPercent', value.imageGCLowThresholdPercent],
    ['kernelMemcgNotification', value.kernelMemcgNotification],
    ['mergeDefaultEvictionSettings', value.mergeDefaultEvictionSettings],
  ];
  const texts = named.filter(([, setting]) => setting !== null).map(([name, setting]) => `${name} ${setting}`);
  return texts.length === 0 ? '' : `settings: ${cleanShort(texts.join(', '), 400)}\n`;
}

const SIGNAL_COLUMNS: readonly Column<SignalReport>[] = [
  { header: 'SIGNAL', text: s => s.signal },
  { header: 'AVAILABLE', text: availableText },
  { header: 'CAPACITY', text: s => (s.observation ? humanAmount(s.observation.capacity, s.info.unit) : '') },
  { header: 'HARD', text: s => limitText(s.hard, s) },
  { header: 'SOFT', text: s => softText(s) },
  { header: 'MIN-RECLAIM', text: s => cleanShort((s.hard ?? s.soft)?.threshold.minReclaim?.text ?? '', 40) },
  { header: 'HEADROOM', text: headroomText },
  { header: 'STATE', text: signalStateText, tone: s => stateTone(s.state) },
];

function limitText(armed: ArmedThreshold | null, signal: SignalReport): string {
  if (armed === null) return '';
  const text = `<${cleanShort(armed.threshold.value.text, 40)}`;
  const amount = armed.amount === null ? '' : ` (${humanAmount(armed.amount.amount, signal.info.unit)})`;
  const derived = armed.threshold.derivedFrom === null ? '' : ` from ${armed.threshold.derivedFrom}`;
  return `${text}${armed.threshold.value.kind === 'percentage' ? amount : ''}${derived}`;
}

function softText(signal: SignalReport): string {
  const grace = signal.soft?.threshold.gracePeriod;
  return grace
    ? `${limitText(signal.soft, signal)} for ${humanAge(durationSeconds(grace))}`
    : limitText(signal.soft, signal);
}

function signalStateText(signal: SignalReport): string {
  if (signal.state === 'covered') return `covered by ${signal.coveredBy}`;
  // Why a signal is unknown is the same for all of a node: it stands in the findings and errors, once.
  return signal.state === 'recovering' && signal.reason !== null ? `recovering: ${signal.reason}` : signal.state;
}

const SEVERITY_TONES: Readonly<Record<Severity, Tone>> = { error: 'bad', warning: 'warning', info: 'info' };

function findingsSection(reports: readonly NodeReport[], paint: Paint): string {
  const noted = reports.filter(report => report.findings.length > 0);
  if (noted.length === 0) return '';
  return reports.length > TELL_FINDINGS
    ? countedFindings(noted, paint)
    : noted.map(r => toldFindings(r, paint)).join('\n');
}

function toldFindings(report: NodeReport, paint: Paint): string {
  const lines = report.findings.map(finding => {
    const head = `  ${paint(SEVERITY_TONES[finding.severity], pad(finding.severity, 7))}   `;
    const remedy = `            ${paint('faint', `-> ${clean(finding.remedy)}`)}`;
    return `${head}${finding.code}: ${clean(finding.message)}\n${remedy}\n`;
  });
  return `${paint('strong', `findings on ${clean(report.node.name)}`)}\n${lines.join('')}`;
}

interface CountedFinding {
  readonly severity: Severity;
  readonly code: string;
  readonly nodes: readonly string[];
}

function countedFindings(reports: readonly NodeReport[], paint: Paint): string {
  const byCode = new Map<string, { finding: Finding; nodes: string[] }>();
  for (const report of reports) {
    for (const finding of report.findings) {
      const key = `${finding.severity} ${finding.code}`;
      const entry = byCode.get(key) ?? { finding, nodes: [] };
      if (entry.nodes.at(-1) !== report.node.name) entry.nodes.push(report.node.name);
      byCode.set(key, entry);
    }
  }
  const order: readonly Severity[] = ['error', 'warning', 'info'];
  const rows = [...byCode.values()]
    .map(({ finding, nodes }): CountedFinding => ({ severity: finding.severity, code: finding.code, nodes }))
    .toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || b.nodes.length - a.nodes.length);
  const more = paint('faint', 'name a node for its findings in words, with remedies');
  return `${table(COUNTED_COLUMNS, rows, { headers: true, paint })}${more}\n`;
}

const COUNTED_COLUMNS: readonly Column<CountedFinding>[] = [
  { header: 'SEVERITY', text: row => row.severity, tone: row => SEVERITY_TONES[row.severity] },
  { header: 'FINDING', text: row => row.code },
  { header: 'NODES', text: row => String(row.nodes.length), align: 'right' },
  {
    header: 'WHICH',
    text: row => `${row.nodes.slice(0, MOST_NAMES).join(', ')}${row.nodes.length > MOST_NAMES ? ', ...' : ''}`,
  },
];

function countFindings(findings: readonly Finding[]): string {
  const count = (severity: Severity): number => findings.filter(f => f.severity === severity).length;
  const parts: readonly (readonly [number, string])[] = [
    [count('error'), 'error'],
    [count('warning'), 'warning'],
    [count('info'), 'info'],
  ];
  return parts
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${n} ${word}${n === 1 || word === 'info' ? '' : 's'}`)
    .join(', ');
}

/** `2 of 120 nodes under pressure, 3 near a threshold, 1 unreadable; 1,204 evicted pods (PodGC begins above 12,500, by default)`. */
export function summaryLine(survey: Survey): string {
  const of = survey.nodeCount === null ? plural(survey.reports.length, 'node') : plural(survey.nodeCount, 'node');
  const parts = [
    survey.underPressure === 0
      ? `none of ${of} under pressure`
      : `${count(survey.underPressure)} of ${of} under pressure`,
  ];
  if (survey.uncertain > 0) parts.push(`${count(survey.uncertain)} unknown`);
  if (survey.near !== null && survey.near > 0) parts.push(`${count(survey.near)} near a threshold`);
  if (survey.unreadable > 0) parts.push(`${count(survey.unreadable)} unreadable`);
  const evicted = survey.evictedPods.ok
    ? `${plural(survey.evictedPods.value, 'evicted pod')} in the cluster (PodGC begins above ${count(POD_GC_CEILING)}, by default)`
    : `evicted pods not counted: ${survey.evictedPods.problem.reason}`;
  return `${parts.join(', ')}; ${clean(evicted)}`;
}

function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}
