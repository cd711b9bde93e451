import { describe, expect, test } from 'vitest';
import type { Signal } from '../../../src/eviction/signal.ts';
import type { FilesystemLayout } from '../../../src/eviction/threshold.ts';
import { reclaimFor } from '../../../src/simulator/kubelet/reclaim.ts';
import type { NodeSpec } from '../../../src/simulator/kubelet/spec.ts';
import { restartKubelet, startKubelet } from '../../../src/simulator/kubelet/state.ts';
import { step } from '../../../src/simulator/kubelet/step.ts';
import {
  DEDICATED_IMAGEFS,
  disk,
  GIB,
  hard,
  MIB,
  MINUTE,
  type NodeOptions,
  SPLIT,
} from '../../../src/simulator/scenarios/builders.ts';
import { Bench, pod, spec, T0 } from './support.ts';

const NODEFS_10 = hard({ 'nodefs.available': '10%' });
const root = (free: number) => [disk('root', 100 * GIB, free)];

describe('conditions', () => {
  test.each<[string, Partial<NodeOptions>, readonly string[]]>([
    ['enough of everything', {}, []],
    ['nodefs below its threshold', { config: NODEFS_10, disks: root(9 * GIB) }, ['DiskPressure']],
    ['equal is not below', { config: hard({ 'nodefs.available': '9Gi' }), disks: root(9 * GIB) }, []],
    ['one disk: the default of imagefs binds', { disks: root(12 * GIB) }, ['DiskPressure']],
    ['inodes', { disks: [disk('root', 100 * GIB, 50 * GIB, { inodes: 1000, inodesFree: 49 })] }, ['DiskPressure']],
    [
      'no inodes reported: skipped',
      { disks: [disk('root', 100 * GIB, 50 * GIB, { inodes: null, inodesFree: null })] },
      [],
    ],
    [
      'memory',
      { memory: { capacityBytes: 8 * GIB, systemWorkingSetBytes: 8 * GIB - 90 * MIB, systemRssBytes: GIB } },
      ['MemoryPressure'],
    ],
    ['pids', { config: hard({ 'pid.available': '500' }), pids: { max: 1000, system: 501 } }, ['PIDPressure']],
    ['pids are not watched by default', { pids: { max: 1000, system: 999 } }, []],
    [
      '0% is not armed',
      { config: hard({ 'nodefs.available': '0%', 'imagefs.available': '100%' }), disks: root(1) },
      [],
    ],
    ['an empty map arms nothing', { config: { evictionHard: {} }, disks: root(1) }, []],
    [
      'containerfs is derived from imagefs',
      {
        config: hard({ 'imagefs.available': '15%' }),
        disks: [...root(50 * GIB), disk('data', 100 * GIB, 14 * GIB)],
        filesystems: DEDICATED_IMAGEFS,
      },
      ['DiskPressure'],
    ],
  ])('%s', (_name, options, expected) => {
    expect(new Bench(spec(options)).conditions).toEqual(expected);
  });

  test('a disk that fills: True within one pass, and an event says so', () => {
    const script = [{ kind: 'jump', target: { disk: 'root' }, amount: 45 * GIB, atMs: 61_000 }] as const;
    const bench = new Bench(spec({ config: NODEFS_10, script }));
    expect(bench.advance(60).conditions).toEqual([]);
    expect(bench.advance(11).conditions).toEqual(['DiskPressure']);
    expect(bench.events('NodeHasDiskPressure')).toEqual(['Node node-1 status is now: NodeHasDiskPressure']);
  });

  test('after relief it stays True for the transition period, not longer', () => {
    const script = [
      { kind: 'jump', target: { disk: 'root' }, amount: 45 * GIB, atMs: 0 },
      { kind: 'jump', target: { disk: 'root' }, amount: -45 * GIB, atMs: 25_000 },
    ] as const;
    // Placed after the start: the remainder takes what has happened by then into account.
    const bench = new Bench(
      spec({
        config: { ...NODEFS_10, evictionPressureTransitionPeriod: '2m0s' },
        script: script.map(one => ({ ...one, atMs: one.atMs + 5000 })),
      }),
    );
    expect(bench.advance(31).conditions).toEqual(['DiskPressure']);
    expect(bench.advance(90).conditions).toEqual(['DiskPressure']);
    expect(bench.advance(30).conditions).toEqual([]);
    expect(bench.events('NodeHasNoDiskPressure')).toHaveLength(1);
  });

  test.each([
    ['without minimum reclaim relief is one byte above the threshold', {}, false],
    [
      'with it the threshold stays met until threshold + minimum',
      { evictionMinimumReclaim: { 'nodefs.available': '5Gi' } },
      true,
    ],
  ])('%s', (_name, more, stays) => {
    const script = [
      { kind: 'jump', target: { disk: 'root' }, amount: 41 * GIB, atMs: 5000 },
      { kind: 'jump', target: { disk: 'root' }, amount: -4 * GIB, atMs: 15_000 },
    ] as const;
    const config = { ...NODEFS_10, evictionPressureTransitionPeriod: '30s', ...more };
    const bench = new Bench(spec({ config, script })).advance(200);
    expect(bench.conditions).toEqual(stays ? ['DiskPressure'] : []);
  });

  test('a soft threshold: the condition at once, the eviction after its grace period', () => {
    const config = {
      evictionHard: { 'memory.available': '100Mi' },
      evictionSoft: { 'nodefs.available': '60%' },
      evictionSoftGracePeriod: { 'nodefs.available': '1m0s' },
      evictionMaxPodGracePeriod: 5,
    };
    const bench = new Bench(spec({ config }), [pod('web')]);
    expect(bench.conditions).toEqual(['DiskPressure']);
    expect(bench.advance(59).evicted).toEqual([]);
    expect(bench.advance(2).evicted).toEqual(['web']);
    expect(bench.status('web')).toBeUndefined();
    expect(bench.advance(5).status('web')).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
  });

  test('a transition period of zero hides every condition, as in the kubelet', () => {
    const bench = new Bench(
      spec({ config: { ...NODEFS_10, evictionPressureTransitionPeriod: '0s' }, disks: root(GIB) }),
    );
    expect(bench.conditions).toEqual([]);
    expect(bench.events('EvictionThresholdMet')).toHaveLength(1);
  });
});

