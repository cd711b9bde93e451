import { describe, expect, test } from 'vitest';
import { Limiter, MOST_IN_FLIGHT } from '../../src/commands/purge/limiter.ts';

/** Sends `count` requests, each taking so long, as many at a time as there is room for. */
async function send(limiter: Limiter, count: number, take: () => void, strain = false): Promise<number> {
  let peak = 0;
  let left = count;
  while (left > 0) {
    const places = [];
    while (left > 0 && limiter.inFlight < limiter.limit) {
      places.push(await limiter.take());
      left -= 1;
    }
    peak = Math.max(peak, limiter.inFlight);
    take();
    for (const place of places) {
      if (strain) place.strained();
      place.release();
    }
  }
  return peak;
}

describe('places for requests', () => {
  test('grow to a bound while the server is quick', async () => {
    let now = 0;
    const limiter = new Limiter(() => now);
    const first = limiter.limit;
    expect(await send(limiter, 500, () => (now += 20))).toBe(MOST_IN_FLIGHT);
    expect(first).toBeLessThan(MOST_IN_FLIGHT / 2);
  });

  test('halve once a round when it throttles, down to one', async () => {
    let now = 0;
    const limiter = new Limiter(() => now);
    await send(limiter, 500, () => (now += 20));
    const before = limiter.limit;
    await send(limiter, before, () => (now += 20), true);
    expect(limiter.limit).toBe(Math.floor(before / 2));
    await send(limiter, 200, () => (now += 20), true);
    expect(limiter.limit).toBe(1);
  });

  test('halve when it becomes slow', async () => {
    let now = 0;
    const limiter = new Limiter(() => now);
    await send(limiter, 500, () => (now += 20));
    const before = limiter.limit;
    await send(limiter, before, () => (now += 3000));
    expect(limiter.limit).toBe(Math.floor(before / 2));
  });

  test('grow again afterwards, by one a round', async () => {
    let now = 0;
    const limiter = new Limiter(() => now);
    await send(limiter, 500, () => (now += 20));
    await send(limiter, limiter.limit, () => (now += 20), true);
    const low = limiter.limit;
    await send(limiter, low * 3, () => (now += 20));
    expect(limiter.limit).toBeGreaterThan(low);
    expect(limiter.limit).toBeLessThan(low + 5);
  });

  test.each([1, 2, 5, 20])('are seldom more than the %i that a server takes at a time', async bound => {
    let now = 0;
    const limiter = new Limiter(() => now);
    let strains = 0;
    const sent = 3000;
    for (let left = sent; left > 0; ) {
      const places = [];
      while (limiter.inFlight < limiter.limit) places.push(await limiter.take());
      now += 20;
      for (const [i, place] of places.entries()) {
        if (i >= bound) {
          strains += 1;
          place.strained();
        }
        place.release();
      }
      left -= places.length;
    }
    expect(limiter.limit).toBeLessThanOrEqual(bound + 1);
    expect(strains).toBeGreaterThan(0);
    expect(strains / sent).toBeLessThan(0.05);
  });

  test('grow to the bound again after trouble that has passed', async () => {
    let now = 0;
    const limiter = new Limiter(() => now);
    await send(limiter, limiter.limit, () => (now += 20), true);
    await send(limiter, 4000, () => (now += 20));
    expect(limiter.limit).toBe(MOST_IN_FLIGHT);
  });

  test('are never more than the limit, and idle tells when all are back', async () => {
    const limiter = new Limiter(() => 0);
    const places = await Promise.all(Array.from({ length: limiter.limit }, () => limiter.take()));
    let isThrough = false;
    const waiting = limiter.take().then(place => {
      isThrough = true;
      return place;
    });
    await Promise.resolve();
    expect(isThrough).toBe(false);
    places[0]!.release();
    const late = await waiting;
    let isIdle = false;
    const idle = limiter.idle().then(() => {
      isIdle = true;
    });
    for (const place of places.slice(1)) place.release();
    await Promise.resolve();
    expect(isIdle).toBe(false);
    late.release();
    await idle;
    expect(limiter.inFlight).toBe(0);
  });
});
