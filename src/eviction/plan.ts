import { decodeEviction, type Eviction, type EvictionEvidence } from './decode.ts';
import { type EvictedResource, type EvictionKind, PRESSURE_TEXT } from './message.ts';
import type { Instant } from './node.ts';
import { isEvicted, type TombstoneFacts } from './tombstone.ts';

/** Kinds of owners whose Evicted pods are of no further use to them; `Node` owns static pods only. */
export const DEFAULT_OWNERS: readonly string[] = [
  'ReplicaSet',
  'ReplicationController',
  'StatefulSet',
  'DaemonSet',
  'Node',
];

/** Which tombstones are wanted. */
export interface Selection {
  /** `spec.nodeName`; null: any. */
  readonly node: string | null;
  /** Empty: any. A tombstone must match both axes. */
  readonly kinds: ReadonlySet<EvictionKind>;
  readonly resources: ReadonlySet<EvictedResource>;
  /** Age since the eviction, in milliseconds; null: any. An unknown age is never old. */
  readonly olderThanMs: number | null;
  /** Kinds of owners taken beside {@link DEFAULT_OWNERS}, in lower case; `all` takes every kind. */
  readonly owners: ReadonlySet<string> | 'all';
  /** Also pods that the kubelet evicted and that lack the reason. */
  readonly unmarked: boolean;
  /** Of {@link OTHER_REASONS}, in lower case. */
  readonly reasons: ReadonlySet<string>;
}

/**
 * What a pod is to a purge: `evicted` (phase Failed, reason Evicted), `unmarked` (ended, without a reason, but its DisruptionTarget
 * condition tells of node pressure), `reason` (Failed for one of the reasons asked for).
 */
export type TombstoneClass = 'evicted' | 'unmarked' | 'reason';

/** Why a tombstone stays. */
export type KeepReason =
  | 'owner'
  | 'mirror'
  | 'terminating'
  | 'cause'
  | 'young'
  | 'age-unknown'
  | 'unmarked'
  /** Among the newest of its owner. */
  | 'newest';

/** The decision about one pod. */
export type Verdict =
  /** No tombstone, or none within the scope: not spoken of. */
  | { readonly action: 'ignore' }
  | {
      readonly action: 'keep';
      readonly class: TombstoneClass;
      readonly why: KeepReason;
      readonly eviction: Eviction;
    }
  | { readonly action: 'delete'; readonly class: TombstoneClass; readonly eviction: Eviction };

const IGNORE: Verdict = { action: 'ignore' };

/**
 * Decides about one pod. Depends on nothing else, so that the decision can be repeated on what is read again.
 *
 * @param evidence the pod's `Evicted` event, where it is known
 */
export function judge(
  pod: TombstoneFacts,
  selection: Selection,
  now: Instant,
  evidence: EvictionEvidence | null = null,
): Verdict {
  const found = classify(pod, selection);
  if (found === null || (selection.node !== null && pod.node !== selection.node)) return IGNORE;
  const eviction = decodeEviction(pod, evidence);
  const why = reasonToKeep(pod, found, eviction, selection, now);
  return why === null ? { action: 'delete', class: found, eviction } : { action: 'keep', class: found, why, eviction };
}

function classify(pod: TombstoneFacts, selection: Selection): TombstoneClass | null {
  if (isEvicted(pod)) return 'evicted';
  if (pod.phase === 'Failed' && pod.reason !== '' && selection.reasons.has(pod.reason.toLowerCase())) return 'reason';
  return isUnmarked(pod) ? 'unmarked' : null;
}

/** Evicted by the kubelet for node pressure, by its condition, although the reason is not there (or was lost). */
export function isUnmarked(pod: TombstoneFacts): boolean {
  if ((pod.phase !== 'Failed' && pod.phase !== 'Succeeded') || pod.reason !== '') return false;
  return pod.disruption?.reason === 'TerminationByKubelet' && pod.disruption.message.startsWith(PRESSURE_TEXT);
}

function reasonToKeep(
  pod: TombstoneFacts,
  found: TombstoneClass,
  eviction: Eviction,
  selection: Selection,
  now: Instant,
): KeepReason | null {
  if (pod.mirror) return 'mirror';
  if (found === 'unmarked' && !selection.unmarked) return 'unmarked';
  if (!isOwnerTaken(pod, selection)) return 'owner';
  if (!matchesCause(eviction, selection)) return 'cause';
  const age = ageVerdict(eviction, selection, now);
  if (age !== null) return age;
  // A delete would change nothing: whoever set the finalizer has to act.
  return pod.terminating ? 'terminating' : null;
}

