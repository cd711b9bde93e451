import { type JsonObject, objectAt } from './json.ts';

/**
 * What of an object may leave the cluster in a snapshot: a shape of allowed fields. Everything else is dropped, so a field that
 * nobody thought of cannot carry a secret out. `true` keeps scalars (and lists of scalars), a function decides by itself.
 */
type Shape = { readonly [field: string]: Shape | true | readonly [Shape | true] | ((value: unknown) => unknown) };

/** Keeps the allowed fields. A list of a shape is written `[shape]`. */
function keep(value: unknown, shape: Shape): JsonObject {
  const source = objectAt(value);
  const kept: Record<string, unknown> = {};
  for (const [field, rule] of Object.entries(shape)) {
    if (!Object.hasOwn(source, field)) continue;
    const result = keepField(source[field], rule);
    if (result !== undefined) kept[field] = result;
  }
  return kept;
}

function keepField(value: unknown, rule: Shape[string]): unknown {
  if (typeof rule === 'function') return rule(value);
  if (rule === true) return scalar(value);
  if (isList(rule)) {
    const inner = rule[0];
    return Array.isArray(value) ? value.map(item => (inner === true ? scalar(item) : keep(item, inner))) : undefined;
  }
  return keep(value, rule);
}

function isList(rule: Shape[string]): rule is readonly [Shape | true] {
  return Array.isArray(rule);
}

/** A number, boolean, null or text; a list of them; anything deeper is dropped. */
function scalar(value: unknown): unknown {
  if (Array.isArray(value)) return value.every(item => typeof item !== 'object') ? value : undefined;
  return typeof value === 'object' && value !== null ? undefined : value;
}

/** The entries of a map of texts that pass. */
function entriesOf(value: unknown, passes: (key: string, text: string) => boolean): JsonObject {
  const entries = Object.entries(objectAt(value));
  return Object.fromEntries(entries.filter(([key, text]) => typeof text === 'string' && passes(key, text)));
}

/** Amounts, shares and durations (`10%`, `500Mi`, `1m30s`): what does not begin like a number is no amount. */
function amounts(value: unknown): JsonObject {
  return entriesOf(value, (_key, text) => text.length <= 40 && /^[-+]?\.?\d/.test(text));
}

/** The labels that platforms put on nodes; a user's own may mean anything. */
const PLATFORM_LABEL =
  /^([a-z0-9-]+\.)*((kubernetes|k8s|k3s|eksctl|cattle|openshift)\.io|eks\.amazonaws\.com|karpenter\.(sh|k8s\.aws)|cloud\.google\.com|kubernetes\.azure\.com|talos\.dev|bottlerocket\.aws)\//;

function platformLabels(value: unknown): JsonObject {
  return entriesOf(value, key => PLATFORM_LABEL.test(key));
}

/** A node selector as far as it pins a pod to one node. */
function hostSelector(value: unknown): JsonObject {
  return entriesOf(value, key => key === 'kubernetes.io/hostname');
}

/** Of a provider's id only whose it is: the rest names an account's machine. */
function cloudOnly(value: unknown): string | undefined {
  return typeof value === 'string' ? /^[a-z][a-z0-9+.-]{0,30}:\/\//.exec(value)?.[0] : undefined;
}

const METADATA: Shape = {
  name: true,
  namespace: true,
  uid: true,
  resourceVersion: true,
  creationTimestamp: true,
  deletionTimestamp: true,
};

const CONDITION: Shape = {
  type: true,
  status: true,
  reason: true,
  message: true,
  lastTransitionTime: true,
  lastHeartbeatTime: true,
};

const NODE: Shape = {
  apiVersion: true,
  kind: true,
  metadata: { ...METADATA, labels: platformLabels },
  spec: {
    unschedulable: true,
    providerID: cloudOnly,
    taints: [{ key: true, value: true, effect: true, timeAdded: true }],
  },
  status: {
    capacity: amounts,
    allocatable: amounts,
    conditions: [CONDITION],
    nodeInfo: {
      kubeletVersion: true,
      operatingSystem: true,
      architecture: true,
      osImage: true,
      kernelVersion: true,
      containerRuntimeVersion: true,
    },
    images: [{ sizeBytes: true }],
  },
};

const RESOURCES: Shape = { requests: amounts, limits: amounts };
/** No command, no arguments, no environment: only what ranks a pod. */
const CONTAINER: Shape = { name: true, resources: RESOURCES, restartPolicy: true };
const CONTAINER_STATE: Shape = {
  waiting: { reason: true },
  running: { startedAt: true },
  terminated: { reason: true, exitCode: true, signal: true, startedAt: true, finishedAt: true },
};
const CONTAINER_STATUS: Shape = { name: true, restartCount: true, state: CONTAINER_STATE, lastState: CONTAINER_STATE };

