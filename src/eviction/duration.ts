import { type Parsed, parsed, quoteText, refused } from './parsed.ts';

/** A span of time, as Go's `time.Duration`. */
export interface Duration {
  /** Nanoseconds, within a signed 64-bit integer. */
  readonly ns: bigint;
}

const MICROSECOND = 1_000n;
const MILLISECOND = 1_000_000n;
const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const LIMIT = 1n << 63n;

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', MICROSECOND],
  ['\u00b5s', MICROSECOND],
  ['\u03bcs', MICROSECOND],
  ['ms', MILLISECOND],
  ['s', SECOND],
  ['m', MINUTE],
  ['h', HOUR],
]);

/** Longer texts are refused unread. */
const MAX_TEXT = 1000;

const PART = /(\d*)(?:\.(\d*))?([^.\d]*)/y;

/** A fraction of a unit in nanoseconds; Go reads at most the digits that fit 63 bits, and computes with floats. */
function fractionOf(unit: bigint, decimals: string): bigint {
  let amount = 0n;
  let scale = 1;
  for (const digit of decimals) {
    const next = amount * 10n + BigInt(digit);
    if (next > LIMIT) break;
    amount = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(amount) * (Number(unit) / scale)));
}

function readPart(whole: string, decimals: string, unitText: string): Parsed<bigint> {
  if (whole === '' && decimals === '') return refused('a number is missing');
  if (unitText === '') return refused('a unit is missing (write for example 90s, 1m30s or 1.5h)');
  const unit = UNITS.get(unitText);
  if (unit === undefined) return refused(`unknown unit ${quoteText(unitText)} (known: h, m, s, ms, us, ns)`);
  return parsed(BigInt(`0${whole}`) * unit + (decimals === '' ? 0n : fractionOf(unit, decimals)));
}

/** The size in nanoseconds of a text without sign. */
function readParts(text: string): Parsed<bigint> {
  let total = 0n;
  let index = 0;
  while (index < text.length) {
    PART.lastIndex = index;
    const match = PART.exec(text);
    if (match === null || match[0] === '') return refused('a number is missing');
    const part = readPart(match[1] ?? '', match[2] ?? '', match[3] ?? '');
    if (!part.ok) return part;
    total += part.value;
    if (total > LIMIT) return refused('too long');
    index += match[0].length;
  }
  return parsed(total);
}

/**
 * Reads a duration as Go's `time.ParseDuration`: `1h30m`, `.5s`, `1.5h`, `0`, `-1m`. A number needs a unit (`90` is
 * refused), days are unknown, blanks are never allowed.
 */
export function parseDuration(text: string): Parsed<Duration> {
  if (text.length > MAX_TEXT) return refused(`${quoteText(text)} is too long for a duration`);
  const negative = text.startsWith('-');
  const size = negative || text.startsWith('+') ? text.slice(1) : text;
  if (size === '0') return parsed({ ns: 0n });
  if (size === '') return refused(`${quoteText(text)} is not a duration: a number is missing`);
  const total = readParts(size);
  if (!total.ok) return refused(`${quoteText(text)} is not a duration: ${total.error}`);
  if (!negative && total.value === LIMIT) return refused(`${quoteText(text)} is not a duration: too long`);
  return parsed({ ns: negative ? -total.value : total.value });
}

function withFraction(amount: bigint, unit: bigint): string {
  const width = String(unit).length - 1;
  const rest = (amount % unit).toString().padStart(width, '0').replace(/0+$/, '');
  return `${amount / unit}${rest === '' ? '' : `.${rest}`}`;
}

function formatPositive(ns: bigint): string {
  if (ns < MICROSECOND) return `${ns}ns`;
  if (ns < MILLISECOND) return `${withFraction(ns, MICROSECOND)}\u00b5s`;
  if (ns < SECOND) return `${withFraction(ns, MILLISECOND)}ms`;
  const hours = ns / HOUR;
  const minutes = (ns % HOUR) / MINUTE;
  const seconds = `${withFraction(ns % MINUTE, SECOND)}s`;
  if (hours > 0n) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${minutes}m${seconds}` : seconds;
}

/** The duration as Go prints it: `5m0s`, `1h30m0s`, `0s`, `1.5s`, `100ms`. */
export function formatDuration(duration: Duration): string {
  if (duration.ns === 0n) return '0s';
  return duration.ns < 0n ? `-${formatPositive(-duration.ns)}` : formatPositive(duration.ns);
}

/** The duration in seconds; exact for whole seconds. */
export function durationSeconds(duration: Duration): number {
  return Number(duration.ns / SECOND) + Number(duration.ns % SECOND) / 1e9;
}

/** The duration of so many seconds, rounded to nanoseconds and kept within 64 bits; NaN gives zero. */
export function durationFromSeconds(seconds: number): Duration {
  if (Number.isNaN(seconds)) return { ns: 0n };
  const edge = 9_223_372_036;
  if (Math.abs(seconds) > edge) return { ns: seconds > 0 ? LIMIT - 1n : -LIMIT };
  const whole = Math.trunc(seconds);
  return { ns: BigInt(whole) * SECOND + BigInt(Math.round((seconds - whole) * 1e9)) };
}
