import type { SignalInfo } from './signal.ts';

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const DECIMAL = ['', 'k', 'M', 'G', 'T'] as const;

/** Three significant digits, never in exponent form, without trailing zeros. */
function significant(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = value.toFixed(digits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/**
 * An amount as people read it, within half a per cent: `448Mi`, `5.8Gi`, `81k`, `-146Mi`. Bytes in binary units, inodes and
 * pids in decimal ones. Infinite or undefined amounts are `?`.
 */
export function humanAmount(amount: number, unit: SignalInfo['unit']): string {
  if (!Number.isFinite(amount)) return '?';
  const base = unit === 'bytes' ? 1024 : 1000;
  const suffixes = unit === 'bytes' ? BINARY : DECIMAL;
  let scaled = amount;
  let step = 0;
  // 999.5 would print as 1000 of the smaller unit: take the next one from there.
  while (Math.abs(scaled) >= (base === 1000 ? 999.5 : 1023.5) && step < suffixes.length - 1) {
    scaled /= base;
    step += 1;
  }
  return `${significant(scaled)}${suffixes[step] ?? ''}`;
}

/** A share as people read it: one decimal, `7.5%`; whole numbers from 100 up. */
export function humanPercent(share: number): string {
  if (!Number.isFinite(share)) return '?';
  const text = Math.abs(share) >= 99.95 ? share.toFixed(0) : share.toFixed(1);
  return `${text.replace(/\.0$/, '')}%`;
}

/**
 * A span of time the way kubectl prints ages: two units while the larger one is small (`2m10s`, `3h5m`), one afterwards
 * (`51m`, `9d`). Negative spans are `0s`: a clock that is a little ahead is not news.
 */
export function humanAge(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const s = Math.max(0, Math.floor(seconds));
  if (s < 120) return `${s}s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 10) return two(minutes, 'm', s % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(s / 3600);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(s / 86_400);
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** `a, b and c`. */
export function enumerate(words: readonly string[]): string {
  const last = words.at(-1);
  if (last === undefined) return '';
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** `1 pod`, `7 pods`: for nouns that take an s. */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
