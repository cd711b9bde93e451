import type { User } from '@kubernetes/client-node';
import { UsageError } from '../errors.ts';
import type { ExecSpec, Impersonation } from './access.ts';
import type { ConnectionFlags } from './connection.ts';
import {
  absolute,
  booleanField,
  configError,
  type Entry,
  pathField,
  textField,
  textListField,
  wrongType,
} from './kubeconfig.ts';
import { own } from './own.ts';

/** Who connects: the user entry with the flags laid over it. */
export interface Identity {
  readonly user: User;
  readonly exec: ExecSpec | undefined;
  readonly tokenFile: string | undefined;
  readonly impersonation: Impersonation;
  /** In words, without a secret. */
  readonly credential: string;
}

/**
 * Builds the identity of a user entry (none: anonymous, or flags only). `--token` and `--client-*` beat what the entry says.
 *
 * @throws ClusterError `config` for an entry that cannot be used; UsageError for flags that do not fit together.
 */
export function readIdentity(
  name: string,
  entry: Entry | undefined,
  flags: ConnectionFlags,
  cwd: string,
  clusterConfig: unknown,
): Identity {
  const certificate = readCertificate(entry, flags, cwd);
  const base = { name, ...certificate };
  const impersonation = readImpersonation(entry, flags);
  const done = (user: User, credential: string, more: { exec?: ExecSpec; tokenFile?: string } = {}): Identity => ({
    user,
    exec: more.exec,
    tokenFile: more.tokenFile,
    impersonation,
    credential,
  });
  if (flags.token) return done({ ...base, token: flags.token.trim() }, 'token of --token');
  if (entry === undefined) return done(base, hasCertificate(certificate) ? 'client certificate' : 'none');
  const tokenFile = pathField(entry, 'tokenFile');
  const token = textField(entry, 'token')?.trim();
  if (tokenFile !== undefined) return done(token ? { ...base, token } : base, `token file ${tokenFile}`, { tokenFile });
  if (token) return done({ ...base, token }, 'token');
  const username = textField(entry, 'username');
  if (username !== undefined) {
    return done({ ...base, username, password: textField(entry, 'password') ?? '' }, 'user name and password');
  }
  if (hasCertificate(certificate) && flags.clientCertificate !== undefined) return done(base, 'client certificate');
  const exec = readExec(entry, clusterConfig);
  if (exec !== undefined) return done(base, `exec plugin ${exec.command}`, { exec });
  const provider = readAuthProvider(entry);
  if (provider !== undefined) return done({ ...base, authProvider: provider }, `auth provider ${provider.name}`);
  return done(base, hasCertificate(certificate) ? 'client certificate' : 'none');
}

type Certificate = Pick<User, 'certData' | 'certFile' | 'keyData' | 'keyFile'>;

function hasCertificate(certificate: Certificate): boolean {
  return certificate.certData !== undefined || certificate.certFile !== undefined;
}

function readCertificate(entry: Entry | undefined, flags: ConnectionFlags, cwd: string): Certificate {
  const cert = flags.clientCertificate
    ? { certFile: absolute(cwd, flags.clientCertificate) }
    : dataOrFile(entry, 'client-certificate', 'certData', 'certFile');
  const key = flags.clientKey
    ? { keyFile: absolute(cwd, flags.clientKey) }
    : dataOrFile(entry, 'client-key', 'keyData', 'keyFile');
  if (Object.keys(cert).length !== Object.keys(key).length) {
    const have = Object.keys(cert).length === 1 ? 'client certificate' : 'client key';
    const lack = have === 'client key' ? 'client certificate' : 'client key';
    throw configError(
      `there is a ${have} without a ${lack}`,
      'both are needed: --client-certificate and --client-key, or both in the kubeconfig',
    );
  }
  return { ...cert, ...key };
}

/** Inline data beats the file, as in client-go. */
function dataOrFile<D extends string, F extends string>(
  entry: Entry | undefined,
  field: string,
  dataKey: D,
  fileKey: F,
): { [K in D | F]?: string } {
  if (entry === undefined) return {};
  const data = textField(entry, `${field}-data`);
  if (data !== undefined) return { [dataKey]: data } as { [K in D | F]?: string };
  const file = pathField(entry, field);
  return file === undefined ? {} : ({ [fileKey]: file } as { [K in D | F]?: string });
}

