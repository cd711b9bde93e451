import { parseKubeletVersion } from '../../eviction/version.ts';
import type { Cluster } from '../cluster.ts';
import { timestamp } from '../json.ts';
import { kubeletAgent } from '../kubelet/agent.ts';
import { featuresOf } from '../kubelet/features.ts';
import { textField } from '../kubelet/fields.ts';
import { kubeletFields } from '../kubelet/managed-fields.ts';
import { leaseObject, nodeObject } from '../kubelet/node-object.ts';
import type { NodeSpec } from '../kubelet/spec.ts';
import { type KubeletState, startKubelet } from '../kubelet/state.ts';
import { makePod, stableUid, type WorkloadSpec } from '../kubelet/workload.ts';
import type { NodeAgent } from '../node-agent.ts';
import type { KubeObject, ObjectMeta, OwnerReference, PrerenderedObject } from '../objects.ts';
import { type Random, randomUuid, seededRandom } from '../random.ts';
import { DAY, disk, GIB, HOUR, MIB, MINUTE, node, template } from './builders.ts';
import { EVICTED, type Form, LOOK_ALIKES, RUNNING } from './generated-forms.ts';

/** How large a generated cluster is. */
export interface GeneratedOptions {
  readonly nodes: number;
  /** All pods, the evicted ones included. */
  readonly pods: number;
  readonly evicted: number;
  readonly seed: number;
  /** Share of nodes under DiskPressure, 0 to 1. @default 0.02 */
  readonly pressured?: number;
  /** Share of the evicted pods that have look-alikes beside them, as further pods among the running ones. @default 0.05 */
  readonly lookAlikes?: number;
}

/** What {@link loadGenerated} put into the cluster. */
export interface Generated {
  /** By node name. */
  readonly agents: ReadonlyMap<string, NodeAgent>;
  /** Pods with phase Failed and reason Evicted. */
  readonly evicted: number;
  /** Pods that look evicted to a careless reader, and are not. */
  readonly lookAlikes: number;
}

const NAMESPACES = ['shop', 'orders', 'billing', 'media', 'search', 'logging'];
const APPS = ['web', 'api', 'worker', 'cache', 'indexer', 'mailer', 'thumbs', 'ledger'];
function workloadOf(index: number): WorkloadSpec {
  const namespace = NAMESPACES[index % NAMESPACES.length] ?? 'shop';
  const app = APPS[index % APPS.length] ?? 'web';
  return {
    kind: index % 9 === 0 ? 'DaemonSet' : 'ReplicaSet',
    namespace,
    name: `${app}-${index}-7d9c8d6b5f`,
    template: {
      ...template(app, `registry.example/${namespace}/${app}:1.${index % 40}.0`, {
        requests: { cpu: '100m', memory: '128Mi' },
      }),
      labels: {
        app,
        'app.kubernetes.io/name': app,
        'app.kubernetes.io/part-of': namespace,
        'pod-template-hash': '7d9c8d6b5f',
      },
      volumes: [{ name: 'cache', sizeLimit: '1Gi' }],
    },
    ageMs: DAY,
  };
}

/** Of every sixteen workloads one is a Job, one a StatefulSet, and one pods that nobody owns. */
function ownersOf(workload: WorkloadSpec, owners: readonly OwnerReference[]): readonly OwnerReference[] {
  const kind = Number(workload.name.split('-')[1]) % 16;
  if (kind === 3) return [];
  if (kind === 5) return owners.map(owner => ({ ...owner, apiVersion: 'batch/v1', kind: 'Job' }));
  return kind === 7 ? owners.map(owner => ({ ...owner, kind: 'StatefulSet' })) : owners;
}

/** A pod of one workload in one form on one node: everything but its name, uid and time is shared. */
interface Mould {
  readonly tail: Buffer;
  readonly metadata: Omit<ObjectMeta, 'name' | 'uid'>;
  readonly fields: Readonly<Record<string, string>>;
}

function mould(workload: WorkloadSpec, form: Form, host: NodeSpec, atMs: number): Mould {
  const features = featuresOf(parseKubeletVersion(form.kubeletVersion));
  const pod = makePod(workload, {
    name: workload.name,
    uid: stableUid(workload.name),
    nodeName: host.name,
    createdMs: atMs - HOUR,
  });
  const status = form.write(pod, features, atMs, host);
  const { name: _name, uid: _uid, ownerReferences: owners, ...metadata } = pod.metadata;
  const ownerReferences = ownersOf(workload, owners ?? []);
  return {
    tail: Buffer.from(`"spec":${JSON.stringify(pod.spec)},"status":${JSON.stringify(status)}}`),
    metadata: {
      ...metadata,
      ...(ownerReferences.length === 0 ? {} : { ownerReferences }),
      managedFields: [...(metadata.managedFields ?? []), kubeletFields(status, atMs, features)],
    },
    fields: {
      ...form.fields,
      'spec.nodeName': host.name,
      'spec.restartPolicy': 'Always',
      'spec.schedulerName': 'default-scheduler',
      'spec.serviceAccountName': 'default',
      ...podIp(status),
    },
  };
}

function podIp(status: object): Readonly<Record<string, string>> {
  const address = textField(status, 'podIP');
  return address === null ? {} : { 'status.podIP': address };
}

