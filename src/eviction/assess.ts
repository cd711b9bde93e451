import type { EvictionConfig } from './config.ts';
import { type ClusterConfig, configDrift, nodeGroup } from './drift.ts';
import { type Finding, nodeFindings, sortFindings } from './findings.ts';
import { type Freshness, freshness } from './freshness.ts';
import { hotLoops } from './hot-loop.ts';
import { enumerate } from './human.ts';
import type { Instant, NodeCondition, NodeFacts, NodeInput, Reading } from './node.ts';
import { nodeOs } from './observe.ts';
import type { PressureCondition, Signal } from './signal.ts';
import { headroomShare, isCopy, reportSignals, type SignalReport, type SignalState } from './signal-report.ts';
import { parseKubeletVersion } from './version.ts';

/** The conditions that node-pressure eviction raises, in display order. */
export const PRESSURE_CONDITIONS: readonly PressureCondition[] = ['DiskPressure', 'MemoryPressure', 'PIDPressure'];

/** What an assessment is made with. */
export interface AssessOptions {
  /** The present, on the API server's clock. */
  readonly now: Instant;
  /** `near` is a headroom of at most this share of a signal's capacity, in per cent, 0 to 100. @default 5 */
  readonly nearPercent?: number;
  /** What kubeadm gives to nodes, where it could be read. @default nothing: nodes are compared with one another only */
  readonly clusterConfigs?: readonly ClusterConfig[];
}

/** The share of its capacity within which a signal is near a hard threshold, where nobody says otherwise. */
export const DEFAULT_NEAR_PERCENT = 5;

/** The terminated pods PodGC leaves in place by default (`--terminated-pod-gc-threshold`). */
export const POD_GC_CEILING = 12_500;

/** One node, assessed: everything that the table, the documents and the screens show. */
export interface NodeReport {
  readonly node: NodeFacts;
  /** The node pool (or OS, architecture and version) it is compared with for `config-drift`. */
  readonly group: string;
  /** Pressure conditions that are True, in display order. */
  readonly pressure: readonly PressureCondition[];
  /** Pressure conditions that are Unknown: the kubelet is silent. */
  readonly uncertain: readonly PressureCondition[];
  /** Since when the longest-standing of those conditions has stood; null: none, or no time given. */
  readonly since: Instant | null;
  readonly freshness: Freshness;
  /** The binding signal's state; without one: `unknown`, `UNPROTECTED` or `none`. */
  readonly state: SignalState;
  /** The signal that is breached, or comes closest; null: nothing is both armed and observed. */
  readonly binding: Signal | null;
  /** Why a condition is True while no threshold is breached; null: nothing to explain. */
  readonly explanation: string | null;
  readonly signals: readonly SignalReport[];
  readonly config: Reading<EvictionConfig>;
  /** Evicted pods lying on the node. */
  readonly evicted: Reading<number>;
  /** Most severe first. */
  readonly findings: readonly Finding[];
}

/** Assesses one node by itself: every finding but `config-drift`, which needs the others. Pure. */
export function assessNode(input: NodeInput, options: AssessOptions): NodeReport {
  const { node } = input;
  const version = parseKubeletVersion(node.kubeletVersion);
  const os = nodeOs(node.operatingSystem);
  const pressure = withStatus(node, 'True');
  const uncertain = withStatus(node, 'Unknown');
  const since = sinceWhen(node.conditions, [...pressure, ...uncertain]);
  const fresh = freshness(node, input.lease, options.now);
  const signals = reportSignals({
    config: input.config,
    stats: input.stats,
    os,
    version,
    pressure,
    nearPercent: options.nearPercent ?? DEFAULT_NEAR_PERCENT,
  });
  const binding = bindingSignal(signals, pressure);
  const loops = hotLoops(
    input.evicted.ok ? input.evicted.value : [],
    input.events.ok ? input.events.value : [],
    options.now,
    since,
  );
  const findings = nodeFindings({
    name: node.name,
    os,
    version,
    pressure,
    signals,
    config: input.config,
    stats: input.stats,
    freshness: fresh,
    cgroup: input.cgroup,
    nearPercent: options.nearPercent ?? DEFAULT_NEAR_PERCENT,
    loops,
  });
  return {
    node,
    group: nodeGroup(node).name,
    pressure,
    uncertain,
    since,
    freshness: fresh,
    state: binding?.state ?? withoutBinding(signals),
    binding: binding?.signal ?? null,
    explanation: explain(pressure, uncertain, fresh, signals, findings),
    signals,
    config: input.config,
    evicted: input.evicted.ok ? { ok: true, value: input.evicted.value.length } : input.evicted,
    findings,
  };
}

