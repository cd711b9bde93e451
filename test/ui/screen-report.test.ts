import { describe, expect, test } from 'vitest';
import { DAY, disk, GIB, MIB, MINUTE, node, template } from '../../src/simulator/scenarios/builders.ts';
import { mixed } from '../../src/simulator/scenarios/mixed.ts';
import type { Scenario } from '../../src/simulator/scenarios/scenario.ts';
import { story } from '../../src/simulator/scenarios/story.ts';
import { runCommand } from '../support/deps.ts';
import { type OpenScreen, type ScreenOptions, showScreen } from '../support/screen.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';

// The Next tab and the report, on a terminal in memory, against a simulated cluster.

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

/** A node whose disk is short, with pods of different priorities, requests and use. */
const choosing: Scenario = {
  name: 'choosing',
  title: 'a node that has to choose',
  serverVersion: '1.36',
  seed: 1,
  nodes: [
    node({
      name: 'worker',
      disks: [disk('root', 100 * GIB, 14 * GIB)],
      config: { evictionHard: { 'nodefs.available': '10%' } },
      // 4 Gi above the threshold, until a minute has passed.
      script: [{ kind: 'jump', atMs: MINUTE, target: { disk: 'root' }, amount: 5 * GIB }],
      reclaimable: { deadContainerBytes: 0, deadContainerInodes: 0, unusedImageBytes: 0, unusedImageInodes: 0 },
    }),
  ],
  workloads: (
    [
      ['quiet', 0, 500, 20],
      ['important', 1000, 0, 300],
      ['greedy', 0, 100, 400],
      ['hungry', 0, 100, 250],
      // Never evicted.
      ['guard', 2_000_001_000, 0, 5],
    ] as const
  ).map(([name, priority, request, use]) => ({
    kind: 'Bare',
    namespace: 'shop',
    name,
    ageMs: DAY,
    template: template(name, 'registry.example/app:1', {
      priority,
      nodeName: 'worker',
      requests: { 'ephemeral-storage': `${request}Mi` },
    }),
    usage: { containers: [{ name, memoryBytes: 5 * MIB, rootfsBytes: use * MIB }] },
  })),
};

/** The pods on the screen, from top to bottom. */
function order(screen: OpenScreen): readonly string[] {
  return screen.terminal.lines().flatMap(each => /^ +\d+=? +shop\/(\S+)/.exec(each)?.[1] ?? []);
}

describe.each(SIZES)('at $columns x $rows', size => {
  test('the fifth tab tells whom the kubelet would evict, as "why node" does', async () => {
    const screen = await show(choosing, { ...size, query: { all: true } });
    const { terminal, simulated } = screen;
    await terminal.shows(/▸ worker/);
    terminal.type('\r5');
    await terminal.shows(/\[Next\]/);
    await terminal.shows(/Eviction order for nodefs\.available/);
    expect(order(screen)).toEqual(['greedy', 'hungry', 'important', 'quiet']);
    for (const each of terminal.lines()) expect(each.length).toBeLessThanOrEqual(size.columns);
    const argv = ['why', 'node/worker', '-o', 'json', '--kubeconfig', simulated.kubeconfig];
    const ran = await runCommand(argv, { now: simulated.clock.now() });
    const { evictionOrder } = JSON.parse(ran.out) as {
      readonly evictionOrder: readonly { readonly victims: readonly { readonly name: string }[] }[];
    };
    expect(order(screen)).toEqual(evictionOrder[0]?.victims.map(({ name }) => name));
    await terminal.shows(/greedy +0 +400Mi +100Mi +300Mi/);
    await terminal.shows(/quiet +0 +20Mi +500Mi +no/);
  });

  test('R opens the report, digits and Tab change the grouping, Esc goes back', async () => {
    const { terminal, done } = await show(mixed, size);
    await terminal.shows(/▸ kubeadm-single/);
    terminal.type('R');
    await terminal.shows(/24 evictions in all namespaces/);
    await terminal.shows(/\[Causes 5\]/);
    await terminal.shows(/admission disk +10 +41\.7%/);
    await terminal.shows(/FROM \(UTC\)/);
    for (const each of terminal.lines()) expect(each.length).toBeLessThanOrEqual(size.columns);
    terminal.type('\t');
    await terminal.shows(/ReplicaSet web-6b7f7d9c8d +shop +18 +75%/);
    terminal.type('3');
    await terminal.shows(/\[Nodes 6\]/);
    terminal.type('4');
    await terminal.shows(/shop +18 +75%/);
    terminal.type('\u001b');
    await terminal.shows(/▸ kubeadm-single/);
    terminal.type('q');
    expect(await done).toBe(0);
  });
});

