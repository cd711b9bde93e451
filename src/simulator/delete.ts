import { type ApiContext, type ApiRequest, jsonReply, type Reply, renderedReply } from './api.ts';
import { type DeleteOptions, parseDeleteOptions } from './delete-options.ts';
import { fieldAt, timestamp } from './json.ts';
import { renderPage, selectPage } from './list.ts';
import { parseListOptions } from './list-options.ts';
import { storedFor } from './lookup.ts';
import type { ObjectMeta } from './objects.ts';
import { wholeObject } from './present.ts';
import type { Resource } from './resources.ts';
import { ApiFailure, preconditionFailed } from './status.ts';
import type { StoredObject } from './stored-object.ts';

/** DELETE of one object. */
export function deleteResource(context: ApiContext, request: ApiRequest, resource: Resource): Reply {
  const options = parseDeleteOptions(request);
  const { name } = request.info;
  const stored = storedFor(context, request, resource);
  checkPreconditions(resource, stored, options);
  const answer = deleteObject(context, stored, options);
  if (answer.whole) return renderedReply(200, [...wholeObject(answer.object), NEWLINE]);
  const details = { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural };
  const { uid } = stored.metadata;
  return jsonReply(200, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { ...details, uid },
  });
}

/**
 * DELETE of all objects of a resource in a namespace that the selectors choose. The answer is the list of them as they
 * were.
 */
export function deleteCollection(context: ApiContext, request: ApiRequest, resource: Resource): Reply {
  const deleteOptions = parseDeleteOptions(request);
  const options = parseListOptions(resource, request.query, context.version);
  const page = selectPage(context, request.info.namespace, resource, options);
  for (const stored of page.objects) {
    const current = context.cluster.store.get(resource.kind, stored.key);
    if (current !== undefined) deleteObject(context, current, deleteOptions);
  }
  const revision = context.cluster.store.revision;
  return renderedReply(200, renderPage(context, resource, { ...page, revision }, { as: 'object' }));
}

const NEWLINE = Buffer.from('\n');

/** @throws ApiFailure 409 that names the precondition and both values */
export function checkPreconditions(resource: Resource, stored: StoredObject, options: DeleteOptions): void {
  const { name, uid = '' } = stored.metadata;
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid})`;
    throw preconditionFailed(resource, name, `${why}. The object might have been deleted and then recreated`);
  }
  const current = String(stored.revision);
  if (options.resourceVersion !== undefined && options.resourceVersion !== current) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${current})`;
    throw preconditionFailed(resource, name, `${why}. The object might have been modified`);
  }
}

interface Deleted {
  readonly object: StoredObject;
  /** Whether the answer is the object; a Status otherwise. */
  readonly whole: boolean;
}

function deleteObject(context: ApiContext, stored: StoredObject, options: DeleteOptions): Deleted {
  if (stored.kind === 'Pod') return { object: deletePod(context, stored, options), whole: true };
  if (stored.kind === 'Namespace') return { object: deleteNamespace(context, stored, options), whole: true };
  const held = (stored.metadata.finalizers ?? []).length > 0;
  if (options.dryRun) return { object: stored, whole: held };
  if (!held) {
    context.cluster.store.remove(stored.kind, stored.key);
    return { object: stored, whole: false };
  }
  if (stored.metadata.deletionTimestamp !== undefined) return { object: stored, whole: true };
  return { object: rewrite(context, stored, terminating(context, stored, 0)), whole: true };
}

/**
 * Pods are deleted gracefully: Terminating for their grace period, unless they are over (Failed, Succeeded) or bound to
 * no node; those go at once, which a watch sees as MODIFIED and DELETED (registry/core/pod strategy).
 */
function deletePod(context: ApiContext, stored: StoredObject, options: DeleteOptions): StoredObject {
  const grace = gracePeriod(stored, options);
  const { deletionGracePeriodSeconds: pending, deletionTimestamp } = stored.metadata;
  const held = (stored.metadata.finalizers ?? []).length > 0;
  const already = deletionTimestamp !== undefined && (pending ?? 0) <= grace;
  if (already && (held || grace > 0)) return stored;
  const next = terminating(context, stored, grace);
  if (options.dryRun) return stored.withMetadata(next, stored.revision);
  const marked = already ? stored : rewrite(context, stored, next);
  if (grace > 0 || held) return marked;
  const last = context.cluster.store.remove(marked.kind, marked.key);
  // Older servers answer with the object as it was marked, newer ones as it was removed.
  return context.version === '1.20' ? marked : (last ?? marked);
}

function gracePeriod(stored: StoredObject, options: DeleteOptions): number {
  const phase = stored.field('status.phase');
  if (phase === 'Failed' || phase === 'Succeeded' || stored.field('spec.nodeName') === '') return 0;
  if (options.gracePeriodSeconds !== undefined) return Math.max(0, options.gracePeriodSeconds);
  const own = fieldAt(stored.object, 'spec.terminationGracePeriodSeconds');
  return typeof own === 'number' ? own : 30;
}

function terminating(context: ApiContext, stored: StoredObject, graceSeconds: number): ObjectMeta {
  const { generation } = stored.metadata;
  return {
    ...stored.metadata,
    ...(generation === undefined ? {} : { generation: generation + 1 }),
    deletionTimestamp: timestamp(context.cluster.clock.now() + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
  };
}

function rewrite(context: ApiContext, stored: StoredObject, metadata: ObjectMeta): StoredObject {
  return context.cluster.store.put(stored.kind, stored.source, metadata);
}

// The namespace controller empties a namespace and then lets it go. Here that happens before the next request, so that
// nothing depends on the time it would take.
function deleteNamespace(context: ApiContext, stored: StoredObject, options: DeleteOptions): StoredObject {
  const { store } = context.cluster;
  const { name } = stored.metadata;
  if (['default', 'kube-public', 'kube-system'].includes(name)) {
    const why = 'this namespace may not be deleted';
    throw new ApiFailure({
      code: 403,
      message: `namespaces "${name}" is forbidden: ${why}`,
      reason: 'Forbidden',
      details: { name, kind: 'namespaces' },
    });
  }
  const metadata: ObjectMeta = { ...stored.metadata, deletionTimestamp: timestamp(context.cluster.clock.now()) };
  const object = { ...stored.object, metadata, status: { phase: 'Terminating' } };
  if (options.dryRun) return stored;
  const marked = store.put('Namespace', object, metadata);
  for (const kind of ['Pod', 'Event', 'ConfigMap', 'Lease'] as const) {
    for (const content of store.list(kind)) {
      if (content.metadata.namespace === name) store.remove(kind, content.key);
    }
  }
  store.remove('Namespace', name);
  return marked;
}

/** Removes an object whose last finalizer has gone while it was being deleted. */
export function removeIfFinished(context: ApiContext, stored: StoredObject): boolean {
  const { deletionGracePeriodSeconds: pending, deletionTimestamp, finalizers } = stored.metadata;
  if (deletionTimestamp === undefined || (finalizers ?? []).length > 0) return false;
  if (stored.kind === 'Pod' && (pending ?? 0) > 0) return false;
  return context.cluster.store.remove(stored.kind, stored.key) !== undefined;
}
