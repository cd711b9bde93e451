import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEvictionConfig } from '../../src/eviction/config.ts';
import { formatDuration } from '../../src/eviction/duration.ts';
import type { Signal } from '../../src/eviction/signal.ts';
import {
  applyFlagUses,
  type EvictionMapField,
  type FilesystemLayout,
  isHard,
  isMet,
  parseAssignmentFlag,
  parseGracePeriod,
  parseMinimumReclaim,
  parseThresholdFlag,
  parseThresholds,
  parseThresholdValue,
  resolveAmount,
  type Threshold,
  type ThresholdMaps,
  type ThresholdRule,
  type ThresholdValue,
  withAllocatable,
  withDerivedContainerFs,
} from '../../src/eviction/threshold.ts';
import { parseKubeletVersion } from '../../src/eviction/version.ts';

const V20 = parseKubeletVersion('v1.20.2');
const V28 = parseKubeletVersion('v1.28.3');
const V36 = parseKubeletVersion('v1.36.2');

type Maps = { readonly [field in EvictionMapField]?: Readonly<Record<string, string>> };

function maps(given: Maps): ThresholdMaps {
  const map = (field: EvictionMapField) => {
    const entries = given[field];
    return entries === undefined ? null : new Map(Object.entries(entries));
  };
  return {
    evictionHard: map('evictionHard'),
    evictionSoft: map('evictionSoft'),
    evictionSoftGracePeriod: map('evictionSoftGracePeriod'),
    evictionMinimumReclaim: map('evictionMinimumReclaim'),
  };
}

function value(text: string, version = V36): ThresholdValue {
  const verdict = parseThresholdValue('nodefs.available', text, version);
  if (!verdict.ok || verdict.value === 'dropped') throw new Error(`no value: ${text}`);
  return verdict.value;
}

/** A threshold in one line: `signal<value grace/reclaim (from source)`, a soft one with `~`. */
function line(t: Threshold): string {
  const grace = t.gracePeriod === null ? '' : ` ${formatDuration(t.gracePeriod)}`;
  const reclaim = t.minReclaim === null ? '' : ` +${t.minReclaim.text}`;
  const source = t.derivedFrom === null ? '' : ` (${t.derivedFrom})`;
  return `${t.soft ? '~' : ''}${t.signal}<${t.value.text}${grace}${reclaim}${source}`;
}

function lines(given: Maps, version = V36): readonly string[] {
  return parseThresholds(maps(given), version).thresholds.map(line);
}

