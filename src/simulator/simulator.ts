import type { SimulatedUser } from './auth.ts';
import type { Identity } from './certificates.ts';
import type { Clock } from './clock.ts';
import type { ClusterWorld } from './cluster.ts';
import type { FaultInjector, FaultRule } from './faults.ts';
import type { NodeAgent } from './node-agent.ts';
import type { RequestRecord, SimulatorStats } from './request-log.ts';
import type { SimulatedVersion } from './resources.ts';

/** How a simulated API server is set up. */
export interface SimulatorOptions {
  /** The world it shows. @default an empty cluster */
  readonly cluster?: ClusterWorld;
  /** Whose answers it gives where versions differ. @default `1.36` */
  readonly version?: SimulatedVersion;
  /** @default admin, operator and viewer, see `auth.ts` */
  readonly users?: readonly SimulatedUser[];
  /** HTTPS with a throw-away authority, and client certificates; plain HTTP otherwise. @default true */
  readonly tls?: boolean;
  /** @default 0, a free port */
  readonly port?: number;
  /** The time of connections: latency, timeouts and bookmarks of watches, hanging kubelets. @default the real clock */
  readonly timers?: Clock;
  /** How long a hanging kubelet is waited for; Infinity for ever. @default 10000 */
  readonly kubeletHangMs?: number;
  /** Milliseconds between two bookmarks of a watch. @default 60000 */
  readonly bookmarkMs?: number;
  /** Faults from the start. */
  readonly faults?: readonly FaultRule[];
  /** Decides about faults with a probability. @default 1 */
  readonly seed?: number;
  /** How many requests are kept in full. @default 20000 */
  readonly keepRequests?: number;
}

/** How a kubeconfig authenticates. */
export interface KubeconfigOptions {
  /** @default `token` */
  readonly auth?: 'token' | 'certificate' | 'none';
  readonly namespace?: string;
}

/** A running simulated API server on loopback. */
export interface Simulator {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly cluster: ClusterWorld;
  readonly version: SimulatedVersion;
  readonly faults: FaultInjector;
  /** The authority's certificate as PEM; undefined without TLS. */
  readonly authority: string | undefined;
  /** The last requests, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Puts a kubelet behind a node, undefined takes it away: connections are refused then. */
  setAgent(nodeName: string, agent: NodeAgent | undefined): void;
  /** A client certificate for a user. Without TLS: RangeError. */
  certificateFor(user: string): Identity;
  /** The token of a user. One that is not known: RangeError. */
  tokenFor(user: string): string;
  /** A kubeconfig as text. */
  kubeconfigFor(user: string, options?: KubeconfigOptions): string;
  /** As a restart of the API server: all connections end, watches cannot resume. */
  restart(): Promise<void>;
  /** Stops listening and ends all connections: the server is down. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  start(): Promise<void>;
  /** As a compaction of etcd that reached the watch cache: continue tokens and watches of before now expire. */
  compact(): void;
  stats(): SimulatorStats;
  /** Starts all counts anew. */
  resetStats(): void;
  /** {@link Simulator.stop}, for good. */
  close(): Promise<void>;
}
