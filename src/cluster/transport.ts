import { ClusterError } from '../errors.ts';
import { sleep } from '../sleep.ts';
import { type Connections, openConnections, type PublicTrust } from './agent.ts';
import {
  type ErrorContext,
  errorFromAnswer,
  errorFromFailure,
  isUnknownAuthority,
  malformedAnswer,
} from './api-error.ts';
import type { Environment, Target } from './connection.ts';
import { type Credential, type CredentialSource, createCredentialSource } from './credentials.ts';
import { type Answer, type Call, ExchangeError, exchange, type Opened, openExchange } from './exchange.ts';
import { chooseProxy, type ProxyServer } from './proxy.ts';
import { MAX_RETRIES, retryDelay } from './retry.ts';
import { Slots } from './slots.ts';

/** One request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Already encoded, starts with a slash; relative to the server's URL. */
  readonly path: string;
  /** Encoded here; undefined entries are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Sent as JSON, with its length (also with DELETE). */
  readonly body?: unknown;
  /** @default application/json */
  readonly accept?: string | undefined;
  /** @default application/json; a PATCH needs its own */
  readonly contentType?: string | undefined;
  /** Connect, headers and body of one attempt, in milliseconds; 0 = none. @default the transport's */
  readonly timeoutMs?: number | undefined;
  /** Largest 2xx body taken, after decompression; of others the first MiB is read. @default 256 MiB */
  readonly maxBytes?: number | undefined;
  /**
   * `api`: 429, 5xx and broken connections are retried, at most 5 times, as the server asks (capped at 30 s).
   * A request that may have run already is repeated only when that is harmless: GET, PUT, DELETE, or `idempotent`.
   * `never`: nodes/proxy and whatever must be asked once.
   * @default api
   */
  readonly retry?: 'api' | 'never' | undefined;
  /** A POST or PATCH that may be repeated (a SelfSubjectAccessReview). @default false */
  readonly idempotent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** No further attempt once this fires, while the one that runs may end: how a write stops without leaving a doubt behind. */
  readonly noMore?: AbortSignal | undefined;
  /** Told of each attempt that failed and will be repeated. */
  readonly onRetry?: ((error: Error) => void) | undefined;
  /** For sentences: "list nodes", "delete pod ns/name". */
  readonly what: string;
}

/** A GET whose answer is read as it comes: a watch. Sent once, never retried; holds no place among the other requests. */
export interface StreamRequest {
  readonly path: string;
  readonly query?: ApiRequest['query'];
  /** Until the headers are there, in milliseconds; 0 = none. @default the transport's */
  readonly timeoutMs?: number | undefined;
  /** From the headers until the last byte, in milliseconds; 0 = none. @default 0 */
  readonly maxMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For sentences: "watch pods". */
  readonly what: string;
}

/** A 2xx answer that is still coming. */
export interface ApiStream {
  /** The `Date` header in milliseconds since the epoch; null: none, or more than a day ahead of our own clock. */
  readonly serverTime: number | null;
  /** Leaving the loop ends the request. @throws ClusterError when it breaks off; CancelledError when the signal fired. */
  readonly chunks: AsyncGenerator<Buffer, void, undefined>;
}

/** A 2xx answer. */
export interface ApiResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** Parses the body anew at each call. @throws ClusterError `server` when it is not whole, valid JSON. */
  json(): unknown;
  /** The `Date` header in milliseconds since the epoch; null: none, or more than a day ahead of our own clock. */
  readonly serverTime: number | null;
}

/** The one way to a cluster. */
export interface Transport {
  readonly target: Target;
  /** @throws ClusterError for every answer but 2xx, and for no answer; CancelledError when the signal fired. */
  request(request: ApiRequest): Promise<ApiResponse>;
  /** @throws ClusterError for every answer but 2xx, and for no answer; CancelledError when the signal fired. */
  stream(request: StreamRequest): Promise<ApiStream>;
  /** Ends kept connections and running requests. */
  close(): void;
}

export interface TransportOptions {
  readonly environment: Environment;
  /** Requests at a time; more wait in line (waiting is not counted as time-out). @default 8 */
  readonly maxSockets?: number | undefined;
  /** Default for every request; 0 = none. @default the target's --request-timeout, else 60 s */
  readonly requestTimeoutMs?: number | undefined;
  /** Told before each wait for another attempt, in milliseconds; not of requests with an `onRetry` of their own. */
  readonly onWait?: ((error: Error, ms: number) => void) | undefined;
  /** For tests: how to wait between attempts, and the jitter (0 to 1). */
  readonly sleep?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  readonly random?: (() => number) | undefined;
}

/**
 * Makes the transport of a target. Nothing is sent, run or read yet.
 *
 * @throws ClusterError `config` for an unusable proxy address.
 */
export async function createTransport(target: Target, options: TransportOptions): Promise<Transport> {
  return new HttpTransport(target, options);
}

