import { hotLoops } from './hot-loop.ts';
import type { EvictedPodFacts, Instant } from './node.ts';

/** Something that goes on making Evicted pods, so that purging alone does not help. */
export interface Producer {
  readonly kind: 'node' | 'workload';
  /** The node, or `DaemonSet kube-proxy` with its namespace before it. Untrusted text. */
  readonly name: string;
  readonly count: number;
}

const WINDOW_MS = 15 * 60_000;
/** Fewer are bad luck. */
const MINIMUM = 3;
/** Enough to tell a loop by; what is kept does not grow with the number of pods. */
const MOST_KEPT = 2000;

/** Watches the tombstones that go by for nodes and pinned workloads that made several in the last 15 minutes. */
export class ProducerWatch {
  readonly #nodes = new Map<string, number>();
  readonly #young: EvictedPodFacts[] = [];

  /** @param evictedAt null: not known, which counts for nothing */
  see(pod: EvictedPodFacts, evictedAt: Instant | null, now: Instant): void {
    if (evictedAt === null || now - evictedAt > WINDOW_MS) return;
    if (pod.node !== '') this.#nodes.set(pod.node, (this.#nodes.get(pod.node) ?? 0) + 1);
    const tied = pod.pinned || pod.owner?.kind === 'DaemonSet';
    if (tied && pod.owner !== null && this.#young.length < MOST_KEPT) {
      const { namespace, name, uid, node, owner, createdAt, pinned } = pod;
      this.#young.push({ namespace, name, uid, node, owner, createdAt, pinned });
    }
  }

  /** Workloads first, each with the most productive first. */
  producers(now: Instant): readonly Producer[] {
    const loops = hotLoops(this.#young, [], now, null);
    const workloads = loops.map(loop => ({
      kind: 'workload' as const,
      name: `${loop.namespace}/${loop.owner}`,
      count: loop.count,
    }));
    const nodes = [...this.#nodes]
      .filter(([, count]) => count >= MINIMUM)
      .toSorted((a, b) => b[1] - a[1])
      .map(([name, count]) => ({ kind: 'node' as const, name, count }));
    return [...workloads, ...nodes];
  }
}
