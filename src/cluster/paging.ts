import { ClusterError } from '../errors.ts';
import { type ParsedList, parseListItems } from './list-items.ts';
import { own } from './own.ts';
import type { ApiResponse, Transport } from './transport.ts';

/** What to list. */
export interface ListRequest {
  /** Encoded collection path. */
  readonly path: string;
  /** Selectors and such; `limit` and `continue` are added here. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Items a page; 0 = everything at once. @default 500 */
  readonly limit?: number | undefined;
  readonly accept?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Turns each item into what a page holds of it, as it is parsed. @default the item itself */
  readonly translate?: ((item: unknown) => unknown) | undefined;
  /** "list nodes". */
  readonly what: string;
  /** `NodeList`: what the answer must be. @default any list */
  readonly kind?: string | undefined;
}

/** One page of a list. */
export interface ListPage {
  readonly items: readonly unknown[];
  /** The version the whole list was taken at; '' when the server gave none. */
  readonly resourceVersion: string;
  /** How many follow, where the server says (never with a selector). */
  readonly remainingItemCount: number | null;
  /** True on the first page after the list had to start again: drop everything that came before. */
  readonly restarted: boolean;
  readonly serverTime: number | null;
}

/**
 * Lists page by page, consistently: when the continue token expires (410), the whole list starts again, at most 3 times.
 *
 * @throws ClusterError as `Transport.request`; `server` when an answer is not a list; `expired` after the third restart.
 */
export async function* listPages(
  transport: Transport,
  request: ListRequest,
): AsyncGenerator<ListPage, void, undefined> {
  let restarts = 0;
  let token = '';
  let restarted = false;
  let empty = 0;
  const seen = new Set<string>();
  do {
    const page = await readPage(transport, request, token, restarts < MAX_RESTARTS);
    if (page === 'expired') {
      restarts += 1;
      token = '';
      restarted = true;
      seen.clear();
      continue;
    }
    // A list must come to its end, whatever the server says: no token twice, and no endless row of empty pages.
    empty = page.page.items.length === 0 ? empty + 1 : 0;
    if (seen.has(page.next) || empty > MAX_EMPTY) throw notAList(request, 'gave pages without an end');
    if (page.next !== '') seen.add(page.next);
    token = page.next;
    yield { ...page.page, restarted };
    restarted = false;
  } while (token !== '' || restarted);
}

const MAX_RESTARTS = 3;
/** A page that came cut off or garbled is asked for again at most this often. */
const MAX_UNREADABLE = 3;
const DEFAULT_LIMIT = 500;
/** With a selector a page may be empty, and another one follow; not for ever. */
const MAX_EMPTY = 1000;
/** A page of 500 pods has some megabytes; where pages are asked for, one of this size is refused. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;

interface ReadPage {
  readonly page: Omit<ListPage, 'restarted'>;
  readonly next: string;
}

async function readPage(
  transport: Transport,
  request: ListRequest,
  token: string,
  mayRestart: boolean,
): Promise<ReadPage | 'expired'> {
  const limit = request.limit ?? DEFAULT_LIMIT;
  try {
    for (let again = MAX_UNREADABLE; ; again -= 1) {
      const response = await transport.request({
        method: 'GET',
        path: request.path,
        query: { ...request.query, limit: limit > 0 ? limit : undefined, continue: token === '' ? undefined : token },
        accept: request.accept,
        timeoutMs: request.timeoutMs,
        maxBytes: request.maxBytes ?? (limit > 0 ? MAX_PAGE_BYTES : undefined),
        signal: request.signal,
        what: request.what,
      });
      const parsed = parseList(response, request, again > 0);
      if (parsed !== null) return readList(request, parsed, response.serverTime);
    }
  } catch (error) {
    // Going on with the token that a 410 offers would give an inconsistent list.
    const isExpiredToken = token !== '' && error instanceof ClusterError && error.reason === 'expired';
    if (isExpiredToken && mayRestart) return 'expired';
    throw error;
  }
}

/** The body; null: it is cut off or no JSON, and may be asked for again. @throws ClusterError when it may not */
function parseList(response: ApiResponse, { translate }: ListRequest, mayAskAgain: boolean): ParsedList | null {
  try {
    if (translate !== undefined) {
      const parsed = parseListItems(response.text, translate);
      if (parsed !== null) return parsed;
    }
    const list = response.json();
    const items = own(list, 'items') ?? [];
    if (!Array.isArray(items)) return { list: null, items: [] };
    return { list, items: translate === undefined ? items : items.map(translate) };
  } catch (error) {
    if (mayAskAgain) return null;
    // The whole text fails as its part did, with a sentence that says what that means.
    if (error instanceof SyntaxError) response.json();
    throw error;
  }
}

function readList(request: ListRequest, { list, items }: ParsedList, serverTime: number | null): ReadPage {
  const metadata = own(list, 'metadata');
  const kind = own(list, 'kind');
  const isRightKind = request.kind === undefined || kind === request.kind;
  if (metadata === undefined || typeof kind !== 'string' || !kind.endsWith('List') || !isRightKind) {
    throw notAList(request, `did not answer with a ${request.kind ?? 'list'}`);
  }
  const next = own(metadata, 'continue');
  const version = own(metadata, 'resourceVersion');
  const remaining = own(metadata, 'remainingItemCount');
  return {
    page: {
      items,
      resourceVersion: typeof version === 'string' ? version : '',
      remainingItemCount: typeof remaining === 'number' ? remaining : null,
      serverTime,
    },
    next: typeof next === 'string' ? next : '',
  };
}

function notAList(request: ListRequest, why: string): ClusterError {
  return new ClusterError('server', `cannot ${request.what}: the server ${why}`, {
    hint: 'check the server address of the context: it may not be a Kubernetes API server',
  });
}