const DEFAULT_SOCKETS = 8;
const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
/** A `Date` further ahead of our own clock is not believed: it would make everything old, or look fresh for ever. */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;
const retriedStatuses: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** Why an attempt failed, and whether another may follow. */
interface Failed {
  readonly error: Error;
  readonly again: boolean;
}

class HttpTransport implements Transport {
  readonly target: Target;
  readonly #options: TransportOptions;
  readonly #server: URL;
  readonly #proxy: ProxyServer | null;
  readonly #credentials: CredentialSource;
  readonly #slots: Slots;
  readonly #closing = new AbortController();
  #trust: PublicTrust = 'bundled';
  #connections: Connections | undefined;
  #connectedWith: Credential['tls'] | undefined;
  /** The server has answered before: a refused connection is then a restart, not a wrong address. */
  #hasAnswered = false;

  constructor(target: Target, options: TransportOptions) {
    this.target = target;
    this.#options = options;
    this.#server = new URL(target.server);
    this.#proxy = chooseProxy(this.#server, target.access().proxyUrl, options.environment.env);
    this.#credentials = createCredentialSource(target, options.environment);
    this.#slots = new Slots(options.maxSockets ?? DEFAULT_SOCKETS);
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    const signal = this.#signalOf(request);
    for (let retry = 0; ; retry += 1) {
      const outcome = await this.#attempt(request, signal);
      if (!('error' in outcome)) return outcome;
      if (!outcome.again || retry >= MAX_RETRIES || request.noMore?.aborted) throw outcome.error;
      const asked = outcome.error instanceof ClusterError ? outcome.error.retryAfterSeconds : undefined;
      const ms = retryDelay(retry, asked, (this.#options.random ?? Math.random)());
      if (request.onRetry === undefined) this.#options.onWait?.(outcome.error, ms);
      else request.onRetry(outcome.error);
      const waiting = request.noMore === undefined ? signal : AbortSignal.any([signal, request.noMore]);
      try {
        await (this.#options.sleep ?? sleep)(ms, waiting);
      } catch (error) {
        throw request.noMore?.aborted && !signal.aborted ? outcome.error : error;
      }
    }
  }

  async stream(request: StreamRequest): Promise<ApiStream> {
    const signal = this.#signalOf(request);
    let used: Credential | undefined;
    try {
      used = await this.#credentials.get(signal);
      let opened = await this.#openStream(request, used, signal);
      if (opened.status === 401 && this.#credentials.renew(used)) {
        used = await this.#credentials.get(signal);
        opened = await this.#openStream(request, used, signal);
      }
      const context = this.#errorContext(request, used);
      if (!('chunks' in opened)) throw errorFromAnswer(context, opened);
      return { serverTime: serverTimeOf(opened, context.now), chunks: translated(opened.chunks, context) };
    } catch (error) {
      throw error instanceof ExchangeError ? errorFromFailure(this.#errorContext(request, used), error) : error;
    }
  }

  close(): void {
    this.#closing.abort();
    this.#credentials.close();
    this.#connections?.destroy();
  }

  #signalOf(request: { readonly signal?: AbortSignal | undefined }): AbortSignal {
    return request.signal === undefined
      ? this.#closing.signal
      : AbortSignal.any([request.signal, this.#closing.signal]);
  }

  async #attempt(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse | Failed> {
    const release = await this.#slots.take(signal);
    try {
      let credential = await this.#credentials.get(signal);
      let answer = await this.#send(request, credential, signal);
      // A refused request has not run: even a POST may be sent again.
      // What is asked once may be refused by whoever stands behind the API server: no reason for another log-in.
      if (answer.status === 401 && wantsRetry(request) && this.#credentials.renew(credential)) {
        credential = await this.#credentials.get(signal);
        answer = await this.#send(request, credential, signal);
      }
      return this.#judge(request, credential, answer);
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      return {
        error: errorFromFailure(this.#errorContext(request), error),
        again: this.#mayRepeatFailure(request, error),
      };
    } finally {
      release();
    }
  }

  #judge(request: ApiRequest, credential: Credential, answer: Answer): ApiResponse | Failed {
    const context = this.#errorContext(request, credential);
    if (answer.status >= 200 && answer.status < 300) return toResponse(context, answer);
    // Throttling is decided before a request runs; a 5xx may come after it has.
    const again =
      wantsRetry(request) && retriedStatuses.has(answer.status) && (answer.status === 429 || isRepeatable(request));
    return { error: errorFromAnswer(context, answer), again };
  }

  #mayRepeatFailure(request: ApiRequest, failure: ExchangeError): boolean {
    if (!wantsRetry(request)) return false;
    if (failure.kind === 'cut') return isRepeatable(request);
    const code = (failure.cause as NodeJS.ErrnoException | undefined)?.code;
    if (failure.kind !== 'network') return false;
    if (code === 'ECONNREFUSED') return this.#hasAnswered;
    return (code === 'ECONNRESET' || code === 'EPIPE') && (isRepeatable(request) || !failure.mayHaveRun);
  }

  #send(request: ApiRequest, credential: Credential, signal: AbortSignal): Promise<Answer> {
    return this.#trusting(credential, () => exchange(this.#call(request, credential, signal)));
  }

  #openStream(request: StreamRequest, credential: Credential, signal: AbortSignal): Promise<Opened> {
    const { path, query, timeoutMs, what } = request;
    const asked: ApiRequest = { method: 'GET', path, query, timeoutMs, what };
    return this.#trusting(credential, () => {
      const call = this.#call(asked, credential, signal);
      // A compressed stream holds back what is too little to compress.
      const headers = { ...call.headers, 'accept-encoding': 'identity' };
      return openExchange({ ...call, headers }, request.maxMs ?? 0);
    });
  }

  async #trusting<T>(credential: Credential, sendOnce: () => Promise<T>): Promise<T> {
    try {
      const answer = await sendOnce();
      this.#hasAnswered = true;
      return answer;
    } catch (error) {
      const mayHelp = error instanceof ExchangeError && isUnknownAuthority(error);
      if (!mayHelp || this.#trust === 'system' || credential.tls.ca !== undefined) throw error;
      // Reading the system's store costs a tenth of a second, so only who needs it pays.
      this.#trust = 'system';
      this.#drop();
      const answer = await sendOnce();
      this.#hasAnswered = true;
      return answer;
    }
  }

  #call(request: ApiRequest, credential: Credential, signal: AbortSignal): Call {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    return {
      server: this.#server,
      connections: this.#connect(credential),
      method: request.method,
      path: this.#path(request),
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': this.#options.environment.userAgent,
        ...(body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
        ...credential.headers,
      },
      body,
      timeoutMs:
        request.timeoutMs ?? this.#options.requestTimeoutMs ?? this.target.requestTimeoutMs ?? DEFAULT_TIMEOUT_MS,
      maxBytes: request.maxBytes ?? DEFAULT_MAX_BYTES,
      signal,
    };
  }

  /** One set of connections, until the certificates change. */
  #connect(credential: Credential): Connections {
    if (this.#connections !== undefined && sameMaterial(this.#connectedWith, credential.tls)) return this.#connections;
    this.#drop();
    this.#connections = openConnections(this.#server, credential.tls, this.#proxy, this.#trust);
    this.#connectedWith = credential.tls;
    return this.#connections;
  }

  #drop(): void {
    this.#connections?.retire();
    this.#connections = undefined;
  }

  #path(request: ApiRequest): string {
    const query = Object.entries(request.query ?? {}).filter(([, value]) => value !== undefined);
    const prefix = this.#server.pathname === '/' ? '' : this.#server.pathname;
    const path = `${prefix}${request.path}`;
    return query.length === 0
      ? path
      : `${path}?${new URLSearchParams(query.map(([key, value]) => [key, String(value)])).toString()}`;
  }

  #errorContext(request: { readonly what: string }, credential?: Credential): ErrorContext {
    return {
      what: request.what,
      server: this.target.server,
      credential: this.target.credential,
      clientCertificate: (credential?.tls ?? this.#connectedWith)?.cert,
      now: this.#options.environment.now(),
    };
  }
}

