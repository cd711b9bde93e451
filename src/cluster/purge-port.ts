import type { EvictionEvidence } from '../eviction/decode.ts';
import type { Instant } from '../eviction/node.ts';
import type { TombstoneFacts } from '../eviction/tombstone.ts';
import type { WatchEvent } from './watch.ts';

/** Which pods are read. */
export interface PodQuery {
  /** Null: all namespaces. */
  readonly namespace: string | null;
  /** A label selector. */
  readonly selector: string | null;
  readonly node: string | null;
  /** Also those that ended well: an evicted pod whose containers all exit with 0 ends `Succeeded`. */
  readonly succeeded: boolean;
  /** Whether the objects themselves are wanted; a page of them is 50 times the size of their facts. @default false */
  readonly objects?: boolean;
}

/** Names a pod; another one may have the same name later. */
export interface PodRef {
  readonly namespace: string;
  readonly name: string;
}

/** Exactly one pod in exactly one state. */
export interface DeleteTarget extends PodRef {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** A pod as it was read. */
export interface ListedTombstone {
  readonly facts: TombstoneFacts;
  /** The v1.Pod itself, with apiVersion and kind; null where only facts were asked for. */
  readonly object: object | null;
}

/** One page of a list. */
export interface TombstonePage {
  readonly items: readonly ListedTombstone[];
  readonly serverTime: Instant | null;
}

/**
 * What became of a guarded delete:
 *
 * - `deleted`; `terminating`: accepted, but finalizers hold it
 * - `gone`: somebody else was first; `replaced`: another pod has the name by now
 * - `changed`: it is the same pod, but not as it was read
 */
export type DeleteAnswer = 'deleted' | 'terminating' | 'gone' | 'replaced' | 'changed';

/** How a delete is sent. */
export interface DeleteOptions {
  /** The server checks everything, and deletes nothing. */
  readonly dryRun: boolean;
  /** No further attempt once this fires; the one that runs may end. */
  readonly noMore: AbortSignal;
  /** Told of each attempt that failed and is repeated. */
  readonly onRetry?: ((error: Error) => void) | undefined;
}

/** What purge needs of a cluster. Every method rejects with a ClusterError, or a CancelledError once its signal fires. */
export interface PurgeCluster {
  /** Pods that have come to their end, page by page; none twice, also when the list has to start again. */
  tombstones(query: PodQuery, signal: AbortSignal): AsyncGenerator<TombstonePage, void, undefined>;
  /** All of them, then every change. */
  watchTombstones(query: PodQuery, signal: AbortSignal): AsyncGenerator<WatchEvent<TombstoneFacts>, void, undefined>;
  /** One pod as it is now. @throws ClusterError `not-found` */
  tombstone(ref: PodRef, signal: AbortSignal): Promise<ListedTombstone>;
  /** `Evicted` events by the uid of their pod, at most 10,000. */
  evidence(namespace: string | null, signal: AbortSignal): Promise<ReadonlyMap<string, EvictionEvidence>>;
  /** All events of the pods of a namespace by the uid of the pod, at most 10,000. */
  podEvents(
    namespace: string,
    signal: AbortSignal,
  ): Promise<{ readonly byPod: ReadonlyMap<string, readonly object[]>; readonly cut: boolean }>;
  /**
   * Deletes one pod, guarded by uid and resourceVersion. 429, 5xx and broken connections are retried as the transport does; a pod
   * that is gone after such an attempt counts as deleted.
   *
   * @throws ClusterError when it could not be deleted, or nobody knows
   */
  deletePod(target: DeleteTarget, options: DeleteOptions): Promise<DeleteAnswer>;
}
