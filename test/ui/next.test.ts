import { describe, expect, test } from 'vitest';
import { assessNode } from '../../src/eviction/assess.ts';
import type { LiveNext } from '../../src/eviction/live.ts';
import { type NextFacts, nextOutlook } from '../../src/eviction/next-outlook.ts';
import type { ReadProblem } from '../../src/eviction/node.ts';
import type { PodUsage } from '../../src/eviction/pod.ts';
import { lineWidth, textOf } from '../../src/ui/line.ts';
import { nextLines } from '../../src/ui/node/next.ts';
import { themeFor } from '../../src/ui/theme.ts';
import {
  filesystem,
  GI,
  type InputChange,
  MI,
  memory,
  NOW,
  nodeInput,
  nodeStats,
  singleDisk,
} from '../support/builders.ts';
import { podFacts, podUsage } from '../support/pods.ts';

const theme = themeFor({ LANG: 'C.UTF-8' }, true);
const FORBIDDEN: ReadProblem = { reason: 'forbidden', message: 'no right to this', remedy: 'ask for it' };

const PRESSED: InputChange = {
  node: { pressure: ['DiskPressure'] },
  stats: singleDisk(filesystem({ available: 5 * GI })),
};
const POPULATION = [
  podFacts('small', { priority: 1000 }),
  podFacts('large', {
    containers: [{ name: 'main', kind: 'regular', requests: { 'ephemeral-storage': 100 * MI, memory: 50 * MI } }],
  }),
  podFacts('modest', {
    containers: [{ name: 'main', kind: 'regular', requests: { 'ephemeral-storage': 900 * MI, memory: 900 * MI } }],
  }),
  podFacts('etcd', { isStatic: true, namespace: 'kube-system' }),
  podFacts('proxy', { priority: 2_000_001_000, namespace: 'kube-system' }),
];
const USE: readonly (readonly [string, PodUsage])[] = [
  ['small', podUsage({ data: { bytes: 10 * MI, inodes: 4 }, memory: 20 * MI, processes: 3 })],
  ['large', podUsage({ rootfs: { bytes: 400 * MI, inodes: 10 }, memory: 300 * MI, processes: 9 })],
  ['modest', podUsage({ logs: { bytes: 40 * MI, inodes: 2 }, memory: 100 * MI, processes: 1 })],
];

function outlook(node: InputChange = PRESSED, change: Partial<NextFacts> = {}): LiveNext {
  const facts = nodeInput(node);
  return nextOutlook({
    report: assessNode(facts, { now: NOW }),
    pods: { ok: true, value: POPULATION },
    summary: {
      ok: true,
      value: {
        stats: facts.stats.ok ? facts.stats.value : nodeStats(),
        usage: new Map(USE.map(([name, use]) => [`uid-of-${name}`, use])),
      },
    },
    evicted: [],
    events: [],
    now: NOW,
    ...change,
  });
}

function text(next: LiveNext | null, width = 130): readonly string[] {
  return nextLines(next, width, theme).map(each => textOf(each).trimEnd());
}

describe('the order of a node under DiskPressure', () => {
  const lines = text(outlook());

  test('says what happens next, and how long the pressure lasts at most', () => {
    const told = lines.join('\n');
    expect(told).toContain('· the next to be evicted for imagefs.available: shop/large: uses 400Mi, 300Mi over its');
    expect(told).toContain('the kubelet deletes dead containers and then every unused image');
    expect(told).toContain('DiskPressure stays until enough is free, and then for at most 5m0s more');
  });

  test('lists the pods as the kubelet ranks them, with the figures that decide', () => {
    const from = lines.findIndex(each => each.startsWith('Eviction order for'));
    expect(lines.slice(from)).toEqual([
      'Eviction order for imagefs.available  now',
      '#   POD          PRIORITY   USES  REQUESTS   OVER  WHY HERE',
      '1   shop/large          0  400Mi     100Mi  300Mi  uses 400Mi, 300Mi over its request of 100Mi, priority 0',
      '2   shop/small       1000   10Mi         -   10Mi  uses 10Mi without a request, priority 1000',
      '3   shop/modest         0   40Mi     900Mi     no  uses 40Mi, within its request of 900Mi, priority 0',
      'never evicted: kube-system/etcd (static), kube-system/proxy (critical)',
    ]);
  });

  test.each([45, 58, 76, 100, 196])('in %i columns every pod and its reason is there, and nothing too wide', width => {
    const shown = nextLines(outlook(), width, theme);
    for (const each of shown) expect(lineWidth(each)).toBeLessThanOrEqual(width);
    const told = shown.map(textOf).join(' ').replace(/\s+/g, ' ');
    for (const name of ['large', 'small', 'modest']) expect(told).toContain(name);
    expect(told).toContain('within its request');
  });
});

