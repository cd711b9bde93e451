import type { NodeReport } from '../../../eviction/assess.ts';
import type { LivePod, TimelineEntry } from '../../../eviction/live.ts';
import type { Reading } from '../../../eviction/node.ts';

/** One story of a node, newest first: its events, the evictions, and its conditions as they stand. */
export function timelineOf(
  report: NodeReport,
  events: Reading<readonly TimelineEntry[]>,
  pods: readonly LivePod[],
): Reading<readonly TimelineEntry[]> {
  if (!events.ok) return events;
  const conditions = report.node.conditions
    .filter(c => c.since !== null)
    .map((c): TimelineEntry => {
      const type = c.type === 'Ready' ? c.status !== 'True' : c.status !== 'False';
      return {
        at: c.since,
        type: type ? 'Warning' : 'Normal',
        reason: `${c.type} ${c.status}`,
        about: '',
        message: c.message,
        count: 1,
      };
    });
  const evictions = pods.map(
    (pod): TimelineEntry => ({
      at: pod.evictedAt,
      type: 'Warning',
      reason: 'Evicted',
      about: `${pod.namespace}/${pod.name}`,
      message: pod.message,
      count: 1,
    }),
  );
  const all = [...events.value, ...conditions, ...evictions];
  return { ok: true, value: all.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0)) };
}
