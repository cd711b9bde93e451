import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EvictionEvidence } from '../../src/eviction/decode.ts';
import { evictionOfEvent, evictionOfPod, type ReportedEviction, ReportTally } from '../../src/eviction/report.ts';
import { TOMBSTONE_NOW as NOW, tombstone } from '../support/tombstones.ts';

const HOUR = 3_600_000;

function eviction(n: number, change: Partial<ReportedEviction> = {}): ReportedEviction {
  return {
    uid: `uid-${n}`,
    namespace: 'shop',
    name: `web-${n}`,
    node: 'worker-1',
    owner: { kind: 'ReplicaSet', name: 'web-5d9c' },
    kind: 'pressure',
    resources: ['memory'],
    time: { at: NOW - HOUR, source: 'condition', exact: true },
    source: 'pod',
    ...change,
  };
}

function at(instant: number, exact = true): ReportedEviction['time'] {
  return { at: instant, source: exact ? 'event' : 'managed-fields', exact };
}

function report(evictions: readonly ReportedEviction[], since: number | null = null, top: number | null = null) {
  const tally = new ReportTally(NOW, since);
  for (const one of evictions) tally.add(one);
  return tally.report(top);
}

const evidence: EvictionEvidence = {
  at: NOW - 2 * HOUR,
  message: 'The node was low on resource: inodes. ',
  resource: 'inodes',
  containers: '',
  usage: '',
};

describe('what counts as an eviction', () => {
  test('an Evicted pod, with the time of its event', () => {
    const pod = tombstone({ createdAt: NOW - 5 * HOUR });
    expect(evictionOfPod(pod, evidence, false)).toMatchObject({
      source: 'pod',
      kind: 'pressure',
      resources: ['memory'],
      owner: { kind: 'ReplicaSet', name: 'web-5d9c' },
      time: { at: NOW - 2 * HOUR, source: 'event', exact: true },
    });
    expect(evictionOfPod(pod, null, false)?.time?.exact).toBe(false);
    expect(evictionOfPod(pod, null, true)?.source).toBe('archive');
  });

  test('a pod whose condition tells of pressure, though the reason is not there', () => {
    const message = 'The node was low on resource: ephemeral-storage. ';
    const disruption = { reason: 'TerminationByKubelet', message, since: NOW - HOUR };
    const pod = tombstone({ phase: 'Succeeded', reason: '', message: '', disruption });
    expect(evictionOfPod(pod, null, false)).toMatchObject({ source: 'unmarked', resources: ['disk'] });
  });

  test.each([
    ['running', { phase: 'Running' }],
    ['failed by itself', { reason: 'Error' }],
    ['shut down', { reason: 'NodeShutdown' }],
    ['preempted', { reason: 'Preempting' }],
    ['done', { phase: 'Succeeded', reason: '', message: '' }],
  ])('no: %s', (_name, change) => {
    expect(evictionOfPod(tombstone(change), null, false)).toBeNull();
    expect(evictionOfPod(tombstone(change), null, true)).toBeNull();
  });

  test('an event whose pod is gone: everything but the owner', () => {
    const event = { uid: 'u', namespace: 'shop', name: 'db-0', node: 'worker-2', evidence };
    expect(evictionOfEvent(event)).toEqual({
      uid: 'u',
      namespace: 'shop',
      name: 'db-0',
      node: 'worker-2',
      owner: undefined,
      kind: 'pressure',
      resources: ['inodes'],
      time: { at: NOW - 2 * HOUR, source: 'event', exact: true },
      source: 'event',
    });
  });
});

