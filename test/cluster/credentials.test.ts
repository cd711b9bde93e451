import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Access, ExecSpec } from '../../src/cluster/access.ts';
import type { Environment } from '../../src/cluster/connection.ts';
import { runExecPlugin } from '../../src/cluster/exec-plugin.ts';
import { createTransport } from '../../src/cluster/transport.ts';
import { CancelledError, type ClusterError } from '../../src/errors.ts';
import { makeAuthority } from '../support/certificates.ts';
import { testEnvironment, testTarget } from '../support/cluster-access.ts';
import { type SeenRequest, type StubAnswer, type StubOptions, startStub } from '../support/http-stub.ts';

const get = { method: 'GET', path: '/x', what: 'get x' } as const;
const noOne = { user: undefined, uid: undefined, groups: [], extra: new Map<string, string[]>() };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const CERTIFICATE = makeAuthority().issue({ commonName: 'server', names: ['127.0.0.1'] });

type Answers = readonly (StubAnswer | ((request: SeenRequest) => StubAnswer))[];

async function connect(
  access: Partial<Access>,
  answers: Answers = [{ body: 'ok' }],
  environment: Environment = testEnvironment(),
  stubOptions: StubOptions = {},
) {
  // Over plain http no credential is sent at all.
  const stub = await startStub([{ path: '/x', answers }], { tls: CERTIFICATE, ...stubOptions });
  const cluster = { name: 'test', server: stub.url, skipTLSVerify: true };
  const transport = await createTransport(testTarget(stub.url, { cluster, ...access }), { environment });
  onTestFinished(() => transport.close());
  return { stub, transport, sent: () => stub.requests.map(r => r.headers.authorization) };
}

async function failure(promise: Promise<unknown>): Promise<ClusterError> {
  return await promise.then(
    () => expect.unreachable('it must fail'),
    (error: unknown) => error as ClusterError,
  );
}

const only =
  (token: string) =>
  (request: SeenRequest): StubAnswer =>
    request.headers.authorization === `Bearer ${token}` ? { body: 'ok' } : { status: 401 };

/** A plugin that counts its runs in a file and answers with what `status` (JavaScript, may use `n`) says. */
async function counting(status: string): Promise<{ exec: ExecSpec; runs: () => Promise<number> }> {
  const command = join(folder, 'plugin');
  const code = `
const fs = require('fs');
fs.appendFileSync(__dirname + '/runs', 'x');
const n = fs.readFileSync(__dirname + '/runs').length;
console.log(JSON.stringify({kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status: ${status}}));`;
  await writeFile(command, `#!${process.execPath}\n${code}`);
  await chmod(command, 0o755);
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command,
      args: [],
      env: [],
      installHint: undefined,
      provideClusterInfo: false,
      interactiveMode: 'Never',
      clusterConfig: undefined,
    },
    runs: async () => (await readFile(join(folder, 'runs'), 'utf8')).length,
  };
}

describe('over plain http', () => {
  test('no token, no password, no plugin; whom to impersonate stays', async () => {
    const stub = await startStub([{ path: '/x', answers: [{ body: 'ok' }] }]);
    const { exec, runs } = await counting(`{token: 'run-' + n}`);
    const secrets: Partial<Access>[] = [
      { user: { name: 'u', token: 'abc' } },
      { user: { name: 'u', username: 'ann', password: 'p' } },
      { exec, impersonation: { ...noOne, user: 'ann' } },
    ];
    for (const access of secrets) {
      const transport = await createTransport(testTarget(stub.url, access), { environment: testEnvironment() });
      onTestFinished(() => transport.close());
      await transport.request(get);
    }
    expect(stub.requests.map(r => r.headers.authorization)).toEqual([undefined, undefined, undefined]);
    expect(stub.requests.at(-1)?.headers['impersonate-user']).toBe('ann');
    await expect(runs()).rejects.toThrow('ENOENT');
  });
});

