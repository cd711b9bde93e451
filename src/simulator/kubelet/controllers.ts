import type { Cluster } from '../cluster.ts';
import type { KubeObject } from '../objects.ts';
import { type Random, randomSuffix, randomUuid } from '../random.ts';
import type { EventTarget } from './events.ts';
import type { KubeletFeatures } from './features.ts';
import { isEnded, nodeNameOf, type PodIndex } from './pod-index.ts';
import type { EventRecorder } from './recorder.ts';
import { makePod, ownerUid, type WorkloadSpec } from './workload.ts';

/** Back-off of the DaemonSet controller for failed pods, per DaemonSet and node. Milliseconds. */
const BACKOFF = { first: 1000, longest: 900_000 } as const;
const REPLACE_AFTER_MS = 1000;

/** What controllers work with. */
export interface ControllerContext {
  readonly cluster: Cluster;
  readonly pods: PodIndex;
  readonly recorder: EventRecorder;
  readonly random: Random;
  /** Forms of the control plane's release. */
  readonly features: KubeletFeatures;
  readonly nodeNames: () => readonly string[];
}

/** Keeps the workloads' pods in being. */
export interface WorkloadController {
  /**
   * Does what is due.
   *
   * @returns when there is something to do again; infinity: only after a change
   */
  reconcile(nowMs: number): number;
}

interface Backoff {
  delayMs: number;
  lastMs: number;
}

