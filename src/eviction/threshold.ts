import { type Duration, parseDuration } from './duration.ts';
import { type Parsed, parsed, quoteText, refused } from './parsed.ts';
import { parsePercentage } from './percentage.ts';
import { parseQuantity, type Quantity, quantityNumber } from './quantity.ts';
import { isSignal, type Signal } from './signal.ts';
import { SIGNALS } from './signal-names.ts';
import { atLeast, type KubeletVersion } from './version.ts';

/** What a threshold or a minimum reclaim asks for. */
export type ThresholdValue =
  | {
      readonly kind: 'percentage';
      /** The share of the capacity, a 32-bit float: 0.05 for `5%`. NaN is possible (never met). */
      readonly fraction: number;
      /** As written. */
      readonly text: string;
    }
  | {
      readonly kind: 'quantity';
      /** An absolute amount, in the signal's unit. */
      readonly quantity: Quantity;
      /** As written. */
      readonly text: string;
    };

/** An armed threshold, as the kubelet's eviction manager holds it. */
export interface Threshold {
  readonly signal: Signal;
  readonly value: ThresholdValue;
  /** Null: none was given. Null and zero both make the threshold hard, see {@link isHard}. */
  readonly gracePeriod: Duration | null;
  /** Whether it came from `evictionSoft`, whatever its grace period. */
  readonly soft: boolean;
  /** How far beyond the threshold the kubelet reclaims; null: just past it. */
  readonly minReclaim: ThresholdValue | null;
  /** The signal this threshold was copied from by the kubelet; null: it was configured. */
  readonly derivedFrom: Signal | null;
}

/** The four maps of the configuration that make thresholds. */
export type EvictionMapField = 'evictionHard' | 'evictionSoft' | 'evictionSoftGracePeriod' | 'evictionMinimumReclaim';

/** The four maps as configured; null: absent, the same as empty. */
export type ThresholdMaps = { readonly [field in EvictionMapField]: ReadonlyMap<string, string> | null };

/** The rule that a refused entry breaks; any of them keeps the kubelet from starting. */
export type ThresholdRule =
  | 'unknown-signal'
  | 'must-be-positive'
  | 'percentage-below-zero'
  | 'percentage-above-limit'
  | 'not-a-number'
  | 'quantity'
  | 'missing-grace-period'
  | 'negative-grace-period'
  | 'duration'
  | 'minimum-reclaim'
  | 'malformed-pair';

/** An entry of a map that the kubelet refuses. */
export interface ThresholdProblem {
  readonly field: EvictionMapField;
  /** The key as written; untrusted text. */
  readonly key: string;
  /** The value as written; untrusted text. */
  readonly value: string;
  readonly rule: ThresholdRule;
  /** One sentence that names field, key, value and rule; quoted texts in it are untrusted. */
  readonly message: string;
}

/** A threshold that the kubelet accepts without arming it: `0%`, `100%`, or a signal it never compares. */
export interface DroppedThreshold {
  readonly field: EvictionMapField;
  readonly signal: Signal;
  /** As written. */
  readonly text: string;
}

/** A refused value: the sentence of {@link Parsed} and the rule. */
export interface Refusal {
  readonly ok: false;
  readonly error: string;
  readonly rule: ThresholdRule;
}

/** The kubelet's verdict on a threshold's value: the value, `dropped` (accepted, arms nothing), or a refusal. */
export type ThresholdVerdict = { readonly ok: true; readonly value: ThresholdValue | 'dropped' } | Refusal;

/** What the four maps amount to. */
export interface ParsedThresholds {
  /** By signal in display order, hard before soft; only entries without a problem. */
  readonly thresholds: readonly Threshold[];
  readonly dropped: readonly DroppedThreshold[];
  /** Every problem: by field, then in the order of the map; missing grace periods last. With any, no kubelet starts. */
  readonly problems: readonly ThresholdProblem[];
}

/** An amount of a signal's unit (bytes, inodes or pids). */
export interface Amount {
  /** Billionths of the unit, exact. */
  readonly nano: bigint;
  /** In units; exact up to 2^53, fractional for quantities such as `100m`. */
  readonly amount: number;
}

/** Where images and writable layers live: with nodefs, both apart from it, or only the images apart. */
export type FilesystemLayout = 'one-filesystem' | 'dedicated-imagefs' | 'split';

type MinReclaimVerdict = { readonly ok: true; readonly value: ThresholdValue } | Refusal;
type GraceVerdict = { readonly ok: true; readonly value: Duration } | Refusal;

const NANO = 1_000_000_000n;
const MAX_INT64 = (1n << 63n) - 1n;

