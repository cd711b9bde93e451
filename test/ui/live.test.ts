import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/cluster/port.ts';
import { nextQuestion, retryAfter } from '../../src/commands/status/live/next-kubelet.ts';
import { NodeRecords, type SharedFacts } from '../../src/commands/status/live/node-records.ts';
import { LiveStore } from '../../src/commands/status/live/store.ts';
import type { LiveFocus } from '../../src/eviction/live.ts';
import { mixed } from '../../src/simulator/scenarios/mixed.ts';
import { story } from '../../src/simulator/scenarios/story.ts';
import { NOW, nodeFacts } from '../support/builders.ts';
import { openSimulated } from '../support/simulated.ts';

const focus = (change: Partial<LiveFocus> = {}): LiveFocus => ({
  visible: [],
  selected: null,
  timeline: false,
  all: false,
  ...change,
});

const OPTIONS = {
  names: [],
  selector: null,
  all: false,
  nearPercent: 5,
  nearWanted: false,
  kubeletTimeoutMs: 5000,
  program: 'kubectl evict',
};

/** Three healthy nodes, then three under pressure. */
function records(): NodeRecords {
  const found = new NodeRecords();
  found.replace(
    ['a', 'b', 'c', 'x', 'y', 'z'].map(name => nodeFacts({ name, pressure: name >= 'x' ? ['DiskPressure'] : [] })),
  );
  return found;
}

/** Asks until nothing is due: who is asked for what, in order; every answer fails or succeeds at once. */
function asked(of: NodeRecords, where: LiveFocus, all: boolean, nowMs: number): readonly string[] {
  const order: string[] = [];
  for (let i = 0; i < 100; i += 1) {
    const question = nextQuestion(of, where, { all }, nowMs);
    if (question === null) return order;
    const { record, part } = question;
    order.push(`${record.node.name} ${part}`);
    if (part === 'config') record.configAt = nowMs;
    else record.statsAt = nowMs;
  }
  throw new Error('it never ends');
}

describe('which kubelet is asked next', () => {
  test('first what is selected, then the screen with pressure first, then pressure; each twice', () => {
    expect(asked(records(), focus({ visible: ['a', 'y', 'b'], selected: 'b' }), false, 1000)).toEqual([
      'b config',
      'b stats',
      'y config',
      'y stats',
      'a config',
      'a stats',
      'x config',
      'x stats',
      'z config',
      'z stats',
    ]);
  });

  test('the others only when all are wanted', () => {
    expect(asked(records(), focus(), true, 1000).filter(question => question.startsWith('a'))).toHaveLength(2);
    expect(asked(records(), focus(), false, 1000)).toHaveLength(6);
  });

  test.each([
    [9_000, []],
    [10_500, ['x stats']],
    [20_500, ['x stats', 'y stats']],
    [60_500, ['x stats', 'x config', 'y stats', 'y config']],
    [300_500, ['x stats', 'x config', 'y stats', 'y config', 'z stats', 'z config']],
  ])('after %i ms what is old: %j', (later, expected) => {
    const of = records();
    const where = focus({ visible: ['x', 'y'], selected: 'x' });
    asked(of, where, false, 1000);
    expect(asked(of, where, false, 1000 + later)).toEqual(expected);
  });

  test('one that fails is left alone for longer and longer', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 50].map(retryAfter)).toEqual([
      10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000,
    ]);
  });
});

