import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { story } from '../../src/simulator/scenarios/story.ts';
import { podObject } from '../support/purge-world.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';
import { cleanEnv, describeIf, KUBECONFIG, kubectl, missing, restore, scenario } from './support/cluster.ts';

// The built plugin in a real terminal, against a simulated cluster.

const hasTmux = spawnSync('tmux', ['-V']).error === undefined;
const SOCKET = `evict-e2e-${process.pid}`;

function tmux(...args: readonly string[]): string {
  const done = spawnSync('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args], { encoding: 'utf8', env: cleanEnv() });
  if (done.status !== 0) throw new Error(`tmux ${args.join(' ')}: ${done.stderr}`);
  return done.stdout;
}

const screen = (session = 'e2e'): string => tmux('capture-pane', '-p', '-t', session);
const shows = (what: RegExp, session = 'e2e'): Promise<unknown> =>
  vi.waitFor(() => expect(screen(session)).toMatch(what), { timeout: 20_000, interval: 80 });
const typeInto = (session: string, ...keys: readonly string[]): void => void tmux('send-keys', '-t', session, ...keys);
const type = (...keys: readonly string[]): void => typeInto('e2e', ...keys);

describeIf(hasTmux ? null : 'no tmux', 'the screen in a real terminal', () => {
  let simulated: Simulated;
  let folder = '';

  beforeAll(async () => {
    simulated = await openSimulated(story);
    folder = mkdtempSync(join(tmpdir(), 'evict-e2e-ui-'));
    // A prompt that no shell's start-up file changes, and the code of what ended last.
    writeFileSync(join(folder, 'rc'), `export KUBECONFIG=${simulated.kubeconfig}\nPS1='code $? ready> '\n`);
    tmux('new-session', '-d', '-s', 'e2e', '-x', '120', '-y', '40', `bash --noprofile --rcfile ${folder}/rc -i`);
    await shows(/code 0 ready>/);
  });

  afterEach(async () => {
    type('C-u', 'clear', 'Enter');
    await shows(/^code \d+ ready>\s*$/);
  });

  afterAll(async () => {
    spawnSync('tmux', ['-L', SOCKET, 'kill-server']);
    rmSync(folder, { recursive: true });
    await simulated.close();
  });

  test('opens, takes keys, follows a resize, and leaves the terminal as it was', async () => {
    type('echo marker; kubectl evict status', 'Enter');
    await shows(/▸ node-3 +Disk +nodefs\.available/);
    expect(screen()).not.toContain('marker');
    type('Enter', '2');
    await shows(/\[Config\]/);
    tmux('resize-window', '-t', 'e2e', '-x', '80', '-y', '24');
    await expect.poll(() => screen().split('\n')[0]?.length ?? 0, { timeout: 10_000 }).toBeLessThanOrEqual(80);
    await shows(/\[Config\][\s\S]*q quit/);
    tmux('resize-window', '-t', 'e2e', '-x', '120', '-y', '40');
    type('q');
    await shows(/marker[\s\S]*code 0 ready>/);
    // The shell's own line editing works: the terminal is in its old mode.
    type('echo wor', 'BSpace', 'rd', 'Enter');
    await shows(/^word$/m);
  });

  test('keys typed before it starts are not lost', async () => {
    type('kubectl evict status', 'Enter');
    type('a', '/', 'node-2', 'Enter', 'Enter');
    await shows(/^ evict [\s\S]*node-2 +v1\.36\.2[\s\S]*\[Signals\]/);
    type('q');
    await shows(/code 0 ready>/);
  });

  test('Ctrl-Z stops it, fg brings it back', async () => {
    type('kubectl evict status', 'Enter');
    await shows(/▸ node-3/);
    type('C-z');
    await shows(/Stopped +kubectl evict status/);
    type('fg', 'Enter');
    await shows(/▸ node-3[\s\S]*q quit/);
    type('q');
    await shows(/code 0 ready>/);
  });

  test.each([
    ['SIGTERM', 130],
    ['SIGHUP', 130],
    ['SIGINT', 130],
  ] as const)('%s ends it with %i, and the screen is given back', async (signal, code) => {
    type('kubectl evict status', 'Enter');
    await shows(/▸ node-3/);
    const pane = tmux('display-message', '-p', '-t', 'e2e', '#{pane_pid}').trim();
    const child = spawnSync('pgrep', ['-P', pane], { encoding: 'utf8' }).stdout.trim().split('\n').at(-1);
    process.kill(Number(child), signal);
    await shows(new RegExp(`code ${code} ready>`));
    expect(screen()).not.toContain('▸ node-3');
  });

  test('a signal while it purges: what is in flight ends first, and is told', async () => {
    const { cluster, faults, requests } = simulated.simulator;
    for (let i = 0; i < 60; i += 1) cluster.upsert('Pod', podObject(`flood-${i}`, { node: 'node-2' }));
    const slow = faults.add({ fault: { type: 'latency', ms: 2000 }, match: { method: 'DELETE' } });
    type('kubectl evict status --all', 'Enter');
    await shows(/▸ node-3/);
    type('/node-2', 'Enter', 'p');
    await shows(/Delete these 60 pods\?/);
    type('y');
    await shows(/Deleting 60 Evicted pods on node node-2/);
    const pane = tmux('display-message', '-p', '-t', 'e2e', '#{pane_pid}').trim();
    const child = spawnSync('pgrep', ['-P', pane], { encoding: 'utf8' }).stdout.trim().split('\n').at(-1);
    process.kill(Number(child), 'SIGTERM');
    await shows(/interrupted: what was sent has been waited for[\s\S]*code 130 ready>/);
    slow();
    const deleted = Number(/(\d+) pods? deleted/.exec(screen())?.[1]);
    expect(deleted).toBeGreaterThan(0);
    expect(requests.filter(({ method }) => method === 'DELETE')).toHaveLength(deleted);
    const left = cluster.list('Pod').filter(({ metadata }) => metadata.name.startsWith('flood-'));
    expect(left).toHaveLength(60 - deleted);
  });

  test('a second Ctrl-C while it purges ends it at once', async () => {
    const { cluster, faults } = simulated.simulator;
    for (let i = 0; i < 30; i += 1) cluster.upsert('Pod', podObject(`again-${i}`, { node: 'node-1' }));
    const slow = faults.add({ fault: { type: 'latency', ms: 55_000 }, match: { method: 'DELETE' } });
    type('kubectl evict status --all', 'Enter');
    await shows(/▸ node-3/);
    type('/node-1', 'Enter', 'p');
    await shows(/Delete these 30 pods\?/);
    type('y');
    await shows(/Deleting 30 Evicted pods on node node-1/);
    type('C-c');
    await shows(/waiting for the deletes in flight/);
    type('C-c');
    await shows(/code 130 ready>/);
    slow();
  });

  test('Ctrl-C ends it with 130', async () => {
    type('kubectl evict status', 'Enter');
    await shows(/▸ node-3/);
    type('C-c');
    await shows(/code 130 ready>/);
  });
});

const unfit = hasTmux ? missing('cluster', 'scenarios', 'kubectl') : 'no tmux';

describeIf(unfit, 'the screen while a real kubelet evicts', () => {
  afterAll(() => {
    spawnSync('tmux', ['-L', SOCKET, 'kill-server']);
    restore();
  });

  test('the node turns and the evicted pods appear, without a key', async () => {
    restore();
    const command = `KUBECONFIG=${KUBECONFIG} kubectl evict status`;
    tmux('new-session', '-d', '-s', 'e2e', '-x', '120', '-y', '40', `bash --noprofile --norc -c '${command}'`);
    await shows(/0 under pressure/);
    expect(screen()).not.toMatch(/[1-9]\d* under pressure/);
    scenario('evict-real', 'disk');
    await shows(/1 under pressure/);
    await shows(/▸ \S+ +(Disk|recovering) +(nodefs|imagefs)\.available/);
    await shows(/[1-9]\d* evicted pod/);
    type('3');
    await shows(/\[Pods [1-9]/);
    await shows(/low on resource: ephemeral-storage|had condition: \[DiskPressure\]/);
    type('q');
  });

  test('p purges what the kubelet evicted, and nothing else', async () => {
    restore();
    scenario('evict-real', 'failed');
    scenario('evict-real', 'flood', '20');
    const before = failedPods();
    const evicted = [...before].filter(([, reason]) => reason === 'Evicted').map(([uid]) => uid);
    expect(evicted.length).toBeGreaterThanOrEqual(20);
    const command = `KUBECONFIG=${KUBECONFIG} kubectl evict status --all`;
    tmux('new-session', '-d', '-s', 'e2e-purge', '-x', '120', '-y', '40', `bash --noprofile --norc -c '${command}'`);
    const purging = 'e2e-purge';
    await shows(/[1-9]\d* evicted pod/, purging);
    typeInto(purging, 'p');
    await shows(/Delete these \d+ pods\? {2}y deletes/, purging);
    typeInto(purging, 'y');
    await shows(/Done: all \d+ pods are gone/, purging);
    const after = failedPods();
    expect(evicted.filter(uid => after.has(uid))).toEqual([]);
    const others = [...before.keys()].filter(uid => !evicted.includes(uid));
    expect(others.length).toBeGreaterThan(0);
    expect(others.filter(uid => !after.has(uid))).toEqual([]);
    typeInto(purging, 'Escape');
    await shows(/▸ \S+ /, purging);
    typeInto(purging, 'q');
  });
});

/** The Failed pods of the cluster by uid, with the reason of their status. */
function failedPods(): ReadonlyMap<string, string> {
  const rows = '{range .items[*]}{.metadata.uid} {.status.reason}{"\\n"}{end}';
  const listed = kubectl('get', 'pods', '-A', '--field-selector=status.phase=Failed', '-o', `jsonpath=${rows}`);
  const lines = listed.split('\n').filter(row => row !== '');
  return new Map(lines.map(row => [row.split(' ', 1)[0] ?? '', row.slice(row.indexOf(' ') + 1)]));
}
