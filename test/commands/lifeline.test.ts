import { expect, test } from 'vitest';
import { Lifeline } from '../../src/commands/status/lifeline.ts';

test('without a hold it ends at once', () => {
  const stop = new AbortController();
  const lifeline = new Lifeline(stop.signal);
  expect(lifeline.signal.aborted).toBe(false);
  stop.abort();
  expect(lifeline.signal.aborted).toBe(true);
});

test('one that begins too late has ended already', () => {
  expect(new Lifeline(AbortSignal.abort()).signal.aborted).toBe(true);
});

test('it waits for everything that holds it, also for what fails', async () => {
  const stop = new AbortController();
  const lifeline = new Lifeline(stop.signal);
  const asked: string[] = [];
  let release: () => void = () => {};
  lifeline.hold(() => {
    asked.push('first');
    return new Promise(resolve => {
      release = resolve;
    });
  });
  lifeline.hold(async () => {
    asked.push('second');
    throw new Error('boom');
  });
  expect(asked).toEqual([]);
  stop.abort();
  expect(asked).toEqual(['first', 'second']);
  await Promise.resolve();
  expect(lifeline.signal.aborted).toBe(false);
  release();
  await expect.poll(() => lifeline.signal.aborted).toBe(true);
});
