import { type Parsed, parsed } from '../../eviction/parsed.ts';
import type { PressureCondition } from '../../eviction/signal.ts';
import { type Armed, arm } from './arm.ts';
import type { EventDraft } from './events.ts';
import { type MeasureInput, type Measurement, type Remainder, remainderOf } from './measure.ts';
import { hashText } from './noise.ts';
import { hasEnded, type KubeletPod } from './pod.ts';
import { NO_PRESSURE, type PressureMemory } from './pressure.ts';
import type { KubeletMode, NodeSpec, ReclaimableSpec } from './spec.ts';

/** How often a kubelet looks at its signals, renews its lease and reports an unchanged status. Milliseconds. */
export const PERIODS = { pass: 10_000, lease: 10_000, status: 300_000, imageGc: 300_000 } as const;

const NOTHING_TO_RECLAIM: ReclaimableSpec = {
  deadContainerBytes: 0,
  deadContainerInodes: 0,
  unusedImageBytes: 0,
  unusedImageInodes: 0,
};

/** A pod that is being ended: its status is written, and its usage freed, when the grace period is over. */
export interface PodEnding {
  readonly atMs: number;
  readonly message: string;
  readonly nodePressure: boolean;
}

/** A pod that the kubelet runs. */
export interface RunningPod {
  readonly pod: KubeletPod;
  readonly startedAtMs: number;
  /** From when on its usage grows: its start, or the scenario's if that is later. */
  readonly usageFromMs: number;
  readonly ip: string;
  readonly ending: PodEnding | null;
  /** After a restart of the kubelet: not yet admitted again. */
  readonly readmit: boolean;
}

/** Everything one simulated kubelet knows. Never changed in place. */
export interface KubeletState {
  readonly spec: NodeSpec;
  readonly armed: Armed;
  readonly mode: KubeletMode;
  /** When the process was started. */
  readonly startedAtMs: number;
  /** The time from which the script counts. */
  readonly scriptStartMs: number;
  /** When it was last given the chance to do something. */
  readonly steppedMs: number;
  readonly remainder: Remainder;
  readonly reclaimable: ReclaimableSpec;
  readonly running: ReadonlyMap<string, RunningPod>;
  readonly pressure: PressureMemory;
  /** When each condition took the value it has. */
  readonly conditionSince: ReadonlyMap<PressureCondition, number>;
  readonly sample: Measurement | null;
  readonly imageGcFailed: boolean;
  readonly nextPassMs: number;
  readonly nextLeaseMs: number;
  readonly nextStatusMs: number;
  readonly nextImageGcMs: number;
}

/** A change that the kubelet makes to the cluster. */
export type Effect =
  | { readonly kind: 'node-status'; readonly atMs: number }
  | { readonly kind: 'pod-status'; readonly pod: KubeletPod; readonly status: object; readonly atMs: number }
  | { readonly kind: 'event'; readonly event: EventDraft }
  | { readonly kind: 'lease'; readonly atMs: number };

/** The pods that occupy the node, ending ones included. */
export function measureInput(
  state: Omit<KubeletState, 'remainder'> & { readonly remainder?: Remainder },
): MeasureInput {
  const { spec, armed } = state;
  return {
    spec,
    scriptStartMs: state.scriptStartMs,
    remainder: state.remainder ?? new Map(),
    reclaimable: state.reclaimable,
    podLimitBytes: spec.memory.capacityBytes - armed.reserved.memory,
    hasContainerFs: armed.features.containerFs,
    running: [...state.running.values()].map(({ pod, usageFromMs }) => ({ pod, startedAtMs: usageFromMs })),
  };
}

/** The address a pod gets on a node: any, as long as it is always the same. */
export function podAddress(spec: NodeSpec, uid: string): string {
  const network = hashText(spec.name) % 200;
  const host = hashText(uid);
  return `10.${20 + network}.${host % 250}.${1 + ((host >>> 8) % 250)}`;
}

