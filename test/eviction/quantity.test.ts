import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatQuantity,
  parseQuantity,
  quantityFromInteger,
  quantityNumber,
  quantityValue,
} from '../../src/eviction/quantity.ts';

const NANO = 1_000_000_000n;
const MAX = (1n << 63n) - 1n;

function read(text: string) {
  const result = parseQuantity(text);
  if (!result.ok) throw new Error(result.error);
  return result.value;
}

describe('parseQuantity', () => {
  test.each<[string, bigint, string]>([
    ['0', 0n, 'DecimalSI'],
    ['5', 5n * NANO, 'DecimalSI'],
    ['+5', 5n * NANO, 'DecimalSI'],
    ['-5', -5n * NANO, 'DecimalSI'],
    ['.5', NANO / 2n, 'DecimalSI'],
    ['5.', 5n * NANO, 'DecimalSI'],
    ['0005.50', (11n * NANO) / 2n, 'DecimalSI'],
    ['.', 0n, 'DecimalSI'],
    ['-', 0n, 'DecimalSI'],
    ['+', 0n, 'DecimalSI'],
    ['Mi', 0n, 'BinarySI'],
    ['1Ki', 1024n * NANO, 'BinarySI'],
    ['1Mi', (1n << 20n) * NANO, 'BinarySI'],
    ['1Gi', (1n << 30n) * NANO, 'BinarySI'],
    ['1Ti', (1n << 40n) * NANO, 'BinarySI'],
    ['1Pi', (1n << 50n) * NANO, 'BinarySI'],
    ['1Ei', (1n << 60n) * NANO, 'BinarySI'],
    ['1.5Gi', 1_610_612_736n * NANO, 'BinarySI'],
    ['0.1Gi', 107_374_182_400_000_000n, 'BinarySI'],
    ['1n', 1n, 'DecimalSI'],
    ['1u', 1000n, 'DecimalSI'],
    ['100m', NANO / 10n, 'DecimalSI'],
    ['1k', 1000n * NANO, 'DecimalSI'],
    ['1M', 1_000_000n * NANO, 'DecimalSI'],
    ['1G', 10n ** 9n * NANO, 'DecimalSI'],
    ['1T', 10n ** 12n * NANO, 'DecimalSI'],
    ['1P', 10n ** 15n * NANO, 'DecimalSI'],
    ['1E', 10n ** 18n * NANO, 'DecimalSI'],
    ['1E3', 1000n * NANO, 'DecimalExponent'],
    ['1e3', 1000n * NANO, 'DecimalExponent'],
    ['1e+3', 1000n * NANO, 'DecimalExponent'],
    ['12.5e-1', (5n * NANO) / 4n, 'DecimalExponent'],
    // Rounded up, away from zero, to a billionth.
    ['0.0000000001', 1n, 'DecimalSI'],
    ['1.1n', 2n, 'DecimalSI'],
    ['-1.1n', -2n, 'DecimalSI'],
    ['1e-999999', 1n, 'DecimalExponent'],
    // A binary amount below one turns decimal.
    ['.0001Ki', 102_400_000n, 'DecimalSI'],
    // Binary amounts are capped, decimal ones are not.
    ['8Ei', MAX * NANO, 'BinarySI'],
    ['-8Ei', -MAX * NANO, 'BinarySI'],
    ['100000000000000000000Ki', MAX * NANO, 'BinarySI'],
    ['9007199254740991Ki', 9_007_199_254_740_991n * 1024n * NANO, 'BinarySI'],
    ['100E', 10n ** 20n * NANO, 'DecimalSI'],
    ['9007199254740993', 9_007_199_254_740_993n * NANO, 'DecimalSI'],
    ['1e30', 10n ** 30n * NANO, 'DecimalExponent'],
    ['0e999999999', 0n, 'DecimalExponent'],
    // Only the low 32 bits of an exponent count.
    ['1e4294967296', NANO, 'DecimalExponent'],
  ])('reads %j', (text, nano, format) => {
    expect(read(text)).toEqual({ nano, format, text });
  });

  test.each([
    '',
    ' ',
    ' 5',
    '5 ',
    '5 Mi',
    '1K',
    '1KB',
    '1KiB',
    '1mi',
    '1gi',
    '1Mib',
    '1e',
    '1E+',
    '1ee3',
    '1e1e1',
    '1e1.5',
    '1Mi5',
    '5-3',
    '1.2.3',
    '1,5',
    '--1',
    '0x10',
    '1_0',
    'NaN',
    '5%',
    '٣',
    '1e99999999999999999999',
    '1e999999999',
  ])('refuses %j', text => {
    expect(parseQuantity(text).ok).toBe(false);
  });

  test('refuses a text of a megabyte with a short sentence', () => {
    const result = parseQuantity('9'.repeat(1_000_000));
    expect(result.ok).toBe(false);
    expect(!result.ok && result.error.length).toBeLessThan(400);
  });

  test('never throws', () => {
    const near = fc.stringMatching(/^[-+0-9.eEinumkKMGTP ]{0,20}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), text => {
        const result = parseQuantity(text);
        if (result.ok) formatQuantity(result.value);
      }),
    );
  });
});