describe('what is sent', () => {
  test.each<[string, Partial<Access>, string | undefined]>([
    ['nothing', {}, undefined],
    ['a token', { user: { name: 'u', token: 'abc' } }, 'Bearer abc'],
    ['user and password', { user: { name: 'u', username: 'ann', password: 'p:w' } }, `Basic ${btoa('ann:p:w')}`],
    ['user without password', { user: { name: 'u', username: 'ann' } }, `Basic ${btoa('ann:')}`],
  ])('%s', async (_name, access, header) => {
    const { transport, sent } = await connect(access);
    await transport.request(get);
    expect(sent()).toEqual([header]);
  });

  test('impersonation, with groups one by one and extra keys encoded', async () => {
    const extra = new Map([
      ['scopes', ['a', 'b']],
      ['example.com/Key%', ['c']],
    ]);
    const impersonation = { user: 'jörg', uid: '7', groups: ['g 1', 'system:x'], extra };
    const { transport, stub } = await connect({ user: { name: 'u', token: 't' }, impersonation });
    await transport.request(get);
    const { headers } = stub.requests[0]!;
    expect(Buffer.from(String(headers['impersonate-user']), 'latin1').toString('utf8')).toBe('jörg');
    expect(headers).toMatchObject({
      'impersonate-uid': '7',
      'impersonate-group': 'g 1, system:x',
      'impersonate-extra-scopes': 'a, b',
      'impersonate-extra-example.com%2fkey%25': 'c',
    });
  });

  test.each<[string, Partial<Access>]>([
    ['token', { user: { name: 'u', token: 'a\nb' } }],
    ['user', { impersonation: { ...noOne, user: 'a\r\nX-Evil: 1' } }],
    ['group', { impersonation: { ...noOne, user: 'a', groups: ['b\n'] } }],
  ])('a control character in the %s is refused, not sent', async (_name, access) => {
    const { transport, stub } = await connect(access);
    const error = await failure(transport.request(get));
    expect(error).toMatchObject({ reason: 'config', message: expect.stringContaining('control character') });
    expect(stub.requests).toHaveLength(0);
  });

  test('a refused fixed token is not tried again', async () => {
    const { transport, stub } = await connect({ user: { name: 'u', token: 'old' } }, [{ status: 401 }]);
    expect(await failure(transport.request(get))).toMatchObject({ reason: 'unauthorized', status: 401 });
    expect(stub.requests).toHaveLength(1);
  });
});

describe('token files', () => {
  test('are read, trimmed, and read again after a minute', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, ' one\n');
    let now = 1_000_000;
    const { transport, sent } = await connect(
      { tokenFile, user: { name: 'u', token: 'inline' } },
      undefined,
      testEnvironment({ now: () => now }),
    );
    await transport.request(get);
    await writeFile(tokenFile, 'two');
    now += 59_000;
    await transport.request(get);
    now += 2_000;
    await transport.request(get);
    expect(sent()).toEqual(['Bearer one', 'Bearer one', 'Bearer two']);
  });

  test('are read again at once after 401, once', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'old');
    const { transport, sent } = await connect({ tokenFile }, [only('new')]);
    expect(await failure(transport.request(get))).toMatchObject({ reason: 'unauthorized' });
    expect(sent()).toEqual(['Bearer old', 'Bearer old']);
    await writeFile(tokenFile, 'new');
    expect((await transport.request(get)).text).toBe('ok');
    expect(sent().at(-1)).toBe('Bearer new');
  });

  test('fall back to the inline token, else say so', async () => {
    const tokenFile = join(folder, 'missing');
    const withInline = await connect({ tokenFile, user: { name: 'u', token: 'inline' } });
    await withInline.transport.request(get);
    expect(withInline.sent()).toEqual(['Bearer inline']);
    const { transport } = await connect({ tokenFile });
    expect(await failure(transport.request(get))).toMatchObject({
      reason: 'config',
      message: expect.stringContaining(tokenFile),
    });
  });
});

