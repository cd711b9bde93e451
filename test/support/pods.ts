import type { DiskUse, PodFacts, PodUsage } from '../../src/eviction/pod.ts';
import { NOW } from './builders.ts';

/** A running pod of a ReplicaSet on worker-1, without requests, volumes or priority. */
export function podFacts(name: string, change: Partial<PodFacts> = {}): PodFacts {
  return {
    namespace: 'shop',
    name,
    uid: `uid-of-${name}`,
    statsUid: `uid-of-${name}`,
    node: 'worker-1',
    owner: { kind: 'ReplicaSet', name: 'web-5d9c' },
    createdAt: NOW - 7_200_000,
    pinned: false,
    phase: 'Running',
    priority: null,
    priorityClass: '',
    containers: [{ name: 'main', kind: 'regular', requests: {} }],
    podRequests: null,
    overhead: {},
    localVolumes: [{ name: 'data', kind: 'emptyDir' }],
    otherMediaVolumes: [],
    isStatic: false,
    terminating: false,
    ...change,
  };
}

/** What a test says about the use of a pod. */
export interface UsageChange {
  readonly memory?: number;
  readonly processes?: number;
  readonly rootfs?: Partial<DiskUse>;
  readonly logs?: Partial<DiskUse>;
  /** Of its volume `data`. */
  readonly data?: Partial<DiskUse>;
}

/** The kubelet's figures of a pod; what is not said is 0. */
export function podUsage(change: UsageChange = {}): PodUsage {
  const use = (part: Partial<DiskUse> = {}): DiskUse => ({ bytes: 0, inodes: 0, ...part });
  return {
    memory: change.memory ?? 0,
    processes: change.processes ?? 0,
    rootfs: use(change.rootfs),
    logs: use(change.logs),
    volumes: new Map([['data', use(change.data)]]),
  };
}
