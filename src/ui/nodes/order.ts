import type { LiveNode } from '../../eviction/live.ts';
import type { SignalState } from '../../eviction/signal-report.ts';
import { bindingOf, bindingText, troubleOf } from '../phrases.ts';

/** The orders of the list, as `s` goes through them. */
export const SORTS = ['worst', 'name', 'headroom', 'evicted', 'since'] as const;

/** One of {@link SORTS}. */
export type Sort = (typeof SORTS)[number];

const WEIGHT: Readonly<Record<SignalState, number>> = {
  BREACHED: 0,
  soft: 1,
  recovering: 3,
  near: 4,
  UNPROTECTED: 6,
  unknown: 7,
  covered: 8,
  ok: 8,
  none: 8,
};

/** Nothing is known of it but that it has no pressure: not worth a report, which five thousand nodes would make dear. */
function isBlank({ pressed, kubelet }: LiveNode): boolean {
  return !pressed && (kubelet === 'waiting' || kubelet === 'denied');
}

/** The smaller, the worse: breached, soft, pressure not explained, recovering, near, Unknown, the rest. */
function badness(node: LiveNode): number {
  if (isBlank(node)) return 9;
  const { report, kubelet } = node;
  const weight = WEIGHT[report.state];
  if (report.pressure.length > 0) return Math.min(weight, 3) + (weight > 3 ? -1 : 0);
  if (report.uncertain.length > 0) return 5;
  return kubelet === 'read' ? weight : 9;
}

function headroomShare(node: LiveNode): number {
  const signal = isBlank(node) ? null : bindingOf(node.report);
  if (signal === null || signal.headroom === null) return Number.POSITIVE_INFINITY;
  const capacity = signal.observation?.capacity ?? 0;
  return capacity > 0 ? signal.headroom / capacity : Math.sign(signal.headroom);
}

/** The keys a node is ordered by, the first that differs decides; smaller comes first. */
const KEYS: Readonly<Record<Sort, (node: LiveNode) => readonly number[]>> = {
  worst: node => [badness(node), headroomShare(node)],
  name: () => [],
  headroom: node => [headroomShare(node)],
  evicted: ({ report }) => [report.evicted.ok ? -report.evicted.value : 1],
  since: node => [(node.pressed ? node.report.since : null) ?? Number.POSITIVE_INFINITY],
};

/** What of a cluster's nodes a list shows. */
export interface Selection {
  readonly all: boolean;
  readonly sort: Sort;
  /** Words that must all occur; empty: everything. */
  readonly filter: string;
  /** Nodes near a threshold belong to the list without `all`. */
  readonly near: boolean;
}

/** The nodes of a list, filtered and ordered; the order of `nodes` (by name) decides between equals. */
export function selectNodes(nodes: readonly LiveNode[], selection: Selection): readonly LiveNode[] {
  const words = selection.filter
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '');
  const shown = nodes.filter(node => inScope(node, selection) && words.every(word => haystack(node).includes(word)));
  return shown.toSorted((a, b) => compare(keyOf(a, selection.sort), keyOf(b, selection.sort)));
}

/** A node that has not changed keeps its place: its key is not made anew for each look at five thousand of them. */
const KNOWN: Readonly<Record<Sort, WeakMap<LiveNode, readonly number[]>>> = {
  worst: new WeakMap(),
  name: new WeakMap(),
  headroom: new WeakMap(),
  evicted: new WeakMap(),
  since: new WeakMap(),
};

function keyOf(node: LiveNode, sort: Sort): readonly number[] {
  const known = KNOWN[sort].get(node);
  if (known !== undefined) return known;
  const key = KEYS[sort](node);
  KNOWN[sort].set(node, key);
  return key;
}

function inScope(node: LiveNode, { all, near }: Selection): boolean {
  return all || node.pressed || (near && node.near);
}

function haystack(node: LiveNode): string {
  if (isBlank(node)) return node.node.name.toLowerCase();
  const { report } = node;
  const parts = [node.node.name, ...report.pressure, ...report.uncertain, report.state];
  return [...parts, troubleOf(node).text, bindingText(node).text].join(' ').toLowerCase();
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, x] of a.entries()) {
    const y = b[i] ?? 0;
    // Infinities are equal to themselves; their difference is no number.
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
