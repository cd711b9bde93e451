import { DEFAULT_OWNERS } from './plan.ts';
import type { TombstoneFacts } from './tombstone.ts';

/** Who brings an evicted pod back, and whether its remains may go. Sentences may hold untrusted text. */
export interface Aftermath {
  /** What its owner does about it. */
  readonly recreatedBy: string;
  /** Whether `purge` takes the object without being told to. */
  readonly purgeable: boolean;
  /** Why, or why not. */
  readonly purge: string;
}

/** What controllers do with a pod that the kubelet ended (section h of the domain reference), and what that means for `purge`. */
export function aftermath(pod: Pick<TombstoneFacts, 'owner' | 'mirror' | 'terminating'>): Aftermath {
  const { owner } = pod;
  const recreatedBy = owner === null ? NOBODY : (OWNERS[owner.kind]?.(owner.name) ?? other(owner));
  if (pod.mirror) {
    return { recreatedBy, purgeable: false, purge: 'it is the mirror of a static pod: the kubelet would make it anew' };
  }
  if (pod.terminating) {
    return { recreatedBy, purgeable: false, purge: 'it is being deleted already, and a finalizer holds it' };
  }
  if (owner !== null && !DEFAULT_OWNERS.includes(owner.kind)) {
    return {
      recreatedBy,
      purgeable: false,
      purge: `a ${owner.kind} may still want to read it: purge keeps it unless told to (--include-owner ${owner.kind})`,
    };
  }
  return { recreatedBy, purgeable: true, purge: 'safe to purge: nothing needs the object but who wants to read it' };
}

const NOBODY = 'it has no owner: nobody makes it again';

const OWNERS: Readonly<Record<string, ((name: string) => string) | undefined>> = Object.assign(
  Object.create(null) as Record<string, (name: string) => string>,
  {
    ReplicaSet: (name: string) => replicas('ReplicaSet', name),
    ReplicationController: (name: string) => replicas('ReplicationController', name),
    StatefulSet: (name: string) => `StatefulSet ${name} deletes it and makes it anew under the same name`,
    DaemonSet: (name: string) =>
      `DaemonSet ${name} deletes it and sends another one to the same node, after a back-off of 1s to 15m`,
    Job: (name: string) =>
      `Job ${name} counts it as a failure (backoffLimit) and makes another one while it may; the object stays`,
    Node: () => 'it is the mirror of a static pod: the kubelet makes it anew by itself',
  },
);

function replicas(kind: string, name: string): string {
  return `${kind} ${name} does not count it any more and has made another one; this object stays until somebody deletes it`;
}

function other({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `its owner is ${kind} ${name}, which decides for itself`;
}
