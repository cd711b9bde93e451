import type { Cluster } from '../cluster.ts';
import { parseTimestamp } from './fields.ts';

/** How long a pod takes to leave once it is asked to, if its grace period is not shorter. Milliseconds. */
const LEAVE_MS = 2000;

/**
 * Removes the pods of a living kubelet that were asked to go and have gone; finalizers hold them.
 *
 * @returns when the next will have gone
 */
export function reapDeletedPods(cluster: Cluster, nodeName: string, nowMs: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { metadata } of cluster.list('Pod', { nodeName })) {
    const { name, namespace, deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = metadata;
    const until = parseTimestamp(deletionTimestamp ?? null);
    if (until === null || finalizers.length > 0) continue;
    const graceMs = deletionGracePeriodSeconds * 1000;
    const goneMs = until - graceMs + Math.min(graceMs, LEAVE_MS);
    if (goneMs > nowMs) next = Math.min(next, goneMs);
    else cluster.remove('Pod', { name, namespace });
  }
  return next;
}
