import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { hostOf, type ProxyServer, portOf } from './proxy.ts';

/** A proxy that cannot be reached or will not connect; the message names no credential. */
export class ProxyError extends Error {
  readonly code = 'EPROXY';
  /** What the user can try. */
  readonly hint: string;

  constructor(message: string, hint = 'check proxy-url of the kubeconfig, or HTTPS_PROXY and NO_PROXY') {
    super(message);
    this.hint = hint;
  }
}

/** Where a tunnel leads, and what limits its making. */
export interface TunnelOptions {
  readonly host: string;
  readonly port: number;
  /** PEM certificates to trust when the proxy itself is https. */
  readonly ca: readonly (string | Buffer)[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Opens a TCP connection to a host through a proxy: CONNECT for http and https, RFC 1928 for socks5 (names are resolved by the proxy).
 *
 * @throws ProxyError
 */
export async function openTunnel(proxy: ProxyServer, options: TunnelOptions): Promise<net.Socket> {
  return proxy.url.protocol.startsWith('socks') ? await openSocks(proxy, options) : await openConnect(proxy, options);
}

/** The Proxy-Authorization header of a proxy URL with credentials; undefined without. */
export function proxyAuthorization(proxy: ProxyServer): string | undefined {
  const { username, password } = proxy.url;
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64')}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function openConnect(proxy: ProxyServer, options: TunnelOptions): Promise<net.Socket> {
  const target = `${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`;
  const authorization = proxyAuthorization(proxy);
  const secure = proxy.url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request({
      method: 'CONNECT',
      host: hostOf(proxy.url),
      port: portOf(proxy.url),
      path: target,
      headers: { host: target, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) },
      agent: false,
      signal: options.signal,
      ...(secure ? { ca: [...options.ca], rejectUnauthorized: true } : {}),
    });
    const timer = setTimeout(() => request.destroy(new Error('no answer in time')), options.timeoutMs);
    request.once('connect', (response, socket, head) => {
      clearTimeout(timer);
      if (response.statusCode !== 200) {
        socket.destroy();
        reject(refusedByProxy(proxy, response.statusCode ?? 0));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket as net.Socket);
    });
    request.once('response', response => {
      clearTimeout(timer);
      request.destroy();
      reject(refusedByProxy(proxy, response.statusCode ?? 0));
    });
    request.once('error', error => {
      clearTimeout(timer);
      reject(unreachable(proxy, error));
    });
    request.end();
  });
}

function refusedByProxy(proxy: ProxyServer, status: number): ProxyError {
  if (status === 407) {
    return new ProxyError(
      `the proxy ${proxy.display} asks for credentials (407)`,
      'put user and password into the proxy URL',
    );
  }
  return new ProxyError(`the proxy ${proxy.display} refused to connect (${status})`);
}

function unreachable(proxy: ProxyServer, error: Error): ProxyError {
  const code = (error as NodeJS.ErrnoException).code;
  return new ProxyError(`the proxy ${proxy.display} cannot be reached: ${code ?? 'no answer in time'}`);
}

const socksFailures: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'not allowed by its rules',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'time to live expired',
  7: 'command not supported',
  8: 'address type not supported',
};

async function openSocks(proxy: ProxyServer, options: TunnelOptions): Promise<net.Socket> {
  const socket = net.connect({ host: hostOf(proxy.url), port: portOf(proxy.url) });
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), options.timeoutMs);
  const onAbort = (): void => {
    socket.destroy(new Error('cancelled'));
  };
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await negotiateSocks(proxy, options, socket);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error instanceof ProxyError ? error : unreachable(proxy, error as Error);
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', onAbort);
  }
}

async function negotiateSocks(proxy: ProxyServer, options: TunnelOptions, socket: net.Socket): Promise<void> {
  const reader = readerOf(socket);
  const user = Buffer.from(decode(proxy.url.username));
  const password = Buffer.from(decode(proxy.url.password));
  const withPassword = user.length > 0;
  socket.write(Buffer.from(withPassword ? [5, 2, 0, 2] : [5, 1, 0]));
  const [version, method] = await reader(2);
  if (version !== 5) throw new ProxyError(`the proxy ${proxy.display} does not speak SOCKS 5`);
  if (method === 2 && withPassword) {
    socket.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]));
    const [, status] = await reader(2);
    if (status !== 0) throw new ProxyError(`the proxy ${proxy.display} refused its user name and password`);
  } else if (method !== 0) {
    throw new ProxyError(`the proxy ${proxy.display} asks for credentials`, 'put user and password into the proxy URL');
  }
  socket.write(socksRequest(options));
  const [, reply = 1, , kind] = await reader(4);
  if (reply !== 0) {
    throw new ProxyError(`the proxy ${proxy.display} refused to connect: ${socksFailures[reply] ?? `code ${reply}`}`);
  }
  const addressLength = kind === 1 ? 4 : kind === 4 ? 16 : ((await reader(1))[0] ?? 0);
  await reader(addressLength + 2);
}

function socksRequest({ host, port }: TunnelOptions): Buffer {
  const tail = Buffer.from([port >> 8, port & 0xff]);
  if (net.isIPv4(host)) return Buffer.concat([Buffer.from([5, 1, 0, 1, ...host.split('.').map(Number)]), tail]);
  // A name, or an IPv6 address as a name: the proxy resolves either.
  const name = Buffer.from(host);
  return Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, tail]);
}

/** Reads exact numbers of bytes and leaves the rest in the socket. */
function readerOf(socket: net.Socket): (count: number) => Promise<Buffer> {
  return count =>
    new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        socket.off('readable', attempt);
        socket.off('error', onError);
        socket.off('close', onClose);
        act();
      };
      const attempt = (): void => {
        const chunk: Buffer | null = count === 0 ? Buffer.alloc(0) : socket.read(count);
        if (chunk !== null) done(() => resolve(chunk));
      };
      const onError = (error: Error): void => done(() => reject(error));
      const onClose = (): void => done(() => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
      socket.on('readable', attempt);
      socket.once('error', onError);
      socket.once('close', onClose);
      attempt();
    });
}
