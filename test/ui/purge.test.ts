import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/simulator/objects.ts';
import { tombstones } from '../../src/simulator/scenarios/tombstones.ts';
import { bystanders, type PodChange, podObject } from '../support/purge-world.ts';
import { type OpenScreen, type ScreenOptions, showScreen } from '../support/screen.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';

// `p` on the program's own screen, against a simulated cluster with 52 Evicted pods on four workers and others that stay.

interface Shown extends OpenScreen {
  readonly simulated: Simulated;
  /** The uids of the pods that are there. */
  uids(): ReadonlySet<string>;
  /** The uids of those that a purge takes by default. */
  evicted(node?: string): ReadonlySet<string>;
  put(name: string, change?: PodChange): KubeObject;
  /** How many deletes reached the server. */
  deletes(): number;
}

async function show(options: ScreenOptions & { readonly user?: string } = {}): Promise<Shown> {
  const simulated = await openSimulated(tombstones, { user: options.user ?? 'admin' });
  const { cluster, requests } = simulated.simulator;
  for (const pod of bystanders()) cluster.upsert('Pod', pod);
  const screen = showScreen(simulated, { query: { all: true }, ...options });
  const pods = () => cluster.list('Pod');
  const spec = (pod: KubeObject) => pod as unknown as { spec: { nodeName: string }; status: { reason?: string } };
  return {
    ...screen,
    uids: () => new Set(pods().map(uidOf)),
    evicted: node => {
      const found = pods().filter(pod => {
        const { name, namespace = '' } = pod.metadata;
        // What of the bystanders carries the reason is a running pod, a Job's or a static one.
        const stays = namespace === 'shop' && !name.startsWith('mine-');
        return (
          spec(pod).status.reason === 'Evicted' && !stays && (node === undefined || spec(pod).spec.nodeName === node)
        );
      });
      return new Set(found.map(uidOf));
    },
    put: (name, change = {}) => cluster.upsert('Pod', podObject(name, change)),
    deletes: () => requests.filter(({ method }) => method === 'DELETE').length,
  };
}

function uidOf(pod: KubeObject): string {
  return pod.metadata.uid ?? '';
}

function without(all: ReadonlySet<string>, some: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...all].filter(uid => !some.has(uid)));
}

/** Opens the dialog on the first node, and asks about all nodes. */
async function askAll({ terminal }: Pick<OpenScreen, 'terminal'>): Promise<void> {
  await terminal.shows(/▸ control-1/);
  terminal.type('p');
  await terminal.shows(/Nothing to delete: no .*on node control-1/);
  terminal.type('a');
  await terminal.shows(/Delete these \d+ pods\?/);
}

describe.each([
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 100, rows: 30, env: { NO_COLOR: '1', LANG: 'C.UTF-8' } },
] as const)('at $columns x $rows', size => {
  test('shows what would go, and deletes exactly that after a yes', async () => {
    const screen = await show(size);
    const { terminal } = screen;
    const before = screen.uids();
    const shown = screen.evicted();
    expect(shown.size).toBe(52);
    await askAll(screen);
    const text = terminal.text();
    expect(text).toMatch(/─ purge {2}all nodes ─/);
    expect(text).toMatch(/52 Evicted pods on all nodes, in all namespaces, would be deleted/);
    expect(text).toMatch(/40 +admission disk/);
    expect(text).toMatch(/19 +worker-3/);
    expect(text).toMatch(/KEPT[\s\S]*1 {2}of Job, which may still need them/);
    expect(terminal.lines().at(-1)).toMatch(/ y delete {2}Esc keep them/);
    for (const each of terminal.lines()) expect(each.length).toBeLessThanOrEqual(size.columns);
    terminal.type('G');
    await terminal.shows(/orders +orders-api-6d4cf56db6-\w{5}/);
    expect(screen.deletes()).toBe(0);
    // One that is evicted after the look stays.
    screen.put('mine-later');
    terminal.type('y');
    await terminal.shows(/Done: all 52 pods are gone/);
    await terminal.shows(/52 {2}deleted/);
    const later = screen.evicted();
    expect(later.size).toBe(1);
    expect(screen.uids()).toEqual(new Set([...without(before, shown), ...later]));
    terminal.type('\u001b');
    await terminal.shows(/▸ control-1/);
    // The watch tells the screen.
    await terminal.shows(/ 3 evicted/);
  });
});