const POD: Shape = {
  apiVersion: true,
  kind: true,
  metadata: {
    ...METADATA,
    finalizers: true,
    ownerReferences: [{ apiVersion: true, kind: true, name: true, uid: true, controller: true }],
    managedFields: [{ manager: true, operation: true, time: true, subresource: true }],
    annotations: mirrorOnly,
  },
  spec: {
    nodeName: true,
    priority: true,
    priorityClassName: true,
    restartPolicy: true,
    nodeSelector: hostSelector,
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchFields: [{ key: true, operator: true, values: true }],
              matchExpressions: [{ key: true, operator: true, values: true }],
            },
          ],
        },
      },
    },
    tolerations: [{ key: true, operator: true, value: true, effect: true, tolerationSeconds: true }],
    overhead: amounts,
    resources: RESOURCES,
    containers: [CONTAINER],
    initContainers: [CONTAINER],
    volumes: [{ name: true, emptyDir: { medium: true, sizeLimit: true } }],
  },
  status: {
    phase: true,
    reason: true,
    message: true,
    startTime: true,
    qosClass: true,
    conditions: [CONDITION],
    containerStatuses: [CONTAINER_STATUS],
    initContainerStatuses: [CONTAINER_STATUS],
  },
};

/** Of a pod's annotations only the one that marks a static pod; its value is a hash. */
function mirrorOnly(value: unknown): JsonObject {
  return entriesOf(value, key => key === 'kubernetes.io/config.mirror');
}

const EVICTION_ANNOTATIONS: readonly string[] = [
  'offending_containers',
  'offending_containers_usage',
  'offending_pod',
  'offending_pod_usage',
  'starved_resource',
];

function evictionAnnotations(value: unknown): JsonObject {
  return entriesOf(value, key => EVICTION_ANNOTATIONS.includes(key));
}

const EVENT: Shape = {
  apiVersion: true,
  kind: true,
  metadata: { ...METADATA, annotations: evictionAnnotations },
  involvedObject: { apiVersion: true, kind: true, namespace: true, name: true, uid: true },
  reason: true,
  message: true,
  type: true,
  count: true,
  firstTimestamp: true,
  lastTimestamp: true,
  eventTime: true,
  series: { count: true, lastObservedTime: true },
  source: { component: true, host: true },
  reportingComponent: true,
  reportingInstance: true,
};

const LEASE: Shape = {
  apiVersion: true,
  kind: true,
  metadata: METADATA,
  spec: { holderIdentity: true, leaseDurationSeconds: true, renewTime: true },
};

const CONFIG: Shape = {
  kind: true,
  apiVersion: true,
  evictionHard: amounts,
  evictionSoft: amounts,
  evictionSoftGracePeriod: amounts,
  evictionMinimumReclaim: amounts,
  evictionPressureTransitionPeriod: true,
  evictionMaxPodGracePeriod: true,
  mergeDefaultEvictionSettings: true,
  imageGCHighThresholdPercent: true,
  imageGCLowThresholdPercent: true,
  imageMinimumGCAge: true,
  imageMaximumGCAge: true,
  kernelMemcgNotification: true,
  failCgroupV1: true,
  enforceNodeAllocatable: true,
  kubeReserved: amounts,
  systemReserved: amounts,
  maxPods: true,
  podPidsLimit: true,
  nodeStatusUpdateFrequency: true,
  nodeStatusReportFrequency: true,
  nodeLeaseDurationSeconds: true,
  localStorageCapacityIsolation: true,
};

const MEMORY: Shape = {
  time: true,
  availableBytes: true,
  usageBytes: true,
  workingSetBytes: true,
  rssBytes: true,
};
const FILESYSTEM: Shape = {
  time: true,
  availableBytes: true,
  capacityBytes: true,
  usedBytes: true,
  inodesFree: true,
  inodes: true,
  inodesUsed: true,
};

const STATS: Shape = {
  node: {
    nodeName: true,
    startTime: true,
    systemContainers: [{ name: true, memory: MEMORY }],
    memory: MEMORY,
    fs: FILESYSTEM,
    runtime: { imageFs: FILESYSTEM, containerFs: FILESYSTEM },
    rlimit: { time: true, maxpid: true, curproc: true },
  },
  pods: [
    {
      podRef: { name: true, namespace: true, uid: true },
      startTime: true,
      containers: [{ name: true, memory: MEMORY, rootfs: FILESYSTEM, logs: FILESYSTEM }],
      memory: MEMORY,
      volume: [{ ...FILESYSTEM, name: true, pvcRef: { name: true, namespace: true } }],
      'ephemeral-storage': FILESYSTEM,
      process_stats: { process_count: true },
    },
  ],
};

/** A v1.Node without addresses, ids of the machine, annotations and whatever else is not needed. */
export function redactNode(node: unknown): JsonObject {
  return keep(node, NODE);
}

/** A v1.Pod without environment, commands, images, annotations and volumes' sources. */
export function redactPod(pod: unknown): JsonObject {
  return keep(pod, POD);
}

/** A v1.Event with the kubelet's eviction annotations only. */
export function redactEvent(event: unknown): JsonObject {
  return keep(event, EVENT);
}

/** A Lease. */
export function redactLease(lease: unknown): JsonObject {
  return keep(lease, LEASE);
}

/** A configz answer: the eviction fields, image garbage collection and what thresholds depend on. */
export function redactConfigz(body: unknown): JsonObject {
  return { kubeletconfig: keep(objectAt(body, 'kubeletconfig'), CONFIG) };
}

/** A stats/summary answer: memory, filesystems, processes. */
export function redactStats(body: unknown): JsonObject {
  return keep(body, STATS);
}
