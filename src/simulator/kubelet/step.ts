import { type PressureCondition, signalInfo } from '../../eviction/signal.ts';
import { isHard, type Threshold } from '../../eviction/threshold.ts';
import { admitNewPods } from './admit-pods.ts';
import { podEvent, podTarget } from './events.ts';
import { collectImages } from './image-gc.ts';
import { limitBreach } from './limits.ts';
import { type Measurement, measure, type PodUsage } from './measure.ts';
import { pressureText } from './messages.ts';
import { type KubeletPod, runningContainers } from './pod.ts';
import { evictedPodStatus } from './pod-status.ts';
import { firstToHandle, isThresholdMet, observePressure, PRESSURE_CONDITIONS } from './pressure.ts';
import { type RankPods, rankPods } from './rank.ts';
import { reclaimFor } from './reclaim.ts';
import { type Draft, placeOf, pushNodeEvent, type Run } from './run.ts';
import { type Effect, isAlive, type KubeletState, measureInput, PERIODS, type RunningPod } from './state.ts';

/** The runtime gives every container at least this long. Seconds. */
const SHORTEST_GRACE = 2;
/** After an eviction the kubelet waits for the pod to be cleaned up, at most this long, and looks again. */
const CLEANUP_WAIT_MS = 30_000;

/** Names of the events that say what a condition has become. */
const CONDITION_EVENTS: Readonly<Record<PressureCondition, { readonly true: string; readonly false: string }>> = {
  MemoryPressure: { true: 'NodeHasInsufficientMemory', false: 'NodeHasSufficientMemory' },
  DiskPressure: { true: 'NodeHasDiskPressure', false: 'NodeHasNoDiskPressure' },
  PIDPressure: { true: 'NodeHasInsufficientPID', false: 'NodeHasSufficientPID' },
};

/** Choices of a run that are not part of a node. */
export interface StepOptions {
  /** @default rankPods */
  readonly rank?: RankPods;
}

/** What a step returns. */
export interface StepResult {
  readonly state: KubeletState;
  /** In the order in which the kubelet makes them. */
  readonly effects: readonly Effect[];
}

/**
 * Lets the kubelet do everything that is due: take note of gone pods, finish endings, look at the signals, evict, admit
 * new pods, collect images, report. Pure and repeatable: the same state, time and pods give the same result.
 *
 * @param pods all pods bound to the node, whatever their phase
 */
export function step(
  state: KubeletState,
  nowMs: number,
  pods: readonly KubeletPod[],
  options: StepOptions = {},
): StepResult {
  const mode = scriptedMode(state, nowMs);
  const run: Run = {
    draft: { ...state, running: new Map(state.running), mode, steppedMs: nowMs },
    effects: [],
    nowMs,
    rank: options.rank ?? rankPods,
    finished: new Set(),
  };
  if (!isAlive(run.draft.mode)) return { state: run.draft, effects: [] };
  forgetGonePods(run, pods);
  finishEndings(run);
  if (nowMs >= run.draft.nextPassMs) pass(run);
  admitNewPods(run, pods);
  if (nowMs >= run.draft.nextImageGcMs) collectImages(run);
  report(run);
  return { state: run.draft, effects: run.effects };
}

/** When the kubelet next has something to do by itself. */
export function nextDueMs(state: KubeletState): number {
  const modes = (state.spec.script ?? []).flatMap(one => (one.kind === 'mode' ? [state.scriptStartMs + one.atMs] : []));
  const pending = modes.filter(at => at > state.steppedMs);
  if (!isAlive(state.mode)) return Math.min(...pending, Number.POSITIVE_INFINITY);
  const endings = [...state.running.values()].flatMap(({ ending }) => (ending === null ? [] : [ending.atMs]));
  return Math.min(state.nextPassMs, state.nextLeaseMs, state.nextStatusMs, state.nextImageGcMs, ...endings, ...pending);
}

function scriptedMode(state: KubeletState, nowMs: number): KubeletState['mode'] {
  let mode = state.mode;
  for (const one of state.spec.script ?? []) {
    const at = state.scriptStartMs + (one.kind === 'mode' ? one.atMs : 0);
    if (one.kind === 'mode' && at <= nowMs && at > state.steppedMs) mode = one.mode;
  }
  return mode;
}

function forgetGonePods({ draft }: Run, pods: readonly KubeletPod[]): void {
  const present = new Set(pods.map(({ uid }) => uid));
  for (const uid of draft.running.keys()) {
    if (!present.has(uid)) draft.running.delete(uid);
  }
}

function writeEnd(run: Run, running: RunningPod, atMs: number): void {
  const { ending, pod } = running;
  if (ending === null) return;
  const { message, nodePressure } = ending;
  const status = evictedPodStatus(
    pod,
    { ...placeOf(run.draft, running), ...(nodePressure ? {} : { podIp: null }) },
    { message, finishedAtMs: atMs, exit: pod.usage.exit ?? 'killed', nodePressure },
  );
  run.effects.push({ kind: 'pod-status', pod, status, atMs });
}

function finishEndings(run: Run): void {
  for (const [uid, running] of run.draft.running) {
    if (running.ending === null || running.ending.atMs > run.nowMs) continue;
    run.draft.running.delete(uid);
    run.finished.add(uid);
    if (run.draft.armed.features.keepsStatus) writeEnd(run, running, running.ending.atMs);
  }
}