describe('before the yes', () => {
  test.each([
    ['n', /▸ control-1/],
    ['\u001b', /▸ control-1/],
    ['q', /▸ control-1/],
    ['x', /Delete these 52 pods\?/],
    ['\r', /Delete these 52 pods\?/],
    ['52\r', /Delete these 52 pods\?/],
    ['?y', /Delete these 52 pods\?/],
  ])('%j deletes nothing', async (keys, then) => {
    const screen = await show();
    const before = screen.uids();
    await askAll(screen);
    screen.terminal.type(keys);
    await screen.terminal.shows(then);
    screen.terminal.type('\u0003');
    expect(await screen.done).toBe(130);
    expect(screen.uids()).toEqual(before);
    expect(screen.deletes()).toBe(0);
    expect(screen.err).toEqual([]);
  });

  test('a y typed before there is anything to see is no yes', async () => {
    const screen = await show();
    const { terminal, simulated } = screen;
    await terminal.shows(/▸ control-1/);
    const release = simulated.simulator.faults.add({
      fault: { type: 'latency', ms: 200 },
      match: { resource: 'pods', verb: 'list' },
    });
    // A key that is held down: what is there to be seen comes while it is.
    terminal.type('jpyy');
    release();
    await terminal.shows(/Delete these \d+ pods\? +Type their number/);
    terminal.type('yy');
    terminal.type('c');
    await terminal.shows(/purge --all-namespaces --node worker-1/);
    expect(screen.deletes()).toBe(0);
  });

  test('on a node it is about that node, from the list as from the node', async () => {
    const screen = await show();
    const { terminal } = screen;
    const before = screen.uids();
    const there = screen.evicted('worker-2');
    await terminal.shows(/▸ control-1/);
    terminal.type('/worker-2\r\r');
    await terminal.shows(/\[Signals\]/);
    terminal.type('p');
    await terminal.shows(RegExp(`${there.size} Evicted pods on node worker-2, in all namespaces`));
    terminal.type('c');
    await terminal.shows(/kubectl evict purge --all-namespaces --node worker-2 --context prod-eu/);
    terminal.type('c');
    await terminal.shows(/Delete these/);
    terminal.type('y');
    await terminal.shows(RegExp(`Done: all ${there.size} pods are gone`));
    expect(screen.uids()).toEqual(without(before, there));
    terminal.type('\r');
    await terminal.shows(/\[Signals\]/);
  });

  test('more than a hundred want their number typed', async () => {
    const screen = await show();
    for (let i = 0; i < 60; i += 1) screen.put(`mine-${i}`, { node: 'worker-9' });
    const { terminal } = screen;
    await askAll(screen);
    await terminal.shows(/Delete these 112 pods\? {2}Type their number/);
    terminal.type('y\r111\r');
    await terminal.shows(/that is another number/);
    expect(screen.deletes()).toBe(0);
    terminal.type('112\r');
    await terminal.shows(/Done: all 112 pods are gone/);
    expect(screen.evicted().size).toBe(0);
  });

  test('what goes on making them is named', async () => {
    const screen = await show();
    for (let i = 0; i < 4; i += 1) screen.put(`mine-${i}`, { node: 'worker-1', ago: -1_000_000 });
    await screen.terminal.shows(/▸ control-1/);
    screen.terminal.type('jp');
    await screen.terminal.shows(/Delete these/);
    await screen.terminal.shows(/! still making Evicted pods: node worker-1 \(\d+ in the last 15 minutes\)/);
  });
});

