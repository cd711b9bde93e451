import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { TestCertificate } from './certificates.ts';

/** A request as the stub saw it. */
export interface SeenRequest {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** A number for each connection, from 1. */
  readonly connection: number;
  /** The common name of the client certificate, where there is one. */
  readonly clientName: string | undefined;
}

/** What the stub does with one request. */
export interface StubAnswer {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: http.OutgoingHttpHeaders;
  /** An object is sent as JSON. @default empty */
  readonly body?: unknown;
  readonly gzip?: boolean;
  /** Answers only when this resolves. */
  readonly after?: Promise<unknown>;
  /**
   * `before`: cut without an answer; `middle`: cut after half of the body; `reset`: a TCP reset without an answer; `never`: no
   * answer at all; `stall`: headers and half of the body, then nothing.
   */
  readonly fault?: 'before' | 'middle' | 'reset' | 'never' | 'stall';
}

/** Which requests a route takes, and its answers. */
export interface StubRoute {
  readonly method?: string;
  /** Exact path without query, or a pattern for path and query. */
  readonly path: string | RegExp;
  /** In turn; the last one again and again. A function sees the request. */
  readonly answers: readonly (StubAnswer | ((request: SeenRequest) => StubAnswer))[];
}

export interface HttpStub {
  readonly url: string;
  readonly port: number;
  /** In order of arrival. */
  readonly requests: readonly SeenRequest[];
  /** Connections that are open now. */
  openConnections(): number;
  close(): Promise<void>;
}

export interface StubOptions {
  readonly tls?: TestCertificate & { readonly clientAuthority?: string; readonly requireClient?: boolean };
}

/**
 * A real HTTP(S) server on a loopback port that gives prepared answers. It ends with the test, and fails it when a request came
 * that no route takes. Must be called inside a test.
 */
export async function startStub(routes: readonly StubRoute[], options: StubOptions = {}): Promise<HttpStub> {
  const requests: SeenRequest[] = [];
  const unexpected: string[] = [];
  const sockets = new Map<Socket, number>();
  const used = new Map<StubRoute, number>();
  let connections = 0;

  const answerFor = (seen: SeenRequest): StubAnswer => {
    const route = routes.find(candidate => takes(candidate, seen));
    if (route === undefined) {
      unexpected.push(`${seen.method} ${seen.url}`);
      return { status: 599, body: 'unexpected request' };
    }
    const turn = used.get(route) ?? 0;
    used.set(route, turn + 1);
    const answer = route.answers[Math.min(turn, route.answers.length - 1)]!;
    return typeof answer === 'function' ? answer(seen) : answer;
  };

  const listener: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const seen: SeenRequest = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        connection: sockets.get(request.socket) ?? 0,
        clientName: clientName(request.socket),
      };
      requests.push(seen);
      const answer = answerFor(seen);
      void (answer.after ?? Promise.resolve()).then(() => send(request, response, answer));
    });
  };

  const { tls } = options;
  const server =
    tls === undefined
      ? http.createServer(listener)
      : https.createServer(
          {
            cert: tls.cert,
            key: tls.key,
            ...(tls.clientAuthority === undefined
              ? {}
              : { ca: tls.clientAuthority, requestCert: true, rejectUnauthorized: tls.requireClient ?? false }),
          },
          listener,
        );
  const track = (socket: Socket): void => {
    connections += 1;
    sockets.set(socket, connections);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  };
  server.on(tls === undefined ? 'connection' : 'secureConnection', track);
  const raw = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    raw.add(socket);
    socket.once('close', () => raw.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise(resolve => server.close(resolve));
    server.closeAllConnections();
    for (const socket of [...sockets.keys(), ...raw]) socket.destroy();
    await closed;
  };
  onTestFinished(async () => {
    await close();
    if (unexpected.length > 0) throw new Error(`unexpected requests: ${unexpected.join(', ')}`);
  });
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    openConnections: () => sockets.size,
    close,
  };
}

function takes(route: StubRoute, seen: SeenRequest): boolean {
  if (route.method !== undefined && route.method !== seen.method) return false;
  return typeof route.path === 'string' ? seen.url.split('?')[0] === route.path : route.path.test(seen.url);
}

function clientName(socket: Socket): string | undefined {
  if (!('getPeerCertificate' in socket)) return undefined;
  const certificate = (socket as Socket & { getPeerCertificate(): { subject?: { CN?: string } } }).getPeerCertificate();
  return certificate.subject?.CN;
}

function send(request: http.IncomingMessage, response: http.ServerResponse, answer: StubAnswer): void {
  if (answer.fault === 'never' || request.socket.destroyed) return;
  if (answer.fault === 'before') {
    request.socket.destroy();
    return;
  }
  if (answer.fault === 'reset') {
    request.socket.resetAndDestroy();
    return;
  }
  const isText = typeof answer.body === 'string' || Buffer.isBuffer(answer.body);
  const plain =
    answer.body === undefined
      ? Buffer.alloc(0)
      : Buffer.from(isText ? (answer.body as string) : JSON.stringify(answer.body));
  const bytes = answer.gzip ? gzipSync(plain) : plain;
  response.writeHead(answer.status ?? 200, {
    ...(isText || answer.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(answer.gzip ? { 'content-encoding': 'gzip' } : {}),
    'content-length': bytes.length,
    ...answer.headers,
  });
  if (answer.fault === undefined) {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => {
    if (answer.fault === 'middle') request.socket.destroy();
  });
}
