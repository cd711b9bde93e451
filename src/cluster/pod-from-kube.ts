import {
  addUse,
  type ContainerFacts,
  type DiskUse,
  type LocalVolume,
  NOTHING_USED,
  type PodFacts,
  type PodUsage,
  type RequestedResource,
  type Requests,
} from '../eviction/pod.ts';
import { parseQuantity, quantityNumber } from '../eviction/quantity.ts';
import { evictedPodFromKube } from './from-kube.ts';
import { amountAt, arrayAt, type JsonObject, objectAt, textAt } from './json.ts';
import { own } from './own.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const SOURCE = 'kubernetes.io/config.source';
const HASH = 'kubernetes.io/config.hash';

/** A v1.Pod in any phase as the eviction manager's facts. Any field may be missing or of the wrong type. */
export function podFromKube(pod: unknown): PodFacts {
  const annotations = objectAt(pod, 'metadata', 'annotations');
  const facts = evictedPodFromKube(pod);
  const source = textAt(annotations, SOURCE);
  const isMirror = Object.hasOwn(annotations, MIRROR);
  const priority = own(objectAt(pod, 'spec'), 'priority');
  const resources = objectAt(pod, 'spec', 'resources');
  const isPodLevel = ['requests', 'limits'].some(part => Object.keys(objectAt(resources, part)).some(isPodLevelName));
  return {
    ...facts,
    statsUid: isMirror ? textAt(annotations, HASH) || textAt(annotations, MIRROR) || facts.uid : facts.uid,
    phase: textAt(pod, 'status', 'phase'),
    priority: typeof priority === 'number' && Number.isInteger(priority) ? priority : null,
    priorityClass: textAt(pod, 'spec', 'priorityClassName'),
    containers: [
      ...arrayAt(pod, 'spec', 'initContainers').map(c => containerOf(c, true)),
      ...arrayAt(pod, 'spec', 'containers').map(c => containerOf(c, false)),
    ],
    podRequests: isPodLevel ? requestsOf(objectAt(resources, 'requests')) : null,
    overhead: requestsOf(objectAt(pod, 'spec', 'overhead')),
    ...volumesOf(pod),
    isStatic: isMirror || (source !== '' && source !== 'api'),
    terminating: textAt(pod, 'metadata', 'deletionTimestamp') !== '',
  };
}

/** The resources that can be set for a pod as a whole. */
function isPodLevelName(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

function containerOf(container: unknown, init: boolean): ContainerFacts {
  const sidecar = textAt(container, 'restartPolicy') === 'Always';
  return {
    name: textAt(container, 'name'),
    kind: init ? (sidecar ? 'sidecar' : 'init') : 'regular',
    requests: requestsOf(objectAt(container, 'resources', 'requests')),
  };
}

function requestsOf(list: JsonObject): Requests {
  const found: { [resource in RequestedResource]?: number } = {};
  for (const name of ['memory', 'ephemeral-storage'] as const) {
    const value = own(list, name);
    // The API writes quantities as text; a number is what a careless author wrote.
    const quantity = typeof value === 'string' || typeof value === 'number' ? parseQuantity(String(value)) : null;
    if (quantity?.ok === true) found[name] = quantityNumber(quantity.value);
  }
  return found;
}

function volumesOf(pod: unknown): Pick<PodFacts, 'localVolumes' | 'otherMediaVolumes'> {
  const localVolumes: LocalVolume[] = [];
  const otherMediaVolumes: string[] = [];
  for (const volume of arrayAt(pod, 'spec', 'volumes')) {
    const name = textAt(volume, 'name');
    const kind = (['emptyDir', 'hostPath', 'configMap', 'gitRepo'] as const).find(k => hasObject(volume, k));
    const medium = textAt(volume, 'emptyDir', 'medium');
    if (kind === undefined || medium === 'Memory') continue;
    if (medium === '') localVolumes.push({ name, kind });
    else otherMediaVolumes.push(name);
  }
  return { localVolumes, otherMediaVolumes };
}

/** Whether the key is there with an object, empty or not: most emptyDirs are `{}`. */
function hasObject(parent: unknown, key: string): boolean {
  const value = own(parent, key);
  return typeof value === 'object' && !Array.isArray(value);
}

/** The pods of a kubelet's stats/summary by uid. What is not reported counts as nothing, as the kubelet itself has it. */
export function podUsageFromKube(summary: unknown): ReadonlyMap<string, PodUsage> {
  const found = new Map<string, PodUsage>();
  for (const pod of arrayAt(summary, 'pods')) {
    const uid = textAt(pod, 'podRef', 'uid');
    if (uid === '') continue;
    const containers = arrayAt(pod, 'containers');
    const volumes = arrayAt(pod, 'volume').map(v => [textAt(v, 'name'), useOf(v)] as const);
    found.set(uid, {
      memory: amountAt(pod, 'memory', 'workingSetBytes') ?? 0,
      processes: amountAt(pod, 'process_stats', 'process_count') ?? 0,
      rootfs: addUse(...containers.map(c => useOf(objectAt(c, 'rootfs')))),
      logs: addUse(...containers.map(c => useOf(objectAt(c, 'logs')))),
      volumes: new Map(volumes),
    });
  }
  return found;
}

function useOf(figures: unknown): DiskUse {
  const bytes = amountAt(figures, 'usedBytes');
  const inodes = amountAt(figures, 'inodesUsed');
  return bytes === null && inodes === null ? NOTHING_USED : { bytes: bytes ?? 0, inodes: inodes ?? 0 };
}
