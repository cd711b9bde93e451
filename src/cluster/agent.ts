import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { TlsMaterial } from './credentials.ts';
import { configError } from './kubeconfig.ts';
import { hostOf, type ProxyServer, portOf } from './proxy.ts';
import { openTunnel, proxyAuthorization } from './tunnel.ts';

/** A proxy that takes plain http requests and passes them on. */
export interface ForwardProxy {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** The Proxy-Authorization header. Secret. */
  readonly authorization: string | undefined;
}

/** Kept connections to one server with one set of certificates. */
export interface Connections {
  readonly agent: http.Agent;
  /** Plain http through an HTTP proxy: requests go to the proxy, with the whole URL as path. */
  readonly forward: ForwardProxy | undefined;
  /** No new requests will come: idle connections end now, busy ones after their answer. */
  retire(): void;
  /** Ends all connections. */
  destroy(): void;
}

/** Which certificate authorities to trust where the kubeconfig names none. */
export type PublicTrust = 'bundled' | 'system';

/** Making a tunnel takes at most this long, in milliseconds. */
const TUNNEL_TIMEOUT_MS = 30_000;

/**
 * Makes the keep-alive agent for a server.
 *
 * @throws ClusterError `config` for certificates or keys that cannot be used.
 */
export function openConnections(
  server: URL,
  material: TlsMaterial,
  proxy: ProxyServer | null,
  trust: PublicTrust,
): Connections {
  const ending = new AbortController();
  const secure = server.protocol === 'https:';
  const options: https.AgentOptions = {
    keepAlive: true,
    // Two address families: the default of 250 ms gives up on slow lines.
    autoSelectFamilyAttemptTimeout: 2000,
    ...(secure ? tlsOptions(server, material, trust) : {}),
  };
  const forwarding = proxy !== null && !secure && !proxy.url.protocol.startsWith('socks') ? proxy : undefined;
  const agent = secure
    ? new https.Agent(options)
    : forwarding
      ? forwardingAgent(forwarding, options)
      : new http.Agent(options);
  // There is one server; the name that Node would make at each step of each request spells out all certificates and the key.
  const name = server.origin;
  agent.getName = () => name;
  if (proxy !== null && forwarding === undefined) tunnelThrough(agent, server, proxy, options, material, ending.signal);
  return {
    agent,
    forward: forwarding && {
      secure: forwarding.url.protocol === 'https:',
      host: hostOf(forwarding.url),
      port: portOf(forwarding.url),
      authorization: proxyAuthorization(forwarding),
    },
    retire: () => {
      agent.maxFreeSockets = 0;
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    },
    destroy: () => {
      ending.abort();
      agent.destroy();
    },
  };
}

function forwardingAgent(proxy: ProxyServer, options: https.AgentOptions): http.Agent {
  return proxy.url.protocol === 'https:'
    ? new https.Agent({ keepAlive: true, ca: publicAuthorities('system'), rejectUnauthorized: true })
    : new http.Agent(options);
}

function tlsOptions(server: URL, material: TlsMaterial, trust: PublicTrust): https.AgentOptions {
  const host = hostOf(server);
  const ca = material.ca ?? (trust === 'system' ? publicAuthorities('system') : undefined);
  const { cert, key } = material;
  // Made once, not for every connection; and a bad certificate is found here, where it can be explained.
  const secureContext = secureContextOf({ ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) });
  const servername = material.serverName ?? (net.isIP(host) === 0 ? host : '');
  return {
    secureContext,
    servername,
    // Said always: NODE_TLS_REJECT_UNAUTHORIZED must not switch the check off.
    rejectUnauthorized: material.verify,
  };
}

function secureContextOf(options: tls.SecureContextOptions): tls.SecureContext {
  const attempt = (part: tls.SecureContextOptions, what: string): tls.SecureContext => {
    try {
      return tls.createSecureContext(part);
    } catch {
      // OpenSSL's text says less than which of them it was.
      throw configError(`the ${what} cannot be used: not valid PEM`, 'check the kubeconfig');
    }
  };
  try {
    const context = tls.createSecureContext(options);
    if (options.ca !== undefined && !isPem(options.ca)) throw new Error('no certificate');
    return context;
  } catch {
    if (options.ca !== undefined && !isPem(options.ca))
      throw configError('the certificate authority is not valid PEM', 'check certificate-authority in the kubeconfig');
    if (options.ca !== undefined) attempt({ ca: options.ca }, 'certificate authority');
    if (options.cert !== undefined) attempt({ cert: options.cert }, 'client certificate');
    if (options.key !== undefined) attempt({ key: options.key }, 'client key');
    throw configError('the client key does not belong to the client certificate', 'check the user in the kubeconfig');
  }
}

/** OpenSSL takes text without any certificate as an empty list, which would trust nobody without saying why. */
function isPem(ca: NonNullable<tls.SecureContextOptions['ca']>): boolean {
  const list = Array.isArray(ca) ? ca : [ca];
  return list.every(item => item.toString().includes('-----BEGIN'));
}

function publicAuthorities(trust: PublicTrust): string[] {
  // Before Node 22.15 the system's store cannot be read from here; SSL_CERT_FILE and --certificate-authority still can.
  if (typeof tls.getCACertificates !== 'function') return [...tls.rootCertificates];
  return trust === 'bundled'
    ? tls.getCACertificates('default')
    : [...tls.getCACertificates('default'), ...tls.getCACertificates('system')];
}

function tunnelThrough(
  agent: http.Agent,
  server: URL,
  proxy: ProxyServer,
  options: https.AgentOptions,
  material: TlsMaterial,
  signal: AbortSignal,
): void {
  const connect = async (): Promise<Duplex> => {
    const socket = await openTunnel(proxy, {
      host: hostOf(server),
      port: portOf(server),
      ca:
        proxy.url.protocol === 'https:' ? [...publicAuthorities('system'), ...(material.ca ? [material.ca] : [])] : [],
      timeoutMs: TUNNEL_TIMEOUT_MS,
      signal,
    });
    if (server.protocol !== 'https:') return socket;
    return tls.connect({ ...options, host: hostOf(server), socket } as tls.ConnectionOptions);
  };
  agent.createConnection = (_options, callback) => {
    const deliver = (error: Error | null, socket?: Duplex): void => callback?.(error, socket as Duplex);
    void connect().then(socket => deliver(null, socket), deliver);
    return undefined;
  };
}
