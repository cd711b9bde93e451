import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExecSpec } from '../../src/cluster/access.ts';
import type { Environment } from '../../src/cluster/connection.ts';
import { runExecPlugin } from '../../src/cluster/exec-plugin.ts';
import { CancelledError, type ClusterError } from '../../src/errors.ts';
import { testEnvironment } from '../support/cluster-access.ts';

const v1 = 'client.authentication.k8s.io/v1';
const cluster = { name: 'c', server: 'https://api:6443', skipTLSVerify: false, caData: 'Q0E=', tlsServerName: 'inner' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exec-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** A plugin written in JavaScript; `out(status)` prints an answer, `log` keeps what it was started with. */
async function plugin(code: string): Promise<string> {
  const path = join(folder, 'plugin');
  const help = `const out = (status, apiVersion = '${v1}') => console.log(JSON.stringify({kind: 'ExecCredential', apiVersion, status}));`;
  await writeFile(path, `#!${process.execPath}\n${help}\n${code}\n`);
  await chmod(path, 0o755);
  return path;
}

function spec(command: string, more: Partial<ExecSpec> = {}): ExecSpec {
  return {
    apiVersion: v1,
    command,
    args: [],
    env: [],
    installHint: undefined,
    provideClusterInfo: false,
    interactiveMode: 'IfAvailable',
    clusterConfig: undefined,
    ...more,
  };
}

function context(environment: Environment = testEnvironment(), signal?: AbortSignal, timeoutMs?: number) {
  return { environment, cluster, proxyUrl: 'http://proxy:1', signal, timeoutMs };
}

async function failure(promise: Promise<unknown>): Promise<ClusterError> {
  return await promise.then(
    () => expect.unreachable('it must fail'),
    (error: unknown) => error as ClusterError,
  );
}

function ring(): unknown {
  const first: unknown[] = [];
  first.push({ again: first });
  return first;
}

const started = `require('fs').writeFileSync(__dirname + '/seen', JSON.stringify({args: process.argv.slice(2), cwd: process.cwd(), env: process.env, info: JSON.parse(process.env.KUBERNETES_EXEC_INFO)}));`;
const seen = async () =>
  JSON.parse(await readFile(join(folder, 'seen'), 'utf8')) as {
    args: string[];
    cwd: string;
    env: Record<string, string>;
    info: { apiVersion: string; kind: string; spec: Record<string, unknown> };
  };

describe('what the plugin gets', () => {
  test('arguments, environment and the request', async () => {
    const command = await plugin(`${started} out({token: ' t '})`);
    const env = { HOME: '/h', NAME: 'outer' };
    const credential = await runExecPlugin(
      spec(command, { args: ['a b', '--c'], env: [{ name: 'NAME', value: 'inner' }] }),
      context(testEnvironment({ env })),
    );
    expect(credential).toEqual({ token: 't', certificate: undefined, key: undefined, expiresAt: null });
    expect(await seen()).toMatchObject({
      args: ['a b', '--c'],
      env: { HOME: '/h', NAME: 'inner' },
      info: { kind: 'ExecCredential', apiVersion: v1, spec: { interactive: false } },
    });
    expect((await seen()).info.spec['cluster']).toBeUndefined();
  });

  test('the cluster, when it wants it', async () => {
    const command = await plugin(`${started} out({token: 't'}, 'client.authentication.k8s.io/v1beta1')`);
    const more = {
      provideClusterInfo: true,
      clusterConfig: { audience: 'x' },
      apiVersion: 'client.authentication.k8s.io/v1beta1',
    };
    await runExecPlugin(spec(command, more), context());
    expect((await seen()).info).toEqual({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      spec: {
        interactive: false,
        cluster: {
          server: 'https://api:6443',
          'tls-server-name': 'inner',
          'certificate-authority-data': 'Q0E=',
          'proxy-url': 'http://proxy:1',
          config: { audience: 'x' },
        },
      },
    });
  });

  test.each([
    ['a tree of aliases', Array.from({ length: 40 }).reduce<unknown>(inner => [inner, inner], 'x')],
    ['a ring', ring()],
    ['a deep one', Array.from({ length: 200 }).reduce<unknown>(inner => [inner], 'x')],
  ])('an extension that is %s is refused before it is run', async (_what, clusterConfig) => {
    const command = await plugin(`${started} out({token: 't'})`);
    const error = await failure(runExecPlugin(spec(command, { provideClusterInfo: true, clusterConfig }), context()));
    expect(error).toMatchObject({ reason: 'config', message: expect.stringContaining('of cluster "c" is too large') });
    await expect(seen()).rejects.toThrow('ENOENT');
  });

  test.each<[ExecSpec['interactiveMode'], boolean, boolean]>([
    ['Never', true, false],
    ['IfAvailable', true, true],
    ['IfAvailable', false, false],
    ['Always', true, true],
  ])('interactiveMode %s, terminal %s: interactive %s', async (interactiveMode, stdinIsTTY, interactive) => {
    const command = await plugin(`${started} out({token: 't'})`);
    await runExecPlugin(spec(command, { interactiveMode }), context(testEnvironment({ stdinIsTTY })));
    expect((await seen()).info.spec['interactive']).toBe(interactive);
  });

  test('Always without a terminal is refused before it is run', async () => {
    const command = await plugin(started);
    const error = await failure(runExecPlugin(spec(command, { interactiveMode: 'Always' }), context()));
    expect(error).toMatchObject({ reason: 'config', message: expect.stringContaining('needs a terminal') });
    await expect(seen()).rejects.toThrow('ENOENT');
  });
});

describe('what the plugin gives', () => {
  test('a certificate and the end of its life', async () => {
    const command = await plugin(
      `out({clientCertificateData: 'CERT', clientKeyData: 'KEY', expirationTimestamp: '2026-11-23T13:00:00Z'})`,
    );
    expect(await runExecPlugin(spec(command), context())).toEqual({
      token: undefined,
      certificate: 'CERT',
      key: 'KEY',
      expiresAt: Date.parse('2026-11-23T13:00:00Z'),
    });
  });

  test.each<[string, string, RegExp]>([
    ['nothing', '', /did not answer with JSON/],
    ['text', `console.log('secret-output')`, /did not answer with JSON/],
    ['null', `console.log('null')`, /ExecCredential/],
    ['another kind', `console.log('{"kind":"Status","message":"secret-output"}')`, /ExecCredential/],
    ['another version', `out({token: 'secret-output'}, 'client.authentication.k8s.io/v1beta1')`, /another apiVersion/],
    ['no status', 'out()', /neither token nor client certificate/],
    ['a token of a wrong type', `out({token: {a: 'secret-output'}})`, /neither token nor/],
    ['a certificate without key', `out({clientCertificateData: 'secret-output'})`, /without key/],
    ['no time', `out({token: 'secret-output', expirationTimestamp: 'soon'})`, /no time/],
    ['a failure', `console.log('secret-output'); process.exitCode = 7`, /failed with exit code 7/],
    ['an end by signal', `console.log('secret-output'); process.kill(process.pid, 'SIGTERM')`, /ended by SIGTERM/],
    [
      'YAML with aliases',
      `console.log('a: &a [1,1]\\nb: &b [*a,*a]\\nc: [*b,*b] # secret-output')`,
      /did not answer with JSON/,
    ],
    ['JSON 300,000 levels deep', `process.stdout.write('['.repeat(3e5) + ']'.repeat(3e5))`, /ExecCredential/],
    [
      'deep JSON in its place',
      `process.stdout.write('{"kind":"ExecCredential","apiVersion":"${v1}","status":' + '{"token":'.repeat(5e4) + '"secret-output"' + '}'.repeat(5e4) + '}')`,
      /neither token nor/,
    ],
    [
      'more and more',
      `const b = 'secret-output'.repeat(1e4); const more = () => process.stdout.write(b, more); process.stdout.on('error', () => process.exit()); more()`,
      /more than 1 MiB/,
    ],
    ['too much', `process.stdout.write('secret-output'.repeat(200000))`, /more than 1 MiB/],
  ])('%s is an error that shows nothing of it', async (_name, code, message) => {
    const error = await failure(runExecPlugin(spec(await plugin(code)), context()));
    expect(error.reason).toBe('unauthorized');
    expect(error.message).toMatch(message);
    expect(error.hint).toContain('log in again');
    expect(JSON.stringify([error.message, error.hint, String(error.cause)])).not.toContain('secret-output');
  });

  test('what it complains reaches the user line by line', async () => {
    const environment = testEnvironment();
    const command = await plugin(
      `console.error('first\\nsecond'); process.stderr.write('third'); process.exitCode = 1`,
    );
    await failure(runExecPlugin(spec(command), context(environment)));
    expect(environment.warnings).toEqual(['first', 'second', 'third']);
  });
});

describe('when it cannot be run', () => {
  test.each([
    [undefined, 'install it, or put its folder into PATH'],
    ['get it from example.com', 'get it from example.com'],
  ])('missing, installHint %j', async (installHint, hint) => {
    const error = await failure(runExecPlugin(spec('no-such-plugin-anywhere', { installHint }), context()));
    expect(error).toMatchObject({ reason: 'config', hint });
    expect(error.message).toContain('no-such-plugin-anywhere');
  });

  test('not executable', async () => {
    const command = await plugin('');
    await chmod(command, 0o644);
    expect(await failure(runExecPlugin(spec(command), context()))).toMatchObject({
      reason: 'config',
      message: expect.stringContaining('EACCES'),
    });
  });
});

describe('it does not run for ever', () => {
  const endless = `${started} process.on('SIGTERM', () => { require('fs').writeFileSync(__dirname + '/ended', ''); process.exit(1); }); setInterval(() => 0, 1000);`;

  test('a time-out ends it', async () => {
    const command = await plugin(endless);
    const error = await failure(runExecPlugin(spec(command), context(testEnvironment(), undefined, 700)));
    expect(error).toMatchObject({ reason: 'timeout', message: expect.stringContaining('within 0.7 s') });
    await expect
      .poll(() =>
        readFile(join(folder, 'ended')).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });

  test('the signal ends it', async () => {
    const command = await plugin(endless);
    const stop = new AbortController();
    const running = failure(runExecPlugin(spec(command), context(testEnvironment(), stop.signal)));
    await expect
      .poll(() =>
        seen().then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    stop.abort();
    expect(await running).toBeInstanceOf(CancelledError);
    await expect
      .poll(() =>
        readFile(join(folder, 'ended')).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    expect(await failure(runExecPlugin(spec(command), context(testEnvironment(), stop.signal)))).toBeInstanceOf(
      CancelledError,
    );
  });
});
