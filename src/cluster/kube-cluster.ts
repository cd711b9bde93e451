import { ClusterError } from '../errors.ts';
import type { EvictionConfig } from '../eviction/config.ts';
import { EVICTION_MAP_FIELDS, readEvictionConfig } from '../eviction/config.ts';
import type { ClusterConfig } from '../eviction/drift.ts';
import type { EvictedPodFacts, EvictionEventFacts, Instant, NodeFacts, NodeStats } from '../eviction/node.ts';
import type { EvictedEvent } from '../eviction/report.ts';
import { readClusterConfig } from './cluster-config.ts';
import {
  evictedPodFromKube,
  evictionEventFromKube,
  isEvictedPod,
  leaseFromKube,
  nodeFromKube,
  statsFromKube,
} from './from-kube.ts';
import { objectAt, textAt } from './json.ts';
import { liveCluster } from './live-cluster.ts';
import { nameLists } from './name-lists.ts';
import { apiPath, isNodeName, nodePath } from './paths.ts';
import type {
  Cluster,
  ClusterIdentity,
  Listed,
  LiveCluster,
  NameLists,
  RedactedCluster,
  Right,
  TuningCluster,
} from './port.ts';
import { purgeCluster } from './purge-cluster.ts';
import type { PurgeCluster } from './purge-port.ts';
import { KubeReader, LISTS, type ReaderOptions } from './reader.ts';
import { redactedCluster } from './redacted-cluster.ts';
import { simulationCluster } from './simulation-cluster.ts';
import type { SimulationCluster } from './simulation-port.ts';
import { evictedEventFromKube } from './tombstone-from-kube.ts';
import type { Transport } from './transport.ts';
import { tuningCluster } from './tuning-cluster.ts';
import { whyCluster } from './why-cluster.ts';
import type { WhyCluster } from './why-port.ts';

/** The cluster behind a transport. Nothing is asked before a method is called; `close` ends the connections. */
export function kubeCluster(transport: Transport, options: ReaderOptions): Cluster {
  return new KubeCluster(transport, options);
}

class KubeCluster implements Cluster {
  readonly identity: ClusterIdentity;
  readonly redacted: RedactedCluster;
  readonly purging: PurgeCluster;
  readonly live: LiveCluster;
  readonly tuning: TuningCluster;
  readonly why: WhyCluster;
  readonly names: NameLists;
  readonly simulation: SimulationCluster;
  readonly #transport: Transport;
  readonly #reader: KubeReader;

  constructor(transport: Transport, options: ReaderOptions) {
    const { context, cluster, user, server, namespace } = transport.target;
    this.identity = { context: options.title ?? context, cluster, user, server, namespace };
    this.#transport = transport;
    this.#reader = new KubeReader(transport, options);
    this.redacted = redactedCluster(this.#reader);
    this.purging = purgeCluster(transport, options.chunkSize);
    this.live = liveCluster(transport, this.#reader, options.chunkSize);
    this.tuning = tuningCluster(this.#reader);
    this.why = whyCluster(this.#reader);
    this.names = nameLists(transport, options.signal);
    this.simulation = simulationCluster(transport, this.#reader, options.signal);
  }

  nodes(selector: string | null): Promise<Listed<NodeFacts>> {
    return this.#reader.list({ ...LISTS.nodes(selector), translate: namedNode });
  }

  async node(name: string): Promise<{ node: NodeFacts; serverTime: Instant | null }> {
    const answer = await this.#reader.get(`get node ${name}`, nodePath(name));
    const node = namedNode(answer.json());
    if (node.name !== name) throw notNodes(`get node ${name}`, `answered with another node, ${node.name}`);
    return { node, serverTime: answer.serverTime };
  }

  async leases(): Promise<ReadonlyMap<string, Instant>> {
    const leases = await this.#reader.list({ ...LISTS.leases, translate: leaseFromKube });
    return new Map(leases.items.map(lease => [lease.node, lease.renewed]));
  }

  evictedPods(): Promise<Listed<EvictedPodFacts>> {
    const translate = (pod: unknown) => (isEvictedPod(pod) ? evictedPodFromKube(pod) : null);
    return this.#reader.list({ ...LISTS.failedPods, translate });
  }

  async evictionEvents(): Promise<Listed<EvictionEventFacts>> {
    const [evicted, daemons] = await Promise.all([this.#events('Evicted'), this.#events('FailedDaemonPod')]);
    const items = [...evicted.items, ...daemons.items];
    return { items, serverTime: evicted.serverTime, cut: evicted.cut || daemons.cut };
  }

  async cgroupV1Nodes(): Promise<ReadonlySet<string>> {
    const translate = (event: unknown): string => textAt(event, 'involvedObject', 'name');
    return new Set((await this.#reader.list({ ...LISTS.events('reason=CgroupV1'), translate })).items);
  }

  async mayI(right: Right): Promise<boolean | null> {
    const { group = '', ...attributes } = right;
    const answer = await this.#reader.ask(
      'review own access',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { ...attributes, group } },
      },
    );
    const allowed = objectAt(answer.json(), 'status')['allowed'];
    return typeof allowed === 'boolean' ? allowed : null;
  }

  evictedEvents(namespace: string | null): Promise<Listed<EvictedEvent>> {
    const events = LISTS.events('reason=Evicted');
    if (namespace === null) return this.#reader.list({ ...events, translate: evictedEventFromKube });
    const path = apiPath('api', 'v1', 'namespaces', namespace, 'events');
    const what = `list events in namespace ${namespace}`;
    return this.#reader.list({ ...events, path, what, translate: evictedEventFromKube });
  }

  clusterConfig(name: string): Promise<ClusterConfig | null> {
    return readClusterConfig(this.#reader, name);
  }

  async kubeletConfig(node: string, timeoutMs: number): Promise<EvictionConfig> {
    const config = readEvictionConfig(await this.#reader.kubelet(node, 'configz', timeoutMs));
    // A map that cannot be read must not pass for one that is not set: nothing armed is an alarm.
    const garbled = config.ok ? EVICTION_MAP_FIELDS.filter(field => config.value.unreadable.includes(field)) : [];
    if (config.ok && garbled.length === 0) return config.value;
    const why = config.ok ? `${garbled.join(', ')} is not a map of texts` : config.error;
    throw new ClusterError('server', `cannot read configz of node ${node}: ${why}`, {
      hint: 'something between the API server and the kubelet answers in its place: look at the raw answer with kubectl get --raw',
    });
  }

  async kubeletStats(node: string, timeoutMs: number): Promise<NodeStats> {
    return statsFromKube(await this.#reader.kubelet(node, 'stats/summary', timeoutMs));
  }

  close(): void {
    this.#transport.close();
  }

  #events(reason: string): Promise<Listed<EvictionEventFacts>> {
    return this.#reader.list({ ...LISTS.events(`reason=${reason}`), translate: evictionEventFromKube });
  }
}

/** A node with a name that a node can have: everything else is not a node, and must not count as a healthy one. */
function namedNode(node: unknown): NodeFacts {
  const facts = nodeFromKube(node);
  if (!isNodeName(facts.name)) throw notNodes('read nodes', 'answered with an object that has no name of a node');
  return facts;
}

function notNodes(what: string, why: string): ClusterError {
  return new ClusterError('server', `cannot ${what}: the server ${why}`, {
    hint: 'something between you and the API server answers in its place',
  });
}
