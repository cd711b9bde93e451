import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextVictims } from '../../src/eviction/next-victims.ts';
import { type ContainerFacts, neverEvicted, type PodFacts, type PodUsage, podRequest } from '../../src/eviction/pod.ts';
import { type RankFacts, rankForEviction, rankKeys } from '../../src/eviction/rank.ts';
import type { Signal } from '../../src/eviction/signal.ts';
import { SIGNALS } from '../../src/eviction/signal-names.ts';
import type { FilesystemLayout } from '../../src/eviction/threshold.ts';
import { parseKubeletVersion } from '../../src/eviction/version.ts';
import { MI } from '../support/builders.ts';
import { podFacts, podUsage, type UsageChange } from '../support/pods.ts';

interface Entry extends UsageChange {
  readonly name: string;
  readonly priority?: number;
  /** MiB. */
  readonly memoryRequest?: number;
  readonly storageRequest?: number;
  /** No figures at all. */
  readonly unmeasured?: boolean;
  readonly pod?: Partial<PodFacts>;
}

/** The order of the kubelet, by name; tied pods joined by `=`. */
function order(
  signal: Signal,
  entries: readonly Entry[],
  layout: FilesystemLayout = 'one-filesystem',
  version = 'v1.36.2',
): string {
  const usage = new Map<string, PodUsage>();
  const pods = entries.map(entry => {
    const { name, priority = null, memoryRequest = 0, storageRequest = 0, unmeasured, pod } = entry;
    const requests = { memory: memoryRequest * MI, 'ephemeral-storage': storageRequest * MI };
    const facts = podFacts(name, { priority, containers: [{ name: 'main', kind: 'regular', requests }], ...pod });
    if (!unmeasured) usage.set(facts.statsUid, podUsage(entry));
    return facts;
  });
  const { victims } = nextVictims({ pods, usage, signal, layout, version: parseKubeletVersion(version) });
  return victims
    .map((victim, i) =>
      i > 0 && victims[i - 1]?.place === victim.place ? `=${victim.pod.name}` : ` ${victim.pod.name}`,
    )
    .join('')
    .trim();
}

const disk = (mi: number): UsageChange => ({ rootfs: { bytes: mi * MI } });

describe('memory', () => {
  test.each<readonly [string, readonly Entry[], string]>([
    [
      'over the request goes before within it, whatever the priority',
      [
        { name: 'low', priority: -10, memory: 90 * MI, memoryRequest: 100 },
        { name: 'high', priority: 1000, memory: 11 * MI, memoryRequest: 10 },
      ],
      'high low',
    ],
    [
      'equal to the request is not over',
      [
        { name: 'equal', priority: -10, memory: 100 * MI, memoryRequest: 100 },
        { name: 'over', memory: 100 * MI + 1, memoryRequest: 100 },
      ],
      'over equal',
    ],
    [
      'without a request one byte is over',
      [
        { name: 'idle', priority: -10, memory: 0 },
        { name: 'byte', priority: 5, memory: 1 },
      ],
      'byte idle',
    ],
    [
      'the lower priority before the larger excess',
      [
        { name: 'large', priority: 10, memory: 900 * MI },
        { name: 'none', memory: 5 * MI },
        { name: 'low', priority: -1, memory: 2 * MI },
      ],
      'low none large',
    ],
    [
      'no priority counts as 0',
      [
        { name: 'zero', priority: 0, memory: 5 * MI },
        { name: 'none', memory: 5 * MI },
      ],
      'none=zero',
    ],
    [
      'the larger excess, not the larger use',
      [
        { name: 'use', memory: 500 * MI, memoryRequest: 450 },
        { name: 'excess', memory: 200 * MI, memoryRequest: 100 },
      ],
      'excess use',
    ],
    [
      'among those within their requests, the one closest to it',
      [
        { name: 'far', memory: 10 * MI, memoryRequest: 500 },
        { name: 'close', memory: 90 * MI, memoryRequest: 100 },
      ],
      'close far',
    ],
    [
      'without figures before everything',
      [
        { name: 'huge', priority: -10, memory: 900 * MI },
        { name: 'new', priority: 1000, unmeasured: true },
      ],
      'new huge',
    ],
    [
      'several without figures: by priority, then tied',
      [
        { name: 'b', unmeasured: true },
        { name: 'a', unmeasured: true },
        { name: 'low', priority: -1, unmeasured: true },
      ],
      'low a=b',
    ],
    [
      'disk use does not matter',
      [
        { name: 'a', ...disk(900) },
        { name: 'b', memory: 1 },
      ],
      'b a',
    ],
  ])('%s', (_, entries, expected) => {
    expect(order('memory.available', entries)).toBe(expected);
    expect(order('allocatableMemory.available', entries)).toBe(expected);
    expect(order('memory.available', entries.toReversed())).toBe(expected);
  });
});