describe('reclaiming on the node', () => {
  const present = { deadContainerBytes: 1, deadContainerInodes: 1, unusedImageBytes: 1, unusedImageInodes: 1 };
  test.each<[Signal, FilesystemLayout, 'nothing' | 'containers' | 'images' | 'both']>([
    ['nodefs.available', 'one-filesystem', 'both'],
    ['imagefs.inodesFree', 'one-filesystem', 'both'],
    ['nodefs.available', 'dedicated-imagefs', 'nothing'],
    ['imagefs.available', 'dedicated-imagefs', 'both'],
    ['containerfs.available', 'dedicated-imagefs', 'both'],
    ['nodefs.inodesFree', 'split', 'containers'],
    ['imagefs.available', 'split', 'images'],
    ['containerfs.available', 'split', 'containers'],
    ['memory.available', 'one-filesystem', 'nothing'],
    ['pid.available', 'split', 'nothing'],
  ])('%s, %s: %s', (signal, layout, what) => {
    const left = reclaimFor(signal, layout, present);
    const gone = (bytes: number | undefined): boolean => bytes === 0;
    expect([left === null, gone(left?.deadContainerBytes), gone(left?.unusedImageBytes)]).toEqual([
      what === 'nothing',
      what === 'containers' || what === 'both',
      what === 'images' || what === 'both',
    ]);
  });

  const reclaimable = {
    deadContainerBytes: 0,
    deadContainerInodes: 0,
    unusedImageBytes: 4 * GIB,
    unusedImageInodes: 10,
  };
  const two = [disk('root', 100 * GIB, 8 * GIB), disk('data', 100 * GIB, 90 * GIB)];

  test.each<[string, Partial<NodeOptions>, readonly string[]]>([
    ['one filesystem: images go, the pod stays', { disks: root(8 * GIB), reclaimable }, []],
    ['too little to reclaim: the pod goes', { disks: root(5 * GIB), reclaimable }, ['web']],
    [
      'dedicated imagefs: nothing to try for nodefs',
      { disks: two, filesystems: DEDICATED_IMAGEFS, reclaimable },
      ['web'],
    ],
    [
      'split: only dead containers for nodefs',
      { disks: two, filesystems: SPLIT, reclaimable: { ...reclaimable, deadContainerBytes: 3 * GIB } },
      [],
    ],
    [
      'minimum reclaim counts here too',
      {
        disks: root(8 * GIB),
        reclaimable,
        config: { ...NODEFS_10, evictionMinimumReclaim: { 'nodefs.available': '3Gi' } },
      },
      ['web'],
    ],
    [
      'but not in 1.20',
      {
        disks: root(8 * GIB),
        reclaimable,
        kubeletVersion: 'v1.20.2',
        config: { ...NODEFS_10, evictionMinimumReclaim: { 'nodefs.available': '3Gi' } },
      },
      [],
    ],
  ])('%s', (_name, options, evicted) => {
    const bench = new Bench(spec({ config: NODEFS_10, ...options }), [pod('web')]);
    expect(bench.conditions).toEqual(['DiskPressure']);
    expect(bench.events('EvictionThresholdMet')).toEqual(['Attempting to reclaim ephemeral-storage']);
    expect(bench.evicted).toEqual(evicted);
  });

  test.each([
    [
      'v1.36.2',
      /^Failed to garbage collect .* Attempted to free \d+ bytes, but only found 0 bytes eligible to free\.$/,
    ],
    ['v1.20.2', /^failed to garbage collect required amount of images\. Wanted to free \d+ bytes, but freed 0 bytes$/],
  ])('regular image collection of %s complains, twice as loud the second time', (kubeletVersion, text) => {
    const bench = new Bench(spec({ kubeletVersion, disks: root(9 * GIB) })).advance(301);
    expect(bench.events('FreeDiskSpaceFailed')[0]).toMatch(text);
    expect(bench.events('ImageGCFailed')).toHaveLength(0);
    expect(bench.advance(300).events('ImageGCFailed')).toHaveLength(1);
  });
});

