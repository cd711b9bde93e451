import type { EvictionConfig } from '../../src/eviction/config.ts';
import type {
  FilesystemStats,
  MemoryStats,
  NodeCondition,
  NodeFacts,
  NodeInput,
  NodeStats,
  ReadProblem,
} from '../../src/eviction/node.ts';

/** The present of the tests: 2026-11-23 03:00 UTC. */
export const NOW = Date.UTC(2026, 10, 23, 3, 0, 0);
export const GI = 1024 ** 3;
export const MI = 1024 ** 2;

/** A condition; `ago` seconds since its last transition. */
export function condition(type: string, status: NodeCondition['status'], ago = 3600): NodeCondition {
  return { type, status, reason: '', message: '', since: NOW - ago * 1000, heartbeat: NOW - 10_000 };
}

/** A healthy Linux node of 1.31. */
export function nodeFacts(change: Partial<NodeFacts> & { readonly pressure?: readonly string[] } = {}): NodeFacts {
  const { pressure = [], ...facts } = change;
  const types = ['MemoryPressure', 'DiskPressure', 'PIDPressure'];
  return {
    name: 'worker-1',
    createdAt: NOW - 86_400_000,
    labels: new Map(),
    unschedulable: false,
    conditions: [
      ...types.map(type => condition(type, pressure.includes(type) ? 'True' : 'False', 3060)),
      condition('Ready', 'True'),
    ],
    kubeletVersion: 'v1.31.4',
    operatingSystem: 'linux',
    architecture: 'amd64',
    osImage: 'Debian GNU/Linux 12 (bookworm)',
    kernelVersion: '6.1.0',
    containerRuntime: 'containerd://1.7.0',
    providerId: '',
    ...facts,
  };
}

/** A filesystem of 100 Gi with 60 Gi free. */
export function filesystem(change: Partial<FilesystemStats> = {}): FilesystemStats {
  return { available: 60 * GI, capacity: 100 * GI, inodesFree: 6e6, inodes: 6.5e6, time: NOW - 5000, ...change };
}

/** 16 Gi of memory with 8 Gi available. */
export function memory(change: Partial<MemoryStats> = {}): MemoryStats {
  return { available: 8 * GI, workingSet: 8 * GI, rss: 7 * GI, usage: 10 * GI, time: NOW - 5000, ...change };
}

/** A node with images on a disk of their own, nothing short. */
export function nodeStats(change: Partial<NodeStats> = {}): NodeStats {
  const images = filesystem({ capacity: 200 * GI, available: 150 * GI });
  return {
    nodefs: filesystem(),
    imagefs: images,
    containerfs: images,
    memory: memory(),
    podsMemory: memory({ available: 12 * GI, workingSet: 2 * GI }),
    commitMemory: null,
    pids: { max: 32_768, current: 400, time: NOW - 5000 },
    ...change,
  };
}

/** One filesystem for everything. */
export function singleDisk(disk: FilesystemStats): Pick<NodeStats, 'nodefs' | 'imagefs' | 'containerfs'> {
  return { nodefs: disk, imagefs: disk, containerfs: disk };
}

/** A map of thresholds. */
export function map(entries: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(entries));
}

/** The defaults of Linux from 1.30 on. */
export const DEFAULTS = {
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '15%',
  'imagefs.inodesFree': '5%',
} as const;

/** The default configuration of a kubelet, as configz shows it. */
export function evictionConfig(change: Partial<EvictionConfig> = {}): EvictionConfig {
  return {
    evictionHard: map(DEFAULTS),
    evictionSoft: null,
    evictionSoftGracePeriod: null,
    evictionMinimumReclaim: null,
    evictionPressureTransitionPeriod: '5m0s',
    evictionMaxPodGracePeriod: null,
    imageGCHighThresholdPercent: 85,
    imageGCLowThresholdPercent: 80,
    imageMinimumGCAge: '2m0s',
    imageMaximumGCAge: '0s',
    kernelMemcgNotification: null,
    mergeDefaultEvictionSettings: false,
    failCgroupV1: null,
    enforceNodeAllocatable: ['pods'],
    kubeReserved: null,
    systemReserved: null,
    unreadable: [],
    ...change,
  };
}

/** What a test says about a node; the rest is healthy and readable. */
export interface InputChange {
  readonly node?: Parameters<typeof nodeFacts>[0];
  readonly config?: Partial<EvictionConfig>;
  readonly stats?: Partial<NodeStats>;
  readonly leaseAgo?: number | null;
  readonly configProblem?: ReadProblem;
  readonly statsProblem?: ReadProblem;
  readonly evicted?: NodeInput['evicted'];
  readonly events?: NodeInput['events'];
  readonly cgroup?: 1 | 2;
}

/** All facts of one node. */
export function nodeInput(change: InputChange = {}): NodeInput {
  const lease = change.leaseAgo === undefined ? 5 : change.leaseAgo;
  return {
    node: nodeFacts(change.node),
    lease: { ok: true, value: lease === null ? null : NOW - lease * 1000 },
    config: change.configProblem
      ? { ok: false, problem: change.configProblem }
      : { ok: true, value: evictionConfig(change.config) },
    stats: change.statsProblem
      ? { ok: false, problem: change.statsProblem }
      : { ok: true, value: nodeStats(change.stats) },
    evicted: change.evicted ?? { ok: true, value: [] },
    events: change.events ?? { ok: true, value: [] },
    cgroup: change.cgroup ?? null,
  };
}

/** A kubelet that does not answer. */
export const TIMEOUT: ReadProblem = { reason: 'timeout', message: 'no answer within 5s', remedy: null };
/** A right that is missing. */
export const FORBIDDEN: ReadProblem = { reason: 'forbidden', message: 'no right to get nodes/proxy', remedy: null };
