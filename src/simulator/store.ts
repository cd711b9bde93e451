import type { Kind, KubeObject, ObjectMeta, PrerenderedObject } from './objects.ts';
import { RESOURCES } from './resources.ts';
import { SortedObjects } from './sorted-objects.ts';
import { StoredObject, sameContent } from './stored-object.ts';

/** One entry of a resource's history. */
export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** As it is now; of a DELETED object the last state, at the revision of the deletion. */
  readonly object: StoredObject;
  /** As it was before; undefined for ADDED. */
  readonly previous: StoredObject | undefined;
}

/** How much history is kept. */
export interface StoreLimits {
  /** Events a resource, for watches to resume from. @default 20000 */
  readonly events?: number;
  /** Past states of a resource, for continue tokens. @default 64 */
  readonly snapshots?: number;
}

interface Shelf {
  readonly objects: SortedObjects;
  readonly events: StoreEvent[];
  /** Watches can start here or later. */
  oldest: number;
  readonly snapshots: Map<number, readonly StoredObject[]>;
}

/**
 * The objects of the API server by kind, under one global revision as in etcd, with a bounded history for watches and
 * consistent paging.
 */
export class Store {
  readonly #shelves = new Map<Kind, Shelf>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #limits: Required<StoreLimits>;
  #revision = 1000;
  #compacted = 0;

  constructor(limits: StoreLimits = {}) {
    this.#limits = { events: limits.events ?? 20_000, snapshots: limits.snapshots ?? 64 };
    for (const { kind } of RESOURCES) {
      this.#shelves.set(kind, { objects: new SortedObjects(), events: [], oldest: 1000, snapshots: new Map() });
    }
  }

  /** The latest revision. */
  get revision(): number {
    return this.#revision;
  }

  get(kind: Kind, key: string): StoredObject | undefined {
    return this.#shelf(kind).objects.get(key);
  }

  /** The objects of a kind by key; stays as it is when the store changes. */
  list(kind: Kind): readonly StoredObject[] {
    return this.#shelf(kind).objects.snapshot();
  }

  /** The pods whose `spec.nodeName` is the node's. */
  onNode(nodeName: string): readonly StoredObject[] {
    return this.#shelf('Pod').objects.onNode(nodeName);
  }

  /**
   * Writes an object. One equal to the stored version is no write.
   *
   * @returns the stored version
   */
  put(kind: Kind, source: KubeObject | PrerenderedObject, metadata: ObjectMeta): StoredObject {
    const { objects } = this.#shelf(kind);
    const next = new StoredObject(kind, source, metadata, this.#revision + 1);
    const previous = objects.get(next.key);
    if (previous !== undefined && sameContent(previous, next)) return previous;
    this.#revision += 1;
    objects.set(next);
    this.#record(previous === undefined ? 'ADDED' : 'MODIFIED', next, previous);
    return next;
  }

  /**
   * Removes an object.
   *
   * @returns its last state at the revision of the deletion, undefined when there was none
   */
  remove(kind: Kind, key: string): StoredObject | undefined {
    const { objects } = this.#shelf(kind);
    const previous = objects.get(key);
    if (previous === undefined) return undefined;
    this.#revision += 1;
    objects.delete(key);
    const last = previous.at(this.#revision);
    this.#record('DELETED', last, previous);
    return last;
  }

  /** Adds many objects without events; earlier watches and tokens of that kind expire. */
  load(kind: Kind, sources: Iterable<readonly [KubeObject | PrerenderedObject, ObjectMeta]>): void {
    const shelf = this.#shelf(kind);
    const added: StoredObject[] = [];
    for (const [source, metadata] of sources) {
      this.#revision += 1;
      added.push(new StoredObject(kind, source, metadata, this.#revision));
    }
    shelf.objects.addAll(added);
    shelf.snapshots.clear();
    shelf.events.length = 0;
    shelf.oldest = this.#revision;
  }

  /** The objects of a kind as they were at a revision; undefined when that is compacted away or forgotten. */
  at(kind: Kind, revision: number): readonly StoredObject[] | undefined {
    const shelf = this.#shelf(kind);
    if (revision === this.#revision) return this.#keep(shelf, revision);
    if (revision < this.#compacted) return undefined;
    const kept = shelf.snapshots.get(revision);
    if (kept !== undefined) return kept;
    if (revision < shelf.oldest || revision > this.#revision) return undefined;
    return rewind(shelf, revision);
  }

  /** What happened to a kind after a revision; undefined when the history does not reach back that far. */
  since(kind: Kind, revision: number): readonly StoreEvent[] | undefined {
    const { events, oldest } = this.#shelf(kind);
    if (revision < oldest) return undefined;
    let from = events.length;
    while (from > 0 && (events[from - 1]?.revision ?? 0) > revision) from -= 1;
    return events.slice(from);
  }

  /** The revision at which the history of a kind begins. */
  oldest(kind: Kind): number {
    return this.#shelf(kind).oldest;
  }

  /** Calls the listener after each write, in order. Returns a function that ends it. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Forgets past states: continue tokens and exact lists of earlier revisions expire, as after a compaction of etcd. */
  compact(): void {
    // A write of something else comes in between, as there always is one in a living cluster.
    this.#revision += 1;
    this.#compacted = this.#revision;
    for (const shelf of this.#shelves.values()) shelf.snapshots.clear();
  }

  /** Forgets all events: watches of earlier revisions expire, as when the watch cache starts anew. */
  dropHistory(): void {
    this.#revision += 1;
    for (const shelf of this.#shelves.values()) {
      shelf.events.length = 0;
      shelf.oldest = this.#revision;
    }
  }

  #shelf(kind: Kind): Shelf {
    const shelf = this.#shelves.get(kind);
    if (shelf === undefined) throw new RangeError(`no resource of kind ${kind}`);
    return shelf;
  }

  #keep(shelf: Shelf, revision: number): readonly StoredObject[] {
    const objects = shelf.objects.snapshot();
    shelf.snapshots.set(revision, objects);
    if (shelf.snapshots.size > this.#limits.snapshots) {
      const [first] = shelf.snapshots.keys();
      if (first !== undefined) shelf.snapshots.delete(first);
    }
    return objects;
  }

  #record(type: StoreEvent['type'], object: StoredObject, previous: StoredObject | undefined): void {
    const shelf = this.#shelf(object.kind);
    const event: StoreEvent = { type, revision: object.revision, object, previous };
    shelf.events.push(event);
    // Cut in batches: moving a long list for every event would cost more than the event.
    if (shelf.events.length > this.#limits.events * 1.25) {
      const dropped = shelf.events.splice(0, shelf.events.length - this.#limits.events);
      shelf.oldest = dropped.at(-1)?.revision ?? shelf.oldest;
    }
    for (const listener of this.#listeners) listener(event);
  }
}

function rewind(shelf: Shelf, revision: number): readonly StoredObject[] {
  const state = new Map(shelf.objects.snapshot().map(object => [object.key, object]));
  for (const event of shelf.events.toReversed()) {
    if (event.revision <= revision) break;
    if (event.previous === undefined) state.delete(event.object.key);
    else state.set(event.object.key, event.previous);
  }
  return [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
