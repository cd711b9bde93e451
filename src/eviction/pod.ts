import type { EvictedPodFacts } from './node.ts';
import { atLeast, type KubeletVersion } from './version.ts';

/** The resources whose requests eviction compares usage with. */
export type RequestedResource = 'memory' | 'ephemeral-storage';

/** Amounts by resource, in bytes; a resource that is not named is 0. */
export type Requests = { readonly [resource in RequestedResource]?: number };

/** A container as far as requests go. */
export interface ContainerFacts {
  /** Untrusted text. */
  readonly name: string;
  /** `regular`; `init`: runs before them and ends; `sidecar`: an init container that keeps running. */
  readonly kind: 'regular' | 'init' | 'sidecar';
  readonly requests: Requests;
}

/** A volume of a pod that lies on the node's own disk and counts as the pod's use of it. */
export interface LocalVolume {
  /** Untrusted text. */
  readonly name: string;
  readonly kind: 'emptyDir' | 'hostPath' | 'configMap' | 'gitRepo';
}

/** What the kubelet's eviction manager knows of a pod from the API. Every text is untrusted. */
export interface PodFacts extends EvictedPodFacts {
  /** The uid that the kubelet's figures carry: for a mirror pod that of its static pod. */
  readonly statsUid: string;
  readonly phase: string;
  /** `spec.priority`; null counts as 0. */
  readonly priority: number | null;
  readonly priorityClass: string;
  readonly containers: readonly ContainerFacts[];
  /** `spec.resources.requests`; null: no pod-level resources at all. */
  readonly podRequests: Requests | null;
  /** `spec.overhead`. */
  readonly overhead: Requests;
  /** As kubelets from 1.31 count them; emptyDirs of other media than the default are in {@link otherMediaVolumes}. */
  readonly localVolumes: readonly LocalVolume[];
  /** emptyDirs of huge pages: older kubelets count them, too. */
  readonly otherMediaVolumes: readonly string[];
  /** Made by the node itself: a static pod, seen in the API as its mirror. */
  readonly isStatic: boolean;
  /** Already being deleted. */
  readonly terminating: boolean;
}

/** Bytes and inodes that something takes of a filesystem. */
export interface DiskUse {
  readonly bytes: number;
  readonly inodes: number;
}

/** What a pod uses, as `stats/summary` tells it; what is not reported counts as 0, as in the kubelet. */
export interface PodUsage {
  /** Working set, in bytes. */
  readonly memory: number;
  readonly processes: number;
  /** Writable layers of the containers. */
  readonly rootfs: DiskUse;
  readonly logs: DiskUse;
  /** By volume name; untrusted text. */
  readonly volumes: ReadonlyMap<string, DiskUse>;
}

/** The priority from which a pod is critical (`system-cluster-critical`, `system-node-critical`). */
const CRITICAL_PRIORITY = 2_000_000_000;

/**
 * Why the kubelet passes a pod over when it evicts (`IsCriticalPod`, pkg/kubelet/types/pod_update.go); null: it may be evicted.
 * Such a pod is ranked all the same.
 */
export function neverEvicted(pod: Pick<PodFacts, 'isStatic' | 'priority'>): 'static' | 'critical' | null {
  if (pod.isStatic) return 'static';
  return (pod.priority ?? 0) >= CRITICAL_PRIORITY ? 'critical' : null;
}

/** Whether the kubelet still counts a pod as one of its own (active): it has not come to its end. */
export function isActive(pod: Pick<PodFacts, 'phase'>): boolean {
  return pod.phase !== 'Failed' && pod.phase !== 'Succeeded';
}

/**
 * What a pod requested of a resource, in bytes. Mirrors `GetResourceRequestQuantity` (pkg/api/v1/resource/helpers.go): the sum over
 * its containers, or the largest init container if that is larger, plus the overhead if the sum is not zero. From 1.34 on
 *
 * - sidecars add up with the regular containers, and run beside the init containers that come after them
 * - pod-level resources stand in place of all container requests, and are known for memory only
 *
 * That came with kubernetes#132277, in the 1.34 cycle; 1.20 and 1.36 were read.
 */
export function podRequest(
  pod: Pick<PodFacts, 'containers' | 'podRequests' | 'overhead'>,
  resource: RequestedResource,
  version: KubeletVersion | null,
): number {
  const sum = atLeast(version, 34) ? newRequest(pod, resource) : oldRequest(pod.containers, resource);
  return sum === 0 ? 0 : sum + (pod.overhead[resource] ?? 0);
}

function oldRequest(containers: readonly ContainerFacts[], resource: RequestedResource): number {
  let sum = 0;
  let largest = 0;
  for (const { kind, requests } of containers) {
    const request = requests[resource] ?? 0;
    if (kind === 'regular') sum += request;
    else largest = Math.max(largest, request);
  }
  return Math.max(sum, largest);
}

function newRequest(pod: Pick<PodFacts, 'containers' | 'podRequests'>, resource: RequestedResource): number {
  if (pod.podRequests !== null) return resource === 'memory' ? (pod.podRequests.memory ?? 0) : 0;
  let sum = 0;
  let sidecars = 0;
  let largest = 0;
  for (const { kind, requests } of pod.containers) {
    const request = requests[resource] ?? 0;
    if (kind !== 'init') sum += request;
    if (kind === 'sidecar') sidecars += request;
    // An init container runs beside the sidecars that were started before it.
    if (kind === 'init') largest = Math.max(largest, request + sidecars);
  }
  return Math.max(sum, largest);
}

/** A pod's local volumes that a kubelet of that version counts (`localVolumeNames`, pkg/kubelet/eviction/helpers.go). */
export function localVolumesUse(
  pod: Pick<PodFacts, 'localVolumes' | 'otherMediaVolumes'>,
  usage: PodUsage,
  version: KubeletVersion | null,
): DiskUse {
  const names = pod.localVolumes.map(volume => volume.name);
  // 1.20 leaves out memory only, 1.36 everything but the default medium.
  const counted = atLeast(version, 31) ? names : [...names, ...pod.otherMediaVolumes];
  return addUse(...counted.map(name => usage.volumes.get(name) ?? NOTHING_USED));
}

/** No bytes, no inodes. */
export const NOTHING_USED: DiskUse = { bytes: 0, inodes: 0 };

/** The sum of uses. */
export function addUse(...uses: readonly DiskUse[]): DiskUse {
  return uses.reduce((a, b) => ({ bytes: a.bytes + b.bytes, inodes: a.inodes + b.inodes }), NOTHING_USED);
}
