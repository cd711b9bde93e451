import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConnectionFlags } from '../../src/cluster/connection.ts';
import { resolveTarget } from '../../src/cluster/connection.ts';
import { ClusterError, UsageError } from '../../src/errors.ts';
import { testEnvironment } from '../support/cluster-access.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return path;
}

const one = `
apiVersion: v1
kind: Config
current-context: a
clusters: [{name: c1, cluster: {server: 'https://one:6443'}}]
users: [{name: u1, user: {token: secret-one}}]
contexts: [{name: a, context: {cluster: c1, user: u1, namespace: team}}]
`;
const two = `
current-context: b
clusters:
- {name: c1, cluster: {server: 'https://other:6443'}}
- {name: c2, cluster: {server: 'https://two:6443/k8s/clusters/x/', proxy-url: 'http://proxy:3128'}}
users: [{name: u2, user: {username: ann, password: secret-two}}]
contexts:
- {name: b, context: {cluster: c2, user: u2}}
- {name: bare, context: {cluster: c2}}
`;

async function failure(flags: ConnectionFlags, env: Record<string, string> = {}): Promise<ClusterError> {
  const error: unknown = await resolveTarget(flags, testEnvironment({ env, homeDir: folder, cwd: folder })).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ClusterError);
  return error as ClusterError;
}

describe('which files', () => {
  test('--kubeconfig is the only file, relative to the working directory', async () => {
    await file('one', one);
    const env = { KUBECONFIG: await file('two', two) };
    const target = await resolveTarget({ kubeconfig: 'one' }, testEnvironment({ env, cwd: folder }));
    expect(target).toMatchObject({
      context: 'a',
      cluster: 'c1',
      user: 'u1',
      server: 'https://one:6443',
      namespace: 'team',
      source: 'kubeconfig',
      files: [join(folder, 'one')],
      credential: 'token',
    });
  });

  test('KUBECONFIG is a list: missing and empty files skipped, first entry and first current-context win', async () => {
    const list = [await file('empty', ''), join(folder, 'missing'), '', await file('one', one), await file('two', two)];
    const env = { KUBECONFIG: list.join(delimiter) };
    const environment = testEnvironment({ env, cwd: folder });
    const target = await resolveTarget({}, environment);
    expect(target.context).toBe('a');
    expect(target.server).toBe('https://one:6443');
    expect((await resolveTarget({ context: 'b' }, environment)).server).toBe('https://two:6443/k8s/clusters/x');
    expect((await resolveTarget({ context: 'b' }, environment)).access().proxyUrl).toBe('http://proxy:3128');
  });

  test('else ~/.kube/config, also as JSON', async () => {
    const json = {
      'current-context': 'a',
      clusters: [{ name: 'c', cluster: { server: 'http://h:1' } }],
      contexts: [{ name: 'a', context: { cluster: 'c' } }],
    };
    await file('.kube/config', JSON.stringify(json));
    const target = await resolveTarget({}, testEnvironment({ homeDir: folder }));
    expect(target).toMatchObject({ server: 'http://h:1', namespace: 'default', user: null, credential: 'none' });
    expect(target.access().cluster.skipTLSVerify).toBe(true);
  });

  test.each(['', '# only a comment\n', '---\n', 'null\n', '{}'])('an empty file %j is as good as none', async text => {
    const error = await failure({ kubeconfig: await file('empty', text) });
    expect(error).toMatchObject({ reason: 'config', exitCode: 1 });
    expect(error.message).toMatch(/no cluster is configured.*empty/);
    expect(error.message).not.toContain('localhost');
  });

  test('in a pod: the service account', async () => {
    await file('token', 'pod-token\n');
    await file('namespace', 'monitoring\n');
    await file('ca.crt', 'x');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const environment = testEnvironment({ env, serviceAccountDir: folder });
    const target = await resolveTarget({}, environment);
    expect(target).toMatchObject({
      source: 'in-cluster',
      context: null,
      server: 'https://[fd00::1]',
      namespace: 'monitoring',
    });
    expect(target.access()).toMatchObject({
      tokenFile: join(folder, 'token'),
      cluster: { caFile: join(folder, 'ca.crt') },
    });
    const named = testEnvironment({ env: { ...env, POD_NAMESPACE: 'mine' }, serviceAccountDir: folder });
    expect((await resolveTarget({}, named)).namespace).toBe('mine');
    expect((await resolveTarget({ namespace: 'flag' }, named)).namespace).toBe('flag');
  });

  test('a kubeconfig beats the service account', async () => {
    await file('token', 'pod-token');
    const env = { KUBERNETES_SERVICE_HOST: 'h', KUBERNETES_SERVICE_PORT: '443', KUBECONFIG: await file('one', one) };
    expect((await resolveTarget({}, testEnvironment({ env, serviceAccountDir: folder }))).source).toBe('kubeconfig');
  });
});

