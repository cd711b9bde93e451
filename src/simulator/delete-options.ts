import type { ApiRequest } from './api.ts';
import { parseJson } from './body.ts';
import { field, isObject, listAt, textAt } from './json.ts';
import { ApiFailure, invalid } from './status.ts';

/** How an object is to be deleted. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  /** The object's uid must be this one. */
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/**
 * Reads DeleteOptions as kube-apiserver does: from the body when there is one, and **only then** not from the query.
 * `?dryRun=All` beside a body deletes for real.
 *
 * @throws ApiFailure 422 for a dryRun that is not `All`, 500 for a body that is no DeleteOptions
 */
export function parseDeleteOptions(request: ApiRequest): DeleteOptions {
  if (request.body.length === 0) return fromQuery(request.query);
  const body = parseJson(request.body);
  if (!isObject(body)) throw new ApiFailure({ code: 500, message: "couldn't get version/kind; json parse error" });
  const kind = textAt(body, 'kind') ?? 'DeleteOptions';
  if (kind !== 'DeleteOptions') {
    const version = textAt(body, 'apiVersion') ?? '';
    throw new ApiFailure({ code: 500, message: `no kind "${kind}" is registered for version "${version}" in scheme` });
  }
  const grace = field(body, 'gracePeriodSeconds');
  return {
    dryRun: readDryRun(listAt(body, 'dryRun'), 'DeleteOptions'),
    gracePeriodSeconds: typeof grace === 'number' ? grace : undefined,
    uid: textAt(body, 'preconditions.uid'),
    resourceVersion: textAt(body, 'preconditions.resourceVersion'),
  };
}

/** @throws ApiFailure 422 for a value that is not `All` */
export function readDryRun(values: readonly unknown[], optionsKind: string): boolean {
  if (values.length === 0) return false;
  if (values.every(value => value === 'All')) return true;
  const shown = `[]string{${values.map(value => `"${String(value)}"`).join(', ')}}`;
  const message = `Unsupported value: ${shown}: supported values: "All"`;
  throw invalid(optionsKind, '', [{ field: 'dryRun', reason: 'FieldValueNotSupported', message }], 'meta.k8s.io');
}

function fromQuery(query: URLSearchParams): DeleteOptions {
  const grace = query.get('gracePeriodSeconds');
  return {
    dryRun: readDryRun(query.getAll('dryRun'), 'DeleteOptions'),
    gracePeriodSeconds: grace === null || !/^\d+$/.test(grace) ? undefined : Number(grace),
    uid: undefined,
    resourceVersion: undefined,
  };
}
