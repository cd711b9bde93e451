import type { RequestOptions } from 'node:https';
import type { KubeConfig, User } from '@kubernetes/client-node';
import { CancelledError, ClusterError } from '../errors.ts';
import type { Access, Impersonation } from './access.ts';
import type { Environment, Target } from './connection.ts';
import { type ExecCredential, runExecPlugin } from './exec-plugin.ts';
import { configError } from './kubeconfig.ts';
import { readNamedFile } from './named-file.ts';
import { own } from './own.ts';

/** What a connection needs to prove who it is, and to check the server. Secret. */
export interface Credential {
  /** Authorization and Impersonate-* headers. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly tls: TlsMaterial;
}

/** PEM, as `tls.createSecureContext` takes it. */
export interface TlsMaterial {
  readonly ca: string | Buffer | undefined;
  readonly cert: string | Buffer | undefined;
  readonly key: string | Buffer | undefined;
  readonly serverName: string | undefined;
  readonly verify: boolean;
}

/** Gives credentials, fresh when they have to be. */
export interface CredentialSource {
  /**
   * The current credential; runs a plugin or reads a file when there is none. Callers at the same time share one run.
   *
   * @throws ClusterError when there is none to be had; CancelledError.
   */
  get(signal: AbortSignal | undefined): Promise<Credential>;
  /** The server refused this credential. @returns whether asking again may give a better one. */
  renew(refused: Credential): boolean;
  /** Ends a running plugin. */
  close(): void;
}

/** Token files and certificate files are read again after this time, as client-go does, in milliseconds. */
const FILE_LIFETIME_MS = 60_000;
const provider = 'kubectl-evict/token-or-plugin';

type Authenticator = Parameters<KubeConfig['addAuthenticator']>[0];

/** Makes the credential source of a target; nothing is read or run yet. */
export function createCredentialSource(target: Target, environment: Environment): CredentialSource {
  return new Source(target.access(), environment);
}

interface Flight {
  readonly promise: Promise<Credential>;
  readonly controller: AbortController;
  waiting: number;
}

class Source implements CredentialSource {
  readonly #access: Access;
  readonly #environment: Environment;
  #signal: AbortSignal | undefined;
  #exec: ExecCredential | undefined;
  #current: { readonly credential: Credential; readonly until: number } | undefined;
  #flight: Flight | undefined;

  constructor(access: Access, environment: Environment) {
    this.#access = access;
    this.#environment = environment;
  }

  async get(signal: AbortSignal | undefined): Promise<Credential> {
    if (this.#current !== undefined && this.#environment.now() < this.#current.until) return this.#current.credential;
    this.#flight ??= this.#start();
    const flight = this.#flight;
    flight.waiting += 1;
    try {
      return await untilAborted(flight.promise, signal);
    } finally {
      flight.waiting -= 1;
      // The last one to lose interest ends the plugin; others may still want its answer.
      if (flight.waiting === 0) this.#abandon(flight);
    }
  }

  renew(refused: Credential): boolean {
    const { exec, tokenFile } = this.#access;
    const renewable = exec !== undefined || tokenFile !== undefined;
    // Another request may have renewed it already: then only its own turn is repeated.
    if (renewable && this.#current?.credential === refused) {
      this.#current = undefined;
      this.#exec = undefined;
    }
    return renewable;
  }

  close(): void {
    this.#flight?.controller.abort();
  }

  /** The next to ask must not be given the end of a run that others gave up. */
  #abandon(flight: Flight): void {
    flight.controller.abort();
    if (this.#flight === flight) this.#flight = undefined;
  }

  #start(): Flight {
    const controller = new AbortController();
    const promise = this.#load(controller.signal).finally(() => {
      if (this.#flight?.controller === controller) this.#flight = undefined;
    });
    // Whoever waits gets the failure; with nobody waiting any more it concerns no one.
    promise.catch(() => undefined);
    return { promise, controller, waiting: 0 };
  }

