import { describe, expect, test } from 'vitest';
import { assessNode } from '../../src/eviction/assess.ts';
import type { Signal } from '../../src/eviction/signal.ts';
import type { SignalReport, SignalState } from '../../src/eviction/signal-report.ts';
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

function signalOf(change: InputChange, signal: Signal, nearPercent?: number): SignalReport | undefined {
  const options = nearPercent === undefined ? { now: NOW } : { now: NOW, nearPercent };
  return assessNode(nodeInput(change), options).signals.find(s => s.signal === signal);
}

const disk = (available: number, capacity = 100 * GI) => ({ nodefs: filesystem({ available, capacity }) });
const hard = (entries: Record<string, string>) => ({ evictionHard: map(entries) });

describe('the state of a signal', () => {
  test.each<[string, Signal, InputChange, SignalState]>([
    ['above every threshold', 'nodefs.available', { stats: disk(60 * GI) }, 'ok'],
    [
      'exactly at the threshold (10 % in 32-bit arithmetic)',
      'nodefs.available',
      { stats: disk(10_737_418_400) },
      'near',
    ],
    ['one byte below it', 'nodefs.available', { stats: disk(10_737_418_399) }, 'BREACHED'],
    ['within 5 % of the capacity', 'nodefs.available', { stats: disk(15 * GI) }, 'near'],
    ['just outside', 'nodefs.available', { stats: disk(15.01 * GI) }, 'ok'],
    ['memory below 100Mi', 'memory.available', { stats: { memory: memory({ available: 99 * MI }) } }, 'BREACHED'],
    ['inodes below 5 %', 'nodefs.inodesFree', { stats: { nodefs: filesystem({ inodesFree: 1000 }) } }, 'BREACHED'],
    ['pid.available by default', 'pid.available', {}, 'none'],
    [
      'pid.available set, and short',
      'pid.available',
      { config: hard({ ...DEFAULTS, 'pid.available': '5%' }), stats: { pids: { max: 1000, current: 970, time: NOW } } },
      'BREACHED',
    ],
    [
      'not armed, a disk of its own',
      'imagefs.available',
      { config: hard({ 'nodefs.available': '10%' }) },
      'UNPROTECTED',
    ],
    [
      'not armed, the disk guarded through nodefs',
      'imagefs.available',
      { config: hard({ 'nodefs.available': '10%' }), stats: singleDisk(filesystem()) },
      'covered',
    ],
    [
      'bytes guard no inodes',
      'nodefs.inodesFree',
      { config: hard({ 'nodefs.available': '10%' }), stats: singleDisk(filesystem()) },
      'UNPROTECTED',
    ],
    ['0% is not armed', 'nodefs.available', { config: hard({ ...DEFAULTS, 'nodefs.available': '0%' }) }, 'UNPROTECTED'],
    [
      '100% is not armed',
      'memory.available',
      { config: hard({ ...DEFAULTS, 'memory.available': '100%' }) },
      'UNPROTECTED',
    ],
    [
      '0.0% is kept, and never met',
      'nodefs.available',
      { config: hard({ ...DEFAULTS, 'nodefs.available': '0.0%' }) },
      'UNPROTECTED',
    ],
    [
      'a soft threshold alone guards it',
      'nodefs.available',
      {
        config: {
          evictionHard: map({ 'memory.available': '100Mi' }),
          evictionSoft: map({ 'nodefs.available': '20%' }),
          evictionSoftGracePeriod: map({ 'nodefs.available': '1m' }),
        },
      },
      'ok',
    ],
    [
      'below soft, above hard',
      'nodefs.available',
      {
        config: {
          evictionSoft: map({ 'nodefs.available': '20%' }),
          evictionSoftGracePeriod: map({ 'nodefs.available': '1m' }),
        },
        stats: disk(18 * GI),
      },
      'soft',
    ],
    [
      'a soft threshold without grace is a hard one',
      'nodefs.available',
      {
        config: {
          evictionSoft: map({ 'nodefs.available': '20%' }),
          evictionSoftGracePeriod: map({ 'nodefs.available': '0s' }),
        },
        stats: disk(18 * GI),
      },
      'BREACHED',
    ],
    ['the condition outlives its cause', 'nodefs.available', { node: { pressure: ['DiskPressure'] } }, 'recovering'],
    ['another condition explains nothing here', 'memory.available', { node: { pressure: ['DiskPressure'] } }, 'ok'],
    ['no figures at all', 'nodefs.available', { statsProblem: TIMEOUT }, 'unknown'],
    ['no configuration', 'nodefs.available', { configProblem: FORBIDDEN }, 'unknown'],
    ['a signal the kubelet does not report', 'nodefs.available', { stats: { nodefs: null } }, 'unknown'],
    [
      'not armed and no figures: memory shares nothing',
      'memory.available',
      { config: hard({ 'nodefs.available': '10%' }), statsProblem: TIMEOUT },
      'UNPROTECTED',
    ],
    [
      'not armed and no figures: it may share a disk',
      'imagefs.available',
      { config: hard({ 'nodefs.available': '10%' }), statsProblem: TIMEOUT },
      'unknown',
    ],
    ['an empty map arms nothing', 'memory.available', { config: hard({}) }, 'UNPROTECTED'],
    ['an absent map arms nothing', 'memory.available', { config: { evictionHard: null } }, 'UNPROTECTED'],
    ['a disk of no size', 'nodefs.available', { stats: disk(0, 0) }, 'unknown'],
    [
      'btrfs: 0 of 0 inodes is never below a share',
      'nodefs.inodesFree',
      { stats: { nodefs: filesystem({ inodes: 0, inodesFree: 0 }) } },
      'ok',
    ],
    [
      'btrfs: 0 of 0 inodes is always below an amount',
      'nodefs.inodesFree',
      {
        config: hard({ ...DEFAULTS, 'nodefs.inodesFree': '1k' }),
        stats: { nodefs: filesystem({ inodes: 0, inodesFree: 0 }) },
      },
      'BREACHED',
    ],
  ])('%s', (_what, signal, change, state) => {
    expect(signalOf(change, signal)?.state).toBe(state);
  });

  test('near follows the given share', () => {
    expect(signalOf({ stats: disk(25 * GI) }, 'nodefs.available', 15)?.state).toBe('near');
    expect(signalOf({ stats: disk(25 * GI) }, 'nodefs.available', 14)?.state).toBe('ok');
  });

  test('min-reclaim: met until threshold + minimum reclaim is free', () => {
    const change = (available: number): InputChange => ({
      node: { pressure: ['DiskPressure'] },
      config: { evictionMinimumReclaim: map({ 'nodefs.available': '5Gi' }) },
      stats: disk(available),
    });
    expect(signalOf(change(12 * GI), 'nodefs.available')).toMatchObject({ state: 'recovering', reason: 'min-reclaim' });
    // Only the signal in its reclaim window is to blame.
    expect(signalOf(change(12 * GI), 'imagefs.available')).toMatchObject({ state: 'ok' });
    expect(signalOf(change(16 * GI), 'nodefs.available')).toMatchObject({ state: 'recovering', reason: 'transition' });
  });

  test('with another signal breached nothing is recovering', () => {
    const change: InputChange = { node: { pressure: ['DiskPressure'] }, stats: disk(1 * GI) };
    expect(signalOf(change, 'imagefs.available')?.state).toBe('ok');
  });
});

