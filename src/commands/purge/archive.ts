import type { ListedTombstone, PurgeCluster } from '../../cluster/port.ts';
import type { Clock, LineFile } from '../../deps.ts';
import { CancelledError, ClusterError } from '../../errors.ts';
import { API_VERSION } from '../../output/status-document.ts';

/** The events of one namespace, or why there are none. */
interface NamespaceEvents {
  readonly byPod: ReadonlyMap<string, readonly object[]>;
  readonly error: string | null;
  readonly cut: boolean;
}

/** Lists come in the order of namespaces, so the last few are enough to remember. */
const MOST_NAMESPACES = 2;

/**
 * Keeps each pod as it was, with its events, one JSON object a line:
 *
 *     {"apiVersion":"kubectl-evict/v1","kind":"ArchivedPod","archivedAt":...,"pod":{...},"events":[...]}
 *
 * `events` is null, and `eventsError` says why, where they could not be read; `eventsCut` where there were too many to read all.
 */
export class Archive {
  readonly #file: LineFile;
  readonly #purging: PurgeCluster;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #namespaces = new Map<string, NamespaceEvents>();
  /** Batches are written one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(file: LineFile, purging: PurgeCluster, clock: Clock, signal: AbortSignal) {
    this.#file = file;
    this.#purging = purging;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Writes pods; they are on disk when this resolves. @throws EvictError when they cannot be written */
  async add(pods: readonly ListedTombstone[]): Promise<void> {
    if (pods.length === 0) return;
    const lines: string[] = [];
    for (const pod of pods) lines.push(this.#line(pod, await this.#eventsOf(pod.facts.namespace)));
    this.#last = this.#last.then(() => this.#file.append(lines.join('')));
    // Who waits for the chain next must not be told of it twice.
    this.#last.catch(() => undefined);
    await this.#last;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #line({ facts, object }: ListedTombstone, events: NamespaceEvents): string {
    const record = {
      apiVersion: API_VERSION,
      kind: 'ArchivedPod',
      archivedAt: new Date(this.#clock.now()).toISOString(),
      pod: object,
      events: events.error === null ? (events.byPod.get(facts.uid) ?? []) : null,
      ...(events.error === null ? {} : { eventsError: events.error }),
      ...(events.cut ? { eventsCut: true } : {}),
    };
    return `${JSON.stringify(record)}\n`;
  }

  async #eventsOf(namespace: string): Promise<NamespaceEvents> {
    const known = this.#namespaces.get(namespace);
    if (known !== undefined) return known;
    const read = await this.#readEvents(namespace);
    for (const oldest of [...this.#namespaces.keys()].slice(0, this.#namespaces.size - MOST_NAMESPACES + 1)) {
      this.#namespaces.delete(oldest);
    }
    this.#namespaces.set(namespace, read);
    return read;
  }

  async #readEvents(namespace: string): Promise<NamespaceEvents> {
    try {
      return { ...(await this.#purging.podEvents(namespace, this.#signal)), error: null };
    } catch (error) {
      if (error instanceof CancelledError || !(error instanceof ClusterError)) throw error;
      return { byPod: new Map(), error: error.message, cut: false };
    }
  }
}