function alreadyRunning(spec: NodeSpec, pods: readonly KubeletPod[], nowMs: number): Map<string, RunningPod> {
  const running = new Map<string, RunningPod>();
  for (const pod of pods) {
    if (hasEnded(pod) || pod.phase === 'Pending') continue;
    const startedAtMs = pod.startedAtMs ?? nowMs;
    running.set(pod.uid, {
      pod,
      startedAtMs,
      usageFromMs: Math.max(startedAtMs, nowMs),
      ip: pod.podIp ?? podAddress(spec, pod.uid),
      ending: null,
      readmit: false,
    });
  }
  return running;
}

function pastPressure(spec: NodeSpec, armed: Armed, nowMs: number): PressureMemory {
  const history = spec.history;
  const pressure = history?.pressure ?? [];
  const met = armed.thresholds.filter(threshold => history?.met?.includes(threshold.signal) === true);
  return {
    firstSeenAt: new Map(met.map(threshold => [threshold, nowMs])),
    met,
    conditionSeenAt: new Map(pressure.map(({ condition, lastMetMs }) => [condition, nowMs - lastMetMs])),
    conditions: pressure.map(({ condition }) => condition),
  };
}

/**
 * A kubelet that has been running for a while when the scenario starts. Pods of phase Running are its own already.
 * Refused when its configuration would keep it from starting.
 */
export function startKubelet(spec: NodeSpec, pods: readonly KubeletPod[], nowMs: number): Parsed<KubeletState> {
  const armed = arm(spec);
  if (!armed.ok) return armed;
  const since = spec.history?.pressure ?? [];
  const offset = hashText(spec.name) % PERIODS.imageGc;
  const state = {
    spec,
    armed: armed.value,
    mode: spec.mode ?? 'serving',
    startedAtMs: nowMs - spec.identity.ageMs,
    scriptStartMs: nowMs,
    steppedMs: Number.NEGATIVE_INFINITY,
    reclaimable: spec.reclaimable ?? NOTHING_TO_RECLAIM,
    running: alreadyRunning(spec, pods, nowMs),
    pressure: pastPressure(spec, armed.value, nowMs),
    conditionSince: new Map(since.map(({ condition, sinceMs }) => [condition, nowMs - sinceMs])),
    sample: null,
    imageGcFailed: false,
    nextPassMs: nowMs,
    nextLeaseMs: nowMs,
    nextStatusMs: nowMs,
    nextImageGcMs: nowMs + offset,
  };
  return parsed({ ...state, remainder: remainderOf(measureInput(state), nowMs) });
}

/**
 * The kubelet after a restart with another configuration: disks and pods are as they were, but it has forgotten all
 * pressure, and every pod is admitted anew. Refused, and then it does not come back, when the configuration is invalid.
 */
export function restartKubelet(state: KubeletState, config: NodeSpec['config'], nowMs: number): Parsed<KubeletState> {
  const spec: NodeSpec = { ...state.spec, config };
  const armed = arm(spec);
  if (!armed.ok) return armed;
  return parsed({
    ...state,
    spec,
    armed: armed.value,
    mode: state.mode === 'stopped' ? 'serving' : state.mode,
    startedAtMs: nowMs,
    running: new Map([...state.running].map(([uid, one]) => [uid, { ...one, ending: null, readmit: true }])),
    pressure: NO_PRESSURE,
    conditionSince: new Map(state.conditionSince),
    imageGcFailed: false,
    nextPassMs: nowMs,
    nextLeaseMs: nowMs,
    nextStatusMs: nowMs,
    nextImageGcMs: nowMs + PERIODS.imageGc,
  });
}

/** Whether the kubelet is alive: it watches its signals and renews its lease. */
export function isAlive(mode: KubeletMode): boolean {
  return mode !== 'stopped' && mode !== 'unreachable';
}
