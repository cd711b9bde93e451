import { type Parsed, parsed, quoteText, refused } from './parsed.ts';

/** How a quantity is printed: with Ki, Mi, ..., with k, M, ..., or with an exponent. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/** A Kubernetes quantity (`apimachinery/pkg/api/resource`), exact to the billionth of a unit. */
export interface Quantity {
  /** The amount in billionths of the base unit; may be negative. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
  /** As written, or in canonical form where it was computed. */
  readonly text: string;
}

const NANO = 1_000_000_000n;
const MAX_BINARY = ((1n << 63n) - 1n) * NANO;

/** Longer texts are refused unread: no real quantity comes near, and the cost of big numbers stays bounded. */
const MAX_TEXT = 1000;

/** Kubernetes computes with any 32-bit exponent (and hangs on absurd ones); beyond this one the text is refused. */
const MAX_EXPONENT = 1000;

const DECIMAL_EXPONENT: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);

const BINARY_SUFFIXES = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL_SUFFIX: ReadonlyMap<number, string> = new Map(
  [...DECIMAL_EXPONENT].map(([suffix, exponent]) => [exponent, suffix]),
);

const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[+-]?\d*)$/;

type Suffix = { readonly format: QuantityFormat; readonly base: 2 | 10; readonly exponent: number };

function readSuffix(suffix: string): Suffix | null {
  const decimal = DECIMAL_EXPONENT.get(suffix);
  if (decimal !== undefined) return { format: 'DecimalSI', base: 10, exponent: decimal };
  const binary = BINARY_SUFFIXES.indexOf(suffix);
  if (binary >= 0) return { format: 'BinarySI', base: 2, exponent: (binary + 1) * 10 };
  if (!/^[eE][+-]?\d+$/.test(suffix)) return null;
  const exponent = BigInt(suffix.slice(1).replace('+', ''));
  if (exponent !== BigInt.asIntN(64, exponent)) return null;
  // Kubernetes keeps the low 32 bits of an exponent that fits 64.
  return { format: 'DecimalExponent', base: 10, exponent: Number(BigInt.asIntN(32, exponent)) };
}

function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/** `digits` × 10^-`decimals` × suffix in billionths, rounded up; digits are not negative. */
function toNano(digits: bigint, decimals: number, suffix: Suffix): bigint {
  if (digits === 0n) return 0n;
  const binary = suffix.base === 2 ? digits << BigInt(suffix.exponent) : digits;
  const scale = 9 - decimals + (suffix.base === 10 ? suffix.exponent : 0);
  if (scale >= 0) return binary * 10n ** BigInt(scale);
  // More digits than the text can hold: the smallest representable amount, as Kubernetes rounds up.
  if (scale < -2 * MAX_TEXT) return 1n;
  return divideUp(binary, 10n ** BigInt(-scale));
}

/**
 * Reads a quantity the way `resource.ParseQuantity` does: sign, digits with at most one dot (a missing number is zero),
 * one suffix; rounded up to 1e-9, binary amounts capped at 2^63-1. Refuses, beyond what Kubernetes does, texts over
 * 1000 characters and exponents over 1000.
 */
export function parseQuantity(text: string): Parsed<Quantity> {
  if (text === '') return refused('an empty text is not a quantity');
  if (text.length > MAX_TEXT) return refused(`${quoteText(text)} is too long for a quantity`);
  const match = SHAPE.exec(text);
  if (match === null) {
    return refused(`${quoteText(text)} is not a quantity (digits, at most one dot, one suffix, no blanks)`);
  }
  const [, sign = '', whole = '', fraction = '', suffixText = ''] = match;
  const suffix = readSuffix(suffixText);
  if (suffix === null) {
    return refused(
      `${quoteText(text)} has the unknown suffix ${quoteText(suffixText)} (known: Ki Mi Gi Ti Pi Ei, n u m k M G T P E)`,
    );
  }
  const digits = BigInt(`0${whole}${fraction}`);
  if (digits !== 0n && suffix.exponent > MAX_EXPONENT) return refused(`${quoteText(text)} is beyond any real amount`);
  const size = toNano(digits, fraction.length, suffix);
  const capped = suffix.format === 'BinarySI' && size > MAX_BINARY ? MAX_BINARY : size;
  // Kubernetes turns a binary amount below one into a decimal one, because it could not be printed exactly.
  const format = suffix.format === 'BinarySI' && size > 0n && size < NANO ? 'DecimalSI' : suffix.format;
  return parsed({ nano: sign === '-' ? -capped : capped, format, text });
}

/** A whole number of base units; the text is the canonical form. A number must be a safe integer. */
export function quantityFromInteger(value: bigint | number, format: 'BinarySI' | 'DecimalSI'): Quantity {
  const nano = BigInt(value) * NANO;
  return { nano, format, text: formatQuantity({ nano, format, text: '' }) };
}

/** The amount in whole base units, rounded away from zero (`Quantity.Value()`). */
export function quantityValue(quantity: Quantity): bigint {
  return quantity.nano < 0n ? -divideUp(-quantity.nano, NANO) : divideUp(quantity.nano, NANO);
}

/** The amount in base units; may be fractional (`100m` is 0.1), exact up to 2^53. */
export function quantityNumber(quantity: Quantity): number {
  const whole = quantity.nano / NANO;
  const rest = quantity.nano % NANO;
  return rest === 0n ? Number(whole) : Number(whole) + Number(rest) / 1e9;
}

function formatBinary(units: bigint): string {
  let power = 0;
  let amount = units;
  while (power < BINARY_SUFFIXES.length && amount % 1024n === 0n) {
    amount /= 1024n;
    power += 1;
  }
  return `${amount}${power === 0 ? '' : BINARY_SUFFIXES[power - 1]}`;
}

function formatDecimal(nano: bigint, exponential: boolean): string {
  let amount = nano;
  let exponent = -9;
  while (amount % 1000n === 0n) {
    amount /= 1000n;
    exponent += 3;
  }
  const suffix = exponential ? undefined : DECIMAL_SUFFIX.get(exponent);
  if (suffix !== undefined) return `${amount}${suffix}`;
  return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
}

/**
 * The canonical form (`Quantity.CanonicalizeBytes`): no fraction, the largest suffix that keeps it exact; a binary
 * quantity under 1024 or with a fraction turns decimal. `1.5Gi` gives `1536Mi`, `0.1Gi` gives `107374182400m`.
 * A decimal amount too large for its suffixes is given with an exponent. For the text as written, use `text`.
 */
export function formatQuantity(quantity: Quantity): string {
  const { nano, format } = quantity;
  if (nano === 0n) return '0';
  const units = nano / NANO;
  const size = units < 0n ? -units : units;
  if (format === 'BinarySI' && nano % NANO === 0n && size >= 1024n) return formatBinary(units);
  return formatDecimal(nano, format === 'DecimalExponent');
}
