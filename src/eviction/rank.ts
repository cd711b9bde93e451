import type { DiskUse } from './pod.ts';
import { addUse, NOTHING_USED } from './pod.ts';
import { type Signal, type SignalInfo, signalInfo } from './signal.ts';
import type { FilesystemLayout } from './threshold.ts';

/** What a pod uses of what eviction measures, volumes already chosen (see `localVolumesUse`). */
export interface MeasuredUse {
  /** Working set, in bytes. */
  readonly memory: number;
  readonly processes: number;
  readonly rootfs: DiskUse;
  readonly logs: DiskUse;
  readonly volumes: DiskUse;
}

/** What ranks a pod. */
export interface RankFacts {
  /** 0 where none is set. */
  readonly priority: number;
  /** Bytes. */
  readonly memoryRequest: number;
  /** Bytes of ephemeral storage. */
  readonly storageRequest: number;
  /** Null: the kubelet has no figures of this pod. */
  readonly use: MeasuredUse | null;
}

/** The keys that decide a pod's place, in the signal's unit. */
export interface RankKeys {
  /** Without figures: it goes first at the keys that need them. */
  readonly unmeasured: boolean;
  /** Whether it uses more than it requested; always false for pids, which have no requests. */
  readonly over: boolean;
  readonly priority: number;
  /** What counts as its use of the resource; null without figures. */
  readonly usage: number | null;
  /** What is taken off the use for {@link excess}: for inodes it is bytes, a quirk of the kubelet. 0 for pids. */
  readonly request: number;
  /** The last key: larger goes first. Null without figures. */
  readonly excess: number | null;
}

/** A pod in its place. */
export interface Ranked<T> {
  readonly item: T;
  readonly keys: RankKeys;
  /** From 1; pods that no key tells apart share a place, and the kubelet may take them in any order. */
  readonly place: number;
  readonly tied: boolean;
}

/**
 * The parts of a pod that count on the filesystem of a disk signal (`buildSignalToRankFunc`, pkg/kubelet/eviction/helpers.go). In
 * the split layout the image filesystem holds nothing of a pod: every pod counts as zero there.
 */
export function partOnDisk(
  use: Pick<MeasuredUse, 'rootfs' | 'logs' | 'volumes'>,
  filesystem: SignalInfo['filesystem'],
  layout: FilesystemLayout,
): DiskUse {
  const own = addUse(use.logs, use.volumes);
  switch (layout) {
    case 'one-filesystem':
      return addUse(use.rootfs, own);
    case 'dedicated-imagefs':
      return filesystem === 'nodefs' ? own : use.rootfs;
    case 'split':
      return filesystem === 'imagefs' ? NOTHING_USED : addUse(use.rootfs, own);
  }
}

/** The keys of one pod for a signal. */
export function rankKeys(facts: RankFacts, signal: Signal, layout: FilesystemLayout): RankKeys {
  const { resource, filesystem } = signalInfo(signal);
  const { use, priority } = facts;
  const request = requestFor(facts, resource);
  if (use === null) return { unmeasured: true, over: false, priority, usage: null, request, excess: null };
  const measured = { unmeasured: false, priority, request };
  switch (resource) {
    case 'pids':
      return { ...measured, over: false, usage: use.processes, excess: use.processes };
    case 'memory':
      return { ...measured, over: use.memory > request, usage: use.memory, excess: use.memory - request };
    case 'ephemeral-storage': {
      const { bytes } = partOnDisk(use, filesystem, layout);
      return { ...measured, over: bytes > request, usage: bytes, excess: bytes - request };
    }
    case 'inodes': {
      const { inodes } = partOnDisk(use, filesystem, layout);
      // Nobody can request inodes, so one is over; the last key takes off the request of *bytes* all the same.
      return { ...measured, over: inodes > 0, usage: inodes, excess: inodes - request };
    }
  }
}

function requestFor(facts: RankFacts, resource: SignalInfo['resource']): number {
  if (resource === 'pids') return 0;
  return resource === 'memory' ? facts.memoryRequest : facts.storageRequest;
}

type Compare = (a: RankKeys, b: RankKeys) => number;

const byFigures: Compare = (a, b) => Number(b.unmeasured) - Number(a.unmeasured);
const byOver: Compare = (a, b) => byFigures(a, b) || Number(b.over) - Number(a.over);
const byPriority: Compare = (a, b) => a.priority - b.priority;
const byExcess: Compare = (a, b) => byFigures(a, b) || (b.excess ?? 0) - (a.excess ?? 0);

/** The comparisons of a signal; the first difference decides (`rankMemoryPressure`, `rankPIDPressure`, `rankDiskPressureFunc`). */
function comparisons(signal: Signal): readonly Compare[] {
  return signalInfo(signal).resource === 'pids' ? [byPriority, byExcess] : [byOver, byPriority, byExcess];
}

/**
 * Orders pods as the kubelet does when it has to evict for a signal: the first goes first. Pods that are never evicted are ranked
 * like all others; it is for the caller to pass them over. Ties keep the order of the input and share a place.
 */
export function rankForEviction<T extends RankFacts>(
  pods: readonly T[],
  signal: Signal,
  layout: FilesystemLayout,
): readonly Ranked<T>[] {
  const compare: Compare = (a, b) => {
    for (const comparison of comparisons(signal)) {
      const difference = comparison(a, b);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const keyed = pods.map(item => ({ item, keys: rankKeys(item, signal, layout) }));
  keyed.sort((a, b) => compare(a.keys, b.keys));
  let place = 0;
  return keyed.map((one, i) => {
    const before = keyed[i - 1];
    const after = keyed[i + 1];
    const same = (other: typeof before): boolean => other !== undefined && compare(other.keys, one.keys) === 0;
    if (!same(before)) place = i + 1;
    return { ...one, place, tied: same(before) || same(after) };
  });
}