  async #load(signal: AbortSignal): Promise<Credential> {
    if (this.#access.cluster.server.startsWith('http:')) {
      const credential = unencrypted(this.#access);
      this.#current = { credential, until: Number.POSITIVE_INFINITY };
      return credential;
    }
    const config = await this.#kubeConfig(signal);
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      throw explain(error);
    }
    const credential = toCredential(options, this.#access);
    this.#current = { credential, until: this.#validUntil(options) };
    return credential;
  }

  /** The library's view of this access, with no file left for it to read and no provider to run. */
  async #kubeConfig(signal: AbortSignal): Promise<KubeConfig> {
    this.#signal = signal;
    const { exec, tokenFile, user } = this.#access;
    const {
      token: _replaced,
      authProvider: _ours,
      ...inline
    } = await withoutFiles(user, [
      ['certFile', 'certData', 'client certificate'],
      ['keyFile', 'keyData', 'client key'],
    ]);
    const cluster = await withoutFiles(this.#access.cluster, [['caFile', 'caData', 'certificate authority']]);
    // Loaded late: a usage error or --help must not pay for it.
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    config.addAuthenticator(this.#authenticator());
    const isOurs = exec !== undefined || tokenFile !== undefined || user.authProvider !== undefined;
    const proof = isOurs ? { authProvider: { name: provider, config: {} } } : { token: user.token };
    config.loadFromOptions({
      clusters: [cluster],
      users: [{ ...inline, ...proof }],
      contexts: [{ name: 'target', cluster: cluster.name, user: user.name }],
      currentContext: 'target',
    });
    return config;
  }

  #authenticator(): Authenticator {
    return {
      isAuthProvider: user => own(user.authProvider, 'name') === provider,
      applyAuthentication: async (_user, options) => {
        const { exec, tokenFile, user } = this.#access;
        if (tokenFile !== undefined) {
          setToken(options, await readTokenFile(tokenFile, user.token));
          return;
        }
        if (exec === undefined) {
          setToken(options, idToken(user, this.#environment.now()));
          return;
        }
        this.#exec = await runExecPlugin(exec, {
          environment: this.#environment,
          cluster: this.#access.cluster,
          proxyUrl: this.#access.proxyUrl,
          signal: this.#signal,
        });
        if (this.#exec.token !== undefined) setToken(options, this.#exec.token);
        if (this.#exec.certificate !== undefined) options.cert = this.#exec.certificate;
        if (this.#exec.key !== undefined) options.key = this.#exec.key;
      },
    };
  }

  #validUntil(options: RequestOptions): number {
    const { user, cluster, exec, tokenFile } = this.#access;
    const now = this.#environment.now();
    if (exec !== undefined) return this.#exec?.expiresAt ?? Number.POSITIVE_INFINITY;
    const fromFiles = tokenFile ?? user.certFile ?? user.keyFile ?? cluster.caFile;
    const read = fromFiles === undefined ? Number.POSITIVE_INFINITY : now + FILE_LIFETIME_MS;
    const header = user.authProvider === undefined ? undefined : own(options.headers, 'Authorization');
    return Math.min(read, (typeof header === 'string' ? tokenExpiry(header) : null) ?? Number.POSITIVE_INFINITY);
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new CancelledError());
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function setToken(options: RequestOptions, token: string): void {
  options.headers = { ...(options.headers as Record<string, string> | undefined), Authorization: `Bearer ${token}` };
}

async function readTokenFile(file: string, fallback: string | undefined): Promise<string> {
  let failure = configError(`the token file ${file} is empty`, 'check that it is written to');
  try {
    const token = (await readNamedFile(file, 'token')).toString('utf8').trim();
    if (token !== '') return token;
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    failure = error;
  }
  // The inline token is what the file held when the kubeconfig was written.
  if (fallback !== undefined) return fallback;
  throw failure;
}

type FileFields = readonly (readonly [file: string, data: string, what: string])[];

/** The same entry with the content of its files in place of their names. @throws ClusterError `config` for a file that cannot be read. */
async function withoutFiles<T extends object>(entry: T, fields: FileFields): Promise<T> {
  const inline = { ...entry };
  for (const [file, data, what] of fields) {
    const path = own(entry, file);
    if (typeof path !== 'string') continue;
    const content = (await readNamedFile(path, what)).toString('base64');
    Object.assign(inline, { [file]: undefined, [data]: content });
  }
  return inline;
}

/**
 * The id-token of an OIDC entry. A new one in place of an expired one is not asked for here: kubectl does, and writes it into
 * the kubeconfig, where two programs with one refresh token would lock each other out.
 */
function idToken(user: User, now: number): string {
  const token = own(own(user.authProvider, 'config'), 'id-token');
  const hint =
    'run any kubectl command with this context: kubectl renews it; or use an exec plugin, which every program can run';
  if (typeof token !== 'string') {
    throw new ClusterError('unauthorized', `cannot get credentials: user "${user.name}" has no OIDC id-token`, {
      hint,
    });
  }
  const expiry = tokenExpiry(token);
  if (expiry === null || expiry > now) return token;
  const when = expiry > 0 ? ` at ${new Date(expiry).toISOString()}` : '';
  throw new ClusterError(
    'unauthorized',
    `cannot get credentials: the OIDC id-token of user "${user.name}" expired${when}`,
    { hint },
  );
}

/**
 * Over plain http nothing is sent that could be stolen on the way, and no plugin is run for it: as kubectl has it. Whom to
 * impersonate is no secret, and stays.
 */
function unencrypted(access: Access): Credential {
  return {
    headers: impersonationHeaders(access.impersonation),
    tls: { ca: undefined, cert: undefined, key: undefined, serverName: undefined, verify: true },
  };
}

function toCredential(options: RequestOptions, access: Access): Credential {
  const headers: Record<string, string | readonly string[]> = {};
  const authorization = own(options.headers, 'Authorization');
  const { username, password } = access.user;
  if (typeof authorization === 'string') headers['authorization'] = headerSafe(authorization, 'the token');
  else if (username)
    headers['authorization'] = `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
  Object.assign(headers, impersonationHeaders(access.impersonation));
  return {
    headers,
    tls: {
      ca: options.ca as string | Buffer | undefined,
      cert: options.cert as string | Buffer | undefined,
      key: options.key as string | Buffer | undefined,
      serverName: access.cluster.tlsServerName,
      verify: !access.cluster.skipTLSVerify,
    },
  };
}

/** The Impersonate-* headers; extra keys are percent-encoded as the API server decodes them. */
export function impersonationHeaders(impersonation: Impersonation): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = {};
  if (impersonation.user) headers['impersonate-user'] = headerSafe(impersonation.user, 'the user to impersonate');
  if (impersonation.uid) headers['impersonate-uid'] = headerSafe(impersonation.uid, 'the uid to impersonate');
  if (impersonation.groups.length > 0) {
    headers['impersonate-group'] = impersonation.groups.map(group => headerSafe(group, 'a group to impersonate'));
  }
  for (const [key, values] of impersonation.extra) {
    const name = encodeURIComponent(key).replace(/[()]/g, c => `%${c.charCodeAt(0).toString(16)}`);
    headers[`impersonate-extra-${name.toLowerCase()}`] = values.map(value =>
      headerSafe(value, 'an extra value to impersonate'),
    );
  }
  return headers;
}

/** UTF-8 as the bytes of a header; a control character would end it. */
function headerSafe(value: string, what: string): string {
  if (/[\u0000-\u001f\u007f]/.test(value))
    throw configError(`${what} contains a control character`, 'check the kubeconfig and the flags');
  return Buffer.from(value, 'utf8').toString('latin1');
}

/** The `exp` of a JWT (or of a header with one), in milliseconds; null for any other token. */
function tokenExpiry(token: string): number | null {
  const payload = token.split('.')[1];
  if (payload === undefined) return null;
  try {
    const expiry = own(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')), 'exp');
    return typeof expiry === 'number' ? expiry * 1000 : null;
  } catch {
    return null;
  }
}

function explain(error: unknown): Error {
  if (error instanceof ClusterError || error instanceof CancelledError) return error;
  // The library's message may quote what it was given: it is not shown.
  return new ClusterError('unauthorized', 'cannot get credentials: the user entry of the kubeconfig cannot be used', {
    hint: "log in again with your provider's tool",
  });
}
