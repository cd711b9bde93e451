import { timestamp } from '../json.ts';
import { type DiskLevel, type Measurement, measure, type PodUsage, podOnDisk, podUsage } from './measure.ts';
import { hashText } from './noise.ts';
import type { ContainerUsage } from './spec.ts';
import { type KubeletState, measureInput, type RunningPod } from './state.ts';

const PRESSURE_STALL = { total: 0, avg10: 0, avg60: 0, avg300: 0 };
const STALL = { psi: { full: PRESSURE_STALL, some: PRESSURE_STALL } };

/** What every part of the answer needs. */
interface Context {
  readonly state: KubeletState;
  readonly measured: Measurement;
  readonly time: string;
}

/** `psi` and `swap` as far as the release reports them; Windows reports neither. */
function extras({ state, time }: Context): { readonly stall: object; readonly io: object; readonly swap: object } {
  const { features } = state.armed;
  const linux = state.spec.os === 'linux';
  return {
    stall: linux && features.psiStats ? STALL : {},
    io: linux && features.psiStats ? { io: { time, ...STALL } } : {},
    swap: linux && features.swapStats ? { swap: { time, swapUsageBytes: 0 } } : {},
  };
}

function cpu(context: Context, seed: string): object {
  const seconds = Math.max(1, (context.measured.atMs - context.state.startedAtMs) / 1000);
  const nanoCores = hashText(seed) % 40_000_000;
  return {
    time: context.time,
    usageNanoCores: nanoCores,
    usageCoreNanoSeconds: Math.round(nanoCores * seconds),
    ...extras(context).stall,
  };
}

function memory(context: Context, workingSet: number, rss: number, available: number | null): object {
  return {
    time: context.time,
    ...(available === null ? {} : { availableBytes: available }),
    usageBytes: workingSet,
    workingSetBytes: workingSet,
    rssBytes: context.state.spec.os === 'windows' ? 0 : rss,
    pageFaults: 0,
    majorPageFaults: 0,
    ...extras(context).stall,
  };
}

function fs(context: Context, level: DiskLevel | undefined, used: { bytes: number; inodes: number } | null): object {
  if (level === undefined) return { time: context.time };
  const inodes =
    level.inodes === null || level.inodesFree === null
      ? {}
      : {
          inodesFree: level.inodesFree,
          inodes: level.inodes,
          inodesUsed: used?.inodes ?? level.inodes - level.inodesFree,
        };
  return {
    time: context.time,
    availableBytes: level.freeBytes,
    capacityBytes: level.capacityBytes,
    usedBytes: used?.bytes ?? level.usedBytes,
    ...inodes,
  };
}

function containerStats(
  context: Context,
  pod: PodUsage,
  usage: { readonly name: string } & ContainerUsage,
  startTime: string,
): object {
  const { filesystems } = context.state.spec;
  const { disks } = context.measured;
  const { io, swap } = extras(context);
  return {
    name: usage.name,
    startTime,
    cpu: cpu(context, `${pod.pod.uid}/${usage.name}`),
    memory: memory(context, usage.memoryBytes, usage.rssBytes, null),
    ...io,
    rootfs: fs(context, disks.get(filesystems.containerfs), { bytes: usage.rootfsBytes, inodes: usage.rootfsInodes }),
    logs: fs(context, disks.get(filesystems.nodefs), { bytes: usage.logsBytes, inodes: usage.logsInodes }),
    ...swap,
  };
}

function podStats(context: Context, running: RunningPod): object {
  const { state, measured } = context;
  const usage = podUsage(running.pod, measured.atMs - running.usageFromMs);
  const startTime = timestamp(running.startedAtMs);
  const nodefs = measured.disks.get(state.spec.filesystems.nodefs);
  const layers = podOnDisk(usage, 'layers');
  const kubelet = podOnDisk(usage, 'kubelet');
  const total = { bytes: layers.bytes + kubelet.bytes, inodes: layers.inodes + kubelet.inodes };
  const { io, swap } = extras(context);
  const volumes = usage.volumes.map(({ volume, bytes, inodes }) => ({
    ...fs(context, nodefs, { bytes, inodes }),
    name: volume.name,
  }));
  return {
    podRef: { name: running.pod.name, namespace: running.pod.namespace, uid: running.pod.uid },
    startTime,
    containers: usage.containers.map(container => containerStats(context, usage, container, startTime)),
    cpu: cpu(context, running.pod.uid),
    memory: memory(context, usage.memoryBytes, usage.rssBytes, null),
    ...io,
    network: network(context, running.pod.uid),
    ...(volumes.length > 0 ? { volume: volumes } : {}),
    'ephemeral-storage': fs(context, nodefs, total),
    process_stats: { process_count: usage.processes },
    ...swap,
  };
}