describe('containerfs', () => {
  test('shows the derived threshold of the layout', () => {
    const dedicated = signalOf({}, 'containerfs.available');
    expect(dedicated?.hard?.threshold).toMatchObject({ derivedFrom: 'imagefs.available', value: { text: '15%' } });
    const one = signalOf({ stats: singleDisk(filesystem()) }, 'containerfs.available');
    expect(one?.hard?.threshold).toMatchObject({ derivedFrom: 'nodefs.available', value: { text: '10%' } });
  });

  test('does not exist before 1.29', () => {
    expect(signalOf({ node: { kubeletVersion: 'v1.28.0' } }, 'containerfs.available')).toBeUndefined();
  });

  test('a copy never binds', () => {
    const report = assessNode(nodeInput({ stats: singleDisk(filesystem({ available: 5 * GI })) }), { now: NOW });
    expect(report.binding).toBe('imagefs.available');
  });
});

describe('only nodefs.available left (the well-known recipe)', () => {
  const recipe: InputChange = { config: hard({ 'nodefs.available': '5%' }) };

  test.each<[Signal, SignalState]>([
    ['memory.available', 'UNPROTECTED'],
    ['nodefs.available', 'ok'],
    ['nodefs.inodesFree', 'UNPROTECTED'],
    ['imagefs.available', 'UNPROTECTED'],
    ['imagefs.inodesFree', 'UNPROTECTED'],
    ['pid.available', 'none'],
  ])('%s is %s with images on a disk of their own', (signal, state) => {
    expect(signalOf(recipe, signal)?.state).toBe(state);
  });

  test.each<[Signal, SignalState]>([
    ['imagefs.available', 'covered'],
    ['imagefs.inodesFree', 'UNPROTECTED'],
  ])('%s is %s on a single disk', (signal, state) => {
    expect(signalOf({ ...recipe, stats: singleDisk(filesystem()) }, signal)?.state).toBe(state);
  });

  test('what an old kubelet does not arm by default is none', () => {
    const old: InputChange = { ...recipe, node: { kubeletVersion: 'v1.20.2' } };
    expect(signalOf(old, 'imagefs.inodesFree')?.state).toBe('none');
    expect(signalOf(old, 'imagefs.available')?.state).toBe('UNPROTECTED');
  });
});