/** Whether the threshold counts as hard everywhere in the kubelet: its grace period is zero or absent. */
export function isHard(threshold: Threshold): boolean {
  return threshold.gracePeriod === null || threshold.gracePeriod.ns === 0n;
}

function refuse(rule: ThresholdRule, error: string): Refusal {
  return { ok: false, error, rule };
}

function unknownSignal(signal: string, version: KubeletVersion | null): Refusal {
  if (isSignal(signal, null)) {
    const release = version === null ? 'that version' : `${version.major}.${version.minor}`;
    return refuse('unknown-signal', `the signal ${quoteText(signal)} is unknown to a kubelet of ${release}`);
  }
  return refuse('unknown-signal', `${quoteText(signal)} is no eviction signal`);
}

function parseThresholdPercentage(text: string, version: KubeletVersion | null): ThresholdVerdict {
  if (text === '0%' || text === '100%') return parsed('dropped' as const);
  const fraction = parsePercentage(text);
  if (!fraction.ok) return refuse('not-a-number', fraction.error);
  if (fraction.value < 0) return refuse('percentage-below-zero', `${quoteText(text)} must not be below 0%`);
  // Up to 1.20 the fraction is compared with 100, so that anything up to 10000% passes (kubernetes#97321).
  const limit = atLeast(version, 21) ? 1 : 100;
  if (fraction.value > limit) {
    return refuse('percentage-above-limit', `${quoteText(text)} must not be above ${limit * 100}%`);
  }
  return parsed({ kind: 'percentage', fraction: fraction.value, text });
}

/**
 * The kubelet's verdict on one entry of `evictionHard` or `evictionSoft` (`parseThresholdStatement`,
 * `pkg/kubelet/eviction/helpers.go`). The signal is looked at first. `0%` and `100%` are dropped. The upper limit of a
 * percentage is 100, and 10000 up to 1.20; the release of that change is read from its pull request of early 2021.
 */
export function parseThresholdValue(signal: string, text: string, version: KubeletVersion | null): ThresholdVerdict {
  if (!isSignal(signal, version)) return unknownSignal(signal, version);
  if (text.endsWith('%')) return parseThresholdPercentage(text, version);
  const quantity = parseQuantity(text);
  if (!quantity.ok) return refuse('quantity', quantity.error);
  if (quantity.value.nano <= 0n) {
    return refuse(
      'must-be-positive',
      `${quoteText(text)} must be positive (0 stops the kubelet; "0%" disables a signal)`,
    );
  }
  return parsed({ kind: 'quantity', quantity: quantity.value, text });
}

/** The kubelet's verdict on one entry of `evictionSoftGracePeriod` (`parseGracePeriods`): a duration, not negative. */
export function parseGracePeriod(signal: string, text: string, version: KubeletVersion | null): GraceVerdict {
  if (!isSignal(signal, version)) return unknownSignal(signal, version);
  const duration = parseDuration(text);
  if (!duration.ok) return refuse('duration', duration.error);
  if (duration.value.ns < 0n) {
    return refuse('negative-grace-period', `the grace period ${quoteText(text)} must not be negative`);
  }
  return parsed(duration.value);
}

/**
 * The kubelet's verdict on one entry of `evictionMinimumReclaim` (`parseMinimumReclaims`): a quantity of zero or more,
 * or a percentage above zero without an upper limit.
 */
export function parseMinimumReclaim(signal: string, text: string, version: KubeletVersion | null): MinReclaimVerdict {
  if (!isSignal(signal, version)) return unknownSignal(signal, version);
  if (text.endsWith('%')) {
    const fraction = parsePercentage(text);
    if (!fraction.ok) return refuse('not-a-number', fraction.error);
    if (fraction.value <= 0) {
      return refuse('minimum-reclaim', `the minimum reclaim ${quoteText(text)} must be above 0% (or the quantity 0)`);
    }
    return parsed({ kind: 'percentage', fraction: fraction.value, text });
  }
  const quantity = parseQuantity(text);
  if (!quantity.ok) return refuse('quantity', quantity.error);
  if (quantity.value.nano < 0n) {
    return refuse('minimum-reclaim', `the minimum reclaim ${quoteText(text)} must not be negative`);
  }
  return parsed({ kind: 'quantity', quantity: quantity.value, text });
}

/** Collects the problems of all maps while they are read. */
class ProblemList {
  readonly problems: ThresholdProblem[] = [];