function isOwnerTaken(pod: TombstoneFacts, { owners }: Selection): boolean {
  if (pod.owner === null || owners === 'all' || DEFAULT_OWNERS.includes(pod.owner.kind)) return true;
  return owners.has(pod.owner.kind.toLowerCase());
}

function matchesCause(eviction: Eviction, { kinds, resources }: Selection): boolean {
  if (kinds.size > 0 && (eviction.kind === 'unknown' || !kinds.has(eviction.kind))) return false;
  return resources.size === 0 || eviction.resources.some(resource => resources.has(resource));
}

function ageVerdict(eviction: Eviction, { olderThanMs }: Selection, now: Instant): 'young' | 'age-unknown' | null {
  if (olderThanMs === null) return null;
  if (eviction.time === null) return 'age-unknown';
  // "Not later than" is enough to be old.
  return now - eviction.time.at >= olderThanMs ? null : 'young';
}

/** What a plan keeps of a pod that may go: about 300 bytes, most of its texts shared. */
export interface Candidate {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly node: string;
  /** `ReplicaSet web-5d9c`; empty: nobody's. */
  readonly owner: string;
  /** `pressure memory`, see {@link causeOf}. */
  readonly cause: string;
  readonly class: TombstoneClass;
  readonly evictedAt: Instant | null;
}

/** A cause in a word or two: kind and resources. */
export function causeOf(eviction: Eviction): string {
  const resources = eviction.resources.join('+');
  return eviction.kind === 'unknown' ? 'unknown' : `${eviction.kind} ${resources}`;
}

/** What limits a plan. */
export interface PlanLimits {
  /** How many of each owner stay, the newest ones; 0: none. Pods without an owner count as one owner in each namespace. */
  readonly keep: number;
  /** More pods than this are refused; null: no limit. */
  readonly limit: number | null;
  /** As is a larger share of the scope's Evicted pods, in per cent; null: no limit. */
  readonly maxPercent: number | null;
}

/** A plan: what would go, what `keep` saves, and whether a cap refuses all of it. */
export interface Plan {
  readonly delete: readonly Candidate[];
  readonly newest: readonly Candidate[];
  /** One sentence; null: no cap is exceeded. */
  readonly refusal: string | null;
}

/**
 * Makes a plan of the candidates.
 *
 * @param evictedInScope the Evicted pods of the scope (namespaces, selector, node), whatever else was asked for
 */
export function planPurge(candidates: readonly Candidate[], evictedInScope: number, limits: PlanLimits): Plan {
  const newest = newestOfEach(candidates, limits.keep);
  const going = newest.size === 0 ? candidates : candidates.filter(candidate => !newest.has(candidate));
  return { delete: going, newest: [...newest], refusal: refusalOf(going.length, evictedInScope, limits) };
}

function newestOfEach(candidates: readonly Candidate[], keep: number): ReadonlySet<Candidate> {
  if (keep <= 0) return new Set();
  const owners = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const key = `${candidate.namespace}/${candidate.owner}`;
    const group = owners.get(key);
    if (group === undefined) owners.set(key, [candidate]);
    else group.push(candidate);
  }
  return new Set([...owners.values()].flatMap(group => group.toSorted(newestFirst).slice(0, keep)));
}

/** Unknown times count as newest: they stay rather than go. */
function newestFirst(a: Candidate, b: Candidate): number {
  const [first, second] = [a.evictedAt ?? Number.MAX_SAFE_INTEGER, b.evictedAt ?? Number.MAX_SAFE_INTEGER];
  return second - first || (a.name < b.name ? -1 : 1);
}

function refusalOf(count: number, inScope: number, { limit, maxPercent }: PlanLimits): string | null {
  if (limit !== null && count > limit) return `${count} pods would be deleted, more than --limit ${limit} allows`;
  if (maxPercent === null || count * 100 <= maxPercent * inScope) return null;
  return `${count} pods would be deleted, more than ${maxPercent}% (--max-percent) of the ${inScope} Evicted pods in scope`;
}