describe('disk', () => {
  test.each<readonly [string, readonly Entry[], string]>([
    [
      'over the request first, then priority, then excess',
      [
        { name: 'within', priority: -10, ...disk(50), storageRequest: 100 },
        { name: 'high', priority: 1000, ...disk(12), storageRequest: 5 },
        { name: 'excess', ...disk(90) },
        { name: 'less', ...disk(100), storageRequest: 40 },
      ],
      'excess less high within',
    ],
    [
      'equal to the request is not over, and neither is nothing without one',
      [
        { name: 'equal', priority: -10, ...disk(100), storageRequest: 100 },
        { name: 'idle', priority: -20 },
        { name: 'over', priority: 9, rootfs: { bytes: 100 * MI + 1 }, storageRequest: 100 },
      ],
      'over idle equal',
    ],
    [
      'the writable layer, logs and volumes add up',
      [
        { name: 'sum', rootfs: { bytes: 4 }, logs: { bytes: 4 }, data: { bytes: 4 } },
        { name: 'one', rootfs: { bytes: 11 } },
      ],
      'sum one',
    ],
    [
      'without figures first',
      [
        { name: 'a', ...disk(5) },
        { name: 'b', priority: 9, unmeasured: true },
      ],
      'b a',
    ],
    [
      'memory requests do not matter',
      [
        { name: 'a', ...disk(5), memoryRequest: 100 },
        { name: 'b', ...disk(4) },
      ],
      'a b',
    ],
  ])('%s', (_, entries, expected) => {
    for (const signal of ['nodefs.available', 'imagefs.available', 'containerfs.available'] as const) {
      expect(order(signal, entries)).toBe(expected);
    }
  });

  const parts: readonly Entry[] = [
    { name: 'layer', rootfs: { bytes: 30, inodes: 30 } },
    { name: 'log', logs: { bytes: 20, inodes: 20 } },
    { name: 'volume', data: { bytes: 10, inodes: 10 } },
  ];
  test.each<readonly [Signal, FilesystemLayout, string]>([
    ['nodefs.available', 'one-filesystem', 'layer log volume'],
    ['imagefs.available', 'one-filesystem', 'layer log volume'],
    ['nodefs.available', 'dedicated-imagefs', 'log volume layer'],
    ['imagefs.available', 'dedicated-imagefs', 'layer log=volume'],
    ['containerfs.available', 'dedicated-imagefs', 'layer log=volume'],
    ['nodefs.available', 'split', 'layer log volume'],
    ['containerfs.available', 'split', 'layer log volume'],
    // Images belong to no pod: everybody counts as zero, and only the priority would decide.
    ['imagefs.available', 'split', 'layer=log=volume'],
    ['nodefs.inodesFree', 'one-filesystem', 'layer log volume'],
    ['nodefs.inodesFree', 'dedicated-imagefs', 'log volume layer'],
    ['imagefs.inodesFree', 'dedicated-imagefs', 'layer log=volume'],
    ['imagefs.inodesFree', 'split', 'layer=log=volume'],
  ])('%s, %s: %s', (signal, layout, expected) => {
    expect(order(signal, parts, layout)).toBe(expected);
  });

  test('split: the priority decides about images', () => {
    const entries = [
      { ...parts[0], name: 'a', priority: 5 },
      { ...parts[1], name: 'b', priority: 1 },
    ];
    expect(order('imagefs.available', entries, 'split')).toBe('b a');
  });

  test('only local volumes that the version counts', () => {
    const usage = new Map([
      ['uid-of-huge', { ...podUsage(), volumes: new Map([['pages', { bytes: 50, inodes: 1 }]]) }],
      ['uid-of-secret', { ...podUsage(), volumes: new Map([['token', { bytes: 90, inodes: 1 }]]) }],
      ['uid-of-plain', podUsage({ data: { bytes: 10 } })],
    ]);
    const pods = [
      podFacts('huge', { otherMediaVolumes: ['pages'] }),
      podFacts('secret', { localVolumes: [] }),
      podFacts('plain'),
    ];
    const names = (version: string): string[] =>
      nextVictims({
        pods,
        usage,
        signal: 'nodefs.available',
        layout: 'one-filesystem',
        version: parseKubeletVersion(version),
      }).victims.map(v => `${v.pod.name} ${v.keys.usage}`);
    expect(names('v1.36.2')).toEqual(['plain 10', 'huge 0', 'secret 0']);
    expect(names('v1.20.2')).toEqual(['huge 50', 'plain 10', 'secret 0']);
  });
});

