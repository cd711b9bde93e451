import type { EvictedPodFacts, EvictionEventFacts, Instant } from './node.ts';

/** A workload whose pods are refused or evicted on one node again and again. */
export interface HotLoop {
  readonly namespace: string;
  /** `DaemonSet kube-proxy`, `ReplicaSet web-5d9c`: untrusted text. */
  readonly owner: string;
  /** Refusals and evictions within the window. */
  readonly count: number;
  /** The span they were seen in, in seconds. */
  readonly seconds: number;
}

/** Fewer refusals than this are bad luck, not a loop. */
const MINIMUM = 3;
/** Only what happened lately counts: a DaemonSet's back-off is at most 15 minutes. */
const WINDOW_MS = 15 * 60_000;

interface Tally {
  readonly namespace: string;
  readonly owner: string;
  readonly seen: Set<string>;
  events: number;
  first: Instant;
  last: Instant;
}

/**
 * The loops of one node, each with at least three refusals or evictions within 15 minutes:
 *
 * - DaemonSets whose failed pods the controller replaces (`FailedDaemonPod` events, or their evicted pods)
 * - pods that come back under the same name (a StatefulSet's; `Evicted` events with different uids)
 * - workloads that are pinned here, or that were sent here again although the pressure had begun
 */
export function hotLoops(
  pods: readonly EvictedPodFacts[],
  events: readonly EvictionEventFacts[],
  now: Instant,
  pressureSince: Instant | null,
): readonly HotLoop[] {
  const tallies = new Map<string, Tally>();
  const note = (namespace: string, owner: string, what: string, times: number, first: Instant, last: Instant): void => {
    const key = `${namespace}/${owner}`;
    const tally = tallies.get(key) ?? { namespace, owner, seen: new Set<string>(), events: 0, first, last };
    if (!tally.seen.has(what)) {
      tally.seen.add(what);
      tally.events += times;
    }
    tally.first = Math.min(tally.first, first);
    tally.last = Math.max(tally.last, last);
    tallies.set(key, tally);
  };

  for (const event of events) {
    if (event.last === null || now - event.last > WINDOW_MS) continue;
    // One event object stands for `count` refusals since `first`; older ones have no times of their own.
    const first = Math.max(event.first ?? event.last, now - WINDOW_MS);
    if (event.reason === 'FailedDaemonPod') {
      const what = `event ${event.uid} ${event.first} ${event.last}`;
      note(event.namespace, `DaemonSet ${event.name}`, what, event.count, first, event.last);
    } else {
      note(event.namespace, `pod ${event.name}`, event.uid, 1, first, event.last);
    }
  }
  for (const pod of pods) {
    if (pod.owner === null || pod.createdAt === null || now - pod.createdAt > WINDOW_MS) continue;
    const sentBack = pressureSince !== null && pod.createdAt >= pressureSince;
    if (pod.owner.kind !== 'DaemonSet' && !pod.pinned && !sentBack) continue;
    note(pod.namespace, `${pod.owner.kind} ${pod.owner.name}`, `pod ${pod.uid}`, 1, pod.createdAt, pod.createdAt);
  }
  return [...tallies.values()]
    .filter(t => t.events >= MINIMUM)
    .toSorted((a, b) => b.events - a.events || compare(a.owner, b.owner))
    .map(t => ({
      namespace: t.namespace,
      owner: t.owner,
      count: t.events,
      seconds: Math.max(1, Math.round((now - t.first) / 1000)),
    }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