describe('flags', () => {
  const resolveOne = async (flags: ConnectionFlags, extra = '') => {
    const kubeconfig = await file('one', one + extra);
    return await resolveTarget({ kubeconfig, ...flags }, testEnvironment({ cwd: folder }));
  };

  test('--server without any kubeconfig', async () => {
    const target = await resolveTarget({ server: 'https://1.2.3.4:6443/' }, testEnvironment());
    expect(target).toMatchObject({
      source: 'flags',
      context: null,
      server: 'https://1.2.3.4:6443',
      credential: 'none',
    });
  });

  test.each([
    ['host:8001', {}, 'http://host:8001'],
    ['host:6443', { insecureSkipTlsVerify: true }, 'https://host:6443'],
    ['HTTPS://Host:443', {}, 'https://host'],
  ])('--server %s is %s %s', async (server, flags, expected) => {
    expect((await resolveTarget({ server, ...flags }, testEnvironment())).server).toBe(expected);
  });

  test('--cluster and --user select entries, --namespace wins', async () => {
    const env = { KUBECONFIG: [await file('one', one), await file('two', two)].join(delimiter) };
    const target = await resolveTarget({ cluster: 'c2', user: 'u2', namespace: 'ns' }, testEnvironment({ env }));
    expect(target).toMatchObject({
      context: 'a',
      cluster: 'c2',
      user: 'u2',
      namespace: 'ns',
      credential: 'user name and password',
    });
  });

  test('a context without user is fine', async () => {
    const target = await resolveTarget({ kubeconfig: await file('two', two), context: 'bare' }, testEnvironment());
    expect(target).toMatchObject({ user: null, credential: 'none' });
  });

  test('--token beats everything in the user entry', async () => {
    const kubeconfig = await file('two', two);
    const target = await resolveTarget({ kubeconfig, token: 'flag-token' }, testEnvironment());
    expect(target.access().user).toEqual({ name: 'u2', token: 'flag-token' });
  });

  test('--insecure-skip-tls-verify drops the authority of the file; --certificate-authority replaces it', async () => {
    const text = one.replace(
      "server: 'https://one:6443'",
      "server: 'https://one:6443', certificate-authority-data: Zm9v",
    );
    const kubeconfig = await file('ca', text);
    const insecure = await resolveTarget({ kubeconfig, insecureSkipTlsVerify: true }, testEnvironment());
    expect(insecure.access().cluster).toEqual({ name: 'c1', server: 'https://one:6443', skipTLSVerify: true });
    await file('my-ca.pem', 'x');
    const other = await resolveTarget(
      { kubeconfig, certificateAuthority: 'my-ca.pem' },
      testEnvironment({ cwd: folder }),
    );
    expect(other.access().cluster).toMatchObject({ caFile: join(folder, 'my-ca.pem'), skipTLSVerify: false });
    expect(other.access().cluster.caData).toBeUndefined();
  });

  test('--server drops the tls-server-name of the file, --tls-server-name sets it', async () => {
    const kubeconfig = await file(
      'n',
      one.replace("server: 'https://one:6443'", "server: 'https://one:6443', tls-server-name: inner"),
    );
    const names = async (flags: ConnectionFlags) =>
      (await resolveTarget({ kubeconfig, ...flags }, testEnvironment())).access().cluster.tlsServerName;
    expect(await names({})).toBe('inner');
    expect(await names({ server: 'https://x' })).toBeUndefined();
    expect(await names({ server: 'https://x', tlsServerName: 'y' })).toBe('y');
  });

  test('relative paths in a file are relative to it, paths in flags to the working directory; inline data beats a file', async () => {
    for (const name of ['sub/ca', 'sub/crt', 'sub/key', 'crt', 'key']) await file(name, 'x');
    const kubeconfig = await file(
      'sub/config',
      `
current-context: a
clusters: [{name: c, cluster: {server: 'https://h', certificate-authority: ca}}]
users: [{name: u, user: {client-certificate: crt, client-key: missing, client-key-data: a2V5}}]
contexts: [{name: a, context: {cluster: c, user: u}}]
`,
    );
    const access = (await resolveTarget({ kubeconfig }, testEnvironment())).access();
    expect(access.cluster.caFile).toBe(join(folder, 'sub/ca'));
    expect(access.user).toEqual({ name: 'u', certFile: join(folder, 'sub/crt'), keyData: 'a2V5' });
    const flagged = await resolveTarget(
      { kubeconfig, clientCertificate: 'crt', clientKey: 'key' },
      testEnvironment({ cwd: folder }),
    );
    expect(flagged.access().user).toEqual({ name: 'u', certFile: join(folder, 'crt'), keyFile: join(folder, 'key') });
  });

  test('impersonation comes from the file, and flags win field by field', async () => {
    const kubeconfig = await file(
      'as',
      one.replace(
        'token: secret-one',
        "token: t, as: bob, as-uid: '7', as-groups: [g1, g2], as-user-extra: {scopes: [view, '1'], __proto__: [p]}",
      ),
    );
    const fromFile = (await resolveTarget({ kubeconfig }, testEnvironment())).access().impersonation;
    expect(fromFile).toMatchObject({ user: 'bob', uid: '7', groups: ['g1', 'g2'] });
    expect([...fromFile.extra]).toEqual([
      ['scopes', ['view', '1']],
      ['__proto__', ['p']],
    ]);
    const flags = { kubeconfig, as: 'eve', asGroup: ['x'], asUid: '9' };
    expect((await resolveTarget(flags, testEnvironment())).access().impersonation).toMatchObject({
      user: 'eve',
      uid: '9',
      groups: ['x'],
    });
  });

  test('--as-group without --as is a usage error', async () => {
    await expect(resolveOne({ asGroup: ['g'] })).rejects.toThrow(UsageError);
  });
});

