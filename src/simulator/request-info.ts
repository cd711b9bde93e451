/** What a request asks for, in the terms of the API: the basis of authorization and routing. */
export interface RequestInfo {
  /** Whether the path lies under `/api/VERSION` or `/apis/GROUP/VERSION`. */
  readonly isResource: boolean;
  /** get list watch create update patch delete deletecollection; the lower-case method for other paths. */
  readonly verb: string;
  /** The decoded path. */
  readonly path: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  /** From the path; for a list or watch from a `metadata.name` in the field selector, as far as rights go. */
  readonly name: string;
  /** Whether the path itself names an object. */
  readonly named: boolean;
  readonly subresource: string;
  /** What follows the subresource: the path for the kubelet behind `nodes/NAME/proxy`. */
  readonly rest: string;
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * Reads a request's path as kube-apiserver does (apiserver/pkg/endpoints/request).
 *
 * @param rawPath the path as sent, without the query
 * @returns undefined when the path cannot be decoded
 */
export function parseRequestInfo(method: string, rawPath: string, query: URLSearchParams): RequestInfo | undefined {
  const path = decode(rawPath);
  if (path === undefined) return undefined;
  const parts = path.split('/').filter((part, index) => part !== '' || index > 1);
  const root = parts.shift();
  const plain: RequestInfo = { ...NOTHING, path, verb: method.toLowerCase() };
  const groupLength = root === 'apis' ? 2 : root === 'api' ? 1 : 0;
  if (groupLength === 0 || parts.length <= groupLength || parts[groupLength] === '') return plain;

  const group = root === 'apis' ? (parts.shift() ?? '') : '';
  const version = parts.shift() ?? '';
  const namespaced =
    parts[0] === 'namespaces' && parts.length > 2 && !['', 'finalize', 'status'].includes(parts[2] ?? '');
  const namespace = parts[0] === 'namespaces' ? (parts[1] ?? '') : '';
  if (namespaced) parts.splice(0, 2);
  const [resource = '', given = '', subresource = '', ...rest] = parts;
  const name = given === '' ? nameInSelector(query) : given;
  return {
    isResource: true,
    verb: verbOf(method, given, query),
    path,
    group,
    version,
    namespace,
    resource,
    name,
    named: given !== '',
    subresource,
    rest: rest.join('/'),
  };
}

/** Whether a query parameter of type bool is set: everything but `false` and `0` is true. */
export function queryFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value.toLowerCase() !== 'false' && value !== '0';
}

const NOTHING: RequestInfo = {
  isResource: false,
  verb: 'get',
  path: '/',
  group: '',
  version: '',
  namespace: '',
  resource: '',
  name: '',
  named: false,
  subresource: '',
  rest: '',
};

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const verb = VERBS[method] ?? method.toLowerCase();
  if (name !== '') return verb;
  if (verb === 'get') return queryFlag(query, 'watch') ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

// A list of the one object of a name counts as a request for that object when rights are checked.
function nameInSelector(query: URLSearchParams): string {
  const match = /(?:^|,)metadata\.name==?([^,]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '');
  return match?.[1] ?? '';
}