describe('other orders', () => {
  test('of a node without pressure: what would be, should it come to that', () => {
    const lines = text(outlook({}));
    expect(lines[0]).toMatch(/^· the first to be evicted, should it come to that, for /);
    expect(lines).toContainEqual(expect.stringMatching(/^Eviction order for \S+ {2}if its threshold were met$/));
  });

  test('for memory when memory is short, too: it goes before everything else', () => {
    const next = outlook({ ...PRESSED, stats: { ...PRESSED.stats, memory: memory({ available: 50 * MI }) } });
    expect(next.orders.ok && next.orders.value.map(({ order }) => order.signal)).toEqual(['memory.available']);
    expect(text(next).join('\n')).toMatch(/1 {3}shop\/large +0 {2}300Mi +50Mi {2}250Mi/);
  });

  test('for pids without requests', () => {
    const next = outlook({
      config: { evictionHard: new Map([['pid.available', '50%']]) },
      stats: { pids: { max: 1000, current: 900, time: NOW } },
    });
    const told = text(next).join('\n');
    expect(told).toContain('Eviction order for pid.available  now');
    expect(told).not.toContain('REQUESTS');
    expect(told).toMatch(/1 {3}shop\/large +0 +9 {2}priority 0, 9 processes/);
  });

  test('pods that nothing tells apart share a place', () => {
    const same = ['b', 'a'].map(name => podFacts(name));
    const use = new Map(['a', 'b'].map(name => [`uid-of-${name}`, podUsage({ data: { bytes: MI, inodes: 1 } })]));
    const stats = nodeStats(PRESSED.stats);
    const next = outlook(PRESSED, {
      pods: { ok: true, value: same },
      summary: { ok: true, value: { stats, usage: use } },
    });
    const told = text(next).join('\n');
    expect(told).toMatch(/1= {2}shop\/a/);
    expect(told).toMatch(/1= {2}shop\/b/);
    expect(told).toContain('the kubelet may take any of them first');
  });
});

describe('what is not known is not shown as 0', () => {
  test('a pod without figures', () => {
    const next = outlook(PRESSED, { pods: { ok: true, value: [podFacts('new')] } });
    const row = text(next).find(each => each.includes('1   shop/new'));
    expect(row).toMatch(/shop\/new +0 +\? +- +\? {2}the kubelet has no figures of it, priority 0/);
  });

  test.each<readonly [string, Partial<NextFacts>]>([
    ['the figures', { summary: { ok: false, problem: FORBIDDEN } }],
    ['the pods', { pods: { ok: false, problem: FORBIDDEN } }],
  ])('no right to %s: why, what to do, and still how long the pressure lasts', (_what, change) => {
    const lines = text(outlook(PRESSED, change));
    expect(lines.slice(0, 2)).toEqual(['no right to this', 'ask for it']);
    const told = lines.join('\n');
    expect(told).toContain('which pods would go next cannot be told');
    expect(told).toContain('at most 5m0s');
    expect(told).not.toContain('Eviction order');
  });

  test('nothing yet', () => {
    expect(text(null)).toEqual(['The kubelet is being asked for its pods …']);
  });

  test('no threshold armed: there is no order', () => {
    const told = text(outlook({ config: { evictionHard: new Map() } })).join('\n');
    expect(told).toContain('there is no order to tell');
  });

  test('no pod at all: said once', () => {
    const lines = text(outlook(PRESSED, { pods: { ok: true, value: [] } }));
    expect(lines).toContain('· no pod runs here: eviction cannot end the pressure.');
    expect(lines.join('\n')).not.toContain('Eviction order');
  });
});

test('names of the cluster cannot colour the screen', () => {
  const next = outlook(PRESSED, {
    pods: { ok: true, value: [podFacts('\u001b[31mred\u202e'), podFacts('x'.repeat(5000), { isStatic: true })] },
  });
  const lines = nextLines(next, 80, theme);
  expect(lines.map(textOf).join('')).not.toMatch(/[\u001b\u202e]/);
  for (const each of lines) expect(lineWidth(each)).toBeLessThanOrEqual(80);
});
