import { ClusterError } from '../errors.ts';
import type { Instant } from '../eviction/node.ts';
import { sleep } from '../sleep.ts';
import { objectAt, textAt } from './json.ts';
import { splitLines } from './lines.ts';
import { listPages } from './paging.ts';
import { retryDelay } from './retry.ts';
import type { Transport } from './transport.ts';

/** What to watch. */
export interface WatchRequest<T> {
  /** Encoded collection path. */
  readonly path: string;
  /** Selectors; what the list and the watch need beside them is added here. */
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  /** Makes our own value of an API object, so that the object can go; null: of no interest. Must not throw. */
  readonly translate: (item: unknown) => T | null;
  /** Items a page of the list; 0: everything at once. @default 500 */
  readonly chunkSize?: number | undefined;
  /** For sentences: "watch pods". */
  readonly what: string;
}

/**
 * What a watch tells, in this order:
 *
 * - `sync`: everything there is. Comes first, and again whenever the position was lost (410): forget what came before.
 * - `added`, `modified`, `deleted`: one object. An object that is of interest no longer is `deleted`, with its last value.
 * - `down`: the connection is lost, or the server refuses; it is tried again with growing pauses. Told once per outage.
 * - `up`: it is back. After it comes a `sync` when the position was lost meanwhile, otherwise the missed changes.
 */
export type WatchEvent<T> =
  | { readonly type: 'sync'; readonly items: readonly T[]; readonly serverTime: Instant | null }
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly item: T }
  | { readonly type: 'down'; readonly error: Error }
  | { readonly type: 'up' };

/** For tests: how to wait before a new attempt, and the jitter (0 to 1). */
export interface WatchTiming {
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  readonly random?: (() => number) | undefined;
}

/** A watch is renewed after 4 to 8 minutes, so that the load of many spreads over the API servers. */
const LEAST_SECONDS = 240;
/** An answer that goes on longer than the server was asked for is a connection that nobody serves any more. */
const GRACE_MS = 30_000;
/** A watch that ended sooner, and told nothing, is renewed with growing pauses. */
const LONG_ENOUGH_MS = 10_000;
/** The largest object etcd takes is 1.5 MB. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;
/** Reasons that no waiting cures. */
const lasting: ReadonlySet<string> = new Set([
  'config',
  'untrusted',
  'unauthorized',
  'forbidden',
  'not-found',
  'invalid',
]);

/**
 * Lists, then watches, and goes on for good: the loop ends when the signal fires (it then just ends, nothing is thrown) or when
 * the consumer leaves it. Bookmarks keep the position fresh; a broken connection is resumed where it was.
 *
 * @throws ClusterError when the first list fails, or the first watch for a reason that waiting does not cure (forbidden, ...)
 */
export function watchList<T>(
  transport: Transport,
  request: WatchRequest<T>,
  signal: AbortSignal,
  timing: WatchTiming = {},
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  return new Watcher(transport, request, signal, timing).events();
}

class Watcher<T> {
  readonly #transport: Transport;
  readonly #request: WatchRequest<T>;
  readonly #signal: AbortSignal;
  readonly #timing: WatchTiming;
  /** The resourceVersion to go on from; '' before the first list, and when the server has forgotten it. */
  #position = '';
  /** What the consumer was told of, by uid. */
  readonly #told = new Map<string, T>();
  #hasWatched = false;
  #isDown = false;
  /** Failures, and watches that ended at once, since something last went well. */
  #failures = 0;

  constructor(transport: Transport, request: WatchRequest<T>, signal: AbortSignal, timing: WatchTiming) {
    this.#transport = transport;
    this.#request = request;
    this.#signal = signal;
    this.#timing = timing;
  }

