import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, release } from '../../krew/manifest.mjs';

// The npm package: packed, installed without a network into an empty folder, and run as npx and kubectl do.

const env = { ...process.env, npm_config_update_notifier: 'false' };
let folder = '';
let files: readonly string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubectl-evict-package-'));
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse(execFileSync('npm', pack, { cwd: ROOT, env, encoding: 'utf8' }));
  files = packed.files.map((file: { path: string }) => file.path);
  mkdirSync(join(folder, 'empty'));
  const install = [
    'install',
    '--offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    join(folder, packed.filename),
  ];
  execFileSync('npm', [...install, '--prefix', join(folder, 'empty')], { env, encoding: 'utf8', stdio: 'pipe' });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test('it brings what it needs: no other package is installed with it', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(dependencies).toBeUndefined();
  const installed = readdirSync(join(folder, 'empty', 'node_modules')).filter(name => !name.startsWith('.'));
  expect(installed).toEqual(['kubectl-evict']);
});

test('it holds the program, its licences and schemas, and no sources', () => {
  expect(files).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'dist/kubectl-evict.js', 'dist/THIRD-PARTY-LICENSES.txt']),
  );
  expect(files.some(file => file.startsWith('docs/schemas/'))).toBe(true);
  expect(files.filter(file => /^(src|test|scripts|build|release|node_modules|tools)\//.test(file))).toEqual([]);
  expect(existsSync(join(folder, 'empty', 'node_modules', '.bin', 'kubectl_complete-evict'))).toBe(true);
});

test('npx runs it', () => {
  const npx = spawnSync('npx', ['--offline', '--no-install', 'kubectl-evict', 'version'], {
    cwd: join(folder, 'empty'),
    env,
    encoding: 'utf8',
  });
  expect(npx).toMatchObject({ status: 0, stdout: `kubectl-evict ${release().version.slice(1)}\n` });
});

test('kubectl finds it', () => {
  const PATH = `${join(folder, 'empty', 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`;
  const done = spawnSync('kubectl', ['evict', 'rbac'], { env: { ...env, PATH }, encoding: 'utf8' });
  if (done.error) {
    process.stderr.write('SKIPPED: kubectl finds the npm package: no kubectl on PATH\n');
    return;
  }
  expect(done).toMatchObject({ status: 0, stdout: expect.stringContaining('kind: ClusterRole') });
});
