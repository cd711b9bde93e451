import { REVIEW_RESOURCE, reviewAccess } from './access-review.ts';
import { type ApiContext, type ApiRequest, type Reply, renderedReply } from './api.ts';
import { authorize } from './auth.ts';
import { deleteCollection, deleteResource } from './delete.ts';
import { discover } from './discovery.ts';
import { listResource, renderPage } from './list.ts';
import { storedFor } from './lookup.ts';
import { proxyToNode } from './nodes-proxy.ts';
import { metadataOnly, negotiate, wholeObject } from './present.ts';
import { findResource, type Resource } from './resources.ts';
import { aboutTheSimulation } from './simulated-kubelets.ts';
import { methodNotAllowed, noSuchPath } from './status.ts';
import { createResource, patchResource, updateResource } from './write.ts';

/**
 * Answers one request of a known caller.
 *
 * @throws ApiFailure for every answer that is a failure Status
 */
export function dispatch(context: ApiContext, request: ApiRequest): Reply {
  const { info } = request;
  authorize(request.user, info);
  if (!info.isResource) return aboutTheApi(context, request);
  if (info.group === 'authorization.k8s.io' && info.resource === REVIEW_RESOURCE) {
    if (info.verb !== 'create') throw methodNotAllowed();
    return reviewAccess(context, request);
  }
  const resource = findResource(info.group, info.version, info.resource);
  if (resource === undefined || !fits(resource, request)) throw noSuchPath();
  if (info.subresource === 'proxy') return proxyToNode(context, request);
  return onResource(context, request, resource);
}

function aboutTheApi(context: ApiContext, request: ApiRequest): Reply {
  const simulated = aboutTheSimulation(context, request);
  if (simulated !== undefined) return simulated;
  const reply = discover(context, request.info.path);
  if (reply === undefined) throw noSuchPath();
  if (request.method !== 'GET') throw methodNotAllowed();
  return reply;
}

function fits(resource: Resource, { info }: ApiRequest): boolean {
  const { named, namespace, rest, subresource } = info;
  if (resource.namespaced && named && namespace === '') return false;
  if (!resource.namespaced && namespace !== '' && resource.kind !== 'Namespace') return false;
  if (subresource === '') return rest === '';
  return resource.subresources.some(known => known === subresource) && (subresource === 'proxy' || rest === '');
}

function onResource(context: ApiContext, request: ApiRequest, resource: Resource): Reply {
  const { info, method } = request;
  if (resource.namespaced && info.namespace === '' && !['list', 'watch'].includes(info.verb)) throw methodNotAllowed();
  if (info.subresource === 'status' && !['get', 'patch', 'update'].includes(info.verb)) throw methodNotAllowed();
  if (method === 'HEAD') throw methodNotAllowed();
  switch (info.verb) {
    case 'list':
    case 'watch':
      return listResource(context, request, resource);
    case 'get':
      return getResource(context, request, resource);
    case 'create':
      if (info.named) throw methodNotAllowed();
      return createResource(context, request, resource);
    case 'update':
      return updateNamed(context, request, resource, updateResource);
    case 'patch':
      return updateNamed(context, request, resource, patchResource);
    case 'delete':
      return deleteResource(context, request, resource);
    case 'deletecollection':
      if (!resource.verbs.includes('deletecollection')) throw methodNotAllowed();
      return deleteCollection(context, request, resource);
    default:
      throw methodNotAllowed();
  }
}

function updateNamed(
  context: ApiContext,
  request: ApiRequest,
  resource: Resource,
  update: (context: ApiContext, request: ApiRequest, resource: Resource) => Reply,
): Reply {
  if (!request.info.named) throw methodNotAllowed();
  return update(context, request, resource);
}

function getResource(context: ApiContext, request: ApiRequest, resource: Resource): Reply {
  const form = negotiate(request);
  const stored = storedFor(context, request, resource);
  if (form.as === 'object') return renderedReply(200, [...wholeObject(stored), Buffer.from('\n')]);
  if (form.as === 'metadata') return renderedReply(200, [Buffer.from(JSON.stringify(metadataOnly(stored)))]);
  const page = { revision: stored.revision, objects: [stored], continueToken: undefined, remaining: undefined };
  return renderedReply(200, renderPage(context, resource, page, form));
}
