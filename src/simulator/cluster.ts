import type { Clock } from './clock.ts';
import { isObject, mergePatch, timestamp } from './json.ts';
import type { Kind, KubeObject, ObjectMeta, ObjectRef, PrerenderedObject } from './objects.ts';
import { type Random, randomUuid, seededRandom } from './random.ts';
import { resourceOf } from './resources.ts';
import { Store, type StoreEvent, type StoreLimits } from './store.ts';
import { keyOf, type StoredObject } from './stored-object.ts';

/** What happened to an object of the simulated cluster, with the object as it was before and as it is now. */
export type WorldChange =
  | { readonly type: 'ADDED'; readonly kind: Kind; readonly object: KubeObject }
  | { readonly type: 'MODIFIED'; readonly kind: Kind; readonly object: KubeObject; readonly previous: KubeObject }
  | { readonly type: 'DELETED'; readonly kind: Kind; readonly object: KubeObject };

/** Limits a {@link Cluster.list}; every given field must match. */
export interface WorldFilter {
  readonly namespace?: string;
  /** `spec.nodeName` of a pod. */
  readonly nodeName?: string;
}

/**
 * The world behind the simulated API server, as kubelet models, controllers and scenarios see it. All changes made here
 * show up in lists and watches at once. Objects handed out are the store's own: treat them as immutable.
 */
export interface Cluster {
  /** The time of the cluster: timestamps of objects come from here. */
  readonly clock: Clock;
  /** The object, or undefined. `T` is a claim about its shape, not checked. */
  get<T extends KubeObject = KubeObject>(kind: Kind, ref: ObjectRef): T | undefined;
  /** All objects of a kind, by namespace and name. */
  list<T extends KubeObject = KubeObject>(kind: Kind, filter?: WorldFilter): T[];
  /**
   * Creates the object, or replaces the one of that name (uid and creation time are kept unless the new one names
   * others). An object equal to the stored one changes nothing. A namespaced object without a namespace is in `default`;
   * its Namespace object is created when there is none.
   *
   * @returns the object as stored
   */
  upsert<T extends KubeObject>(kind: Kind, object: T): T & KubeObject;
  /**
   * Applies a JSON merge patch (RFC 7386: null removes a field, lists are replaced) to `status`.
   *
   * @returns the object as stored, undefined when there is none of that name
   */
  patchStatus(kind: Kind, ref: ObjectRef, patch: object): KubeObject | undefined;
  /** Like {@link Cluster.patchStatus}, for the whole object: `{ spec: { taints: [...] } }`. Name and uid cannot change. */
  patch(kind: Kind, ref: ObjectRef, patch: object): KubeObject | undefined;
  /**
   * Removes the object at once, finalizers or not: what a kubelet or the garbage collector does last.
   *
   * @returns whether there was one
   */
  remove(kind: Kind, ref: ObjectRef): boolean;
  /**
   * Calls `listener` after each change, also those made over HTTP, synchronously and in order.
   *
   * @returns a function that ends it
   */
  onChange(listener: (change: WorldChange) => void): () => void;
  /**
   * Adds many objects of a kind without a watch event each, for scenarios before the server starts. Names must be new.
   * Watches that start at an earlier resourceVersion are answered with 410.
   */
  load(kind: Kind, objects: Iterable<KubeObject | PrerenderedObject>): void;
}

/** How a simulated cluster is made. */
export interface ClusterOptions {
  readonly clock: Clock;
  /** Decides the uids and generated names. @default 1 */
  readonly seed?: number;
  readonly limits?: StoreLimits;
}

/** A {@link Cluster} with what the API server needs beneath. */
export interface ClusterWorld extends Cluster {
  readonly store: Store;
  readonly random: Random;
  /** Metadata as the API server completes it: namespace, uid, creation time. */
  complete(kind: Kind, meta: ObjectMeta, previous?: ObjectMeta): ObjectMeta;
}

/** An empty cluster with the namespaces that every cluster has. */
export function createCluster(options: ClusterOptions): ClusterWorld {
  const world = new World(options);
  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) world.ensureNamespace(name);
  return world;
}

class World implements ClusterWorld {
  readonly clock: Clock;
  readonly store: Store;
  readonly random: Random;

  constructor(options: ClusterOptions) {
    this.clock = options.clock;
    this.store = new Store(options.limits);
    this.random = seededRandom(options.seed ?? 1);
  }