function network({ measured, time }: Context, seed: string): object {
  const rxBytes = (hashText(seed) % 1_000_000) + (Math.trunc(measured.atMs / 1000) % 1_000_000);
  const counters = { rxBytes, rxErrors: 0, txBytes: rxBytes >> 1, txErrors: 0 };
  return { time, name: 'eth0', ...counters, interfaces: [{ name: 'eth0', ...counters }] };
}

function systemContainers(context: Context): object[] {
  const { state, measured, time } = context;
  const { podMemory } = measured;
  const startTime = timestamp(state.startedAtMs);
  const { io, swap } = extras(context);
  const pods = {
    name: 'pods',
    startTime,
    cpu: cpu(context, 'pods'),
    memory: memory(context, podMemory.workingSetBytes, podMemory.rssBytes, podMemory.availableBytes),
    ...io,
    ...swap,
  };
  if (state.spec.os !== 'windows' || !state.armed.features.windowsCommitMemory) return [pods];
  // Windows promises memory against the page file, too: the commit limit is what eviction compares.
  const { availableBytes, workingSetBytes } = measured.memory;
  const commit = { time, availableBytes, usageBytes: workingSetBytes };
  return [pods, { name: 'windows-global-commit-memory', startTime, memory: commit }];
}

function runtimeStats(context: Context): object {
  const { state, measured } = context;
  const { filesystems, imageBytes } = state.spec;
  const imageUsed = imageBytes + state.reclaimable.unusedImageBytes;
  const used = { bytes: imageUsed, inodes: Math.max(1, Math.trunc(imageUsed / 65_536)) };
  const imageFs = fs(context, measured.disks.get(filesystems.imagefs), used);
  if (!state.armed.features.containerFs) return { imageFs };
  const layers = measured.pods.reduce((sum, pod) => sum + podOnDisk(pod, 'layers').bytes, 0);
  const split = filesystems.imagefs !== filesystems.containerfs;
  const containerUsed = split ? { bytes: layers, inodes: 1 } : used;
  return { imageFs, containerFs: fs(context, measured.disks.get(filesystems.containerfs), containerUsed) };
}

/**
 * The body of `GET /stats/summary`: the figures of the kubelet's last look at its signals, so that they agree with the
 * conditions. Before the first look: of the given moment.
 */
export function statsBody(state: KubeletState, nowMs: number): string {
  const measured = state.sample ?? measure(measureInput(state), nowMs);
  const context: Context = { state, measured, time: timestamp(measured.atMs) };
  const { spec } = state;
  const { io, swap } = extras(context);
  const node = {
    nodeName: spec.name,
    systemContainers: systemContainers(context),
    startTime: timestamp(state.scriptStartMs - spec.identity.ageMs),
    cpu: cpu(context, spec.name),
    memory: memory(context, measured.memory.workingSetBytes, measured.memory.rssBytes, measured.memory.availableBytes),
    ...io,
    network: network(context, spec.name),
    fs: fs(context, measured.disks.get(spec.filesystems.nodefs), null),
    runtime: runtimeStats(context),
    ...(measured.pids === null
      ? {}
      : { rlimit: { time: context.time, maxpid: measured.pids.max, curproc: measured.pids.current } }),
    ...(Object.keys(swap).length > 0 ? { swap: { time: context.time, swapAvailableBytes: 0, swapUsageBytes: 0 } } : {}),
  };
  const pods = [...state.running.values()].map(running => podStats(context, running));
  return JSON.stringify({ node, pods });
}
