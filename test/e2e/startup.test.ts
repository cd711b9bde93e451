import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulatedCluster } from '../../src/deps.ts';
import { simulate } from '../../src/world/simulate.ts';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));

interface Meta {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, unknown>> }>>;
}

/** The source modules in the chunks that a run of the built program loaded, as V8's coverage saw it. */
async function modulesOf(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'evict-coverage-'));
  try {
    const child = spawn(process.execPath, [join(dist, 'kubectl-evict.js'), ...argv], {
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', NODE_V8_COVERAGE: dir, ...env },
      stdio: 'ignore',
    });
    const code = await new Promise(resolve => child.once('close', resolve));
    expect(code).toBe(0);
    const meta = JSON.parse(readFileSync(join(dist, 'meta.json'), 'utf8')) as Meta;
    const loaded = readdirSync(dir).flatMap(file => {
      const { result } = JSON.parse(readFileSync(join(dir, file), 'utf8')) as { result: { url: string }[] };
      return result.map(r => basename(r.url));
    });
    return Object.entries(meta.outputs)
      .filter(([path]) => loaded.includes(basename(path)))
      .flatMap(([, output]) => Object.keys(output.inputs));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('what a command loads', () => {
  let cluster: SimulatedCluster;
  let dir = '';
  beforeAll(async () => {
    cluster = await simulate({ kind: 'scenario', name: 'story' }, 'test');
    dir = mkdtempSync(join(tmpdir(), 'evict-startup-'));
    writeFileSync(join(dir, 'kubeconfig'), cluster.kubeconfig);
  });
  afterAll(async () => {
    await cluster.close();
    rmSync(dir, { recursive: true });
  });

  const HEAVY =
    /node_modules\/(ink|react|react-reconciler|yoga-layout|undici)\/|client-node\/dist\/gen\/(models|apis)\//;

  test.each([
    [['--help']],
    [['--version']],
    [['status', '--help']],
    [['rbac']],
    [['completion', 'bash']],
    [['__complete', 'purge', '--cause', '']],
  ])('%j: no client, no screen, no simulator', async argv => {
    const modules = await modulesOf(argv);
    expect(modules).toContain('src/run.ts');
    expect(modules.filter(m => HEAVY.test(m))).toEqual([]);
    expect(modules.filter(m => /^src\/(cluster|simulator|ui)\/|client-node/.test(m))).toEqual([]);
  });

  // What each command does lies in a chunk of its own.
  const BODY = /^src\/commands\/(demo|purge|report|snapshot|status|tune|verify|why)[/.]|^src\/commands\/rbac\.ts/;

  test.each([[['--help']], [['--version']], [['purge', '--help']], [['help', 'tune']]])(
    '%j: no body of any command, and no parser',
    async argv => {
      const modules = await modulesOf(argv);
      expect(modules).toContain('src/commands/definitions/tune.ts');
      expect(modules.filter(m => BODY.test(m))).toEqual([]);
      expect(modules.filter(m => /^src\/(world|kubelet)\/(?!targets\/ids)|node_modules\//.test(m))).toEqual([]);
    },
  );

  test('a command loads its own body only, and of yargs the parser', async () => {
    const modules = await modulesOf(['rbac']);
    expect(modules.filter(m => BODY.test(m))).toEqual(['src/commands/rbac.ts']);
    expect(modules.some(m => /node_modules\/yargs-parser\//.test(m))).toBe(true);
    expect(modules.filter(m => /node_modules\/(yargs\/build\/lib\/yargs-factory|y18n|cliui)/.test(m))).toEqual([]);
  });

  test('status -o json: the client, but no screen, no models, no simulator', async () => {
    const modules = await modulesOf(['status', '-o', 'json'], { KUBECONFIG: join(dir, 'kubeconfig') });
    expect(modules).toContain('src/cluster/transport.ts');
    expect(modules.filter(m => HEAVY.test(m))).toEqual([]);
    expect(modules.filter(m => /^src\/(simulator|ui|kubelet)\/(?!targets\/ids)/.test(m))).toEqual([]);
    // What only few users' credentials need.
    expect(modules.filter(m => /node_modules\/(openid-client|oauth4webapi|jose)\//.test(m))).toEqual([]);
    expect(modules.filter(m => BODY.test(m) && !m.startsWith('src/commands/status/'))).toEqual([]);
  });
});

test('the built program is not bound to the Node of the build', () => {
  // The host's own Node, where it has one that is new enough.
  const host = '/usr/bin/node';
  const version = spawnSync(host, ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const [, major = '0', minor = '0'] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) < 20 || (Number(major) === 20 && Number(minor) < 16)) {
    process.stderr.write(`SKIPPED: the host's Node: ${version.trim() || 'there is none'}\n`);
    return;
  }
  const done = spawnSync(host, [join(dist, 'kubectl-evict.js'), '--version'], { encoding: 'utf8' });
  expect(done).toMatchObject({ status: 0, stderr: '' });
});
