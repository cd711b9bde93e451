import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { enumerate, humanAge, humanAmount, humanPercent } from '../../src/eviction/human.ts';

describe('amounts', () => {
  test.each([
    [0, 'bytes', '0'],
    [1023, 'bytes', '1023'],
    [1024, 'bytes', '1Ki'],
    [469_762_048, 'bytes', '448Mi'],
    [6_227_702_579, 'bytes', '5.8Gi'],
    [-153_008_219, 'bytes', '-146Mi'],
    [999, 'inodes', '999'],
    [1000, 'inodes', '1k'],
    [81_234, 'inodes', '81.2k'],
    [999_600, 'pids', '1M'],
    [2 ** 60, 'bytes', '1Ei'],
    [Number.NaN, 'bytes', '?'],
  ] as const)('%d %s is %s', (amount, unit, text) => {
    expect(humanAmount(amount, unit)).toBe(text);
  });

  test('what is printed is within half a per cent of the amount', () => {
    const factors: Record<string, number> = {
      '': 1,
      Ki: 2 ** 10,
      Mi: 2 ** 20,
      Gi: 2 ** 30,
      Ti: 2 ** 40,
      Pi: 2 ** 50,
      Ei: 2 ** 60,
    };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), amount => {
        const match = /^([0-9.]+)([A-Z]i)?$/.exec(humanAmount(amount, 'bytes'));
        const read = Number(match?.[1]) * (factors[match?.[2] ?? ''] ?? Number.NaN);
        expect(Math.abs(read - amount) / amount).toBeLessThanOrEqual(0.005);
      }),
    );
  });
});

describe('ages, as kubectl prints them', () => {
  test.each([
    [-5, '0s'],
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [130, '2m10s'],
    [600, '10m'],
    [3060, '51m'],
    [10_800, '3h'],
    [11_100, '3h5m'],
    [28_800, '8h'],
    [172_800, '2d'],
    [180_000, '2d2h'],
    [777_600, '9d'],
    [70_000_000, '2y80d'],
  ])('%d seconds is %s', (seconds, text) => {
    expect(humanAge(seconds)).toBe(text);
  });
});

test.each([
  [7.5, '7.5%'],
  [100, '100%'],
  [99.96, '100%'],
  [0.04, '0%'],
  [10, '10%'],
])('share %d is %s', (share, text) => {
  expect(humanPercent(share)).toBe(text);
});

test('enumerations', () => {
  expect(enumerate([])).toBe('');
  expect(enumerate(['a'])).toBe('a');
  expect(enumerate(['a', 'b', 'c'])).toBe('a, b and c');
});
