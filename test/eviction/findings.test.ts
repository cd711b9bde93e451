import { describe, expect, test } from 'vitest';
import { assess, assessNode } from '../../src/eviction/assess.ts';
import { FINDING_CODES, type Finding, type FindingCode, type Severity } from '../../src/eviction/findings.ts';
import type { EvictedPodFacts, EvictionEventFacts } from '../../src/eviction/node.ts';
import {
  DEFAULTS,
  FORBIDDEN,
  filesystem,
  GI,
  type InputChange,
  MI,
  map,
  memory,
  NOW,
  nodeInput,
  singleDisk,
  TIMEOUT,
} from '../support/builders.ts';

function findings(change: InputChange): readonly Finding[] {
  return assessNode(nodeInput(change), { now: NOW }).findings;
}

const disk = (available: number) => ({ nodefs: filesystem({ available }) });
const soft = (entries: Record<string, string>, grace = '1m') => ({
  evictionSoft: map(entries),
  evictionSoftGracePeriod: map(Object.fromEntries(Object.keys(entries).map(k => [k, grace]))),
});

function daemonEvent(minutesAgo: number, count: number): EvictionEventFacts {
  const last = NOW - minutesAgo * 60_000;
  return {
    reason: 'FailedDaemonPod',
    node: 'worker-1',
    namespace: 'kube-system',
    name: 'kube-proxy',
    uid: 'ds',
    count,
    first: last - 60_000,
    last,
  };
}

function tombstone(n: number, change: Partial<EvictedPodFacts> = {}): EvictedPodFacts {
  return {
    namespace: 'shop',
    name: `web-${n}`,
    uid: `uid-${n}`,
    node: 'worker-1',
    owner: { kind: 'ReplicaSet', name: 'web' },
    createdAt: NOW - 60_000 - n,
    pinned: false,
    ...change,
  };
}

const three = (change: Partial<EvictedPodFacts> = {}) => ({
  ok: true as const,
  value: [1, 2, 3].map(n => tombstone(n, change)),
});

