import { type ApiContext, type ApiRequest, type Reply, renderedReply } from './api.ts';
import { mediaType, parseJson, parseObject } from './body.ts';
import { removeIfFinished } from './delete.ts';
import { readDryRun } from './delete-options.ts';
import { field, isObject, type JsonObject, mergePatch, omit, textAt, timestamp } from './json.ts';
import { storedFor } from './lookup.ts';
import { managerOf, recordWriter } from './managed-fields.ts';
import type { ObjectMeta } from './objects.ts';
import { wholeObject } from './present.ts';
import { randomSuffix } from './random.ts';
import { apiVersionOf, type Resource } from './resources.ts';
import { ApiFailure, alreadyExists, badRequest, invalid, modifiedSince, notFound } from './status.ts';
import { keyOf, StoredObject, sameContent } from './stored-object.ts';

const PATCH_TYPES = ['application/merge-patch+json', 'application/strategic-merge-patch+json'];

/** POST: creates an object. */
export function createResource(context: ApiContext, request: ApiRequest, resource: Resource): Reply {
  const dryRun = readDryRun(request.query.getAll('dryRun'), 'CreateOptions');
  const sent = parseObject(request.body, request.headers['content-type'], resource.kind);
  checkKind(resource, sent);
  const { store } = context.cluster;
  const meta = newMeta(context, resource, sent, request.info.namespace);
  checkName(resource, meta.name);
  if (resource.namespaced && store.get('Namespace', request.info.namespace) === undefined) {
    throw notFound({ ...resource, group: '', plural: 'namespaces' }, request.info.namespace);
  }
  if (store.get(resource.kind, keyOf(meta.namespace, meta.name)) !== undefined)
    throw alreadyExists(resource, meta.name);
  const object = withDefaults(resource, sent);
  const written = { ...context.cluster.complete(resource.kind, meta), ...generationOf(context, resource) };
  const metadata = { ...written, managedFields: recordWriter(written, writerOf(context, request, resource), sent) };
  const stored = dryRun
    ? new StoredObject(resource.kind, { ...object, metadata }, metadata, store.revision)
    : store.put(resource.kind, { ...object, metadata }, metadata);
  return answer(201, stored);
}

/** PUT: replaces an object, or its status. */
export function updateResource(context: ApiContext, request: ApiRequest, resource: Resource): Reply {
  const sent = parseObject(request.body, request.headers['content-type'], resource.kind);
  checkKind(resource, sent);
  const stored = storedFor(context, request, resource);
  return replace(context, request, resource, stored, sent, sent);
}

/**
 * PATCH: a JSON merge patch. A strategic merge patch is treated as one, so lists are replaced instead of merged.
 *
 * @throws ApiFailure 415 for other kinds of patches
 */
export function patchResource(context: ApiContext, request: ApiRequest, resource: Resource): Reply {
  if (!PATCH_TYPES.includes(mediaType(request.headers['content-type']))) {
    throw new ApiFailure({
      code: 415,
      message: '415: Unsupported Media Type',
      reason: 'UnsupportedMediaType',
      details: {},
    });
  }
  const patch = parseJson(request.body);
  if (!isObject(patch)) throw badRequest('error decoding patch');
  const stored = storedFor(context, request, resource);
  const patched = mergePatch(stored.object, patch);
  return replace(context, request, resource, stored, isObject(patched) ? patched : {}, patch);
}

const NEWLINE = Buffer.from('\n');

function replace(
  context: ApiContext,
  request: ApiRequest,
  resource: Resource,
  stored: StoredObject,
  next: JsonObject,
  written: JsonObject,
): Reply {
  const { name } = stored.metadata;
  const version = textAt(written, 'metadata.resourceVersion') ?? '';
  if (version !== '' && version !== String(stored.revision)) throw modifiedSince(resource, name);
  const isStatus = request.info.subresource === 'status';
  const fields = isStatus ? { ...stored.object, status: next['status'] } : mainFields(resource, stored, next);
  const meta = isStatus ? stored.metadata : changedMeta(stored.metadata, next['metadata']);
  const candidate = new StoredObject(stored.kind, { ...fields, metadata: meta }, meta, stored.revision);
  if (sameContent(stored, candidate) || readDryRun(request.query.getAll('dryRun'), 'UpdateOptions')) {
    return answer(200, candidate);
  }
  // The write that takes the last finalizer off an object being deleted is never stored: the object is gone.
  if (removeIfFinished(context, candidate)) return answer(200, candidate);
  const managed = { ...meta, managedFields: recordWriter(meta, writerOf(context, request, resource), written) };
  return answer(200, context.cluster.store.put(stored.kind, { ...fields, metadata: managed }, managed));
}

