import type http from 'node:http';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Connections } from './agent.ts';
import { hostOf, portOf } from './proxy.ts';

/** Nobody explains a refusal at greater length, in bytes; what goes on is cut there, for its status says enough. */
export const MAX_REFUSAL_BYTES = 1024 * 1024;

/** One HTTP request, ready to send. */
export interface Call {
  readonly server: URL;
  readonly connections: Connections;
  readonly method: string;
  /** With the server's own path prefix and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer | undefined;
  /** From the start until the last byte; 0 = none. */
  readonly timeoutMs: number;
  /** After decompression; of an answer that is not 2xx, only the first {@link MAX_REFUSAL_BYTES} are taken. */
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** A whole answer, of any status. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Why there is no whole answer: `network` (see the cause's code), `cut` (it broke off in the middle), `garbled` (the compressed
 * body is broken), `timeout`, `too-large`, `cancelled`.
 */
export type FailureKind = 'network' | 'cut' | 'garbled' | 'timeout' | 'too-large' | 'cancelled';

/** No whole answer. */
export class ExchangeError extends Error {
  readonly kind: FailureKind;
  /** The request may have reached the server. */
  readonly mayHaveRun: boolean;
  readonly limit: number;

  constructor(kind: FailureKind, mayHaveRun: boolean, limit: number, cause?: unknown) {
    super(kind, { cause });
    this.kind = kind;
    this.mayHaveRun = mayHaveRun;
    this.limit = limit;
  }
}

/** Sends one request and takes the whole answer. @throws ExchangeError only. */
export async function exchange(call: Call): Promise<Answer> {
  const running = new Running(call);
  try {
    const response = await running.headers();
    return { status: response.statusCode ?? 0, headers: response.headers, text: await running.body(response) };
  } finally {
    running.end();
  }
}

/** A 2xx answer that is still coming, or a whole answer of another status. */
export type Opened =
  | Answer
  | { readonly status: number; readonly headers: IncomingHttpHeaders; readonly chunks: Chunks };

/** The bytes of an answer as they come. Leaving the loop ends the request. @throws ExchangeError only. */
export type Chunks = AsyncGenerator<Buffer, void, undefined>;

/**
 * Sends one request whose answer is read as it comes (a watch). `timeoutMs` counts until the headers are there, `maxMs` from then
 * until the last byte (0: no limit). @throws ExchangeError only.
 */
export async function openExchange(call: Call, maxMs: number): Promise<Opened> {
  const running = new Running(call);
  try {
    const response = await running.headers();
    const { statusCode: status = 0, headers } = response;
    if (isRefusal(response)) {
      const text = await running.body(response);
      running.end();
      return { status, headers, text };
    }
    running.limit(maxMs);
    return { status, headers, chunks: running.chunks(response) };
  } catch (error) {
    running.end();
    throw error;
  }
}

class Running {
  readonly #call: Call;
  readonly #request: http.ClientRequest;
  #timer: NodeJS.Timeout | undefined;
  readonly #onAbort = (): void => this.#stop('cancelled');
  #established = false;
  #failure: ExchangeError | undefined;
  #fail: ((error: ExchangeError) => void) | undefined;

  constructor(call: Call) {
    this.#call = call;
    this.#request = open(call);
    this.#timer = call.timeoutMs > 0 ? setTimeout(() => this.#stop('timeout'), call.timeoutMs) : undefined;
    call.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Resolves with the status line and headers. */
  headers(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      const request = this.#request;
      request.on('error', error => this.#failed(error));
      request.once('socket', socket => {
        if (!socket.connecting) this.#established = true;
        else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => (this.#established = true));
      });
      request.once('response', resolve);
      if (this.#call.signal?.aborted) this.#stop('cancelled');
      else request.end(this.#call.body);
    });
  }

  body(response: IncomingMessage): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      if (this.#failure !== undefined) return reject(this.#failure);
      const source = this.#decoded(response);
      const chunks: Buffer[] = [];
      let size = 0;
      const whole = (): void => resolve(Buffer.concat(chunks).toString('utf8'));
      const isCut = isRefusal(response);
      const most = isCut ? MAX_REFUSAL_BYTES : this.#call.maxBytes;
      source.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= most) chunks.push(chunk);
        else if (isCut) {
          whole();
          this.#request.destroy();
        } else this.#stop('too-large');
      });
      source.once('end', whole);
      response.once('error', error => this.#failed(error, 'cut'));
    });
  }

  /** A new time limit from now on; 0: none. */
  limit(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = ms > 0 ? setTimeout(() => this.#stop('timeout'), ms) : undefined;
    // A peer that vanished without a word is noticed within half a minute.
    this.#request.socket?.setKeepAlive(true, 15_000);
  }

  async *chunks(response: IncomingMessage): Chunks {
    const source = this.#decoded(response);
    this.#fail = error => source.destroy(error);
    try {
      if (this.#failure !== undefined) throw this.#failure;
      for await (const chunk of source) yield chunk as Buffer;
    } catch (error) {
      this.#failed(error, 'cut');
      throw this.#failure ?? error;
    } finally {
      this.#request.destroy();
      this.end();
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#call.signal?.removeEventListener('abort', this.#onAbort);
  }

  #decoded(response: IncomingMessage): Readable {
    if (response.headers['content-encoding'] !== 'gzip') return response;
    const gunzip = createGunzip();
    gunzip.once('error', error => this.#failed(error, 'garbled'));
    return response.pipe(gunzip);
  }

  #stop(kind: FailureKind): void {
    this.#failed(undefined, kind);
    this.#request.destroy();
  }

  #failed(cause: unknown, kind: FailureKind = 'network'): void {
    if (this.#failure !== undefined) return;
    const limit = kind === 'too-large' ? this.#call.maxBytes : this.#call.timeoutMs;
    this.#failure = new ExchangeError(kind, this.#established || this.#request.reusedSocket, limit, cause);
    this.#request.destroy();
    this.#fail?.(this.#failure);
  }
}

function isRefusal({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode < 200 || statusCode > 299;
}

function open(call: Call): http.ClientRequest {
  const { server, connections, method } = call;
  const secure = server.protocol === 'https:';
  const headers: Record<string, string | string[] | number> = { host: server.host, 'accept-encoding': 'gzip' };
  for (const [name, value] of Object.entries(call.headers))
    headers[name] = typeof value === 'string' ? value : [...value];
  // Node adds no length to the body of a DELETE, and the server would take that body for the next request.
  if (call.body !== undefined) headers['content-length'] = call.body.length;
  else if (method !== 'GET' && method !== 'DELETE') headers['content-length'] = 0;
  const { forward, agent } = connections;
  if (forward !== undefined) {
    if (forward.authorization !== undefined) headers['proxy-authorization'] = forward.authorization;
    const send = forward.secure ? httpsRequest : httpRequest;
    return send({
      method,
      headers,
      agent,
      host: forward.host,
      port: forward.port,
      path: `${server.origin}${call.path}`,
    });
  }
  const send = secure ? httpsRequest : httpRequest;
  return send({ method, headers, agent, host: hostOf(server), port: portOf(server), path: call.path });
}
