import type { Cluster } from '../cluster.ts';
import { field, timestamp } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import type { KubeletFeatures } from './features.ts';
import { listField, parseTimestamp, textField } from './fields.ts';
import type { EventRecorder } from './recorder.ts';

/** A node whose lease is older than this has stopped reporting. Milliseconds. */
export const NODE_GRACE_MS = 40_000;

const PRESSURE_TAINTS: ReadonlyMap<string, string> = new Map([
  ['MemoryPressure', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'node.kubernetes.io/pid-pressure'],
]);
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const NOT_READY = 'node.kubernetes.io/not-ready';
const MANAGED: ReadonlySet<string> = new Set([...PRESSURE_TAINTS.values(), UNREACHABLE, NOT_READY]);

/** The node lifecycle controller: silence becomes Unknown, and conditions become taints. */
export interface NodeLifecycle {
  /** @returns when the next node would have been silent for too long */
  reconcile(nowMs: number): number;
}

/** The status of one of the node's conditions. */
export function conditionStatus(node: KubeObject, type: string): string | null {
  const condition = listField(field(node, 'status'), 'conditions').find(one => textField(one, 'type') === type);
  return textField(condition, 'status');
}

function wantedTaints(node: KubeObject, others: boolean): { key: string; effect: string }[] {
  const wanted: { key: string; effect: string }[] = [];
  for (const [type, key] of PRESSURE_TAINTS) {
    if (conditionStatus(node, type) === 'True') wanted.push({ key, effect: 'NoSchedule' });
  }
  const ready = conditionStatus(node, 'Ready');
  const key = ready === 'Unknown' ? UNREACHABLE : NOT_READY;
  if (ready === 'True' || ready === null) return wanted;
  wanted.push({ key, effect: 'NoSchedule' });
  // With no healthy node left the controller stops evicting by taint.
  if (others) wanted.push({ key, effect: 'NoExecute' });
  return wanted;
}

function sameTaint(taint: unknown, { key, effect }: { key: string; effect: string }): boolean {
  return textField(taint, 'key') === key && textField(taint, 'effect') === effect;
}

/**
 * @param unwatched names of nodes that the controller does not look at
 */
export function nodeLifecycle(
  cluster: Cluster,
  recorder: EventRecorder,
  features: KubeletFeatures,
  unwatched: ReadonlySet<string>,
): NodeLifecycle {
  const setTaints = (node: KubeObject, nowMs: number, others: boolean): void => {
    const present = listField(field(node, 'spec'), 'taints');
    const wanted = wantedTaints(node, others);
    const kept = present.filter(
      taint => !MANAGED.has(textField(taint, 'key') ?? '') || wanted.some(one => sameTaint(taint, one)),
    );
    const added = wanted.filter(one => !present.some(taint => sameTaint(taint, one)));
    if (added.length === 0 && kept.length === present.length) return;
    const taints = [...kept, ...added.map(taint => ({ ...taint, timeAdded: timestamp(nowMs) }))];
    cluster.patch('Node', { name: node.metadata.name }, { spec: { taints: taints.length === 0 ? null : taints } });
  };

  const setUnknown = (node: KubeObject, atMs: number): void => {
    const conditions = listField(field(node, 'status'), 'conditions').map(condition => ({
      ...Object(condition),
      status: 'Unknown',
      lastTransitionTime: timestamp(atMs),
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    }));
    const { name } = node.metadata;
    cluster.patchStatus('Node', { name }, { conditions });
    const message = `Node ${name} status is now: NodeNotReady`;
    const target = { kind: 'Node', name } as const;
    const event = { atMs, type: 'Normal', reason: 'NodeNotReady', message, target } as const;
    recorder.record({ ...event, component: 'node-controller', host: null }, features);
  };

  const silentSince = (node: KubeObject): number => {
    const { name } = node.metadata;
    const lease = cluster.get('Lease', { name, namespace: 'kube-node-lease' });
    const renewed = parseTimestamp(textField(field(lease, 'spec'), 'renewTime'));
    return renewed ?? parseTimestamp(node.metadata.creationTimestamp ?? null) ?? 0;
  };

  return {
    reconcile: nowMs => {
      let next = Number.POSITIVE_INFINITY;
      const nodes = cluster.list('Node').filter(({ metadata }) => !unwatched.has(metadata.name));
      for (const node of nodes) {
        if (conditionStatus(node, 'Ready') === 'Unknown') continue;
        const due = silentSince(node) + NODE_GRACE_MS;
        if (due > nowMs) next = Math.min(next, due);
        else setUnknown(node, due);
      }
      const healthy = cluster.list('Node').filter(node => conditionStatus(node, 'Ready') === 'True').length;
      for (const node of cluster.list('Node')) {
        if (!unwatched.has(node.metadata.name)) setTaints(node, nowMs, healthy > 0);
      }
      return next;
    },
  };
}
