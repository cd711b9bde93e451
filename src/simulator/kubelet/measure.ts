import type { Filesystem, Signal } from '../../eviction/signal.ts';
import type { FilesystemLayout } from '../../eviction/threshold.ts';
import { hashText, noiseAt } from './noise.ts';
import { type KubeletPod, type PodVolume, runningContainers } from './pod.ts';
import {
  type ContainerUsage,
  type Growth,
  IDLE_CONTAINER,
  type NodeSpec,
  type ReclaimableSpec,
  type ScriptStep,
  type ScriptTarget,
  type UsageProfile,
} from './spec.ts';

/** Noise of a ramp changes this often, in milliseconds: the kubelet's own sampling period. */
const NOISE_PERIOD_MS = 10_000;

/** What one pod uses at a moment. */
export interface PodUsage {
  readonly pod: KubeletPod;
  readonly containers: readonly ({ readonly name: string } & ContainerUsage)[];
  readonly volumes: readonly { readonly volume: PodVolume; readonly bytes: number; readonly inodes: number }[];
  readonly memoryBytes: number;
  readonly rssBytes: number;
  readonly processes: number;
}

/** A disk at a moment. Inodes are null where the filesystem reports none. */
export interface DiskLevel {
  readonly capacityBytes: number;
  readonly freeBytes: number;
  readonly usedBytes: number;
  readonly inodes: number | null;
  readonly inodesFree: number | null;
}

/** What a signal reads; the threshold's percentage is taken of the capacity. */
export interface Observation {
  readonly available: number;
  readonly capacity: number;
}

/** Everything the kubelet sees of its node at a moment. */
export interface Measurement {
  readonly atMs: number;
  readonly disks: ReadonlyMap<string, DiskLevel>;
  readonly memory: { readonly availableBytes: number; readonly workingSetBytes: number; readonly rssBytes: number };
  /** Memory of all pods against their common limit. */
  readonly podMemory: { readonly availableBytes: number; readonly workingSetBytes: number; readonly rssBytes: number };
  readonly pids: { readonly max: number; readonly current: number } | null;
  readonly pods: readonly PodUsage[];
  /** A signal that is missing cannot be read, and its thresholds are skipped. */
  readonly signals: ReadonlyMap<Signal, Observation>;
}

/** What lies on a disk and belongs to nobody the model knows: found once, when the node starts. */
export type Remainder = ReadonlyMap<string, { readonly bytes: number; readonly inodes: number }>;

/** What {@link measure} needs to know. */
export interface MeasureInput {
  readonly spec: NodeSpec;
  readonly scriptStartMs: number;
  readonly remainder: Remainder;
  readonly reclaimable: ReclaimableSpec;
  /** The pods cgroup's limit: capacity less what is reserved. */
  readonly podLimitBytes: number;
  readonly hasContainerFs: boolean;
  /** Pods that run, with the moment each started. */
  readonly running: readonly { readonly pod: KubeletPod; readonly startedAtMs: number }[];
}

function sameTarget(target: ScriptTarget, wanted: ScriptTarget): boolean {
  if (typeof target === 'string' || typeof wanted === 'string') return target === wanted;
  return target.disk === wanted.disk;
}

function stepAmount(step: ScriptStep, elapsedMs: number, seed: number): { amount: number; inodes: number } {
  if (step.kind === 'mode') return { amount: 0, inodes: 0 };
  if (step.kind === 'jump') {
    const happened = elapsedMs >= step.atMs;
    return { amount: happened ? step.amount : 0, inodes: happened ? (step.inodes ?? 0) : 0 };
  }
  if (elapsedMs < step.fromMs) return { amount: 0, inodes: 0 };
  const seconds = (Math.min(elapsedMs, step.untilMs ?? elapsedMs) - step.fromMs) / 1000;
  const noise = (step.noise ?? 0) * noiseAt(seed, Math.floor(elapsedMs / NOISE_PERIOD_MS));
  return {
    amount: Math.round(step.perSecond * seconds + noise),
    inodes: Math.round((step.inodesPerSecond ?? 0) * seconds),
  };
}

/** How much a node's script has added to a target after that time. Pure: any time, in any order. */
export function scripted(spec: NodeSpec, target: ScriptTarget, elapsedMs: number): { amount: number; inodes: number } {
  const total = { amount: 0, inodes: 0 };
  (spec.script ?? []).forEach((step, index) => {
    if (step.kind === 'mode' || !sameTarget(step.target, target)) return;
    const added = stepAmount(step, elapsedMs, hashText(`${spec.name}/${index}`));
    total.amount += added.amount;
    total.inodes += added.inodes;
  });
  return total;
}

