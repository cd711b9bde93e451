import { type Parsed, parsed, refused } from '../../eviction/parsed.ts';
import { atLeast, parseKubeletVersion } from '../../eviction/version.ts';
import { manualClock } from '../clock.ts';
import { type ClusterWorld, createCluster } from '../cluster.ts';
import { isObject } from '../json.ts';
import type { Answer, NodeAgent } from '../node-agent.ts';
import type { Kind, KubeObject } from '../objects.ts';
import type { SimulatedVersion } from '../resources.ts';

/** A cluster as a snapshot kept it: nothing in it moves, and its clock stands still. */
export interface KeptCluster {
  readonly cluster: ClusterWorld;
  readonly version: SimulatedVersion;
  readonly agents: ReadonlyMap<string, NodeAgent>;
  /** Milliseconds since the epoch. */
  readonly takenAt: number;
}

/** Where each kind lies in a snapshot, and which of them have a namespace. */
const LISTS: readonly (readonly [field: string, kind: Kind])[] = [
  ['nodes', 'Node'],
  ['leases', 'Lease'],
  ['pods', 'Pod'],
  ['events', 'Event'],
];

/** Opens what `snapshot` wrote. Objects that are none are refused by name; unknown fields do not matter. */
export function openSnapshot(snapshot: unknown): Parsed<KeptCluster> {
  if (!isObject(snapshot) || snapshot['kind'] !== 'Snapshot') return refused('its kind is not Snapshot');
  const metadata = isObject(snapshot['metadata']) ? snapshot['metadata'] : {};
  const takenAt = typeof metadata['takenAt'] === 'string' ? Date.parse(metadata['takenAt']) : Number.NaN;
  if (Number.isNaN(takenAt)) return refused('it does not say when it was taken (metadata.takenAt)');
  const cluster = createCluster({ clock: manualClock(takenAt) });
  for (const [field, kind] of LISTS) {
    const list = snapshot[field];
    if (!Array.isArray(list)) return refused(`${field} is not a list`);
    const objects = list.filter(isKubeObject);
    if (objects.length !== list.length) return refused(`${field} holds something without a name`);
    const distinct = unique(objects, kind === 'Node');
    if (distinct.length !== objects.length) return refused(`${field} holds two objects of one name`);
    cluster.load(kind, distinct);
  }
  const serverVersion = typeof metadata['serverVersion'] === 'string' ? metadata['serverVersion'] : '';
  const version = atLeast(parseKubeletVersion(serverVersion), 22) ? '1.36' : '1.20';
  return parsed({ cluster, version, agents: agentsOf(snapshot['kubelets']), takenAt });
}

function isKubeObject(value: unknown): value is KubeObject {
  if (!isObject(value) || !isObject(value['metadata'])) return false;
  const { name, namespace } = value['metadata'];
  return typeof name === 'string' && name !== '' && (namespace === undefined || typeof namespace === 'string');
}

/** Names must be new to the store; of two objects of one name only the first is given. */
function unique(objects: readonly KubeObject[], clusterWide: boolean): readonly KubeObject[] {
  const seen = new Map<string, KubeObject>();
  for (const object of objects) {
    const namespace = clusterWide ? '' : (object.metadata.namespace ?? '');
    const key = JSON.stringify([namespace, object.metadata.name]);
    if (!seen.has(key)) seen.set(key, object);
  }
  return [...seen.values()];
}

function agentsOf(kubelets: unknown): ReadonlyMap<string, NodeAgent> {
  const agents = new Map<string, NodeAgent>();
  if (!isObject(kubelets)) return agents;
  for (const [name, answers] of Object.entries(kubelets)) {
    const part = (field: string): Answer => {
      const body = isObject(answers) && Object.hasOwn(answers, field) ? answers[field] : null;
      // What could not be read then cannot be read now.
      if (body === null) return { refuse: true };
      return { status: 200, contentType: 'application/json', body: JSON.stringify(body) };
    };
    agents.set(name, { configz: () => part('configz'), statsSummary: () => part('stats') });
  }
  return agents;
}