describe('evicting', () => {
  const tight = spec({ config: NODEFS_10, disks: root(9 * GIB) });
  const big = (name: string, gib: number, more = {}) =>
    pod(name, { ...more, usage: { containers: [{ name, rootfsBytes: gib * GIB }] } });

  test('one pod a pass, the largest first, until the pressure is over', () => {
    const bench = new Bench(tight, [big('small', 0.2), big('large', 0.6), big('middle', 0.5)]);
    expect(bench.evicted).toEqual(['large']);
    expect(bench.advance(30).evicted).toEqual(['large', 'middle']);
    expect(bench.advance(400).conditions).toEqual([]);
  });

  test.each<[string, Parameters<typeof pod>[1]]>([
    ['system priority', { template: { priority: 2_000_000_000 } }],
    ['mirror', { annotations: { 'kubernetes.io/config.mirror': 'x' } }],
    ['static', { annotations: { 'kubernetes.io/config.source': 'file' } }],
  ])('never a critical pod: %s', (_name, options) => {
    const bench = new Bench(tight, [big('critical', 3, options), big('other', 0.1)]).advance(60);
    expect(bench.evicted).toEqual(['other']);
    expect(bench.events('EvictionThresholdMet').length).toBeGreaterThan(3);
  });

  test.each([
    [
      'under request goes last, whatever its priority',
      ['big', 'modest'],
      { template: { requests: { 'ephemeral-storage': '4Gi' }, priority: -5 } },
    ],
    ['lower priority goes first', ['modest', 'big'], { template: { priority: -5 } }],
  ])('%s', (_name, order, options) => {
    const bench = new Bench(tight, [big('big', 0.7), big('modest', 0.3, options)]).advance(30);
    expect(bench.evicted).toEqual(order);
  });

  test.each([
    ['v1.20.2', 0, 2],
    ['v1.25.0', 30, 30],
    ['v1.36.2', 2, 2],
  ])('%s: the status after %d s, the usage gone after %d s', (kubeletVersion, statusAfter, goneAfter) => {
    const bench = new Bench({ ...tight, kubeletVersion }, [big('web', 3)]);
    expect(bench.status('web') === undefined).toBe(statusAfter > 0);
    bench.advance(goneAfter - 1);
    expect(bench.state.running.size).toBe(1);
    bench.advance(1);
    expect(bench.status('web')).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
    expect(bench.state.running.size).toBe(0);
  });

  test('a pod whose containers leave with 0 ends as Succeeded; before 1.26 it was Failed', () => {
    const graceful = (kubeletVersion: string) => {
      const one = pod('web', { usage: { containers: [{ name: 'web', rootfsBytes: 3 * GIB }], exit: 'zero' } });
      return new Bench({ ...tight, kubeletVersion }, [one]).advance(40).status('web');
    };
    expect(graceful('v1.36.2')).toMatchObject({ phase: 'Succeeded' });
    expect(graceful('v1.36.2')).not.toHaveProperty('reason');
    expect(graceful('v1.20.2')).toMatchObject({ phase: 'Failed', reason: 'Evicted' });
  });

  test('the pod that goes is the one that the given ranking names', () => {
    const started = startKubelet(tight, [big('small', 0.2), big('large', 0.6)], T0);
    if (!started.ok) throw new Error(started.error);
    const { effects } = step(started.value, T0, [big('small', 0.2), big('large', 0.6)], { rank: pods => pods });
    const first = effects.find(effect => effect.kind === 'event' && effect.event.reason === 'Evicted');
    expect(first).toMatchObject({ event: { target: { name: 'small' } } });
  });

  test.each<[string, Parameters<typeof pod>[1], string]>([
    [
      'emptyDir',
      {
        template: { volumes: [{ name: 'cache', sizeLimit: '5Mi' }] },
        usage: { volumes: [{ name: 'cache', bytes: 6 * MIB }] },
      },
      'Usage of EmptyDir volume "cache" exceeds the limit "5Mi". ',
    ],
    [
      'pod',
      {
        template: { limits: { 'ephemeral-storage': '10Mi' } },
        usage: { containers: [{ name: 'web', rootfsBytes: 11 * MIB }] },
      },
      'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ',
    ],
  ])('over its own %s limit: gone without pressure and without DisruptionTarget', (_name, options, message) => {
    const bench = new Bench(spec(), [pod('web', options)]).advance(5);
    expect(bench.conditions).toEqual([]);
    expect(bench.status('web')).toMatchObject({ phase: 'Failed', reason: 'Evicted', message });
    expect(JSON.stringify(bench.status('web'))).not.toContain('DisruptionTarget');
  });

  test('storage limits come before thresholds', () => {
    const over = pod('over', {
      template: { volumes: [{ name: 'cache', sizeLimit: '5Mi' }] },
      usage: { volumes: [{ name: 'cache', bytes: 6 * MIB }] },
    });
    const bench = new Bench(tight, [big('large', 3), over]);
    expect(bench.evicted).toEqual(['over']);
    expect(bench.events('EvictionThresholdMet')).toEqual([]);
    expect(bench.advance(10).evicted).toEqual(['over', 'large']);
  });
});