describe('inodes', () => {
  test('any inode is over, and the last key takes off the request of bytes', () => {
    const entries: Entry[] = [
      { name: 'many', rootfs: { inodes: 90_000 }, storageRequest: 1 },
      { name: 'few', rootfs: { inodes: 10 } },
      { name: 'none', priority: -10 },
    ];
    expect(order('nodefs.inodesFree', entries)).toBe('few many none');
    const keys = rankKeys(
      {
        priority: 0,
        memoryRequest: 7,
        storageRequest: MI,
        use: { ...podUsage({ rootfs: { inodes: 9 } }), volumes: { bytes: 0, inodes: 0 } },
      },
      'nodefs.inodesFree',
      'one-filesystem',
    );
    expect(keys).toEqual({ unmeasured: false, over: true, priority: 0, usage: 9, request: MI, excess: 9 - MI });
  });
});

describe('pids', () => {
  test('priority, then processes; requests never matter; without figures only after priority', () => {
    const entries: Entry[] = [
      { name: 'high', priority: 10, processes: 900 },
      { name: 'new', unmeasured: true },
      { name: 'few', processes: 2, memoryRequest: 100 },
      { name: 'many', processes: 50 },
      { name: 'low', priority: -1, processes: 1 },
    ];
    expect(order('pid.available', entries)).toBe('low new many few high');
  });
});

describe('never evicted', () => {
  test.each([
    ['system-cluster-critical', { priority: 2_000_000_000 }, 'critical'],
    ['system-node-critical', { priority: 2_000_001_000 }, 'critical'],
    ['one below', { priority: 1_999_999_999 }, null],
    ['static', { isStatic: true }, 'static'],
    ['static and critical', { isStatic: true, priority: 2_000_001_000 }, 'static'],
    ['no priority', {}, null],
  ] as const)('%s', (_, change, expected) => {
    expect(neverEvicted(podFacts('x', change))).toBe(expected);
  });

  test('they are left out of the order, and told apart; so are pods that have ended', () => {
    const pods = [
      podFacts('critical', { priority: 2_000_000_000 }),
      podFacts('static', { isStatic: true, statsUid: 'hash' }),
      podFacts('web'),
      podFacts('done', { phase: 'Succeeded' }),
      podFacts('failed', { phase: 'Failed' }),
      podFacts('pending', { phase: 'Pending' }),
    ];
    const usage = new Map([
      ['uid-of-critical', podUsage(disk(500))],
      ['hash', podUsage(disk(900))],
      ['uid-of-web', podUsage(disk(5))],
    ]);
    const found = nextVictims({ pods, usage, signal: 'nodefs.available', layout: 'one-filesystem', version: null });
    expect(found.victims.map(v => [v.place, v.pod.name, v.decidedBy])).toEqual([
      [1, 'pending', 'no figures'],
      [2, 'web', 'over its request'],
    ]);
    expect(found.spared.map(s => [s.pod.name, s.why, s.keys.usage])).toEqual([
      ['static', 'static', 900 * MI],
      ['critical', 'critical', 500 * MI],
    ]);
  });
});