describe('records', () => {
  const shared = (): SharedFacts => ({
    leases: null,
    leasesAt: 0,
    evicted: null,
    pods: new Map(),
    events: null,
    cgroupV1: new Set(),
    denied: null,
    nearPercent: 5,
  });

  test('nodes that have not changed keep their identity', () => {
    const of = records();
    const first = of.snapshot(shared(), NOW);
    of.put(nodeFacts({ name: 'y', pressure: [] }));
    const second = of.snapshot(shared(), NOW);
    expect(second.map((node, i) => node === first[i])).toEqual([true, true, true, true, false, true]);
    expect(second[4]?.pressed).toBe(false);
  });

  test('what has not been asked yet is no trouble of the node', () => {
    const [node] = records().snapshot(shared(), NOW);
    expect(node?.kubelet).toBe('waiting');
    expect(node?.report.findings.map(finding => finding.code)).not.toContain('kubelet-unreadable');
    expect(node?.unreachable).toBe(false);
  });

  test('another machine of the same name begins anew', () => {
    const of = records();
    const before = of.get('x');
    of.put(nodeFacts({ name: 'x', createdAt: NOW }));
    expect(of.get('x')).not.toBe(before);
  });

  test('names of a prototype are names', () => {
    const of = new NodeRecords();
    of.replace([nodeFacts({ name: '__proto__' }), nodeFacts({ name: 'constructor' })]);
    expect(of.snapshot(shared(), NOW).map(({ report }) => report.node.name)).toEqual(['__proto__', 'constructor']);
  });
});

describe('the live store', () => {
  test('asks at most 20 kubelets a second: after each request it waits 50 ms', async () => {
    const simulated = await openSimulated(mixed);
    const stop = new AbortController();
    const happened: string[] = [];
    const cluster: Cluster = new Proxy(simulated.cluster, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        if (key === 'kubeletConfig' || key === 'kubeletStats') happened.push('ask');
        return value.bind(target);
      },
    });
    const clock = {
      now: () => simulated.clock.now(),
      sleep: async (ms: number, signal: AbortSignal) => {
        await simulated.clock.sleep(ms, signal);
        if (ms === 50) happened.push('waited 50 ms');
      },
    };
    const store = new LiveStore(cluster, { ...OPTIONS, all: true }, clock);
    const running = store.run(stop.signal);
    const asks = () => happened.filter(what => what === 'ask').length;
    await expect.poll(asks, { timeout: 15_000 }).toBeGreaterThan(40);
    stop.abort();
    await running;
    for (const [i, what] of happened.entries()) {
      if (what === 'ask' && i > 0) expect(happened[i - 1]).toBe('waited 50 ms');
    }
    await simulated.close();
  });

  test('a paused one asks nothing and shows what it showed', async () => {
    const simulated = await openSimulated(story);
    const stop = new AbortController();
    const store = new LiveStore(simulated.cluster, OPTIONS, simulated.clock);
    const running = store.run(stop.signal);
    await expect.poll(() => store.snapshot().nodes.filter(node => node.kubelet === 'read').length).toBe(1);
    store.pause(true);
    const held = store.snapshot();
    expect(held.paused).toBe(true);
    simulated.advance(60_000);
    store.refresh();
    expect(store.snapshot()).toBe(held);
    store.pause(false);
    await expect.poll(() => store.snapshot().evictedPods).not.toEqual(held.evictedPods);
    stop.abort();
    await running;
    await simulated.close();
  });

  test('the selected node has pods, and a timeline once somebody looks', async () => {
    const simulated = await openSimulated(story);
    const stop = new AbortController();
    const store = new LiveStore(simulated.cluster, OPTIONS, simulated.clock);
    const running = store.run(stop.signal);
    await expect.poll(() => store.details('node-3').pods?.ok).toBe(true);
    expect(store.details('node-3').timeline).toBeNull();
    store.focus(focus({ visible: ['node-3'], selected: 'node-3', timeline: true }));
    await expect.poll(() => store.details('node-3').timeline?.ok).toBe(true);
    const { timeline } = store.details('node-3');
    const reasons = timeline?.ok ? timeline.value.map(entry => entry.reason) : [];
    expect(reasons).toContain('EvictionThresholdMet');
    expect(reasons).toContain('Evicted');
    expect(reasons).toContain('DiskPressure True');
    stop.abort();
    await running;
    await simulated.close();
  });
});