describe('exec plugins', () => {
  test('one run serves many requests', async () => {
    const { exec, runs } = await counting(`{token: 'run-' + n}`);
    const { transport, sent } = await connect({ exec });
    await Promise.all(Array.from({ length: 8 }, () => transport.request(get)));
    await transport.request(get);
    expect(new Set(sent())).toEqual(new Set(['Bearer run-1']));
    expect(await runs()).toBe(1);
  });

  test('runs again when its credential has expired', async () => {
    const { exec, runs } = await counting(`{token: 'run-' + n, expirationTimestamp: '2026-11-23T13:00:00Z'}`);
    let now = Date.parse('2026-11-23T12:00:00Z');
    const { transport, sent } = await connect({ exec }, undefined, testEnvironment({ now: () => now }));
    await transport.request(get);
    now += 3_599_000;
    await transport.request(get);
    now += 1_000;
    await transport.request(get);
    expect(sent()).toEqual(['Bearer run-1', 'Bearer run-1', 'Bearer run-2']);
    expect(await runs()).toBe(2);
  });

  test('runs once more after 401, however many requests were refused, and a POST is sent again', async () => {
    const { exec, runs } = await counting(`{token: 'run-' + n}`);
    const { transport } = await connect({ exec }, [only('run-2')]);
    const requests = Array.from({ length: 8 }, () => transport.request({ ...get, method: 'POST', body: {} }));
    expect((await Promise.all(requests)).map(r => r.text)).toEqual(Array(8).fill('ok'));
    expect(await runs()).toBe(2);
  });

  test('a refusal that comes late does not throw the new credential away', async () => {
    const { exec, runs } = await counting(`{token: 'run-' + n}`);
    let release = (): void => undefined;
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const { transport, stub } = await connect({ exec }, [{ status: 401, after: held }, only('run-2')]);
    const late = transport.request(get);
    await expect.poll(() => stub.requests.length).toBe(1);
    await transport.request(get);
    release();
    expect((await late).text).toBe('ok');
    expect(await runs()).toBe(2);
  });

  test('a second refusal is the answer', async () => {
    const { exec, runs } = await counting(`{token: 'x'}`);
    const { transport } = await connect({ exec }, [{ status: 401 }]);
    expect(await failure(transport.request(get))).toMatchObject({ reason: 'unauthorized', status: 401 });
    expect(await runs()).toBe(2);
  });

  test('a new client certificate means a new connection', async () => {
    const authority = makeAuthority();
    const issue = (commonName: string) => authority.issue({ commonName });
    const certificates = [issue('run-1'), issue('run-2')];
    const status = certificates.map(({ cert, key }) => ({ clientCertificateData: cert, clientKeyData: key }));
    const { exec } = await counting(`${JSON.stringify(status)}[n - 1]`);
    const tls = { ...authority.issue({ commonName: 'api', names: ['127.0.0.1'] }), clientAuthority: authority.cert };
    const stub = await startStub(
      [{ path: '/x', answers: [r => (r.clientName === 'run-2' ? { body: 'ok' } : { status: 401 })] }],
      { tls },
    );
    const caData = Buffer.from(authority.cert).toString('base64');
    const target = testTarget(stub.url, {
      exec,
      cluster: { name: 'c', server: stub.url, skipTLSVerify: false, caData },
    });
    const transport = await createTransport(target, { environment: testEnvironment() });
    onTestFinished(() => transport.close());
    expect((await transport.request(get)).text).toBe('ok');
    expect(stub.requests.map(r => r.clientName)).toEqual(['run-1', 'run-2']);
    await expect.poll(() => stub.openConnections()).toBe(1);
  });

  describe('a slow plugin', () => {
    const slow = `(() => { while (!fs.existsSync(__dirname + '/go')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); return {token: 't'}; })()`;
    const runsSoFar = () => readFile(join(folder, 'runs'), 'utf8').catch(() => '');

    test('when one of two requests is cancelled, the other still gets the credential', async () => {
      const { exec } = await counting(slow);
      const { transport, stub } = await connect({ exec });
      const stop = new AbortController();
      const first = failure(transport.request({ ...get, signal: stop.signal }));
      const second = transport.request(get);
      await expect.poll(runsSoFar).toBe('x');
      stop.abort();
      expect(await first).toBeInstanceOf(CancelledError);
      await writeFile(join(folder, 'go'), '');
      expect((await second).text).toBe('ok');
      expect(stub.requests).toHaveLength(1);
    });

    test('when all are cancelled it ends, and the next request starts it anew', async () => {
      const { exec } = await counting(slow);
      const { transport } = await connect({ exec });
      const stop = new AbortController();
      const both = [1, 2].map(() => failure(transport.request({ ...get, signal: stop.signal })));
      await expect.poll(runsSoFar).toBe('x');
      stop.abort();
      const third = transport.request(get);
      for (const error of await Promise.all(both)) expect(error).toBeInstanceOf(CancelledError);
      await expect.poll(runsSoFar).toBe('xx');
      await writeFile(join(folder, 'go'), '');
      expect((await third).text).toBe('ok');
    });
  });

  test('a plugin that fails is reported, and run again for the next request', async () => {
    const { exec, runs } = await counting(`n === 1 ? {} : {token: 'ok'}`);
    const { transport, stub } = await connect({ exec });
    expect(await failure(transport.request(get))).toMatchObject({ reason: 'unauthorized' });
    expect(stub.requests).toHaveLength(0);
    expect((await transport.request(get)).text).toBe('ok');
    expect(await runs()).toBe(2);
  });
});