describe('the Next tab', () => {
  test('follows the kubelet: the pod that it evicts is on the screen no longer', async () => {
    const screen = await show(choosing, { query: { all: true } });
    const { terminal, simulated } = screen;
    await terminal.shows(/▸ worker/);
    terminal.type('\r5');
    await terminal.shows(/if its threshold were met/);
    const before = order(screen);
    expect(before).toEqual(['greedy', 'hungry', 'important', 'quiet']);
    const shown = new Set<string>();
    await expect
      .poll(
        () => {
          simulated.advance(10_500);
          shown.add(order(screen).join(' '));
          return terminal.text();
        },
        { timeout: 20_000, interval: 60 },
      )
      .toMatch(/Eviction order for nodefs\.available {2}now/);
    await expect.poll(() => order(screen)).not.toContain('greedy');
    shown.add(order(screen).join(' '));
    expect([...shown].filter(each => !before.join(' ').endsWith(each))).toEqual([]);
  });

  test('asks nobody while it is closed, or something lies over it', async () => {
    const { terminal, simulated } = await show(choosing, { query: { all: true } });
    const asked = (): number =>
      simulated.simulator.requests.filter(({ url }) => decodeURIComponent(url).includes('spec.nodeName=worker')).length;
    await terminal.shows(/▸ worker +ok|▸ worker +near/);
    expect(asked()).toBe(0);
    terminal.type('\r5');
    await terminal.shows(/Eviction order/);
    expect(asked()).toBe(1);
    terminal.type('?');
    await terminal.shows(/Signs/);
    const figures = (): number => simulated.simulator.requests.filter(({ url }) => url.includes('/proxy/stats')).length;
    const before = figures();
    simulated.advance(10_500);
    await expect.poll(figures).toBe(before + 1);
    expect(asked()).toBe(1);
  });

  test('without the right to ask kubelets says which one, and asks none', async () => {
    const { terminal, simulated } = await show(story, { user: 'viewer' });
    await terminal.shows(/▸ node-3/);
    terminal.type('\r5');
    await terminal.shows(/the right to get nodes\/proxy is missing, so no kubelet was asked/);
    await terminal.shows(/which pods would go next cannot be told/);
    expect(simulated.simulator.requests.some(({ url }) => url.includes('/proxy/'))).toBe(false);
  });

  test('without colour says everything in words', async () => {
    const { terminal } = await show(choosing, { query: { all: true }, env: { NO_COLOR: '1', LANG: 'C.UTF-8' } });
    await terminal.shows(/▸ worker/);
    terminal.type('\r5');
    await terminal.shows(/if its threshold were met/);
    terminal.type('R');
    await terminal.shows(/0 evictions in all namespaces/);
    expect(terminal.written).not.toMatch(/\u001b\[[0-9;]*3[0-7]m/);
  });
});

describe('the Config tab', () => {
  test('says that nodes were not compared with what kubeadm gives them, and the list does not complain', async () => {
    const { terminal } = await show(story, { user: 'operator' });
    await terminal.shows(/▸ node-3 +Disk +nodefs\.available/);
    terminal.type('\r2');
    await terminal.shows(
      /Not compared with what kubeadm gives to nodes \(kube-system\/kubelet-config\): .*configmaps?/s,
    );
    expect(terminal.text()).not.toMatch(/^ ! /m);
  });

  test('says nothing of it where it was compared', async () => {
    const { terminal } = await show(story);
    await terminal.shows(/▸ node-3 +Disk +nodefs\.available/);
    terminal.type('\r2');
    await terminal.shows(/Image garbage collection/);
    expect(terminal.text()).not.toContain('Not compared');
  });
});

describe('the report', () => {
  test('reads when it opens and on r, and at no other time', async () => {
    const { terminal, simulated } = await show(story);
    const read = (): number => simulated.simulator.requests.filter(({ url }) => /\/pods\?.*phase/.test(url)).length;
    await terminal.shows(/▸ node-3/);
    await terminal.shows(/14 evicted pods/);
    const before = read();
    terminal.type('R');
    await terminal.shows(/17 evictions in all namespaces: 14 Evicted pods and 3 events/);
    const once = read() - before;
    expect(once).toBeGreaterThan(0);
    simulated.advance(120_000);
    await terminal.shows(/live [0-9]+s|live 2m/);
    expect(read() - before).toBe(once);
    await terminal.shows(/as of 2026-11-23 03:00 UTC/);
    terminal.type('r');
    await terminal.shows(/as of 2026-11-23 03:02 UTC/);
    expect(read() - before).toBe(2 * once);
  });

  test('tells the figures that the command tells', async () => {
    const { terminal, simulated } = await show(mixed);
    await terminal.shows(/▸ kubeadm-single/);
    terminal.type('R');
    await terminal.shows(/24 evictions in all namespaces/);
    const argv = ['report', '-A', '--kubeconfig', simulated.kubeconfig];
    const { out } = await runCommand(argv, { now: simulated.clock.now() });
    const rows = (text: string): readonly string[] =>
      text.split('\n').flatMap(each => /^ *((?:admission|pressure|limit|unknown)\b.*?%)/.exec(each)?.[1] ?? []);
    const plain = (row: string): string => row.replace(/\s+/g, ' ');
    expect(rows(terminal.text()).map(plain)).toEqual(rows(out).map(plain));
    expect(rows(out)).toHaveLength(5);
    expect(terminal.text()).toContain(out.split('\n')[0]);
  });

  test('y shows its command line and copies it', async () => {
    const { terminal } = await show(story, { query: { nearPercent: 7 } });
    await terminal.shows(/▸ node-3/);
    terminal.type('R');
    await terminal.shows(/17 evictions/);
    terminal.type('y');
    const command = 'kubectl evict report --all-namespaces --context prod-eu';
    await terminal.shows(command);
    expect(terminal.text()).not.toContain('--near');
    expect(terminal.written).toContain(`\u001b]52;c;${Buffer.from(command).toString('base64')}\u0007`);
    terminal.type('\u001b');
    await terminal.shows(/\[Causes 1\]/);
  });

  test('? tells its keys', async () => {
    const { terminal } = await show(story);
    await terminal.shows(/▸ node-3/);
    terminal.type('?');
    await terminal.shows(/R +report: who was evicted, where, for what, when/);
    terminal.type('xR');
    await terminal.shows(/17 evictions/);
    terminal.type('?');
    await terminal.shows(/2 +owners: whose pods/);
  });

  test('a long grouping scrolls, and another one begins at its beginning', async () => {
    const { terminal } = await show(mixed, { rows: 16, columns: 80 });
    await terminal.shows(/▸ kubeadm-single/);
    terminal.type('R');
    await terminal.shows(/\[Causes 5\]/);
    await terminal.shows(/CAUSE/);
    terminal.type('G');
    await terminal.hides(/CAUSE /);
    await terminal.shows(/archives of purge only/);
    terminal.type('2');
    await terminal.shows(/OWNER +NAMESPACE/);
    await terminal.shows(/ReplicaSet web/);
  });

  test('follows a resize, down to a few lines', async () => {
    const { terminal } = await show(mixed);
    await terminal.shows(/▸ kubeadm-single/);
    terminal.type('R');
    await terminal.shows(/\[Causes 5\]/);
    terminal.resize(40, 10);
    await terminal.shows(/24 evictions in all namespaces: 19[^▇]*$/);
    expect(terminal.lines()).toHaveLength(10);
    terminal.resize(200, 60);
    await terminal.shows(/pressure pid +1 +4\.2% +▇.* │ +2026-11/);
  });

  test('without the right to events tells what is missing', async () => {
    const { terminal } = await show(story, { user: 'viewer' });
    await terminal.shows(/▸ node-3/);
    terminal.type('R');
    await terminal.shows(/14 evictions in all namespaces: 14 Evicted pods/);
    await terminal.shows(/! .*events.*rbac --for report/s);
  });

  test('without any right tells why, and no figure', async () => {
    const { terminal, simulated } = await show(story);
    await terminal.shows(/▸ node-3/);
    for (const resource of ['pods', 'events'] as const) {
      simulated.simulator.faults.add({ fault: { type: 'status', code: 403 }, match: { resource } });
    }
    terminal.type('R');
    await terminal.shows(/evictions in all namespaces, as of/);
    await terminal.shows(/rbac --for report/);
    expect(terminal.text()).not.toMatch(/\b0 evictions\b/);
  });

  test('is left while it is being read', async () => {
    const { terminal, done, simulated } = await show(story);
    await terminal.shows(/▸ node-3/);
    await terminal.hides(/asking/);
    simulated.simulator.faults.add({
      fault: { type: 'latency', ms: 60_000 },
      match: { resource: 'pods', verb: 'list' },
    });
    terminal.type('R');
    await terminal.shows(/Reading the evictions of all namespaces/);
    terminal.type('\u001b');
    await terminal.shows(/▸ node-3/);
    terminal.type('q');
    expect(await done).toBe(0);
  });
});
