/** The kinds that the simulated API server keeps. */
export type Kind = 'Node' | 'Pod' | 'Event' | 'Lease' | 'Namespace' | 'ConfigMap';

/** One entry of `metadata.ownerReferences`. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** `metadata` of an object; fields that the store fills in are optional on the way in and always there on the way out. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent on nodes and namespaces. */
  readonly namespace?: string;
  readonly generateName?: string;
  /** Filled in when absent; the same seed gives the same uids. */
  readonly uid?: string;
  /** Always set by the store. */
  readonly resourceVersion?: string;
  /** RFC 3339, whole seconds. Filled in when absent. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly object[];
  readonly generation?: number;
  readonly selfLink?: string;
}

/**
 * An object as the API shows it, minus its checks. `kind` and `apiVersion` may be left out: the store knows them.
 * Objects in the store are never changed in place; a change is a new object.
 */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly spec?: object;
  readonly status?: object;
  readonly [field: string]: unknown;
}

/** Names an object of a kind: `namespace` only for namespaced kinds. */
export interface ObjectRef {
  readonly name: string;
  readonly namespace?: string | undefined;
}

/**
 * An object whose larger part is JSON already, for clusters of many thousands of pods. The body the server sends is
 * `{"metadata":` + metadata + `,` + tail; many objects may share one tail buffer.
 */
export interface PrerenderedObject {
  readonly metadata: ObjectMeta;
  /** The other fields and the closing brace, as in `"spec":{...},"status":{...}}`. */
  readonly tail: Buffer;
  /** The selectable fields that lie in the tail, by their path: `spec.nodeName`, `status.phase`, `reason`, ... */
  readonly fields: Readonly<Record<string, string>>;
}
