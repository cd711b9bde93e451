import type { ApiRequest } from './api.ts';
import { omit } from './json.ts';
import { apiVersionOf, type Resource, resourceOf } from './resources.ts';
import { ApiFailure } from './status.ts';
import type { StoredObject } from './stored-object.ts';

/** The form in which objects are sent: whole, as metadata alone, or as rows of a Table. */
export type Form =
  | { readonly as: 'object' }
  | { readonly as: 'metadata' }
  | { readonly as: 'table'; readonly version: string; readonly include: 'None' | 'Metadata' | 'Object' };

/**
 * Reads Accept: the first acceptable form wins. Only JSON is spoken.
 *
 * @throws ApiFailure 406
 */
export function negotiate(request: ApiRequest): Form {
  const accept = request.headers.accept ?? '*/*';
  let known = false;
  for (const clause of accept.split(',')) {
    const [media = '', ...parameters] = clause.split(';').map(part => part.trim());
    if (!['application/json', 'application/*', '*/*', ''].includes(media)) continue;
    known = true;
    const form = formOf(new Map(parameters.map(splitParameter)), request);
    if (form !== undefined) return form;
  }
  const types = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
  const message = known ? `only the following media types are accepted: ${types}` : '406: Not Acceptable';
  throw new ApiFailure({ code: 406, message, reason: 'NotAcceptable', details: {} });
}

function splitParameter(parameter: string): readonly [string, string] {
  const [name = '', value = ''] = parameter.split('=', 2);
  return [name.toLowerCase(), value];
}

function formOf(parameters: ReadonlyMap<string, string>, request: ApiRequest): Form | undefined {
  const as = parameters.get('as');
  if (as === undefined) return { as: 'object' };
  const version = parameters.get('v') ?? '';
  if (parameters.get('g') !== 'meta.k8s.io' || !['v1', 'v1beta1'].includes(version)) return undefined;
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { as: 'metadata' };
  if (as !== 'Table') return undefined;
  const include = request.query.get('includeObject');
  return { as: 'table', version, include: include === 'None' || include === 'Object' ? include : 'Metadata' };
}

/** The JSON of an object on its own: with `kind` and `apiVersion` in front. */
export function wholeObject(object: StoredObject): readonly Buffer[] {
  const [first = Buffer.alloc(0), ...rest] = object.chunks;
  return [Buffer.from(`${kindPrefix(resourceOf(object.kind))},`), first.subarray(1), ...rest];
}

/** The object of a resource as PartialObjectMetadata. */
export function metadataOnly(object: StoredObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** The object with `kind` and `apiVersion`, to be changed or nested before it is sent. */
export function typedObject(object: StoredObject): object {
  const { kind } = object;
  return {
    kind,
    apiVersion: apiVersionOf(resourceOf(kind)),
    metadata: object.metadata,
    ...omit(object.object, 'metadata'),
  };
}

/** `{"kind":"Pod","apiVersion":"v1"`: how the JSON of every object and, with the suffix, of every list begins. */
export function kindPrefix(resource: Resource, suffix = ''): string {
  return `{"kind":"${resource.kind}${suffix}","apiVersion":"${apiVersionOf(resource)}"`;
}
