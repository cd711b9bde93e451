import type { KubeletFeatures } from './features.ts';
import type { KubeletPod } from './pod.ts';

/** What an event is about. */
export type EventTarget =
  | { readonly kind: 'Node'; readonly name: string }
  | {
      readonly kind: 'Pod';
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
      readonly resourceVersion?: string;
      /** `spec.containers{NAME}` */
      readonly fieldPath?: string;
    }
  | {
      readonly kind: 'DaemonSet' | 'ReplicaSet' | 'StatefulSet';
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
    };

/** An event before it is recorded: the recorder counts repetitions. */
export interface EventDraft {
  readonly atMs: number;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly target: EventTarget;
  /** `source.component` and `source.host`. */
  readonly component: string;
  readonly host: string | null;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The pod as an event names it. */
export function podTarget(pod: KubeletPod, container?: string): EventTarget {
  return {
    kind: 'Pod',
    namespace: pod.namespace,
    name: pod.name,
    uid: pod.uid,
    ...(pod.resourceVersion === null ? {} : { resourceVersion: pod.resourceVersion }),
    ...(container === undefined ? {} : { fieldPath: `spec.containers{${container}}` }),
  };
}

/** An event of a kubelet on its node. */
export function nodeEvent(
  atMs: number,
  node: string,
  type: EventDraft['type'],
  reason: string,
  message: string,
): EventDraft {
  return { atMs, type, reason, message, target: { kind: 'Node', name: node }, component: 'kubelet', host: node };
}

/** An event of a kubelet on a pod. */
export function podEvent(
  atMs: number,
  node: string,
  type: EventDraft['type'],
  reason: string,
  message: string,
  target: EventTarget,
): EventDraft {
  return { atMs, type, reason, message, target, component: 'kubelet', host: node };
}

function targetVersion(target: EventTarget): string {
  return target.kind === 'Pod' || target.kind === 'Node' ? 'v1' : 'apps/v1';
}

/** `involvedObject` as that release's recorder writes it. */
export function involvedObject(event: EventDraft, features: KubeletFeatures): object {
  const { target } = event;
  if (target.kind !== 'Node') {
    const { kind, namespace, name, uid } = target;
    const extra = target.kind === 'Pod' ? { resourceVersion: target.resourceVersion, fieldPath: target.fieldPath } : {};
    return { kind, namespace, name, uid, apiVersion: targetVersion(target), ...extra };
  }
  // The kubelet uses the node's name as its uid; the lifecycle controller does, too.
  if (!features.nodeEventWithoutUid) return { kind: 'Node', name: target.name, uid: target.name };
  return { kind: 'Node', name: target.name, apiVersion: 'v1' };
}