/** The DaemonSet, ReplicaSet and StatefulSet controllers, as far as evicted pods meet them. */
export function workloadController(context: ControllerContext, workloads: readonly WorkloadSpec[]): WorkloadController {
  const backoffs = new Map<string, Backoff>();
  const replaceAt = new Map<WorkloadSpec, number>();

  const record = (workload: WorkloadSpec, nowMs: number, reason: string, message: string): void => {
    if (workload.kind === 'Bare' || workload.kind === 'Static') return;
    const { kind, namespace, name } = workload;
    const target: EventTarget = { kind, namespace, name, uid: ownerUid(workload) };
    const type = reason.startsWith('Failed') || reason.startsWith('Recreating') ? 'Warning' : 'Normal';
    const component = `${kind.toLowerCase()}-controller`;
    context.recorder.record({ atMs: nowMs, type, reason, message, target, component, host: null }, context.features);
  };

  const create = (workload: WorkloadSpec, nowMs: number, nodeName: string | null, fixedName?: string): void => {
    const name = fixedName ?? `${workload.name}-${randomSuffix(context.random)}`;
    const pod = makePod(workload, { name, uid: randomUuid(context.random), nodeName, createdMs: nowMs });
    context.cluster.upsert('Pod', pod);
    record(workload, nowMs, 'SuccessfulCreate', `Created pod: ${name}`);
  };

  const remove = ({ metadata: { name, namespace } }: KubeObject): void => {
    context.cluster.remove('Pod', { name, namespace });
  };

  /** When the next failed pod of that DaemonSet may be deleted on that node; now, and it counts, if it may. */
  const mayDelete = (key: string, nowMs: number): number => {
    const known = backoffs.get(key);
    if (known === undefined || nowMs - known.lastMs > 2 * BACKOFF.longest) {
      backoffs.set(key, { delayMs: BACKOFF.first, lastMs: nowMs });
      return nowMs;
    }
    if (nowMs - known.lastMs < known.delayMs) return known.lastMs + known.delayMs;
    backoffs.set(key, { delayMs: Math.min(known.delayMs * 2, BACKOFF.longest), lastMs: nowMs });
    return nowMs;
  };

  const daemonOnNode = (workload: WorkloadSpec, node: string, pods: readonly KubeObject[], nowMs: number): number => {
    const failed = pods.filter(isEnded);
    for (const pod of failed) {
      const at = mayDelete(`${workload.namespace}/${workload.name}/${node}`, nowMs);
      if (at > nowMs) return at;
      const { namespace, name } = pod.metadata;
      const message = `Found failed daemon pod ${namespace}/${name} on node ${node}, will try to kill it`;
      record(workload, nowMs, 'FailedDaemonPod', message);
      remove(pod);
      record(workload, nowMs, 'SuccessfulDelete', `Deleted pod: ${name}`);
    }
    if (pods.length === failed.length) create(workload, nowMs, node);
    return Number.POSITIVE_INFINITY;
  };

  const daemonSet = (workload: WorkloadSpec, nowMs: number): number => {
    const byNode = new Map<string, KubeObject[]>();
    for (const pod of context.pods.ownedBy(ownerUid(workload))) {
      const node = nodeNameOf(pod) ?? '';
      byNode.set(node, [...(byNode.get(node) ?? []), pod]);
    }
    let next = Number.POSITIVE_INFINITY;
    for (const node of workload.nodes ?? context.nodeNames()) {
      next = Math.min(next, daemonOnNode(workload, node, byNode.get(node) ?? [], nowMs));
    }
    return next;
  };

  const replicaSet = (workload: WorkloadSpec, nowMs: number): number => {
    const pods = context.pods.ownedBy(ownerUid(workload));
    const active = pods.filter(pod => !isEnded(pod) && pod.metadata.deletionTimestamp === undefined).length;
    const missing = (workload.replicas ?? 1) - active;
    if (missing <= 0) {
      replaceAt.delete(workload);
      return Number.POSITIVE_INFINITY;
    }
    const at = replaceAt.get(workload) ?? nowMs + (workload.replaceAfterMs ?? REPLACE_AFTER_MS);
    if (at > nowMs) {
      replaceAt.set(workload, at);
      return at;
    }
    replaceAt.delete(workload);
    for (let count = 0; count < missing; count++) create(workload, nowMs, workload.template.nodeName ?? null);
    return Number.POSITIVE_INFINITY;
  };

  const statefulSet = (workload: WorkloadSpec, nowMs: number): number => {
    const { namespace, name } = workload;
    for (let ordinal = 0; ordinal < (workload.replicas ?? 1); ordinal++) {
      const podName = `${name}-${ordinal}`;
      const pod = context.cluster.get('Pod', { name: podName, namespace });
      if (pod !== undefined && !isEnded(pod)) continue;
      if (pod !== undefined) {
        const message = `StatefulSet ${namespace}/${name} is recreating failed Pod ${podName}`;
        record(workload, nowMs, 'RecreatingFailedPod', message);
        remove(pod);
      }
      create(workload, nowMs, workload.template.nodeName ?? null, podName);
    }
    return Number.POSITIVE_INFINITY;
  };

  const reconcileOne = (workload: WorkloadSpec, nowMs: number): number => {
    switch (workload.kind) {
      case 'DaemonSet':
        return daemonSet(workload, nowMs);
      case 'ReplicaSet':
        return replicaSet(workload, nowMs);
      case 'StatefulSet':
        return statefulSet(workload, nowMs);
      case 'Static':
      case 'Bare':
        return Number.POSITIVE_INFINITY;
    }
  };

  return {
    reconcile: nowMs => {
      let next = Number.POSITIVE_INFINITY;
      for (const workload of workloads) next = Math.min(next, reconcileOne(workload, nowMs));
      return next;
    },
  };
}

/** How often PodGC looks, in milliseconds. */
const POD_GC_PERIOD_MS = 20_000;

/**
 * PodGC: once more pods have ended than the ceiling allows, deletes the surplus, oldest first.
 *
 * @param ceiling `--terminated-pod-gc-threshold`; 0 or less switches it off
 */
export function podGc(context: Pick<ControllerContext, 'cluster' | 'pods'>, ceiling: number): WorkloadController {
  let nextMs = 0;
  return {
    reconcile: nowMs => {
      if (ceiling <= 0) return Number.POSITIVE_INFINITY;
      if (nowMs < nextMs) return nextMs;
      nextMs = nowMs + POD_GC_PERIOD_MS;
      const surplus = context.pods.endedCount() - ceiling;
      if (surplus <= 0) return nextMs;
      const ended = context.cluster.list('Pod').filter(isEnded);
      ended.sort((a, b) => ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1));
      for (const { metadata } of ended.slice(0, surplus)) {
        context.cluster.remove('Pod', { name: metadata.name, namespace: metadata.namespace });
      }
      return nextMs;
    },
  };
}
