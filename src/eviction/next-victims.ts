import { isActive, localVolumesUse, neverEvicted, type PodFacts, type PodUsage, podRequest } from './pod.ts';
import { type Ranked, type RankFacts, type RankKeys, rankForEviction } from './rank.ts';
import { type Signal, type SignalInfo, signalInfo } from './signal.ts';
import type { FilesystemLayout } from './threshold.ts';
import type { KubeletVersion } from './version.ts';

/** What the eviction order of a node is worked out from. */
export interface VictimQuery {
  /** The pods of the node; those that have ended are left out. */
  readonly pods: readonly PodFacts[];
  /** The kubelet's figures by {@link PodFacts.statsUid}. */
  readonly usage: ReadonlyMap<string, PodUsage>;
  readonly signal: Signal;
  readonly layout: FilesystemLayout;
  readonly version: KubeletVersion | null;
}

/** A pod in the order in which the kubelet would evict. */
export interface Victim {
  /** From 1, among those that can be evicted; tied pods share one. */
  readonly place: number;
  /** No key tells it from a neighbour: the kubelet may take either first. */
  readonly tied: boolean;
  readonly pod: PodFacts;
  readonly keys: RankKeys;
  /** What put it there, as a clause: `over its request by 58Mi`; never untrusted. */
  readonly decidedBy: 'no figures' | 'over its request' | 'within its request' | 'no requests';
}

/** A pod that the kubelet passes over. */
export interface Spared {
  readonly pod: PodFacts;
  readonly why: 'static' | 'critical';
  readonly keys: RankKeys;
}

/** The kubelet's eviction order of a node for one signal. */
export interface EvictionOrder {
  readonly signal: Signal;
  readonly unit: SignalInfo['unit'];
  readonly layout: FilesystemLayout;
  /** The first goes first, one pod a pass. */
  readonly victims: readonly Victim[];
  /** Never evicted, whatever they use; by what they use, most first. */
  readonly spared: readonly Spared[];
}

interface Candidate extends RankFacts {
  readonly pod: PodFacts;
}

/**
 * The pods that the kubelet would evict for a signal, in its order, from what it knows now. The figures move on, and after each
 * eviction it looks anew: the further down, the less certain.
 */
export function nextVictims(query: VictimQuery): EvictionOrder {
  const { signal, layout } = query;
  const candidates = query.pods
    .filter(isActive)
    .map(pod => candidate(pod, query))
    // Ties are in any order for the kubelet, and in one for us.
    .toSorted((a, b) => compareText(`${a.pod.namespace}/${a.pod.name}`, `${b.pod.namespace}/${b.pod.name}`));
  const evictable = candidates.filter(({ pod }) => neverEvicted(pod) === null);
  const spared = rankForEviction(candidates, signal, layout).flatMap(({ item: { pod }, keys }) => {
    const why = neverEvicted(pod);
    return why === null ? [] : [{ pod, why, keys }];
  });
  return {
    signal,
    unit: signalInfo(signal).unit,
    layout,
    victims: rankForEviction(evictable, signal, layout).map(ranked => victim(ranked, signal)),
    spared: spared.toSorted((a, b) => (b.keys.usage ?? -1) - (a.keys.usage ?? -1)),
  };
}

function candidate(pod: PodFacts, { usage, version }: VictimQuery): Candidate {
  const figures = usage.get(pod.statsUid);
  return {
    pod,
    priority: pod.priority ?? 0,
    memoryRequest: podRequest(pod, 'memory', version),
    storageRequest: podRequest(pod, 'ephemeral-storage', version),
    use: figures === undefined ? null : { ...figures, volumes: localVolumesUse(pod, figures, version) },
  };
}

function victim({ item: { pod }, keys, place, tied }: Ranked<Candidate>, signal: Signal): Victim {
  return { pod, keys, place, tied, decidedBy: decidedBy(keys, signal) };
}

function decidedBy(keys: RankKeys, signal: Signal): Victim['decidedBy'] {
  if (keys.unmeasured) return 'no figures';
  if (signalInfo(signal).resource === 'pids') return 'no requests';
  return keys.over ? 'over its request' : 'within its request';
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
