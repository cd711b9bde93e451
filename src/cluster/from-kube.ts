import type {
  EvictedPodFacts,
  EvictionEventFacts,
  FilesystemStats,
  Instant,
  MemoryStats,
  NodeCondition,
  NodeFacts,
  NodeStats,
} from '../eviction/node.ts';
import { amountAt, arrayAt, flagAt, type JsonObject, objectAt, textAt, textMapAt, timeAt } from './json.ts';

/** A v1.Node as our facts. Any field may be missing or of the wrong type. */
export function nodeFromKube(node: unknown): NodeFacts {
  const info = objectAt(node, 'status', 'nodeInfo');
  const labels = textMapAt(node, 'metadata', 'labels');
  return {
    name: textAt(node, 'metadata', 'name'),
    createdAt: timeAt(node, 'metadata', 'creationTimestamp'),
    labels,
    unschedulable: flagAt(node, 'spec', 'unschedulable'),
    conditions: arrayAt(node, 'status', 'conditions').map(conditionFromKube),
    kubeletVersion: textAt(info, 'kubeletVersion'),
    operatingSystem: textAt(info, 'operatingSystem') || (labels.get('kubernetes.io/os') ?? ''),
    architecture: textAt(info, 'architecture') || (labels.get('kubernetes.io/arch') ?? ''),
    osImage: textAt(info, 'osImage'),
    kernelVersion: textAt(info, 'kernelVersion'),
    containerRuntime: textAt(info, 'containerRuntimeVersion'),
    providerId: textAt(node, 'spec', 'providerID'),
  };
}

function conditionFromKube(condition: unknown): NodeCondition {
  const status = textAt(condition, 'status');
  return {
    type: textAt(condition, 'type'),
    // Anything but the two certain answers is, by the API's convention, Unknown.
    status: status === 'True' || status === 'False' ? status : 'Unknown',
    reason: textAt(condition, 'reason'),
    message: textAt(condition, 'message'),
    since: timeAt(condition, 'lastTransitionTime'),
    heartbeat: timeAt(condition, 'lastHeartbeatTime'),
  };
}

/** A coordination.k8s.io/v1 Lease of a node as its name and renewal; null without a time. */
export function leaseFromKube(lease: unknown): { readonly node: string; readonly renewed: Instant } | null {
  const renewed = timeAt(lease, 'spec', 'renewTime');
  return renewed === null ? null : { node: textAt(lease, 'metadata', 'name'), renewed };
}

/** Whether a v1.Pod is an Evicted one: phase Failed and reason Evicted, in any case. */
export function isEvictedPod(pod: unknown): boolean {
  return textAt(pod, 'status', 'phase') === 'Failed' && textAt(pod, 'status', 'reason').toLowerCase() === 'evicted';
}

/** An Evicted v1.Pod as our facts. */
export function evictedPodFromKube(pod: unknown): EvictedPodFacts {
  const controller = arrayAt(pod, 'metadata', 'ownerReferences').find(owner => flagAt(owner, 'controller'));
  return {
    namespace: textAt(pod, 'metadata', 'namespace'),
    name: textAt(pod, 'metadata', 'name'),
    uid: textAt(pod, 'metadata', 'uid'),
    node: textAt(pod, 'spec', 'nodeName'),
    owner: controller === undefined ? null : { kind: textAt(controller, 'kind'), name: textAt(controller, 'name') },
    createdAt: timeAt(pod, 'metadata', 'creationTimestamp'),
    pinned: isPinned(pod),
  };
}

/** Whether the pod's own spec ties it to one node: a host name selector, or a required affinity to one name. */
function isPinned(pod: unknown): boolean {
  if (textAt(objectAt(pod, 'spec', 'nodeSelector'), 'kubernetes.io/hostname') !== '') return true;
  const required = objectAt(pod, 'spec', 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution');
  return arrayAt(required, 'nodeSelectorTerms').some(term => {
    const byName = arrayAt(term, 'matchFields').some(e => textAt(e, 'key') === 'metadata.name');
    const byLabel = arrayAt(term, 'matchExpressions').some(e => textAt(e, 'key') === 'kubernetes.io/hostname');
    return byName || byLabel;
  });
}

/** The DaemonSet controller's sentence about a failed pod, the only place where it names the node. */
const FAILED_DAEMON_POD = /^Found failed daemon pod \S+ on node ([^\s,]+)/;

/** A v1.Event with reason Evicted or FailedDaemonPod; null for any other. */
export function evictionEventFromKube(event: unknown): EvictionEventFacts | null {
  const reason = textAt(event, 'reason');
  if (reason !== 'Evicted' && reason !== 'FailedDaemonPod') return null;
  const object = objectAt(event, 'involvedObject');
  const node =
    reason === 'Evicted'
      ? textAt(event, 'source', 'host') || textAt(event, 'reportingInstance')
      : (FAILED_DAEMON_POD.exec(textAt(event, 'message').slice(0, 1000))?.[1] ?? '');
  const last =
    timeAt(event, 'series', 'lastObservedTime') ??
    timeAt(event, 'lastTimestamp') ??
    timeAt(event, 'eventTime') ??
    timeAt(event, 'metadata', 'creationTimestamp');
  return {
    reason,
    node,
    namespace: textAt(object, 'namespace'),
    name: textAt(object, 'name'),
    uid: textAt(object, 'uid'),
    count: Math.max(1, amountAt(event, 'series', 'count') ?? amountAt(event, 'count') ?? 1),
    first: timeAt(event, 'firstTimestamp') ?? timeAt(event, 'eventTime') ?? last,
    last,
  };
}

/** The node part of a kubelet's stats/summary as our facts. */
export function statsFromKube(summary: unknown): NodeStats {
  const node = objectAt(summary, 'node');
  const system = (name: string): MemoryStats | null => {
    const container = arrayAt(node, 'systemContainers').find(c => textAt(c, 'name') === name);
    return memoryFromKube(objectAt(container, 'memory'));
  };
  const rlimit = objectAt(node, 'rlimit');
  return {
    nodefs: filesystemFromKube(objectAt(node, 'fs')),
    imagefs: filesystemFromKube(objectAt(node, 'runtime', 'imageFs')),
    containerfs: filesystemFromKube(objectAt(node, 'runtime', 'containerFs')),
    memory: memoryFromKube(objectAt(node, 'memory')),
    podsMemory: system('pods'),
    commitMemory: system('windows-global-commit-memory'),
    pids:
      Object.keys(rlimit).length === 0
        ? null
        : {
            max: amountAt(rlimit, 'maxpid'),
            current: amountAt(rlimit, 'curproc'),
            time: timeAt(rlimit, 'time'),
          },
  };
}

function filesystemFromKube(fs: JsonObject): FilesystemStats | null {
  if (Object.keys(fs).length === 0) return null;
  return {
    available: amountAt(fs, 'availableBytes'),
    capacity: amountAt(fs, 'capacityBytes'),
    inodesFree: amountAt(fs, 'inodesFree'),
    inodes: amountAt(fs, 'inodes'),
    time: timeAt(fs, 'time'),
  };
}

function memoryFromKube(memory: JsonObject): MemoryStats | null {
  if (Object.keys(memory).length === 0) return null;
  return {
    available: amountAt(memory, 'availableBytes'),
    workingSet: amountAt(memory, 'workingSetBytes'),
    rss: amountAt(memory, 'rssBytes'),
    usage: amountAt(memory, 'usageBytes'),
    time: timeAt(memory, 'time'),
  };
}
