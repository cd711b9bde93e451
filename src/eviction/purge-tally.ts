import type { Candidate, KeepReason } from './plan.ts';

/**
 * What became of one pod: `deleted`; `terminating` (accepted, a finalizer holds it); `gone` (somebody else was first); `replaced`
 * (another pod has its name by now, and was left alone); `kept`; `failed`.
 */
export const PURGE_OUTCOMES = ['deleted', 'terminating', 'gone', 'replaced', 'kept', 'failed'] as const;

/** One of {@link PURGE_OUTCOMES}. */
export type PurgeOutcome = (typeof PURGE_OUTCOMES)[number];

/** Something that went wrong; `message` and `remedy` are sentences and may hold untrusted text. */
export interface PurgeError {
  /** What was tried: `list pods`, `delete pod`, `list events`, `archive`. */
  readonly what: string;
  readonly namespace: string | null;
  /** The pod; null: it is not about one. */
  readonly name: string | null;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string | null;
}

/** One pod of the result. */
export interface PurgeItem {
  readonly pod: Candidate;
  readonly outcome: PurgeOutcome;
  /** Why it was kept; `changed`: by the time of the delete it was no longer what was asked for. */
  readonly why: KeepReason | 'changed' | null;
  readonly error: PurgeError | null;
}

/** Pods that were kept for one reason, of one kind of owner. */
export interface KeptGroup {
  readonly why: KeepReason | 'changed';
  /** Untrusted text; empty: nobody's. */
  readonly ownerKind: string;
  readonly count: number;
  /** `namespace/name` of the first few. */
  readonly examples: readonly string[];
}

/** What the end of a purge tells. */
export interface PurgeSummary {
  /** Pods with phase Failed and reason Evicted within namespaces, selector and node. */
  readonly evictedInScope: number;
  readonly counts: Readonly<Record<PurgeOutcome, number>>;
  readonly kept: readonly KeptGroup[];
  /** Deleted or terminating pods that lacked the reason Evicted. */
  readonly unmarked: { readonly count: number; readonly examples: readonly string[] };
  readonly errors: readonly PurgeError[];
}

const MOST_EXAMPLES = 10;
/** Kept pods are many, and of one kind. */
const MOST_KEPT_EXAMPLES = 3;
const MOST_ERRORS = 1000;

/** Counts what happens; its size does not grow with the number of pods. */
export class PurgeTally {
  evictedInScope = 0;
  readonly #counts = new Map<PurgeOutcome, number>();
  readonly #kept = new Map<string, { why: KeptGroup['why']; ownerKind: string; count: number; examples: string[] }>();
  readonly #unmarked = { count: 0, examples: [] as string[] };
  readonly #errors: PurgeError[] = [];

  add(item: PurgeItem): void {
    const { pod, outcome } = item;
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    if (outcome === 'kept' && item.why !== null) this.#keep(pod, item.why);
    if (pod.class === 'unmarked' && (outcome === 'deleted' || outcome === 'terminating')) note(this.#unmarked, pod);
    if (item.error !== null) this.error(item.error);
  }

  /** Errors beyond the first thousand are counted with their pods only. */
  error(error: PurgeError): void {
    if (this.#errors.length < MOST_ERRORS) this.#errors.push(error);
  }

  count(outcome: PurgeOutcome): number {
    return this.#counts.get(outcome) ?? 0;
  }

  /** How many pods something became of. */
  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  summary(): PurgeSummary {
    const counts = Object.fromEntries(PURGE_OUTCOMES.map(outcome => [outcome, this.count(outcome)]));
    return {
      evictedInScope: this.evictedInScope,
      counts: counts as Record<PurgeOutcome, number>,
      kept: [...this.#kept.values()].toSorted((a, b) => b.count - a.count),
      unmarked: this.#unmarked,
      errors: this.#errors,
    };
  }

  #keep(pod: Candidate, why: KeptGroup['why']): void {
    const ownerKind = ownerKindOf(pod);
    const key = `${why} ${ownerKind}`;
    const group = this.#kept.get(key) ?? { why, ownerKind, count: 0, examples: [] };
    note(group, pod, MOST_KEPT_EXAMPLES);
    this.#kept.set(key, group);
  }
}

function note(group: { count: number; readonly examples: string[] }, pod: Candidate, most = MOST_EXAMPLES): void {
  group.count += 1;
  if (group.examples.length < most) group.examples.push(`${pod.namespace}/${pod.name}`);
}

/** `ReplicaSet` of `ReplicaSet web-5d9c`; empty: nobody's. */
export function ownerKindOf({ owner }: Pick<Candidate, 'owner'>): string {
  return owner.split(' ', 1)[0] ?? '';
}

/** How many of a plan's pods share a value, the most frequent first. */
export type Share = readonly [value: string, count: number];

/** A plan in numbers, for the question whether to go on. */
export interface PlanOverview {
  readonly count: number;
  readonly causes: readonly Share[];
  readonly nodes: readonly Share[];
  readonly namespaces: readonly Share[];
  readonly owners: readonly Share[];
  /** `namespace/name` of pods that lack the reason Evicted, the first few. */
  readonly unmarked: { readonly count: number; readonly examples: readonly string[] };
}

/** Counts a plan by cause, node, namespace and owner. */
export function overviewOf(pods: readonly Candidate[]): PlanOverview {
  const unmarked = { count: 0, examples: [] as string[] };
  for (const pod of pods) if (pod.class === 'unmarked') note(unmarked, pod);
  return {
    count: pods.length,
    causes: shares(pods, pod => pod.cause),
    nodes: shares(pods, pod => pod.node),
    namespaces: shares(pods, pod => pod.namespace),
    owners: shares(pods, pod => (pod.owner === '' ? '' : `${pod.owner} (${pod.namespace})`)),
    unmarked,
  };
}

function shares(pods: readonly Candidate[], shareOf: (pod: Candidate) => string): readonly Share[] {
  const counts = new Map<string, number>();
  for (const pod of pods) {
    const value = shareOf(pod);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