describe('OIDC', () => {
  const jwt = (exp: unknown): string =>
    ['{"alg":"none"}', JSON.stringify({ exp }), 'x'].map(part => Buffer.from(part).toString('base64url')).join('.');
  const oidc = (config: Record<string, string>): Partial<Access> => ({
    user: { name: 'ann', authProvider: { name: 'oidc', config } },
  });
  const NOON = Date.parse('2026-11-23T12:00:00Z') / 1000;

  test.each([
    ['that lasts', jwt(NOON + 1)],
    ['without an end', jwt(undefined)],
    ['with an end that is no number', jwt('tomorrow')],
    ['that is no JWT', 'opaque'],
  ])('an id-token %s is sent', async (_what, token) => {
    const { transport, sent } = await connect(oidc({ 'id-token': token }));
    await transport.request(get);
    expect(sent()).toEqual([`Bearer ${token}`]);
  });

  test.each([
    ['that expired', { 'id-token': jwt(NOON) }, 'the OIDC id-token of user "ann" expired at 2026-11-23T12:00:00.000Z'],
    ['that expired before all time', { 'id-token': jwt(-1e300) }, 'the OIDC id-token of user "ann" expired'],
    ['that is missing', { 'refresh-token': 'secret' }, 'user "ann" has no OIDC id-token'],
  ])('one %s is an error that names the way out, and nothing is sent', async (_what, config, message) => {
    const { transport, stub } = await connect(oidc({ 'idp-issuer-url': 'https://127.0.0.1:1', ...config }));
    const error = await failure(transport.request(get));
    expect(error).toMatchObject({ reason: 'unauthorized', message: `cannot get credentials: ${message}` });
    expect(error.hint).toMatch(/kubectl renews it; or use an exec plugin/);
    expect(stub.requests).toHaveLength(0);
  });

  test('one that expires while the program runs is noticed', async () => {
    let now = NOON * 1000;
    const { transport } = await connect(
      oidc({ 'id-token': jwt(NOON + 60) }),
      undefined,
      testEnvironment({ now: () => now }),
    );
    await transport.request(get);
    now += 60_000;
    expect(await failure(transport.request(get))).toMatchObject({ reason: 'unauthorized' });
  });
});

