import type { Cluster } from '../cluster.ts';
import { field, timestamp } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import { toleratesTaint } from './admission.ts';
import { podTarget } from './events.ts';
import type { KubeletFeatures } from './features.ts';
import { listField, objectField, textField } from './fields.ts';
import type { KubeletPod } from './pod.ts';
import type { PodIndex } from './pod-index.ts';
import type { EventRecorder } from './recorder.ts';

type Misfit = { readonly kind: 'selector' } | { readonly kind: 'taint'; readonly taint: string };

function misfit(pod: KubeletPod, selector: object, node: KubeObject): Misfit | null {
  const labels = node.metadata.labels ?? {};
  const matches = Object.entries(selector).every(([key, value]) => field(labels, key) === value);
  if (!matches) return { kind: 'selector' };
  for (const taint of listField(field(node, 'spec'), 'taints')) {
    const key = textField(taint, 'key') ?? '';
    const effect = textField(taint, 'effect') ?? '';
    if (effect === 'PreferNoSchedule') continue;
    if (!pod.tolerations.some(one => toleratesTaint(one, key, effect))) return { kind: 'taint', taint: key };
  }
  return null;
}

function explain(misfits: readonly Misfit[], nodes: number): string {
  const reasons = new Map<string, number>();
  for (const one of misfits) {
    const text =
      one.kind === 'selector'
        ? "node(s) didn't match Pod's node affinity/selector"
        : `node(s) had untolerated taint(s) {${one.taint}: }`;
    reasons.set(text, (reasons.get(text) ?? 0) + 1);
  }
  const parts = [...reasons].map(([text, count]) => `${count} ${text}`).sort();
  return `0/${nodes} nodes are available: ${parts.join(', ')}.`;
}

/** A scheduler that knows node selectors and taints, and prefers the node with the fewest pods. */
export function scheduler(cluster: Cluster, pods: PodIndex, recorder: EventRecorder, features: KubeletFeatures) {
  const refuse = (object: KubeObject, pod: KubeletPod, message: string, nowMs: number): void => {
    const { name, namespace } = object.metadata;
    const known = listField(field(object, 'status'), 'conditions').find(
      one => textField(one, 'type') === 'PodScheduled',
    );
    if (textField(known, 'message') === message) return;
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      lastProbeTime: null,
      lastTransitionTime: timestamp(nowMs),
      reason: 'Unschedulable',
      message,
    };
    cluster.patchStatus('Pod', { name, namespace }, { phase: 'Pending', conditions: [condition] });
    const event = {
      atMs: nowMs,
      type: 'Warning',
      reason: 'FailedScheduling',
      message,
      target: podTarget(pod),
    } as const;
    recorder.record({ ...event, component: 'default-scheduler', host: null }, features);
  };

  const place = (object: KubeObject, nodes: readonly KubeObject[], nowMs: number): void => {
    const pod = pods.read(object);
    const selector = objectField(field(object, 'spec'), 'nodeSelector');
    const misfits: Misfit[] = [];
    let best: { readonly name: string; readonly load: number } | null = null;
    for (const node of nodes) {
      const why = misfit(pod, selector, node);
      if (why !== null) {
        misfits.push(why);
        continue;
      }
      const { name } = node.metadata;
      const load = cluster.list('Pod', { nodeName: name }).length;
      if (best === null || load < best.load) best = { name, load };
    }
    if (best === null) refuse(object, pod, explain(misfits, nodes.length), nowMs);
    else {
      const { name, namespace } = object.metadata;
      cluster.patch('Pod', { name, namespace }, { spec: { nodeName: best.name } });
    }
  };

  return {
    /** Binds what can be bound; the others are told why not. */
    reconcile: (nowMs: number): void => {
      const waiting = pods.unscheduled();
      if (waiting.length === 0) return;
      const nodes = cluster.list('Node');
      for (const pod of waiting) place(pod, nodes, nowMs);
    },
  };
}
