import { type ConnectionFlags, type Environment, resolveTarget } from './connection.ts';
import { kubeCluster } from './kube-cluster.ts';
import type { Cluster } from './port.ts';
import { told } from './told.ts';
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
  /** What the cluster is called in headings. @default the context's name */
  readonly title?: string;
}

/** Finds the cluster, and makes ready to ask it. @throws ClusterError `config` */
export async function openCluster(
  options: OpenOptions,
  environment: Environment,
  overrides: Pick<TransportOptions, 'sleep' | 'random'> = {},
): Promise<Cluster> {
  const target = await resolveTarget(options.flags, environment);
  const transport = await createTransport(target, {
    ...overrides,
    environment,
    maxSockets: options.concurrency + 8,
  });
  const spoken = options.verbosity >= 6 ? told(transport, environment.warn, environment.now) : transport;
  return kubeCluster(spoken, options);
}
