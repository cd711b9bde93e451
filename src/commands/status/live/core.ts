import type { Cluster } from '../../../cluster/port.ts';
import type { Clock } from '../../../deps.ts';
import type { LiveFocus, LiveLink } from '../../../eviction/live.ts';
import type { Instant, Reading } from '../../../eviction/node.ts';
import type { Scope, SurveyError } from '../../../eviction/survey.ts';
import { NodeRecords, type SharedFacts } from './node-records.ts';

/** What a live view is about, and how gently it asks. */
export interface LiveOptions {
  readonly names: readonly string[];
  readonly selector: string | null;
  readonly all: boolean;
  /** Per cent. */
  readonly nearPercent: number;
  /** Whether nodes near a threshold belong to the default scope, so that every kubelet must be asked. */
  readonly nearWanted: boolean;
  readonly kubeletTimeoutMs: number;
  /** How the user calls the program, for remedies. */
  readonly program: string;
}

/** How long changes are collected before they are told. */
const TELL_MS = 150;

const NOWHERE: LiveFocus = { visible: [], selected: null, timeline: false, next: false, all: false };

/** What the readers of a live view share: what is known, what is looked at, whether there is a connection, and time. */
export class LiveCore {
  readonly cluster: Cluster;
  readonly options: LiveOptions;
  readonly clock: Clock;
  readonly records = new NodeRecords();
  readonly shared: SharedFacts;
  /** What is missing for all nodes, by what it is. */
  readonly errors = new Map<string, SurveyError>();
  readonly #listeners = new Set<() => void>();
  /** Ends everything that reads. */
  signal: AbortSignal = new AbortController().signal;
  focus: LiveFocus = NOWHERE;
  link: LiveLink;
  paused = false;
  /** Add it to the workstation's clock for the API server's, in milliseconds. */
  skew = 0;
  #wake = new AbortController();
  #telling = false;
  readonly #forget: () => void;

  /** @param forget called with every change: what was made of the facts is old */
  constructor(cluster: Cluster, options: LiveOptions, clock: Clock, forget: () => void) {
    this.cluster = cluster;
    this.options = options;
    this.clock = clock;
    this.#forget = forget;
    this.link = { state: 'connecting', since: clock.now(), error: null };
    this.shared = {
      leases: null,
      leasesAt: 0,
      evicted: null,
      pods: new Map(),
      events: null,
      cgroupV1: new Set(),
      denied: null,
      nearPercent: options.nearPercent,
    };
  }

  get scope(): Scope {
    if (this.options.names.length > 0) return 'named';
    if (this.options.selector !== null) return 'selected';
    return this.options.all ? 'all' : 'pressure';
  }

  /** Nothing is to be asked now. */
  get idle(): boolean {
    return this.paused || this.link.state === 'down';
  }

  /** On the API server's clock. */
  now(): Instant {
    return this.clock.now() + this.skew;
  }

  /** Ages are told on the server's clock: the workstation's may be off. */
  setClock(serverTime: Instant | null): void {
    const skew = serverTime === null ? 0 : serverTime - this.clock.now();
    this.skew = Math.abs(skew) > 2000 ? skew : 0;
  }

  setLink(state: LiveLink['state'], error: string | null): void {
    const since = this.link.state === state ? this.link.since : this.clock.now();
    this.link = { state, since, error };
    this.changed();
    this.rouse();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Tells the listeners at once. */
  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Something has changed: tells it, but not for each change by itself. */
  changed(): void {
    if (this.paused) return;
    this.#forget();
    if (this.#telling) return;
    this.#telling = true;
    const tell = (): void => {
      this.#telling = false;
      this.tell();
    };
    void this.clock.sleep(TELL_MS, this.signal).then(tell, () => {});
  }

  /** Keeps what a reading failed of among the errors; one that succeeded takes it away. */
  note<T>(what: string, reading: Reading<T>): Reading<T> {
    if (reading.ok) this.errors.delete(what);
    else this.errors.set(what, { what, node: null, ...reading.problem });
    return reading;
  }

  /** Ends every rest that is going on. */
  rouse(): void {
    const asleep = this.#wake;
    this.#wake = new AbortController();
    asleep.abort();
  }

  /** Waits that long, or until something happens that is worth a look. Rejects with a CancelledError at the end. */
  async rest(ms: number): Promise<void> {
    try {
      await this.clock.sleep(ms, AbortSignal.any([this.signal, this.#wake.signal]));
    } catch (error) {
      if (this.signal.aborted) throw error;
    }
  }

  /** The nodes come first: nothing else may stand in their way. */
  async ready(): Promise<void> {
    while (this.link.state === 'connecting') await this.rest(1000);
  }
}