  get<T extends KubeObject = KubeObject>(kind: Kind, ref: ObjectRef): T | undefined {
    const stored = this.#find(kind, ref);
    return stored === undefined ? undefined : as<T>(stored);
  }

  list<T extends KubeObject = KubeObject>(kind: Kind, filter: WorldFilter = {}): T[] {
    const { namespace, nodeName } = filter;
    const all = nodeName !== undefined && kind === 'Pod' ? this.store.onNode(nodeName) : this.store.list(kind);
    const matching = all.filter(object => namespace === undefined || object.metadata.namespace === namespace);
    return matching.map(as<T>);
  }

  upsert<T extends KubeObject>(kind: Kind, object: T): T & KubeObject {
    const namespace = namespaceFor(kind, object.metadata.namespace);
    if (namespace !== undefined) this.ensureNamespace(namespace);
    const previous = this.#find(kind, { name: object.metadata.name, namespace });
    return as<T>(this.store.put(kind, object, this.complete(kind, object.metadata, previous?.metadata)));
  }

  patchStatus(kind: Kind, ref: ObjectRef, patch: object): KubeObject | undefined {
    return this.patch(kind, ref, { status: patch });
  }

  patch(kind: Kind, ref: ObjectRef, patch: object): KubeObject | undefined {
    const stored = this.#find(kind, ref);
    if (stored === undefined) return undefined;
    const patched = mergePatch(stored.object, patch);
    if (!isObject(patched)) return stored.object;
    const metadata = isObject(patched['metadata']) ? patched['metadata'] : {};
    const { name, namespace, uid } = stored.metadata;
    const kept: ObjectMeta = {
      ...metadata,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
    };
    return this.store.put(kind, { ...patched, metadata: kept }, kept).object;
  }

  remove(kind: Kind, ref: ObjectRef): boolean {
    return this.store.remove(kind, keyOf(namespaceFor(kind, ref.namespace), ref.name)) !== undefined;
  }

  onChange(listener: (change: WorldChange) => void): () => void {
    return this.store.subscribe(event => listener(changeOf(event)));
  }

  load(kind: Kind, objects: Iterable<KubeObject | PrerenderedObject>): void {
    const namespaces = new Set<string>();
    const prepared: (readonly [KubeObject | PrerenderedObject, ObjectMeta])[] = [];
    for (const object of objects) {
      const metadata = this.complete(kind, object.metadata);
      if (metadata.namespace !== undefined) namespaces.add(metadata.namespace);
      prepared.push([object, metadata]);
    }
    for (const namespace of namespaces) this.ensureNamespace(namespace);
    this.store.load(kind, prepared);
  }

  complete(kind: Kind, meta: ObjectMeta, previous?: ObjectMeta): ObjectMeta {
    const { namespace: given, ...rest } = meta;
    const namespace = namespaceFor(kind, given);
    return {
      ...rest,
      ...(namespace === undefined ? {} : { namespace }),
      uid: meta.uid ?? previous?.uid ?? randomUuid(this.random),
      creationTimestamp: meta.creationTimestamp ?? previous?.creationTimestamp ?? timestamp(this.clock.now()),
    };
  }

  ensureNamespace(name: string): void {
    if (this.store.get('Namespace', name) !== undefined) return;
    const metadata = this.complete('Namespace', { name, labels: { 'kubernetes.io/metadata.name': name } });
    this.store.put(
      'Namespace',
      { metadata, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
      metadata,
    );
  }

  #find(kind: Kind, ref: ObjectRef): StoredObject | undefined {
    return this.store.get(kind, keyOf(namespaceFor(kind, ref.namespace), ref.name));
  }
}

function namespaceFor(kind: Kind, namespace: string | undefined): string | undefined {
  if (!resourceOf(kind).namespaced) return undefined;
  return namespace === undefined || namespace === '' ? 'default' : namespace;
}

// The caller knows which shape it wrote; the store does not.
function as<T extends KubeObject>(stored: StoredObject): T {
  return stored.object as T;
}

function changeOf({ type, object, previous }: StoreEvent): WorldChange {
  const { kind } = object;
  if (type === 'MODIFIED' && previous !== undefined) {
    return { type, kind, object: object.object, previous: previous.object };
  }
  return { type: type === 'DELETED' ? 'DELETED' : 'ADDED', kind, object: object.object };
}
