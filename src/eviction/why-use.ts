import { addUse, type DiskUse, isActive, localVolumesUse, type PodFacts, type PodUsage } from './pod.ts';
import { partOnDisk } from './rank.ts';
import { type Signal, type SignalInfo, signalInfo } from './signal.ts';
import type { FilesystemLayout } from './threshold.ts';
import type { KubeletVersion } from './version.ts';

/** What one pod takes of the node. */
export interface Consumer {
  readonly pod: PodFacts;
  /** Working set, in bytes. */
  readonly memory: number;
  readonly processes: number;
  readonly rootfs: DiskUse;
  readonly logs: DiskUse;
  /** Local volumes that count for eviction: emptyDir on disk, hostPath, configMap. */
  readonly volumes: DiskUse;
}

/** An image on the node, as the node reports it. */
export interface NodeImage {
  /** Untrusted text. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** The active pods with figures and what they take, the largest first by what a signal measures. */
export function consumers(
  pods: readonly PodFacts[],
  usage: ReadonlyMap<string, PodUsage>,
  signal: Signal | null,
  version: KubeletVersion | null,
): readonly Consumer[] {
  const found = pods.filter(isActive).flatMap((pod): Consumer[] => {
    const figures = usage.get(pod.statsUid);
    if (figures === undefined) return [];
    const { memory, processes, rootfs, logs } = figures;
    return [{ pod, memory, processes, rootfs, logs, volumes: localVolumesUse(pod, figures, version) }];
  });
  const resource = signal === null ? 'ephemeral-storage' : signalInfo(signal).resource;
  return found.toSorted((a, b) => consumption(b, resource) - consumption(a, resource));
}

/** How much of a resource a pod takes, wherever on the node it lies. */
export function consumption(consumer: Consumer, resource: SignalInfo['resource']): number {
  if (resource === 'memory') return consumer.memory;
  if (resource === 'pids') return consumer.processes;
  const all = addUse(consumer.rootfs, consumer.logs, consumer.volumes);
  return resource === 'inodes' ? all.inodes : all.bytes;
}

/** How much of what a signal measures the pods take together: for a disk, what they have on that filesystem. */
export function takenByPods(all: readonly Consumer[], signal: Signal, layout: FilesystemLayout): number {
  const { resource, filesystem } = signalInfo(signal);
  let sum = 0;
  for (const one of all) {
    if (filesystem === null) {
      sum += consumption(one, resource);
    } else {
      const part = partOnDisk(one, filesystem, layout);
      sum += resource === 'inodes' ? part.inodes : part.bytes;
    }
  }
  return sum;
}

/** Whether the images lie on the filesystem of a signal. */
export function holdsImages(signal: Signal, layout: FilesystemLayout): boolean {
  const { filesystem } = signalInfo(signal);
  if (filesystem === null) return false;
  if (layout === 'one-filesystem') return true;
  return layout === 'split' ? filesystem === 'imagefs' : filesystem !== 'nodefs';
}