describe('the first story', () => {
  const report = assessNode(
    nodeInput({
      node: { kubeletVersion: 'v1.7.0', pressure: ['DiskPressure'] },
      config: hard({ 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' }),
      stats: { nodefs: filesystem({ capacity: 6_227_702_579, available: 448 * MI }), containerfs: null },
    }),
    { now: NOW },
  );

  test('nodefs.available is BREACHED at a threshold of 622770267 bytes', () => {
    const signal = report.signals.find(s => s.signal === 'nodefs.available');
    expect(signal?.state).toBe('BREACHED');
    expect(signal?.hard?.amount?.amount).toBe(622_770_267);
    expect(signal?.headroom).toBe(448 * MI - 622_770_267);
    expect(report.binding).toBe('nodefs.available');
    expect(report.state).toBe('BREACHED');
  });

  test('the image disk has no threshold', () => {
    expect(report.signals.find(s => s.signal === 'imagefs.available')?.state).toBe('UNPROTECTED');
  });
});

describe('Windows', () => {
  const windows = { operatingSystem: 'windows' };
  test('counts commit memory from 1.31 on', () => {
    const stats = { commitMemory: memory({ available: 3 * GI, usage: 5 * GI }) };
    expect(signalOf({ node: windows, stats }, 'memory.available')?.observation).toMatchObject({
      available: 3 * GI,
      capacity: 8 * GI,
    });
    const old = { ...windows, kubeletVersion: 'v1.30.0' };
    expect(signalOf({ node: old, stats }, 'memory.available')?.observation?.capacity).toBe(16 * GI);
  });

  test('inodes are no default there', () => {
    const change: InputChange = {
      node: windows,
      config: hard({ 'memory.available': '500Mi', 'nodefs.available': '10%', 'imagefs.available': '15%' }),
      stats: { nodefs: filesystem({ inodes: null, inodesFree: null }) },
    };
    expect(signalOf(change, 'nodefs.inodesFree')).toBeUndefined();
  });
});

describe('the binding signal', () => {
  test.each<[string, InputChange, Signal | null]>([
    ['the breached one', { stats: disk(1 * GI) }, 'nodefs.available'],
    [
      'of two breached the one that lacks more',
      { stats: singleDisk(filesystem({ available: 4 * GI })) },
      'imagefs.available',
    ],
    ['breached before close', { stats: { memory: memory({ available: 50 * MI }) } }, 'memory.available'],
    ['without trouble the closest for its size', { stats: disk(30 * GI) }, 'nodefs.available'],
    [
      'the pods cgroup can bind, too',
      { stats: { podsMemory: memory({ available: 10 * MI }) } },
      'allocatableMemory.available',
    ],
    ['recovering: of the condition that is True', { node: { pressure: ['DiskPressure'] } }, 'nodefs.available'],
    ['nothing to read', { configProblem: TIMEOUT, statsProblem: TIMEOUT }, null],
  ])('%s', (_what, change, binding) => {
    expect(assessNode(nodeInput(change), { now: NOW }).binding).toBe(binding);
  });
});