describe('a threshold value', () => {
  test.each<[string, number]>([
    ['5%', 0.05],
    ['7.25%', 0.0725],
    ['.5%', 0.005],
    ['5.%', 0.05],
    ['+5%', 0.05],
    ['1e1%', 0.1],
    ['0x1p3%', 0.08],
    ['1_0%', 0.1],
    ['NaN%', Number.NaN],
    ['5%%', 0.05],
    ['0%%', 0],
    ['0.0%', 0],
    ['00%', 0],
    ['-0%', -0],
    ['100.0%', 1],
    ['100%%', 1],
  ])('percentage %s', (text, fraction) => {
    const expected = { kind: 'percentage', fraction: Math.fround(fraction), text };
    expect(parseThresholdValue('nodefs.available', text, V36)).toEqual({ ok: true, value: expected });
  });

  test.each(['0%', '100%'])('%s is dropped', text => {
    expect(parseThresholdValue('nodefs.available', text, V36)).toEqual({ ok: true, value: 'dropped' });
  });

  test.each(['100Mi', '1.5Gi', '100m', '1', '1e3', '1E'])('quantity %s', text => {
    expect(parseThresholdValue('nodefs.available', text, V36)).toMatchObject({
      ok: true,
      value: { kind: 'quantity', text },
    });
  });

  test.each<[string, ThresholdRule]>([
    ['0', 'must-be-positive'],
    ['0Mi', 'must-be-positive'],
    ['Mi', 'must-be-positive'],
    ['.', 'must-be-positive'],
    ['-1', 'must-be-positive'],
    ['-5%', 'percentage-below-zero'],
    ['-Inf%', 'percentage-below-zero'],
    ['100.1%', 'percentage-above-limit'],
    ['10000%', 'percentage-above-limit'],
    ['Inf%', 'percentage-above-limit'],
    ['%', 'not-a-number'],
    [' 5%', 'not-a-number'],
    ['5 %', 'not-a-number'],
    ['5,5%', 'not-a-number'],
    ['10..5%', 'not-a-number'],
    ['1e99%', 'not-a-number'],
    ['', 'quantity'],
    ['5% ', 'quantity'],
    [' 100Mi', 'quantity'],
    ['100 Mi', 'quantity'],
    ['100MB', 'quantity'],
    ['=100Mi', 'quantity'],
    ['"100Mi"', 'quantity'],
  ])('%j is refused: %s', (text, rule) => {
    const verdict = parseThresholdValue('nodefs.available', text, V36);
    expect(verdict).toMatchObject({ ok: false, rule });
    expect(!verdict.ok && verdict.error).toContain(text === '' ? 'empty' : JSON.stringify(text));
  });

  test.each([
    ['v1.20.2', '10000%', true],
    ['v1.20.2', '10001%', false],
    ['v1.21.0', '100.5%', false],
    ['v1.36.2', '100.5%', false],
    ['unknown', '100.5%', false],
  ])('%s and %s: %s', (version, text, accepted) => {
    expect(parseThresholdValue('nodefs.available', text, parseKubeletVersion(version)).ok).toBe(accepted);
  });

  test.each([
    ['disk.available', V36],
    ['Memory.available', V36],
    ['memory.available ', V36],
    ['containerfs.available', V28],
    ['__proto__', V36],
  ])('the signal %j is refused before the value', (signal, version) => {
    expect(parseThresholdValue(signal, 'nonsense', version)).toMatchObject({ ok: false, rule: 'unknown-signal' });
  });

  test('no text makes a parser throw', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.eEpPxKMGi%_]{0,16}$/));
    fc.assert(
      fc.property(text, fc.constantFrom(V20, V36, null), (input, version) => {
        parseThresholdFlag(input);
        parseAssignmentFlag(input);
        parseGracePeriod('memory.available', input, version);
        parseMinimumReclaim('memory.available', input, version);
        const verdict = parseThresholdValue('memory.available', input, version);
        if (!verdict.ok || verdict.value === 'dropped') return;
        expect(resolveAmount(verdict.value, 1e12).nano).toBeGreaterThanOrEqual(0n);
      }),
    );
  });
});

describe('grace periods and minimum reclaims', () => {
  test.each(['90s', '1m30s', '1.5h', '0', '0s'])('grace period %s', text => {
    expect(parseGracePeriod('memory.available', text, V36).ok).toBe(true);
  });

  test.each<[string, ThresholdRule]>([
    ['90', 'duration'],
    ['1d', 'duration'],
    ['30mins', 'duration'],
    ['', 'duration'],
    ['-1s', 'negative-grace-period'],
  ])('grace period %j is refused: %s', (text, rule) => {
    expect(parseGracePeriod('memory.available', text, V36)).toMatchObject({ ok: false, rule });
  });

  test.each(['0', '0Mi', '500Mi', '10%', '100%', '250%'])('minimum reclaim %s', text => {
    expect(parseMinimumReclaim('memory.available', text, V36)).toMatchObject({ ok: true, value: { text } });
  });

  test.each<[string, ThresholdRule]>([
    ['0%', 'minimum-reclaim'],
    ['-1%', 'minimum-reclaim'],
    ['-1', 'minimum-reclaim'],
    ['x%', 'not-a-number'],
    ['', 'quantity'],
    ['1K', 'quantity'],
  ])('minimum reclaim %j is refused: %s', (text, rule) => {
    expect(parseMinimumReclaim('memory.available', text, V36)).toMatchObject({ ok: false, rule });
  });

  test('both know the signals', () => {
    expect(parseGracePeriod('x', '1s', V36)).toMatchObject({ ok: false, rule: 'unknown-signal' });
    expect(parseMinimumReclaim('containerfs.available', '1', V28)).toMatchObject({ ok: false, rule: 'unknown-signal' });
  });
});

