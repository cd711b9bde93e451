import {
  decodeMessage,
  type EvictedResource,
  type EvictionKind,
  type EvictionMessage,
  type WrittenUse,
  writtenAmount,
} from './message.ts';
import type { Instant } from './node.ts';
import type { Observation } from './observe.ts';
import { type Signal, signalInfo } from './signal.ts';
import { SIGNALS } from './signal-names.ts';
import { resolveAmount, type Threshold } from './threshold.ts';
import type { TombstoneFacts } from './tombstone.ts';

/** What an `Evicted` event says of a pod: its message, and the kubelet's annotations. Untrusted text. */
export interface EvictionEvidence {
  readonly at: Instant | null;
  readonly message: string;
  /** `starved_resource`; empty when the event has none. */
  readonly resource: string;
  /** `offending_containers` and `offending_containers_usage`: comma lists of equal length. */
  readonly containers: string;
  readonly usage: string;
}

/** How the time of an eviction is known, the surest first. */
export type TimeSource = 'condition' | 'container' | 'event' | 'managed-fields';

/** When a pod was evicted. */
export interface EvictionTime {
  readonly at: Instant;
  readonly source: TimeSource;
  /** False: not later than that, but perhaps earlier. */
  readonly exact: boolean;
}

/** One eviction, as far as the pod and its event tell. */
export interface Eviction {
  /** `unknown`: the message has no known form. */
  readonly kind: EvictionKind | 'unknown';
  readonly resources: readonly EvictedResource[];
  /** The message's parts; null: no known form. */
  readonly message: EvictionMessage | null;
  /** What the kubelet said, as it is. Untrusted text. */
  readonly text: string;
  /** Containers above their request: the message's, else the event's. */
  readonly containers: readonly WrittenUse[];
  /** Null: nothing tells. */
  readonly time: EvictionTime | null;
}

/**
 * Decodes what is left of an eviction: the pod's message, else its DisruptionTarget condition's, else the event's.
 *
 * @param evidence the pod's `Evicted` event, where there still is one
 */
export function decodeEviction(pod: TombstoneFacts, evidence: EvictionEvidence | null = null): Eviction {
  const texts = [pod.message, pod.disruption?.message ?? '', evidence?.message ?? ''];
  const said = texts.map(text => ({ text, message: decodeMessage(text) })).find(s => s.message !== null);
  const message = said?.message ?? null;
  const kind = message?.kind ?? 'unknown';
  return {
    kind,
    resources: message?.resources ?? starved(evidence),
    message,
    text: said?.text ?? texts.find(text => text !== '') ?? '',
    containers: message === null || message.containers.length === 0 ? offending(evidence) : message.containers,
    time: evictionTime(pod, kind, evidence),
  };
}

function starved(evidence: EvictionEvidence | null): readonly EvictedResource[] {
  const word = evidence?.resource ?? '';
  const signal = SIGNALS.find(s => signalInfo(s).resource === word);
  if (signal === undefined) return ['unknown'];
  const { resource } = signalInfo(signal);
  if (resource === 'ephemeral-storage') return ['disk'];
  return [resource === 'pids' ? 'pid' : resource];
}

function offending(evidence: EvictionEvidence | null): readonly WrittenUse[] {
  if (evidence === null || evidence.containers === '') return [];
  const names = evidence.containers.split(',');
  const usage = evidence.usage.split(',');
  // Lists of different length cannot be told apart any more.
  if (names.length !== usage.length) return [];
  return names.map((name, i) => ({ name, usage: writtenAmount(usage[i] ?? ''), request: null }));
}

/**
 * When a pod was evicted: the DisruptionTarget transition, else when its last container ended, else its event, else the kubelet's
 * last write of the status (then "not later than"). A time before the pod's creation is a clock gone wrong, and passed over.
 */
function evictionTime(
  pod: TombstoneFacts,
  kind: Eviction['kind'],
  evidence: EvictionEvidence | null,
): EvictionTime | null {
  // The containers of a refused pod, where it has any, ended before: with the kubelet that started anew.
  const finished = kind === 'admission' ? null : pod.finishedAt;
  const known: readonly (readonly [Instant | null, TimeSource])[] = [
    [pod.disruption?.reason === 'TerminationByKubelet' ? pod.disruption.since : null, 'condition'],
    [finished, 'container'],
    [evidence?.at ?? null, 'event'],
    [pod.kubeletWroteAt, 'managed-fields'],
  ];
  for (const [at, source] of known) {
    if (at !== null && (pod.createdAt === null || at >= pod.createdAt)) {
      return { at, source, exact: source !== 'managed-fields' };
    }
  }
  return null;
}

/** Which signal was behind an eviction. */
export interface SignalGuess {
  /** Null: it cannot be told. */
  readonly signal: Signal | null;
  /**
   * `named`: the message says so. `only`: the resource has one signal. `matched`: the threshold in the message is that of this
   * signal, and of no other. `unknown`: see the candidates.
   */
  readonly certainty: 'named' | 'only' | 'matched' | 'unknown';
  /** The signals it may have been, the guess included. */
  readonly candidates: readonly Signal[];
}

/** A node's thresholds in effect, and what percentages of them refer to. */
export interface SignalContext {
  readonly thresholds: readonly Threshold[];
  readonly observations: ReadonlyMap<Signal, Pick<Observation, 'capacity'>>;
}

/**
 * Names the signal. The message has the resource only; its threshold is compared with what each threshold of the node amounts to
 * (the kubelet's arithmetic). The node may have been configured otherwise when it evicted, so a match is an inference.
 *
 * @param node null: not known, which leaves the candidates
 */
export function guessSignal(message: EvictionMessage, node: SignalContext | null): SignalGuess {
  if (message.signal !== null) return { signal: message.signal, certainty: 'named', candidates: [message.signal] };
  if (message.kind !== 'pressure') return { signal: null, certainty: 'unknown', candidates: [] };
  const candidates = SIGNALS.filter(signal => message.words.includes(signalInfo(signal).resource));
  const [first] = candidates;
  if (candidates.length === 1 && first !== undefined) return { signal: first, certainty: 'only', candidates };
  const wanted = message.threshold?.amount ?? null;
  if (node === null || wanted === null) return { signal: null, certainty: 'unknown', candidates };
  const matching = node.thresholds.filter(threshold => {
    // Copies of another threshold say nothing of their own.
    if (threshold.derivedFrom !== null || !candidates.includes(threshold.signal)) return false;
    const capacity = node.observations.get(threshold.signal)?.capacity ?? Number.NaN;
    return resolveAmount(threshold.value, capacity).amount === wanted;
  });
  const signals = [...new Set(matching.map(threshold => threshold.signal))];
  const [match] = signals;
  if (signals.length === 1 && match !== undefined) return { signal: match, certainty: 'matched', candidates: signals };
  return { signal: null, certainty: 'unknown', candidates: signals.length === 0 ? candidates : signals };
}
