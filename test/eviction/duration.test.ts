import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationFromSeconds, durationSeconds, formatDuration, parseDuration } from '../../src/eviction/duration.ts';

const SECOND = 1_000_000_000n;
const LIMIT = 1n << 63n;

describe('parseDuration', () => {
  test.each<[string, bigint]>([
    ['90s', 90n * SECOND],
    ['1m30s', 90n * SECOND],
    ['1h30m', 5400n * SECOND],
    ['1.5h', 5400n * SECOND],
    ['.5s', SECOND / 2n],
    ['5.s', 5n * SECOND],
    ['0', 0n],
    ['+0', 0n],
    ['-0', 0n],
    ['0s', 0n],
    ['-1m', -60n * SECOND],
    ['+1m', 60n * SECOND],
    ['10ms', 10_000_000n],
    ['7us', 7000n],
    ['7\u00b5s', 7000n],
    ['7\u03bcs', 7000n],
    ['3ns', 3n],
    ['1s1h', 3601n * SECOND],
    ['0.9ns', 0n],
    ['0.3333333333333333333h', 1_200_000_000_000n],
    ['9223372036854775807ns', LIMIT - 1n],
    ['-9223372036854775808ns', -LIMIT],
    ['2562047h47m16.854775807s', LIMIT - 1n],
  ])('reads %j', (text, ns) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: { ns } });
  });

  test.each([
    '',
    '+',
    '-',
    '90',
    '1d',
    '30mins',
    '1h 30m',
    ' 1s',
    '1s ',
    '.s',
    's',
    '1.2.3s',
    '1..5s',
    '--1s',
    '1S',
    '00',
    '1e3s',
    '9223372036854775808ns',
    '-9223372036854775809ns',
    '2562048h',
  ])('refuses %j', text => {
    expect(parseDuration(text).ok).toBe(false);
  });

  test('refuses a text of a megabyte with a short sentence', () => {
    const result = parseDuration(`${'9'.repeat(1_000_000)}s`);
    expect(result.ok).toBe(false);
    expect(!result.ok && result.error.length).toBeLessThan(400);
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.hmsnuµ]{0,20}$/)), text => {
        parseDuration(text);
      }),
    );
  });
});

test.each([
  ['90', 'a unit is missing'],
  ['1m5', 'a unit is missing'],
  ['s', 'a number is missing'],
  ['.s', 'a number is missing'],
  ['', 'a number is missing'],
  ['-', 'a number is missing'],
  ['1d', 'unknown unit "d"'],
  ['2562048h', 'too long'],
  ['9223372036854775808ns', 'too long'],
  ['1'.repeat(2000), 'too long for a duration'],
])('says of %j: %s', (text, why) => {
  const result = parseDuration(text);
  expect(!result.ok && result.error).toContain(why);
});

describe('formatDuration', () => {
  test.each<[bigint, string]>([
    [0n, '0s'],
    [1n, '1ns'],
    [1000n, '1\u00b5s'],
    [1100n, '1.1\u00b5s'],
    [999_999n, '999.999\u00b5s'],
    [1_000_000n, '1ms'],
    [SECOND, '1s'],
    [2_200_000n, '2.2ms'],
    [100_000_000n, '100ms'],
    [(3n * SECOND) / 2n, '1.5s'],
    [300n * SECOND, '5m0s'],
    [90n * SECOND, '1m30s'],
    [5400n * SECOND, '1h30m0s'],
    [3600n * SECOND + 1n, '1h0m0.000000001s'],
    [-90n * SECOND, '-1m30s'],
    [LIMIT - 1n, '2562047h47m16.854775807s'],
    [-LIMIT, '-2562047h47m16.854775808s'],
  ])('%s ns is %s', (ns, text) => {
    expect(formatDuration({ ns })).toBe(text);
  });

  test('what it prints reads as the same duration', () => {
    const small = fc.bigInt({ min: -(10n ** 13n), max: 10n ** 13n });
    fc.assert(
      fc.property(fc.oneof(small, fc.bigInt({ min: -LIMIT, max: LIMIT - 1n })), ns => {
        expect(parseDuration(formatDuration({ ns }))).toEqual({ ok: true, value: { ns } });
      }),
    );
  });
});

describe('seconds', () => {
  test.each([
    [300, 300n * SECOND],
    [1.5, (3n * SECOND) / 2n],
    [-0.25, -SECOND / 4n],
    [0, 0n],
  ])('%s', (seconds, ns) => {
    expect(durationFromSeconds(seconds)).toEqual({ ns });
    expect(durationSeconds({ ns })).toBe(seconds);
  });

  test.each([
    [Number.NaN, 0n],
    [Number.POSITIVE_INFINITY, LIMIT - 1n],
    [-1e300, -LIMIT],
  ])('%s is kept within 64 bits', (seconds, ns) => {
    expect(durationFromSeconds(seconds)).toEqual({ ns });
  });
});