function readImpersonation(entry: Entry | undefined, flags: ConnectionFlags): Impersonation {
  const extra = new Map<string, readonly string[]>();
  const listed = entry === undefined ? undefined : own(entry.fields, 'as-user-extra');
  if (entry !== undefined && listed !== undefined) {
    if (typeof listed !== 'object' || Array.isArray(listed)) throw wrongType(entry, 'as-user-extra', 'a map of lists');
    for (const key of Object.keys(listed as object)) extra.set(key, textListField(entry, key, listed));
  }
  const impersonation = {
    user: flags.as || (entry && textField(entry, 'as')),
    uid: flags.asUid || (entry && textField(entry, 'as-uid')),
    groups: flags.asGroup?.length ? flags.asGroup : entry ? textListField(entry, 'as-groups') : [],
    extra,
  };
  if (
    impersonation.user === undefined &&
    (impersonation.uid !== undefined || impersonation.groups.length > 0 || extra.size > 0)
  ) {
    const message = 'a group or uid cannot be impersonated without a user';
    if (flags.asGroup?.length || flags.asUid) throw new UsageError(message, { hint: 'add --as USER' });
    throw configError(message, `add "as" to the user "${entry?.name ?? ''}" of the kubeconfig`);
  }
  return impersonation;
}

/** Providers that ran a command through a shell: gone from kubectl since 1.26. */
const removedProviders: ReadonlyMap<string, string> = new Map([
  ['gcp', 'gke-gcloud-auth-plugin: "gcloud container clusters get-credentials" writes it into the kubeconfig'],
  ['azure', 'kubelogin: "kubelogin convert-kubeconfig" puts it into the kubeconfig'],
]);

function readAuthProvider(entry: Entry): { name: string; config: Record<string, string> } | undefined {
  const provider = own(entry.fields, 'auth-provider');
  if (provider === undefined) return undefined;
  const name = textField(entry, 'name', provider);
  if (name === undefined) throw wrongType(entry, 'auth-provider.name', 'given');
  const plugin = removedProviders.get(name);
  if (plugin !== undefined) {
    throw configError(
      `user "${entry.name}": the auth provider ${name} is not supported: kubectl 1.26 removed it, too`,
      `use the exec plugin ${plugin}`,
    );
  }
  if (name !== 'oidc') {
    throw configError(
      `user "${entry.name}": the auth provider ${name} is not supported`,
      'oidc is; an exec plugin works for every provider',
    );
  }
  const config: Record<string, string> = Object.create(null);
  const given = own(provider, 'config');
  for (const key of Object.keys(typeof given === 'object' && given !== null ? given : {})) {
    const value = textField(entry, key, given);
    if (value !== undefined) config[key] = value;
  }
  return { name, config };
}

const execVersions: ReadonlySet<string> = new Set([
  'client.authentication.k8s.io/v1',
  'client.authentication.k8s.io/v1beta1',
]);

function readExec(entry: Entry, clusterConfig: unknown): ExecSpec | undefined {
  const exec = own(entry.fields, 'exec');
  if (exec === undefined) return undefined;
  const apiVersion = textField(entry, 'apiVersion', exec);
  const command = textField(entry, 'command', exec);
  if (command === undefined) throw wrongType(entry, 'exec.command', 'given');
  if (apiVersion === undefined || !execVersions.has(apiVersion)) {
    throw configError(
      `user "${entry.name}": the exec plugin ${command} uses ${apiVersion ?? 'no apiVersion'}, which is not supported`,
      "client.authentication.k8s.io/v1 or v1beta1 is needed: update the plugin and write the kubeconfig anew with your provider's tool",
    );
  }
  const mode = textField(entry, 'interactiveMode', exec) ?? 'IfAvailable';
  if (mode !== 'Never' && mode !== 'IfAvailable' && mode !== 'Always') {
    throw wrongType(entry, 'exec.interactiveMode', 'Never, IfAvailable or Always');
  }
  return {
    apiVersion,
    // A bare name is looked up in PATH; anything with a separator is relative to the kubeconfig.
    command: /[/\\]/.test(command) ? absolute(entry.folder, command) : command,
    args: textListField(entry, 'args', exec),
    env: readExecEnvironment(entry, exec),
    installHint: textField(entry, 'installHint', exec),
    provideClusterInfo: booleanField(entry, 'provideClusterInfo', exec),
    interactiveMode: mode,
    clusterConfig,
  };
}

function readExecEnvironment(entry: Entry, exec: unknown): { name: string; value: string }[] {
  const list = own(exec, 'env');
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw wrongType(entry, 'exec.env', 'a list');
  return list.map(item => {
    const name = textField(entry, 'name', item);
    if (name === undefined) throw wrongType(entry, 'exec.env[].name', 'given');
    return { name, value: textField(entry, 'value', item) ?? '' };
  });
}
