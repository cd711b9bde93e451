import type { Instant, Reading, ReadProblem } from './node.ts';
import type { Candidate } from './plan.ts';
import type { Producer } from './producing.ts';
import type { KeptGroup, PlanOverview, PurgeSummary } from './purge-tally.ts';
import type { EvictionReport } from './report.ts';
import type { TuneAction } from './tune-action.ts';

/** What a screen can do to a cluster, or for it. */
export interface ScreenActions {
  readonly purge: PurgeAction;
  readonly report: ReportAction;
  readonly tune: TuneAction;
}

/** Which Evicted pods a purge is about, in all namespaces. */
export interface PurgeScope {
  /** Null: those of all nodes. */
  readonly node: string | null;
}

/** What a purge would delete, and what it would not. */
export interface PurgePreview {
  /** In the order of namespace and name. */
  readonly pods: readonly Candidate[];
  readonly overview: PlanOverview;
  /** The most frequent reason first. */
  readonly kept: readonly KeptGroup[];
  /** What goes on making Evicted pods, so that they will come back. */
  readonly producers: readonly Producer[];
  /** When it was decided, on the server's clock. */
  readonly at: Instant;
}

/** A purge at one moment. A new value after each change. */
export interface PurgeState {
  /**
   * `listing` reads the pods and decides about each; `asking` waits for an answer; `deleting`; `ended` nothing happens any
   * more, and nothing is in flight.
   */
  readonly phase: 'listing' | 'asking' | 'deleting' | 'ended';
  /** Null: it is not made yet, or could not be made. */
  readonly preview: PurgePreview | null;
  /** Evicted pods found so far. */
  readonly found: number;
  /** What became of pods so far. */
  readonly summary: PurgeSummary;
  /** Somebody said yes. */
  readonly agreed: boolean;
  /** Nothing is sent any more; what is in flight may still end. */
  readonly stopped: boolean;
  /** Since the yes; milliseconds. */
  readonly elapsedMs: number;
}

/** One purge under way. It does nothing to the cluster before {@link PurgeRun.agree}. */
export interface PurgeRun {
  state(): PurgeState;
  /** Calls the listener after changes; the function returned ends it. */
  subscribe(listener: () => void): () => void;
  /** Deletes exactly what the preview shows. Without a preview, and the second time, it does nothing. */
  agree(): void;
  /** Sends nothing more. What is in flight is waited for. */
  stop(): void;
}

/** Begins purges. */
export interface PurgeAction {
  begin(scope: PurgeScope): PurgeRun;
}

/** The evictions of all namespaces at one moment. A new value after each change. */
export interface ReportState {
  /** They are being read, for the first time or again. */
  readonly reading: boolean;
  /** Evictions found so far, while they are read. */
  readonly counted: number;
  /** As read last; null: not yet. A reading that failed says why. */
  readonly found: Reading<EvictionReport> | null;
  /** When that was, on the API server's clock; null: not yet. */
  readonly readAt: Instant | null;
  /** What is missing from it: rights, mostly. */
  readonly problems: readonly ReadProblem[];
}

/** One report. It begins to read at once. */
export interface ReportRun {
  state(): ReportState;
  /** Calls the listener after changes; the function returned ends it. */
  subscribe(listener: () => void): () => void;
  /** Reads everything again; while it reads, it does nothing. */
  again(): void;
  /** Ends what is being read. */
  stop(): void;
}

/** Begins reports. */
export interface ReportAction {
  begin(): ReportRun;
}
