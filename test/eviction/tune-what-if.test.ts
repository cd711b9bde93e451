import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NodeInput } from '../../src/eviction/node.ts';
import { type EvictionSettings, settingsOf } from '../../src/eviction/settings.ts';
import { NO_CHANGE, planChange } from '../../src/eviction/tune.ts';
import { clearPressure, requestFlags } from '../../src/eviction/tune-clear.ts';
import { isRisky, plannedFindings, whatIf } from '../../src/eviction/tune-what-if.ts';
import {
  evictionConfig,
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
} from '../support/builders.ts';
import { runs } from '../support/fuzz.ts';

/** The first story's third node: 448 MiB of 5.8 GiB free, images on another disk. */
const STORY: InputChange = {
  node: { name: 'ubuntu-k8s-3', pressure: ['DiskPressure'], kubeletVersion: 'v1.20.2' },
  config: {
    evictionHard: map({ 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' }),
  },
  stats: {
    nodefs: filesystem({ capacity: 6_227_702_579, available: 469_762_048 }),
    imagefs: filesystem({ capacity: 99 * GI, available: 89 * GI }),
    containerfs: null,
  },
};

function hard(input: NodeInput, change: Readonly<Record<string, string>>): EvictionSettings {
  if (!input.config.ok) throw new Error('no configuration');
  const request = { ...NO_CHANGE, hard: map(change) };
  return planChange(settingsOf(input.config.value), request, { os: 'linux', version: null }).settings;
}

describe('what if', () => {
  test('the first story: 5% ends the pressure, with 151Mi to spare', () => {
    const input = nodeInput(STORY);
    const outcome = whatIf(input, hard(input, { 'nodefs.available': '5%' }), NOW);
    expect(outcome).toMatchObject({ clears: ['DiskPressure'], stays: [], raises: [], liftsWithinSeconds: 300 });
    expect(outcome?.signals.find(s => s.signal === 'nodefs.available')).toMatchObject({
      outlook: 'clears',
      thresholdNow: 622_770_267,
      thresholdThen: 311_385_133,
      headroomThen: 469_762_048 - 311_385_133,
    });
    // The story's kubelet watched no imagefs: a change does not hide that.
    expect(outcome?.findings.map(f => f.code)).toEqual(['threshold-wiped', 'no-min-reclaim']);
  });

  test('one disk: lowering nodefs alone changes nothing while imagefs binds, and both together do', () => {
    const disk = filesystem({ capacity: 100 * GI, available: 8 * GI });
    const input = nodeInput({ node: { pressure: ['DiskPressure'] }, stats: singleDisk(disk) });
    const alone = whatIf(input, hard(input, { 'nodefs.available': '5%' }), NOW);
    expect(alone).toMatchObject({ clears: [], stays: ['DiskPressure'] });
    expect(alone?.signals.filter(s => s.outlook === 'binds').map(s => s.signal)).toEqual(['imagefs.available']);
    expect(alone?.findings).toContainEqual(
      expect.objectContaining({ code: 'single-disk-imagefs-binds', severity: 'warning' }),
    );
    const both = whatIf(input, hard(input, { 'nodefs.available': '5%', 'imagefs.available': '5%' }), NOW);
    expect(both).toMatchObject({ clears: ['DiskPressure'], stays: [] });
  });

  test('a threshold above what is free trips, and is an error', () => {
    const input = nodeInput();
    const outcome = whatIf(input, hard(input, { 'nodefs.inodesFree': '95%' }), NOW);
    expect(outcome).toMatchObject({ clears: [], raises: ['DiskPressure'] });
    expect(outcome !== null && isRisky(outcome)).toBe(true);
    expect(outcome?.findings[0]).toMatchObject({
      code: 'threshold-above-free',
      severity: 'error',
      signals: ['nodefs.inodesFree'],
    });
  });

  test('raising a threshold that is met already is as risky; lowering it, still met, is not', () => {
    const input = nodeInput(STORY);
    const raised = whatIf(input, hard(input, { 'nodefs.available': '20%' }), NOW);
    const lowered = whatIf(input, hard(input, { 'nodefs.available': '9%' }), NOW);
    expect(raised !== null && isRisky(raised)).toBe(true);
    expect(lowered).toMatchObject({ stays: ['DiskPressure'] });
    expect(lowered !== null && isRisky(lowered)).toBe(false);
  });

  test('a condition of another kind is not touched', () => {
    const input = nodeInput({
      node: { pressure: ['DiskPressure', 'MemoryPressure'] },
      stats: { memory: memory({ available: MI }) },
    });
    const outcome = whatIf(input, hard(input, { 'nodefs.available': '5%' }), NOW);
    expect(outcome).toMatchObject({ clears: ['DiskPressure'], stays: ['MemoryPressure'] });
  });

  test('nobody can say without figures; the findings of the configuration are told all the same', () => {
    const input = nodeInput({ statsProblem: FORBIDDEN });
    const settings = hard(input, {});
    expect(whatIf(input, settings, NOW)).toBeNull();
    const short = { ...settings, evictionPressureTransitionPeriod: '5s' };
    expect(plannedFindings(input, short, NOW).map(f => f.code)).toEqual(['transition-short']);
  });
});

describe('--clear', () => {
  test('the first story: 6% is the largest round value with some headroom', () => {
    const outcome = clearPressure(nodeInput(STORY), NOW);
    expect(outcome).toMatchObject({ kind: 'change' });
    if (outcome.kind !== 'change') return;
    expect(requestFlags(outcome.request)).toBe("--eviction-hard 'nodefs.available<6%'");
    expect(outcome.reasons).toEqual([expect.stringContaining('6%')]);
  });

  test('one disk: everything that binds is lowered, and nothing else', () => {
    const disk = filesystem({ capacity: 100 * GI, available: 12 * GI });
    const outcome = clearPressure(nodeInput({ node: { pressure: ['DiskPressure'] }, stats: singleDisk(disk) }), NOW);
    expect(outcome.kind === 'change' && Object.fromEntries(outcome.request.hard)).toEqual({
      'imagefs.available': '10%',
    });
  });

  test('a quantity stays a quantity', () => {
    const outcome = clearPressure(
      nodeInput({ ...STORY, config: { evictionHard: map({ 'nodefs.available': '1Gi' }) } }),
      NOW,
    );
    expect(outcome.kind === 'change' && outcome.request.hard.get('nodefs.available')).toBe('380Mi');
  });

  test('a minimum reclaim out of reach is lowered with the threshold', () => {
    const outcome = clearPressure(
      nodeInput({
        ...STORY,
        config: { ...STORY.config, evictionMinimumReclaim: map({ 'nodefs.available': '500Mi' }) },
      }),
      NOW,
    );
    expect(outcome.kind === 'change' && requestFlags(outcome.request)).toBe(
      "--eviction-hard 'nodefs.available<6%' --min-reclaim 'nodefs.available=91Mi'",
    );
  });

  test('a soft threshold keeps its grace period', () => {
    const outcome = clearPressure(
      nodeInput({
        node: { pressure: ['DiskPressure'] },
        config: {
          evictionSoft: map({ 'nodefs.available': '70%' }),
          evictionSoftGracePeriod: map({ 'nodefs.available': '2m' }),
        },
      }),
      NOW,
    );
    expect(outcome.kind === 'change' && outcome.request.soft.get('nodefs.available')).toEqual({
      value: '53%',
      grace: '2m',
    });
  });

  test.each<readonly [string, InputChange, string]>([
    ['a calm node', {}, 'nothing'],
    ['pressure that only lingers', { node: { pressure: ['DiskPressure'] } }, 'nothing'],
    [
      'a full disk',
      { ...STORY, stats: { ...STORY.stats, nodefs: filesystem({ capacity: 100, available: 0 }) } },
      'impossible',
    ],
    ['no figures', { ...STORY, statsProblem: FORBIDDEN }, 'impossible'],
    ['no configuration', { ...STORY, configProblem: FORBIDDEN }, 'impossible'],
  ])('%s: %s', (_, change, kind) => {
    expect(clearPressure(nodeInput(change), NOW).kind).toBe(kind);
  });

  test('what it finds always clears, and with it nothing new trips', () => {
    const share = fc.double({ min: 0.001, max: 1, noNaN: true });
    const value = fc.oneof(
      fc.integer({ min: 1, max: 99 }).map(n => `${n}%`),
      fc.integer({ min: 1, max: 200 }).map(n => `${n}Gi`),
    );
    fc.assert(
      fc.property(share, share, share, value, value, fc.option(value), (free, images, mem, a, b, reclaim) => {
        const input = nodeInput({
          node: { pressure: ['DiskPressure', 'MemoryPressure'] },
          config: {
            evictionHard: map({ 'nodefs.available': a, 'imagefs.available': b, 'memory.available': '10%' }),
            evictionMinimumReclaim: reclaim === null ? null : map({ 'nodefs.available': reclaim }),
          },
          stats: {
            nodefs: filesystem({ capacity: 100 * GI, available: Math.floor(100 * GI * free) }),
            imagefs: filesystem({ capacity: 300 * GI, available: Math.floor(300 * GI * images) }),
            containerfs: null,
            memory: memory({ available: Math.floor(16 * GI * mem), workingSet: Math.ceil(16 * GI * (1 - mem)) }),
            podsMemory: null,
          },
        });
        const outcome = clearPressure(input, NOW);
        if (outcome.kind !== 'change') return;
        const base = settingsOf(
          evictionConfig({ evictionHard: input.config.ok ? input.config.value.evictionHard : null }),
        );
        const plan = planChange(
          {
            ...base,
            evictionMinimumReclaim: (input.config.ok && input.config.value.evictionMinimumReclaim) || new Map(),
          },
          outcome.request,
          { os: 'linux', version: null },
        );
        expect(plan.problems).toEqual([]);
        expect(whatIf(input, plan.settings, NOW)).toMatchObject({ stays: [], raises: [] });
      }),
      { numRuns: runs(2000) },
    );
  });
});
