import type { NodeReport } from './assess.ts';
import type { Instant, Reading } from './node.ts';

/** Which nodes a report shows. */
export type Scope = 'pressure' | 'all' | 'named' | 'selected';

/** Something that could not be read, and what that costs. Untrusted text. */
export interface SurveyError {
  /** `nodes/proxy`, `pods`, `events`, `leases`, `node`, `configz`, `stats/summary`. */
  readonly what: string;
  /** The node it concerns; null: all of them. */
  readonly node: string | null;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string | null;
}

/** A look at a cluster's nodes: what `status` shows, in every form. */
export interface Survey {
  readonly takenAt: Instant;
  readonly context: string | null;
  readonly server: string;
  readonly scope: Scope;
  readonly nearPercent: number;
  /** All nodes of the cluster, or of the selection; null when only named nodes were read. */
  readonly nodeCount: number | null;
  /** Nodes with a pressure condition True among them. */
  readonly underPressure: number;
  /** Nodes without one, whose kubelet is silent: a pressure condition is Unknown. */
  readonly uncertain: number;
  /** Nodes near or below a threshold without a condition; null unless every node's kubelet was asked. */
  readonly near: number | null;
  /** Shown nodes whose kubelet's configuration or figures are missing. */
  readonly unreadable: number;
  /** Evicted pods in the whole cluster. */
  readonly evictedPods: Reading<number>;
  /** The nodes in scope, by name. */
  readonly reports: readonly NodeReport[];
  readonly errors: readonly SurveyError[];
}