function grown(
  profile: UsageProfile,
  what: Growth['what'],
  of: string,
  seconds: number,
): { bytes: number; inodes: number } {
  const total = { bytes: 0, inodes: 0 };
  for (const growth of profile.growth ?? []) {
    if (growth.what !== what || growth.of !== of) continue;
    total.bytes += Math.min(Math.round(growth.perSecond * seconds), growth.atMost ?? Number.POSITIVE_INFINITY);
    total.inodes += Math.round((growth.inodesPerSecond ?? 0) * seconds);
  }
  return total;
}

function containerUsage(
  profile: UsageProfile,
  name: string,
  seconds: number,
): { readonly name: string } & ContainerUsage {
  const base = { ...IDLE_CONTAINER, ...profile.containers?.find(container => container.name === name) };
  const rootfs = grown(profile, 'rootfs', name, seconds);
  const logs = grown(profile, 'logs', name, seconds);
  const memory = grown(profile, 'memory', name, seconds).bytes;
  return {
    name,
    rootfsBytes: base.rootfsBytes + rootfs.bytes,
    rootfsInodes: base.rootfsInodes + rootfs.inodes,
    logsBytes: base.logsBytes + logs.bytes,
    logsInodes: base.logsInodes + logs.inodes,
    memoryBytes: base.memoryBytes + memory,
    rssBytes: base.rssBytes + memory,
    processes: base.processes + grown(profile, 'processes', name, seconds).bytes,
  };
}

/** What the pod uses `elapsedMs` after its start. */
export function podUsage(pod: KubeletPod, elapsedMs: number): PodUsage {
  const seconds = Math.max(0, elapsedMs) / 1000;
  const containers = runningContainers(pod).map(({ name }) => containerUsage(pod.usage, name, seconds));
  const volumes = pod.volumes.map(volume => {
    const base = pod.usage.volumes?.find(({ name }) => name === volume.name);
    const growth = grown(pod.usage, 'volume', volume.name, seconds);
    return { volume, bytes: (base?.bytes ?? 0) + growth.bytes, inodes: (base?.inodes ?? 1) + growth.inodes };
  });
  const sum = (pick: (usage: ContainerUsage) => number): number => containers.reduce((all, one) => all + pick(one), 0);
  return {
    pod,
    containers,
    volumes,
    memoryBytes: sum(one => one.memoryBytes),
    rssBytes: sum(one => one.rssBytes),
    processes: sum(one => one.processes),
  };
}

/** What one pod keeps on the disk that holds the given part. */
export function podOnDisk(usage: PodUsage, part: 'layers' | 'kubelet'): { bytes: number; inodes: number } {
  const total = { bytes: 0, inodes: 0 };
  for (const container of usage.containers) {
    total.bytes += part === 'layers' ? container.rootfsBytes : container.logsBytes;
    total.inodes += part === 'layers' ? container.rootfsInodes : container.logsInodes;
  }
  if (part === 'layers') return total;
  for (const { volume, bytes, inodes } of usage.volumes) {
    if (volume.kind !== 'disk') continue;
    total.bytes += bytes;
    total.inodes += inodes;
  }
  return total;
}

/** Which filesystems share a disk. A layout that no runtime offers counts as split. */
export function layoutOf({ filesystems }: Pick<NodeSpec, 'filesystems'>): FilesystemLayout {
  if (filesystems.nodefs === filesystems.imagefs) return 'one-filesystem';
  return filesystems.imagefs === filesystems.containerfs ? 'dedicated-imagefs' : 'split';
}

/** What the model can name on a disk: images, dead containers, pods. */
function named(input: Omit<MeasureInput, 'remainder'>, disk: string, pods: readonly PodUsage[]) {
  const { spec, reclaimable } = input;
  const total = { bytes: 0, inodes: 0 };
  const add = (bytes: number, inodes: number): void => {
    total.bytes += bytes;
    total.inodes += inodes;
  };
  if (spec.filesystems.imagefs === disk) {
    add(spec.imageBytes + reclaimable.unusedImageBytes, reclaimable.unusedImageInodes);
  }
  const onLayers = spec.filesystems.containerfs === disk;
  if (onLayers) add(reclaimable.deadContainerBytes, reclaimable.deadContainerInodes);
  for (const pod of pods) {
    const layers = podOnDisk(pod, 'layers');
    const kubelet = podOnDisk(pod, 'kubelet');
    if (onLayers) add(layers.bytes, layers.inodes);
    if (spec.filesystems.nodefs === disk) add(kubelet.bytes, kubelet.inodes);
  }
  return total;
}

