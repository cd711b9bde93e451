import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Access } from './access.ts';
import { type Identity, readIdentity } from './identity.ts';
import {
  absolute,
  booleanField,
  configError,
  type Entry,
  type Kubeconfig,
  loadKubeconfig,
  pathField,
  splitKubeconfigList,
  textField,
} from './kubeconfig.ts';
import { readNamedFile } from './named-file.ts';
import { own } from './own.ts';
import { parseServerUrl, serverText } from './server-url.ts';

/** The connection flags of a command line: kubectl's names and meaning. Absent means "as the kubeconfig says". */
export interface ConnectionFlags {
  /** `--kubeconfig`: the only file to read; it must exist. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  /** `--as`, `--as-group` (repeatable), `--as-uid`: impersonation. */
  readonly as?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly asUid?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  /** Paths, relative to the working directory. */
  readonly certificateAuthority?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly tlsServerName?: string | undefined;
  readonly namespace?: string | undefined;
  /** `--request-timeout` in milliseconds; 0 = none. */
  readonly requestTimeoutMs?: number | undefined;
}

/** What the outside world offers; the real one is built by the program's entry, a test builds its own. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly cwd: string;
  /** True when a person can answer a credential plugin's question on stdin. */
  readonly stdinIsTTY: boolean;
  /** A line for stderr. It may hold text from outside: the printer cleans it. */
  readonly warn: (line: string) => void;
  /** The wall clock in milliseconds since the epoch. */
  readonly now: () => number;
  /** `kubectl-evict/<version> (<os>/<arch>)`. */
  readonly userAgent: string;
  /**
   * Where a pod finds its service account.
   * @default /var/run/secrets/kubernetes.io/serviceaccount
   */
  readonly serviceAccountDir?: string | undefined;
}

/** One cluster, as one user, ready to connect to. Holds no secret in a property: it may be printed. */
export interface Target {
  /** Name of the context in use; null in a pod, or when flags alone name the server. */
  readonly context: string | null;
  readonly cluster: string | null;
  readonly user: string | null;
  /** Normalised URL of the API server: no credentials, no trailing slash; may have a path. */
  readonly server: string;
  /** `--namespace`, the context's, the service account's, or `default`. */
  readonly namespace: string;
  readonly source: 'kubeconfig' | 'in-cluster' | 'flags';
  /** The kubeconfig files that were read. */
  readonly files: readonly string[];
  /** How the user proves who they are, in words, without a secret: "exec plugin aws". */
  readonly credential: string;
  /** `--request-timeout`; undefined when not given. */
  readonly requestTimeoutMs: number | undefined;
  /** The secrets, for the transport only. A function, so that no printer of objects reaches them. */
  access(): Access;
}

/**
 * Finds the cluster to talk to: kubectl's rules for files, contexts and overriding flags, and at last the service account of a pod.
 *
 * @throws ClusterError `config` with a hint: nothing configured, unknown context/cluster/user, unreadable or malformed file, bad URL, missing certificate file.
 */
export async function resolveTarget(flags: ConnectionFlags, environment: Environment): Promise<Target> {
  const config = await loadConfig(flags, environment);
  const isEmpty = config.clusters.size === 0 && config.contexts.size === 0 && config.users.size === 0;
  if (isEmpty && !flags.context && !flags.cluster && !flags.user) {
    const inCluster = await findServiceAccount(environment);
    if (inCluster !== undefined && !flags.server) return await inClusterTarget(inCluster, flags, environment);
    if (!flags.server) throw nothingConfigured(flags, environment, config);
  }
  const context = pickContext(config, flags);
  const cluster = pickEntry(config.clusters, flags.cluster, context, 'cluster', flags.server !== undefined);
  const user = pickEntry(config.users, flags.user, context, 'user', true);
  if (cluster === undefined && !flags.server) throw noCluster(config, context);
  const identity = readIdentity(user?.name ?? '', user, flags, environment.cwd, execClusterConfig(cluster));
  const endpoint = readEndpoint(cluster, flags, environment.cwd, hasCertificate(identity));
  return await finish(flags, identity, endpoint, {
    context: context?.name ?? null,
    cluster: cluster?.name ?? null,
    user: user?.name ?? null,
    namespace: flags.namespace || (context && textField(context, 'namespace')) || 'default',
    source: cluster === undefined ? 'flags' : 'kubeconfig',
    files: config.files,
  });
}

type Names = Pick<Target, 'context' | 'cluster' | 'user' | 'namespace' | 'source' | 'files'>;

interface Endpoint {
  readonly server: URL;
  readonly cluster: Access['cluster'];
  readonly proxyUrl: string | undefined;
}

