import type { NodeReport } from './assess.ts';
import type { EvictedPodFacts, Instant, NodeFacts, Reading, ReadProblem } from './node.ts';
import type { NodeForecast, SignalSamples } from './signal-history.ts';
import type { Scope, SurveyError } from './survey.ts';
import type { NodeOrder } from './why-order.ts';

/**
 * How far the facts about a node have come: `waiting` only the API server's; `asking` the kubelet is being asked for the first
 * time; `read` it has answered, or failed to; `denied` it may not be asked.
 */
export type KubeletProgress = 'waiting' | 'asking' | 'read' | 'denied';

/** One node as a live view knows it. */
export interface LiveNode {
  readonly node: NodeFacts;
  /** May be made at the first look at it. */
  readonly report: NodeReport;
  readonly kubelet: KubeletProgress;
  /** When the kubelet's figures were read last; null: not yet. */
  readonly readAt: Instant | null;
  readonly samples: SignalSamples;
  /** Null: nothing to foresee. */
  readonly forecast: NodeForecast | null;
  /** A pressure condition is True or Unknown. */
  readonly pressed: boolean;
  /** Near or below a threshold without a condition, as far as the kubelet has been read. */
  readonly near: boolean;
  /** Its pressure is Unknown, or its kubelet did not answer. */
  readonly unreachable: boolean;
}

/** The connection to the API server: `connecting` nothing has been read yet, `live`, or `down` and trying again. */
export interface LiveLink {
  readonly state: 'connecting' | 'live' | 'down';
  /** Since when it is in that state. */
  readonly since: Instant;
  /** Why it is down; untrusted text. */
  readonly error: string | null;
}

/** What a live view knows at one moment. A new value each time; nodes that have not changed keep their identity. */
export interface LiveSnapshot {
  readonly context: string | null;
  readonly cluster: string | null;
  readonly server: string;
  readonly scope: Scope;
  readonly now: Instant;
  /** Add it to the workstation's clock for the API server's, in milliseconds. */
  readonly offset: number;
  readonly link: LiveLink;
  /** Nothing is asked and nothing changes until it goes on. */
  readonly paused: boolean;
  /** By name; empty until the first list is here. */
  readonly nodes: readonly LiveNode[];
  readonly underPressure: number;
  /** Nodes near or below a threshold without a condition, among those whose kubelet has been read. */
  readonly near: number;
  /** Nodes whose pressure is Unknown, or whose kubelet did not answer. */
  readonly unreachable: number;
  /** Evicted pods in the cluster; null: not counted yet. */
  readonly evictedPods: Reading<number> | null;
  /** What is missing for all nodes: rights, mostly. */
  readonly errors: readonly SurveyError[];
}

/** An Evicted pod with what a list of them shows. */
export interface LivePod extends EvictedPodFacts {
  /** The kubelet's sentence; untrusted text. */
  readonly message: string;
  /** When it was evicted, as well as the object tells it. */
  readonly evictedAt: Instant | null;
}

/** One line of a node's timeline. */
export interface TimelineEntry {
  readonly at: Instant | null;
  /** `Warning` or `Normal`; untrusted text. */
  readonly type: string;
  readonly reason: string;
  /** What it is about where that is not the node itself: `namespace/name`; untrusted text. */
  readonly about: string;
  readonly message: string;
  readonly count: number;
}

/** What the kubelet of a node would evict. */
export interface LiveNext {
  /** For each signal that matters the pods in the kubelet's order; a reading that failed says why there is none. */
  readonly orders: Reading<readonly NodeOrder[]>;
  /** What happens next and when, as clauses without a full stop; they may hold untrusted text. */
  readonly sentences: readonly string[];
}

/** What a live view knows of the one node that is looked at closely. */
export interface LiveDetails {
  /** Newest first; a reading that failed says why. */
  readonly pods: Reading<readonly LivePod[]> | null;
  /** Newest first; null: not read yet. */
  readonly timeline: Reading<readonly TimelineEntry[]> | null;
  /** Null: not read yet. Read while somebody looks at it; may be worked out at the first look. */
  readonly next: LiveNext | null;
  /** Why the node was not compared with what kubeadm gives to nodes; null: it was, or there is no such thing. */
  readonly uncompared: ReadProblem | null;
}

/** What the user sees now: asked first and kept fresh. */
export interface LiveFocus {
  /** Node names on the screen, in its order. */
  readonly visible: readonly string[];
  /** The node under the cursor, or opened; null: none. */
  readonly selected: string | null;
  /** Whether its timeline is on the screen. */
  readonly timeline: boolean;
  /** Whether its eviction order is on the screen. */
  readonly next: boolean;
  /** Whether every node is listed, not only those under pressure. */
  readonly all: boolean;
}

/** Live data about the nodes of a cluster. */
export interface LiveSource {
  snapshot(): LiveSnapshot;
  /** About one node; its parts are null while nothing is known. */
  details(node: string): LiveDetails;
  /** Calls the listener after each change; the function returned ends it. */
  subscribe(listener: () => void): () => void;
  focus(focus: LiveFocus): void;
  /** Asks for everything on the screen again. */
  refresh(): void;
  pause(paused: boolean): void;
}