describe('while it deletes', () => {
  test('a pod that got the name of an evicted one in the meantime survives', async () => {
    const screen = await show();
    const { cluster } = screen.simulated.simulator;
    const old = screen.put('mine-0', { owner: 'StatefulSet' });
    await askAll(screen);
    await screen.terminal.shows(/Delete these 53 pods/);
    cluster.remove('Pod', { name: 'mine-0', namespace: 'shop' });
    const fresh = screen.put('mine-0', { owner: 'StatefulSet', phase: 'Running', reason: '', message: '' });
    expect(fresh.metadata.uid).not.toBe(old.metadata.uid);
    screen.terminal.type('y');
    await screen.terminal.shows(/1 {2}replaced meanwhile \(left alone\)/);
    await screen.terminal.shows(/52 {2}deleted/);
    expect(screen.uids().has(uidOf(fresh))).toBe(true);
  });

  test('without the right it says which, and deletes nothing', async () => {
    const screen = await show({ user: 'viewer' });
    const before = screen.uids();
    await askAll(screen);
    screen.terminal.type('y');
    await screen.terminal.shows(/Failed: nothing could be deleted/);
    await screen.terminal.shows(/! cannot delete pod .*forbidden[\s\S]*\(and 51 more/);
    await screen.terminal.shows(/kubectl evict rbac --for purge/);
    expect(screen.uids()).toEqual(before);
  });

  test('without the right to list pods it says so', async () => {
    const screen = await show({ user: 'viewer' });
    screen.simulated.simulator.faults.add({
      fault: { type: 'status', code: 403 },
      match: { resource: 'pods', verb: 'list' },
    });
    await screen.terminal.shows(/▸ control-1/);
    screen.terminal.type('p');
    await screen.terminal.shows(/Nothing was deleted: the pods could not be read/);
    await screen.terminal.shows(/kubectl evict rbac --for purge/);
  });

  test.each([
    ['errors of the server', { type: 'status', code: 503 }],
    ['throttling', { type: 'status', code: 429, retryAfterSeconds: 0 }],
    ['cut connections', { type: 'cut' }],
    ['cut answers', { type: 'cut-body' }],
  ] as const)('%s in 3 of 10 deletes are survived', async (_, fault) => {
    const screen = await show();
    const before = screen.uids();
    const shown = screen.evicted();
    await askAll(screen);
    screen.simulated.simulator.faults.add({ fault, match: { method: 'DELETE' }, probability: 0.3 });
    screen.terminal.type('y');
    await screen.terminal.shows(/Done/);
    // What failed too often is told; looking again finds it.
    for (let round = 0; round < 5 && screen.evicted().size > 0; round += 1) {
      screen.terminal.type('r');
      await screen.terminal.shows(/Delete th/);
      screen.terminal.type('y');
      await screen.terminal.shows(/Done/);
    }
    expect(screen.uids()).toEqual(without(before, shown));
  });

  test('a server that goes away in the middle costs no more than another look', async () => {
    const screen = await show();
    const { simulator } = screen.simulated;
    const before = screen.uids();
    const shown = screen.evicted();
    await askAll(screen);
    const release = simulator.faults.add({ fault: { type: 'hang' }, match: { method: 'DELETE' }, skip: 10 });
    screen.terminal.type('y');
    await expect.poll(() => screen.evicted().size, { timeout: 10_000 }).toBe(42);
    await simulator.stop();
    await screen.terminal.shows(/Done, but \d+ could not be deleted/);
    await screen.terminal.shows(/! cannot delete pod/);
    release();
    await simulator.start();
    await screen.terminal.shows(/● live/);
    screen.terminal.type('r');
    await screen.terminal.shows(/Delete th/);
    screen.terminal.type('y');
    await screen.terminal.shows(/Done: /);
    expect(screen.uids()).toEqual(without(before, shown));
  });

  test('Esc stops it; r takes the rest', async () => {
    const screen = await show();
    await askAll(screen);
    const release = screen.simulated.simulator.faults.add({
      fault: { type: 'latency', ms: 1000 },
      match: { method: 'DELETE' },
    });
    screen.terminal.type('y');
    await screen.terminal.shows(/Deleting 52 Evicted pods on all nodes/);
    screen.terminal.type('\u001b');
    await screen.terminal.shows(/Stopped: \d+ pods of the list not touched/);
    const left = screen.evicted().size;
    expect(left).toBeGreaterThan(0);
    expect(screen.deletes()).toBe(52 - left);
    release();
    screen.terminal.type('r');
    await screen.terminal.shows(RegExp(`Delete these ${left} pods`));
    screen.terminal.type('y');
    await screen.terminal.shows(RegExp(`Done: all ${left} pods are gone`));
    expect(screen.evicted().size).toBe(0);
  });

  test.each<readonly [string, (screen: Shown) => void]>([
    ['Ctrl-C', ({ terminal }) => terminal.type('\u0003')],
    ['a signal', ({ stop }) => stop.abort()],
  ])('%s ends the screen: what is in flight is waited for, and told', async (_, leave) => {
    const screen = await show();
    await askAll(screen);
    screen.simulated.simulator.faults.add({ fault: { type: 'latency', ms: 1000 }, match: { method: 'DELETE' } });
    screen.terminal.type('y');
    await screen.terminal.shows(/Deleting 52/);
    await expect.poll(() => screen.deletes(), { interval: 5 }).toBeGreaterThan(0);
    leave(screen);
    expect(await screen.done).toBe(130);
    const left = screen.evicted().size;
    expect(left).toBeGreaterThan(0);
    expect(screen.deletes()).toBe(52 - left);
    expect(screen.err.join('')).toMatch(RegExp(`${52 - left} pods deleted, 1 kept|${52 - left} pods deleted`));
    expect(screen.err.join('')).toMatch(/interrupted: what was sent has been waited for/);
    expect(screen.terminal.isAlternate).toBe(false);
  });

  test('a resize draws it anew', async () => {
    const screen = await show({ columns: 120, rows: 40 });
    await askAll(screen);
    screen.terminal.resize(60, 14);
    await screen.terminal.shows(/Delete these 52 pods\?/);
    await screen.terminal.shows(/52 Evicted pods on all nodes/);
    screen.terminal.resize(30, 6);
    await screen.terminal.shows(/Delete these 52 pods\?/);
    expect(screen.terminal.lines()).toHaveLength(6);
  });
});
