import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyText } from '../../src/commands/demo/apply.ts';
import { mixed } from '../../src/simulator/scenarios/mixed.ts';
import type { Scenario } from '../../src/simulator/scenarios/scenario.ts';
import { story } from '../../src/simulator/scenarios/story.ts';
import { runCommand } from '../support/deps.ts';
import { type OpenScreen, type ScreenOptions, showScreen } from '../support/screen.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';
import type { TestTerminal } from '../support/terminal.ts';

// `t` on a terminal in memory, against a simulated cluster.

let dir = '';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'evict-tune-ui-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

async function show(
  scenario: Scenario,
  options: ScreenOptions & { readonly user?: string; readonly demo?: boolean } = {},
): Promise<OpenScreen & { readonly simulated: Simulated }> {
  const simulated = await openSimulated(scenario, { user: options.user ?? 'admin' });
  const { simulation } = simulated.cluster;
  const apply = (node: string, name: string, text: string) => applyText(text, name, node, simulation);
  return showScreen(simulated, options.demo === true ? { ...options, apply } : options);
}

/** Waits until the screen says something, over however many lines. */
async function says(terminal: TestTerminal, what: string): Promise<void> {
  await expect.poll(() => terminal.text().replaceAll(/\s+/g, ' '), { timeout: 10_000, interval: 10 }).toContain(what);
}

const writes = ({ simulator }: Simulated): readonly string[] =>
  simulator.requests.filter(({ method, url }) => method !== 'GET' && !url.includes('selfsubject')).map(r => r.url);

describe.each([
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
])('at $columns x $rows', size => {
  test('a threshold is typed, the what-if follows, the document is saved as tune prints it', async () => {
    const { terminal, simulated } = await show(story, size);
    await terminal.shows(/▸ node-3/);
    terminal.type('t');
    await terminal.shows(/tune node-3/);
    await terminal.shows(/▸ nodefs\.available .*BREACHED +<10%/);
    await says(terminal, 'DiskPressure stays: nodefs.available: 448Mi available, 146Mi below');
    terminal.type('9%');
    await terminal.shows(/<9%▏/);
    await says(terminal, '448Mi available, 86.5Mi below the threshold of 535Mi');
    terminal.type('\u007f\u007f5%');
    await terminal.shows(/<5%▏/);
    await says(terminal, 'lifts at most 5m after the restart');
    await says(terminal, 'DiskPressure clears: 448Mi of nodefs available');
    terminal.type('x');
    await terminal.shows(/refused .*5%x/);
    terminal.type('\u007f\r');
    await terminal.shows(/<5% \(297Mi\)/);
    terminal.type('d');
    await terminal.shows(/for kubeletconfiguration/);
    await terminal.shows(/systemctl restart kubelet/);
    terminal.type('\t');
    await terminal.shows(/for 10-kubeadm\.conf/);
    await terminal.shows(/systemctl daemon-reload/);
    terminal.type('w');
    await terminal.shows(/save as 10-kubeadm\.conf▏/);
    const file = join(dir, 'mine.conf');
    terminal.type(`\u0015${file}\r`);
    await terminal.shows(/saved as /);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const printed = await runCommand(
      [
        'tune',
        '--node',
        'node-3',
        '--nodefs',
        '5%',
        '--to',
        '10-kubeadm.conf',
        '-q',
        '--kubeconfig',
        simulated.kubeconfig,
      ],
      { now: simulated.clock.now() },
    );
    expect(readFileSync(file, 'utf8')).toBe(printed.out);

    // Never twice into one file.
    terminal.type(`w\u0015${file}\r`);
    await says(terminal, 'it exists already');
    expect(readFileSync(file, 'utf8')).toBe(printed.out);
    for (const each of terminal.lines()) expect(each.length).toBeLessThanOrEqual(size.columns);
    terminal.type('\u001b');
    await terminal.shows(/\[ \] s: smallest/);
    terminal.type('q');
    await terminal.shows(/▸ node-3/);
    expect(writes(simulated)).toEqual([]);
  });

  test('the smallest change, and the command line that does the same', async () => {
    const { terminal } = await show(story, size);
    await terminal.shows(/▸ node-3/);
    terminal.type('t');
    await terminal.shows(/BREACHED/);
    terminal.type('sr');
    await terminal.shows(/DiskPressure clears/);
    await terminal.shows(/imagefs\.available .*<15%/);
    terminal.type('y');
    await says(terminal, 'kubectl evict tune --node node-3 --clear --restore-defaults --context prod-eu');
    terminal.type('\u001b');
    await terminal.shows(/\[x\] s: smallest/);
  });
});