/** Every code with a world in which it appears, and one close by in which it must not. */
const CASES: readonly (readonly [FindingCode, Severity, InputChange, InputChange])[] = [
  [
    'threshold-wiped',
    'error',
    { config: { evictionHard: map({ 'nodefs.available': '5%' }) } },
    { config: { evictionHard: map({ ...DEFAULTS, 'nodefs.available': '5%' }) } },
  ],
  [
    'eviction-off',
    'error',
    { config: { evictionHard: null } },
    { config: { evictionHard: map({ 'pid.available': '1%' }) } },
  ],
  ['breached', 'error', { stats: disk(1 * GI) }, { stats: disk(12 * GI) }],
  [
    'soft-breached',
    'warning',
    { config: soft({ 'nodefs.available': '20%' }), stats: disk(18 * GI) },
    { config: soft({ 'nodefs.available': '20%' }), stats: disk(21 * GI) },
  ],
  ['near-threshold', 'warning', { stats: disk(12 * GI) }, { stats: disk(60 * GI) }],
  ['recovering', 'info', { node: { pressure: ['DiskPressure'] } }, {}],
  ['single-disk-imagefs-binds', 'info', { stats: singleDisk(filesystem()) }, {}],
  [
    'single-disk-imagefs-binds',
    'warning',
    { stats: singleDisk(filesystem({ available: 17 * GI })) },
    { stats: disk(12 * GI) },
  ],
  [
    'single-disk-imagefs-binds',
    'info',
    { stats: singleDisk(filesystem()) },
    { stats: singleDisk(filesystem()), config: { evictionHard: map({ ...DEFAULTS, 'nodefs.available': '15%' }) } },
  ],
  [
    'gc-after-eviction',
    'warning',
    { config: { evictionHard: map({ ...DEFAULTS, 'imagefs.available': '15.1%' }) } },
    { config: { evictionHard: map({ ...DEFAULTS, 'imagefs.available': '15%' }) } },
  ],
  [
    'gc-after-eviction',
    'warning',
    { config: { evictionHard: map({ ...DEFAULTS, 'imagefs.available': '31Gi' }) } },
    { config: { evictionHard: map({ ...DEFAULTS, 'imagefs.available': '30Gi' }) } },
  ],
  [
    'gc-after-eviction',
    'warning',
    { config: { imageGCHighThresholdPercent: 100 } },
    { config: { imageGCHighThresholdPercent: null } },
  ],
  [
    'soft-below-hard',
    'warning',
    { config: soft({ 'nodefs.available': '10%' }) },
    { config: soft({ 'nodefs.available': '10.1%' }) },
  ],
  [
    'soft-kills-at-once',
    'warning',
    { config: soft({ 'nodefs.available': '20%' }) },
    { config: { ...soft({ 'nodefs.available': '20%' }), evictionMaxPodGracePeriod: 60 } },
  ],
  [
    'soft-kills-at-once',
    'warning',
    { config: { ...soft({ 'nodefs.available': '20%' }), evictionMaxPodGracePeriod: -1 } },
    { config: { evictionMaxPodGracePeriod: -1 } },
  ],
  [
    'min-reclaim-unreachable',
    'error',
    { config: { evictionMinimumReclaim: map({ 'nodefs.available': '91Gi' }) } },
    { config: { evictionMinimumReclaim: map({ 'nodefs.available': '50Gi' }) } },
  ],
  [
    'min-reclaim-unreachable',
    'warning',
    { config: { evictionMinimumReclaim: map({ 'nodefs.available': '86Gi' }) } },
    { config: { evictionMinimumReclaim: map({ 'nodefs.available': '84Gi' }) } },
  ],
  [
    'no-min-reclaim',
    'info',
    { stats: disk(1 * GI) },
    { stats: disk(1 * GI), config: { evictionMinimumReclaim: map({ 'nodefs.available': '1Gi' }) } },
  ],
  [
    'transition-short',
    'warning',
    { config: { evictionPressureTransitionPeriod: '59s' } },
    { config: { evictionPressureTransitionPeriod: '1m0s' } },
  ],
  [
    'memcg-notification-useless',
    'info',
    { config: { kernelMemcgNotification: true }, cgroup: 2 },
    { config: { kernelMemcgNotification: true } },
  ],
  ['memcg-notification-useless', 'info', { cgroup: 1 }, { config: { kernelMemcgNotification: true }, cgroup: 1 }],
  [
    'page-cache',
    'info',
    { node: { pressure: ['MemoryPressure'] }, stats: { memory: memory({ rss: 4 * GI }) } },
    { node: { pressure: ['MemoryPressure'] }, stats: { memory: memory({ rss: 5 * GI }) } },
  ],
  [
    'hot-loop',
    'warning',
    { events: { ok: true, value: [daemonEvent(1, 12)] } },
    { events: { ok: true, value: [daemonEvent(16, 12)] } },
  ],
  ['hot-loop', 'warning', { evicted: three({ pinned: true }) }, { evicted: three() }],
  [
    'hot-loop',
    'warning',
    { evicted: three({ owner: { kind: 'DaemonSet', name: 'd' } }) },
    { evicted: three({ owner: null }) },
  ],
  [
    'hot-loop',
    'warning',
    // The pods came after the pressure (51 minutes old) had begun: they were sent back.
    { node: { pressure: ['DiskPressure'] }, evicted: three() },
    { evicted: three() },
  ],
  ['stale', 'warning', { leaseAgo: 41 }, { leaseAgo: 39 }],
  ['kubelet-unreadable', 'warning', { statsProblem: TIMEOUT }, { statsProblem: FORBIDDEN, configProblem: FORBIDDEN }],
];

describe('findings', () => {
  test.each(CASES)('%s (%s)', (code, severity, present, absent) => {
    const found = findings(present).filter(f => f.code === code);
    expect(found).toHaveLength(1);
    expect(found[0]?.severity).toBe(severity);
    expect(found[0]?.message).not.toBe('');
    expect(found[0]?.remedy).not.toBe('');
    expect(findings(absent).filter(f => f.code === code && f.severity === severity)).toEqual([]);
  });

  test('a healthy node has none', () => {
    expect(findings({})).toEqual([]);
  });

  test('every code of the contract is tested here or below; threshold-above-free is for planned changes', () => {
    const tested = new Set<FindingCode>([...CASES.map(c => c[0]), 'config-drift', 'threshold-above-free']);
    expect(FINDING_CODES.filter(code => !tested.has(code))).toEqual([]);
  });

  test('the most severe come first', () => {
    const weights = findings({ config: { evictionHard: map({ 'nodefs.available': '10%' }) }, stats: disk(1 * GI) }).map(
      f => ['error', 'warning', 'info'].indexOf(f.severity),
    );
    expect(weights).toEqual(weights.toSorted((a, b) => a - b));
    expect(weights.length).toBeGreaterThan(2);
  });
});