/** One pass of the eviction manager. */
function pass(run: Run): void {
  const { draft, nowMs } = run;
  const measured = measure(measureInput(draft), nowMs);
  draft.sample = measured;
  draft.nextPassMs = nowMs + PERIODS.pass;
  setPressure(run, measured);
  if (evictOverLimits(run, measured)) return;
  const threshold = firstToHandle(draft.pressure.met);
  if (threshold === undefined) return;
  const { resource } = signalInfo(threshold.signal);
  pushNodeEvent(run, 'Warning', 'EvictionThresholdMet', `Attempting to reclaim ${resource}`);
  if (reclaimOnNode(run, threshold)) return;
  evictOne(run, threshold, measured);
}

function setPressure(run: Run, measured: Measurement): void {
  const { draft, nowMs } = run;
  const before = draft.pressure.conditions;
  draft.pressure = observePressure(draft.armed.thresholds, draft.pressure, measured, draft.armed.transitionMs);
  for (const condition of PRESSURE_CONDITIONS) {
    const now = draft.pressure.conditions.includes(condition);
    if (now === before.includes(condition)) continue;
    draft.conditionSince = new Map(draft.conditionSince).set(condition, nowMs);
    const reason = CONDITION_EVENTS[condition][now ? 'true' : 'false'];
    pushNodeEvent(run, 'Normal', reason, `Node ${draft.spec.name} status is now: ${reason}`);
    draft.nextStatusMs = nowMs;
  }
}

function evictOverLimits(run: Run, measured: Measurement): boolean {
  let evicted = false;
  for (const usage of measured.pods) {
    if (!isActive(run.draft, usage) || usage.pod.critical) continue;
    const message = limitBreach(usage, run.draft.armed.layout);
    if (message === null) continue;
    evict(run, usage, {
      message,
      nodePressure: false,
      annotations: null,
      graceSeconds: hardGrace(run.draft, usage.pod),
    });
    evicted = true;
  }
  return evicted;
}

function isActive(draft: Draft, usage: PodUsage): boolean {
  return draft.running.get(usage.pod.uid)?.ending === null;
}

/** Gives back what lies around; true when that ended the pressure, so that no pod has to go. */
function reclaimOnNode(run: Run, threshold: Threshold): boolean {
  const { draft, nowMs } = run;
  const reclaimable = reclaimFor(threshold.signal, draft.armed.layout, draft.reclaimable);
  if (reclaimable === null) return false;
  draft.reclaimable = reclaimable;
  const measured = measure(measureInput(draft), nowMs);
  draft.sample = measured;
  const { thresholds, features } = draft.armed;
  return !thresholds.some(one => isThresholdMet(one, measured, features.reclaimChecksMinimum));
}

/** Grace periods are those of the release: see {@link KubeletFeatures}. */
function hardGrace(draft: Draft, pod: KubeletPod): number {
  return draft.armed.features.waitsFullGrace ? pod.terminationGraceSeconds : 0;
}

function graceFor(draft: Draft, threshold: Threshold, pod: KubeletPod): number {
  if (isHard(threshold)) return hardGrace(draft, pod);
  const { maxPodGraceSeconds, features } = draft.armed;
  return features.softGraceIsMinimum ? Math.min(maxPodGraceSeconds, pod.terminationGraceSeconds) : maxPodGraceSeconds;
}

/** The first pod of the ranking that may be evicted goes; critical ones are passed over, and one per pass is enough. */
function evictOne(run: Run, threshold: Threshold, measured: Measurement): void {
  const { draft } = run;
  const { layout, features, version } = draft.armed;
  const active = measured.pods.filter(usage => isActive(draft, usage));
  const victim = run.rank(active, threshold.signal, layout, version).find(usage => !usage.pod.critical);
  if (victim === undefined) return;
  const { message, annotations } = pressureText(threshold, draft.pressure.met, measured, victim, features);
  evict(run, victim, {
    message,
    nodePressure: true,
    annotations,
    graceSeconds: graceFor(draft, threshold, victim.pod),
  });
}

interface Verdict {
  readonly message: string;
  readonly nodePressure: boolean;
  readonly annotations: Readonly<Record<string, string>> | null;
  readonly graceSeconds: number;
}

function evict(run: Run, usage: PodUsage, verdict: Verdict): void {
  const { draft, nowMs } = run;
  const { pod } = usage;
  const running = draft.running.get(pod.uid);
  if (running === undefined) return;
  const { message, nodePressure, annotations } = verdict;
  const graceMs = Math.max(verdict.graceSeconds, SHORTEST_GRACE) * 1000;
  const ending = { ...running, ending: { atMs: nowMs + graceMs, message, nodePressure } };
  draft.running.set(pod.uid, ending);
  draft.nextPassMs = nowMs + Math.min(graceMs + 1000, CLEANUP_WAIT_MS);
  const node = draft.spec.name;
  const evicted = podEvent(nowMs, node, 'Warning', 'Evicted', message, podTarget(pod));
  run.effects.push({ kind: 'event', event: annotations === null ? evicted : { ...evicted, annotations } });
  for (const { name } of runningContainers(pod)) {
    const killing = podEvent(nowMs, node, 'Normal', 'Killing', `Stopping container ${name}`, podTarget(pod, name));
    run.effects.push({ kind: 'event', event: killing });
  }
  // Kubelets before 1.22 replace the status at once and stop the containers afterwards.
  if (!draft.armed.features.keepsStatus) writeEnd(run, ending, nowMs);
}

function report(run: Run): void {
  const { draft, nowMs } = run;
  if (nowMs >= draft.nextLeaseMs) {
    draft.nextLeaseMs = nowMs + PERIODS.lease;
    run.effects.push({ kind: 'lease', atMs: nowMs });
  }
  if (nowMs >= draft.nextStatusMs) {
    draft.nextStatusMs = nowMs + PERIODS.status;
    run.effects.push({ kind: 'node-status', atMs: nowMs });
  }
}