describe('parseThresholds', () => {
  test('by signal, hard before soft, with grace period and minimum reclaim', () => {
    const given: Maps = {
      evictionHard: { 'pid.available': '5%', 'nodefs.available': '10%', 'memory.available': '100Mi' },
      evictionSoft: { 'nodefs.available': '15%', 'memory.available': '1Gi' },
      evictionSoftGracePeriod: { 'memory.available': '90s', 'nodefs.available': '2m', 'imagefs.available': '1s' },
      evictionMinimumReclaim: { 'nodefs.available': '500Mi', 'imagefs.inodesFree': '1%' },
    };
    expect(lines(given)).toEqual([
      'memory.available<100Mi',
      '~memory.available<1Gi 1m30s',
      'nodefs.available<10% +500Mi',
      '~nodefs.available<15% 2m0s +500Mi',
      'pid.available<5%',
    ]);
    expect(parseThresholds(maps(given), V36)).toMatchObject({ dropped: [], problems: [] });
  });

  test('absent and empty maps arm nothing', () => {
    expect(parseThresholds(maps({}), V36)).toEqual({ thresholds: [], dropped: [], problems: [] });
    expect(parseThresholds(maps({ evictionHard: {} }), V36)).toEqual({ thresholds: [], dropped: [], problems: [] });
  });

  test('0% and 100% are dropped by signal; a dropped soft threshold needs no grace period', () => {
    const result = parseThresholds(
      maps({
        evictionHard: { 'memory.available': '0%', 'nodefs.available': '100%', 'imagefs.available': '15%' },
        evictionSoft: { 'nodefs.available': '0%' },
      }),
      V36,
    );
    expect(result.thresholds.map(line)).toEqual(['imagefs.available<15%']);
    expect(result.dropped).toEqual([
      { field: 'evictionHard', signal: 'memory.available', text: '0%' },
      { field: 'evictionHard', signal: 'nodefs.available', text: '100%' },
      { field: 'evictionSoft', signal: 'nodefs.available', text: '0%' },
    ]);
    expect(result.problems).toEqual([]);
  });

  test('a soft threshold with grace period zero counts as hard, and stays soft by origin', () => {
    const { thresholds } = parseThresholds(
      maps({ evictionSoft: { 'memory.available': '1Gi' }, evictionSoftGracePeriod: { 'memory.available': '0' } }),
      V36,
    );
    expect(thresholds.map(t => [t.soft, isHard(t)])).toEqual([[true, true]]);
  });

  test('soft above, below or equal to hard is accepted', () => {
    for (const soft of ['5%', '10%', '15%']) {
      const given = {
        evictionHard: { 'nodefs.available': '10%' },
        evictionSoft: { 'nodefs.available': soft },
        evictionSoftGracePeriod: { 'nodefs.available': '1m' },
      };
      expect(parseThresholds(maps(given), V36)).toMatchObject({ problems: [], thresholds: { length: 2 } });
    }
  });

  test('every problem is reported, the good entries stay', () => {
    const evictionHard = JSON.parse('{"__proto__":"1","nodefs.available":"0","memory.available":"100Mi"}');
    const result = parseThresholds(
      maps({
        evictionHard,
        evictionSoft: { 'memory.available': '1Gi', 'nodefs.available': '15%', 'imagefs.available': '20%' },
        evictionSoftGracePeriod: { 'nodefs.available': '90', 'memory.available': '-1s', 'disk.available': '1s' },
        evictionMinimumReclaim: { 'memory.available': '0%', 'pid.available': 'x' },
      }),
      V36,
    );
    expect(result.thresholds.map(line)).toEqual(['memory.available<100Mi']);
    expect(result.problems.map(p => [p.field, p.key, p.value, p.rule])).toEqual([
      ['evictionHard', '__proto__', '1', 'unknown-signal'],
      ['evictionHard', 'nodefs.available', '0', 'must-be-positive'],
      ['evictionSoftGracePeriod', 'nodefs.available', '90', 'duration'],
      ['evictionSoftGracePeriod', 'memory.available', '-1s', 'negative-grace-period'],
      ['evictionSoftGracePeriod', 'disk.available', '1s', 'unknown-signal'],
      ['evictionMinimumReclaim', 'memory.available', '0%', 'minimum-reclaim'],
      ['evictionMinimumReclaim', 'pid.available', 'x', 'quantity'],
      ['evictionSoft', 'imagefs.available', '20%', 'missing-grace-period'],
    ]);
    expect(result.problems[1]?.message).toBe(
      'evictionHard nodefs.available: "0" must be positive (0 stops the kubelet; "0%" disables a signal)',
    );
    expect(result.problems[7]?.message).toBe(
      'evictionSoft imagefs.available: "20%" needs a grace period in evictionSoftGracePeriod',
    );
  });

  test('containerfs is refused before 1.29, with the release in the sentence', () => {
    const { problems } = parseThresholds(maps({ evictionHard: { 'containerfs.available': '10%' } }), V28);
    expect(problems.map(p => p.message)).toEqual([
      'evictionHard: the signal "containerfs.available" is unknown to a kubelet of 1.28',
    ]);
  });

  test("a user's allocatableMemory.available never fires on 1.20", () => {
    const given = { evictionHard: { 'allocatableMemory.available': '100Mi' } };
    expect(lines(given)).toEqual(['allocatableMemory.available<100Mi']);
    expect(parseThresholds(maps(given), V20)).toEqual({
      thresholds: [],
      dropped: [{ field: 'evictionHard', signal: 'allocatableMemory.available', text: '100Mi' }],
      problems: [],
    });
  });

  test.each([
    [
      'v1.20/configz.json',
      ['memory.available<100Mi', 'nodefs.available<10%', 'nodefs.inodesFree<5%', 'imagefs.available<15%'],
      [],
    ],
    [
      'v1.20/configz-custom.json',
      ['memory.available<100Mi', 'nodefs.available<99.9%', 'nodefs.inodesFree<5%', 'imagefs.available<15%'],
      [],
    ],
    [
      'v1.20/configz-soft.json',
      [
        'memory.available<200Mi +0Mi',
        '~memory.available<1Gi 2m0s +0Mi',
        'nodefs.available<100Mi +500Mi',
        '~nodefs.available<98% 30s +500Mi',
        'nodefs.inodesFree<10%',
        'imagefs.available<12.5%',
        'pid.available<5%',
      ],
      [],
    ],
    ['v1.36/configz-disabled-percent.json', ['imagefs.available<15%'], ['memory.available', 'nodefs.available']],
    ['v1.36/configz-empty-map.json', [], []],
    [
      'v1.36/configz-soft.json',
      [
        'memory.available<100Mi',
        '~memory.available<300Mi 1m30s',
        'nodefs.available<10% +500Mi',
        '~nodefs.available<15% 2m0s +500Mi',
        'nodefs.inodesFree<5%',
        'imagefs.available<15% +2Gi',
        '~imagefs.available<20% 2m0s +2Gi',
        'imagefs.inodesFree<5%',
      ],
      [],
    ],
    [
      'v1.36/configz-memory-pid.json',
      ['memory.available<18795Mi', 'nodefs.available<5%', 'imagefs.available<5%', 'pid.available<32208'],
      [],
    ],
    [
      'v1.36/configz-under-pressure.json',
      ['memory.available<100Mi', 'nodefs.available<67317Mi +500Mi', 'nodefs.inodesFree<5%', 'imagefs.available<1%'],
      [],
    ],
  ])('reads the recorded %s', (file, thresholds, dropped) => {
    const body: unknown = JSON.parse(readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8'));
    const config = readEvictionConfig(body);
    if (!config.ok) throw new Error(config.error);
    const result = parseThresholds(config.value, file.startsWith('v1.20') ? V20 : V36);
    expect(result.thresholds.map(line)).toEqual(thresholds);
    expect(result.dropped.map(d => d.signal)).toEqual(dropped);
    expect(result.problems).toEqual([]);
  });
});

describe('flags', () => {
  test.each<[string, [string, string][]]>([
    ['memory.available<100Mi', [['memory.available', '100Mi']]],
    [
      ' memory.available < 100Mi ,nodefs.available<5%',
      [
        ['memory.available', '100Mi'],
        ['nodefs.available', '5%'],
      ],
    ],
    [',memory.available<1Gi,,', [['memory.available', '1Gi']]],
    ['a<1,a<2', [['a', '2']]],
    ['a<=100Mi', [['a', '=100Mi']]],
    ['a<b<c', [['a', 'b<c']]],
    ['a<', [['a', '']]],
    ['<5%', [['', '5%']]],
    ['"a<5%"', [['"a', '5%"']]],
    ['\u00a0a\u3000<\u00851', [['a', '1']]],
    ['\ufeffa<1', [['\ufeffa', '1']]],
    ['__proto__<1', [['__proto__', '1']]],
    ['', []],
    [',', []],
  ])('%j', (text, pairs) => {
    const result = parseThresholdFlag(text);
    expect(result.ok && [...result.value]).toEqual(pairs);
  });

  test.each(['a>5%', 'a=5%', 'a<1, ', ' ', 'a'])('%j is malformed', text => {
    const result = parseThresholdFlag(text);
    expect(!result.ok && result.error).toContain('malformed pair');
  });

  test.each<[string, [string, string][] | false]>([
    [
      'memory.available=90s,nodefs.available=2m',
      [
        ['memory.available', '90s'],
        ['nodefs.available', '2m'],
      ],
    ],
    ['a=b=c', [['a', 'b=c']]],
    ['a<1', false],
  ])('assignment %j', (text, pairs) => {
    const result = parseAssignmentFlag(text);
    expect(result.ok && [...result.value]).toEqual(pairs);
  });

  test('a repeated flag adds, the last of equal keys wins', () => {
    const result = applyFlagUses(['a<1,b<2', 'b<3,c<4'], parseThresholdFlag);
    expect(result.ok && Object.fromEntries(result.value)).toEqual({ a: '1', b: '3', c: '4' });
    expect(applyFlagUses([''], parseThresholdFlag)).toEqual({ ok: true, value: new Map() });
    expect(applyFlagUses(['a<1', 'b'], parseThresholdFlag).ok).toBe(false);
  });

  test('a megabyte of blanks is trimmed in no time', () => {
    const result = parseThresholdFlag(`${' '.repeat(500_000)}a${' '.repeat(500_000)}b<1`);
    expect(result.ok && [...result.value.keys()][0]?.length).toBe(500_002);
  });
});

describe('resolveAmount', () => {
  test.each<[string, number, number]>([
    ['5%', 6_442_450_944, 322_122_552],
    ['10%', 1e12, 100_000_001_490],
    ['15%', 20_941_697_024, 3_141_254_678],
    ['10%', 6_227_702_579, 622_770_267],
    // The first story: 5.8 GiB, 6 GiB and 6 GB.
    ['5%', 6_227_702_579, 311_385_133],
    ['10%', 6_442_450_944, 644_245_104],
    ['10%', 6_000_000_000, 600_000_008],
    ['5%', 6_000_000_000, 300_000_004],
    ['100.0%', 12_345, 12_345],
    ['0.0%', 12_345, 0],
    ['-0%', 12_345, 0],
    ['NaN%', 12_345, 0],
    ['10%', 0, 0],
    ['10%', -1, 0],
    ['10%', Number.NaN, 0],
    ['10%', Number.POSITIVE_INFINITY, 0],
    ['100Mi', 0, 104_857_600],
    ['100m', 1, 0.1],
  ])('%s of %d is %d', (text, capacity, amount) => {
    const resolved = resolveAmount(value(text), capacity);
    expect(resolved.amount).toBe(amount);
    expect(resolved.nano).toBe(BigInt(Math.round(amount * 10)) * 100_000_000n);
  });

  test('10000% on 1.20 is a hundred times the capacity', () => {
    expect(resolveAmount(value('10000%', V20), 1000).amount).toBe(100_000);
  });

  test('stays exact beyond 2^53 and within 64 bits', () => {
    expect(resolveAmount(value('9007199254740993'), 1).nano).toBe(9_007_199_254_740_993_000_000_000n);
    const reclaim = parseMinimumReclaim('memory.available', '1e30%', V36);
    expect(reclaim.ok && resolveAmount(reclaim.value, 1e12).nano).toBe(((1n << 63n) - 1n) * 1_000_000_000n);
  });
});

describe('isMet', () => {
  test.each<[string, number, boolean]>([
    ['100', 99, true],
    ['100', 100, false],
    ['100', 101, false],
    ['100m', 0, true],
    ['100m', 0.05, true],
    ['100m', 0.1, false],
    ['100m', 1, false],
    ['1', -5, true],
    ['9007199254740993', 9_007_199_254_740_992, true],
    ['100', Number.NaN, false],
    ['100', Number.NEGATIVE_INFINITY, false],
  ])('%s against %d available: %s', (text, available, met) => {
    expect(isMet(resolveAmount(value(text), 1000), available)).toBe(met);
  });

  test('nothing is below a percentage of zero capacity, or NaN', () => {
    expect(isMet(resolveAmount(value('10%'), 0), 0)).toBe(false);
    expect(isMet(resolveAmount(value('NaN%'), 1000), 0)).toBe(false);
  });
});

describe('derived thresholds', () => {
  const given: Maps = {
    evictionHard: { 'nodefs.available': '10%', 'nodefs.inodesFree': '5%', 'imagefs.available': '15%' },
    evictionSoft: { 'nodefs.available': '20%', 'imagefs.available': '25%' },
    evictionSoftGracePeriod: { 'nodefs.available': '1m', 'imagefs.available': '2m' },
    evictionMinimumReclaim: { 'nodefs.available': '1Gi' },
  };
  const fromNodefs = [
    'containerfs.available<10% +1Gi (nodefs.available)',
    '~containerfs.available<20% 1m0s +1Gi (nodefs.available)',
    'containerfs.inodesFree<5% (nodefs.inodesFree)',
  ];
  const fromImagefs = [
    'containerfs.available<15% (imagefs.available)',
    '~containerfs.available<25% 2m0s (imagefs.available)',
  ];

  function containerfs(maplike: Maps, layout: FilesystemLayout, version = V36): readonly string[] {
    const { thresholds } = parseThresholds(maps(maplike), version);
    return withDerivedContainerFs(thresholds, layout, version)
      .map(line)
      .filter(text => text.includes('containerfs'));
  }

  test.each<[FilesystemLayout, readonly string[]]>([
    ['one-filesystem', fromNodefs],
    ['split', fromNodefs],
    ['dedicated-imagefs', fromImagefs],
  ])('containerfs with %s', (layout, expected) => {
    expect(containerfs(given, layout)).toEqual(expected);
  });

  test("a user's containerfs is overwritten, with nothing where there is no source", () => {
    const own = { ...given, evictionHard: { ...given.evictionHard, 'containerfs.inodesFree': '50%' } };
    expect(containerfs(own, 'one-filesystem')).toEqual(fromNodefs);
    expect(containerfs(own, 'dedicated-imagefs')).toEqual(fromImagefs);
  });

  test('of several hard ones the last is copied', () => {
    const zero = { ...given, evictionSoftGracePeriod: { 'nodefs.available': '0', 'imagefs.available': '2m' } };
    expect(containerfs(zero, 'split')[0]).toBe('~containerfs.available<20% 0s +1Gi (nodefs.available)');
  });

  test('unchanged before 1.31, where the gate is off', () => {
    const own = { evictionHard: { 'containerfs.available': '50%', 'nodefs.available': '10%' } };
    expect(containerfs(own, 'split', parseKubeletVersion('v1.30.1'))).toEqual(['containerfs.available<50%']);
    expect(containerfs(own, 'split', parseKubeletVersion('v1.31.0'))).toEqual([
      'containerfs.available<10% (nodefs.available)',
    ]);
    expect(containerfs(own, 'split', null)).toHaveLength(1);
  });

  test('they keep the display order', () => {
    const { thresholds } = parseThresholds(
      maps({ evictionHard: { 'pid.available': '5%', 'nodefs.available': '1%' } }),
      V36,
    );
    expect(withDerivedContainerFs(thresholds, 'split', V36).map(t => t.signal)).toEqual<Signal[]>([
      'nodefs.available',
      'containerfs.available',
      'pid.available',
    ]);
  });

  test.each<[readonly string[] | null, readonly string[]]>([
    [['pods'], ['allocatableMemory.available<100Mi +1Gi (memory.available)']],
    [['kube-reserved', 'pods'], ['allocatableMemory.available<100Mi +1Gi (memory.available)']],
    [['none'], []],
    [[], []],
    [null, []],
  ])('allocatable memory with enforceNodeAllocatable %j', (enforced, expected) => {
    const memory = {
      evictionHard: { 'memory.available': '100Mi' },
      evictionSoft: { 'memory.available': '1Gi' },
      evictionSoftGracePeriod: { 'memory.available': '1m' },
      evictionMinimumReclaim: { 'memory.available': '1Gi' },
    };
    const { thresholds } = parseThresholds(maps(memory), V36);
    const all = withAllocatable(thresholds, enforced);
    expect(all.slice(0, 2)).toEqual(thresholds);
    expect(all.slice(2).map(line)).toEqual(expected);
  });
});
