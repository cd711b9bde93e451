import { field, timestamp } from '../json.ts';
import type { KubeObject, OwnerReference } from '../objects.ts';
import { hashText } from './noise.ts';
import type { UsageProfile } from './spec.ts';

/** A container of a workload's pods. */
export interface ContainerTemplate {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
  /** Volumes of the template that it mounts: name and path. */
  readonly mounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

/** What a workload's pods look like. */
export interface PodTemplate {
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly ContainerTemplate[];
  readonly volumes?: readonly { readonly name: string; readonly sizeLimit?: string; readonly medium?: 'Memory' }[];
  readonly tolerations?: readonly object[];
  /** @default 0 */
  readonly priority?: number;
  readonly priorityClassName?: string;
  /** Pins the pod to a node past the scheduler, as `spec.nodeName` in a template does. */
  readonly nodeName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
  readonly hostNetwork?: boolean;
  /** Seconds. @default 30 */
  readonly terminationGracePeriodSeconds?: number;
}

/** Something that wants pods to exist. */
export interface WorkloadSpec {
  /**
   * - `DaemonSet`: one pod on each of `nodes` (absent: on all); Failed ones are deleted and made again, with back-off
   * - `ReplicaSet`: as many active pods as `replicas`; Failed ones stay behind
   * - `StatefulSet`: pods NAME-0..n-1; Failed ones are deleted and made again under the same name
   * - `Static`: a mirror pod on each of `nodes`
   * - `Bare`: pods that nobody replaces
   */
  readonly kind: 'DaemonSet' | 'ReplicaSet' | 'StatefulSet' | 'Static' | 'Bare';
  readonly namespace: string;
  /** Name of the owner; of a ReplicaSet including the template hash. */
  readonly name: string;
  readonly replicas?: number;
  readonly nodes?: readonly string[];
  readonly template: PodTemplate;
  readonly usage?: UsageProfile;
  /** Age of the pods that exist at the start. Milliseconds. */
  readonly ageMs: number;
  /** Nodes on which its pods run at the start. @default all that it may use */
  readonly startsOn?: readonly string[];
  /** How long the ReplicaSet controller takes to replace a pod. Milliseconds. @default 1000 */
  readonly replaceAfterMs?: number;
}

/** Tolerations that the DaemonSet controller adds (`AddOrUpdateDaemonPodTolerations`). */
const DAEMON_TOLERATIONS: readonly object[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
/** Tolerations that admission adds to every other pod. */
const DEFAULT_TOLERATIONS: readonly object[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
];

/** A uid that the name decides, for owners that are not in the store. */
export function stableUid(text: string): string {
  const part = (salt: number): string => hashText(`${text}#${salt}`).toString(16).padStart(8, '0');
  const hex = part(1) + part(2) + part(3) + part(4);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The uid of a workload's owner object. */
export function ownerUid({ kind, namespace, name }: Pick<WorkloadSpec, 'kind' | 'namespace' | 'name'>): string {
  return stableUid(`${kind}/${namespace}/${name}`);
}

/** The controller that owns the workload's pods; none for bare pods. `node` is a static pod's. */
export function ownerOf(workload: WorkloadSpec, node: string | null): OwnerReference | null {
  if (workload.kind === 'Bare') return null;
  if (workload.kind === 'Static') {
    const name = node ?? '';
    return { apiVersion: 'v1', kind: 'Node', name, uid: stableUid(`Node/${name}`), controller: true };
  }
  const { kind, name } = workload;
  return { apiVersion: 'apps/v1', kind, name, uid: ownerUid(workload), controller: true, blockOwnerDeletion: true };
}

function accessVolume(suffix: string): object {
  return {
    name: `kube-api-access-${suffix}`,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
      defaultMode: 420,
    },
  };
}

function containerSpec(container: ContainerTemplate, suffix: string): object {
  const resources = {
    ...(container.limits === undefined ? {} : { limits: container.limits }),
    ...(container.requests === undefined ? {} : { requests: container.requests }),
  };
  return {
    name: container.name,
    image: container.image,
    ...(container.command === undefined ? {} : { command: container.command }),
    resources,
    volumeMounts: [
      ...(container.mounts ?? []),
      { name: `kube-api-access-${suffix}`, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
  };
}

function volumeSpec({ name, sizeLimit, medium }: { name: string; sizeLimit?: string; medium?: string }): object {
  return {
    name,
    emptyDir: {
      ...(medium === undefined ? {} : { medium }),
      ...(sizeLimit === undefined ? {} : { sizeLimit }),
    },
  };
}

function tolerationsOf(workload: WorkloadSpec): readonly object[] {
  const own = workload.template.tolerations ?? [];
  if (workload.kind === 'Static') return [{ operator: 'Exists', effect: 'NoExecute' }];
  return [...own, ...(workload.kind === 'DaemonSet' ? DAEMON_TOLERATIONS : DEFAULT_TOLERATIONS)];
}

function podSpec(workload: WorkloadSpec, nodeName: string | null, suffix: string): object {
  const { template } = workload;
  const account = template.serviceAccount ?? 'default';
  return {
    volumes: [...(template.volumes ?? []).map(volumeSpec), accessVolume(suffix)],
    containers: template.containers.map(container => containerSpec(container, suffix)),
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: template.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: 'ClusterFirst',
    ...(template.nodeSelector === undefined ? {} : { nodeSelector: template.nodeSelector }),
    serviceAccountName: account,
    serviceAccount: account,
    ...(nodeName === null ? {} : { nodeName }),
    ...(template.hostNetwork === true ? { hostNetwork: true } : {}),
    securityContext: {},
    schedulerName: 'default-scheduler',
    tolerations: tolerationsOf(workload),
    ...(template.priorityClassName === undefined ? {} : { priorityClassName: template.priorityClassName }),
    priority: template.priority ?? 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  };
}

/** `managedFields` of whoever created the pod. */
function creatorFields(spec: object, meta: object, atMs: number): object {
  const containers: [string, object][] = [];
  const listed = field(spec, 'containers');
  for (const container of Array.isArray(listed) ? listed : []) {
    const keys = Object.keys(container ?? {}).map(key => [`f:${key}`, {}] as const);
    containers.push([`k:{"name":"${String(field(container, 'name'))}"}`, { '.': {}, ...Object.fromEntries(keys) }]);
  }
  const names = (value: object): object => Object.fromEntries(Object.keys(value).map(key => [`f:${key}`, {}]));
  return {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'v1',
    time: timestamp(atMs),
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:metadata': names(meta),
      'f:spec': { ...names(spec), 'f:containers': Object.fromEntries(containers) },
    },
  };
}

/** What distinguishes one pod of a workload. */
export interface PodIdentity {
  readonly name: string;
  readonly uid: string;
  readonly nodeName: string | null;
  readonly createdMs: number;
}

/** A new pod of a workload, as the API server stores it: Pending, with everything defaulted. */
export function makePod(workload: WorkloadSpec, { name, uid, nodeName, createdMs }: PodIdentity): KubeObject {
  const owner = ownerOf(workload, nodeName);
  const suffix = stableUid(name).slice(0, 5);
  const spec = podSpec(workload, nodeName, suffix);
  const generated = workload.kind === 'DaemonSet' || workload.kind === 'ReplicaSet';
  const mirror =
    workload.kind === 'Static'
      ? {
          'kubernetes.io/config.hash': uid.replaceAll('-', ''),
          'kubernetes.io/config.mirror': uid.replaceAll('-', ''),
          'kubernetes.io/config.source': 'file',
        }
      : null;
  const meta = {
    ...(generated ? { generateName: `${workload.name}-` } : {}),
    labels: workload.template.labels,
    ...(mirror === null ? {} : { annotations: mirror }),
    ...(owner === null ? {} : { ownerReferences: [owner] }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: workload.namespace,
      uid,
      generation: 1,
      creationTimestamp: timestamp(createdMs),
      ...meta,
      managedFields: [creatorFields(spec, meta, createdMs)],
    },
    spec,
    status: { phase: 'Pending' },
  };
}