async function finish(flags: ConnectionFlags, identity: Identity, endpoint: Endpoint, names: Names): Promise<Target> {
  await mustBeReadable(endpoint.cluster.caFile, 'certificate authority');
  await mustBeReadable(identity.user.certFile, 'client certificate');
  await mustBeReadable(identity.user.keyFile, 'client key');
  const secrets: Access = {
    cluster: endpoint.cluster,
    user: identity.user,
    exec: identity.exec,
    tokenFile: identity.tokenFile,
    impersonation: identity.impersonation,
    proxyUrl: endpoint.proxyUrl,
  };
  return {
    ...names,
    server: serverText(endpoint.server),
    credential: identity.credential,
    requestTimeoutMs: flags.requestTimeoutMs,
    access: () => secrets,
  };
}

/** Reads and merges the kubeconfig files that flags and environment lead to. @throws ClusterError `config` */
export async function loadConfig(flags: ConnectionFlags, environment: Environment): Promise<Kubeconfig> {
  if (flags.kubeconfig) {
    return await loadKubeconfig([resolve(environment.cwd, flags.kubeconfig)], { mustExist: true });
  }
  const list = environment.env['KUBECONFIG'];
  const files = list ? splitKubeconfigList(list, environment.cwd) : [join(environment.homeDir, '.kube', 'config')];
  return await loadKubeconfig(files, { mustExist: false });
}

function pickContext(config: Kubeconfig, flags: ConnectionFlags): Entry | undefined {
  const name = flags.context || config.currentContext;
  if (name === undefined) return undefined;
  const context = config.contexts.get(name);
  if (context !== undefined) return context;
  // With a server or cluster named on the command line nothing of a dangling current-context is needed.
  if (!flags.context && (flags.server || flags.cluster)) return undefined;
  throw configError(`context "${name}" does not exist in ${sources(config)}`, available('contexts', config.contexts));
}

function pickEntry(
  entries: ReadonlyMap<string, Entry>,
  flag: string | undefined,
  context: Entry | undefined,
  kind: 'cluster' | 'user',
  optional: boolean,
): Entry | undefined {
  const name = flag || (context && textField(context, kind));
  if (name === undefined) return undefined;
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  if (!flag && kind === 'cluster' && optional) return undefined;
  const message = flag
    ? `${kind} "${name}" does not exist in the kubeconfig`
    : `context "${context?.name ?? ''}" names the ${kind} "${name}", which does not exist`;
  throw configError(message, available(`${kind}s`, entries));
}

function readEndpoint(
  cluster: Entry | undefined,
  flags: ConnectionFlags,
  cwd: string,
  hasCertificates: boolean,
): Endpoint {
  const trust = readTrust(cluster, flags, cwd);
  const name = cluster?.name ?? '';
  const source = flags.server ? '--server' : `cluster "${name}"`;
  const text = flags.server || (cluster && textField(cluster, 'server'));
  if (text === undefined)
    throw configError(`cluster "${name}" has no server address`, 'add "server" to it, or use --server');
  const secure = hasCertificates || trust.skipTLSVerify || trust.caData !== undefined || trust.caFile !== undefined;
  const server = parseServerUrl(text, secure, source);
  // A --server is another machine: the file's server name does not belong to it.
  const tlsServerName =
    flags.tlsServerName || flags.server ? flags.tlsServerName : cluster && textField(cluster, 'tls-server-name');
  return {
    server,
    cluster: {
      name,
      server: serverText(server),
      ...trust,
      // The library refuses plain http unless checks are off; there is nothing to check.
      skipTLSVerify: trust.skipTLSVerify || server.protocol === 'http:',
      ...(tlsServerName ? { tlsServerName } : {}),
    },
    proxyUrl: cluster && textField(cluster, 'proxy-url'),
  };
}

type Trust = Pick<Access['cluster'], 'caData' | 'caFile' | 'skipTLSVerify'>;

function readTrust(cluster: Entry | undefined, flags: ConnectionFlags, cwd: string): Trust {
  if (flags.certificateAuthority && flags.insecureSkipTlsVerify) throw insecureWithAuthority();
  if (flags.certificateAuthority) return { caFile: absolute(cwd, flags.certificateAuthority), skipTLSVerify: false };
  if (flags.insecureSkipTlsVerify) return { skipTLSVerify: true };
  if (cluster === undefined) return { skipTLSVerify: false };
  const caData = textField(cluster, 'certificate-authority-data');
  const caFile = caData === undefined ? pathField(cluster, 'certificate-authority') : undefined;
  const skipTLSVerify = booleanField(cluster, 'insecure-skip-tls-verify') && flags.insecureSkipTlsVerify !== false;
  if (skipTLSVerify && (caData !== undefined || caFile !== undefined)) throw insecureWithAuthority(cluster.name);
  return { ...(caData ? { caData } : {}), ...(caFile ? { caFile } : {}), skipTLSVerify };
}

