import { describe, expect, test } from 'vitest';
import { mixed } from '../../src/simulator/scenarios/mixed.ts';
import type { Scenario } from '../../src/simulator/scenarios/scenario.ts';
import { story } from '../../src/simulator/scenarios/story.ts';
import { type OpenScreen, openScreen, type ScreenOptions, showScreen } from '../support/screen.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';

// The program itself, on a terminal in memory, against a simulated cluster.

async function show(
  scenario: Scenario,
  options: ScreenOptions & { readonly user?: string } = {},
): Promise<OpenScreen & { readonly simulated: Simulated }> {
  const simulated = await openSimulated(scenario, { user: options.user ?? 'admin' });
  return showScreen(simulated, options);
}

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 60 },
] as const;

describe.each(SIZES)('at $columns x $rows', size => {
  test('opens with the nodes under pressure, the worst first, and never writes outside its lines', async () => {
    const { terminal, simulated } = await show(mixed, size);
    await terminal.shows(/12 (of 40 )?under pressure/);
    await terminal.shows(/▸ kubeadm-single/);
    const lines = terminal.lines();
    expect(lines[0]).toMatch(/^ evict {2}admin@simulated/);
    expect(lines[1]).toMatch(/^─ under pressure, worst first ─+/);
    expect(lines[2]).toMatch(/NODE +PRESSURE +SIGNAL +AVAILABLE/);
    expect(lines.at(-1)).toMatch(/↑↓ move {2}⏎ open .*\? help {2}q quit/);
    for (const each of lines) expect(each.length).toBeLessThanOrEqual(size.columns);
    // Nobody asked for the kubelets of healthy nodes.
    expect(simulated.simulator.requests.some(({ url }) => url.includes('kubeadm-filling/proxy'))).toBe(false);
  });

  test('moves, opens, changes tabs, and goes back', async () => {
    const { terminal, done } = await show(story, size);
    await terminal.shows(/▸ node-3 +Disk +nodefs\.available/);
    terminal.type('\r');
    await terminal.shows(/\[Signals\]/);
    await terminal.shows(/nodefs\.available.*448Mi of 5\.8Gi.*BREACHED/);
    terminal.type('\t');
    await terminal.shows(/\[Config\]/);
    await terminal.shows(/imagefs\.available +not armed +default <15%/);
    terminal.type('3');
    await terminal.shows(/\[Pods \d+\]/);
    await terminal.shows(/The node had condition: \[DiskPressure\]/);
    terminal.type('4');
    await terminal.shows(/EvictionThresholdMet/);
    terminal.type('\u001b');
    await terminal.shows(/▸ node-3/);
    terminal.type('q');
    expect(await done).toBe(0);
  });
});

describe('the list', () => {
  test('a shows every node, s sorts, / filters; what is typed at once is not lost', async () => {
    const { terminal } = await show(mixed);
    await terminal.shows(/12 under pressure/);
    terminal.type('as/eks\r');
    await terminal.shows(/nodes, by name {2}filter eks {2}\d+ left/);
    await terminal.shows(/▸ eks-/);
    const names = terminal
      .lines()
      .slice(3, 8)
      .map(each => each.slice(3, 12).trim());
    expect(names).toEqual(names.toSorted());
    expect(names.every(name => name === '' || name.startsWith('eks-'))).toBe(true);
    terminal.type('\u001b');
    await terminal.hides(/filter eks/);
  });

  test('keys typed before anything is there wait for it', async () => {
    const simulated = await openSimulated(story);
    const release = simulated.simulator.faults.add({
      fault: { type: 'latency', ms: 400 },
      match: { resource: 'nodes', verb: 'list' },
    });
    const { terminal, done } = openScreen(simulated);
    await terminal.shows(/connecting/);
    terminal.type('a/node-2\r\r');
    release();
    await terminal.shows(/ node-2 .*v1\.36\.2/);
    await terminal.shows(/\[Signals\]/);
    terminal.type('q');
    await done;
    await simulated.close();
  });

  test('a long list is seen through a window', async () => {
    const { terminal } = await show(mixed, { rows: 16, columns: 100 });
    await terminal.shows(/12 under pressure/);
    terminal.type('asG');
    await terminal.shows(/40 of 40/);
    await terminal.shows(/▸ windows-memory|▸ [a-z0-9-]+/);
    terminal.type('g');
    await terminal.shows(/1 of 40/);
  });
});