describe('admission', () => {
  const disks = root(9 * GIB);
  const memory = { capacityBytes: 8 * GIB, systemWorkingSetBytes: 8 * GIB - 90 * MIB, systemRssBytes: GIB };
  const tolerant = {
    tolerations: [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }],
  };
  const diskTolerant = { tolerations: [{ key: 'node.kubernetes.io/disk-pressure', operator: 'Exists' }] };

  test.each<[string, Partial<NodeOptions>, Parameters<typeof pod>[1], boolean]>([
    ['no pressure', {}, {}, true],
    ['disk pressure', { disks }, {}, false],
    ['disk pressure tolerated: no help', { disks }, { template: diskTolerant }, false],
    ['disk pressure, critical', { disks }, { template: { priority: 2_000_001_000 } }, true],
    ['memory pressure, BestEffort', { memory }, {}, false],
    ['memory pressure tolerated', { memory }, { template: tolerant }, true],
    ['memory pressure, Burstable', { memory }, { template: { requests: { memory: '1Mi' } } }, true],
    [
      'PID pressure, Burstable',
      { config: hard({ 'pid.available': '500' }), pids: { max: 1000, system: 501 } },
      { template: { requests: { memory: '1Mi' } } },
      false,
    ],
    ['memory and disk pressure, Burstable', { memory, disks }, { template: { requests: { memory: '1Mi' } } }, false],
  ])('%s', (_name, options, podOptions, admitted) => {
    const bench = new Bench(spec(options)).add(pod('late', { ...podOptions, phase: 'Pending' }));
    expect(bench.status('late')).toMatchObject({ phase: admitted ? 'Running' : 'Failed' });
  });

  test('a restart under pressure evicts one and refuses the other pods that run already', () => {
    const pods = [
      pod('first', { template: { priority: -1 } }),
      pod('second'),
      pod('critical', { template: { priority: 2e9 } }),
    ];
    const bench = new Bench(spec({ config: NODEFS_10 }), pods).advance(20);
    expect(bench.evicted).toEqual([]);
    const restarted = restartKubelet(bench.state, hard({ 'nodefs.available': '90%' }), bench.now);
    if (!restarted.ok) throw new Error(restarted.error);
    bench.state = restarted.value;
    bench.advance(5);
    expect(bench.status('first')).toMatchObject({
      reason: 'Evicted',
      message: expect.stringMatching(/^The node was low/),
    });
    expect(bench.status('second')).toMatchObject({
      reason: 'Evicted',
      message: expect.stringMatching(/^Pod was rejected/),
    });
    expect(bench.status('critical')).toBeUndefined();
    expect([...bench.state.running.values()].map(one => one.pod.name)).toEqual(['critical']);
  });

  test.each([
    [{ 'nodefs.available': '0' }, /positive/],
    [{ 'nodefs.avail': '5%' }, /nodefs\.avail/],
    [['nodefs.available'], /evictionHard/],
  ])('a kubelet with %j does not start', (evictionHard, error) => {
    const started = startKubelet(spec({ config: { evictionHard } }) satisfies NodeSpec, [], T0);
    expect(started.ok ? '' : started.error).toMatch(error);
  });
});

test('a stopped kubelet does nothing, and goes on when it is back', () => {
  const script = [
    { kind: 'mode', mode: 'stopped', atMs: 30_000 },
    { kind: 'mode', mode: 'serving', atMs: 5 * MINUTE },
  ] as const;
  const bench = new Bench(spec({ script })).advance(31);
  const before = bench.effects.length;
  expect(bench.advance(200).effects).toHaveLength(before);
  expect(bench.advance(120).effects.filter(({ kind }) => kind === 'lease').length).toBeGreaterThan(8);
});
