import type { Cluster } from '../../cluster/port.ts';
import type { Clock } from '../../deps.ts';
import { CancelledError } from '../../errors.ts';
import type { ReportRun, ReportState } from '../../eviction/actions.ts';
import type { Instant, ReadProblem } from '../../eviction/node.ts';
import { evictionOfEvent, ReportTally } from '../../eviction/report.ts';
import { readEvictions } from '../report-gather.ts';

/** Groups of each ranking: more than anybody scrolls through. */
const MOST_GROUPS = 500;
/** How often what has been counted so far is told. */
const TELL_EVERY = 500;

/** What a report is read from. */
export interface ReportWorld {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** How the user calls the program, for remedies. */
  readonly program: string;
  readonly signal: AbortSignal;
}

/** Counts the evictions of all namespaces as `report -A` does: once at the beginning, and whenever it is asked to. */
export class ReportReading implements ReportRun {
  readonly #world: ReportWorld;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #state: ReportState = { reading: false, counted: 0, found: null, readAt: null, problems: [] };

  constructor(world: ReportWorld) {
    this.#world = world;
    this.again();
  }

  state(): ReportState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  again(): void {
    if (this.#state.reading || this.#stop.signal.aborted) return;
    this.#change({ reading: true, counted: 0 });
    this.#read().catch((error: unknown) => {
      if (error instanceof CancelledError || this.#stop.signal.aborted) return;
      // A bug of ours must not pass in silence.
      queueMicrotask(() => {
        throw error;
      });
    });
  }

  stop(): void {
    this.#stop.abort();
    this.#listeners.clear();
  }

  async #read(): Promise<void> {
    const { cluster, clock, program } = this.#world;
    const signal = AbortSignal.any([this.#world.signal, this.#stop.signal]);
    const problems: ReadProblem[] = [];
    let tally: ReportTally | null = null;
    let skew = 0;
    let takenAt: Instant | null = null;
    const tallied = (): ReportTally => {
      takenAt ??= clock.now() + skew;
      tally ??= new ReportTally(takenAt, null);
      return tally;
    };
    let counted = 0;
    const { events, podsCause } = await readEvictions(
      cluster,
      { namespace: null, program, signal },
      {
        learnTime: serverTime => {
          // The workstation's clock may be off.
          if (serverTime !== null && Math.abs(serverTime - clock.now()) > 2000) skew = serverTime - clock.now();
        },
        add: eviction => {
          tallied().add(eviction);
          counted += 1;
          if (counted % TELL_EVERY === 0) this.#change({ counted });
        },
        note: ({ reason, message, remedy }) => void problems.push({ reason, message, remedy }),
      },
    );
    for (const event of events ?? []) tallied().add(evictionOfEvent(event));
    const [problem] = problems;
    const failed = events === null && podsCause !== undefined && problem !== undefined;
    this.#change({
      reading: false,
      found: failed ? { ok: false, problem } : { ok: true, value: tallied().report(MOST_GROUPS) },
      readAt: takenAt ?? clock.now() + skew,
      problems: failed ? problems.slice(1) : problems,
    });
  }

  #change(change: Partial<ReportState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
