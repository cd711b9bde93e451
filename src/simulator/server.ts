import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { TLSSocket } from 'node:tls';
import { type ApiContext, type ApiRequest, type BodyReply, failureReply, type Reply } from './api.ts';
import { Authenticator, DEFAULT_USERS, type SimulatedUser, tokenOf, type User } from './auth.ts';
import { type Authority, createAuthority, type Identity } from './certificates.ts';
import { realClock } from './clock.ts';
import { type ClusterWorld, createCluster } from './cluster.ts';
import { dispatch } from './dispatch.ts';
import { type FaultDecision, FaultInjector } from './faults.ts';
import { replacement, sendBody, sendStream } from './http-writer.ts';
import { renderKubeconfig } from './kubeconfig.ts';
import type { NodeAgent } from './node-agent.ts';
import { seededRandom } from './random.ts';
import { parseRequestInfo } from './request-info.ts';
import { RequestLog, type RequestRecord, type SimulatorStats } from './request-log.ts';
import type { SimulatedVersion } from './resources.ts';
import type { KubeconfigOptions, Simulator, SimulatorOptions } from './simulator.ts';
import { ApiFailure, badRequest, unauthorized } from './status.ts';

/** Starts a simulated API server. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const server = new SimulatorServer(options);
  await server.start();
  return server;
}

/** A larger body is refused, as by kube-apiserver. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

class SimulatorServer implements Simulator {
  readonly cluster: ClusterWorld;
  readonly version: SimulatedVersion;
  readonly faults: FaultInjector;
  readonly #authority: Authority | undefined;
  readonly #server: Server;
  readonly #users: readonly SimulatedUser[];
  readonly #authenticator: Authenticator;
  readonly #context: ApiContext;
  readonly #agents = new Map<string, NodeAgent>();
  readonly #log: RequestLog;
  readonly #sockets = new Set<Socket>();
  #peakSockets = 0;
  #port: number;
  #utilization = performance.eventLoopUtilization();

  constructor(options: SimulatorOptions) {
    this.cluster = options.cluster ?? createCluster({ clock: realClock() });
    this.version = options.version ?? '1.36';
    this.faults = new FaultInjector(seededRandom(options.seed ?? 1));
    for (const rule of options.faults ?? []) this.faults.add(rule);
    this.#users = options.users ?? DEFAULT_USERS;
    this.#authenticator = new Authenticator(this.#users);
    this.#log = new RequestLog(options.keepRequests ?? 20_000);
    this.#port = options.port ?? 0;
    this.#context = {
      cluster: this.cluster,
      version: this.version,
      timers: options.timers ?? realClock(),
      agents: this.#agents,
      kubeletHangMs: options.kubeletHangMs ?? 10_000,
      bookmarkMs: options.bookmarkMs ?? 60_000,
    };
    this.#authority = options.tls === false ? undefined : createAuthority();
    this.#server = this.#createServer();
  }

  get url(): string {
    return `${this.#authority === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  get authority(): string | undefined {
    return this.#authority?.certificate;
  }

  get requests(): readonly RequestRecord[] {
    return this.#log.records;
  }

  setAgent(nodeName: string, agent: NodeAgent | undefined): void {
    if (agent === undefined) this.#agents.delete(nodeName);
    else this.#agents.set(nodeName, agent);
  }

  certificateFor(user: string): Identity {
    if (this.#authority === undefined) throw new RangeError('client certificates need TLS');
    return this.#authority.issueClient(user, this.#user(user)?.groups ?? []);
  }

  tokenFor(user: string): string {
    const known = this.#user(user);
    if (known === undefined) throw new RangeError(`no user ${user}`);
    return tokenOf(known);
  }

  kubeconfigFor(user: string, options: KubeconfigOptions = {}): string {
    const { auth = 'token', namespace } = options;
    const credentials =
      auth === 'none'
        ? ({ none: true } as const)
        : auth === 'certificate'
          ? this.certificateFor(user)
          : { token: this.tokenFor(user) };
    return renderKubeconfig({ server: this.url, authority: this.authority, user, credentials, namespace });
  }

  async restart(): Promise<void> {
    await this.stop();
    this.cluster.store.dropHistory();
    await this.start();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const address = this.#server.address();
    if (isAddressInfo(address)) this.#port = address.port;
  }

  compact(): void {
    this.cluster.store.compact();
    this.cluster.store.dropHistory();
  }

  stats(): SimulatorStats {
    const busy = performance.eventLoopUtilization(this.#utilization).utilization;
    return { ...this.#log.counts(), openSockets: this.#sockets.size, peakSockets: this.#peakSockets, busy };
  }

  resetStats(): void {
    this.#log.reset();
    this.#peakSockets = this.#sockets.size;
    this.#utilization = performance.eventLoopUtilization();
  }

  close(): Promise<void> {
    return this.stop();
  }

  #user(name: string): SimulatedUser | undefined {
    return this.#users.find(user => user.name === name);
  }

  #createServer(): Server {
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch(() => response.destroy());
    };
    const server = this.#authority === undefined ? createHttp(listener) : this.#createTls(this.#authority, listener);
    // A real API server keeps idle connections for minutes; a short time here would cut clients that reuse them.
    server.keepAliveTimeout = 180_000;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      this.#peakSockets = Math.max(this.#peakSockets, this.#sockets.size);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    return server;
  }

  #createTls(authority: Authority, listener: (request: IncomingMessage, response: ServerResponse) => void): Server {
    const { certificate, key } = authority.issueServer();
    const tls = { cert: certificate, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false };
    return createHttps(tls, listener);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The server lives in the cluster's time, which may not be the machine's.
    response.setHeader('Date', new Date(this.cluster.clock.now()).toUTCString());
    const { headers, method = 'GET', url = '/' } = request;
    const [path = '/', ...rest] = url.split('?');
    const query = new URLSearchParams(rest.join('?'));
    const body = await readBody(request);
    const info = parseRequestInfo(method, path, query);
    if (info === undefined || body === undefined) {
      await sendBody(request, response, refusal(info === undefined), undefined);
      return;
    }
    const caller = this.#identify(request);
    const user = 'name' in caller ? caller.name : undefined;
    const decision = this.faults.decide({ method, info, query, user });
    const end = this.#log.begin({
      method,
      url,
      info,
      user,
      userAgent: headers['user-agent'],
      body: body.subarray(0, 16 * 1024).toString('utf8'),
      faulted: decision.fault !== undefined || decision.delayMs > 0,
    });
    response.once('close', () => end(response.headersSent ? response.statusCode : 0, 0));
    const produce = (): Reply => {
      if (caller instanceof ApiFailure) return failureReply(caller.failure);
      return this.#answer({ method, info, query, headers, body, user: caller });
    };
    await this.#respond(request, response, decision, produce, end);
  }

  async #respond(
    request: IncomingMessage,
    response: ServerResponse,
    { delayMs, fault }: FaultDecision,
    produce: () => Reply,
    end: (status: number, bytes: number) => void,
  ): Promise<void> {
    if (delayMs > 0) await this.#wait(response, delayMs);
    if (response.destroyed || fault?.type === 'hang') return;
    if (fault?.type === 'cut') {
      response.destroy();
      return;
    }
    let reply = replacement(fault) ?? produce();
    if (reply.type === 'delayed') {
      await this.#wait(response, reply.afterMs);
      if (response.destroyed) return;
      reply = reply.reply;
    }
    if (reply.type === 'stream') sendStream(response, reply, fault, bytes => end(reply.status, bytes));
    else end(reply.status, await sendBody(request, response, reply, fault));
  }

  #answer(request: ApiRequest): Reply {
    try {
      return dispatch(this.#context, request);
    } catch (error) {
      if (error instanceof ApiFailure) return failureReply(error.failure);
      throw error;
    }
  }

  /** Waits on the timers' clock, or until the client has gone. */
  #wait(response: ServerResponse, ms: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = ms === Infinity ? () => {} : this.#context.timers.after(ms, resolve);
      response.once('close', () => {
        cancel();
        resolve();
      });
    });
  }

  #identify({ headers, socket }: IncomingMessage): User | ApiFailure {
    try {
      return this.#authenticator.authenticate(headers, certificateName(socket));
    } catch (error) {
      if (error instanceof ApiFailure) return error;
      throw error;
    }
  }
}

function certificateName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return undefined;
  // A certificate of somebody else's authority is worse than none.
  if (!socket.authorized) throw unauthorized();
  return Array.isArray(subject.CN) ? subject.CN[0] : subject.CN;
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    // What is too large is still read, so that the client gets the answer instead of a reset.
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

function refusal(badPath: boolean): BodyReply {
  if (badPath) return failureReply(badRequest('invalid path').failure);
  const message = `Request entity too large: limit is ${MAX_BODY_BYTES}`;
  return failureReply({ code: 413, message, reason: 'RequestEntityTooLarge', details: {} });
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
