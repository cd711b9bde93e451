import { SIGNALS, type Signal } from './signal-names.ts';
import { atLeast, type KubeletVersion } from './version.ts';

export type { Signal } from './signal-names.ts';

/** The word for what runs out, as it stands in eviction messages. */
export type Resource = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

/** The node condition a met threshold raises. */
export type PressureCondition = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';

/** The kubelet's names: its root directory, the images, the containers' writable layers. */
export type Filesystem = 'nodefs' | 'imagefs' | 'containerfs';

/** What is known about a {@link Signal} without looking at a node. */
export interface SignalInfo {
  readonly signal: Signal;
  readonly resource: Resource;
  readonly condition: PressureCondition;
  /** Null for memory and pids. */
  readonly filesystem: Filesystem | null;
  /** What one unit of an amount of this signal is. */
  readonly unit: 'bytes' | 'inodes' | 'pids';
}

/** The operating system of a node as far as the kubelet's defaults depend on it. */
export type NodeOs = 'linux' | 'windows' | 'other';

function memory(signal: Signal): SignalInfo {
  return { signal, resource: 'memory', condition: 'MemoryPressure', filesystem: null, unit: 'bytes' };
}

function bytesOf(filesystem: Filesystem): SignalInfo {
  const signal: Signal = `${filesystem}.available`;
  return { signal, resource: 'ephemeral-storage', condition: 'DiskPressure', filesystem, unit: 'bytes' };
}

function inodesOf(filesystem: Filesystem): SignalInfo {
  const signal: Signal = `${filesystem}.inodesFree`;
  return { signal, resource: 'inodes', condition: 'DiskPressure', filesystem, unit: 'inodes' };
}

const INFO: Readonly<Record<Signal, SignalInfo>> = {
  'memory.available': memory('memory.available'),
  'nodefs.available': bytesOf('nodefs'),
  'nodefs.inodesFree': inodesOf('nodefs'),
  'imagefs.available': bytesOf('imagefs'),
  'imagefs.inodesFree': inodesOf('imagefs'),
  'containerfs.available': bytesOf('containerfs'),
  'containerfs.inodesFree': inodesOf('containerfs'),
  'pid.available': {
    signal: 'pid.available',
    resource: 'pids',
    condition: 'PIDPressure',
    filesystem: null,
    unit: 'pids',
  },
  'allocatableMemory.available': memory('allocatableMemory.available'),
};

const SIGNAL_SET: ReadonlySet<string> = new Set(SIGNALS);

/** Resource, condition, filesystem and unit of a signal. */
export function signalInfo(signal: Signal): SignalInfo {
  return INFO[signal];
}

/** Whether a kubelet of that version knows the signal; `containerfs.*` came with 1.29. Case sensitive, not trimmed. */
export function isSignal(text: string, version: KubeletVersion | null): text is Signal {
  if (!SIGNAL_SET.has(text)) return false;
  return !text.startsWith('containerfs.') || atLeast(version, 29);
}

const DEFAULTS_LINUX: ReadonlyMap<Signal, string> = new Map([
  ['memory.available', '100Mi'],
  ['nodefs.available', '10%'],
  ['nodefs.inodesFree', '5%'],
  ['imagefs.available', '15%'],
  ['imagefs.inodesFree', '5%'],
]);

const DEFAULTS_LINUX_BEFORE_1_30: ReadonlyMap<Signal, string> = new Map(
  [...DEFAULTS_LINUX].filter(([signal]) => signal !== 'imagefs.inodesFree'),
);

const DEFAULTS_OTHER: ReadonlyMap<Signal, string> = new Map([
  ['memory.available', '100Mi'],
  ['nodefs.available', '10%'],
  ['imagefs.available', '15%'],
]);

const DEFAULTS_WINDOWS: ReadonlyMap<Signal, string> = new Map([
  ['memory.available', '500Mi'],
  ['nodefs.available', '10%'],
  ['imagefs.available', '15%'],
]);

/**
 * The `evictionHard` a kubelet of that system and version arms by itself; no other eviction map has defaults.
 * Mirrors `DefaultEvictionHard` of `pkg/kubelet/eviction/defaults_{linux,windows,others}.go`; `imagefs.inodesFree` came
 * with 1.30, the Windows memory value with 1.31.
 */
export function defaultEvictionHard(os: NodeOs, version: KubeletVersion | null): ReadonlyMap<Signal, string> {
  switch (os) {
    case 'linux':
      return atLeast(version, 30) ? DEFAULTS_LINUX : DEFAULTS_LINUX_BEFORE_1_30;
    case 'windows':
      return atLeast(version, 31) ? DEFAULTS_WINDOWS : DEFAULTS_OTHER;
    case 'other':
      return DEFAULTS_OTHER;
  }
}