describe('files that are none', () => {
  /** A name, and what stands there: nothing that is read to its end. */
  async function odd(kind: string): Promise<string> {
    const path = join(folder, 'odd');
    if (kind === 'fifo') execFileSync('mkfifo', [path]);
    else if (kind === 'folder') await mkdir(path);
    else if (kind === 'huge') await writeFile(path, Buffer.alloc(1024 * 1024 + 1));
    else if (kind !== 'missing') return kind;
    return path;
  }

  const uses: readonly [string, (path: string) => Partial<Access>][] = [
    ['token', path => ({ tokenFile: path })],
    ['client certificate', path => ({ user: { name: 'u', certFile: path, keyData: 'QQ==' } })],
    ['client key', path => ({ user: { name: 'u', certData: 'QQ==', keyFile: path } })],
    [
      'certificate authority',
      path => ({ cluster: { name: 'c', server: 'https://127.0.0.1:1', skipTLSVerify: false, caFile: path } }),
    ],
  ];
  const kinds: readonly [string, RegExp][] = [
    ['fifo', /is not a regular file/],
    ['folder', /is not a regular file/],
    ['/dev/zero', /is not a regular file/],
    ['huge', /is larger than 1 MiB/],
    ['missing', /cannot be read: ENOENT/],
  ];
  const cases = uses.flatMap(([what, access]) =>
    kinds.map(([kind, message]) => [what, kind, access, message] as const),
  );

  test.each(cases)('as %s: %s', async (what, kind, access, message) => {
    const path = await odd(kind);
    const { transport, stub } = await connect(access(path));
    const error = await failure(transport.request(get));
    expect(error).toMatchObject({ reason: 'config', message: expect.stringContaining(`the ${what} file ${path} `) });
    expect(error.message).toMatch(message);
    expect(stub.requests).toHaveLength(0);
  });

  test('a plugin that wants to know the cluster is not given one either', async () => {
    const { exec, runs } = await counting(`{token: 't'}`);
    const caFile = await odd('fifo');
    const error = await failure(
      runExecPlugin(
        { ...exec, provideClusterInfo: true },
        {
          environment: testEnvironment(),
          cluster: { name: 'c', server: 'https://api', skipTLSVerify: false, caFile },
          proxyUrl: undefined,
          signal: undefined,
        },
      ),
    );
    expect(error.message).toMatch(/certificate authority file .* is not a regular file/);
    await expect(runs()).rejects.toThrow('ENOENT');
  });
});

test('certificate files are read again after a minute', async () => {
  const authority = makeAuthority();
  const stub = await startStub([{ path: '/x', answers: [{ body: 'ok' }] }], {
    tls: { ...authority.issue({ commonName: 'api', names: ['127.0.0.1'] }), clientAuthority: authority.cert },
  });
  const [caFile, certFile, keyFile] = ['ca', 'cert', 'key'].map(name => join(folder, name)) as [string, string, string];
  const write = async (commonName: string): Promise<void> => {
    const { cert, key } = authority.issue({ commonName });
    await writeFile(certFile, cert);
    await writeFile(keyFile, key);
  };
  await writeFile(caFile, authority.cert);
  await write('first');
  let now = 1_000_000;
  const target = testTarget(stub.url, {
    cluster: { name: 'c', server: stub.url, skipTLSVerify: false, caFile },
    user: { name: 'u', certFile, keyFile },
  });
  const transport = await createTransport(target, { environment: testEnvironment({ now: () => now }) });
  onTestFinished(() => transport.close());
  await transport.request(get);
  await write('second');
  now += 59_000;
  await transport.request(get);
  now += 1_000;
  await transport.request(get);
  expect(stub.requests.map(r => r.clientName)).toEqual(['first', 'first', 'second']);
});
