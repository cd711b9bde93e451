import { parseKubeletVersion } from '../../eviction/version.ts';
import type { Cluster } from '../cluster.ts';
import type { KubeObject } from '../objects.ts';
import { type Random, randomSuffix, randomUuid } from '../random.ts';
import type { PastEvent, Scenario, TombstoneSpec } from '../scenarios/scenario.ts';
import type { EventTarget } from './events.ts';
import { featuresOf, type KubeletFeatures } from './features.ts';
import { withKubeletFields } from './managed-fields.ts';
import { readPod } from './pod.ts';
import { evictedPodStatus, refusedPodStatus, runningPodStatus } from './pod-status.ts';
import type { EventRecorder } from './recorder.ts';
import type { NodeSpec } from './spec.ts';
import { podAddress } from './state.ts';
import { makePod, type WorkloadSpec } from './workload.ts';

/** What {@link populate} works with. */
export interface PopulateContext {
  readonly cluster: Cluster;
  readonly scenario: Scenario;
  readonly random: Random;
  readonly recorder: EventRecorder;
}

function withStatus(pod: KubeObject, status: object, atMs: number, features: KubeletFeatures): KubeObject {
  const managedFields = withKubeletFields(pod.metadata.managedFields ?? [], status, atMs, features);
  return { ...pod, metadata: { ...pod.metadata, managedFields }, status };
}

function nodeFeatures(node: NodeSpec): KubeletFeatures {
  return featuresOf(parseKubeletVersion(node.kubeletVersion));
}

/** The nodes on which a workload's pods run at the start, one entry a pod. */
function placement(workload: WorkloadSpec, scenario: Scenario): readonly NodeSpec[] {
  const wanted = scenario.nodes.filter(
    ({ name }) => (workload.nodes?.includes(name) ?? true) && (workload.startsOn?.includes(name) ?? true),
  );
  if (workload.kind === 'DaemonSet' || workload.kind === 'Static') return wanted;
  const pinned = workload.template.nodeName;
  const choice = pinned === undefined ? wanted : wanted.filter(({ name }) => name === pinned);
  const replicas = workload.replicas ?? 1;
  return Array.from({ length: choice.length === 0 ? 0 : replicas }, (_, index) => choice[index % choice.length]).filter(
    node => node !== undefined,
  );
}

function podName(workload: WorkloadSpec, index: number, node: NodeSpec, random: Random): string {
  switch (workload.kind) {
    case 'StatefulSet':
      return `${workload.name}-${index}`;
    case 'Static':
      return `${workload.name}-${node.name}`;
    case 'Bare':
      return (workload.replicas ?? 1) === 1 ? workload.name : `${workload.name}-${index}`;
    case 'DaemonSet':
    case 'ReplicaSet':
      return `${workload.name}-${randomSuffix(random)}`;
  }
}

function runningPod(workload: WorkloadSpec, node: NodeSpec, name: string, nowMs: number, random: Random): KubeObject {
  const features = nodeFeatures(node);
  const startedAtMs = nowMs - workload.ageMs;
  const uid = randomUuid(random);
  const pod = makePod(workload, { name, uid, nodeName: node.name, createdMs: startedAtMs });
  const place = { hostIp: node.identity.address, podIp: podAddress(node, uid), startedAtMs, features };
  return withStatus(pod, runningPodStatus(readPod(pod), place), startedAtMs, features);
}

function tombstone(
  spec: TombstoneSpec,
  workload: WorkloadSpec,
  node: NodeSpec,
  ageMs: number,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): KubeObject {
  const features = featuresOf(parseKubeletVersion(spec.kubeletVersion ?? node.kubeletVersion));
  const atMs = nowMs - ageMs;
  const uid = randomUuid(random);
  const refused = spec.form === 'refused';
  const startedAtMs = refused ? atMs : atMs - 3_600_000;
  const name = workload.kind === 'Bare' ? workload.name : `${workload.name}-${randomSuffix(random)}`;
  const pod = makePod(workload, { name, uid, nodeName: node.name, createdMs: startedAtMs });
  const read = readPod(pod, workload.usage ?? {});
  if (refused) return withStatus(pod, refusedPodStatus(read, spec.message, atMs, features), atMs, features);
  const nodePressure = spec.form === 'pressure';
  const podIp = nodePressure ? podAddress(node, uid) : null;
  const status = evictedPodStatus(
    read,
    { hostIp: node.identity.address, podIp, startedAtMs, features },
    { message: spec.message, finishedAtMs: atMs, exit: spec.exit ?? 'killed', nodePressure },
  );
  return withStatus(pod, status, atMs, features);
}

function pastTarget(event: PastEvent, cluster: Cluster): EventTarget | null {
  if (event.pod === undefined) return { kind: 'Node', name: event.node };
  const { namespace, name } = event.pod;
  const exact = cluster.get('Pod', { namespace, name });
  const uid = exact?.metadata.uid;
  return { kind: 'Pod', namespace, name, uid: uid ?? '00000000-0000-4000-8000-000000000000' };
}

function loadEvents({ cluster, scenario, recorder }: PopulateContext, nowMs: number): void {
  for (const event of scenario.events ?? []) {
    const target = pastTarget(event, cluster);
    const node = scenario.nodes.find(({ name }) => name === event.node);
    if (target === null || node === undefined) continue;
    const { type, reason, message, annotations } = event;
    recorder.record(
      {
        atMs: nowMs - event.lastMs,
        type,
        reason,
        message,
        target,
        component: 'kubelet',
        host: event.node,
        ...(annotations === undefined ? {} : { annotations }),
      },
      nodeFeatures(node),
      { count: event.count, firstMs: nowMs - event.firstMs },
    );
  }
}

function tombstonesOf(spec: TombstoneSpec, context: PopulateContext, nowMs: number): KubeObject[] {
  const { scenario, random } = context;
  const workload = scenario.workloads.find(({ name, namespace }) => name === spec.of && namespace === spec.namespace);
  const node = scenario.nodes.find(({ name }) => name === spec.node);
  if (workload === undefined || node === undefined) {
    throw new Error(`scenario ${scenario.name}: no workload ${spec.namespace}/${spec.of} or no node ${spec.node}`);
  }
  const span = spec.oldestMs - spec.newestMs;
  return Array.from({ length: spec.count }, (_, index) => {
    const share = spec.count === 1 ? 0 : index / (spec.count - 1);
    return tombstone(spec, workload, node, Math.round(spec.newestMs + span * share), { nowMs, random });
  });
}

/** Puts the scenario's pods and past events into the cluster, as of now. Nodes come from their kubelets. */
export function populate(context: PopulateContext): void {
  const { cluster, scenario, random } = context;
  const nowMs = cluster.clock.now();
  const pods: KubeObject[] = [];
  for (const workload of scenario.workloads) {
    placement(workload, scenario).forEach((node, index) => {
      pods.push(runningPod(workload, node, podName(workload, index, node, random), nowMs, random));
    });
  }
  for (const spec of scenario.tombstones ?? []) pods.push(...tombstonesOf(spec, context, nowMs));
  cluster.load('Pod', pods);
  loadEvents(context, nowMs);
}
