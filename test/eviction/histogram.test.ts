import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { histogram } from '../../src/eviction/histogram.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 10, 23, 12);

describe('histogram', () => {
  test.each<[string, number, number]>([
    ['a moment', 0, MINUTE],
    ['20 minutes', 20 * MINUTE, MINUTE],
    ['half an hour', 30 * MINUTE, 2 * MINUTE],
    ['two hours', 2 * HOUR, 10 * MINUTE],
    ['five hours', 5 * HOUR, 15 * MINUTE],
    ['half a day', 12 * HOUR, HOUR],
    ['a day less a minute', DAY - MINUTE, 2 * HOUR],
    ['a week', 7 * DAY, 12 * HOUR],
    ['eleven weeks', 77 * DAY, 7 * DAY],
    ['a year', 365 * DAY, 28 * DAY],
    ['eight years', 8 * 365 * DAY, 224 * DAY],
  ])('%s', (_name, span, width) => {
    expect(histogram([], { from: NOON - span, to: NOON }).width).toBe(width);
  });

  test('counts what happened, and shows what did not', () => {
    const times = [NOON, NOON + 1, NOON + 3 * MINUTE + 59_999];
    expect(histogram(times, { from: NOON, to: NOON + 3 * MINUTE + 59_999 })).toEqual({
      width: MINUTE,
      buckets: [
        { start: NOON, count: 2 },
        { start: NOON + MINUTE, count: 0 },
        { start: NOON + 2 * MINUTE, count: 0 },
        { start: NOON + 3 * MINUTE, count: 1 },
      ],
    });
  });

  test('any times: nothing is lost, buckets are whole, in order, and few', () => {
    const time = fc.integer({ min: Date.UTC(2014, 5, 1), max: Date.UTC(2040, 0, 1) });
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 40 }), (times, most) => {
        const { width, buckets } = histogram(times, { from: Math.min(...times), to: Math.max(...times) }, most);
        expect(buckets.length).toBeLessThanOrEqual(most);
        expect(buckets.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(times.length);
        buckets.forEach(({ start, count }, i) => {
          expect(start % width).toBe(0);
          expect(start).toBe((buckets[0]?.start ?? 0) + i * width);
          expect(times.filter(t => t >= start && t < start + width)).toHaveLength(count);
        });
        expect([buckets[0]?.count, buckets.at(-1)?.count]).not.toContain(0);
      }),
    );
  });
});
