import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assessNode } from '../../src/eviction/assess.ts';
import { addSample, forecast, type Sample } from '../../src/eviction/forecast.ts';
import { forecastNode, recordSamples, type SignalSamples } from '../../src/eviction/signal-history.ts';
import { filesystem, GI, MI, NOW, nodeInput, singleDisk } from '../support/builders.ts';

/** A disk that is read every `everySeconds`, and loses `perSecond` with some noise. */
function filling(
  count: number,
  everySeconds: number,
  perSecond: number,
  noise: (i: number) => number = () => 0,
): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    time: NOW + i * everySeconds * 1000,
    available: 10 * GI - i * everySeconds * perSecond + noise(i),
  }));
}

/** The same, that much later. */
function later(samples: readonly Sample[], seconds: number): Sample[] {
  return samples.map(({ time, available }) => ({ time: time + seconds * 1000, available }));
}

/** What it lost is given back, and stays. */
function freedAfter(samples: readonly Sample[], count: number): Sample[] {
  const end = last(samples);
  const freed = Array.from({ length: count }, (_, i) => ({ time: end + (i + 1) * 10_000, available: 10 * GI }));
  return [...samples, ...freed];
}

const last = (samples: readonly Sample[]): number => samples.at(-1)?.time ?? 0;

/** A small generator of our own: the same numbers in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}

describe('addSample', () => {
  test('the same sample time is the same sample, however often it is read', () => {
    const one = addSample([], { time: NOW, available: 5 });
    expect(addSample(one, { time: NOW, available: 5 })).toBe(one);
    expect(addSample(one, { time: NOW - 1000, available: 7 })).toBe(one);
    expect(addSample(one, { time: NOW + 1000, available: 4 })).toHaveLength(2);
  });

  test('keeps a quarter of an hour and at most 60 samples', () => {
    const often = filling(200, 1, 1).reduce<readonly Sample[]>(addSample, []);
    expect(often).toHaveLength(60);
    const seldom = filling(40, 60, 1).reduce<readonly Sample[]>(addSample, []);
    expect(seldom).toHaveLength(16);
  });

  test.each([
    [Number.NaN, 5],
    [NOW, Number.NaN],
    [Number.POSITIVE_INFINITY, 1],
  ])('time %d, amount %d is no sample', (time, available) => {
    expect(addSample([], { time, available })).toEqual([]);
  });
});

describe('forecast', () => {
  test.each([
    ['5 samples', filling(5, 30, MI), null],
    ['6 samples in 50 s', filling(6, 10, MI), null],
    ['6 samples in 60 s', filling(6, 12, MI), 10 * 1024 - 60 - 1024],
    ['10 samples, every 10 s', filling(10, 10, MI), 10 * 1024 - 90 - 1024],
    ['a disk that empties', filling(10, 10, -MI), null],
    ['a disk that stands still', filling(10, 10, 0), null],
    ['a disk that was freed just now', freedAfter(filling(10, 10, MI), 1), null],
    ['a disk that was freed, and stands still', freedAfter(filling(10, 10, MI), 12), null],
    [
      'one that fills again: what came before does not count',
      [...filling(10, 10, MI), ...later(filling(7, 12, 2 * MI), 200)],
      (9 * 1024 - 144) / 2,
    ],
  ])('%s', (_name, samples, seconds) => {
    const found = forecast(samples, GI, last(samples));
    if (seconds === null) expect(found).toBeNull();
    else expect(found?.seconds).toBeCloseTo(seconds, 3);
  });

  test('time that passed since the last sample counts', () => {
    const samples = filling(10, 10, MI);
    const then = forecast(samples, GI, last(samples))?.seconds ?? 0;
    expect(forecast(samples, GI, last(samples) + 60_000)?.seconds).toBeCloseTo(then - 60, 6);
    // A node whose clock is ahead of ours has not seen the future.
    expect(forecast(samples, GI, last(samples) - 60_000)?.seconds).toBeCloseTo(then, 6);
  });

  test('a threshold that is reached is no forecast', () => {
    const samples = filling(10, 10, MI);
    expect(forecast(samples, 20 * GI, last(samples))).toBeNull();
  });

  test('one wild sample does not turn it', () => {
    const samples = filling(12, 15, MI).map((s, i) => (i === 5 ? { ...s, available: s.available + 3 * GI } : s));
    expect(forecast(samples, GI, last(samples))?.rate).toBeCloseTo(-MI, -3);
  });

  test('noise without a direction is told as never, at least four times in five', () => {
    const random = randomFrom(7);
    const runs = Array.from({ length: 400 }, () => filling(12, 10, 0, () => gauss(random) * 50 * MI));
    const spoke = runs.filter(samples => forecast(samples, GI, last(samples)) !== null).length;
    // The 80 % interval leaves 10 % on the side of falling.
    expect(spoke / 400).toBeLessThan(0.14);
  });

  test.each([
    [0.5 * MI, 4 * MI],
    [2 * MI, 10 * MI],
    [15 * MI, 20 * MI],
  ])(
    'a disk that loses %d a second, noise %d: the interval holds the truth about four times in five',
    (rate, noise) => {
      const random = randomFrom(11);
      let told = 0;
      let held = 0;
      for (let run = 0; run < 300; run += 1) {
        const samples = filling(20, 10, rate, () => gauss(random) * noise);
        const found = forecast(samples, GI, last(samples));
        if (found === null) continue;
        told += 1;
        const truth = (9 * GI - 190 * rate) / rate;
        if (found.earliest <= truth && truth <= found.latest) held += 1;
      }
      expect(told).toBeGreaterThan(250);
      expect(held / told).toBeGreaterThan(0.7);
      expect(held / told).toBeLessThan(0.98);
    },
  );

  test('is within its own interval, and never before now', () => {
    const sample = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 6, maxLength: 40 }),
        fc.integer({ min: 0, max: 1e8 }),
        (amounts, limit) => {
          const samples = amounts.map((available, i) => ({ time: NOW + i * 15_000, available }));
          const found = forecast(samples, limit, last(samples));
          if (found === null) return;
          expect(found.earliest).toBeGreaterThanOrEqual(0);
          expect(found.earliest).toBeLessThanOrEqual(found.seconds);
          expect(found.seconds).toBeLessThanOrEqual(found.latest);
          expect(found.rate).toBeLessThan(0);
        },
      ),
    );
  });
});

describe('of a node', () => {
  const samplesAfter = (minutes: number): SignalSamples => {
    let samples: SignalSamples = new Map();
    for (let i = 0; i <= minutes * 4; i += 1) {
      const disk = filesystem({ available: 30 * GI - i * 15 * 20 * MI, time: NOW + i * 15_000 });
      samples = recordSamples(samples, assessNode(nodeInput({ stats: singleDisk(disk) }), { now: NOW }));
    }
    return samples;
  };

  test('the signal that comes first is named; figures read twice are one sample', () => {
    const samples = samplesAfter(3);
    const report = assessNode(
      nodeInput({ stats: singleDisk(filesystem({ available: 30 * GI - 12 * 15 * 20 * MI, time: NOW + 180_000 })) }),
      { now: NOW + 180_000 },
    );
    expect(recordSamples(samples, report)).toBe(samples);
    const found = forecastNode(report, samples, NOW + 180_000);
    // imagefs is guarded at 15 %, nodefs at 10 %: the higher one is reached first.
    expect(found?.signal).toBe('imagefs.available');
    expect(found?.seconds).toBeCloseTo(((30 - 15) * 1024) / 20 - 180, 0);
  });

  test('without history there is none', () => {
    const report = assessNode(nodeInput(), { now: NOW });
    expect(forecastNode(report, new Map(), NOW)).toBeNull();
  });
});