describe('exec plugins in the file', () => {
  const withExec = (exec: string) => one.replace('token: secret-one', `exec: ${exec}`);
  const load = async (exec: string) =>
    (await resolveTarget({ kubeconfig: await file('dir/config', withExec(exec)) }, testEnvironment())).access().exec;

  test.each([
    ['bare-name', 'bare-name'],
    ['./bin/login', 'FOLDER/bin/login'],
    ['bin/login', 'FOLDER/bin/login'],
    ['/opt/login', '/opt/login'],
  ])('the command %s is run as %s', async (command, expected) => {
    const exec = await load(`{apiVersion: client.authentication.k8s.io/v1beta1, command: ${command}}`);
    expect(exec?.command).toBe(expected.replace('FOLDER', join(folder, 'dir')));
    expect(exec).toMatchObject({ interactiveMode: 'IfAvailable', provideClusterInfo: false, args: [], env: [] });
  });

  test('all fields', async () => {
    const exec = await load(
      '{apiVersion: client.authentication.k8s.io/v1, command: x, args: [a, b], env: [{name: NAME, value: V}], installHint: get it, provideClusterInfo: true, interactiveMode: Never}',
    );
    expect(exec).toMatchObject({
      args: ['a', 'b'],
      env: [{ name: 'NAME', value: 'V' }],
      installHint: 'get it',
      provideClusterInfo: true,
      interactiveMode: 'Never',
    });
  });

  test('a removed API version is refused with the way out', async () => {
    const text = withExec('{apiVersion: client.authentication.k8s.io/v1alpha1, command: aws}');
    const error = await failure({ kubeconfig: await file('old', text) });
    expect(error.message).toContain('v1alpha1');
    expect(error.hint).toContain('update the plugin');
  });
});

