import type { EvictionConfig } from './config.ts';
import type { NodeStats, Reading, ReadProblem } from './node.ts';
import { type Filesystems, inferFilesystems, type Observation, observe } from './observe.ts';
import {
  defaultEvictionHard,
  type Filesystem,
  type NodeOs,
  type PressureCondition,
  type Signal,
  type SignalInfo,
  signalInfo,
} from './signal.ts';
import { SIGNALS } from './signal-names.ts';
import {
  type Amount,
  isHard,
  isMet,
  parseThresholds,
  resolveAmount,
  type Threshold,
  withAllocatable,
  withDerivedContainerFs,
} from './threshold.ts';
import type { KubeletVersion } from './version.ts';

/**
 * Where a signal stands.
 *
 * - `ok` above every threshold; `near` within the given share of its capacity of a hard one
 * - `soft`, `BREACHED` below a soft, a hard threshold
 * - `recovering` the condition is True although the threshold is no longer met
 * - `covered` not armed, but the same filesystem is guarded through another signal
 * - `UNPROTECTED` not armed, though a kubelet of that version and OS arms it by default, and nothing else guards it
 * - `none` not armed, nor by default
 * - `unknown` could not be read; `reason` says why
 */
export type SignalState =
  | 'ok'
  | 'near'
  | 'soft'
  | 'BREACHED'
  | 'recovering'
  | 'covered'
  | 'UNPROTECTED'
  | 'none'
  | 'unknown';

/** A threshold with its amounts on this node. */
export interface ArmedThreshold {
  readonly threshold: Threshold;
  /** What the kubelet compares `available` with; null while the capacity is not known. */
  readonly amount: Amount | null;
  /** What must be free beyond the threshold before it stops being met; null: no minimum reclaim, or capacity not known. */
  readonly minReclaim: Amount | null;
}

/** One signal of one node, assessed. */
export interface SignalReport {
  readonly signal: Signal;
  readonly info: SignalInfo;
  readonly observation: Observation | null;
  /** Available share of the capacity, 0 to 100; null when not observed or the capacity is 0. */
  readonly percent: number | null;
  /** The hard threshold that is met first (a soft one without grace period counts as hard); null: none armed. */
  readonly hard: ArmedThreshold | null;
  readonly soft: ArmedThreshold | null;
  /**
   * Available minus the threshold that speaks: the soft one while it alone is met, or where there is no hard one; else the
   * hard one. Negative below it.
   */
  readonly headroom: number | null;
  readonly state: SignalState;
  /** `transition` or `min-reclaim` for `recovering`; a sentence for `unknown`; else null. */
  readonly reason: string | null;
  /** The signals that read the same filesystem, inferred from the figures. */
  readonly sharedWith: readonly Signal[];
  /** For `covered`: the signal that guards the filesystem. */
  readonly coveredBy: Signal | null;
}

/** What the signals of a node are assessed from. */
export interface SignalContext {
  readonly config: Reading<EvictionConfig>;
  readonly stats: Reading<NodeStats>;
  readonly os: NodeOs;
  readonly version: KubeletVersion | null;
  /** The pressure conditions that are True. */
  readonly pressure: readonly PressureCondition[];
  /** `near` is a headroom of at most this share of the capacity, in per cent. */
  readonly nearPercent: number;
}

/**
 * Whether a signal repeats another one: containerfs, with the thresholds and the figures of nodefs or imagefs. (The copy of
 * the memory threshold is none: allocatableMemory is compared with figures of its own.)
 */
export function isCopy(report: SignalReport): boolean {
  return report.info.filesystem === 'containerfs' && (report.hard ?? report.soft)?.threshold.derivedFrom != null;
}

/** Whether a threshold can ever be met: `0.0%`, `-0%` and `NaN%` are kept by the kubelet, and never are. */
export function canBeMet(threshold: Threshold): boolean {
  return threshold.value.kind === 'quantity' || threshold.value.fraction > 0;
}

interface Armed {
  readonly hard: readonly Threshold[];
  readonly soft: readonly Threshold[];
}

/** The thresholds that are in effect on a node, derived ones included. Without figures containerfs stays underived. */
export function armedThresholds(
  config: EvictionConfig,
  version: KubeletVersion | null,
  filesystems: Filesystems | null,
): readonly Threshold[] {
  const parsed = parseThresholds(config, version).thresholds;
  const derived = filesystems === null ? parsed : withDerivedContainerFs(parsed, filesystems.layout, version);
  return withAllocatable(derived, config.enforceNodeAllocatable);
}

