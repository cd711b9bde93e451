import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { realClock } from '../../src/simulator/clock.ts';
import { type ClusterWorld, createCluster } from '../../src/simulator/cluster.ts';
import type { KubeObject } from '../../src/simulator/objects.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import { type Ran, runCommand, type TestWorld } from './deps.ts';

/** What a test says about a pod; the rest is an Evicted pod of a ReplicaSet. */
export interface PodChange {
  readonly namespace?: string;
  readonly owner?: string | null;
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  /** Minutes since the kubelet's last write. */
  readonly ago?: number;
  readonly status?: object;
}

/** A pod as a kubelet leaves it. */
export function podObject(name: string, change: PodChange = {}): KubeObject {
  const { owner = 'ReplicaSet', ago = 60 } = change;
  const at = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: change.namespace ?? 'shop',
      creationTimestamp: at(ago + 60),
      labels: { app: 'web', ...change.labels },
      ...(change.annotations === undefined ? {} : { annotations: change.annotations }),
      ...(change.finalizers === undefined ? {} : { finalizers: [...change.finalizers] }),
      ...(owner === null
        ? {}
        : { ownerReferences: [{ apiVersion: 'v1', kind: owner, name: 'web-5d9c', uid: 'u', controller: true }] }),
      managedFields: [{ manager: 'kubelet', operation: 'Update', apiVersion: 'v1', time: at(ago) }],
    },
    spec: { nodeName: change.node ?? 'worker-1', containers: [{ name: 'main', image: 'web' }] },
    status: {
      phase: change.phase ?? 'Failed',
      reason: change.reason ?? 'Evicted',
      message: change.message ?? 'The node was low on resource: memory. ',
      startTime: at(ago + 50),
      ...change.status,
    },
  } as unknown as KubeObject;
}

/** Pods that look evicted to a careless reader. */
export function bystanders(): readonly KubeObject[] {
  return [
    podObject('running', { phase: 'Running' }),
    podObject('running-plain', { phase: 'Running', reason: '' }),
    podObject('failed', { reason: '', message: 'The node was low on resource: memory. ' }),
    podObject('error', { reason: 'Error' }),
    podObject('shutdown', { reason: 'NodeShutdown' }),
    podObject('outofcpu', { reason: 'OutOfcpu' }),
    podObject('done', { phase: 'Succeeded', reason: '' }),
    podObject('of-job', { owner: 'Job' }),
    podObject('mirror', { owner: 'Node', annotations: { 'kubernetes.io/config.mirror': 'x' } }),
  ];
}

/** A simulated cluster, and purge run against it. */
export interface PurgeWorld {
  readonly simulator: Simulator;
  readonly cluster: ClusterWorld;
  /** Names of the pods that are there, sorted. */
  pods(): readonly string[];
  /** `purge ARGV` in the namespace `shop` unless `-A` or `-n` is given. */
  purge(argv: readonly string[], world?: TestWorld): Promise<Ran>;
  /** A file name in a folder of its own. */
  file(name: string): string;
  /** How many DELETEs reached the server. */
  deletes(): number;
}

/** Flags that lead to a simulated cluster, as its administrator: nothing but a token, which goes over TLS only. */
export function adminFlags(simulator: Simulator): readonly string[] {
  return ['--server', simulator.url, '--token', simulator.tokenFor('admin'), '--insecure-skip-tls-verify'];
}

/** Starts a simulated cluster with these pods; it ends with the test. */
export async function purgeWorld(pods: Iterable<KubeObject>, options: SimulatorOptions = {}): Promise<PurgeWorld> {
  const cluster = createCluster({ clock: realClock() });
  for (const name of ['shop', 'media']) {
    cluster.upsert('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject);
  }
  cluster.load('Pod', pods);
  const simulator = await startSimulator({ cluster, keepRequests: 200_000, ...options });
  const folder = mkdtempSync(join(tmpdir(), 'evict-purge-'));
  onTestFinished(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    simulator,
    cluster,
    pods: () => cluster.list('Pod').map(pod => pod.metadata.name),
    purge: (argv, world = {}) => {
      const scoped = argv.some(word => /^(-A|-n|--all-namespaces|--namespace)/.test(word)) ? [] : ['-n', 'shop'];
      const access = adminFlags(simulator);
      return runCommand(['purge', ...access, ...scoped, ...argv], world);
    },
    file: name => join(folder, name),
    deletes: () => simulator.requests.filter(request => request.method === 'DELETE').length,
  };
}

/** One line of an archive. */
export interface Archived {
  readonly kind: string;
  readonly pod: KubeObject;
  readonly events: readonly object[] | null;
  readonly eventsError?: string;
}

/** The lines of an archive; every one must be whole. */
export function readArchive(path: string): readonly Archived[] {
  const text = readFileSync(path, 'utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line is torn');
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Archived);
}

/** The parts of a PurgeResult that tests look at. */
export interface PurgeDocument {
  readonly items: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly outcome: string;
    readonly why: string | null;
    readonly error: { readonly reason: string } | null;
  }[];
  readonly summary: Readonly<Record<string, number | boolean | string | null>>;
  readonly errors: readonly { readonly what: string; readonly reason: string; readonly message: string }[];
}
