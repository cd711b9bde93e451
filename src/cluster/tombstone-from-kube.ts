import type { EvictionEvidence } from '../eviction/decode.ts';
import type { Instant } from '../eviction/node.ts';
import type { EvictedEvent } from '../eviction/report.ts';
import type { Disruption, TombstoneFacts } from '../eviction/tombstone.ts';
import { evictedPodFromKube } from './from-kube.ts';
import { arrayAt, objectAt, textAt, timeAt } from './json.ts';

/** A v1.Pod in any phase as the facts of a tombstone. Any field may be missing or of the wrong type. */
export function tombstoneFromKube(pod: unknown): TombstoneFacts {
  const facts = evictedPodFromKube(pod);
  return {
    ...facts,
    owner: facts.owner ?? firstOwner(pod),
    resourceVersion: textAt(pod, 'metadata', 'resourceVersion'),
    phase: textAt(pod, 'status', 'phase'),
    reason: textAt(pod, 'status', 'reason'),
    message: textAt(pod, 'status', 'message'),
    disruption: disruption(pod),
    finishedAt: lastFinish(pod),
    kubeletWroteAt: lastKubeletWrite(pod),
    mirror: Object.hasOwn(objectAt(pod, 'metadata', 'annotations'), 'kubernetes.io/config.mirror'),
    terminating: textAt(pod, 'metadata', 'deletionTimestamp') !== '',
  };
}

/** An owner that is no controller still holds the pod for a purpose. */
function firstOwner(pod: unknown): TombstoneFacts['owner'] {
  const [owner] = arrayAt(pod, 'metadata', 'ownerReferences');
  return owner === undefined ? null : { kind: textAt(owner, 'kind'), name: textAt(owner, 'name') };
}

function disruption(pod: unknown): Disruption | null {
  const found = arrayAt(pod, 'status', 'conditions').find(
    condition => textAt(condition, 'type') === 'DisruptionTarget' && textAt(condition, 'status') === 'True',
  );
  if (found === undefined) return null;
  return {
    reason: textAt(found, 'reason'),
    message: textAt(found, 'message'),
    since: timeAt(found, 'lastTransitionTime'),
  };
}

/** Null as soon as one container does not say when it ended: the others may have ended long before. */
function lastFinish(pod: unknown): Instant | null {
  let last: Instant | null = null;
  for (const status of arrayAt(pod, 'status', 'containerStatuses')) {
    const at = timeAt(status, 'state', 'terminated', 'finishedAt');
    // The zero of Unix stands for a container whose end nobody saw.
    if (at === null || at <= 0) return null;
    last = Math.max(last ?? 0, at);
  }
  return last;
}

function lastKubeletWrite(pod: unknown): Instant | null {
  let last: Instant | null = null;
  for (const entry of arrayAt(pod, 'metadata', 'managedFields')) {
    const at = textAt(entry, 'manager') === 'kubelet' ? timeAt(entry, 'time') : null;
    if (at !== null) last = Math.max(last ?? 0, at);
  }
  return last;
}

/** An `Evicted` v1.Event of a pod as evidence, with the pod's uid; null for any other event. */
export function evidenceFromKube(event: unknown): { readonly uid: string; readonly evidence: EvictionEvidence } | null {
  if (textAt(event, 'reason') !== 'Evicted' || textAt(event, 'involvedObject', 'kind') !== 'Pod') return null;
  const annotations = objectAt(event, 'metadata', 'annotations');
  const at = timeAt(event, 'firstTimestamp') ?? timeAt(event, 'eventTime') ?? timeAt(event, 'lastTimestamp');
  return {
    uid: textAt(event, 'involvedObject', 'uid'),
    evidence: {
      at,
      message: textAt(event, 'message'),
      resource: textAt(annotations, 'starved_resource'),
      containers: textAt(annotations, 'offending_containers'),
      usage: textAt(annotations, 'offending_containers_usage'),
    },
  };
}

/** An `Evicted` v1.Event with the pod it is about; null for any other event. */
export function evictedEventFromKube(event: unknown): EvictedEvent | null {
  const found = evidenceFromKube(event);
  if (found === null) return null;
  return {
    ...found,
    namespace: textAt(event, 'involvedObject', 'namespace'),
    name: textAt(event, 'involvedObject', 'name'),
    node: textAt(event, 'source', 'host') || textAt(event, 'reportingInstance'),
  };
}

/** Whether finalizers keep an object that is being deleted. */
export function isHeld(object: unknown): boolean {
  return arrayAt(object, 'metadata', 'finalizers').length > 0;
}

/** Whether an answer is an object of the API at all, and not what something on the way says in its place. */
export function isApiObject(answer: unknown): boolean {
  return textAt(answer, 'kind') !== '' && textAt(answer, 'apiVersion') !== '';
}
