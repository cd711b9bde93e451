import type { EvictionConfig } from './config.ts';

/** A point in time: milliseconds since the Unix epoch, on the API server's clock. */
export type Instant = number;

/** One entry of `node.status.conditions`. The texts are the cluster's: untrusted. */
export interface NodeCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** `lastTransitionTime`: when the kubelet (or, for Unknown, the control plane) posted the change. */
  readonly since: Instant | null;
  /** `lastHeartbeatTime`: up to 5 minutes old on a healthy node. */
  readonly heartbeat: Instant | null;
}

/** What the API server knows of a node. Every text is untrusted; absent texts are empty. */
export interface NodeFacts {
  readonly name: string;
  readonly createdAt: Instant | null;
  readonly labels: ReadonlyMap<string, string>;
  readonly unschedulable: boolean;
  readonly conditions: readonly NodeCondition[];
  readonly kubeletVersion: string;
  /** `kubernetes.io/os` as the kubelet reports it: `linux`, `windows`, or something newer. */
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly osImage: string;
  readonly kernelVersion: string;
  readonly containerRuntime: string;
  readonly providerId: string;
}

/** Figures of one filesystem from `stats/summary`; null is "not reported". Bytes and inodes. */
export interface FilesystemStats {
  readonly available: number | null;
  readonly capacity: number | null;
  readonly inodesFree: number | null;
  readonly inodes: number | null;
  /** The kubelet's own sample time. */
  readonly time: Instant | null;
}

/** Memory figures from `stats/summary`, in bytes; null is "not reported". */
export interface MemoryStats {
  readonly available: number | null;
  readonly workingSet: number | null;
  readonly rss: number | null;
  readonly usage: number | null;
  readonly time: Instant | null;
}

/** The node part of a kubelet's `stats/summary`: what its eviction manager looks at. */
export interface NodeStats {
  readonly nodefs: FilesystemStats | null;
  readonly imagefs: FilesystemStats | null;
  /** Reported from 1.29; null before. */
  readonly containerfs: FilesystemStats | null;
  readonly memory: MemoryStats | null;
  /** `systemContainers[name=pods].memory`: what the pods' cgroup sees. */
  readonly podsMemory: MemoryStats | null;
  /** `systemContainers[name=windows-global-commit-memory].memory`; Windows from 1.31 only. */
  readonly commitMemory: MemoryStats | null;
  readonly pids: { readonly max: number | null; readonly current: number | null; readonly time: Instant | null } | null;
}

/** Why something could not be read; `message` and `remedy` are sentences and may hold untrusted text. */
export interface ReadProblem {
  /** `forbidden`, `timeout`, `unreachable`, ...: the reasons of a cluster error. */
  readonly reason: string;
  readonly message: string;
  readonly remedy: string | null;
}

/** A value that was read, or the reason why not. Never a default in place of a value. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: ReadProblem };

/** A pod that was evicted or refused, as far as loops and counts need it. */
export interface EvictedPodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  /** The controller owner, if any. */
  readonly owner: { readonly kind: string; readonly name: string } | null;
  readonly createdAt: Instant | null;
  /** Whether the pod spec ties it to this node: a `spec.nodeName` set without a scheduler, a node selector or affinity for a host name. */
  readonly pinned: boolean;
}

/** An `Evicted` or `FailedDaemonPod` event, reduced to what tells a loop. */
export interface EvictionEventFacts {
  readonly reason: 'Evicted' | 'FailedDaemonPod';
  /** The node it happened on; empty when the event does not say. */
  readonly node: string;
  readonly namespace: string;
  /** The pod (Evicted) or the DaemonSet (FailedDaemonPod). */
  readonly name: string;
  /** The uid of the object the event is about. */
  readonly uid: string;
  readonly count: number;
  readonly first: Instant | null;
  readonly last: Instant | null;
}

/** Everything that is known about one node when it is assessed. */
export interface NodeInput {
  readonly node: NodeFacts;
  /** `renewTime` of the node's Lease; null: there is none. */
  readonly lease: Reading<Instant | null>;
  readonly config: Reading<EvictionConfig>;
  readonly stats: Reading<NodeStats>;
  /** Pods on this node that are Failed with reason Evicted. */
  readonly evicted: Reading<readonly EvictedPodFacts[]>;
  /** Eviction events of this node, about the last hour. */
  readonly events: Reading<readonly EvictionEventFacts[]>;
  /** The cgroup version, where something told it; null: not known. */
  readonly cgroup: 1 | 2 | null;
}
