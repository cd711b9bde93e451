import { decodeEviction, type Eviction, type EvictionEvidence, type EvictionTime } from './decode.ts';
import { type Histogram, histogram } from './histogram.ts';
import type { Instant } from './node.ts';
import { isUnmarked } from './plan.ts';
import { isEvicted, type TombstoneFacts } from './tombstone.ts';

/**
 * Where an eviction is known from: an Evicted pod; a pod that lacks the reason (`unmarked`); its event alone, for the pod is gone;
 * an archive that purge wrote.
 */
export const REPORT_SOURCES = ['pod', 'unmarked', 'event', 'archive'] as const;

/** One of {@link REPORT_SOURCES}. */
export type ReportSource = (typeof REPORT_SOURCES)[number];

/** One eviction, as far as a report needs it. Every text is untrusted. */
export interface ReportedEviction {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  /** Null: nobody's; undefined: nothing tells, as with an event alone. */
  readonly owner: { readonly kind: string; readonly name: string } | null | undefined;
  readonly kind: Eviction['kind'];
  readonly resources: Eviction['resources'];
  readonly time: EvictionTime | null;
  readonly source: ReportSource;
}

/** An `Evicted` event, with the pod it is about. */
export interface EvictedEvent {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty: the event does not say. */
  readonly node: string;
  readonly evidence: EvictionEvidence;
}

/** A pod as an eviction; null: the kubelet did not evict it for pressure or a limit. */
export function evictionOfPod(
  pod: TombstoneFacts,
  evidence: EvictionEvidence | null,
  isArchived: boolean,
): ReportedEviction | null {
  const isMarked = isEvicted(pod);
  if (!isMarked && !isUnmarked(pod)) return null;
  const { uid, namespace, name, node, owner } = pod;
  const { kind, resources, time } = decodeEviction(pod, evidence);
  const source = isArchived ? 'archive' : isMarked ? 'pod' : 'unmarked';
  return { uid, namespace, name, node, owner, kind, resources, time, source };
}

/** An event whose pod is gone as an eviction. */
export function evictionOfEvent({ uid, namespace, name, node, evidence }: EvictedEvent): ReportedEviction {
  const { kind, resources, time } = decodeEviction({ ...NO_POD, uid, namespace, name, node }, evidence);
  return { uid, namespace, name, node, owner: undefined, kind, resources, time, source: 'event' };
}

const NO_POD: TombstoneFacts = {
  namespace: '',
  name: '',
  uid: '',
  node: '',
  owner: null,
  createdAt: null,
  pinned: false,
  resourceVersion: '',
  phase: '',
  reason: '',
  message: '',
  disruption: null,
  finishedAt: null,
  kubeletWroteAt: null,
  mirror: false,
  terminating: false,
};

/** What the evictions of a group have in common is in its type; this is how many there are, and when. */
export interface GroupCount {
  readonly count: number;
  /** Null: no time is known. */
  readonly first: Instant | null;
  readonly last: Instant | null;
}

/** The evictions of one owner, in one namespace. */
export interface OwnerGroup extends GroupCount {
  readonly namespace: string;
  readonly owner: ReportedEviction['owner'];
}

/** The evictions on one node, or in one namespace. */
export interface NamedGroup extends GroupCount {
  /** Empty: nothing tells. */
  readonly name: string;
}

/** The evictions for one cause. */
export interface CauseGroup extends GroupCount {
  readonly kind: Eviction['kind'];
  readonly resources: Eviction['resources'];
}

/** The largest groups, and the sum of the rest. */
export interface Ranking<Group> {
  /** Largest first. */
  readonly groups: readonly Group[];
  readonly others: { readonly groups: number; readonly count: number };
}

/** Who was evicted, where, for what, when. */
export interface EvictionReport {
  readonly total: number;
  readonly sources: Readonly<Record<ReportSource, number>>;
  /** How the times are known: as they were, "not later than", not at all. */
  readonly times: { readonly exact: number; readonly notLaterThan: number; readonly unknown: number };
  /** Evictions not counted, with a window of time: before it, and without a time. */
  readonly leftOut: { readonly older: number; readonly timeUnknown: number };
  readonly first: Instant | null;
  readonly last: Instant | null;
  readonly byOwner: Ranking<OwnerGroup>;
  readonly byNode: Ranking<NamedGroup>;
  readonly byNamespace: Ranking<NamedGroup>;
  readonly byCause: Ranking<CauseGroup>;
  /** Null: no time is known. */
  readonly histogram: Histogram | null;
}

/** The first Kubernetes: an older eviction is a clock gone wrong, as is one of tomorrow. */
const EARLIEST = Date.UTC(2014, 5, 1);
const MOST_AHEAD_MS = 86_400_000;

