import type { NodeReport } from './assess.ts';
import { addSample, type Forecast, forecast, type Sample } from './forecast.ts';
import type { Instant } from './node.ts';
import type { Signal } from './signal.ts';
import { isCopy, type SignalReport } from './signal-report.ts';

/** The samples of one node's signals, oldest first. */
export type SignalSamples = ReadonlyMap<Signal, readonly Sample[]>;

/** The signal of a node that reaches a threshold first, and when. */
export interface NodeForecast extends Forecast {
  readonly signal: Signal;
}

/** Adds what a report has seen to the samples of that node. The same figures again change nothing. */
export function recordSamples(samples: SignalSamples, report: NodeReport): SignalSamples {
  let next: Map<Signal, readonly Sample[]> | null = null;
  for (const { signal, observation } of report.signals) {
    if (observation === null || observation.time === null) continue;
    const before = samples.get(signal) ?? [];
    const after = addSample(before, { time: observation.time, available: observation.available });
    if (after === before) continue;
    next ??= new Map(samples);
    next.set(signal, after);
  }
  return next ?? samples;
}

/** When a signal reaches its hard threshold (the soft one where there is no hard one); null: not foreseeable. */
export function forecastSignal(report: SignalReport, samples: SignalSamples, now: Instant): Forecast | null {
  const limit = report.hard?.amount ?? report.soft?.amount ?? null;
  if (limit === null || report.observation === null) return null;
  return forecast(samples.get(report.signal) ?? [], limit.amount, now);
}

/** The signal of a node that reaches a threshold soonest; null: none does, as far as can be foreseen. */
export function forecastNode(report: NodeReport, samples: SignalSamples, now: Instant): NodeForecast | null {
  let first: NodeForecast | null = null;
  for (const signal of report.signals) {
    if (isCopy(signal)) continue;
    const found = forecastSignal(signal, samples, now);
    if (found !== null && (first === null || found.seconds < first.seconds)) {
      first = { ...found, signal: signal.signal };
    }
  }
  return first;
}

/** The samples of many nodes, by name. */
export type SampleBook = ReadonlyMap<string, SignalSamples>;

/** Adds what reports have seen to the samples of before; nodes that are not among them are forgotten. */
export function recordReports(book: SampleBook, reports: readonly NodeReport[]): SampleBook {
  return new Map(
    reports.map(report => [report.node.name, recordSamples(book.get(report.node.name) ?? new Map(), report)]),
  );
}