test('keys typed ahead are not lost', async () => {
  const { terminal } = await show(story);
  terminal.type('t5%\rd');
  await terminal.shows(/for kubeletconfiguration/);
  await says(terminal, '10% (594Mi) → 5% (297Mi)');
});

test('what evicts at once is refused until somebody takes it upon himself', async () => {
  const { terminal } = await show(story);
  await terminal.shows(/▸ node-3/);
  terminal.type('t');
  await terminal.shows(/BREACHED/);
  terminal.type('50%\rd');
  await says(terminal, '! takes that upon you');
  terminal.type('!');
  await terminal.shows(/\[x\] !: evicts at once/);
  terminal.type('d');
  await terminal.shows(/for kubeletconfiguration/);
  await says(terminal, '10% (594Mi) → 50% (2.9Gi)');
  await says(terminal, 'evicted first on node-3, for nodefs.available:');
});

test('in the demo the document can be given to the simulated kubelet there and then', async () => {
  const { terminal, simulated } = await show(story, { demo: true });
  await terminal.shows(/▸ node-3/);
  terminal.type('t');
  await terminal.shows(/BREACHED/);
  terminal.type('sd');
  await terminal.shows(/a apply \(SIMULATED\)/);
  terminal.type('a');
  await terminal.shows(/the SIMULATED kubelet was restarted: nodefs\.available 10% -> /);
  const config = await simulated.cluster.kubeletConfig('node-3', 5000);
  expect(config.evictionHard?.get('nodefs.available')).not.toBe('10%');
  expect(writes(simulated)).toEqual(['/simulated/kubelets/node-3']);
});

test('on a real cluster there is no such key', async () => {
  const { terminal, simulated } = await show(story);
  await terminal.shows(/▸ node-3/);
  terminal.type('t');
  await terminal.shows(/BREACHED/);
  terminal.type('sd');
  await terminal.shows(/for kubeletconfiguration/);
  terminal.type('a?');
  await terminal.shows(/save it as a new file/);
  expect(terminal.text()).not.toContain('SIMULATED');
  expect(writes(simulated)).toEqual([]);
});

test('without the right to ask kubelets: said in words', async () => {
  const { terminal } = await show(story, { user: 'viewer' });
  await terminal.shows(/node-3/);
  terminal.type('t');
  await terminal.shows(/nodes\/proxy/);
  await terminal.shows(/rbac --for tune/);
  terminal.type('\u001b');
  await terminal.shows(/NODE +PRESSURE/);
});

test('a kubelet that does not answer: said in words', async () => {
  const { terminal, simulated } = await show(story);
  await terminal.shows(/▸ node-3/);
  simulated.world.nodes.get('node-3')?.setMode('stopped');
  terminal.type('t');
  await says(terminal, 'cannot read configz of node node-3: server error 503');
});

test('every target is shown, or says why not; without colour', async () => {
  const { terminal } = await show(mixed, {
    columns: 100,
    rows: 30,
    color: 'never',
    env: { LANG: 'C.UTF-8', NO_COLOR: '1' },
  });
  await terminal.shows(/▸ kubeadm-single/);
  terminal.type('t');
  await terminal.shows(/tune kubeadm-single/);
  await terminal.shows(/\[ \] s: smallest/);
  terminal.type('sd');
  for (let i = 1; i <= 20; i += 1) {
    await terminal.shows(new RegExp(`${i} of 20`));
    await terminal.hides(/writing it/);
    expect(terminal.text()).toMatch(/apply|refused/);
    terminal.type('\t');
  }
  await terminal.shows(/1 of 20/);
});

test('a document is judged by what the node is when it is asked for', async () => {
  const { terminal, simulated } = await show(story);
  await terminal.shows(/▸ node-3/);
  terminal.type('t');
  await terminal.shows(/BREACHED/);
  terminal.type('5%\r');
  await says(terminal, 'DiskPressure clears');
  simulated.world.nodes.get('node-3')?.setMode('stopped');
  simulated.advance(20_000);
  terminal.type('d');
  await says(terminal, 'cannot read configz of node node-3');
  expect(terminal.text()).not.toContain('evictionHard:');
});
