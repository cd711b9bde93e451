import type { EvictionEvidence } from '../eviction/decode.ts';
import type { TimelineEntry } from '../eviction/live.ts';
import type { Instant, NodeFacts, NodeStats } from '../eviction/node.ts';
import type { PodFacts, PodUsage } from '../eviction/pod.ts';
import type { TombstoneFacts } from '../eviction/tombstone.ts';
import type { NodeImage } from '../eviction/why-use.ts';

/** A pod, alive or not. */
export interface FoundPod {
  readonly pod: PodFacts;
  readonly tombstone: TombstoneFacts;
  readonly serverTime: Instant | null;
}

/** The events about one pod. */
export interface PodHistory {
  /** In no order. */
  readonly entries: readonly TimelineEntry[];
  /** Its `Evicted` event; null: there is none any more. */
  readonly evidence: EvictionEvidence | null;
}

/** What the stories of nodes and pods need of a cluster. Every method rejects as those of the cluster. */
export interface WhyCluster {
  /** @throws ClusterError `not-found` */
  pod(namespace: string, name: string): Promise<FoundPod>;
  /** @throws ClusterError `not-found` */
  node(name: string): Promise<{
    readonly node: NodeFacts;
    /** As the node reports them: at most 50, by size. */
    readonly images: readonly NodeImage[];
    readonly serverTime: Instant | null;
  }>;
  /** The pods of a node that have not ended. */
  podsOn(node: string): Promise<readonly PodFacts[]>;
  /** What is left of the pods that were evicted on a node; at most 2,000. */
  tombstonesOn(node: string): Promise<readonly TombstoneFacts[]>;
  podHistory(namespace: string, name: string, uid: string): Promise<PodHistory>;
  /** The kubelet's figures of its node and its pods, in one request through nodes/proxy. Asked once, never retried. */
  summary(
    node: string,
    timeoutMs: number,
  ): Promise<{ readonly stats: NodeStats; readonly usage: ReadonlyMap<string, PodUsage> }>;
}
