import { type ConnectionFlags, type Environment, resolveTarget } from './connection.ts';
import { kubeCluster } from './kube-cluster.ts';
import type { Cluster } from './port.ts';
import { told, waitTeller } from './told.ts';
import { createTransport, type TransportOptions } from './transport.ts';

/** How a cluster is opened. */
export interface OpenOptions {
  readonly flags: ConnectionFlags;
  /** Requests to kubelets at a time; a few more are kept for the API server, so that hanging kubelets hold up no list. */
  readonly concurrency: number;
  /** Items a page of a list; 0: everything at once. */
  readonly chunkSize: number;
  /** From 6 on every request is told through `environment.warn`. */
  readonly verbosity: number;
  readonly signal: AbortSignal;
  /** Nobody is asked for credentials, and nothing is told beside what is returned. @default false */
  readonly quiet?: boolean;
  /** Whether it is said when the server asks to wait; there is no place for it beside a screen. @default true */
  readonly tellsWaits?: boolean;
  /** What the cluster is called in headings. @default the context's name */
  readonly title?: string;
}

/** Finds the cluster, and makes ready to ask it. @throws ClusterError `config` */
export async function openCluster(
  options: OpenOptions,
  world: Environment,
  overrides: Pick<TransportOptions, 'sleep' | 'random'> = {},
): Promise<Cluster> {
  const environment = options.quiet === true ? { ...world, stdinIsTTY: false, warn: () => {} } : world;
  const target = await resolveTarget(options.flags, environment);
  const transport = await createTransport(target, {
    ...overrides,
    environment,
    maxSockets: options.concurrency + 8,
    onWait: options.tellsWaits === false ? undefined : waitTeller(environment.warn, options.verbosity),
  });
  const spoken = options.verbosity >= 6 ? told(transport, environment.warn, environment.now) : transport;
  return kubeCluster(spoken, options);
}
