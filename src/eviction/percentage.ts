import { type Parsed, parsed, quoteText, refused } from './parsed.ts';

/** Longer texts are refused unread. */
const MAX_TEXT = 1000;

const SPECIAL = /^(?:([+-]?)inf(?:inity)?|nan)$/i;
const DECIMAL = /^([+-]?)((?:\d[\d_]*)?(?:\.[\d_]*)?(?:[eE][+-]?\d[\d_]*)?)$/;
const HEXADECIMAL = /^([+-]?)0[xX]([\da-fA-F_]*)(?:\.([\da-fA-F_]*))?[pP]([+-]?\d[\d_]*)$/;

/** Go allows an underscore only between two digits, or between the prefix `0x` and a digit. */
function underscoresSeparateDigits(text: string, hexadecimal: boolean): boolean {
  if (!text.includes('_')) return true;
  const digit = hexadecimal ? /[\da-fA-F]/ : /\d/;
  const unsigned = text.replace(/^[+-]/, '');
  // The prefix counts as a digit.
  const body = hexadecimal ? `0${unsigned.slice(2)}` : unsigned;
  for (let i = 0; i < body.length; i += 1) {
    if (body[i] !== '_') continue;
    if (!digit.test(body[i - 1] ?? '') || !digit.test(body[i + 1] ?? '')) return false;
  }
  return true;
}

/** The value of `mantissa` × 2^`exponent` as a 32-bit float, rounded once. */
function scaleToFloat32(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const surplus = Math.max(0, mantissa.toString(2).length - 30);
  const kept = mantissa >> BigInt(surplus);
  // A lost bit must still break a tie.
  const lost = kept << BigInt(surplus) !== mantissa;
  const power = exponent + surplus;
  if (power > 200) return Number.POSITIVE_INFINITY;
  if (power < -300) return 0;
  return Math.fround(Number(kept | (lost ? 1n : 0n)) * 2 ** power);
}

function readHexadecimal(match: RegExpExecArray): number | null {
  const whole = (match[2] ?? '').replaceAll('_', '');
  const fraction = (match[3] ?? '').replaceAll('_', '');
  if (whole === '' && fraction === '') return null;
  const exponent = Number((match[4] ?? '').replaceAll('_', ''));
  return scaleToFloat32(BigInt(`0x0${whole}${fraction}`), exponent - 4 * fraction.length);
}

function readDecimal(match: RegExpExecArray): number | null {
  const digits = (match[2] ?? '').replaceAll('_', '');
  if (!/^\.?\d/.test(digits)) return null;
  return Math.fround(Number(digits));
}

/**
 * Reads a number as Go's `strconv.ParseFloat(text, 32)`: decimal and hexadecimal floats (`7.25`, `.5`, `5.`, `1e1`,
 * `0x1p3`), underscores between digits, `NaN` and `Inf` in any case; no blanks. A finite text beyond 32 bits is refused.
 */
export function parseFloat32(text: string): Parsed<number> {
  const notANumber = refused(`${quoteText(text)} is not a number`);
  if (text.length > MAX_TEXT) return notANumber;
  const special = SPECIAL.exec(text);
  if (special !== null) {
    if (special[1] === undefined) return parsed(Number.NaN);
    return parsed(special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
  }
  const hexadecimal = HEXADECIMAL.exec(text);
  const match = hexadecimal ?? DECIMAL.exec(text);
  if (match === null || !underscoresSeparateDigits(text, hexadecimal !== null)) return notANumber;
  const size = hexadecimal === null ? readDecimal(match) : readHexadecimal(match);
  if (size === null) return notANumber;
  if (size === Number.POSITIVE_INFINITY) return refused(`${quoteText(text)} is out of range`);
  return parsed(match[1] === '-' ? -size : size);
}

/**
 * Reads a percentage as the kubelet does (`parsePercentage`, `pkg/kubelet/eviction/helpers.go`): every trailing `%` is
 * cut off, the rest is a 32-bit float. The value is the fraction (0.05 for `5%`), itself a 32-bit float; any sign and
 * size, and NaN, pass.
 */
export function parsePercentage(text: string): Parsed<number> {
  let end = text.length;
  while (end > 0 && text[end - 1] === '%') end -= 1;
  const value = parseFloat32(text.slice(0, end));
  if (!value.ok) return refused(`${quoteText(text)} is not a percentage: ${value.error}`);
  return parsed(Math.fround(value.value / 100));
}
