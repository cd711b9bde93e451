import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { archiveFaults } from '../../krew/check.mjs';
import { ROOT, release } from '../../krew/manifest.mjs';
import { unpack } from '../../scripts/release/archive.mjs';
import { executableFaults } from '../../scripts/release/format.mjs';
import { archiveName, hostPlatform, PLATFORMS } from '../../scripts/release/platforms.mjs';
import { COMMANDS } from '../../src/commands/definitions/index.ts';
import { type Done, describeIf, KUBECONFIG, missing } from './support/cluster.ts';

// The archive of this machine as `npm run build:binary` leaves it in build/, on a PATH that holds kubectl and nothing else.

const BUILD = join(ROOT, 'build');
const archive = join(BUILD, archiveName(release().version, hostPlatform()));
const unfit = existsSync(archive) ? missing('kubectl') : 'no archive in build/: npm run build:binary makes it';
const hasTmux = spawnSync('tmux', ['-V']).error === undefined;

describeIf(unfit, 'the archive, where there is no Node', () => {
  let folder = '';
  let demo: ChildProcess;
  const at = (...path: readonly string[]): string => join(folder, ...path);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubectl-evict-archive-'));
    for (const name of ['unpacked', 'bin', 'empty']) mkdirSync(at(name));
    execFileSync('tar', ['-xzf', archive, '-C', at('unpacked')]);
    const kubectl = execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim();
    symlinkSync(realpathSync(kubectl), at('bin', 'kubectl'));
    // The cluster that the commands below ask: the program's own, which is one more thing that must run.
    demo = spawn(at('bin', 'kubectl'), ['evict', 'demo', '--serve'], { env: envOf(), cwd: at('empty') });
    let kubeconfig = '';
    demo.stdout?.on('data', (text: Buffer) => {
      kubeconfig += text.toString();
    });
    await vi.waitFor(() => expect(() => JSON.parse(kubeconfig)).not.toThrow(), WAIT);
    writeFileSync(at('kubeconfig'), kubeconfig);
    await vi.waitFor(() => expect(evict('status').out).toMatch(/node-3 /), WAIT);
  });
  afterAll(async () => {
    const ended = new Promise(resolve => demo.once('close', resolve));
    demo.kill('SIGINT');
    expect(await ended).toBe(130);
    rmSync(folder, { recursive: true, force: true });
  });

  const envOf = (more: Readonly<Record<string, string>> = {}, programs = at('unpacked')) => ({
    PATH: `${at('bin')}:${programs}`,
    HOME: '/nonexistent',
    KUBECONFIG: at('kubeconfig'),
    ...more,
  });

  /** `kubectl ARGS` in an empty folder. */
  function call(args: readonly string[], more: Readonly<Record<string, string>> = {}, cwd = at('empty')): Done {
    const env = envOf(more);
    const done = spawnSync(at('bin', 'kubectl'), [...args], { env, cwd, encoding: 'utf8', timeout: 60_000, input: '' });
    if (done.error) throw done.error;
    return { code: done.status, out: done.stdout, err: done.stderr };
  }
  const evict = (line: string, more: Readonly<Record<string, string>> = {}): Done =>
    call(['evict', ...line.split(' ').filter(word => word !== '')], more);

  test('holds the program, its completion and the licences, and is what checksums.txt says', () => {
    expect(readdirSync(at('unpacked')).toSorted()).toEqual([
      'LICENSE',
      'THIRD-PARTY-LICENSES.txt',
      'kubectl-evict',
      'kubectl_complete-evict',
    ]);
    const digest = createHash('sha256').update(readFileSync(archive)).digest('hex');
    expect(readFileSync(join(BUILD, 'checksums.txt'), 'utf8')).toBe(`${digest}  ${basename(archive)}\n`);
    expect(readFileSync(at('unpacked', 'THIRD-PARTY-LICENSES.txt'), 'utf8')).toMatch(/^ink \d[\s\S]*^js-yaml \d/m);
    expect(
      executableFaults(readFileSync(at('unpacked', 'kubectl-evict')), PLATFORMS[hostPlatform()]?.format as never),
    ).toEqual([]);
  });

  test('there really is no Node', () => {
    expect(spawnSync('/bin/sh', ['-c', 'command -v node'], { env: envOf() }).status).not.toBe(0);
  });

  test.each(COMMANDS.map(c => c.name))('%s --help', name => {
    const { code, out, err } = evict(`${name} --help`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`kubectl evict ${name}`);
  });

  test.each<readonly [string, number, RegExp]>([
    ['', 0, /Commands:/],
    ['--version', 0, /^kubectl-evict \d+\.\d+\.\d+\n$/],
    ['version', 0, /^kubectl-evict /],
    ['status --bogus', 2, /^$/],
    ['status', 0, /node-3 .*nodefs\.available/],
    ['status --all -o json', 0, /"kind": "NodeStatusList"/],
    ['status -o yaml', 0, /kind: NodeStatusList/],
    ['why node/node-3', 0, /nodefs\.available/],
    ['report -A', 0, /evict/i],
    ['rbac', 0, /kind: ClusterRole/],
    ['rbac --check', 0, /nodes\/proxy/],
    ['tune --offline --nodefs 5% --fragment', 0, /nodefs\.available: "?5%/],
    ['tune --offline --nodefs 5% --to 10-kubeadm.conf', 0, /--eviction-hard=/],
    ['purge -A --dry-run=client', 0, /dry run/],
    ['snapshot -o -', 0, /"kind":"Snapshot"/],
    ['completion bash', 0, /kubectl-evict/],
    ['demo --plain --scenario nonsense', 2, /^$/],
  ])('kubectl evict %s', (line, expected, printed) => {
    const { code, out, err } = evict(line);
    expect({ code, err: code === expected ? '' : err }).toEqual({ code: expected, err: '' });
    expect(out).toMatch(printed);
  });

  test('verify finds what the node does not run', () => {
    const { out } = evict('tune --offline --nodefs 3% --fragment');
    writeFileSync(at('wanted.yaml'), out);
    expect(evict(`verify -f ${at('wanted.yaml')} node-3`)).toMatchObject({ code: 3 });
  });

  test('demo serves a cluster that kubectl works with', () => {
    expect(call(['get', 'nodes', '-o', 'name'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('node/node-3'),
    });
  });

  test.skipIf(!hasTmux)('demo opens its screen, takes keys and leaves the terminal as it was', async () => {
    const tmux = tmuxOf(envOf());
    const screen = (): string => tmux('capture-pane', '-p', '-t', 'demo');
    const shows = (what: RegExp) => vi.waitFor(() => expect(screen()).toMatch(what), WAIT);
    try {
      tmux('new-session', '-d', '-s', 'demo', '-x', '120', '-y', '40', '/bin/sh');
      await shows(PROMPT);
      tmux('send-keys', '-t', 'demo', 'kubectl evict demo', 'Enter');
      await shows(/▸ node-3 /);
      tmux('send-keys', '-t', 'demo', 'Enter');
      await shows(/\[Signals\]|\[Overview\]|nodefs\.available/);
      tmux('send-keys', '-t', 'demo', 'q');
      tmux('send-keys', '-t', 'demo', 'q');
      await shows(PROMPT);
      expect(screen()).toMatch(/SIMULATED cluster/);
      expect(screen()).not.toContain('▸');
    } finally {
      tmux('kill-server');
    }
  });

  test('is called by the name it was installed under, as krew installs it', () => {
    // krew unpacks into a store of versions and puts one symbolic link on the PATH.
    const store = at('store', 'evict', release().version);
    const links = at('links');
    for (const dir of [store, links]) mkdirSync(dir, { recursive: true });
    execFileSync('tar', ['-xzf', archive, '-C', store]);
    symlinkSync(join(store, 'kubectl-evict'), join(links, 'kubectl-evict'));
    symlinkSync(join(store, 'kubectl-evict'), join(links, 'kubectl-node_pressure'));
    const PATH = `${at('bin')}:${links}`;
    expect(call(['evict', 'version'], { PATH }).out).toMatch(/^kubectl-evict \d/);
    expect(call(['evict', 'status', '--help'], { PATH }).out).toContain('kubectl evict status worker-7');
    const renamed = call(['node-pressure', 'status', '--help'], { PATH });
    expect(renamed).toMatchObject({ code: 0, err: '' });
    expect(renamed.out).toContain('kubectl node-pressure status worker-7');
    expect(renamed.out).not.toContain('kubectl evict ');
  });

  test('its archive is one that the check of manifests takes', () => {
    const digest = createHash('sha256').update(readFileSync(archive)).digest('hex');
    const platform = { uri: `https://example.org/${basename(archive)}`, sha256: digest, bin: 'kubectl-evict' };
    expect(archiveFaults({ spec: { platforms: [platform] } }, basename(archive), readFileSync(archive))).toEqual([]);
  });

  test('completes through its launcher', () => {
    const env = { ...envOf(), PATH: `${at('unpacked')}:/usr/bin:/bin` };
    const done = spawnSync(at('unpacked', 'kubectl_complete-evict'), ['stat'], { env, encoding: 'utf8' });
    expect(done.stdout).toMatch(/^status\t.*\n:\d+\n$/);
  });

  test.each([
    ['BUN_BE_BUN', '1'],
    ['BUN_OPTIONS', '--preload FOLDER/evil.js'],
    ['NODE_OPTIONS', '--require FOLDER/evil.js'],
  ])('the runtime inside does not listen to %s', (name, value) => {
    writeFileSync(at('evil.js'), 'process.stdout.write("injected");');
    const { code, out } = evict('version', { [name]: value.replace('FOLDER', folder) });
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^kubectl-evict \d[^\n]*\n$/) });
  });

  test('files of the folder it is run in do not change it', () => {
    const place = at('hostile');
    mkdirSync(place);
    writeFileSync(join(place, 'evil.js'), 'process.stdout.write("injected");');
    writeFileSync(join(place, 'bunfig.toml'), 'preload = ["./evil.js"]\n');
    writeFileSync(join(place, '.env'), 'KUBECONFIG=/nowhere\n');
    writeFileSync(join(place, 'package.json'), '{"type":"commonjs","bin":"evil.js"}');
    expect(call(['evict', 'version'], {}, place).out).toMatch(/^kubectl-evict \d[^\n]*\n$/);
    expect(call(['evict', 'status', '-o', 'name'], {}, place)).toMatchObject({ code: 0, out: 'node/node-3\n' });
  });

  describeIf(missing('cluster'), 'on the real cluster', () => {
    test.each(['status --all', 'status --all -o json', 'rbac --check', 'report -A', 'purge -A --dry-run=server'])(
      'kubectl evict %s',
      line => {
        expect(evict(line, { KUBECONFIG: KUBECONFIG ?? '' })).toMatchObject({ code: 0 });
      },
    );
  });
});