describe('counting', () => {
  test('nothing', () => {
    expect(report([])).toMatchObject({ total: 0, first: null, last: null, histogram: null });
  });

  test('an eviction that several sources know counts once, by the first', () => {
    const found = report([eviction(1), eviction(1, { source: 'archive' }), eviction(2, { source: 'event' })]);
    expect(found).toMatchObject({ total: 2, sources: { pod: 1, unmarked: 0, event: 1, archive: 0 } });
  });

  test('without a uid the name tells pods apart', () => {
    expect(report([eviction(1, { uid: '' }), eviction(2, { uid: '' }), eviction(2, { uid: '' })]).total).toBe(2);
  });

  test('by owner within a namespace; nobody and not known are told apart', () => {
    const { byOwner } = report([
      eviction(1),
      eviction(2),
      eviction(3, { namespace: 'media' }),
      eviction(4, { owner: null }),
      eviction(5, { owner: undefined }),
      eviction(6, { owner: { kind: 'StatefulSet', name: 'web-5d9c' } }),
    ]);
    expect(byOwner.groups.map(g => [g.namespace, g.owner?.kind ?? g.owner, g.count])).toEqual([
      ['shop', 'ReplicaSet', 2],
      ['media', 'ReplicaSet', 1],
      ['shop', 'StatefulSet', 1],
      ['shop', null, 1],
      ['shop', undefined, 1],
    ]);
  });

  test('names that want to be something else', () => {
    const { byNode, byNamespace } = report([
      eviction(1, { node: '__proto__', namespace: 'constructor' }),
      eviction(2, { node: 'a","b', namespace: 'a' }),
      eviction(3, { node: 'a', namespace: 'a","b' }),
      eviction(4, { node: '' }),
    ]);
    expect(byNode.groups.map(g => g.name).toSorted()).toEqual(['', '__proto__', 'a', 'a","b']);
    expect(byNamespace.groups.map(g => g.name).toSorted()).toEqual(['a', 'a","b', 'constructor', 'shop']);
  });

  test('first and last of a group, and how sure the times are', () => {
    const found = report([
      eviction(1, { time: at(NOW - 3 * HOUR) }),
      eviction(2, { time: at(NOW - HOUR, false) }),
      eviction(3, { time: null }),
      eviction(4, { time: null, node: 'worker-2' }),
    ]);
    expect(found.times).toEqual({ exact: 1, notLaterThan: 1, unknown: 2 });
    expect(found.byNode.groups).toEqual([
      { name: 'worker-1', count: 3, first: NOW - 3 * HOUR, last: NOW - HOUR },
      { name: 'worker-2', count: 1, first: null, last: null },
    ]);
    expect(found.histogram?.buckets.reduce((sum, b) => sum + b.count, 0)).toBe(2);
  });

  test('a time before Kubernetes, or of next week, is not known', () => {
    const wrong = [0, -1, Date.UTC(2014, 4, 31), NOW + 7 * 24 * HOUR, 8.64e15];
    const found = report(wrong.map((time, i) => eviction(i, { time: at(time) })));
    expect(found).toMatchObject({ total: 5, times: { unknown: 5 }, first: null, histogram: null });
  });

  test('a window: what is older, or of unknown time, is left out; it goes on until now', () => {
    const found = report(
      [
        eviction(1, { time: at(NOW - 2 * HOUR) }),
        eviction(2, { time: at(NOW - 3 * HOUR) }),
        eviction(3, { time: at(NOW - 2 * HOUR - 1) }),
        eviction(4, { time: null }),
      ],
      NOW - 2 * HOUR,
    );
    expect(found).toMatchObject({ total: 1, leftOut: { older: 2, timeUnknown: 1 } });
    expect(found.histogram?.buckets[0]?.start).toBe(NOW - 2 * HOUR);
    expect(found.histogram?.buckets.at(-1)?.start).toBe(NOW);
  });

  test('the largest groups, and the sum of the rest', () => {
    const evictions = [3, 2, 1, 1].flatMap((count, node) =>
      Array.from({ length: count }, (_, i) => eviction(node * 10 + i, { node: `worker-${node}` })),
    );
    expect(report(evictions, null, 2).byNode).toMatchObject({
      groups: [
        { name: 'worker-0', count: 3 },
        { name: 'worker-1', count: 2 },
      ],
      others: { groups: 2, count: 2 },
    });
  });

  test('every grouping sums to the total, whatever the order', () => {
    const some = fc.record({
      n: fc.integer({ min: 0, max: 30 }),
      node: fc.constantFrom('a', 'b', ''),
      namespace: fc.constantFrom('x', 'y'),
      owner: fc.constantFrom(null, undefined, { kind: 'K', name: 'n' }),
      kind: fc.constantFrom('pressure' as const, 'limit' as const),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (list, top) => {
        const evictions = list.map(({ n, ...change }) => eviction(n, change));
        const found = report(evictions, null, top);
        expect(found.total).toBe(new Set(list.map(({ n }) => n)).size);
        for (const { groups, others } of [found.byNode, found.byOwner, found.byNamespace, found.byCause]) {
          expect(groups.reduce((sum, g) => sum + g.count, others.count)).toBe(found.total);
          expect(groups.length).toBeLessThanOrEqual(top);
        }
        const different = [...new Map(evictions.map(one => [one.uid, one])).values()];
        expect(report(different.toReversed(), null, top)).toEqual(report(different, null, top));
      }),
    );
  });
});
