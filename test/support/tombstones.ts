import type { TombstoneFacts } from '../../src/eviction/tombstone.ts';

/** The present of tombstones: 2026-11-23 12:00 UTC. */
export const TOMBSTONE_NOW = Date.UTC(2026, 10, 23, 12);

/** An Evicted pod of a ReplicaSet, created and evicted within the last hours; its eviction ended an hour ago at the latest. */
export function tombstone(change: Partial<TombstoneFacts> = {}): TombstoneFacts {
  const name = change.name ?? 'web-1';
  return {
    namespace: 'shop',
    name,
    uid: `uid-of-${name}`,
    node: 'worker-1',
    owner: { kind: 'ReplicaSet', name: 'web-5d9c' },
    createdAt: TOMBSTONE_NOW - 7_200_000,
    pinned: false,
    resourceVersion: '7',
    phase: 'Failed',
    reason: 'Evicted',
    message: 'The node was low on resource: memory. ',
    disruption: null,
    finishedAt: null,
    kubeletWroteAt: TOMBSTONE_NOW - 3_600_000,
    mirror: false,
    terminating: false,
    ...change,
  };
}