/** Assesses every signal that is armed, observed or armed by default on this node, in the fixed display order. */
export function reportSignals(context: SignalContext): readonly SignalReport[] {
  const stats = context.stats.ok ? context.stats.value : null;
  const filesystems = stats === null ? null : inferFilesystems(stats);
  const observed = stats === null ? new Map<Signal, Observation>() : observe(stats, context.os, context.version);
  const thresholds = context.config.ok ? armedThresholds(context.config.value, context.version, filesystems) : [];
  const defaults = defaultEvictionHard(context.os, context.version);

  const armed = new Map<Signal, Armed>();
  for (const threshold of thresholds) {
    if (!canBeMet(threshold)) continue;
    const entry = armed.get(threshold.signal) ?? { hard: [], soft: [] };
    armed.set(
      threshold.signal,
      isHard(threshold)
        ? { ...entry, hard: [...entry.hard, threshold] }
        : { ...entry, soft: [...entry.soft, threshold] },
    );
  }

  const shown = SIGNALS.filter(
    s => armed.has(s) || defaults.has(s) || (observed.has(s) && s !== 'allocatableMemory.available'),
  );
  const facts = { context, filesystems, armed, defaults };
  return explainPressure(
    shown.map(signal => reportSignal(signal, observed.get(signal) ?? null, facts)),
    context.pressure,
  );
}

interface Facts {
  readonly context: SignalContext;
  readonly filesystems: Filesystems | null;
  readonly armed: ReadonlyMap<Signal, Armed>;
  readonly defaults: ReadonlyMap<Signal, string>;
}

function reportSignal(signal: Signal, observation: Observation | null, facts: Facts): SignalReport {
  const info = signalInfo(signal);
  const { hard: hards, soft: softs } = facts.armed.get(signal) ?? { hard: [], soft: [] };
  const capacity = observation?.capacity ?? null;
  const hard = largest(hards.map(t => resolve(t, capacity)));
  const soft = largest(softs.map(t => resolve(t, capacity)));
  const limit = speaking(observation, hard, soft)?.amount ?? null;
  const sharedWith = sharing(signal, info, facts.filesystems);
  const base = {
    signal,
    info,
    observation,
    percent: observation && observation.capacity > 0 ? (observation.available / observation.capacity) * 100 : null,
    hard,
    soft,
    headroom: observation && limit ? observation.available - limit.amount : null,
    sharedWith,
  };
  if (hard === null && soft === null) return { ...base, ...unarmed(signal, info, sharedWith, facts) };
  return { ...base, ...standing(observation, hard, soft, facts.context), coveredBy: null };
}

function speaking(
  observation: Observation | null,
  hard: ArmedThreshold | null,
  soft: ArmedThreshold | null,
): ArmedThreshold | null {
  const met = (armed: ArmedThreshold | null): boolean =>
    observation !== null && armed?.amount != null && isMet(armed.amount, observation.available);
  return met(soft) && !met(hard) ? soft : (hard ?? soft);
}

/** The threshold that a signal's headroom refers to. */
export function speakingThreshold(report: SignalReport): ArmedThreshold | null {
  return speaking(report.observation, report.hard, report.soft);
}

function resolve(threshold: Threshold, capacity: number | null): ArmedThreshold {
  // A quantity needs no capacity: it is the same amount everywhere.
  const amount = (value: Threshold['value']): Amount | null =>
    capacity === null && value.kind === 'percentage' ? null : resolveAmount(value, capacity ?? 0);
  return {
    threshold,
    amount: amount(threshold.value),
    minReclaim: threshold.minReclaim === null ? null : amount(threshold.minReclaim),
  };
}

/** Of several thresholds of one kind (a soft one without grace counts as hard) the one that is met first. */
function largest(candidates: readonly ArmedThreshold[]): ArmedThreshold | null {
  let best: ArmedThreshold | null = null;
  for (const candidate of candidates) {
    if (best === null || (candidate.amount?.nano ?? 0n) > (best.amount?.nano ?? 0n)) best = candidate;
  }
  return best;
}

type Standing = Pick<SignalReport, 'state' | 'reason'>;

function standing(
  observation: Observation | null,
  hard: ArmedThreshold | null,
  soft: ArmedThreshold | null,
  context: SignalContext,
): Standing {
  if (!context.stats.ok) return { state: 'unknown', reason: context.stats.problem.message };
  if (observation === null) {
    return { state: 'unknown', reason: 'the kubelet reports no figures for it, and skips its threshold' };
  }
  if (hard?.amount && isMet(hard.amount, observation.available)) return { state: 'BREACHED', reason: null };
  if (soft?.amount && isMet(soft.amount, observation.available)) return { state: 'soft', reason: null };
  // A filesystem of no size is one that the kubelet could not measure (its InvalidDiskCapacity), not one that is fine.
  if (observation.capacity <= 0 && (hard ?? soft)?.threshold.signal.endsWith('.available')) {
    return { state: 'unknown', reason: 'the kubelet reports a capacity of 0' };
  }
  const room = hard?.amount && observation.capacity > 0 ? observation.available - hard.amount.amount : null;
  const near = room !== null && room <= (observation.capacity * context.nearPercent) / 100;
  return { state: near ? 'near' : 'ok', reason: null };
}

