import type { Instant } from './node.ts';

/** What a kubelet saw of a signal at one time of its own. */
export interface Sample {
  /** The kubelet's sample time: the same figures read twice are one sample. */
  readonly time: Instant;
  /** In the signal's unit. */
  readonly available: number;
}

/** When a signal reaches its threshold, at the rate of the last minutes. Seconds from the moment it was asked for. */
export interface Forecast {
  readonly seconds: number;
  /** The 80 % interval of `seconds`; with the noise of the samples the truth lies outside once in five times. */
  readonly earliest: number;
  readonly latest: number;
  /** Change of what is available, in units a second; negative. */
  readonly rate: number;
}

/** Older samples say nothing about the present rate. */
const WINDOW_MS = 15 * 60_000;
const MOST_SAMPLES = 60;
const FEWEST_SAMPLES = 6;
const SHORTEST_MS = 60_000;
/** Two-sided 80 % of the normal distribution. */
const Z = 1.2816;

/**
 * Adds a sample to those before it, oldest first. One with the time of the last one (the kubelet has not looked again) or
 * an earlier one changes nothing; a quarter of an hour, at most 60 samples, are kept.
 */
export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1);
  if (!Number.isFinite(sample.time) || !Number.isFinite(sample.available)) return samples;
  if (last !== undefined && sample.time <= last.time) return samples;
  const from = sample.time - WINDOW_MS;
  return [...samples.filter(s => s.time >= from).slice(1 - MOST_SAMPLES), sample];
}

/**
 * When `available` falls to `limit`: Theil-Sen over at least 6 samples that span at least a minute. Null while there are
 * fewer, when the limit is reached already, and when the 80 % interval of the rate includes "never". Where something was freed,
 * only what came after it counts.
 *
 * @param now on the clock of the sample times
 */
export function forecast(all: readonly Sample[], limit: number, now: Instant): Forecast | null {
  const samples = sinceFreed(all);
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined) return null;
  if (samples.length < FEWEST_SAMPLES || last.time - first.time < SHORTEST_MS) return null;
  const { rate, lowest, highest } = theilSen(samples);
  if (!(highest < 0)) return null;
  const level = median(samples.map(s => s.available + (rate * (last.time - s.time)) / 1000));
  const room = level - limit;
  if (!(room > 0)) return null;
  const passed = Math.max(0, (now - last.time) / 1000);
  const until = (slope: number): number => Math.max(0, room / -slope - passed);
  return { seconds: until(rate), earliest: until(lowest), latest: until(highest), rate };
}

interface Slopes {
  readonly rate: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The median of all pairwise slopes, and the ranks around it that Kendall's statistic gives for 80 % (Sen 1968). */
/** The samples from the last jump up on that undid more than half of what the samples span. */
function sinceFreed(samples: readonly Sample[]): readonly Sample[] {
  const amounts = samples.map(s => s.available);
  const jump = (Math.max(...amounts) - Math.min(...amounts)) / 2;
  const at = samples.findLastIndex((s, i) => i > 0 && s.available - (amounts[i - 1] ?? s.available) > jump);
  return at < 0 ? samples : samples.slice(at);
}

function theilSen(samples: readonly Sample[]): Slopes {
  const slopes: number[] = [];
  samples.forEach((a, i) => {
    for (const b of samples.slice(i + 1)) slopes.push(((b.available - a.available) * 1000) / (b.time - a.time));
  });
  slopes.sort((a, b) => a - b);
  const n = samples.length;
  const spread = Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  const from = Math.max(0, Math.floor((slopes.length - spread) / 2) - 1);
  const to = Math.min(slopes.length - 1, Math.ceil((slopes.length + spread) / 2));
  return { rate: median(slopes), lowest: slopes[from] ?? 0, highest: slopes[to] ?? 0 };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const high = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? 0) + high) / 2;
}
