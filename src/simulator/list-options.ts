import { queryFlag } from './request-info.ts';
import type { Resource, SimulatedVersion } from './resources.ts';
import { parseSelectors, type Selector } from './selectors.ts';
import { ApiFailure, badRequest, type FieldError, invalid } from './status.ts';

/** The query of a list or watch, read and checked. */
export interface ListOptions {
  readonly selector: Selector | undefined;
  /** 0 for all. */
  readonly limit: number;
  readonly continueToken: string;
  /** As sent; empty when absent. */
  readonly resourceVersion: string;
  readonly match: '' | 'Exact' | 'NotOlderThan';
  readonly watch: boolean;
  readonly bookmarks: boolean;
  /** Whether a watch begins with all objects and a bookmark that says so. */
  readonly streamingList: boolean;
  /** 0 for the server's own choice. */
  readonly timeoutSeconds: number;
}

/**
 * @throws ApiFailure 400 for what cannot be parsed, 422 for what does not go together, 500 for a resourceVersion that is
 * no number (as the real server answers)
 */
export function parseListOptions(resource: Resource, query: URLSearchParams, version: SimulatedVersion): ListOptions {
  const limit = queryInteger(query, 'limit');
  const timeoutSeconds = queryInteger(query, 'timeoutSeconds');
  const watch = queryFlag(query, 'watch');
  const resourceVersion = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  // Streaming lists came with 1.27; an older server ignores the parameter, as it does all it does not know.
  const sendInitialEvents =
    version === '1.20' || !query.has('sendInitialEvents') ? undefined : queryFlag(query, 'sendInitialEvents');
  const errors = checkTogether({ watch, resourceVersion, match, sendInitialEvents, version });
  if (errors.length > 0) throw invalid('ListOptions', '', errors, 'meta.k8s.io');
  if (!/^\d*$/.test(resourceVersion)) {
    const message = `resourceVersion: Invalid value: "${resourceVersion}": strconv.ParseUint: parsing "${resourceVersion}": invalid syntax`;
    throw new ApiFailure({ code: 500, message });
  }
  return {
    selector: parseSelectors(resource, query),
    limit: Math.max(0, limit),
    continueToken: query.get('continue') ?? '',
    resourceVersion,
    match: match === 'Exact' || match === 'NotOlderThan' ? match : '',
    watch,
    bookmarks: queryFlag(query, 'allowWatchBookmarks'),
    streamingList: watch && sendInitialEvents === true,
    timeoutSeconds: Math.max(0, timeoutSeconds),
  };
}

function queryInteger(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (text === '') return 0;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

interface Together {
  readonly watch: boolean;
  readonly resourceVersion: string;
  readonly match: string;
  readonly sendInitialEvents: boolean | undefined;
  readonly version: SimulatedVersion;
}

// apimachinery/pkg/apis/meta/internalversion/validation: ValidateListOptions.
function checkTogether(options: Together): FieldError[] {
  const { match, resourceVersion, sendInitialEvents, watch } = options;
  if (sendInitialEvents !== undefined) return checkInitialEvents(watch, match);
  if (match === '') return [];
  const errors: FieldError[] = [];
  if (watch) errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden for watch'));
  if (resourceVersion === '') {
    errors.push(
      forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
    );
  }
  if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(unsupportedMatch(match));
  if (match === 'Exact' && resourceVersion === '0') {
    errors.push(forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  return errors;
}

function checkInitialEvents(watch: boolean, match: string): FieldError[] {
  const errors: FieldError[] = [];
  if (match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    errors.push(forbidden('resourceVersionMatch', why));
  }
  if (!watch) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

function forbidden(field: string, why: string): FieldError {
  return { field, reason: 'FieldValueForbidden', message: `Forbidden: ${why}` };
}

function unsupportedMatch(match: string): FieldError {
  const message = `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`;
  return { field: 'resourceVersionMatch', reason: 'FieldValueNotSupported', message };
}
