import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { describeIf, missing } from './support/cluster.ts';
import {
  clear,
  evictedInOrder,
  isCalm,
  nodeName,
  predicted,
  prepare,
  relieve,
  restore,
  type SetUp,
  startCandidates,
  startFiller,
} from './support/evictions.ts';
import { hasTmux, openTerminal } from './support/tmux.ts';

// The Next tab of the screen in a real terminal, while a real kubelet evicts in the order that it shows.

/** A set-up, and how the screen heads its order, before the kubelet evicts and while it does. */
interface Shown extends SetUp {
  readonly title: RegExp;
}

const SET_UPS: readonly Shown[] = [
  {
    name: 'disk: priorities, requests and use',
    signal: 'nodefs.available',
    title: /Eviction order for nodefs\.available/,
    candidates: [
      { name: 'within', priority: -10, volume: 40, requests: { 'ephemeral-storage': '100Mi' } },
      { name: 'high', priority: 1000, volume: 60 },
      { name: 'large', volume: 50 },
      { name: 'small', volume: 10 },
      { name: 'low', priority: -10, rootfs: 15 },
    ],
    order: ['low', 'large', 'small', 'high', 'within'],
  },
  {
    name: 'memory: priorities, requests and use',
    signal: 'memory.available',
    // What the pods may take together runs short as well as the machine's memory: both rank alike.
    title: /Eviction order for (?:memory|allocatableMemory)\.available/,
    candidates: [
      { name: 'within', priority: -10, memory: 40, requests: { memory: '120Mi' } },
      { name: 'high', priority: 1000, memory: 60, requests: { memory: '10Mi' } },
      { name: 'most-use', memory: 70, requests: { memory: '60Mi' } },
      { name: 'most-excess', memory: 45, requests: { memory: '5Mi' } },
    ],
    order: ['most-excess', 'most-use', 'high', 'within'],
  },
];

const unfit = hasTmux ? missing('kubectl', 'cluster', 'scenarios') : 'no tmux';

describeIf(unfit, 'the Next tab while a real kubelet evicts', () => {
  let node = '';
  const calm = { timeout: 60_000, interval: 500 };

  beforeAll(() => {
    node = nodeName();
    prepare(node);
  }, 120_000);
  afterEach(async () => {
    relieve();
    await expect.poll(() => isCalm(node), calm).toBe(true);
    clear();
  }, 90_000);
  afterAll(restore, 120_000);

  test.each(SET_UPS)(
    '$name',
    async setUp => {
      startCandidates(node, setUp.candidates);
      await expect.poll(() => predicted(node, setUp), { timeout: 60_000, interval: 500 }).toEqual(setUp.order);
      const terminal = openTerminal('kubectl evict status --all');
      onTestFinished(() => terminal.close());
      await terminal.shows(new RegExp(`▸ ${node}`));
      terminal.type('Enter', '5');
      await terminal.shows(/Eviction order for \S+ {2}if its threshold were met/);
      // Each order that the screen shows, as it changes by itself.
      const shown = new Set<string>();
      const look = (): number => {
        const [, section = ''] = terminal.screen().split(setUp.title);
        const pods = [...section.matchAll(/^ +\d+=? +evict-why\/(\S+)/gm)].map(([, name]) => name ?? '');
        if (pods.length > 0) shown.add(pods.join(' '));
        return evictedInOrder().length;
      };
      look();
      startFiller(node, setUp.signal);
      await expect.poll(look, { timeout: 120_000, interval: 400 }).toBe(setUp.candidates.length);
      expect(evictedInOrder()).toEqual(setUp.order);
      // Nobody is shown in another place than the kubelet's.
      const whole = setUp.order.join(' ');
      expect([...shown].filter(order => !whole.endsWith(order))).toEqual([]);
      expect(Math.max(...[...shown].map(order => order.split(' ').length)), [...shown].join(' | ')).toBeGreaterThan(1);
      await terminal.shows(/never evicted: evict-why\/filler \(critical\)/);
    },
    240_000,
  );
});