describe('what the sentences say', () => {
  test('breached: how much is missing, and of what', () => {
    const [breached] = findings({ stats: { nodefs: filesystem({ capacity: 6_227_702_579, available: 448 * MI }) } });
    expect(breached?.message).toContain('448Mi available, 146Mi short of the hard threshold 10% (594Mi)');
  });

  test('wiped: the remedy is the complete map, what is set included', () => {
    const wiped = findings({ config: { evictionHard: map({ 'nodefs.available': '5%' }) } }).find(
      f => f.code === 'threshold-wiped',
    );
    expect(wiped?.signals).toEqual([
      'memory.available',
      'nodefs.inodesFree',
      'imagefs.available',
      'imagefs.inodesFree',
    ]);
    expect(wiped?.remedy).toContain(
      'memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%',
    );
  });

  test('page cache stays an upper bound', () => {
    const found = findings({
      node: { pressure: ['MemoryPressure'] },
      stats: { memory: memory({ available: 90 * MI, workingSet: 16 * GI, rss: 4 * GI }) },
    }).find(f => f.code === 'page-cache');
    expect(found?.message).toContain('at most 12Gi');
  });

  test('min-reclaim names the amount to reach', () => {
    const found = findings({
      node: { pressure: ['DiskPressure'] },
      config: { evictionMinimumReclaim: map({ 'nodefs.available': '5Gi' }) },
      stats: disk(12 * GI),
    }).find(f => f.code === 'recovering');
    expect(found?.message).toContain(
      'nodefs.available counts as crossed until 15Gi is available (threshold + minimum reclaim), 3Gi more than now',
    );
  });

  test('transition names the period in effect, not the default', () => {
    const found = findings({
      node: { pressure: ['DiskPressure'] },
      config: { evictionPressureTransitionPeriod: '1m30s' },
    }).find(f => f.code === 'recovering');
    expect(found?.message).toContain('at most 90s');
  });

  test('hot loop: who, how often', () => {
    const [found] = findings({ events: { ok: true, value: [daemonEvent(1, 12)] } });
    expect(found?.message).toContain('DaemonSet kube-proxy in kube-system was refused or evicted 12 times');
  });
});

describe('barely recovered', () => {
  test('is near its threshold, too', () => {
    const found = findings({ node: { pressure: ['DiskPressure'] }, stats: disk(11 * GI) });
    expect(found.map(f => f.code)).toEqual(expect.arrayContaining(['near-threshold', 'recovering']));
  });

  test('of several signals the one with the least headroom is told to recover', () => {
    const found = findings({ node: { pressure: ['DiskPressure'] } }).find(f => f.code === 'recovering');
    expect(found?.signals).toEqual(['nodefs.available']);
  });
});

describe('config-drift', () => {
  const node = (name: string, change: InputChange['config'] = {}, labels: Record<string, string> = {}) =>
    nodeInput({ node: { name, labels: map(labels) }, config: change });
  const drifted = (inputs: readonly ReturnType<typeof node>[]) =>
    assess(inputs, { now: NOW }).flatMap(r =>
      r.findings.filter(f => f.code === 'config-drift').map(f => [r.node.name, f.message]),
    );
  const other = { evictionHard: map({ ...DEFAULTS, 'nodefs.available': '5%' }) };

  test('a node that differs from the majority of its group', () => {
    const found = drifted([node('a'), node('b'), node('c', other)]);
    expect(found).toHaveLength(1);
    expect(found[0]?.[0]).toBe('c');
    expect(found[0]?.[1]).toContain('evictionHard nodefs.available 5% (group: 10%)');
  });

  test('two nodes are no majority, and neither is a half', () => {
    expect(drifted([node('a'), node('b', other)])).toEqual([]);
    expect(drifted([node('a'), node('b'), node('c', other), node('d', other)])).toEqual([]);
  });

  test('node pools are compared among themselves', () => {
    const pool = { 'eks.amazonaws.com/nodegroup': 'big' };
    expect(drifted([node('a'), node('b'), node('c'), node('d', other, pool)])).toEqual([]);
    expect(drifted([node('a', {}, pool), node('b', {}, pool), node('d', other, pool)])).toHaveLength(1);
  });

  test('the order of a map makes no difference', () => {
    const reversed = { evictionHard: map(Object.fromEntries(Object.entries(DEFAULTS).toReversed())) };
    expect(drifted([node('a'), node('b'), node('c', reversed)])).toEqual([]);
  });
});

describe('why a condition is True', () => {
  const explanation = (change: InputChange) =>
    assessNode(nodeInput({ ...change, node: { pressure: ['DiskPressure'], ...change.node } }), { now: NOW })
      .explanation;

  test.each<[string, InputChange, RegExp | null]>([
    ['breached: it needs no explanation', { stats: disk(1 * GI) }, null],
    ['recovering', {}, /lifts at most 5m/],
    ['stale', { leaseAgo: 600 }, /may be over: kubelet last heard of 10m ago \(lease\)/],
    ['soft', { config: soft({ 'nodefs.available': '20%' }), stats: disk(18 * GI) }, /by a soft threshold/],
    ['unreadable', { statsProblem: TIMEOUT }, /could not be read/],
    ['nothing armed', { config: { evictionHard: null } }, /reconfigured/],
  ])('%s', (_what, change, expected) => {
    if (expected === null) expect(explanation(change)).toBeNull();
    else expect(explanation(change)).toMatch(expected);
  });
});
