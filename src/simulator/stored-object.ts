import { isDeepStrictEqual } from 'node:util';
import { fieldAt, isObject, omit, textAt } from './json.ts';
import type { Kind, KubeObject, ObjectMeta, PrerenderedObject } from './objects.ts';

// The order in which the API server prints metadata; fields not named here follow as they come.
const META_ORDER = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

/** The metadata with its fields in the API server's order. */
export function orderedMeta(meta: ObjectMeta): ObjectMeta {
  const entries = new Map<string, unknown>(Object.entries(meta));
  const ordered = META_ORDER.filter(name => entries.get(name) !== undefined).map(name => [name, entries.get(name)]);
  const rest = [...entries].filter(([name, value]) => !META_ORDER.includes(name) && value !== undefined);
  return { ...Object.fromEntries([...ordered, ...rest]), name: meta.name };
}

/** Where an object lies in its resource: `namespace/name`, or the name alone. Sorts as etcd sorts. */
export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

/**
 * One version of one object. Immutable; its JSON, without `kind` and `apiVersion` as in the items of a list, is rendered
 * on first use and kept.
 */
export class StoredObject {
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly key: string;
  /** The global revision that wrote this version. */
  readonly revision: number;
  readonly #prerendered: PrerenderedObject | undefined;
  #object: KubeObject | undefined;
  #chunks: readonly Buffer[] | undefined;

  constructor(kind: Kind, source: KubeObject | PrerenderedObject, metadata: ObjectMeta, revision: number) {
    this.kind = kind;
    this.revision = revision;
    this.metadata = orderedMeta({ ...metadata, resourceVersion: String(revision) });
    this.key = keyOf(metadata.namespace, metadata.name);
    if (isPrerendered(source)) this.#prerendered = source;
    else this.#object = { ...omit(source, 'kind', 'apiVersion', 'metadata'), metadata: this.metadata };
  }

  /** The parsed object. Never change it. */
  get object(): KubeObject {
    this.#object ??= this.#parse();
    return this.#object;
  }

  /** The JSON of the object in pieces, to be sent one after the other. */
  get chunks(): readonly Buffer[] {
    this.#chunks ??= this.#render();
    return this.#chunks;
  }

  /** The value of a selectable field as text; empty when absent. */
  field(path: string): string {
    if (path === 'metadata.name') return this.metadata.name;
    if (path === 'metadata.namespace') return this.metadata.namespace ?? '';
    if (this.#prerendered !== undefined) {
      const { fields } = this.#prerendered;
      return Object.hasOwn(fields, path) ? (fields[path] ?? '') : defaultField(path);
    }
    return selectableText(this.#object, path);
  }

  /** What the object was made from, to be written again with other metadata. */
  get source(): KubeObject | PrerenderedObject {
    return this.#prerendered ?? this.object;
  }

  /** The same content at another revision. */
  at(revision: number): StoredObject {
    return new StoredObject(this.kind, this.source, this.metadata, revision);
  }

  /** The same content with other metadata, at another revision. */
  withMetadata(metadata: ObjectMeta, revision: number): StoredObject {
    return new StoredObject(this.kind, this.source, metadata, revision);
  }

  #render(): readonly Buffer[] {
    const { metadata } = this;
    if (this.#prerendered !== undefined) {
      return [Buffer.from(`{"metadata":${JSON.stringify(metadata)},`), this.#prerendered.tail];
    }
    const rest = omit(this.object, 'metadata');
    return [Buffer.from(JSON.stringify({ metadata, ...rest }))];
  }

  #parse(): KubeObject {
    const parsed: unknown = JSON.parse(Buffer.concat([...this.chunks]).toString('utf8'));
    return { ...(isObject(parsed) ? parsed : {}), metadata: this.metadata };
  }
}

/** Whether an object came with its JSON. */
export function isPrerendered(source: KubeObject | PrerenderedObject): source is PrerenderedObject {
  return 'tail' in source && Buffer.isBuffer(source.tail);
}

function defaultField(path: string): string {
  return path === 'spec.unschedulable' ? 'false' : '';
}

function selectableText(object: KubeObject | undefined, path: string): string {
  if (path === 'source') return textAt(object, 'source.component') ?? '';
  const value = fieldAt(object, path);
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || typeof value === 'number' ? String(value) : defaultField(path);
}

/** Whether two versions differ in nothing but their resourceVersion. */
export function sameContent(a: StoredObject, b: StoredObject): boolean {
  const strip = ({ object }: StoredObject) => ({
    ...object,
    metadata: orderedMeta({ ...object.metadata, resourceVersion: '' }),
  });
  return isDeepStrictEqual(strip(a), strip(b));
}