function toResponse(context: ErrorContext, answer: Answer): ApiResponse {
  return {
    status: answer.status,
    headers: answer.headers,
    text: answer.text,
    // A date takes long to parse, and of most answers nobody asks for it.
    get serverTime() {
      return serverTimeOf(answer, context.now);
    },
    json: () => {
      try {
        return JSON.parse(answer.text) as unknown;
      } catch {
        throw malformedAnswer(context, answer);
      }
    },
  };
}

function serverTimeOf(answer: Pick<Answer, 'headers'>, now: number): number | null {
  const date = Date.parse(answer.headers.date ?? '');
  return Number.isNaN(date) || date > now + MAX_AHEAD_MS ? null : date;
}

/** The same bytes, with errors that say what they mean. */
async function* translated(
  chunks: AsyncGenerator<Buffer, void, undefined>,
  context: ErrorContext,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* chunks;
  } catch (error) {
    throw error instanceof ExchangeError ? errorFromFailure(context, error) : error;
  }
}

function wantsRetry(request: ApiRequest): boolean {
  return request.retry !== 'never';
}

function isRepeatable(request: ApiRequest): boolean {
  return request.idempotent === true || (request.method !== 'POST' && request.method !== 'PATCH');
}

function sameMaterial(a: Credential['tls'] | undefined, b: Credential['tls']): boolean {
  return a === b || (a !== undefined && same(a.ca, b.ca) && same(a.cert, b.cert) && same(a.key, b.key));
}

function same(a: string | Buffer | undefined, b: string | Buffer | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.toString() === b.toString());
}
