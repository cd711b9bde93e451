import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFloat32, parsePercentage } from '../../src/eviction/percentage.ts';

describe('parseFloat32', () => {
  test.each([
    ['7.25', 7.25],
    ['.5', 0.5],
    ['5.', 5],
    ['+5', 5],
    ['-5', -5],
    ['-0', -0],
    ['1e1', 10],
    ['1E+1', 10],
    ['1e-2', Math.fround(0.01)],
    ['0.1', Math.fround(0.1)],
    ['0x1p3', 8],
    ['0X1.8P1', 3],
    ['0x.8p1', 1],
    ['-0x1p-1', -0.5],
    ['0x1.000002p0', 1 + 2 ** -23],
    ['0x1.000001p0', 1],
    ['0x1.0000010000000000001p0', 1 + 2 ** -23],
    ['0x1p-149', 2 ** -149],
    ['0x1p-400', 0],
    ['1_0', 10],
    ['+1_0', 10],
    ['-1_0e1', -100],
    ['0x1.8_0p1', 3],
    ['0x1p0_1', 2],
    ['0x1_8p-3', 3],
    ['1_0.2_5', 10.25],
    ['1e1_0', 1e10],
    ['0x_1p0', 1],
    ['NaN', Number.NaN],
    ['nan', Number.NaN],
    ['Inf', Number.POSITIVE_INFINITY],
    ['+infinity', Number.POSITIVE_INFINITY],
    ['-INF', Number.NEGATIVE_INFINITY],
    ['1e-60', 0],
    ['3.4028234e38', 3.4028234663852886e38],
  ])('reads %j', (text, value) => {
    expect(parseFloat32(text)).toEqual({ ok: true, value });
  });

  test.each([
    '',
    ' 5',
    '5 ',
    '5,5',
    '10..5',
    '.',
    '+',
    'e5',
    '.e5',
    '1e',
    '1e+',
    '_1',
    '1_',
    '1__0',
    '1_.5',
    '1._5',
    '1e_1',
    '0x1',
    '0xp1',
    '0x1p',
    '0b1',
    '+nan',
    'infin',
    '1f',
    '5%',
    '٣',
    '1e39',
    '-1e39',
    '0x1p128',
    '0x1p99999999999999999999',
  ])('refuses %j', text => {
    expect(parseFloat32(text).ok).toBe(false);
  });

  test('refuses a text of a megabyte with a short sentence', () => {
    const result = parseFloat32('1'.repeat(1_000_000));
    expect(result.ok).toBe(false);
    expect(!result.ok && result.error.length).toBeLessThan(400);
  });

  test('agrees with the engine on decimals and never throws', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), value => {
        expect(parseFloat32(String(value))).toEqual({ ok: true, value: value + 0 });
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9a-fxpEP_.]{0,16}$/)), text => {
        parseFloat32(text);
      }),
    );
  });
});

describe('parsePercentage', () => {
  test.each([
    ['5%', 0.05],
    ['5%%', 0.05],
    ['7.25%', 0.0725],
    ['-5%', -0.05],
    ['10000%', 100],
  ])('%s', (text, fraction) => {
    expect(parsePercentage(text)).toEqual({ ok: true, value: Math.fround(fraction) });
  });

  test.each(['%', '%%', ' 5%', '5 %', '5%5%'])('refuses %j', text => {
    expect(parsePercentage(text).ok).toBe(false);
  });
});
