import { durationSeconds } from '../../eviction/duration.ts';
import { type PressureCondition, signalInfo } from '../../eviction/signal.ts';
import { resolveAmount, type Threshold } from '../../eviction/threshold.ts';
import type { Measurement } from './measure.ts';

/** Every pressure condition, in the order in which nodes list them. */
export const PRESSURE_CONDITIONS: readonly PressureCondition[] = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** What the eviction manager remembers from pass to pass. */
export interface PressureMemory {
  /** Thresholds that are met, grace period or not, and since when. */
  readonly firstSeenAt: ReadonlyMap<Threshold, number>;
  /** Thresholds of the last pass that were met and past their grace period. */
  readonly met: readonly Threshold[];
  /** When a threshold of the condition was last met. */
  readonly conditionSeenAt: ReadonlyMap<PressureCondition, number>;
  /** Conditions that are True. */
  readonly conditions: readonly PressureCondition[];
}

/** A kubelet that has just started knows of no pressure. */
export const NO_PRESSURE: PressureMemory = {
  firstSeenAt: new Map(),
  met: [],
  conditionSeenAt: new Map(),
  conditions: [],
};

/** Whether the signal reads less than the threshold, plus its minimum reclaim if wanted. Unread signals are not met. */
export function isThresholdMet(threshold: Threshold, measured: Measurement, withMinReclaim: boolean): boolean {
  const observed = measured.signals.get(threshold.signal);
  if (observed === undefined) return false;
  let nano = resolveAmount(threshold.value, observed.capacity).nano;
  if (withMinReclaim && threshold.minReclaim !== null)
    nano += resolveAmount(threshold.minReclaim, observed.capacity).nano;
  return nano > BigInt(Math.trunc(observed.available)) * 1_000_000_000n;
}

/** The thresholds met now, or met before and still short of their minimum reclaim. */
function metNow(thresholds: readonly Threshold[], before: PressureMemory, measured: Measurement): Threshold[] {
  return thresholds.filter(
    threshold =>
      isThresholdMet(threshold, measured, false) ||
      (before.met.includes(threshold) && isThresholdMet(threshold, measured, true)),
  );
}

/**
 * One look at the signals: `synchronize` of the kubelet's eviction manager up to the choice of what to do. A condition is
 * True while a threshold is met, soft ones at once, and for the transition period after that.
 */
export function observePressure(
  thresholds: readonly Threshold[],
  before: PressureMemory,
  measured: Measurement,
  transitionMs: number,
): PressureMemory {
  const { atMs } = measured;
  const seen = metNow(thresholds, before, measured);
  const firstSeenAt = new Map(seen.map(threshold => [threshold, before.firstSeenAt.get(threshold) ?? atMs]));
  const conditionSeenAt = new Map(before.conditionSeenAt);
  for (const threshold of seen) conditionSeenAt.set(signalInfo(threshold.signal).condition, atMs);
  return {
    firstSeenAt,
    met: seen.filter(threshold => {
      const graceMs = threshold.gracePeriod === null ? 0 : durationSeconds(threshold.gracePeriod) * 1000;
      return atMs - (firstSeenAt.get(threshold) ?? atMs) >= graceMs;
    }),
    conditionSeenAt,
    conditions: PRESSURE_CONDITIONS.filter(condition => {
      const at = conditionSeenAt.get(condition);
      // Strictly: with a transition period of zero the kubelet never reports a condition, met or not.
      return at !== undefined && atMs - at < transitionMs;
    }),
  };
}

/** Memory goes first; the order among the others is the order in which they were armed. */
export function firstToHandle(met: readonly Threshold[]): Threshold | undefined {
  return met.find(({ signal }) => signalInfo(signal).resource === 'memory') ?? met[0];
}