/** The last line, of a shell that waits for a command. */
const PROMPT = /^[#$] *\n*$/m;
const WAIT = { timeout: 20_000, interval: 80 };

/** tmux with a server of its own, whose sessions have just this environment. */
function tmuxOf(env: Readonly<Record<string, string>>): (...args: readonly string[]) => string {
  const socket = `evict-archive-${process.pid}`;
  const program = execFileSync('sh', ['-c', 'command -v tmux'], { encoding: 'utf8' }).trim();
  return (...args) => {
    const done = spawnSync(program, ['-L', socket, '-f', '/dev/null', ...args], { encoding: 'utf8', env: { ...env } });
    if (done.status !== 0) throw new Error(`tmux ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
}

// What `npm run build:release` left for the other systems: looked at, for it cannot be run here.
const released = join(ROOT, 'release');
const others = Object.keys(PLATFORMS).filter(id => existsSync(join(released, archiveName(release().version, id))));
describeIf(others.length > 0 ? null : 'no archives in release/: npm run build:release makes them', 'release/', () => {
  describe.each(others)('%s', id => {
    const name = archiveName(release().version, id);
    test('its digest is in checksums.txt, and the program is what the name says', () => {
      const bytes = readFileSync(join(released, name));
      const digest = createHash('sha256').update(bytes).digest('hex');
      expect(readFileSync(join(released, 'checksums.txt'), 'utf8')).toContain(`${digest}  ${name}\n`);
      const program = unpack(name, bytes).find(([file]) => /^kubectl-evict(\.exe)?$/.test(file));
      expect(executableFaults(program?.[2] ?? Buffer.alloc(0), PLATFORMS[id]?.format as never)).toEqual([]);
    });
  });
});
