import type { ApiContext, ApiRequest } from './api.ts';
import type { Resource } from './resources.ts';
import { notFound } from './status.ts';
import { keyOf, type StoredObject } from './stored-object.ts';

/**
 * The object that a request's path names.
 *
 * @throws ApiFailure 404
 */
export function storedFor(context: ApiContext, { info }: ApiRequest, resource: Resource): StoredObject {
  // The path of a namespace itself looks like one inside that namespace.
  const key = keyOf(resource.namespaced ? info.namespace : undefined, info.name);
  const stored = context.cluster.store.get(resource.kind, key);
  if (stored === undefined) throw notFound(resource, info.name);
  return stored;
}
