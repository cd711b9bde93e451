import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVICTION_MAP_FIELDS, effectiveConfig } from '../../src/eviction/config.ts';
import {
  type EvictionSettings,
  inSignalOrder,
  samePeriod,
  sameSetting,
  settingsOf,
} from '../../src/eviction/settings.ts';
import { SIGNALS } from '../../src/eviction/signal-names.ts';
import { parseThresholds } from '../../src/eviction/threshold.ts';
import {
  judgeRequest,
  judgeThreshold,
  NO_CHANGE,
  planChange,
  settingsToWrite,
  type TuneRequest,
} from '../../src/eviction/tune.ts';
import { differences } from '../../src/eviction/verify.ts';
import { parseKubeletVersion } from '../../src/eviction/version.ts';
import { DEFAULTS, evictionConfig, map } from '../support/builders.ts';
import { runs } from '../support/fuzz.ts';

const V20 = parseKubeletVersion('v1.20.2');
const V36 = parseKubeletVersion('v1.36.2');
const LINUX = { os: 'linux', version: V36 } as const;

function settings(change: Partial<EvictionSettings> = {}): EvictionSettings {
  return { ...settingsOf(evictionConfig()), ...change };
}

function request(change: Partial<TuneRequest>): TuneRequest {
  return { ...NO_CHANGE, ...change };
}

