import { BlockList, isIP } from 'node:net';
import { configError } from './kubeconfig.ts';

/** A proxy to go through. Holds credentials in `url`: print only `display`. */
export interface ProxyServer {
  readonly url: URL;
  /** Scheme, host and port. */
  readonly display: string;
}

const schemes: ReadonlySet<string> = new Set(['http:', 'https:', 'socks5:', 'socks5h:']);
const defaultPorts: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'socks5:': 1080,
  'socks5h:': 1080,
};

/** The port of a URL, its scheme's default where it names none. */
export function portOf(url: URL): number {
  return url.port === '' ? (defaultPorts[url.protocol] ?? 443) : Number(url.port);
}

/** The host of a URL without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/**
 * Chooses the proxy for a server as kubectl does: `proxy-url` of the kubeconfig always, else the environment unless NO_PROXY excepts the server.
 *
 * @returns null for a direct connection.
 * @throws ClusterError `config` for a proxy that is no usable URL; the message names the source, not the value.
 */
export function chooseProxy(
  server: URL,
  proxyUrl: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): ProxyServer | null {
  if (proxyUrl !== undefined) return parseProxy(proxyUrl, 'proxy-url of the kubeconfig');
  const found = proxyFromEnvironment(server.protocol, env);
  if (found === undefined || isExcepted(server, env['NO_PROXY'] || env['no_proxy'] || '')) return null;
  // Like Go, take "host:port" for an HTTP proxy.
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(found.value) ? found.value : `http://${found.value}`;
  return parseProxy(text, found.name);
}

/**
 * True when a NO_PROXY list, read as Go's httpproxy reads it, excepts the server: `*`, host names with or without leading dot
 * (which cover their subdomains), IP addresses, CIDR ranges, each with an optional port. Loopback is always excepted.
 */
export function isExcepted(server: URL, noProxy: string): boolean {
  const host = hostOf(server).toLowerCase().replace(/\.$/, '');
  const family = isIP(host);
  if (host === 'localhost' || (family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4'))) return true;
  const port = portOf(server);
  return noProxy
    .split(',')
    .map(piece => piece.trim().toLowerCase())
    .some(piece => piece !== '' && matches(piece, host, family, port));
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function proxyFromEnvironment(
  protocol: string,
  env: Readonly<Record<string, string | undefined>>,
): { name: string; value: string } | undefined {
  const own = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  for (const name of [own, own.toLowerCase(), 'ALL_PROXY', 'all_proxy']) {
    const value = env[name]?.trim();
    if (value) return { name, value };
  }
  return undefined;
}

function parseProxy(text: string, source: string): ProxyServer {
  const url = URL.parse(text);
  if (url === null || !schemes.has(url.protocol) || url.hostname === '') {
    throw configError(
      `${source} is not a usable proxy address`,
      'use http://, https://, socks5:// or socks5h://, a host and a port',
    );
  }
  return { url, display: `${url.protocol}//${url.hostname}:${portOf(url)}` };
}

function matches(piece: string, host: string, family: number, port: number): boolean {
  if (piece === '*') return true;
  if (piece.includes('/')) return inRange(piece, host, family);
  const { name, wantedPort } = splitPort(piece);
  if (name === '' || (wantedPort !== undefined && wantedPort !== String(port))) return false;
  const nameFamily = isIP(name);
  if (nameFamily !== 0) return nameFamily === family && sameAddress(name, host, nameFamily);
  // "*.domain" and ".domain" cover subdomains only; "domain" covers itself too.
  const suffix = name.startsWith('*.') ? name.slice(1) : name;
  if (suffix.startsWith('.')) return host.endsWith(suffix);
  return host === suffix || host.endsWith(`.${suffix}`);
}

function splitPort(piece: string): { name: string; wantedPort: string | undefined } {
  const bracketed = /^\[(.*)\](?::(\d+))?$/.exec(piece);
  if (bracketed !== null) return { name: bracketed[1] ?? '', wantedPort: bracketed[2] };
  const withPort = /^([^:]*):(\d+)$/.exec(piece);
  if (withPort !== null) return { name: withPort[1] ?? '', wantedPort: withPort[2] };
  return { name: piece, wantedPort: undefined };
}

function sameAddress(a: string, b: string, family: number): boolean {
  const list = new BlockList();
  list.addAddress(a, family === 6 ? 'ipv6' : 'ipv4');
  return list.check(b, family === 6 ? 'ipv6' : 'ipv4');
}

function inRange(range: string, host: string, family: number): boolean {
  const [base = '', bits = ''] = range.split('/', 2);
  const rangeFamily = isIP(base);
  if (rangeFamily === 0 || rangeFamily !== family || !/^\d{1,3}$/.test(bits)) return false;
  const prefix = Number(bits);
  if (prefix > (rangeFamily === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(base, prefix, rangeFamily === 6 ? 'ipv6' : 'ipv4');
  return list.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
