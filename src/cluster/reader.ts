import { ClusterError } from '../errors.ts';
import type { Instant } from '../eviction/node.ts';
import { listPages } from './paging.ts';
import { nodePath } from './paths.ts';
import type { Listed } from './port.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

/** A stats or configz body beyond this is not a kubelet's: refused. */
const MAX_KUBELET_BYTES = 32 * 1024 * 1024;

/** The events of one kind that are read; a cluster with more is in a storm, and the rest would say the same. */
export const MAX_EVENTS = 10_000;

/** Beyond this a list is not one of a Kubernetes cluster. */
const MAX_ITEMS = 1_000_000;

/** How a cluster is read. */
export interface ReaderOptions {
  readonly signal: AbortSignal;
  /** Items a page of a list; 0: everything at once. @default 500 */
  readonly chunkSize?: number;
  /** What the cluster is called in headings. @default the context's name */
  readonly title?: string;
}

/** What a list is translated with. */
export interface ListTask<T> {
  /** For sentences: "list nodes". */
  readonly what: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** `NodeList`: what the answer must be. */
  readonly kind?: string;
  /** Turns an item into what is kept of it; null items are left out. */
  readonly translate: (item: unknown) => T | null;
  /** The list ends early, and says so, at this many. @default no limit */
  readonly most?: number;
}

/** The ways in which a cluster is read: one object, a list, a kubelet. All end with the signal. */
export class KubeReader {
  readonly #transport: Transport;
  readonly #signal: AbortSignal;
  readonly #chunkSize: number | undefined;

  constructor(transport: Transport, options: ReaderOptions) {
    this.#transport = transport;
    this.#signal = options.signal;
    this.#chunkSize = options.chunkSize;
  }

  /** One GET. */
  get(what: string, path: string, more: Partial<ApiRequest> = {}): Promise<ApiResponse> {
    return this.#transport.request({ ...more, method: 'GET', path, signal: this.#signal, what });
  }

  /** One POST that changes nothing, and may be repeated. */
  ask(what: string, path: string, body: unknown): Promise<ApiResponse> {
    return this.#transport.request({ method: 'POST', path, body, idempotent: true, signal: this.#signal, what });
  }

  /** What a kubelet says, through nodes/proxy. Asked once, never retried. */
  async kubelet(node: string, path: 'configz' | 'stats/summary', timeoutMs: number): Promise<unknown> {
    const more: Partial<ApiRequest> = { timeoutMs, maxBytes: MAX_KUBELET_BYTES, retry: 'never' };
    const what = `read ${path} of node ${node}`;
    try {
      return (await this.get(what, `${nodePath(node)}/proxy/${path}`, more)).json();
    } catch (error) {
      if (isKubeletsRefusal(error)) throw refusedByKubelet(what, error);
      throw isTimeout(error) ? silentKubelet(what, timeoutMs, error) : error;
    }
  }

  /** Lists everything, translating each item at once so that its page can go. */
  async list<T>(task: ListTask<T>): Promise<Listed<T>> {
    const { what, path, kind, query = {}, translate, most = MAX_ITEMS } = task;
    let items: T[] = [];
    let serverTime: Instant | null = null;
    const request = { path, query, what, kind, limit: this.#chunkSize, signal: this.#signal };
    for await (const page of listPages(this.#transport, request)) {
      if (page.restarted) items = [];
      serverTime = page.serverTime;
      for (const item of page.items) {
        const translated = translate(item);
        if (translated !== null) items.push(translated);
      }
      if (items.length >= most) return { items: items.slice(0, most), serverTime, cut: true };
    }
    return { items, serverTime, cut: false };
  }
}

/** The API server refuses with a Status object; a 401 or 403 without one came from behind it, and says nothing of the user. */
function isKubeletsRefusal(error: unknown): error is ClusterError {
  return (
    error instanceof ClusterError &&
    (error.reason === 'unauthorized' || error.reason === 'forbidden') &&
    error.apiStatus === undefined
  );
}

function refusedByKubelet(what: string, error: ClusterError): ClusterError {
  return new ClusterError('server', `cannot ${what}: the kubelet refuses the API server (${error.status})`, {
    hint: "check the kubelet's authentication and authorization, and the API server's kubelet client certificate",
    cause: error,
    status: error.status,
  });
}

function isTimeout(error: unknown): error is ClusterError {
  return error instanceof ClusterError && error.reason === 'timeout';
}

function silentKubelet(what: string, timeoutMs: number, error: ClusterError): ClusterError {
  return new ClusterError('timeout', `cannot ${what}: no answer of the kubelet within ${timeoutMs / 1000} s`, {
    hint: 'is the node up, and its kubelet? A slow one may need a longer --kubelet-timeout',
    cause: error,
  });
}

/** The lists that several readers read. */
export const LISTS = {
  nodes: (selector: string | null) => ({
    what: 'list nodes',
    kind: 'NodeList',
    path: '/api/v1/nodes',
    query: { labelSelector: selector ?? undefined },
  }),
  leases: {
    what: 'list leases in namespace kube-node-lease',
    kind: 'LeaseList',
    path: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
  },
  // status.reason is no field selector; the phase is the closest the server can do.
  failedPods: {
    what: 'list pods',
    kind: 'PodList',
    path: '/api/v1/pods',
    query: { fieldSelector: 'status.phase=Failed' },
  },
  events: (fieldSelector: string) => ({
    what: 'list events',
    kind: 'EventList',
    path: '/api/v1/events',
    query: { fieldSelector },
    most: MAX_EVENTS,
  }),
} as const;
