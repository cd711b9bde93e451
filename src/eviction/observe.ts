import type { FilesystemStats, Instant, NodeStats } from './node.ts';
import type { Filesystem, NodeOs, Signal } from './signal.ts';
import type { FilesystemLayout } from './threshold.ts';
import { atLeast, type KubeletVersion } from './version.ts';

/** What the kubelet's eviction manager sees of a signal: base units (bytes, inodes, pids). */
export interface Observation {
  readonly available: number;
  /** The capacity that percentages refer to; for memory it is not `status.capacity.memory`. */
  readonly capacity: number;
  /** The kubelet's own sample time. */
  readonly time: Instant | null;
}

/** The kubelet's three kinds of node operating system, as far as eviction cares. */
export function nodeOs(operatingSystem: string): NodeOs {
  if (operatingSystem === 'linux' || operatingSystem === '') return 'linux';
  return operatingSystem === 'windows' ? 'windows' : 'other';
}

/**
 * The signals that a kubelet of this version and OS observes in these figures. A signal with either number missing is not
 * observed: the kubelet skips its threshold. Mirrors `makeSignalObservations` (pkg/kubelet/eviction/helpers.go).
 */
export function observe(
  stats: NodeStats,
  os: NodeOs,
  version: KubeletVersion | null,
): ReadonlyMap<Signal, Observation> {
  const seen = new Map<Signal, Observation>();
  const add = (signal: Signal, available: number | null, capacity: number | null, time: Instant | null): void => {
    if (available !== null && capacity !== null) seen.set(signal, { available, capacity, time });
  };
  const filesystem = (name: Filesystem, fs: FilesystemStats | null): void => {
    if (fs === null) return;
    add(`${name}.available`, fs.available, fs.capacity, fs.time);
    add(`${name}.inodesFree`, fs.inodesFree, fs.inodes, fs.time);
  };

  observeMemory(stats, os, version, add);
  filesystem('nodefs', stats.nodefs);
  // Kubelets before containerfs existed looked at imagefs inodes only beside imagefs bytes.
  if (atLeast(version, 29) || (stats.imagefs?.available ?? null) !== null) filesystem('imagefs', stats.imagefs);
  if (atLeast(version, 29)) filesystem('containerfs', stats.containerfs);
  const pids = stats.pids;
  if (pids !== null && pids.max !== null && pids.current !== null) {
    add('pid.available', pids.max - pids.current, pids.max, pids.time);
  }
  return seen;
}

type Add = (signal: Signal, available: number | null, capacity: number | null, time: Instant | null) => void;

function observeMemory(stats: NodeStats, os: NodeOs, version: KubeletVersion | null, add: Add): void {
  const commit = stats.commitMemory;
  const memory = stats.memory;
  if (os === 'windows' && atLeast(version, 31)) {
    // Windows counts commit memory from 1.31 on; the working set says nothing about the limit there.
    if (commit !== null) add('memory.available', commit.available, sum(commit.available, commit.usage), commit.time);
  } else if (memory !== null) {
    add('memory.available', memory.available, sum(memory.available, memory.workingSet), memory.time);
  }
  const pods = stats.podsMemory;
  if (pods !== null) {
    add('allocatableMemory.available', pods.available, sum(pods.available, pods.workingSet), pods.time);
  }
}

function sum(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

/**
 * Two sets of figures that are, by their numbers, one filesystem: equal capacity and inodes, and available differing by less
 * than 1 % of the capacity (the kubelet samples them seconds apart). The API names no device, so this is an inference.
 */
export function sameFilesystem(a: FilesystemStats | null, b: FilesystemStats | null): boolean {
  if (a === null || b === null || a.capacity === null || b.capacity === null) return false;
  if (a.available === null || b.available === null) return false;
  if (a.capacity !== b.capacity || a.inodes !== b.inodes) return false;
  return Math.abs(a.available - b.available) < Math.max(a.capacity * 0.01, 1);
}

/** The filesystems among nodefs, imagefs and containerfs that are one and the same; null: no figures to tell. */
export interface Filesystems {
  readonly layout: FilesystemLayout;
  /** For each reported filesystem the others that are the same disk. */
  readonly same: ReadonlyMap<Filesystem, readonly Filesystem[]>;
}

/**
 * How a node's filesystems lie on its disks, inferred from their figures. The kubelet compares device names instead
 * (`HasDedicatedImageFs`), once, at its first sync. Null when nodefs or imagefs is not reported.
 */
export function inferFilesystems(stats: NodeStats): Filesystems | null {
  const { nodefs, imagefs, containerfs } = stats;
  if (nodefs === null || imagefs === null || nodefs.capacity === null || imagefs.capacity === null) return null;
  const present: [Filesystem, FilesystemStats][] = [
    ['nodefs', nodefs],
    ['imagefs', imagefs],
  ];
  if (containerfs !== null) present.push(['containerfs', containerfs]);
  const same = new Map<Filesystem, readonly Filesystem[]>();
  for (const [name, fs] of present) {
    const others = present.filter(([other, figures]) => other !== name && sameFilesystem(fs, figures));
    same.set(
      name,
      others.map(([other]) => other),
    );
  }
  return { layout: layoutOf(nodefs, imagefs, containerfs), same };
}

function layoutOf(
  nodefs: FilesystemStats,
  imagefs: FilesystemStats,
  containerfs: FilesystemStats | null,
): FilesystemLayout {
  if (sameFilesystem(nodefs, imagefs)) return 'one-filesystem';
  // The split layout (CRI-O only): images elsewhere, writable layers with nodefs.
  if (sameFilesystem(nodefs, containerfs)) return 'split';
  return 'dedicated-imagefs';
}
