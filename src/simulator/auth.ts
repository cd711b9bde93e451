import type { IncomingHttpHeaders } from 'node:http';
import type { RequestInfo } from './request-info.ts';
import { ApiFailure, unauthorized } from './status.ts';

/** One rule of a role, as in RBAC. */
export interface PolicyRule {
  /** `*` for all. */
  readonly verbs: readonly string[];
  /** Plurals, `nodes/proxy` for a subresource, `*` for all. */
  readonly resources?: readonly string[];
  /** @default the core group alone */
  readonly apiGroups?: readonly string[];
  /** Only these objects; never true for create, list, watch and deletecollection without a name. @default all */
  readonly resourceNames?: readonly string[];
  /** Only in these namespaces, as a RoleBinding would have it. @default everywhere */
  readonly namespaces?: readonly string[];
  /** Paths beside the API's resources, with `*` at the end for a prefix. */
  readonly nonResourceURLs?: readonly string[];
}

/** Somebody the simulated API server knows. */
export interface SimulatedUser {
  readonly name: string;
  /** @default `token-of-` and the name */
  readonly token?: string;
  /** `system:masters` may do everything. `system:authenticated` is added. */
  readonly groups?: readonly string[];
  /** What the user may do beyond discovery and asking about themselves. */
  readonly rules?: readonly PolicyRule[];
}

/** The caller of one request. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly rules: readonly PolicyRule[];
}

/** The users of the recordings: who may do everything, who may run the program, who may only look. */
export const DEFAULT_USERS: readonly SimulatedUser[] = [
  { name: 'admin', groups: ['system:masters'] },
  {
    name: 'operator',
    rules: [
      { verbs: ['get', 'list', 'watch'], resources: ['nodes', 'events'] },
      { verbs: ['get'], resources: ['nodes/proxy'] },
      { verbs: ['get', 'list', 'watch', 'delete'], resources: ['pods'] },
      { verbs: ['get', 'list'], apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
    ],
  },
  {
    name: 'viewer',
    rules: [
      { verbs: ['get', 'list'], resources: ['nodes'] },
      { verbs: ['list'], resources: ['pods'] },
    ],
  },
];

/** The token that a user authenticates with. */
export function tokenOf(user: SimulatedUser): string {
  return user.token ?? `token-of-${user.name}`;
}

const PUBLIC_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

// The roles that every user has: system:public-info-viewer, and with a name system:discovery and system:basic-user.
const PUBLIC: PolicyRule = { verbs: ['get'], nonResourceURLs: PUBLIC_PATHS };
const DISCOVERY: PolicyRule = {
  verbs: ['get'],
  nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'],
};
const SELF: PolicyRule = {
  verbs: ['create'],
  apiGroups: ['authorization.k8s.io'],
  resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
};
const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'], rules: [PUBLIC] };

/** Knows the users and tells who sends a request. */
export class Authenticator {
  readonly #users = new Map<string, User>();
  readonly #byToken = new Map<string, User>();

  constructor(users: readonly SimulatedUser[]) {
    for (const user of users) {
      const known = knownUser(user);
      this.#users.set(user.name, known);
      this.#byToken.set(tokenOf(user), known);
    }
  }

  /**
   * @param certificateName the common name of a client certificate that was signed by the server's authority
   * @throws ApiFailure 401 for credentials that are not known, 403 for an impersonation without the right to it
   */
  authenticate(headers: IncomingHttpHeaders, certificateName: string | undefined): User {
    const user = this.#caller(headers.authorization, certificateName);
    const other = headers['impersonate-user'];
    return typeof other === 'string' ? this.#impersonate(user, other, headers['impersonate-group']) : user;
  }

  #caller(authorization: string | undefined, certificateName: string | undefined): User {
    if (certificateName !== undefined) return this.#users.get(certificateName) ?? knownUser({ name: certificateName });
    if (authorization === undefined) return ANONYMOUS;
    const user = this.#byToken.get(authorization.replace(/^bearer\s+/i, ''));
    if (user === undefined) throw unauthorized();
    return user;
  }

  #impersonate(user: User, name: string, group: string | string[] | undefined): User {
    if (!isAllowed(user, { verb: 'impersonate', group: '', resource: 'users', subresource: '', namespace: '', name })) {
      throw forbidden(user, {
        verb: 'impersonate',
        group: '',
        resource: 'users',
        subresource: '',
        namespace: '',
        name,
      });
    }
    const known = this.#users.get(name) ?? knownUser({ name });
    if (group === undefined) return known;
    const groups = (typeof group === 'string' ? group : group.join(',')).split(',').map(text => text.trim());
    return { ...known, groups: [...groups, 'system:authenticated'] };
  }
}

function knownUser(user: SimulatedUser): User {
  return {
    name: user.name,
    groups: [...(user.groups ?? []), 'system:authenticated'],
    rules: [...(user.rules ?? []), PUBLIC, DISCOVERY, SELF],
  };
}

/** What authorization looks at. */
export type ResourceAttributes = Pick<
  RequestInfo,
  'verb' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name'
>;

/** Whether RBAC lets the user do this to a resource. */
export function isAllowed(user: User, asked: ResourceAttributes): boolean {
  if (user.groups.includes('system:masters')) return true;
  const resource = asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`;
  return user.rules.some(
    rule =>
      has(rule.verbs, asked.verb) &&
      has(rule.resources ?? [], resource) &&
      has(rule.apiGroups ?? [''], asked.group) &&
      (rule.resourceNames === undefined || rule.resourceNames.includes(asked.name)) &&
      (rule.namespaces === undefined || rule.namespaces.includes(asked.namespace)),
  );
}

/** Whether RBAC lets the user use a path beside the resources. */
export function isPathAllowed(user: User, verb: string, path: string): boolean {
  if (user.groups.includes('system:masters')) return true;
  return user.rules.some(
    rule => has(rule.verbs, verb) && (rule.nonResourceURLs ?? []).some(pattern => pathMatches(pattern, path)),
  );
}

/** @throws ApiFailure 403, in the words of the real server */
export function authorize(user: User, info: RequestInfo): void {
  if (info.isResource ? isAllowed(user, info) : isPathAllowed(user, info.verb, info.path)) return;
  if (info.isResource) throw forbidden(user, info);
  const message = `forbidden: User "${user.name}" cannot ${info.verb} path "${info.path}"`;
  throw new ApiFailure({ code: 403, message, reason: 'Forbidden', details: {} });
}

function forbidden(user: User, asked: ResourceAttributes): ApiFailure {
  const { group, name, namespace, resource, subresource, verb } = asked;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const plural = group === '' ? resource : `${resource}.${group}`;
  const object = name === '' ? plural : `${plural} "${name}"`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return new ApiFailure({
    code: 403,
    message: `${object} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}`,
    reason: 'Forbidden',
    details: { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  });
}

function has(list: readonly string[], wanted: string): boolean {
  return list.includes(wanted) || list.includes('*');
}

function pathMatches(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}
