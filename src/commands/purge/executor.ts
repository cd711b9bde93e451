import type { DeleteAnswer, ListedTombstone, PurgeCluster } from '../../cluster/port.ts';
import type { Clock } from '../../deps.ts';
import { CancelledError, ClusterError, EvictError } from '../../errors.ts';
import type { Candidate, Verdict } from '../../eviction/plan.ts';
import type { PurgeError, PurgeItem } from '../../eviction/purge-tally.ts';
import type { Archive } from './archive.ts';
import { Limiter } from './limiter.ts';

/** A pod that somebody touches again and again is left to them after this many tries. */
const MOST_CHANGES = 5;

/** What an executor works with. */
export interface ExecutorOptions {
  readonly purging: PurgeCluster;
  readonly clock: Clock;
  readonly dryRun: 'none' | 'client' | 'server';
  /** Decides anew about a pod that was read again. */
  readonly judge: (pod: ListedTombstone) => Verdict;
  /** Written before a delete of what has changed meanwhile. */
  readonly archive: Archive | null;
  /** Nothing is sent any more once this fires. */
  readonly stop: AbortSignal;
  /** Called when the archive cannot be written any more. */
  readonly onArchiveLost: (error: Error) => void;
  /** Told of each pod exactly once. */
  readonly report: (item: PurgeItem) => Promise<void>;
}

/** A delete that is under way. */
export interface Sent {
  /** What became of the pod; null: a bug kept it from being told. */
  readonly done: Promise<PurgeItem | null>;
}

/** Carries out deletes, many at a time. Every pod it accepts is reported; one that fails stops no other. */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #limiter: Limiter;
  #bug: unknown;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#limiter = new Limiter(() => options.clock.now());
  }

  /** Waits for a place and sends the delete. @returns null when it was not sent, for the work has been stopped */
  async submit(pod: Candidate): Promise<Sent | null> {
    const place = await this.#limiter.take();
    if (this.#options.stop.aborted || this.#bug !== undefined) {
      place.release();
      return null;
    }
    // What can go wrong with a pod becomes its report; anything else is a bug, and surfaces in `drain`.
    const done = this.#purge(pod, () => place.strained())
      .then(async item => {
        await this.#options.report(item);
        return item;
      })
      .catch((error: unknown) => {
        this.#bug ??= error;
        return null;
      })
      .finally(() => place.release());
    return { done };
  }

  /** Waits for what is in flight. */
  async drain(): Promise<void> {
    await this.#limiter.idle();
    if (this.#bug !== undefined) throw this.#bug;
  }

  async #purge(pod: Candidate, onStrain: () => void): Promise<PurgeItem> {
    let current = pod;
    try {
      for (let change = 0; change <= MOST_CHANGES; change += 1) {
        const answer = await this.#send(current, onStrain);
        if (answer !== 'changed') return { pod: current, outcome: answer, why: null, error: null };
        if (this.#options.stop.aborted) return failed(current, new CancelledError(interrupted(current)));
        const again = await this.#readAgain(current);
        if (!('resourceVersion' in again)) return again;
        current = again;
      }
      const message = `cannot delete pod ${pod.namespace}/${pod.name}: it changes again and again`;
      return failed(current, new ClusterError('conflict', message, { hint: 'see who writes it, and try again' }));
    } catch (error) {
      if (error instanceof EvictError) return failed(current, error);
      throw error;
    }
  }

  async #send(pod: Candidate, onStrain: () => void): Promise<DeleteAnswer> {
    const { purging, dryRun, stop } = this.#options;
    if (dryRun === 'client') return 'deleted';
    return purging.deletePod(pod, { dryRun: dryRun === 'server', noMore: stop, onRetry: onStrain });
  }

  /** Somebody wrote to the pod since it was read: what to send next, or what became of it. */
  async #readAgain(pod: Candidate): Promise<Candidate | PurgeItem> {
    const { purging, judge, archive, stop } = this.#options;
    const done = (outcome: PurgeItem['outcome'], why: PurgeItem['why'] = null): PurgeItem => ({
      pod,
      outcome,
      why,
      error: null,
    });
    let fresh: ListedTombstone;
    try {
      fresh = await purging.tombstone(pod, stop);
    } catch (error) {
      if (error instanceof ClusterError && error.reason === 'not-found' && error.apiStatus?.name === pod.name) {
        return done('gone');
      }
      throw error;
    }
    if (fresh.facts.uid !== pod.uid) return done('replaced');
    const verdict = judge(fresh);
    if (verdict.action === 'keep' && verdict.why === 'terminating') return done('terminating');
    if (verdict.action !== 'delete') return done('kept', 'changed');
    // What goes is what it is now, so that is what is kept of it.
    try {
      await archive?.add([fresh]);
    } catch (error) {
      if (error instanceof Error) this.#options.onArchiveLost(error);
      throw error;
    }
    return { ...pod, resourceVersion: fresh.facts.resourceVersion };
  }
}

function interrupted({ namespace, name }: Candidate): string {
  return `cannot delete pod ${namespace}/${name}: interrupted before it could be tried again`;
}

function failed(pod: Candidate, error: EvictError): PurgeItem {
  return { pod, outcome: 'failed', why: null, error: purgeError('delete pod', error, pod) };
}

/** An error as it stands in the result. */
export function purgeError(
  what: string,
  error: Error,
  about: { readonly namespace: string; readonly name: string } | null = null,
): PurgeError {
  const reason = error instanceof ClusterError ? error.reason : error instanceof CancelledError ? 'cancelled' : 'error';
  return {
    what,
    namespace: about?.namespace ?? null,
    name: about?.name ?? null,
    reason,
    message: error.message,
    remedy: error instanceof EvictError ? (error.hint ?? null) : null,
  };
}
