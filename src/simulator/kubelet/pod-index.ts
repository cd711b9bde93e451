import type { Cluster } from '../cluster.ts';
import { field } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import { textField } from './fields.ts';
import { type KubeletPod, readPod } from './pod.ts';
import type { UsageProfile } from './spec.ts';

/** The pods of the cluster by their controller, kept up to date, and read once each. */
export interface PodIndex {
  /** Pods whose controller has that uid, in the order in which they came. */
  ownedBy(ownerUid: string): readonly KubeObject[];
  /** Pods that no node has yet and that have not ended. */
  unscheduled(): readonly KubeObject[];
  /** How many pods have ended. */
  endedCount(): number;
  /** The pod as a kubelet reads it, with its usage. */
  read(pod: KubeObject): KubeletPod;
  /** Gives one pod a usage of its own. */
  setUsage(uid: string, usage: UsageProfile): void;
  /** Ends the subscription. */
  close(): void;
}

function controllerUid(pod: KubeObject): string {
  return pod.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? '';
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** The phase of a pod; Pending where there is none. */
export function phaseOf(pod: KubeObject): string {
  return textField(field(pod, 'status'), 'phase') ?? 'Pending';
}

/** Whether the pod's phase is final. */
export function isEnded(pod: KubeObject): boolean {
  const phase = phaseOf(pod);
  return phase === 'Failed' || phase === 'Succeeded';
}

/** The node a pod is bound to. */
export function nodeNameOf(pod: KubeObject): string | null {
  return textField(field(pod, 'spec'), 'nodeName');
}

/**
 * Indexes the cluster's pods from now on.
 *
 * @param usageOf what pods of that controller use
 * @param changed called after each change of a pod
 */
export function indexPods(
  cluster: Cluster,
  usageOf: (controllerUid: string, pod: KubeObject) => UsageProfile,
  changed: () => void,
): PodIndex {
  const owners = new Map<string, Map<string, KubeObject>>();
  const loose = new Map<string, KubeObject>();
  const ended = new Set<string>();
  const usages = new Map<string, UsageProfile>();
  const cache = new WeakMap<KubeObject, KubeletPod>();

  const remove = (pod: KubeObject): void => {
    const key = keyOf(pod);
    owners.get(controllerUid(pod))?.delete(key);
    loose.delete(key);
    ended.delete(key);
  };
  const add = (pod: KubeObject): void => {
    const key = keyOf(pod);
    const uid = controllerUid(pod);
    const owned = owners.get(uid) ?? new Map<string, KubeObject>();
    owners.set(uid, owned.set(key, pod));
    if (isEnded(pod)) ended.add(key);
    else ended.delete(key);
    if (nodeNameOf(pod) === null && !isEnded(pod)) loose.set(key, pod);
    else loose.delete(key);
  };

  for (const pod of cluster.list('Pod')) add(pod);
  const close = cluster.onChange(change => {
    if (change.kind !== 'Pod') return;
    if (change.type === 'DELETED') remove(change.object);
    else add(change.object);
    changed();
  });

  return {
    ownedBy: uid => [...(owners.get(uid)?.values() ?? [])],
    unscheduled: () => [...loose.values()],
    endedCount: () => ended.size,
    read: pod => {
      const known = cache.get(pod);
      if (known !== undefined) return known;
      const usage = usages.get(pod.metadata.uid ?? '') ?? usageOf(controllerUid(pod), pod);
      const read = readPod(pod, usage);
      cache.set(pod, read);
      return read;
    },
    setUsage: (uid, usage) => {
      usages.set(uid, usage);
      for (const pod of cluster.list('Pod')) if (pod.metadata.uid === uid) cache.delete(pod);
    },
    close,
  };
}