function nodeSpec(index: number, pressured: boolean): NodeSpec {
  const free = pressured ? 9 * GIB : (24 + (index % 40)) * GIB;
  return node({
    name: `node-${String(index).padStart(5, '0')}`,
    disks: [disk('root', 100 * GIB, free)],
    memory: { capacityBytes: 64 * GIB, systemWorkingSetBytes: (20 + (index % 30)) * GIB, systemRssBytes: 16 * GIB },
    reclaimable: { deadContainerBytes: 0, deadContainerInodes: 0, unusedImageBytes: 0, unusedImageInodes: 0 },
    history: pressured ? { pressure: [{ condition: 'DiskPressure', sinceMs: 40 * MINUTE, lastMetMs: 4000 }] } : {},
    imageBytes: 5 * GIB + (index % 17) * 90 * MIB,
    identity: {
      address: `10.${128 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}`,
      labels: { 'topology.kubernetes.io/zone': `zone-${index % 3}`, 'node.kubernetes.io/instance-type': 'm7i.4xlarge' },
    },
  });
}

/** Nodes are read far more often than looked at closely: their kubelets do not move. */
function loadNodes(cluster: Cluster, { nodes, pressured = 0.02 }: GeneratedOptions, nowMs: number) {
  const agents = new Map<string, NodeAgent>();
  const specs: NodeSpec[] = [];
  const objects: KubeObject[] = [];
  const leases: KubeObject[] = [];
  const under = Math.round(nodes * pressured);
  for (let index = 0; index < nodes; index++) {
    const spec = nodeSpec(index, index < under);
    const started = startKubelet(spec, [], nowMs);
    if (!started.ok) throw new Error(`node ${spec.name}: ${started.error}`);
    const state: KubeletState = started.value;
    const object = nodeObject(state, nowMs - (index % 240) * 1000);
    const taint = {
      key: 'node.kubernetes.io/disk-pressure',
      effect: 'NoSchedule',
      timeAdded: timestamp(nowMs - 40 * MINUTE),
    };
    objects.push(index < under ? { ...object, spec: { ...object.spec, taints: [taint] } } : object);
    leases.push(leaseObject(spec, nowMs - (index % 10) * 1000));
    agents.set(
      spec.name,
      kubeletAgent(
        () => state,
        () => cluster.clock.now(),
      ),
    );
    specs.push(spec);
  }
  cluster.load('Node', objects);
  cluster.load('Lease', leases);
  return { agents, specs };
}

interface PodPlan {
  readonly forms: readonly Form[];
  readonly count: number;
  readonly prefix: string;
  /** How old the pods are; each mould has its own age between the two. */
  readonly ageMs: readonly [number, number];
}

function* podsOf(
  plan: PodPlan,
  specs: readonly NodeSpec[],
  nowMs: number,
  random: Random,
): Generator<PrerenderedObject> {
  // Few moulds a node keep a cluster of 150,000 pods in memory.
  const perNode = Math.max(1, Math.ceil(plan.count / Math.max(1, specs.length)));
  const shared = Math.max(1, Math.ceil(perNode / 3));
  let made = 0;
  for (let hostIndex = 0; made < plan.count; hostIndex++) {
    const host = specs[hostIndex % specs.length];
    if (host === undefined) return;
    for (let part = 0; part < 3 && made < plan.count; part++) {
      const form = plan.forms[(hostIndex + part) % plan.forms.length];
      if (form === undefined) return;
      const ageMs = plan.ageMs[0] + random() * (plan.ageMs[1] - plan.ageMs[0]);
      const cast = mould(workloadOf((hostIndex * 3 + part) % 240), form, host, nowMs - ageMs);
      for (let copy = 0; copy < shared && made < plan.count; copy++) {
        made += 1;
        const name = `${cast.metadata.generateName ?? ''}${plan.prefix}${made.toString(36)}`;
        yield { metadata: { ...cast.metadata, name, uid: randomUuid(random) }, tail: cast.tail, fields: cast.fields };
      }
    }
  }
}

/**
 * Fills the cluster with as many nodes and pods as asked for: of the size real ones have, in the forms of 1.20 and 1.36,
 * with look-alikes among them, sharing their rendered JSON. Nothing in it moves.
 */
export function loadGenerated(cluster: Cluster, options: GeneratedOptions): Generated {
  const random = seededRandom(options.seed);
  const nowMs = cluster.clock.now();
  const { agents, specs } = loadNodes(cluster, options, nowMs);
  const evicted = Math.min(options.evicted, options.pods);
  const lookAlikes = Math.min(Math.round(evicted * (options.lookAlikes ?? 0.05)), options.pods - evicted);
  const plans: readonly PodPlan[] = [
    { forms: [RUNNING], count: options.pods - evicted - lookAlikes, prefix: 'r', ageMs: [HOUR, 20 * DAY] },
    { forms: EVICTED, count: evicted, prefix: 'e', ageMs: [5 * MINUTE, 60 * DAY] },
    { forms: LOOK_ALIKES, count: lookAlikes, prefix: 'l', ageMs: [5 * MINUTE, 60 * DAY] },
  ];
  cluster.load('Pod', all(plans, specs, nowMs, random));
  return { agents, evicted, lookAlikes };
}

function* all(
  plans: readonly PodPlan[],
  specs: readonly NodeSpec[],
  nowMs: number,
  random: Random,
): Generator<PrerenderedObject> {
  for (const plan of plans) yield* podsOf(plan, specs, nowMs, random);
}