/** Assesses nodes together: each by itself, then their configurations against one another. Keeps their order. */
export function assess(inputs: readonly NodeInput[], options: AssessOptions): readonly NodeReport[] {
  const configured = inputs.flatMap(({ node, config }) => (config.ok ? [{ node, config: config.value }] : []));
  const drift = configDrift(configured, options.clusterConfigs);
  return inputs.map(input => {
    const report = assessNode(input, options);
    const finding = drift.get(input.node.name);
    return finding === undefined ? report : { ...report, findings: sortFindings([...report.findings, finding]) };
  });
}

/** Whether a node belongs to the default scope: under pressure, or its pressure is Unknown. */
export function underPressure(node: NodeFacts): boolean {
  return withStatus(node, 'True').length > 0 || withStatus(node, 'Unknown').length > 0;
}

/** Whether a pressure condition of the node is True. */
export function hasPressure(node: NodeFacts): boolean {
  return withStatus(node, 'True').length > 0;
}

function withStatus(node: NodeFacts, status: NodeCondition['status']): readonly PressureCondition[] {
  const reported = PRESSURE_CONDITIONS.filter(type => node.conditions.some(c => c.type === type));
  // A node that never reported any of them is not a healthy one: nobody knows.
  if (reported.length === 0) return status === 'Unknown' ? PRESSURE_CONDITIONS : [];
  return reported.filter(type => node.conditions.some(c => c.type === type && c.status === status));
}

function sinceWhen(conditions: readonly NodeCondition[], types: readonly string[]): Instant | null {
  const times = conditions.flatMap(c => (types.includes(c.type) && c.since !== null ? [c.since] : []));
  return times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b));
}

/** From worst to best, as far as a state can bind. */
const BINDING_ORDER: readonly SignalState[] = ['BREACHED', 'soft', 'recovering', 'near', 'ok'];

/** Breached before soft before recovering before close; among equals the one with the least headroom for its size. */
function bindingSignal(signals: readonly SignalReport[], pressure: readonly PressureCondition[]): SignalReport | null {
  let best: SignalReport | null = null;
  for (const candidate of signals) {
    if (candidate.headroom === null || isCopy(candidate)) continue;
    if (!BINDING_ORDER.includes(candidate.state)) continue;
    if (best === null || before(candidate, best, pressure)) best = candidate;
  }
  return best;
}

function before(a: SignalReport, b: SignalReport, pressure: readonly PressureCondition[]): boolean {
  const rank = BINDING_ORDER.indexOf(a.state) - BINDING_ORDER.indexOf(b.state);
  if (rank !== 0) return rank < 0;
  const relevant = Number(pressure.includes(b.info.condition)) - Number(pressure.includes(a.info.condition));
  if (relevant !== 0) return relevant < 0;
  return headroomShare(a) < headroomShare(b);
}

function withoutBinding(signals: readonly SignalReport[]): SignalState {
  for (const state of ['unknown', 'UNPROTECTED'] as const) {
    if (signals.some(s => s.state === state)) return state;
  }
  return 'none';
}

function explain(
  pressure: readonly PressureCondition[],
  uncertain: readonly PressureCondition[],
  fresh: Freshness,
  signals: readonly SignalReport[],
  findings: readonly Finding[],
): string | null {
  if (uncertain.length > 0) return `${enumerate(uncertain)} Unknown: ${fresh.text || 'the kubelet is silent'}`;
  const unexplained = pressure.filter(c => !signals.some(s => s.info.condition === c && s.state === 'BREACHED'));
  if (unexplained.length === 0) return null;
  const names = enumerate(unexplained);
  if (fresh.stale) return `${names} may be over: ${fresh.text}`;
  const recovering = findings.find(f => f.code === 'recovering');
  const states = new Set(signals.filter(s => unexplained.includes(s.info.condition)).map(s => s.state));
  if (states.has('soft')) return `${names} by a soft threshold`;
  if (recovering !== undefined) return recovering.message;
  if (states.has('unknown')) return `${names} is True, and the kubelet's figures or thresholds could not be read`;
  return `${names} is True, and none of the thresholds that are armed now explains it: the kubelet may just have been reconfigured`;
}
