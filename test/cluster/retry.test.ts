import { describe, expect, test } from 'vitest';
import { parseRetryAfter, retryDelay } from '../../src/cluster/retry.ts';
import { CancelledError } from '../../src/errors.ts';
import { sleep } from '../../src/sleep.ts';

const now = Date.parse('2026-11-23T12:00:00Z');

test.each<[string | undefined, number | undefined]>([
  [undefined, undefined],
  ['', undefined],
  ['0', 0],
  ['7', 7],
  [' 12 ', 12],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['Mon, 23 Nov 2026 12:00:10 GMT', 10],
  ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
  ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
])('Retry-After %j is %j', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected);
});

describe('delay', () => {
  test.each<[number, number | undefined, number, number]>([
    [0, undefined, 0, 125],
    [0, undefined, 1, 250],
    [3, undefined, 1, 2000],
    [40, undefined, 1, 10_000],
    [0, 0, 1, 0],
    [0, 2, 0, 2000],
    [0, 2, 1, 2400],
    [0, 3600, 0, 30_000],
  ])('retry %i, asked %j s, random %d: %i ms', (retry, asked, random, expected) => {
    expect(retryDelay(retry, asked, random)).toBe(expected);
  });
});

test('waiting ends with the signal', async () => {
  const stop = new AbortController();
  const waiting = sleep(3_600_000, stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow(CancelledError);
  await expect(sleep(3_600_000, stop.signal)).rejects.toThrow(CancelledError);
});
