import type { NodeReport } from './assess.ts';
import { hotLoops } from './hot-loop.ts';
import type { LiveNext } from './live.ts';
import type { EvictedPodFacts, EvictionEventFacts, Instant, NodeStats, Reading } from './node.ts';
import type { PodFacts, PodUsage } from './pod.ts';
import { nextSentences } from './why-node.ts';
import { layoutOf, nodeOrders } from './why-order.ts';

/** The kubelet's figures of its node and, of the same moment, of its pods. */
export interface NodeSummary {
  readonly stats: NodeStats;
  /** By uid. */
  readonly usage: ReadonlyMap<string, PodUsage>;
}

/** Everything that tells what the kubelet of a node would evict. */
export interface NextFacts {
  readonly report: NodeReport;
  /** The pods that the API server has on the node. */
  readonly pods: Reading<readonly PodFacts[]>;
  readonly summary: Reading<NodeSummary>;
  /** What is left of the pods that were evicted on the node. */
  readonly evicted: readonly EvictedPodFacts[];
  readonly events: readonly EvictionEventFacts[];
  readonly now: Instant;
}

/** What the kubelet of a node would evict, and what happens next; the same as the story of the node tells. Pure. */
export function nextOutlook(facts: NextFacts): LiveNext {
  const { report, summary, now } = facts;
  const loops = hotLoops(facts.evicted, facts.events, now, report.since);
  const stats = summary.ok ? ({ ok: true, value: summary.value.stats } as const) : summary;
  const orders = ordersOf(facts, stats);
  return { orders, sentences: nextSentences(report, orders.ok ? orders.value : null, layoutOf(stats), loops) };
}

function ordersOf({ report, summary, pods }: NextFacts, stats: Reading<NodeStats>): LiveNext['orders'] {
  if (!summary.ok) return summary;
  if (!pods.ok) return pods;
  return { ok: true, value: nodeOrders({ report, stats, pods: pods.value, usage: summary.value.usage }, null) };
}