  /** The good entries of a map, by signal. */
  collect<T>(
    field: EvictionMapField,
    map: ReadonlyMap<string, string> | null,
    parse: (key: string, value: string) => { readonly ok: true; readonly value: T } | Refusal,
  ): Map<string, T> {
    const good = new Map<string, T>();
    for (const [key, value] of map ?? []) {
      const verdict = parse(key, value);
      if (verdict.ok) good.set(key, verdict.value);
      else this.add(field, key, value, verdict);
    }
    return good;
  }

  add(field: EvictionMapField, key: string, value: string, refusal: Refusal): void {
    const subject = refusal.rule === 'unknown-signal' ? field : `${field} ${key}`;
    this.problems.push({ field, key, value, rule: refusal.rule, message: `${subject}: ${refusal.error}` });
  }
}

/** Whether the kubelet stores the threshold but never compares it. */
function isInert(signal: Signal, version: KubeletVersion | null): boolean {
  // 1.20 keeps a user's allocatableMemory.available without an operator.
  return signal === 'allocatableMemory.available' && !atLeast(version, 21);
}

/**
 * Reads the four maps as the kubelet does at start (`ParseThresholdConfig`, `pkg/kubelet/eviction/helpers.go`), but in a
 * fixed order and with every problem instead of a random one. Grace periods and minimum reclaims of signals without a
 * threshold are checked and have no effect. What the kubelet derives is added by {@link withDerivedContainerFs} and
 * {@link withAllocatable}.
 */
export function parseThresholds(maps: ThresholdMaps, version: KubeletVersion | null): ParsedThresholds {
  const list = new ProblemList();
  const value = (key: string, text: string): ThresholdVerdict => parseThresholdValue(key, text, version);
  const values = {
    evictionHard: list.collect('evictionHard', maps.evictionHard, value),
    evictionSoft: list.collect('evictionSoft', maps.evictionSoft, value),
  };
  const graces = list.collect('evictionSoftGracePeriod', maps.evictionSoftGracePeriod, (key, text) =>
    parseGracePeriod(key, text, version),
  );
  const reclaims = list.collect('evictionMinimumReclaim', maps.evictionMinimumReclaim, (key, text) =>
    parseMinimumReclaim(key, text, version),
  );
  for (const [signal, soft] of values.evictionSoft) {
    if (soft === 'dropped' || maps.evictionSoftGracePeriod?.has(signal)) continue;
    const refusal = refuse(
      'missing-grace-period',
      `${quoteText(soft.text)} needs a grace period in evictionSoftGracePeriod`,
    );
    list.add('evictionSoft', signal, soft.text, refusal);
  }

  const thresholds: Threshold[] = [];
  const dropped: DroppedThreshold[] = [];
  const arm = (field: 'evictionHard' | 'evictionSoft', signal: Signal): void => {
    const found = values[field].get(signal);
    if (found === undefined) return;
    if (found === 'dropped' || isInert(signal, version)) {
      dropped.push({ field, signal, text: maps[field]?.get(signal) ?? '' });
      return;
    }
    const soft = field === 'evictionSoft';
    const gracePeriod = soft ? (graces.get(signal) ?? null) : null;
    if (soft && gracePeriod === null) return;
    const minReclaim = reclaims.get(signal) ?? null;
    thresholds.push({ signal, value: found, gracePeriod, soft, minReclaim, derivedFrom: null });
  };
  for (const signal of SIGNALS) {
    arm('evictionHard', signal);
    arm('evictionSoft', signal);
  }
  return { thresholds, dropped, problems: list.problems };
}