describe('formatQuantity', () => {
  test.each([
    ['1.5Gi', '1536Mi'],
    ['0.1Gi', '107374182400m'],
    ['1024Mi', '1Gi'],
    ['1000Ki', '1000Ki'],
    ['1023', '1023'],
    ['.5Ki', '512'],
    ['0Mi', '0'],
    ['8Ei', '9223372036854775807'],
    ['-2Mi', '-2Mi'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['0.5', '500m'],
    ['100m', '100m'],
    ['1.1n', '2n'],
    ['1e3', '1e3'],
    ['1e1', '10'],
    ['1e-3', '1e-3'],
    ['1000E', '1e21'],
    ['6Gi', '6Gi'],
  ])('%s prints as %s', (text, printed) => {
    expect(formatQuantity(read(text))).toBe(printed);
  });

  test.each<[bigint | number, 'BinarySI' | 'DecimalSI', string]>([
    [622_770_267, 'BinarySI', '622770267'],
    [327_680, 'BinarySI', '320Ki'],
    [300_000, 'DecimalSI', '300k'],
    [9_007_199_254_740_993n, 'DecimalSI', '9007199254740993'],
    [0, 'BinarySI', '0'],
  ])('quantityFromInteger(%s, %s) is %s', (value, format, text) => {
    const quantity = quantityFromInteger(value, format);
    expect(quantity).toEqual({ nano: BigInt(value) * NANO, format, text });
  });

  test('what it prints reads as the same amount', () => {
    const amounts = fc.bigInt({ min: -(10n ** 35n), max: 10n ** 35n });
    fc.assert(
      fc.property(amounts, fc.constantFrom('DecimalSI' as const, 'DecimalExponent' as const), (nano, format) => {
        expect(read(formatQuantity({ nano, format, text: '' })).nano).toBe(nano);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -MAX, max: MAX }), fc.boolean(), (value, whole) => {
        const nano = whole ? value * NANO : value;
        expect(read(formatQuantity({ nano, format: 'BinarySI', text: '' })).nano).toBe(nano);
      }),
    );
  });
});

describe('amounts', () => {
  test.each([
    ['1.5Gi', 1_610_612_736n, 1_610_612_736],
    ['100m', 1n, 0.1],
    ['-100m', -1n, -0.1],
    ['1500m', 2n, 1.5],
    ['-1500m', -2n, -1.5],
    ['0', 0n, 0],
    ['9007199254740993', 9_007_199_254_740_993n, 9_007_199_254_740_992],
  ])('%s', (text, value, number) => {
    expect(quantityValue(read(text))).toBe(value);
    expect(quantityNumber(read(text))).toBe(number);
  });
});
