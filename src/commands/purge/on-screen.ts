import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { EvictError } from '../../errors.ts';
import type { PurgeAction, PurgePreview, PurgeRun, PurgeScope, PurgeState } from '../../eviction/actions.ts';
import type { Plan } from '../../eviction/plan.ts';
import type { Producer } from '../../eviction/producing.ts';
import {
  overviewOf,
  type PurgeError,
  type PurgeItem,
  type PurgeSummary,
  PurgeTally,
} from '../../eviction/purge-tally.ts';
import { purgeError } from './executor.ts';
import { Purge, type PurgeRequest } from './purge.ts';
import type { PurgeReport } from './report.ts';

/** How long outcomes are collected before they are told. */
const TELL_MS = 100;

/** What `purge -A`, with `--node` or without, asks for. */
function requestFor({ node }: PurgeScope): PurgeRequest {
  return {
    allNamespaces: true,
    selector: null,
    selection: {
      node,
      kinds: new Set(),
      resources: new Set(),
      olderThanMs: null,
      owners: new Set(),
      unmarked: false,
      reasons: new Set(),
    },
    limits: { keep: 0, limit: null, maxPercent: null },
    dryRun: 'none',
    archive: null,
    watch: false,
  };
}

/** The purges that somebody begins on a screen. Each is the one of the command, told and asked on the screen. */
export class ScreenPurges implements PurgeAction {
  readonly #cluster: Cluster;
  readonly #deps: Pick<Deps, 'clock' | 'files'>;
  readonly #runs = new Set<ScreenPurge>();
  #bug: { readonly error: unknown } | null = null;
  #ending: Promise<readonly PurgeSummary[]> | null = null;

  constructor(cluster: Cluster, deps: Pick<Deps, 'clock' | 'files'>) {
    this.#cluster = cluster;
    this.#deps = deps;
  }

  begin(scope: PurgeScope): PurgeRun {
    const run = new ScreenPurge(this.#cluster, scope, this.#deps);
    this.#runs.add(run);
    if (this.#ending !== null) run.stop();
    run.ended.then(
      () => this.#runs.delete(run),
      (error: unknown) => {
        this.#runs.delete(run);
        this.#bug ??= { error };
      },
    );
    return run;
  }

  /** Whether deletes may be in flight: what {@link ScreenPurges.end} waits for. */
  get busy(): boolean {
    return [...this.#runs].some(run => run.state().agreed);
  }

  /**
   * Stops them all, and waits for what is in flight.
   *
   * @returns the sums of those that were cut short while they deleted. Rejects with what no purge should do.
   */
  end(): Promise<readonly PurgeSummary[]> {
    this.#ending ??= this.#endAll();
    return this.#ending;
  }

  async #endAll(): Promise<readonly PurgeSummary[]> {
    const running = [...this.#runs];
    for (const run of running) run.stop();
    await Promise.allSettled(running.map(run => run.ended));
    if (this.#bug !== null) throw this.#bug.error;
    return running.filter(run => run.state().agreed).map(run => run.state().summary);
  }
}

/** One of them. */
class ScreenPurge implements PurgeRun, PurgeReport {
  readonly tally = new PurgeTally();
  /** Rejects with what no purge should do. */
  readonly ended: Promise<void>;
  readonly #deps: Pick<Deps, 'clock' | 'files'>;
  readonly #stop = new AbortController();
  readonly #end = new AbortController();
  readonly #purge: Purge;
  readonly #listeners = new Set<() => void>();
  #phase: PurgeState['phase'] = 'listing';
  #preview: PurgePreview | null = null;
  #answer: ((yes: boolean) => void) | null = null;
  #agreedAt: number | null = null;
  #endedAt: number | null = null;
  #state: PurgeState | null = null;
  #isTelling = false;

  constructor(cluster: Cluster, scope: PurgeScope, deps: Pick<Deps, 'clock' | 'files'>) {
    this.#deps = deps;
    const world = { ...deps, signal: this.#stop.signal };
    this.#purge = new Purge(cluster, requestFor(scope), world, this);
    this.ended = this.#run();
  }

  state(): PurgeState {
    this.#state ??= this.#take();
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  agree(): void {
    if (this.#answer === null) return;
    this.#agreedAt = this.#deps.clock.now();
    this.#phase = 'deleting';
    this.#reply(true);
  }

  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#reply(false);
  }

  consent(plan: Plan, producers: readonly Producer[]): Promise<boolean> {
    const { kept } = this.tally.summary();
    this.#preview = { pods: plan.delete, overview: overviewOf(plan.delete), kept, producers, at: this.#purge.now };
    this.#phase = 'asking';
    return new Promise(resolve => {
      this.#answer = resolve;
      this.#tell();
    });
  }

  expect(): void {
    // As many as the preview shows.
  }

  async item(item: PurgeItem): Promise<void> {
    this.tally.add(item);
    this.#changed();
  }

  async error(error: PurgeError): Promise<void> {
    this.tally.error(error);
    this.#changed();
  }

  async note(): Promise<void> {
    // The screen tells by itself what a line would.
  }

  async producers(): Promise<void> {
    // Told with the preview.
  }

  async #run(): Promise<void> {
    try {
      await this.#purge.prepare();
      await this.#purge.planned();
    } catch (error) {
      // A bug of ours is told once there is a terminal again, and here in a word.
      this.tally.error(purgeError('purge', error instanceof Error ? error : new Error(String(error))));
      if (!(error instanceof EvictError)) throw error;
    } finally {
      await this.#purge.close();
      this.#phase = 'ended';
      this.#endedAt = this.#deps.clock.now();
      this.#end.abort();
      this.#tell();
    }
  }

  #reply(yes: boolean): void {
    const answer = this.#answer;
    this.#answer = null;
    answer?.(yes);
    this.#tell();
  }

  /** Outcomes come by the hundred: they are told together. */
  #changed(): void {
    this.#state = null;
    if (this.#isTelling) return;
    this.#isTelling = true;
    const tell = (): void => {
      this.#isTelling = false;
      this.#tell();
    };
    // Nothing is left to tell by then: the end has told it.
    void this.#deps.clock.sleep(TELL_MS, this.#end.signal).then(tell, () => {});
  }

  #tell(): void {
    this.#state = null;
    for (const listener of this.#listeners) listener();
  }

  #take(): PurgeState {
    const now = this.#endedAt ?? this.#deps.clock.now();
    return {
      phase: this.#phase,
      preview: this.#preview,
      found: this.tally.evictedInScope,
      summary: this.tally.summary(),
      agreed: this.#agreedAt !== null,
      stopped: this.#stop.signal.aborted,
      elapsedMs: this.#agreedAt === null ? 0 : now - this.#agreedAt,
    };
  }
}
