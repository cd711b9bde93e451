import type { SimulatedUser } from '../../src/simulator/auth.ts';
import { type ManualClock, manualClock, realClock } from '../../src/simulator/clock.ts';
import { type ClusterWorld, createCluster } from '../../src/simulator/cluster.ts';
import type { Kind, KubeObject } from '../../src/simulator/objects.ts';
import type { SimulatedVersion } from '../../src/simulator/resources.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { fixture, fixtureText } from '../support/fixtures.ts';
import { type RawClient, rawClient, strangerClient } from './raw-client.ts';

/** A simulator that shows what a recorded cluster showed. */
export interface RecordedWorld {
  readonly version: SimulatedVersion;
  readonly cluster: ClusterWorld;
  readonly clock: ManualClock;
  readonly simulator: Simulator;
  client(user: string): RawClient;
  close(): Promise<void>;
}

const USERS: readonly SimulatedUser[] = [
  { name: 'admin', groups: ['system:masters'] },
  {
    name: 'operator',
    rules: [
      { verbs: ['get', 'list', 'watch'], resources: ['nodes', 'events'] },
      { verbs: ['get'], resources: ['nodes/proxy'] },
      { verbs: ['get', 'list', 'watch', 'delete'], resources: ['pods'] },
    ],
  },
  {
    name: 'viewer',
    rules: [
      { verbs: ['get', 'list'], resources: ['nodes'] },
      { verbs: ['list'], resources: ['pods'] },
    ],
  },
  {
    name: 'configz-reader',
    rules: [
      { verbs: ['get', 'list'], resources: ['nodes'] },
      { verbs: ['get'], resources: ['nodes/configz', 'nodes/stats'] },
    ],
  },
];

/** Opens an empty one at a moment of the recordings. */
export async function recordedWorld(version: SimulatedVersion, now: string): Promise<RecordedWorld> {
  const clock = manualClock(Date.parse(now));
  const cluster = createCluster({ clock });
  const simulator = await startSimulator({
    cluster,
    version,
    users: USERS,
    tls: false,
    timers: realClock(),
    kubeletHangMs: 1,
    bookmarkMs: 20,
  });
  const clients: RawClient[] = [];
  const keep = (client: RawClient) => {
    clients.push(client);
    return client;
  };
  return {
    version,
    cluster,
    clock,
    simulator,
    client: user => {
      const kubeconfig = simulator.kubeconfigFor('admin');
      if (user === 'nobody') return keep(strangerClient(kubeconfig));
      if (user === 'stranger') return keep(strangerClient(kubeconfig, 'not-a-token'));
      return keep(rawClient(simulator.kubeconfigFor(user)));
    },
    close: async () => {
      for (const client of clients) client.close();
      await simulator.close();
    },
  };
}

/** Loads the items of a recorded list, or one recorded object as it was before it was deleted. */
export function loadRecorded(world: RecordedWorld, kind: Kind, file: string): void {
  // biome-ignore lint/suspicious/noExplicitAny: a recording of that kind
  const recorded = fixture(`v${world.version}`, file) as any;
  const items: readonly KubeObject[] = recorded.items ?? recorded.rows?.map(objectOf) ?? [recorded];
  for (const item of items) world.cluster.upsert(kind, alive(item));
}

/** The events of a recorded watch. */
// biome-ignore lint/suspicious/noExplicitAny: events of recordings
export function recordedEvents(version: SimulatedVersion, file: string): readonly { type: string; object: any }[] {
  const lines = fixtureText(`v${version}`, file).trim().split('\n');
  return lines.map(line => JSON.parse(line));
}

function objectOf(row: { readonly object: KubeObject }): KubeObject {
  return row.object;
}

function alive(object: KubeObject): KubeObject {
  const { deletionGracePeriodSeconds: _, deletionTimestamp: __, ...metadata } = object.metadata;
  return { ...object, metadata };
}