function insecureWithAuthority(cluster?: string): Error {
  const where = cluster === undefined ? '' : ` for cluster "${cluster}"`;
  return configError(
    `a certificate authority and insecure-skip-tls-verify exclude each other${where}`,
    'give one of them',
  );
}

function hasCertificate(identity: Identity): boolean {
  return identity.user.certData !== undefined || identity.user.certFile !== undefined;
}

function execClusterConfig(cluster: Entry | undefined): unknown {
  const extensions = cluster && own(cluster.fields, 'extensions');
  if (!Array.isArray(extensions)) return undefined;
  const found = extensions.find(item => own(item, 'name') === 'client.authentication.k8s.io/exec');
  return own(found, 'extension');
}

interface ServiceAccount {
  readonly folder: string;
  readonly server: string;
}

async function findServiceAccount(environment: Environment): Promise<ServiceAccount | undefined> {
  const host = environment.env['KUBERNETES_SERVICE_HOST'];
  const port = environment.env['KUBERNETES_SERVICE_PORT'];
  const folder = environment.serviceAccountDir ?? '/var/run/secrets/kubernetes.io/serviceaccount';
  if (!host || !port || !(await isReadable(join(folder, 'token')))) return undefined;
  return { folder, server: `https://${host.includes(':') ? `[${host}]` : host}:${port}` };
}

async function inClusterTarget(
  account: ServiceAccount,
  flags: ConnectionFlags,
  environment: Environment,
): Promise<Target> {
  const { folder } = account;
  const user: Entry = { kind: 'user', name: 'service account', file: folder, folder, fields: { tokenFile: 'token' } };
  const fields = (await isReadable(join(folder, 'ca.crt'))) ? { 'certificate-authority': 'ca.crt' } : {};
  const cluster: Entry = {
    kind: 'cluster',
    name: 'in-cluster',
    file: folder,
    folder,
    fields: { ...fields, server: account.server },
  };
  const identity = readIdentity(user.name, user, flags, environment.cwd, undefined);
  const own = environment.env['POD_NAMESPACE'] || (await readNamespace(folder));
  return await finish(flags, identity, readEndpoint(cluster, flags, environment.cwd, false), {
    context: null,
    cluster: null,
    user: null,
    namespace: flags.namespace || own || 'default',
    source: 'in-cluster',
    files: [],
  });
}

async function readNamespace(folder: string): Promise<string> {
  try {
    return (await readNamedFile(join(folder, 'namespace'), 'namespace')).toString('utf8').trim();
  } catch {
    return '';
  }
}

async function isReadable(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

async function mustBeReadable(file: string | undefined, what: string): Promise<void> {
  if (file === undefined || (await isReadable(file))) return;
  throw configError(`the ${what} file ${file} cannot be read`, 'check that it exists and its permissions');
}

function nothingConfigured(flags: ConnectionFlags, environment: Environment, config: Kubeconfig): Error {
  const list = environment.env['KUBECONFIG'];
  const looked = flags.kubeconfig || list || join(environment.homeDir, '.kube', 'config');
  const state = config.files.length > 0 ? 'is empty' : 'does not exist';
  return configError(
    `no cluster is configured: ${list && !flags.kubeconfig ? `KUBECONFIG (${looked})` : looked} ${state}`,
    'use --kubeconfig FILE, set KUBECONFIG, or get a kubeconfig from your provider; "demo" needs none',
  );
}

function noCluster(config: Kubeconfig, context: Entry | undefined): Error {
  if (context !== undefined)
    return configError(`context "${context.name}" names no cluster`, 'use --cluster or --server');
  return configError(
    `no current context is set in ${sources(config)}`,
    available('contexts', config.contexts, '--context'),
  );
}

function sources(config: Kubeconfig): string {
  return config.files.length > 0 ? config.files.join(', ') : 'the kubeconfig';
}

function available(plural: string, entries: ReadonlyMap<string, Entry>, flag?: string): string {
  const names = [...entries.keys()].sort();
  if (names.length === 0) return `there are no ${plural} in the kubeconfig`;
  const shown = names.slice(0, 20).join(', ');
  const rest = names.length > 20 ? ` and ${names.length - 20} more` : '';
  return `${flag === undefined ? '' : `use ${flag}; `}available ${plural}: ${shown}${rest}`;
}
