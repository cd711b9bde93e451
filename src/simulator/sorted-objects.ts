import type { StoredObject } from './stored-object.ts';

/**
 * Objects of one kind in the order of their keys. A snapshot costs nothing until the next write, which then works on
 * a copy: lists of hundreds of thousands of pods can be paged while pods come and go.
 */
export class SortedObjects {
  readonly #byKey = new Map<string, StoredObject>();
  readonly #byNode = new Map<string, Map<string, StoredObject>>();
  #sorted: StoredObject[] = [];
  #shared = false;

  get(key: string): StoredObject | undefined {
    return this.#byKey.get(key);
  }

  /** All objects by key; never changes afterwards. */
  snapshot(): readonly StoredObject[] {
    this.#shared = true;
    return this.#sorted;
  }

  /** The objects whose `spec.nodeName` is this one. */
  onNode(nodeName: string): readonly StoredObject[] {
    return [...(this.#byNode.get(nodeName)?.values() ?? [])];
  }

  set(object: StoredObject): void {
    const previous = this.#byKey.get(object.key);
    const sorted = this.#writable();
    sorted.splice(this.#position(object.key), previous === undefined ? 0 : 1, object);
    this.#byKey.set(object.key, object);
    if (previous !== undefined) this.#unindex(previous);
    this.#index(object);
  }

  delete(key: string): void {
    const previous = this.#byKey.get(key);
    if (previous === undefined) return;
    this.#writable().splice(this.#position(key), 1);
    this.#byKey.delete(key);
    this.#unindex(previous);
  }

  /** Adds objects with new keys, all at once. */
  addAll(objects: readonly StoredObject[]): void {
    for (const object of objects) {
      if (this.#byKey.has(object.key)) throw new RangeError(`${object.kind} ${object.key} exists already`);
      this.#byKey.set(object.key, object);
      this.#index(object);
    }
    this.#sorted = [...this.#byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#shared = false;
  }

  #writable(): StoredObject[] {
    if (this.#shared) this.#sorted = this.#sorted.slice();
    this.#shared = false;
    return this.#sorted;
  }

  #position(key: string): number {
    return firstNotBefore(this.#sorted, key);
  }

  #index(object: StoredObject): void {
    const nodeName = object.kind === 'Pod' ? object.field('spec.nodeName') : '';
    if (nodeName === '') return;
    const pods = this.#byNode.get(nodeName);
    if (pods === undefined) this.#byNode.set(nodeName, new Map([[object.key, object]]));
    else pods.set(object.key, object);
  }

  #unindex(object: StoredObject): void {
    if (object.kind === 'Pod') this.#byNode.get(object.field('spec.nodeName'))?.delete(object.key);
  }
}

/** The index of the first object whose key is not before `key`; the length when there is none. */
export function firstNotBefore(sorted: readonly StoredObject[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const object = sorted[middle];
    if (object !== undefined && object.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