describe('configuration errors', () => {
  test('nothing configured: no localhost:8080, a hint', async () => {
    const error = await failure({});
    expect(error.message).toBe(`no cluster is configured: ${join(folder, '.kube/config')} does not exist`);
    expect(error.hint).toContain('--kubeconfig');
    expect((await failure({}, { KUBECONFIG: '/no/such' })).message).toContain('KUBECONFIG (/no/such)');
  });

  test('unknown context, cluster, user: the available ones are named', async () => {
    const kubeconfig = await file('two', two);
    expect(await failure({ kubeconfig, context: 'zz' })).toMatchObject({ hint: 'available contexts: b, bare' });
    expect((await failure({ kubeconfig, cluster: 'zz' })).hint).toBe('available clusters: c1, c2');
    expect((await failure({ kubeconfig, user: 'zz' })).hint).toBe('available users: u2');
  });

  test('no current context', async () => {
    const error = await failure({ kubeconfig: await file('x', two.replace('current-context: b', '')) });
    expect(error.message).toContain('no current context');
    expect(error.hint).toBe('use --context; available contexts: b, bare');
  });

  test.each<[string, string, RegExp]>([
    ['dangling current-context', one.replace('current-context: a', 'current-context: q'), /context "q" does not exist/],
    [
      'context of an unknown user',
      one.replace('user: u1, namespace', 'user: nobody, namespace'),
      /names the user "nobody"/,
    ],
    [
      'context of an unknown cluster',
      one.replace('cluster: c1, user', 'cluster: nix, user'),
      /names the cluster "nix"/,
    ],
    ['context without cluster', one.replace('cluster: c1, user', 'user'), /names no cluster/],
    ['no server', one.replace("server: 'https://one:6443'", ''), /has no server address/],
    ['bad server', one.replace('https://one:6443', 'https://'), /is not a URL/],
    ['other scheme', one.replace('https://one:6443', 'ftp://one'), /is not a URL/],
    ['credentials in the server', one.replace('https://one', 'https://me:pw@one'), /contains a user name/],
    ['number as token', one.replace('secret-one', '12345'), /user "u1": token must be a string/],
    ['y as group', one.replace('token: secret-one', 'as: x, as-groups: [x, y]'), /as-groups must be a list of strings/],
    ['groups without user', one.replace('token: secret-one', 'as-groups: [x]'), /without a user/],
    [
      'certificate without key',
      one.replace('token: secret-one', 'client-certificate-data: Zg=='),
      /without a client key/,
    ],
    [
      'insecure with authority',
      one.replace(
        "server: 'https://one:6443'",
        "server: 'https://one:6443', insecure-skip-tls-verify: true, certificate-authority-data: Zg==",
      ),
      /exclude each other/,
    ],
    [
      'missing authority file',
      one.replace("server: 'https://one:6443'", "server: 'https://one:6443', certificate-authority: gone.pem"),
      /gone\.pem cannot be read/,
    ],
    [
      'unknown auth provider',
      one.replace('token: secret-one', 'auth-provider: {name: magic}'),
      /magic is not supported/,
    ],
    ['gcp', one.replace('token: secret-one', 'auth-provider: {name: gcp}'), /kubectl 1.26 removed it/],
    ['azure', one.replace('token: secret-one', 'auth-provider: {name: azure}'), /kubectl 1.26 removed it/],
    ['another kind', 'kind: Pod\n', /kind is not Config/],
    ['a list', '- a\n', /is not a kubeconfig/],
    ['clusters no list', 'clusters: {a: 1}\n', /clusters must be a list/],
    ['no YAML', 'a: [\n  token: "super-secret\n', /not valid YAML/],
    ['unknown alias', `${one}x: *super-secret\n`, /not valid YAML \(line \d+\)/],
  ])('%s', async (_name, text, message) => {
    const error = await failure({ kubeconfig: await file('bad', text) });
    expect(error.reason).toBe('config');
    expect(error.message).toMatch(message);
    expect(`${error.message} ${error.hint}`).not.toMatch(/super-secret|secret-one|:pw|12345/);
  });

  test('a named file must exist, be a file and be of sane size', async () => {
    expect((await failure({ kubeconfig: 'nope' })).message).toContain('does not exist');
    expect((await failure({ kubeconfig: folder })).message).toContain('EISDIR');
    expect((await failure({ kubeconfig: await file('big', ' '.repeat(4 * 1024 * 1024 + 1)) })).message).toContain(
      '4 MiB',
    );
  });
});

test('a printed target shows no secret', async () => {
  const target = await resolveTarget({ kubeconfig: await file('one', one) }, testEnvironment());
  expect(inspect(target, { depth: 10, showHidden: true }) + JSON.stringify(target)).not.toContain('secret-one');
  expect(target.access().user.token).toBe('secret-one');
});