describe('a plan', () => {
  test('changes one threshold and keeps every other', () => {
    const plan = planChange(settings(), request({ hard: map({ 'nodefs.available': '5%' }) }), LINUX);
    expect(Object.fromEntries(plan.settings.evictionHard)).toEqual({ ...DEFAULTS, 'nodefs.available': '5%' });
    expect(plan.changes).toEqual([{ field: 'evictionHard', signal: 'nodefs.available', from: '10%', to: '5%' }]);
    expect([...plan.kept.keys()]).toEqual(Object.keys(DEFAULTS).filter(s => s !== 'nodefs.available'));
    expect(plan.problems).toEqual([]);
  });

  test('a signal that is switched off stays in the map, in the soft one, too', () => {
    const base = settings({
      evictionSoft: map({ 'imagefs.available': '20%' }),
      evictionSoftGracePeriod: map({ 'imagefs.available': '1m' }),
    });
    const plan = planChange(base, request({ disable: ['imagefs.available'] }), LINUX);
    expect(plan.settings.evictionHard.get('imagefs.available')).toBe('0%');
    expect(plan.settings.evictionSoft.get('imagefs.available')).toBe('0%');
    expect(parseThresholds(plan.settings, V36).thresholds.map(t => t.signal)).not.toContain('imagefs.available');
  });

  test.each([
    ['missing', { 'nodefs.available': '5%' }],
    ['switched off', { 'nodefs.available': '5%', 'memory.available': '0%', 'imagefs.available': '100%' }],
  ])('--restore-defaults arms what is %s, and leaves what is armed', (_, hard) => {
    const plan = planChange(settings({ evictionHard: map(hard) }), request({ restoreDefaults: true }), LINUX);
    expect(Object.fromEntries(plan.settings.evictionHard)).toEqual({ ...DEFAULTS, 'nodefs.available': '5%' });
  });

  test('--restore-defaults knows the kubelet of the node', () => {
    const plan = planChange(settings({ evictionHard: new Map() }), request({ restoreDefaults: true }), {
      os: 'linux',
      version: V20,
    });
    expect([...plan.settings.evictionHard.keys()]).not.toContain('imagefs.inodesFree');
  });

  test('soft thresholds, minimum reclaim, period and grace', () => {
    const plan = planChange(
      settings(),
      request({
        soft: new Map([['nodefs.available', { value: '15%', grace: '90s' }]]),
        minReclaim: map({ 'nodefs.available': '500Mi' }),
        transitionPeriod: '90s',
        maxPodGrace: 30,
      }),
      LINUX,
    );
    expect(plan.settings.evictionPressureTransitionPeriod).toBe('1m30s');
    expect(plan.changes.map(c => `${c.field} ${c.signal} ${c.from} ${c.to}`)).toEqual([
      'evictionSoft nodefs.available null 15%',
      'evictionSoftGracePeriod nodefs.available null 90s',
      'evictionMinimumReclaim nodefs.available null 500Mi',
      'evictionPressureTransitionPeriod null 5m0s 1m30s',
      'evictionMaxPodGracePeriod null null 30',
    ]);
    expect(Object.keys(settingsToWrite(plan))).toEqual([
      'evictionHard',
      'evictionSoft',
      'evictionSoftGracePeriod',
      'evictionMinimumReclaim',
      'evictionPressureTransitionPeriod',
      'evictionMaxPodGracePeriod',
    ]);
  });

  test('what is the same by meaning is no change, and is not written over', () => {
    const base = settings({ evictionHard: map({ 'memory.available': '1024Mi' }) });
    const plan = planChange(base, request({ hard: map({ 'memory.available': '1Gi' }) }), LINUX);
    expect(plan.changes).toEqual([]);
  });

  test('a base that no kubelet starts with is told', () => {
    const base = settings({ evictionSoft: map({ 'memory.available': '1Gi' }) });
    const plan = planChange(base, request({ hard: map({ 'nodefs.available': '5%' }) }), LINUX);
    expect(plan.problems.map(p => p.message)).toEqual([expect.stringContaining('needs a grace period')]);
  });

  test('a containerfs threshold is derived: told', () => {
    const plan = planChange(settings(), request({ hard: map({ 'containerfs.available': '5%' }) }), LINUX);
    expect(plan.idle).toEqual([expect.stringContaining('containerfs.available')]);
  });

  test('no effective threshold is ever lost, unless it is disabled', () => {
    const signal = fc.constantFrom(
      ...SIGNALS.filter(s => !s.startsWith('containerfs') && s !== 'allocatableMemory.available'),
    );
    const value = fc.oneof(
      fc.integer({ min: 1, max: 99 }).map(n => `${n}%`),
      fc.integer({ min: 1, max: 1e6 }).map(n => `${n}Mi`),
    );
    const hard = fc.array(fc.tuple(signal, value)).map(entries => new Map<string, string>(entries));
    fc.assert(
      fc.property(hard, hard, fc.array(signal), fc.boolean(), (base, change, disable, restoreDefaults) => {
        const plan = planChange(
          settings({ evictionHard: inSignalOrder(base) }),
          request({ hard: change, disable, restoreDefaults }),
          LINUX,
        );
        const armed = new Set(parseThresholds(plan.settings, V36).thresholds.map(t => t.signal as string));
        for (const kept of base.keys()) expect(armed.has(kept)).toBe(!disable.some(d => d === kept));
        const again = planChange(plan.settings, request({ hard: change, disable, restoreDefaults: false }), LINUX);
        expect(again.settings).toEqual(plan.settings);
        expect(again.changes).toEqual([]);
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe('a verdict', () => {
  test.each([
    ['nodefs.available', '5%', null],
    ['nodefs.available', '0%', 'policy'],
    ['nodefs.available', '100%', 'policy'],
    ['nodefs.available', '0.0%', 'policy'],
    ['nodefs.available', 'NaN%', 'policy'],
    ['nodefs.available', '0', 'kubelet'],
    ['nodefs.available', '-1Gi', 'kubelet'],
    ['nodefs.available', '5 %', 'kubelet'],
    ['nodefs.available', '', 'kubelet'],
    ['nodefs.free', '5%', 'kubelet'],
    ['__proto__', '5%', 'kubelet'],
  ])('%s %j: %s', (signal, text, by) => {
    expect(judgeThreshold('evictionHard', signal, text, V36)?.by ?? null).toBe(by);
  });

  test('every bad part of a request is named', () => {
    const bad = request({
      hard: map({ 'nodefs.available': '5Q' }),
      soft: new Map([['memory.available', { value: '1Gi', grace: '90' }]]),
      minReclaim: map({ 'nodefs.available': '0%' }),
      disable: ['memory.available'],
      transitionPeriod: '0s',
    });
    expect(judgeRequest(bad, V36, false).map(r => r.by)).toEqual(['kubelet', 'kubelet', 'kubelet', 'policy', 'policy']);
    expect(judgeRequest(bad, V36, true)).toHaveLength(4);
  });

  test.each(['imagefs.available', 'pid.available', 'imagefs.inodesFree'])('%s may be disabled', signal => {
    expect(judgeRequest(request({ disable: [signal] }), V36, false)).toEqual([]);
  });
});

describe('sameness', () => {
  test.each([
    ['evictionHard', '1Gi', '1024Mi', true],
    ['evictionHard', '5%', '5.0%', true],
    ['evictionHard', '0%', undefined, true],
    ['evictionHard', '100%', '0%', true],
    ['evictionHard', '5%', undefined, false],
    ['evictionHard', '5%', '6%', false],
    ['evictionHard', 'x', 'x', true],
    ['evictionHard', 'x', '5%', false],
    ['evictionMinimumReclaim', '0', undefined, true],
    ['evictionMinimumReclaim', '1Gi', undefined, false],
    ['evictionSoftGracePeriod', '90s', '1m30s', true],
    ['evictionSoftGracePeriod', '90s', undefined, false],
  ] as const)('%s %s and %s: %s', (field, a, b, same) => {
    expect(sameSetting(field, 'nodefs.available', a, b, V36)).toBe(same);
    expect(sameSetting(field, 'nodefs.available', b, a, V36)).toBe(same);
  });

  test('of periods', () => {
    expect(samePeriod(null, '5m0s')).toBe(true);
    expect(samePeriod('0s', '5m0s')).toBe(false);
  });
});

describe('differences of a node from a document', () => {
  const actual = settings();

  test('none', () => {
    expect(differences({ settings: { evictionHard: map(DEFAULTS) }, whole: true }, actual, V36)).toEqual([]);
  });

  test('another value, a missing one, and, where the map is the whole one, one too many', () => {
    const wanted = { settings: { evictionHard: map({ 'nodefs.available': '5%', 'pid.available': '10%' }) } };
    expect(differences({ ...wanted, whole: false }, actual, V36)).toEqual([
      { field: 'evictionHard', signal: 'nodefs.available', wanted: '5%', actual: '10%' },
      { field: 'evictionHard', signal: 'pid.available', wanted: '10%', actual: null },
    ]);
    expect(differences({ ...wanted, whole: true }, actual, V36).map(d => d.signal)).toEqual([
      'nodefs.available',
      'pid.available',
      'memory.available',
      'nodefs.inodesFree',
      'imagefs.available',
      'imagefs.inodesFree',
    ]);
  });

  test('period and grace', () => {
    const wanted = { evictionPressureTransitionPeriod: '1m', evictionMaxPodGracePeriod: 5 };
    expect(differences({ settings: wanted, whole: true }, actual, V36)).toEqual([
      { field: 'evictionPressureTransitionPeriod', signal: null, wanted: '1m', actual: '5m0s' },
      { field: 'evictionMaxPodGracePeriod', signal: null, wanted: '5', actual: null },
    ]);
  });

  test('what a plan writes is what a kubelet with it runs', () => {
    const plan = planChange(settings(), request({ hard: map({ 'nodefs.available': '7%' }), maxPodGrace: 9 }), LINUX);
    const written = settingsToWrite(plan);
    const config = effectiveConfig({ version: V36, os: 'linux', configFile: written, dropIns: [], flags: {} });
    expect(differences({ settings: written, whole: true }, settingsOf(config), V36)).toEqual([]);
    expect(EVICTION_MAP_FIELDS.every(field => config[field].size === plan.settings[field].size)).toBe(true);
  });
});
