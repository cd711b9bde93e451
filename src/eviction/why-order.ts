import type { NodeReport } from './assess.ts';
import { enumerate, humanAmount } from './human.ts';
import { type EvictionOrder, nextVictims, type Victim } from './next-victims.ts';
import type { NodeStats, Reading } from './node.ts';
import { inferFilesystems } from './observe.ts';
import type { PodFacts, PodUsage } from './pod.ts';
import { type Signal, signalInfo } from './signal.ts';
import { isCopy, type SignalReport } from './signal-report.ts';
import type { FilesystemLayout } from './threshold.ts';
import { parseKubeletVersion } from './version.ts';

/**
 * When an order comes into force: `now` the threshold is met; `after-grace` it is a soft one, and its grace period runs; `if-met`
 * it is not met, and comes closest; `asked` somebody wanted to know.
 */
export type OrderOccasion = 'now' | 'after-grace' | 'if-met' | 'asked';

/** An eviction order, and when it applies. */
export interface NodeOrder {
  readonly occasion: OrderOccasion;
  readonly order: EvictionOrder;
}

/** What the orders of a node are worked out from. */
export interface NodePods {
  readonly report: NodeReport;
  readonly stats: Reading<NodeStats>;
  readonly pods: readonly PodFacts[];
  readonly usage: ReadonlyMap<string, PodUsage>;
}

/**
 * The layout the kubelet ranks by; null: the figures do not tell. The kubelet compares device names, we compare figures.
 */
export function layoutOf(stats: Reading<NodeStats>): FilesystemLayout | null {
  return stats.ok ? (inferFilesystems(stats.value)?.layout ?? null) : null;
}

/**
 * The orders that matter on a node: of the signals whose thresholds are met; without one, of the binding signal. Memory goes before
 * everything else; the order among other signals is undefined in the kubelet, so each that ranks differently is given.
 *
 * @param asked the only signal that is wanted; null: choose
 */
export function nodeOrders(facts: NodePods, asked: Signal | null): readonly NodeOrder[] {
  const layout = layoutOf(facts.stats);
  const found: NodeOrder[] = [];
  const seen = new Set<string>();
  for (const { signal, occasion } of asked === null
    ? choose(facts.report)
    : [{ signal: asked, occasion: 'asked' as const }]) {
    // Without a layout only what does not depend on it can be told.
    if (layout === null && signalInfo(signal).filesystem !== null) continue;
    const key = rankingKey(signal, layout ?? 'one-filesystem');
    if (seen.has(key)) continue;
    seen.add(key);
    const version = parseKubeletVersion(facts.report.node.kubeletVersion);
    const { pods, usage } = facts;
    found.push({ occasion, order: nextVictims({ pods, usage, signal, layout: layout ?? 'one-filesystem', version }) });
  }
  return found;
}

interface Chosen {
  readonly signal: Signal;
  readonly occasion: OrderOccasion;
}

function choose(report: NodeReport): readonly Chosen[] {
  const own = report.signals
    .filter(s => !isCopy(s))
    .toSorted((a, b) => Number(b.signal === report.binding) - Number(a.signal === report.binding));
  const met = own.filter(isMet);
  const memory = met.filter(s => s.info.resource === 'memory');
  const now = memory.length > 0 ? memory : met;
  if (now.length > 0) return now.map(({ signal }) => ({ signal, occasion: 'now' }));
  const soft = own.filter(s => s.state === 'soft');
  if (soft.length > 0) return soft.map(({ signal }) => ({ signal, occasion: 'after-grace' }));
  return report.binding === null ? [] : [{ signal: report.binding, occasion: 'if-met' }];
}

/** Whether the kubelet still evicts for a signal: a threshold with minimum reclaim stays met until that is reached, too. */
export function isMet(report: SignalReport): boolean {
  return report.state === 'BREACHED' || (report.state === 'recovering' && report.reason === 'min-reclaim');
}

/** Signals with the same key rank alike. */
function rankingKey(signal: Signal, layout: FilesystemLayout): string {
  const { resource, filesystem } = signalInfo(signal);
  if (filesystem === null || layout === 'one-filesystem') return resource;
  if (layout === 'split') return `${resource} ${filesystem === 'imagefs' ? 'images' : 'all'}`;
  return `${resource} ${filesystem === 'nodefs' ? 'own' : 'layers'}`;
}

/** What put a pod in its place, as a clause. */
export function placeReason(victim: Victim, order: EvictionOrder): string {
  const { keys, decidedBy } = victim;
  const { unit, signal } = order;
  const priority = `priority ${keys.priority}`;
  if (decidedBy === 'no figures') return `the kubelet has no figures of it, ${priority}`;
  const usage = humanAmount(keys.usage ?? 0, unit);
  if (decidedBy === 'no requests') return `${priority}, ${usage} processes`;
  if (signalInfo(signal).resource === 'inodes') {
    const quirk = keys.request > 0 ? `, less ${humanAmount(keys.request, 'bytes')} that it requested in bytes` : '';
    return `${keys.over ? `uses ${usage} inodes` : 'uses no inode'}, ${priority}${quirk}`;
  }
  const amount = (value: number): string => humanAmount(value, unit);
  if (keys.request === 0) return `uses ${usage} without a request, ${priority}`;
  if (!keys.over) return `uses ${usage}, within its request of ${amount(keys.request)}, ${priority}`;
  return `uses ${usage}, ${amount(keys.excess ?? 0)} over its request of ${amount(keys.request)}, ${priority}`;
}

/** Who goes next, as a sentence; empty when nobody can. */
export function nextSentence({ occasion, order }: NodeOrder): string {
  const first = order.victims.filter(v => v.place === 1);
  const [victim] = first;
  if (victim === undefined) return nobody(order);
  const names = enumerate(first.slice(0, 3).map(v => `${v.pod.namespace}/${v.pod.name}`));
  const who =
    first.length === 1 ? names : `${names}${first.length > 3 ? ` and ${first.length - 3} more` : ''} (in any order)`;
  return `${OCCASION[occasion]} ${order.signal}: ${who}: ${placeReason(victim, order)}`;
}

const OCCASION: Readonly<Record<OrderOccasion, string>> = {
  now: 'the next to be evicted for',
  'after-grace': 'once its grace period is over, the first to be evicted for',
  'if-met': 'the first to be evicted, should it come to that, for',
  asked: 'the first to be evicted for',
};

function nobody(order: EvictionOrder): string {
  const { spared } = order;
  if (spared.length === 0) return 'no pod runs here: eviction cannot end the pressure';
  const kinds = [...new Set(spared.map(s => s.why))];
  const pods = spared.length === 1 ? 'the one pod that runs is' : `the ${spared.length} pods that run are`;
  return `nothing can be evicted here: ${pods} ${enumerate(kinds)}, and never evicted`;
}

/** What the kubelet deletes of the node's own before it takes pods, as a clause; null: nothing (`buildSignalToNodeReclaimFuncs`). */
export function reclaimedFirst(signal: Signal, layout: FilesystemLayout): string | null {
  const { filesystem } = signalInfo(signal);
  if (filesystem === null) return null;
  const both = 'dead containers and then every unused image';
  if (layout === 'one-filesystem') return both;
  if (layout === 'dedicated-imagefs') return filesystem === 'nodefs' ? null : both;
  return filesystem === 'imagefs' ? 'every unused image' : 'dead containers';
}