/** Counts evictions; what it keeps of each is its uid and its time. */
export class ReportTally {
  readonly #now: Instant;
  readonly #since: Instant | null;
  readonly #seen = new Set<string>();
  readonly #times: Instant[] = [];
  readonly #sources = { pod: 0, unmarked: 0, event: 0, archive: 0 };
  readonly #certainty = { exact: 0, notLaterThan: 0, unknown: 0 };
  readonly #leftOut = { older: 0, timeUnknown: 0 };
  readonly #owners = new Groups<Pick<OwnerGroup, 'namespace' | 'owner'>>();
  readonly #nodes = new Groups<Pick<NamedGroup, 'name'>>();
  readonly #namespaces = new Groups<Pick<NamedGroup, 'name'>>();
  readonly #causes = new Groups<Pick<CauseGroup, 'kind' | 'resources'>>();

  /** @param since evictions before it, or without a time, are not counted; null: all are */
  constructor(now: Instant, since: Instant | null) {
    this.#now = now;
    this.#since = since;
  }

  /** Counts an eviction, unless it is known already. */
  add(eviction: ReportedEviction): void {
    const key = eviction.uid === '' ? `${eviction.namespace}/${eviction.name}` : eviction.uid;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const time = this.#credible(eviction.time);
    if (this.#since !== null && time === null) {
      this.#leftOut.timeUnknown += 1;
      return;
    }
    if (this.#since !== null && time !== null && time.at < this.#since) {
      this.#leftOut.older += 1;
      return;
    }
    this.#count(eviction, time);
  }

  /** @param top the groups of each ranking; null: all */
  report(top: number | null): EvictionReport {
    const range = rangeOf(this.#times);
    return {
      total: REPORT_SOURCES.reduce((sum, source) => sum + this.#sources[source], 0),
      sources: this.#sources,
      times: this.#certainty,
      leftOut: this.#leftOut,
      first: range?.first ?? null,
      last: range?.last ?? null,
      byOwner: this.#owners.ranking(top),
      byNode: this.#nodes.ranking(top),
      byNamespace: this.#namespaces.ranking(top),
      byCause: this.#causes.ranking(top),
      histogram:
        range === null
          ? null
          : histogram(this.#times, { from: this.#since ?? range.first, to: Math.max(range.last, this.#end()) }),
    };
  }

  /** A window goes on until now, though nothing may have happened lately. */
  #end(): Instant {
    return this.#since === null ? Number.NEGATIVE_INFINITY : this.#now;
  }

  #credible(time: EvictionTime | null): EvictionTime | null {
    return time !== null && time.at >= EARLIEST && time.at <= this.#now + MOST_AHEAD_MS ? time : null;
  }

  #count(eviction: ReportedEviction, time: EvictionTime | null): void {
    const { namespace, owner, node, kind, resources } = eviction;
    const at = time?.at ?? null;
    if (at !== null) this.#times.push(at);
    this.#sources[eviction.source] += 1;
    this.#certainty[time === null ? 'unknown' : time.exact ? 'exact' : 'notLaterThan'] += 1;
    this.#owners.count([namespace, owner?.kind, owner?.name, owner === undefined], { namespace, owner }, at);
    this.#nodes.count([node], { name: node }, at);
    this.#namespaces.count([namespace], { name: namespace }, at);
    this.#causes.count([kind, ...resources], { kind, resources }, at);
  }
}

function rangeOf(times: readonly Instant[]): { readonly first: Instant; readonly last: Instant } | null {
  const [one] = times;
  if (one === undefined) return null;
  let [first, last] = [one, one];
  for (const time of times) {
    if (time < first) first = time;
    if (time > last) last = time;
  }
  return { first, last };
}

/** Counts by what a group has in common. */
class Groups<Common extends object> {
  readonly #byKey = new Map<
    string,
    { readonly common: Common; count: number; first: Instant | null; last: Instant | null }
  >();

  /** @param parts what tells groups apart; as JSON, so that no part can run into the next */
  count(parts: readonly unknown[], common: Common, at: Instant | null): void {
    const key = JSON.stringify(parts);
    const group = this.#byKey.get(key) ?? { common, count: 0, first: null, last: null };
    group.count += 1;
    if (at !== null) {
      group.first = Math.min(group.first ?? at, at);
      group.last = Math.max(group.last ?? at, at);
    }
    this.#byKey.set(key, group);
  }

  /** Largest first, among equals by name. */
  ranking(top: number | null): Ranking<Common & GroupCount> {
    const sorted = [...this.#byKey].toSorted(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1));
    const most = top ?? sorted.length;
    const rest = sorted.slice(most);
    return {
      groups: sorted.slice(0, most).map(([, { common, count, first, last }]) => ({ ...common, count, first, last })),
      others: { groups: rest.length, count: rest.reduce((sum, [, group]) => sum + group.count, 0) },
    };
  }
}
