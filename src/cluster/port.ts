import type { EvictionConfig } from '../eviction/config.ts';
import type { ClusterConfig } from '../eviction/drift.ts';
import type { LivePod, TimelineEntry } from '../eviction/live.ts';
import type { EvictedPodFacts, EvictionEventFacts, Instant, NodeFacts, NodeStats } from '../eviction/node.ts';
import type { EvictedEvent } from '../eviction/report.ts';
import type { PurgeCluster } from './purge-port.ts';
import type { SimulationCluster } from './simulation-port.ts';
import type { WatchEvent } from './watch.ts';
import type { WhyCluster } from './why-port.ts';

export type * from './purge-port.ts';
export type * from './simulation-port.ts';
export type { WatchEvent } from './watch.ts';
export type * from './why-port.ts';

/** Which cluster, as whom: for headings and errors. Holds no secret. Untrusted text. */
export interface ClusterIdentity {
  readonly context: string | null;
  readonly cluster: string | null;
  readonly user: string | null;
  readonly server: string;
  readonly namespace: string;
}

/** A list with the server's clock beside it. */
export interface Listed<T> {
  readonly items: readonly T[];
  /** The API server's time when it answered, second precision; null when it did not say. */
  readonly serverTime: Instant | null;
  /** The list was longer than the program reads, and ends early. */
  readonly cut: boolean;
}

/** A right to ask about. */
export interface Right {
  readonly verb: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly group?: string;
  /** One object. @default any */
  readonly name?: string;
  /** @default all of them */
  readonly namespace?: string;
}

/**
 * The cluster's own objects, reduced to what may leave it: no environment, commands, addresses or annotations (but the
 * eviction's). For snapshots.
 */
export interface RedactedCluster {
  /** `v1.31.4`; empty when the server does not say. */
  version(): Promise<string>;
  nodes(selector: string | null): Promise<Listed<object>>;
  leases(): Promise<Listed<object>>;
  /** Evicted pods of all namespaces. */
  evictedPods(): Promise<Listed<object>>;
  /** Events of nodes about pressure, reclaim and reboots, and events of evicted pods. */
  events(): Promise<Listed<object>>;
  configz(node: string, timeoutMs: number): Promise<object>;
  stats(node: string, timeoutMs: number): Promise<object>;
}

/** What a screen needs of a cluster: it goes on for as long as the screen is open. */
export interface LiveCluster {
  /** All nodes, those that match a label selector, or the one of a name. Ends with the signal; rejects as `watchList`. */
  watchNodes(
    which: { readonly selector: string | null; readonly name: string | null },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<NodeFacts>>;
  /** Evicted pods of all namespaces. Ends with the signal; rejects as `watchList`. */
  watchEvictedPods(signal: AbortSignal): AsyncIterable<WatchEvent<LivePod>>;
  /** The events about one node, of about the last hour, in no order. */
  timeline(node: string): Promise<readonly TimelineEntry[]>;
}

/** Names, for completion: at most 5,000 of each. Untrusted text. */
export interface NameLists {
  nodes(): Promise<readonly string[]>;
  namespaces(): Promise<readonly string[]>;
  pods(namespace: string): Promise<readonly string[]>;
}

/** What tuning needs of a cluster. */
export interface TuningCluster {
  /** The decoded body of a kubelet's configz, untranslated. Asked once, never retried. */
  configz(node: string, timeoutMs: number): Promise<unknown>;
  /** kubeadm's ConfigMap with the configuration for new nodes; null: there is none. */
  kubeletConfigMap(): Promise<{ readonly name: string; readonly text: string } | null>;
}

/**
 * What the commands need of a cluster. Every method rejects with a ClusterError that says what failed and what to try, and
 * with a CancelledError once the signal it was opened with fires.
 */
export interface Cluster {
  readonly identity: ClusterIdentity;
  /** All nodes, or those that match a label selector. */
  nodes(selector: string | null): Promise<Listed<NodeFacts>>;
  /** One node by name. @throws ClusterError `not-found` */
  node(name: string): Promise<{ readonly node: NodeFacts; readonly serverTime: Instant | null }>;
  /** When each node's Lease was renewed last (namespace kube-node-lease). */
  leases(): Promise<ReadonlyMap<string, Instant>>;
  /** Pods of all namespaces with phase Failed and reason Evicted (in any case). */
  evictedPods(): Promise<Listed<EvictedPodFacts>>;
  /** `Evicted` and `FailedDaemonPod` events of all namespaces, about the last hour; at most 10,000 of each. */
  evictionEvents(): Promise<Listed<EvictionEventFacts>>;
  /** Names of nodes whose kubelet reported cgroup v1 lately (event `CgroupV1`, 1.31 and later). */
  cgroupV1Nodes(): Promise<ReadonlySet<string>>;
  /** Whether the user has a right (SelfSubjectAccessReview); null: the server would not say. */
  mayI(right: Right): Promise<boolean | null>;
  /** `Evicted` events of a namespace (null: all), about the last hour, with what the kubelet annotated; at most 10,000. */
  evictedEvents(namespace: string | null): Promise<Listed<EvictedEvent>>;
  /** kubeadm's ConfigMap of that name in kube-system; null: there is none, or it holds no KubeletConfiguration. */
  clusterConfig(name: string): Promise<ClusterConfig | null>;
  /** The kubelet's configuration in effect, through nodes/proxy. Asked once, never retried. */
  kubeletConfig(node: string, timeoutMs: number): Promise<EvictionConfig>;
  /** The kubelet's figures, through nodes/proxy. Asked once, never retried. */
  kubeletStats(node: string, timeoutMs: number): Promise<NodeStats>;
  readonly redacted: RedactedCluster;
  readonly purging: PurgeCluster;
  readonly live: LiveCluster;
  readonly tuning: TuningCluster;
  readonly why: WhyCluster;
  readonly names: NameLists;
  readonly simulation: SimulationCluster;
  close(): void;
}