  async *events(): AsyncGenerator<WatchEvent<T>, void, undefined> {
    while (!this.#signal.aborted) {
      let failure: unknown = null;
      try {
        if (this.#position === '') yield* this.#list();
        yield* this.#watch();
      } catch (error) {
        failure = error;
      }
      if (this.#signal.aborted) return;
      if (failure !== null) {
        if (!(failure instanceof ClusterError) || this.#mustThrow(failure)) throw failure;
        if (failure.reason === 'expired') this.#position = '';
        else if (!this.#isDown) {
          this.#isDown = true;
          yield { type: 'down', error: failure };
        }
      }
      await this.#pause(failure);
    }
  }

  /** Before the first answer there is nobody to be patient for; later an outage is told, and outlived. */
  #mustThrow(failure: ClusterError): boolean {
    if (failure.reason === 'expired') return false;
    return !this.#hasWatched && (this.#position === '' || lasting.has(failure.reason));
  }

  async #pause(failure: unknown): Promise<void> {
    // A watch that told something, or was open for its time, may be renewed at once.
    if (this.#failures === 0) return;
    const asked = failure instanceof ClusterError ? failure.retryAfterSeconds : undefined;
    const ms = retryDelay(Math.min(this.#failures - 1, 10), asked, this.#random());
    // The signal ends the wait; the loop sees it.
    await (this.#timing.sleep ?? sleep)(ms, this.#signal).catch(() => undefined);
  }

  async *#list(): AsyncGenerator<WatchEvent<T>, void, undefined> {
    this.#failures += 1;
    const { path, query, what, chunkSize } = this.#request;
    let serverTime: Instant | null = null;
    let version = '';
    const found = new Map<string, T>();
    for await (const page of listPages(this.#transport, {
      path,
      query,
      what,
      limit: chunkSize,
      signal: this.#signal,
    })) {
      if (page.restarted) found.clear();
      for (const object of page.items) {
        const item = this.#request.translate(object);
        if (item !== null) found.set(textAt(object, 'metadata', 'uid'), item);
      }
      ({ serverTime, resourceVersion: version } = page);
    }
    this.#told.clear();
    for (const [uid, item] of found) this.#told.set(uid, item);
    this.#position = version;
    yield* this.#back();
    yield { type: 'sync', items: [...found.values()], serverTime };
  }

  async *#watch(): AsyncGenerator<WatchEvent<T>, void, undefined> {
    this.#failures += 1;
    const seconds = Math.round(LEAST_SECONDS * (1 + this.#random()));
    const { path, query, what } = this.#request;
    const stream = await this.#transport.stream({
      path,
      query: {
        ...query,
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: this.#position,
        timeoutSeconds: seconds,
      },
      maxMs: seconds * 1000 + GRACE_MS,
      signal: this.#signal,
      what,
    });
    this.#hasWatched = true;
    yield* this.#back();
    const opened = Date.now();
    for await (const line of splitLines(stream.chunks, MAX_LINE_BYTES, what)) {
      const event = this.#read(line);
      this.#failures = 0;
      if (event !== null) yield event;
    }
    // A quiet collection is no failing one.
    if (Date.now() - opened > LONG_ENOUGH_MS) this.#failures = 0;
  }

  *#back(): Generator<WatchEvent<T>, void, undefined> {
    if (!this.#isDown) return;
    this.#isDown = false;
    yield { type: 'up' };
  }

  /** One line of the stream. @throws ClusterError `expired` when the server has forgotten the position, `server` for what is no event */
  #read(line: string): WatchEvent<T> | null {
    const event = this.#parse(line);
    const object = objectAt(event, 'object');
    const type = textAt(event, 'type');
    // An expired position comes with HTTP 200, as an event.
    if (type === 'ERROR') throw this.#errorOf(object);
    const version = textAt(object, 'metadata', 'resourceVersion');
    if (version !== '') this.#position = version;
    if (type === 'ADDED' || type === 'MODIFIED') return this.#upsert(object);
    return type === 'DELETED' ? this.#remove(object) : null;
  }

  #parse(line: string): unknown {
    try {
      return JSON.parse(line);
    } catch (cause) {
      throw new ClusterError('server', `cannot ${this.#request.what}: the server sent what is no JSON`, { cause });
    }
  }

  #errorOf(status: unknown): ClusterError {
    const code = objectAt(status)['code'];
    const message = textAt(status, 'message').slice(0, 1000);
    return new ClusterError(code === 410 ? 'expired' : 'server', `cannot ${this.#request.what}: ${message}`);
  }

  #upsert(object: unknown): WatchEvent<T> | null {
    const uid = textAt(object, 'metadata', 'uid');
    const before = this.#told.get(uid);
    const item = this.#request.translate(object);
    if (item !== null) {
      this.#told.set(uid, item);
      return { type: before === undefined ? 'added' : 'modified', item };
    }
    this.#told.delete(uid);
    return before === undefined ? null : { type: 'deleted', item: before };
  }

  #remove(object: unknown): WatchEvent<T> | null {
    const uid = textAt(object, 'metadata', 'uid');
    const before = this.#told.get(uid);
    this.#told.delete(uid);
    return before === undefined ? null : { type: 'deleted', item: this.#request.translate(object) ?? before };
  }

  #random(): number {
    return (this.#timing.random ?? Math.random)();
  }
}
