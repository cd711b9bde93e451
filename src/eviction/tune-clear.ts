import { assessNode } from './assess.ts';
import type { EvictionConfig } from './config.ts';
import { humanAmount } from './human.ts';
import type { Instant, NodeInput } from './node.ts';
import { quantityFromInteger } from './quantity.ts';
import type { SignalInfo } from './signal.ts';
import { type ArmedThreshold, isCopy, type SignalReport } from './signal-report.ts';
import { isHard, parseThresholdValue, resolveAmount, type ThresholdValue } from './threshold.ts';
import { NO_CHANGE, type TuneRequest } from './tune.ts';

/** The smallest change that ends a node's pressure, or why there is none. */
export type ClearOutcome =
  | { readonly kind: 'nothing'; readonly reason: string }
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'change'; readonly request: TuneRequest; readonly reasons: readonly string[] };

/** What must stay between the new threshold and what is free: this share of what is free. */
const MARGIN = 0.1;

const PERCENT_LADDER: readonly number[] = [0.1, 0.2, 0.5, ...Array.from({ length: 99 }, (_, i) => i + 1)];

/** Whole amounts that read well: two significant digits of the largest unit that fits, rounded down. */
function niceFloor(amount: number, unit: SignalInfo['unit']): bigint {
  const base = unit === 'bytes' ? 1024 : 1000;
  let scale = 1;
  while (amount / scale >= base * 10) scale *= base;
  const units = Math.floor(amount / scale);
  const step = units >= 1000 ? 100 : units >= 100 ? 10 : 1;
  return BigInt(Math.floor(units / step) * step) * BigInt(scale);
}

/** A value of the same kind that asks for at most `most` of the capacity; null: nothing above zero does. */
function largestValue(like: ThresholdValue, most: number, capacity: number, info: SignalInfo): string | null {
  if (like.kind === 'quantity') {
    const units = niceFloor(most, info.unit);
    return units <= 0n ? null : quantityFromInteger(units, info.unit === 'bytes' ? 'BinarySI' : 'DecimalSI').text;
  }
  const fitting = PERCENT_LADDER.findLast(percent => {
    const value = parseThresholdValue(info.signal, `${percent}%`, null);
    if (!value.ok || value.value === 'dropped') return false;
    const { amount } = resolveAmount(value.value, capacity);
    // A share of a tiny capacity may come to nothing, which is never met.
    return amount > 0 && amount <= most;
  });
  return fitting === undefined ? null : `${fitting}%`;
}

/** The request under construction, and why each part of it is there. */
class Clearing {
  readonly hard = new Map<string, string>();
  readonly soft = new Map<string, { value: string; grace: string }>();
  readonly minReclaim = new Map<string, string>();
  readonly reasons: string[] = [];
  readonly stuck: string[] = [];
  readonly #config: EvictionConfig;

  constructor(config: EvictionConfig) {
    this.#config = config;
  }

  /** Lowers whatever of a signal is met, or keeps its condition by minimum reclaim. */
  lower(report: SignalReport): void {
    const { observation } = report;
    if (observation === null) return;
    for (const armed of [report.hard, report.soft]) {
      if (armed?.amount) this.#lowerOne(report, armed, observation.available, observation.capacity);
    }
  }

