import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  evictedPodFromKube,
  evictionEventFromKube,
  isEvictedPod,
  leaseFromKube,
  nodeFromKube,
  statsFromKube,
} from '../../src/cluster/from-kube.ts';
import { fixture } from '../support/fixtures.ts';

const items = (version: 'v1.20' | 'v1.36', name: string): readonly unknown[] =>
  (fixture(version, name) as { readonly items: readonly unknown[] }).items;

describe('recorded objects', () => {
  test('a node', () => {
    expect(nodeFromKube(fixture('v1.36', 'node.json'))).toMatchObject({
      name: 'k136-node1',
      kubeletVersion: 'v1.36.2',
      operatingSystem: 'linux',
      architecture: 'amd64',
      osImage: 'Debian GNU/Linux 12 (bookworm)',
    });
    const disk = nodeFromKube(fixture('v1.36', 'node.json')).conditions.find(c => c.type === 'DiskPressure');
    expect(disk).toMatchObject({ status: 'True', since: Date.parse('2026-11-22T09:33:47Z') });
  });

  test('stats of 1.20 and 1.36; what is not reported is null', () => {
    expect(statsFromKube(fixture('v1.20', 'stats-summary-pressure.json'))).toMatchObject({
      nodefs: { available: 998_850_560, capacity: 1_020_702_720, inodesFree: 65_091, inodes: 65_536 },
      containerfs: null,
      podsMemory: { available: 25_275_670_528, workingSet: 843_776 },
      pids: { max: 32_768, current: 288 },
    });
    expect(statsFromKube(fixture('v1.36', 'stats-summary.json')).containerfs?.capacity).toBe(270_553_174_016);
    const memoryOnly = statsFromKube(fixture('v1.36', 'stats-summary-cpu-memory.json'));
    expect(memoryOnly).toMatchObject({ nodefs: null, imagefs: null, pids: null });
    expect(memoryOnly.memory?.available).toBe(20_835_246_080);
  });

  test.each([
    ['v1.20', 'pods-failed.json'],
    ['v1.20', 'pods-evicted.json'],
    ['v1.36', 'pods-all.json'],
    ['v1.36', 'pods-evicted.json'],
  ] as const)('%s %s: Evicted are exactly those whose phase and reason say so', (version, name) => {
    for (const pod of items(version, name)) {
      const { phase, reason } = (pod as { status: { phase: string; reason?: string } }).status;
      expect(isEvictedPod(pod)).toBe(phase === 'Failed' && reason === 'Evicted');
    }
    expect(items(version, name).some(isEvictedPod)).toBe(true);
  });

  test('the owner is the controller', () => {
    const owned = items('v1.20', 'pods-evicted.json')
      .map(evictedPodFromKube)
      .find(p => p.owner !== null);
    expect(owned?.owner?.kind).toBe('ReplicaSet');
    expect(owned?.node).toBe('k120-node');
  });

  test('Evicted events name their node', () => {
    const events = items('v1.36', 'events.json').flatMap(e => evictionEventFromKube(e) ?? []);
    expect(events.length).toBe(91);
    expect(new Set(events.map(e => e.node))).toEqual(new Set(['k136-node1']));
    expect(events.every(e => e.last !== null && e.count >= 1)).toBe(true);
  });
});

describe('events of the DaemonSet controller', () => {
  const event = (message: string) => ({
    reason: 'FailedDaemonPod',
    message,
    involvedObject: { kind: 'DaemonSet', namespace: 'kube-system', name: 'weave-net', uid: 'u' },
    count: 7,
    firstTimestamp: '2026-11-22T09:00:00Z',
    lastTimestamp: '2026-11-22T09:10:00Z',
  });

  test('name the node in their sentence only', () => {
    const message = 'Found failed daemon pod kube-system/weave-net-x7 on node ubuntu-k8s-3, will try to kill it';
    expect(evictionEventFromKube(event(message))).toEqual({
      reason: 'FailedDaemonPod',
      node: 'ubuntu-k8s-3',
      namespace: 'kube-system',
      name: 'weave-net',
      uid: 'u',
      count: 7,
      first: Date.parse('2026-11-22T09:00:00Z'),
      last: Date.parse('2026-11-22T09:10:00Z'),
    });
  });

  test('another sentence names none', () => {
    expect(evictionEventFromKube(event('something else on node x'))?.node).toBe('');
  });
});

describe('pinned', () => {
  test.each([
    [{}, false],
    [{ nodeSelector: { disk: 'ssd' } }, false],
    [{ nodeSelector: { 'kubernetes.io/hostname': 'a' } }, true],
    [
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }],
            },
          },
        },
      },
      true,
    ],
  ])('%j', (spec, pinned) => {
    expect(evictedPodFromKube({ spec }).pinned).toBe(pinned);
  });
});

test('a lease without a time is none', () => {
  expect(leaseFromKube({ metadata: { name: 'a' } })).toBeNull();
  expect(leaseFromKube({ metadata: { name: 'a' }, spec: { renewTime: '2026-11-22T09:00:00.123456Z' } })?.renewed).toBe(
    Date.parse('2026-11-22T09:00:00.123Z'),
  );
});

test('nothing a server may send breaks a reader', () => {
  const keys = [
    'metadata',
    'status',
    'spec',
    'node',
    'fs',
    'conditions',
    'name',
    'labels',
    '__proto__',
    'constructor',
    'reason',
  ];
  const junk = fc.letrec(tie => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...keys), tie('value')),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  })).value;
  fc.assert(
    fc.property(junk, value => {
      nodeFromKube(value);
      statsFromKube(value);
      leaseFromKube(value);
      evictedPodFromKube(value);
      evictionEventFromKube(value);
      isEvictedPod(value);
    }),
    { numRuns: 2000 },
  );
});
