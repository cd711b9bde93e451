import type { Instant } from './node.ts';

/** Events counted over time, in steps of equal width that begin at whole UTC multiples of it. */
export interface Histogram {
  /** Width of a bucket in milliseconds. */
  readonly width: number;
  /** Without gaps: a bucket in which nothing happened counts 0. */
  readonly buckets: readonly { readonly start: Instant; readonly count: number }[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Widths that divide hours, days and weeks the way people do. */
const WIDTHS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map(minutes => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map(hours => hours * HOUR),
  ...[1, 2, 7, 14, 28].map(days => days * DAY),
];

/**
 * Counts times into at most `most` buckets, of the smallest round width that covers the range.
 *
 * @param range what the buckets cover, both ends included; times outside of it are not counted
 */
export function histogram(
  times: readonly Instant[],
  range: { readonly from: Instant; readonly to: Instant },
  most = 24,
): Histogram {
  const width = widthFor(range, most);
  const first = Math.floor(range.from / width);
  const counts = Array.from({ length: Math.floor(range.to / width) - first + 1 }, () => 0);
  for (const time of times) {
    if (time < range.from || time > range.to) continue;
    const at = Math.floor(time / width) - first;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return { width, buckets: counts.map((count, i) => ({ start: (first + i) * width, count })) };
}

function widthFor({ from, to }: { readonly from: Instant; readonly to: Instant }, most: number): number {
  const fits = (width: number): boolean => Math.floor(to / width) - Math.floor(from / width) < most;
  const found = WIDTHS.find(fits);
  if (found !== undefined) return found;
  let width = 28 * DAY;
  while (!fits(width)) width *= 2;
  return width;
}
