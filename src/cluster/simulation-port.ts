import type { EvictionSettings } from '../eviction/settings.ts';
import type { NodeOs } from '../eviction/signal.ts';

/** A kubelet that is only simulated. Untrusted texts. */
export interface SimulatedKubelet {
  /** Of its node. */
  readonly name: string;
  /** `v1.31.4` */
  readonly version: string;
  readonly os: NodeOs;
  /** Whether the process is there. */
  readonly running: boolean;
  /** What it runs, or ran last. */
  readonly settings: EvictionSettings;
}

/** What can be done to a cluster that is only simulated. A real one has none of this, and is never asked for more than a GET. */
export interface SimulationCluster {
  /**
   * The kubelets that can be restarted; none in a simulation where nothing runs (a snapshot). Null: the server is no simulated
   * cluster. One that is not on loopback is taken for a real one, and not asked.
   */
  kubelets(): Promise<readonly SimulatedKubelet[] | null>;
  /**
   * Restarts the kubelet of a node with other eviction settings, everything else of its configuration kept.
   *
   * @returns null, or why it did not come back; untrusted text
   * @throws ClusterError `invalid` when it is no node of a simulated cluster
   */
  restart(node: string, settings: EvictionSettings): Promise<string | null>;
}