  #lowerOne(report: SignalReport, armed: ArmedThreshold, available: number, capacity: number): void {
    const { info } = report;
    const amount = armed.amount?.amount ?? 0;
    // The pods' own limit carries a copy of the memory threshold: the original is what can be written.
    const signal = armed.threshold.derivedFrom ?? report.signal;
    const kept = capacity > 0 && available >= capacity * 0.02 ? capacity * 0.01 : 0;
    const most = available - Math.max(available * MARGIN, kept);
    let threshold = amount;
    if (amount > available) {
      const text = largestValue(armed.threshold.value, most, capacity, info);
      if (text === null) {
        this.stuck.push(`${report.signal}: nothing is free, so no threshold can be low enough`);
        return;
      }
      const value = parseThresholdValue(signal, text, null);
      threshold = value.ok && value.value !== 'dropped' ? resolveAmount(value.value, capacity).amount : 0;
      this.#setThreshold(signal, armed, text);
      const now = `${armed.threshold.value.text} (${humanAmount(amount, info.unit)})`;
      const then = `${text} (${humanAmount(threshold, info.unit)})`;
      this.reasons.push(
        `${signal}: ${now} is more than the ${humanAmount(available, info.unit)} available; ${then} is the largest round value that leaves a tenth of that as headroom`,
      );
    }
    this.#fitReclaim(report, armed, signal, available, threshold);
  }

  #fitReclaim(report: SignalReport, armed: ArmedThreshold, signal: string, available: number, threshold: number): void {
    const { info } = report;
    const reclaim = armed.minReclaim?.amount ?? 0;
    if (reclaim === 0 || threshold + reclaim <= available) return;
    const capacity = report.observation?.capacity ?? 0;
    const like = armed.threshold.minReclaim;
    const text = (like && largestValue(like, available - threshold, capacity, info)) ?? '0';
    this.minReclaim.set(signal, text);
    this.reasons.push(
      `${signal}: with a minimum reclaim of ${like?.text} (${humanAmount(reclaim, info.unit)}) pressure would not end before ${humanAmount(threshold + reclaim, info.unit)} is available; ${text} fits`,
    );
  }

  #setThreshold(signal: string, armed: ArmedThreshold, text: string): void {
    const { threshold } = armed;
    if (!threshold.soft) {
      const other = this.hard.get(signal);
      // Two limits on one threshold (node and pods' memory): the lower value serves both.
      if (other === undefined || isLower(signal, text, other)) this.hard.set(signal, text);
      return;
    }
    const grace = this.#config.evictionSoftGracePeriod?.get(signal) ?? (isHard(threshold) ? '0s' : '1m');
    this.soft.set(signal, { value: text, grace });
  }
}

function isLower(signal: string, a: string, b: string): boolean {
  const [x, y] = [a, b].map(text => parseThresholdValue(signal, text, null));
  if (!x?.ok || !y?.ok || x.value === 'dropped' || y.value === 'dropped') return false;
  return resolveAmount(x.value, 1e12).nano < resolveAmount(y.value, 1e12).nano;
}

/**
 * Finds the smallest change of thresholds that ends the pressure on a node, by its present figures: every threshold that is
 * met becomes the largest round value with some headroom, and a minimum reclaim that cannot be reached is lowered with it.
 */
export function clearPressure(input: NodeInput, now: Instant): ClearOutcome {
  if (!input.config.ok) return { kind: 'impossible', reason: input.config.problem.message };
  if (!input.stats.ok) return { kind: 'impossible', reason: input.stats.problem.message };
  const report = assessNode(input, { now });
  const binding = report.signals.filter(
    s =>
      !isCopy(s) &&
      (s.state === 'BREACHED' || s.state === 'soft' || (s.state === 'recovering' && s.reason === 'min-reclaim')),
  );
  const clearing = new Clearing(input.config.value);
  for (const signal of binding) clearing.lower(signal);
  if (clearing.stuck.length > 0) return { kind: 'impossible', reason: clearing.stuck.join('; ') };
  const { hard, soft, minReclaim, reasons } = clearing;
  if (hard.size + soft.size + minReclaim.size > 0) {
    return { kind: 'change', request: { ...NO_CHANGE, hard, soft, minReclaim }, reasons };
  }
  if (report.pressure.length === 0) return { kind: 'nothing', reason: `node ${input.node.name} is not under pressure` };
  return { kind: 'nothing', reason: report.explanation ?? 'no threshold is met' };
}

/** A request as the flags that ask for it. */
export function requestFlags(request: TuneRequest): string {
  const quote = (text: string): string => `'${text}'`;
  return [
    ...[...request.hard].map(([signal, value]) => `--eviction-hard ${quote(`${signal}<${value}`)}`),
    ...[...request.soft].map(([signal, { value, grace }]) => `--soft ${quote(`${signal}=${value}:${grace}`)}`),
    ...[...request.minReclaim].map(([signal, value]) => `--min-reclaim ${quote(`${signal}=${value}`)}`),
  ].join(' ');
}
