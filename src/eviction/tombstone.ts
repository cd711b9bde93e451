import type { EvictedPodFacts, Instant } from './node.ts';

/** A DisruptionTarget condition that is True. */
export interface Disruption {
  /** `TerminationByKubelet`, or who else ended the pod. Untrusted text, as the message. */
  readonly reason: string;
  readonly message: string;
  /** When it was set: with the eviction. */
  readonly since: Instant | null;
}

/** What a pod that has come to its end tells about it. Every text is untrusted. */
export interface TombstoneFacts extends EvictedPodFacts {
  readonly resourceVersion: string;
  readonly phase: string;
  readonly reason: string;
  readonly message: string;
  readonly disruption: Disruption | null;
  /** When the last container ended; null unless every container that has a status has ended and says when. */
  readonly finishedAt: Instant | null;
  /** The kubelet's last write (`managedFields`): never earlier than the eviction. */
  readonly kubeletWroteAt: Instant | null;
  /** The image in the API of a static pod; deleting it would only make the kubelet create it anew. */
  readonly mirror: boolean;
  /** Already being deleted: a finalizer holds it. */
  readonly terminating: boolean;
}

/** Whether a tombstone is what Kubernetes calls evicted (`PodIsEvicted`), the reason in any case. */
export function isEvicted(pod: Pick<TombstoneFacts, 'phase' | 'reason'>): boolean {
  return pod.phase === 'Failed' && pod.reason.toLowerCase() === 'evicted';
}