function usages(input: Pick<MeasureInput, 'running'>, atMs: number): PodUsage[] {
  return input.running.map(({ pod, startedAtMs }) => podUsage(pod, atMs - startedAtMs));
}

/** Finds what else lies on each disk so that exactly the spec's free space is free at that moment. */
export function remainderOf(input: Omit<MeasureInput, 'remainder'>, atMs: number): Remainder {
  const pods = usages(input, atMs);
  const remainder = new Map<string, { bytes: number; inodes: number }>();
  for (const disk of input.spec.disks) {
    const known = named(input, disk.name, pods);
    const script = scripted(input.spec, { disk: disk.name }, atMs - input.scriptStartMs);
    remainder.set(disk.name, {
      bytes: disk.capacityBytes - disk.freeBytes - known.bytes - script.amount,
      inodes: disk.inodes === null ? 0 : disk.inodes - (disk.inodesFree ?? 0) - known.inodes - script.inodes,
    });
  }
  return remainder;
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(0, value), max);
}

function diskLevels(input: MeasureInput, atMs: number, pods: readonly PodUsage[]): Map<string, DiskLevel> {
  const levels = new Map<string, DiskLevel>();
  for (const disk of input.spec.disks) {
    const known = named(input, disk.name, pods);
    const script = scripted(input.spec, { disk: disk.name }, atMs - input.scriptStartMs);
    const rest = input.remainder.get(disk.name) ?? { bytes: 0, inodes: 0 };
    const freeBytes = clamp(disk.capacityBytes - rest.bytes - known.bytes - script.amount, disk.capacityBytes);
    const inodes = disk.inodes;
    levels.set(disk.name, {
      capacityBytes: disk.capacityBytes,
      freeBytes,
      usedBytes: Math.max(0, disk.capacityBytes - freeBytes - (disk.reservedBytes ?? 0)),
      inodes,
      inodesFree: inodes === null ? null : clamp(inodes - rest.inodes - known.inodes - script.inodes, inodes),
    });
  }
  return levels;
}

function observeDisk(signals: Map<Signal, Observation>, filesystem: Filesystem, level: DiskLevel | undefined): void {
  if (level === undefined) return;
  signals.set(`${filesystem}.available`, { available: level.freeBytes, capacity: level.capacityBytes });
  if (level.inodes === null || level.inodesFree === null) return;
  signals.set(`${filesystem}.inodesFree`, { available: level.inodesFree, capacity: level.inodes });
}

/** What the kubelet sees of its node at that moment (`makeSignalObservations` of the eviction manager). */
export function measure(input: MeasureInput, atMs: number): Measurement {
  const { spec } = input;
  const pods = usages(input, atMs);
  const disks = diskLevels(input, atMs, pods);
  const elapsed = atMs - input.scriptStartMs;
  const podWorkingSet = pods.reduce((sum, pod) => sum + pod.memoryBytes, 0);
  const podRss = pods.reduce((sum, pod) => sum + pod.rssBytes, 0);
  const script = scripted(spec, 'memory', elapsed).amount;
  const workingSetBytes = clamp(spec.memory.systemWorkingSetBytes + script + podWorkingSet, spec.memory.capacityBytes);
  const memory = {
    availableBytes: spec.memory.capacityBytes - workingSetBytes,
    workingSetBytes,
    rssBytes: clamp(spec.memory.systemRssBytes + script + podRss, workingSetBytes),
  };
  const podMemory = {
    availableBytes: Math.max(0, input.podLimitBytes - podWorkingSet),
    workingSetBytes: podWorkingSet,
    rssBytes: podRss,
  };
  const processes = pods.reduce((sum, pod) => sum + pod.processes, 0);
  const pids =
    spec.pids === null
      ? null
      : {
          max: spec.pids.max,
          current: clamp(spec.pids.system + scripted(spec, 'pids', elapsed).amount + processes, spec.pids.max),
        };
  const signals = new Map<Signal, Observation>();
  signals.set('memory.available', { available: memory.availableBytes, capacity: spec.memory.capacityBytes });
  observeDisk(signals, 'nodefs', disks.get(spec.filesystems.nodefs));
  observeDisk(signals, 'imagefs', disks.get(spec.filesystems.imagefs));
  if (input.hasContainerFs) observeDisk(signals, 'containerfs', disks.get(spec.filesystems.containerfs));
  if (pids !== null) signals.set('pid.available', { available: pids.max - pids.current, capacity: pids.max });
  signals.set('allocatableMemory.available', {
    available: podMemory.availableBytes,
    capacity: podMemory.availableBytes + podMemory.workingSetBytes,
  });
  return { atMs, disks, memory, podMemory, pids, pods, signals };
}