describe('the terminal', () => {
  test('resizes: the pane goes beside, below, and away', async () => {
    const { terminal } = await show(story, { columns: 200, rows: 60 });
    await terminal.shows(/EVICTED.* │ +node-3/);
    terminal.resize(120, 40);
    await terminal.hides(/ │ +node-3/);
    await terminal.shows(/\[Signals\]/);
    terminal.resize(60, 12);
    await terminal.hides(/Signals/);
    await terminal.shows(/▸ node-3 +Disk/);
    expect(terminal.lines()).toHaveLength(12);
    terminal.resize(30, 6);
    await terminal.shows(/▸ node-3/);
    terminal.resize(120, 40);
    await terminal.shows(/HEADROOM +EVICTED +SINCE/);
  });

  test('is as it was after q, Esc, Ctrl-C, a signal, a crash', async () => {
    const ways: readonly (readonly [string, (screen: OpenScreen) => void, number | RegExp])[] = [
      ['q', ({ terminal }) => terminal.type('q'), 0],
      ['Esc', ({ terminal }) => terminal.type('\u001b'), 0],
      ['Ctrl-C', ({ terminal }) => terminal.type('\u0003'), 130],
      ['signal', ({ stop }) => stop.abort(), 130],
      ['crash', ({ terminal }) => terminal.crash(new Error('boom')), /boom/],
    ];
    for (const [name, leave, expected] of ways) {
      const simulated = await openSimulated(story);
      const screen = openScreen(simulated);
      await screen.terminal.shows(/▸ node-3/);
      expect(screen.terminal.isAlternate, name).toBe(true);
      expect(screen.terminal.raw, name).toBe(true);
      leave(screen);
      if (typeof expected === 'number') expect(await screen.done, name).toBe(expected);
      else await expect(screen.done, name).rejects.toThrow(expected);
      await expect.poll(() => screen.terminal.isAlternate).toBe(false);
      expect(screen.terminal.raw, name).toBe(false);
      // The cursor is visible again.
      expect(screen.terminal.written.lastIndexOf('\u001b[?25h'), name).toBeGreaterThan(
        screen.terminal.written.lastIndexOf('\u001b[?25l'),
      );
      await simulated.close();
    }
  });

  test('Ctrl-Z hands it to the shell, fg takes it back', async () => {
    const { terminal } = await show(story);
    await terminal.shows(/▸ node-3/);
    terminal.type('\u001a');
    await expect.poll(() => terminal.stops).toBe(1);
    await expect.poll(() => terminal.isAlternate).toBe(false);
    expect(terminal.raw).toBe(false);
    terminal.resume();
    await expect.poll(() => terminal.isAlternate).toBe(true);
    await terminal.shows(/▸ node-3/);
    expect(terminal.raw).toBe(true);
    terminal.type('?');
    await terminal.shows(/this help/);
  });

  test('begins at its corner, wherever the cursor was', async () => {
    const { terminal } = await show(story);
    await terminal.shows(/▸ node-3/);
    expect(terminal.written.startsWith('\u001b[?1049h\u001b[H')).toBe(true);
    expect(terminal.lines()[0]).toMatch(/^ evict {2}/);
  });

  test('without colour there is none, and every state is a word', async () => {
    const { terminal } = await show(mixed, { env: { NO_COLOR: '1', LANG: 'C.UTF-8' } });
    await terminal.shows(/12 under pressure/);
    await terminal.shows(/recovering/);
    await terminal.shows(/BREACHED/);
    expect(terminal.written).not.toMatch(/\u001b\[[0-9;]*3[0-7]m/);
    expect(terminal.text()).toMatch(/Unknown/);
  });

  test('with colour only the 16 that every terminal has', async () => {
    const { terminal } = await show(mixed);
    await terminal.shows(/BREACHED/);
    expect(terminal.written).toMatch(/\u001b\[31m/);
    expect(terminal.written).not.toMatch(/\u001b\[[34]8;/);
  });

  test('that knows no UTF-8 gets plain signs', async () => {
    const { terminal } = await show(story, { env: { LANG: 'C' } });
    await terminal.shows(/> node-3 +Disk +nodefs\.available +#+\.*\|/);
    expect(terminal.text().replaceAll('…', '')).toMatch(/^[ -~\n·○●→▏]*$/);
  });

  test('of a screen reader gets words, no gauges', async () => {
    const { terminal } = await show(story, { env: { INK_SCREEN_READER: 'true', LANG: 'C.UTF-8' } });
    await terminal.shows(/node-3 {2}Disk {2}nodefs\.available {2}448Mi/);
    expect(terminal.text()).not.toMatch(/[▇░│─]/);
  });
});

describe('help and the command line', () => {
  test('? tells the keys of the screen, any key closes it', async () => {
    const { terminal } = await show(story);
    await terminal.shows(/▸ node-3/);
    terminal.type('?');
    await terminal.shows(/Ctrl-D Ctrl-F PgDn +a page down/);
    terminal.type('x');
    await terminal.shows(/▸ node-3/);
  });

  test('y shows the command line and copies it', async () => {
    const { terminal } = await show(story);
    await terminal.shows(/▸ node-3/);
    terminal.type('\ry');
    await terminal.shows(/kubectl evict status node-3 --context prod-eu --plain/);
    const copied = Buffer.from('kubectl evict status node-3 --context prod-eu --plain').toString('base64');
    expect(terminal.written).toContain(`\u001b]52;c;${copied}\u0007`);
  });
});

describe('live', () => {
  test('pods are refused, a node turns, without a key', async () => {
    const { terminal, simulated } = await show(mixed, { query: { all: true } });
    await terminal.shows(/kubeadm-filling +ok|kubeadm-filling +near/);
    const before = /(\d+) evicted pods/.exec(terminal.text())?.[1];
    for (let i = 0; i < 30; i += 1) simulated.advance(20_000);
    await terminal.shows(/kubeadm-filling +(Disk|recovering)/);
    await expect.poll(() => Number(/(\d+) evicted pods/.exec(terminal.text())?.[1])).toBeGreaterThan(Number(before));
  });

  test('the connection is lost, and heals by itself', async () => {
    const { terminal, simulated } = await show(story);
    await terminal.shows(/● live/);
    await terminal.shows(/▸ node-3/);
    await simulated.simulator.stop();
    await terminal.shows(/✕ disconnected/);
    // What was known stays on the screen.
    await terminal.shows(/▸ node-3 +Disk/);
    await simulated.simulator.start();
    await terminal.shows(/● live/);
  });

  test('an expired watch is listed again', async () => {
    const { terminal, simulated } = await show(story);
    await terminal.shows(/▸ node-3/);
    await simulated.simulator.restart();
    simulated.world.nodes.get('node-2')?.setMode('stopped');
    for (let i = 0; i < 6; i += 1) simulated.advance(15_000);
    await terminal.shows(/2 under pressure|node-2 +Unknown/);
  });

  test('space holds everything, and goes on', async () => {
    const { terminal, simulated } = await show(story);
    await terminal.shows(/▸ node-3/);
    await terminal.hides(/asking/);
    terminal.type(' ');
    await terminal.shows(/paused/);
    const held = terminal.lines().slice(3, 4);
    const asked = simulated.simulator.requests.filter(({ url }) => url.includes('/proxy/')).length;
    for (let i = 0; i < 4; i += 1) simulated.advance(20_000);
    terminal.type('j');
    terminal.type('r');
    expect(terminal.lines().slice(3, 4)).toEqual(held);
    expect(simulated.simulator.requests.filter(({ url }) => url.includes('/proxy/')).length).toBe(asked);
    terminal.type(' ');
    await terminal.shows(/● live/);
  });

  test('a disk that fills at a known rate: the forecast holds the truth', async () => {
    const { terminal, simulated } = await show(mixed, { query: { names: ['kubeadm-filling'] }, columns: 140 });
    await terminal.shows(/kubeadm-filling/);
    const asked = (): number => simulated.simulator.requests.filter(({ url }) => url.includes('/proxy/stats')).length;
    await expect.poll(asked).toBeGreaterThan(0);
    for (let i = 0; i < 9; i += 1) {
      const before = asked();
      simulated.advance(21_000);
      await expect.poll(asked, { interval: 5 }).toBeGreaterThan(before);
    }
    await terminal.shows(/REACHED IN/);
    // 13 Gi free, 9 Gi is the 15 % of 60 Gi, 15 Mi a second: 273 s in all, 189 s have passed.
    const seconds = (text: string | undefined): number => {
      const found = /^(\d+)([sm])?$/.exec(text ?? '');
      return Number(found?.[1]) * (found?.[2] === 'm' ? 60 : 1);
    };
    await terminal.shows(/imagefs\.available .*~\d+[sm] /);
    const told = /imagefs\.available .*~(\d+[sm]) \(/.exec(terminal.text())?.[1];
    expect(seconds(told)).toBeGreaterThan(50);
    expect(seconds(told)).toBeLessThan(125);
  });
});

describe('rights and failures', () => {
  test('a viewer sees nodes and pods, and is told what is missing', async () => {
    const { terminal, simulated } = await show(story, { user: 'viewer' });
    await terminal.shows(/▸ node-3 +Disk +no right: nodes\/proxy/);
    await terminal.shows(/! the right to get nodes\/proxy is missing/);
    await terminal.shows(/! \(and \d more\)/);
    expect(simulated.simulator.requests.some(({ url }) => url.includes('/proxy/'))).toBe(false);
  });

  test('no right to the nodes at all: an error, and no screen left', async () => {
    const simulated = await openSimulated(story);
    simulated.simulator.faults.add({ fault: { type: 'status', code: 403 }, match: { resource: 'nodes' } });
    const { terminal, done } = openScreen(simulated);
    await expect(done).rejects.toMatchObject({ name: 'ClusterError', reason: 'forbidden' });
    expect(terminal.isAlternate).toBe(false);
    await simulated.close();
  });

  test('a server that is not there at all: an error, and no screen left', async () => {
    const simulated = await openSimulated(story);
    await simulated.simulator.stop();
    const { terminal, done } = openScreen(simulated);
    await expect(done).rejects.toMatchObject({ name: 'ClusterError', reason: 'unreachable' });
    expect(terminal.isAlternate).toBe(false);
    await simulated.close();
  });

  test('who may list but not watch sees changes all the same', async () => {
    const { terminal, simulated } = await show(story, { user: 'viewer' });
    await terminal.shows(/▸ node-3/);
    await terminal.shows(/1 under pressure/);
    simulated.world.nodes.get('node-2')?.setMode('stopped');
    for (let i = 0; i < 6; i += 1) simulated.advance(15_000);
    await terminal.shows(/2 under pressure|node-2 +Unknown/);
  });

  test('a node that does not exist is named', async () => {
    const { terminal } = await show(story, { query: { names: ['node-9'] } });
    await terminal.shows(/there is no node node-9/);
  });

  test('text of the cluster cannot move the cursor or colour the screen', async () => {
    const { terminal, simulated } = await show(story);
    await terminal.shows(/▸ node-3/);
    simulated.simulator.cluster.patchStatus(
      'Node',
      { name: 'node-3' },
      {
        nodeInfo: { osImage: '\u001b[2J\u001b[31mowned\u009b31m\u202e\u0007\u001b]0;x\u0007 日本👩‍👩‍👧' },
      },
    );
    await terminal.shows(/owned/);
    expect(terminal.written).not.toContain('\u001b[2J');
    expect(terminal.written).not.toMatch(/\u001b\]0;|\u009b|\u202e/);
    expect(terminal.lines()[0]).toMatch(/^ evict {2}/);
  });
});
