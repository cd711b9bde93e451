import { type ApiContext, type ApiRequest, jsonReply, type Reply } from './api.ts';
import { isAllowed, isPathAllowed, type ResourceAttributes, type User } from './auth.ts';
import { parseObject } from './body.ts';
import { field, isObject, textAt, timestamp } from './json.ts';
import { fieldsOf, managerOf } from './managed-fields.ts';
import { ApiFailure } from './status.ts';

const API_VERSION = 'authorization.k8s.io/v1';

/** POST of a SelfSubjectAccessReview: may the caller do this? Answered with 201, whatever the answer. */
export function reviewAccess(context: ApiContext, request: ApiRequest): Reply {
  const sent = parseObject(request.body, request.headers['content-type'], 'SelfSubjectAccessReview');
  const spec = field(sent, 'spec');
  const allowed = decide(request.user, spec);
  const entry = {
    manager: managerOf(request.query, request.headers['user-agent']),
    operation: 'Update',
    apiVersion: API_VERSION,
    time: timestamp(context.cluster.clock.now()),
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsOf({ spec }),
  };
  const old = context.version === '1.20';
  return jsonReply(201, {
    kind: 'SelfSubjectAccessReview',
    apiVersion: API_VERSION,
    metadata: { ...(old ? { creationTimestamp: null } : {}), managedFields: [entry] },
    spec,
    status: allowed ? { allowed: true, ...reasonFor(request.user) } : { allowed: false },
  });
}

/** The answer of a kube-apiserver to a GET of the reviews is 405; they can only be made. */
export const REVIEW_RESOURCE = 'selfsubjectaccessreviews';

function decide(user: User, spec: unknown): boolean {
  const resource = field(spec, 'resourceAttributes');
  const path = field(spec, 'nonResourceAttributes');
  if (isObject(resource) === isObject(path)) throw notExactlyOne();
  if (isObject(path)) return isPathAllowed(user, textAt(path, 'verb') ?? '', textAt(path, 'path') ?? '');
  const attribute = (name: string) => textAt(resource, name) ?? '';
  const asked: ResourceAttributes = {
    verb: attribute('verb'),
    group: attribute('group'),
    resource: attribute('resource'),
    subresource: attribute('subresource'),
    namespace: attribute('namespace'),
    name: attribute('name'),
  };
  return isAllowed(user, asked);
}

// For members of system:masters RBAC is not asked, so there is no binding to name.
function reasonFor(user: User): { readonly reason?: string } {
  if (user.groups.includes('system:masters')) return {};
  const { name } = user;
  return { reason: `RBAC: allowed by ClusterRoleBinding "${name}" of ClusterRole "${name}" to User "${name}"` };
}

function notExactlyOne(): ApiFailure {
  const at = 'spec.resourceAttributes';
  const message = 'Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return new ApiFailure({
    code: 422,
    message: `.authorization.k8s.io "" is invalid: ${at}: ${message}`,
    reason: 'Invalid',
    details: { group: 'authorization.k8s.io', causes: [{ reason: 'FieldValueInvalid', message, field: at }] },
  });
}