function answer(status: number, object: StoredObject): Reply {
  return renderedReply(status, [...wholeObject(object), NEWLINE]);
}

// What has a status subresource keeps its status in all other writes.
function mainFields(resource: Resource, stored: StoredObject, next: JsonObject): JsonObject {
  const fields = omit(next, 'kind', 'apiVersion', 'metadata');
  if (!resource.subresources.includes('status')) return fields;
  const { status } = stored.object;
  return { ...omit(fields, 'status'), ...(status === undefined ? {} : { status }) };
}

function changedMeta(stored: ObjectMeta, next: unknown): ObjectMeta {
  const changeable = ['labels', 'annotations', 'ownerReferences', 'finalizers'];
  const given = Object.fromEntries(changeable.map(name => [name, field(next, name)] as const).filter(isPresent));
  return { ...omit({ ...stored }, ...changeable), ...given, name: stored.name };
}

function isPresent([, value]: readonly [string, unknown]): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) && Object.keys(value).length > 0;
}

function writerOf(context: ApiContext, request: ApiRequest, resource: Resource) {
  const { subresource } = request.info;
  return {
    manager: managerOf(request.query, request.headers['user-agent']),
    apiVersion: apiVersionOf(resource),
    time: timestamp(context.cluster.clock.now()),
    // Servers before 1.22 do not say that it was the status.
    ...(subresource === '' || context.version === '1.20' ? {} : { subresource }),
  };
}

function newMeta(context: ApiContext, resource: Resource, sent: JsonObject, namespace: string): ObjectMeta {
  const given = isObject(sent['metadata']) ? sent['metadata'] : {};
  const other = textAt(given, 'namespace') ?? '';
  if (resource.namespaced && other !== '' && other !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const prefix = textAt(given, 'generateName') ?? '';
  const asked = textAt(given, 'name') ?? '';
  const name = asked === '' && prefix !== '' ? `${prefix}${randomSuffix(context.cluster.random)}` : asked;
  return {
    ...omit(given, 'uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'managedFields', 'generation'),
    ...(resource.namespaced ? { namespace } : {}),
    name,
  };
}

function checkKind(resource: Resource, sent: JsonObject): void {
  const kind = textAt(sent, 'kind') ?? resource.kind;
  if (kind === resource.kind) return;
  const version = textAt(sent, 'apiVersion') ?? '';
  const conversion = `converting (${version}.${kind}) to (core.${resource.kind}): unknown conversion`;
  throw badRequest(`${kind} in version "${version}" cannot be handled as a ${resource.kind}: ${conversion}`);
}

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function checkName(resource: Resource, name: string): void {
  if (name === '') {
    const message = 'Required value: name or generateName is required';
    throw invalid(resource.kind, '', [{ field: 'metadata.name', reason: 'FieldValueRequired', message }]);
  }
  if (name.length <= 253 && DNS_SUBDOMAIN.test(name)) return;
  const rule =
    'a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, ' +
    "'-' or '.', and must start and end with an alphanumeric character";
  const message = `Invalid value: "${name}": ${rule}`;
  throw invalid(resource.kind, name, [{ field: 'metadata.name', reason: 'FieldValueInvalid', message }]);
}

// The few defaults that other parts of the API depend on.
function withDefaults(resource: Resource, sent: JsonObject): JsonObject {
  const fields = omit(sent, 'kind', 'apiVersion', 'metadata', 'status');
  if (resource.kind === 'Namespace') {
    return { ...fields, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } };
  }
  if (resource.kind === 'Node')
    return { ...fields, spec: field(sent, 'spec') ?? {}, status: field(sent, 'status') ?? {} };
  if (resource.kind !== 'Pod') return fields;
  const spec = isObject(sent['spec']) ? sent['spec'] : {};
  const defaults = { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, schedulerName: 'default-scheduler' };
  return { ...fields, spec: { ...defaults, ...spec }, status: { phase: 'Pending', qosClass: 'BestEffort' } };
}

// From 1.33 on pods have a generation.
function generationOf(context: ApiContext, resource: Resource): { readonly generation?: number } {
  return resource.kind === 'Pod' && context.version !== '1.20' ? { generation: 1 } : {};
}
