import { nodeEvent } from './events.ts';
import type { PodPlace } from './pod-status.ts';
import type { RankPods } from './rank.ts';
import type { Effect, KubeletState, RunningPod } from './state.ts';

/** The next state while a step is under way. */
export type Draft = { -readonly [field in keyof KubeletState]: KubeletState[field] } & {
  running: Map<string, RunningPod>;
};

/** One step under way: the draft of the next state and what happened so far. */
export interface Run {
  readonly draft: Draft;
  readonly effects: Effect[];
  readonly nowMs: number;
  readonly rank: RankPods;
  /** Pods whose end was written in this step; their objects do not show it yet. */
  readonly finished: Set<string>;
}

/** What a pod's status says about where it runs. */
export function placeOf(draft: KubeletState, running: RunningPod): PodPlace {
  return {
    hostIp: draft.spec.identity.address,
    podIp: running.ip,
    startedAtMs: running.startedAtMs,
    features: draft.armed.features,
  };
}

/** Records an event on the node. */
export function pushNodeEvent(run: Run, type: 'Normal' | 'Warning', reason: string, message: string): void {
  run.effects.push({ kind: 'event', event: nodeEvent(run.nowMs, run.draft.spec.name, type, reason, message) });
}