const GO_SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Go's `strings.TrimSpace`; its blanks differ from those of `String.prototype.trim`. */
function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && GO_SPACE.test(text.charAt(start))) start += 1;
  while (end > start && GO_SPACE.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function parsePairs(text: string, separator: '<' | '='): Parsed<ReadonlyMap<string, string>> {
  const pairs = new Map<string, string>();
  for (const piece of text.split(',')) {
    if (piece === '') continue;
    const at = piece.indexOf(separator);
    if (at < 0) return refused(`${quoteText(piece)} is a malformed pair: expected SIGNAL${separator}VALUE`);
    pairs.set(trimSpace(piece.slice(0, at)), trimSpace(piece.slice(at + 1)));
  }
  return parsed(pairs);
}

/**
 * Reads one use of `--eviction-hard` or `--eviction-soft`: a comma list of `signal<value`
 * (`component-base/cli/flag/langle_separated_map_string_string.go`). Empty pieces are skipped, keys and values trimmed,
 * the last of equal keys wins; nothing is unquoted and no value is looked at. An empty text is an empty map: the off switch.
 */
export function parseThresholdFlag(text: string): Parsed<ReadonlyMap<string, string>> {
  return parsePairs(text, '<');
}

/** The same for `signal=value` lists: `--eviction-minimum-reclaim`, `--eviction-soft-grace-period`. */
export function parseAssignmentFlag(text: string): Parsed<ReadonlyMap<string, string>> {
  return parsePairs(text, '=');
}

/**
 * The map that repeated uses of one flag make: the first use empties what defaults and files put there, later uses add,
 * the last of equal keys wins. The first malformed use is the error. Without any use the flag says nothing: do not ask.
 */
export function applyFlagUses(
  uses: readonly string[],
  parse: (text: string) => Parsed<ReadonlyMap<string, string>>,
): Parsed<ReadonlyMap<string, string>> {
  const map = new Map<string, string>();
  for (const use of uses) {
    const pairs = parse(use);
    if (!pairs.ok) return pairs;
    for (const [key, value] of pairs.value) map.set(key, value);
  }
  return parsed(map);
}

function wholeAmount(units: bigint): Amount {
  return { nano: units * NANO, amount: Number(units) };
}

/**
 * The absolute amount of a threshold on a resource of that capacity (units; not finite or negative counts as 0).
 * Percentages follow the kubelet's 32-bit arithmetic (`GetThresholdQuantity`): 5 % of 6442450944 is 322122552. NaN
 * gives 0, and what exceeds 64 bits is capped.
 */
export function resolveAmount(value: ThresholdValue, capacity: number): Amount {
  if (value.kind === 'quantity') return { nano: value.quantity.nano, amount: quantityNumber(value.quantity) };
  if (!Number.isFinite(capacity) || capacity <= 0 || Number.isNaN(value.fraction)) return wholeAmount(0n);
  const product = Math.trunc(capacity * value.fraction);
  if (product >= Number(MAX_INT64)) return wholeAmount(MAX_INT64);
  return wholeAmount(BigInt(product));
}

/** Whether less than the threshold is available: strictly below. What is not a finite number was not observed: false. */
export function isMet(threshold: Amount, available: number): boolean {
  if (!Number.isFinite(available)) return false;
  const whole = Math.floor(available);
  const nano = BigInt(whole) * NANO + BigInt(Math.round((available - whole) * 1e9));
  return threshold.nano > nano;
}

function derive(source: Threshold, signal: Signal): Threshold {
  return { ...source, signal, derivedFrom: source.signal };
}

/**
 * The thresholds with `containerfs.*` as the kubelet derives them (`UpdateContainerFsThresholds`): copies of nodefs, or
 * of imagefs where that is dedicated, hard and soft each, with minimum reclaim. Configured ones are overwritten, with
 * nothing where there is no source. From 1.31 on (gate `KubeletSeparateDiskGC`); unchanged before.
 */
export function withDerivedContainerFs(
  thresholds: readonly Threshold[],
  layout: FilesystemLayout,
  version: KubeletVersion | null,
): readonly Threshold[] {
  if (!atLeast(version, 31)) return thresholds;
  const source = layout === 'dedicated-imagefs' ? 'imagefs' : 'nodefs';
  const derived = (['available', 'inodesFree'] as const).flatMap(part =>
    [true, false].flatMap(hard => {
      // A soft threshold without grace period counts as hard and, being later, is the one that is copied.
      const last = thresholds.findLast(t => t.signal === `${source}.${part}` && isHard(t) === hard);
      return last === undefined ? [] : [derive(last, `containerfs.${part}`)];
    }),
  );
  const own = thresholds.filter(t => !t.signal.startsWith('containerfs.'));
  return inDisplayOrder([...own, ...derived]);
}

function inDisplayOrder(thresholds: readonly Threshold[]): readonly Threshold[] {
  return thresholds.toSorted((a, b) => SIGNALS.indexOf(a.signal) - SIGNALS.indexOf(b.signal));
}

/**
 * The thresholds with `allocatableMemory.available` as the kubelet adds it (`addAllocatableThresholds`): a copy of each
 * hard `memory.available` threshold, when `enforceNodeAllocatable` contains `pods`. Null (absent) adds nothing.
 */
export function withAllocatable(
  thresholds: readonly Threshold[],
  enforceNodeAllocatable: readonly string[] | null,
): readonly Threshold[] {
  if (!enforceNodeAllocatable?.includes('pods')) return thresholds;
  const copies = thresholds
    .filter(t => t.signal === 'memory.available' && isHard(t))
    .map(t => ({ ...derive(t, 'allocatableMemory.available'), gracePeriod: null }));
  return [...thresholds, ...copies];
}