describe('requests by version', () => {
  const container = (kind: ContainerFacts['kind'], mi: number): ContainerFacts => ({
    name: kind,
    kind,
    requests: { memory: mi * MI, 'ephemeral-storage': 2 * mi * MI },
  });
  type Case = readonly [string, Partial<PodFacts>, number, number];
  test.each<Case>([
    ['containers add up', { containers: [container('regular', 10), container('regular', 5)] }, 15, 15],
    [
      'the largest init container, if larger',
      { containers: [container('init', 40), container('init', 30), container('regular', 10)] },
      40,
      40,
    ],
    ['not if smaller', { containers: [container('init', 4), container('regular', 10)] }, 10, 10],
    ['a sidecar adds up since', { containers: [container('sidecar', 8), container('regular', 10)] }, 10, 18],
    [
      'an init container runs beside the sidecars before it',
      { containers: [container('sidecar', 8), container('init', 20), container('regular', 5)] },
      20,
      28,
    ],
    [
      'but not beside those after it',
      { containers: [container('init', 20), container('sidecar', 8), container('regular', 5)] },
      20,
      20,
    ],
    [
      'overhead, if there is a request',
      { containers: [container('regular', 10)], overhead: { memory: 3 * MI } },
      13,
      13,
    ],
    ['no overhead without one', { containers: [container('regular', 0)], overhead: { memory: 3 * MI } }, 0, 0],
    [
      'pod-level resources stand in place of containers',
      { containers: [container('regular', 10)], podRequests: { memory: 50 * MI } },
      10,
      50,
    ],
    [
      'pod-level resources without memory: none is requested',
      { containers: [container('regular', 10)], podRequests: {} },
      10,
      0,
    ],
  ])('memory: %s', (_, change, old, recent) => {
    const pod = podFacts('x', change);
    expect(podRequest(pod, 'memory', parseKubeletVersion('v1.20.2')) / MI).toBe(old);
    expect(podRequest(pod, 'memory', parseKubeletVersion('v1.36.2')) / MI).toBe(recent);
    expect(podRequest(pod, 'memory', null) / MI).toBe(recent);
  });

  test('pod-level resources leave no request of storage', () => {
    const pod = podFacts('x', { containers: [container('regular', 10)], podRequests: { memory: MI } });
    expect(podRequest(pod, 'ephemeral-storage', parseKubeletVersion('v1.20.2'))).toBe(20 * MI);
    expect(podRequest(pod, 'ephemeral-storage', parseKubeletVersion('v1.36.2'))).toBe(0);
  });
});

describe('properties', () => {
  const use = fc.option(
    fc.record({
      memory: fc.nat(5),
      processes: fc.nat(5),
      rootfs: fc.record({ bytes: fc.nat(5), inodes: fc.nat(5) }),
      logs: fc.record({ bytes: fc.nat(5), inodes: fc.nat(5) }),
      volumes: fc.record({ bytes: fc.nat(5), inodes: fc.nat(5) }),
    }),
  );
  const facts: fc.Arbitrary<RankFacts> = fc.record({
    priority: fc.integer({ min: -2, max: 2 }),
    memoryRequest: fc.nat(5),
    storageRequest: fc.nat(5),
    use,
  });
  const query = fc.tuple(
    fc.array(facts, { maxLength: 12 }),
    fc.constantFrom(...SIGNALS),
    fc.constantFrom<FilesystemLayout>('one-filesystem', 'dedicated-imagefs', 'split'),
  );

  test('nobody is lost, and the order does not depend on the input’s', () => {
    fc.assert(
      fc.property(query, ([pods, signal, layout]) => {
        const there = rankForEviction(pods, signal, layout);
        const back = rankForEviction(pods.toReversed(), signal, layout);
        expect(new Set(there.map(r => r.item))).toEqual(new Set(pods));
        expect(there.map(r => [r.place, r.tied, r.keys])).toHaveLength(pods.length);
        const places = (ranked: typeof there) => new Map(ranked.map(r => [r.item, [r.place, r.tied]]));
        for (const pod of pods) expect(places(there).get(pod)).toEqual(places(back).get(pod));
      }),
    );
  });

  test('whoever goes is never less due than who follows', () => {
    fc.assert(
      fc.property(query, ([pods, signal, layout]) => {
        const ranked = rankForEviction(pods, signal, layout);
        ranked.forEach((one, i) => {
          const next = ranked[i + 1];
          if (next === undefined) return;
          expect(next.place).toBe(next.tied && one.tied && next.place === one.place ? one.place : i + 2);
          if (signal === 'pid.available') {
            expect(one.keys.priority).toBeLessThanOrEqual(next.keys.priority);
            return;
          }
          // Figures, then excess over the request, then priority: weighed from the first key to the last.
          const weight = ({ keys }: typeof one): number =>
            (keys.unmeasured ? 1000 : 0) + (keys.over ? 100 : 0) - keys.priority * 10;
          expect(weight(one)).toBeGreaterThanOrEqual(weight(next));
        });
      }),
    );
  });
});
