import type { PurgeCluster, WatchEvent } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { CancelledError, ClusterError } from '../../errors.ts';
import type { TombstoneFacts } from '../../eviction/tombstone.ts';
import { isEvicted } from '../../eviction/tombstone.ts';
import { errorText } from '../../output/error-text.ts';
import { purgeError } from './executor.ts';
import type { PurgeOptions } from './options.ts';
import type { Purge } from './purge.ts';

/** The longest single wait of a timer. */
const MOST_WAIT_MS = 1_000_000_000;

/** A delete that failed for a reason that may pass is tried again after this time. */
const RETRY_MS = 60_000;
const passing: ReadonlySet<string> = new Set(['throttled', 'server', 'unreachable', 'timeout', 'conflict']);

/** Stays until the signal fires, and purges Evicted pods as they appear. @returns why nothing was deleted; null: it was */
export async function watchAndPurge(
  purge: Purge,
  purging: PurgeCluster,
  options: PurgeOptions,
  deps: Deps,
): Promise<string | null> {
  if (options.asks) {
    const refusal = await purge.planned();
    if (refusal !== null) return refusal;
  }
  await new PurgeWatch(purge, purging, options, deps).run();
  return null;
}

class PurgeWatch {
  readonly #purge: Purge;
  readonly #purging: PurgeCluster;
  readonly #options: PurgeOptions;
  readonly #deps: Deps;
  /** Pods that are waited for or being deleted (`busy`), or about which nothing is left to do (`done`), by uid. */
  readonly #states = new Map<string, 'busy' | 'done'>();
  readonly #tasks = new Set<Promise<void>>();
  #bug: unknown;

  constructor(purge: Purge, purging: PurgeCluster, options: PurgeOptions, deps: Deps) {
    this.#purge = purge;
    this.#purging = purging;
    this.#options = options;
    this.#deps = deps;
  }

  async run(): Promise<void> {
    for await (const event of this.#purging.watchTombstones(this.#purge.query, this.#purge.stop)) {
      await this.#take(event);
      if (this.#bug !== undefined) throw this.#bug;
    }
    await Promise.all(this.#tasks);
  }

  async #take(event: WatchEvent<TombstoneFacts>): Promise<void> {
    switch (event.type) {
      case 'sync':
        this.#purge.learnTime(event.serverTime);
        this.#forgetAllBut(new Set(event.items.map(pod => pod.uid)));
        for (const pod of event.items) await this.#see(pod);
        break;
      case 'added':
      case 'modified':
        await this.#see(event.item);
        break;
      case 'deleted':
        this.#forget(event.item.uid);
        break;
      case 'down':
        await this.#purge.report.note(errorText(event.error, 'warning'));
        break;
      case 'up':
        await this.#purge.report.note('the watch is back\n');
        break;
    }
  }

  #forgetAllBut(present: ReadonlySet<string>): void {
    for (const uid of this.#states.keys()) if (!present.has(uid)) this.#forget(uid);
  }

  #forget(uid: string): void {
    this.#purge.forget(uid);
    // What is under way ends by itself.
    if (this.#states.get(uid) === 'done') this.#states.delete(uid);
  }

  async #see(facts: TombstoneFacts): Promise<void> {
    if (this.#states.has(facts.uid) || this.#purge.stop.aborted) return;
    const decided = this.#purge.decide(facts);
    if (decided === null) return;
    if (isEvicted(facts) && this.#purge.firstSight(facts.uid)) this.#purge.report.tally.evictedInScope += 1;
    if ('uid' in decided) this.#start(facts, 0);
    else if (decided.why === 'young' && decided.eviction.time !== null) {
      const due = decided.eviction.time.at + (this.#options.selection.olderThanMs ?? 0);
      this.#start(facts, due - this.#purge.now);
    } else {
      await this.#purge.keep(facts, decided);
    }
  }

  #start(facts: TombstoneFacts, delayMs: number): void {
    this.#states.set(facts.uid, 'busy');
    const task = this.#purgeLater(facts, delayMs)
      .catch((error: unknown) => {
        this.#bug ??= error;
      })
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  async #purgeLater(facts: TombstoneFacts, delayMs: number): Promise<void> {
    try {
      let left = delayMs;
      do {
        await this.#wait(left);
        left = await this.#attempt(facts);
      } while (left > 0);
    } catch (error) {
      if (!(error instanceof CancelledError)) throw error;
    }
    this.#states.set(facts.uid, 'done');
  }

  async #wait(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= MOST_WAIT_MS) {
      await this.#deps.clock.sleep(Math.min(left, MOST_WAIT_MS), this.#purge.stop);
    }
  }

  /** @returns after how many milliseconds to try again; 0: that is all */
  async #attempt(facts: TombstoneFacts): Promise<number> {
    const pod = this.#purge.decide(facts);
    // Clocks are compared to the second: the time may not have come yet.
    if (pod === null || !('uid' in pod)) return pod?.why === 'young' ? 1000 : 0;
    try {
      const item = await this.#purge.purgeOne(pod);
      return item?.error != null && passing.has(item.error.reason) ? RETRY_MS : 0;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.reason === 'not-found') return 0;
      await this.#purge.report.error(purgeError('get pod', error, pod));
      return passing.has(error.reason) ? RETRY_MS : 0;
    }
  }
}