function unarmed(
  signal: Signal,
  info: SignalInfo,
  sharedWith: readonly Signal[],
  facts: Facts,
): Standing & Pick<SignalReport, 'coveredBy'> {
  const { context, armed, defaults } = facts;
  if (!context.config.ok) return { ...unknown(context.config.problem), coveredBy: null };
  const coveredBy = sharedWith.find(other => armed.has(other)) ?? null;
  if (coveredBy !== null) return { state: 'covered', reason: null, coveredBy };
  if (!defaults.has(signal)) return { state: 'none', reason: null, coveredBy: null };
  // Without figures nobody can say whether an armed neighbour guards the same disk.
  const neighbour = info.filesystem !== null && siblings(signal, info).some(other => armed.has(other));
  if (neighbour && facts.filesystems === null) {
    const why = context.stats.ok ? 'the kubelet reports no filesystem figures' : context.stats.problem.message;
    const reason = `not armed, and without figures it cannot be told whether another signal guards the same disk: ${why}`;
    return { state: 'unknown', reason, coveredBy: null };
  }
  return { state: 'UNPROTECTED', reason: null, coveredBy: null };
}

function unknown(problem: ReadProblem): Standing {
  return { state: 'unknown', reason: problem.message };
}

const FILESYSTEMS: readonly Filesystem[] = ['nodefs', 'imagefs', 'containerfs'];

/** The signals that count the same thing (bytes or inodes) on the other filesystems. */
function siblings(signal: Signal, info: SignalInfo): readonly Signal[] {
  const kind = signal.endsWith('.available') ? 'available' : 'inodesFree';
  return FILESYSTEMS.filter(fs => fs !== info.filesystem).map(fs => `${fs}.${kind}` as const);
}

function sharing(signal: Signal, info: SignalInfo, filesystems: Filesystems | null): readonly Signal[] {
  if (info.filesystem === null || filesystems === null) return [];
  const same = filesystems.same.get(info.filesystem) ?? [];
  return siblings(signal, info).filter(other => same.some(fs => other.startsWith(`${fs}.`)));
}

/**
 * Where a condition is True and no signal of it is below a threshold, the condition outlives its cause: a signal below
 * threshold + minimum reclaim still counts as met; otherwise the transition period is running, most likely for the signal that
 * has the least headroom.
 */
function explainPressure(
  reports: readonly SignalReport[],
  pressure: readonly PressureCondition[],
): readonly SignalReport[] {
  const lingering = pressure.filter(
    condition => !reports.some(r => r.info.condition === condition && (r.state === 'BREACHED' || r.state === 'soft')),
  );
  const isCandidate = (r: SignalReport): boolean =>
    lingering.includes(r.info.condition) && (r.state === 'ok' || r.state === 'near');
  const reclaiming = new Set(reports.filter(r => isCandidate(r) && belowReclaim(r)).map(r => r.info.condition));
  return reports.map(report => {
    if (!isCandidate(report)) return report;
    if (reclaiming.has(report.info.condition)) {
      return belowReclaim(report) ? { ...report, state: 'recovering', reason: 'min-reclaim' } : report;
    }
    const rivals = reports.filter(r => r.info.condition === report.info.condition && isCandidate(r));
    const closest = Math.min(...rivals.map(headroomShare));
    return headroomShare(report) <= closest ? { ...report, state: 'recovering', reason: 'transition' } : report;
  });
}

/** Headroom as a share of the capacity; without a capacity: -1 below the threshold, else infinite. */
export function headroomShare(report: SignalReport): number {
  const capacity = report.observation?.capacity ?? 0;
  if (report.headroom === null) return Number.POSITIVE_INFINITY;
  if (capacity <= 0) return report.headroom < 0 ? -1 : Number.POSITIVE_INFINITY;
  return report.headroom / capacity;
}

/** Whether the signal is above its threshold, but not yet by its minimum reclaim. */
export function belowReclaim(report: SignalReport): boolean {
  const { observation } = report;
  if (observation === null) return false;
  return [report.hard, report.soft].some(armed => {
    if (!armed?.amount || !armed.minReclaim) return false;
    const nano = armed.amount.nano + armed.minReclaim.nano;
    return isMet({ nano, amount: armed.amount.amount + armed.minReclaim.amount }, observation.available);
  });
}
