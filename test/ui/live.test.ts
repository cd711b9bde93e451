import { describe, expect, onTestFinished, test } from 'vitest';
import type { Cluster } from '../../src/cluster/port.ts';
import { takeSurvey } from '../../src/commands/status/gather.ts';
import { nextQuestion, retryAfter } from '../../src/commands/status/live/next-kubelet.ts';
import { NodeRecords, type SharedFacts } from '../../src/commands/status/live/node-records.ts';
import { LiveStore } from '../../src/commands/status/live/store.ts';
import type { NodeReport } from '../../src/eviction/assess.ts';
import type { LiveFocus } from '../../src/eviction/live.ts';
import { mixed } from '../../src/simulator/scenarios/mixed.ts';
import type { Scenario } from '../../src/simulator/scenarios/scenario.ts';
import { story } from '../../src/simulator/scenarios/story.ts';
import { NOW, nodeFacts } from '../support/builders.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';

const focus = (change: Partial<LiveFocus> = {}): LiveFocus => ({
  visible: [],
  selected: null,
  timeline: false,
  next: false,
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
    if (part === 'pods') record.podsAt = nowMs;
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

  describe('while the eviction order of a node is on the screen', () => {
    const where = focus({ visible: ['x', 'y'], selected: 'x', next: true });

    test('its pods come with its figures, and before other nodes', () => {
      expect(asked(records(), where, false, 1000).slice(0, 4)).toEqual(['x config', 'x pods', 'y config', 'y stats']);
    });

    test('a node that has been read is asked for its pods at once, and no more often than for figures', () => {
      const of = records();
      asked(of, { ...where, next: false }, false, 1000);
      expect(asked(of, where, false, 2000)).toEqual(['x pods']);
      expect(asked(of, where, false, 11_500)).toEqual([]);
      expect(asked(of, where, false, 12_500)).toEqual(['x pods']);
    });

    test('one that does not answer is left alone, and so is one that is being asked', () => {
      const of = records();
      asked(of, { ...where, next: false }, false, 1000);
      const x = of.get('x');
      if (x === undefined) throw new Error('no record');
      x.notBefore = 60_000;
      expect(asked(of, where, false, 12_000)).toEqual([]);
      x.notBefore = 0;
      x.asking = 1;
      expect(asked(of, where, false, 12_000)).toEqual([]);
    });
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

/** A live store on a simulated cluster; it ends with the test. */
async function live(scenario: Scenario, options: { readonly user?: string; readonly all?: boolean } = {}) {
  const simulated = await openSimulated(scenario, { user: options.user ?? 'admin' });
  const stop = new AbortController();
  const store = new LiveStore(simulated.cluster, { ...OPTIONS, all: options.all ?? false }, simulated.clock);
  const running = store.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
    await simulated.close();
  });
  const requests = (part: string): number =>
    simulated.simulator.requests.filter(({ url }) => decodeURIComponent(url).includes(part)).length;
  return { simulated, store, requests };
}

const RUNNING = 'spec.nodeName=aks-pids';
const STATS = 'aks-pids/proxy/stats';
const NEXT = focus({ visible: ['aks-pids'], selected: 'aks-pids', next: true });

describe('what the kubelet would evict next', () => {
  test('is asked for while somebody looks, with the figures of the node and as often', async () => {
    const { simulated, store, requests } = await live(mixed);
    store.focus({ ...NEXT, next: false });
    await expect.poll(() => requests(STATS)).toBe(1);
    await expect.poll(() => store.details('aks-pids').pods?.ok).toBe(true);
    expect(requests(RUNNING)).toBe(0);
    expect(store.details('aks-pids').next).toBeNull();

    store.focus(NEXT);
    await expect.poll(() => store.details('aks-pids').next?.orders.ok).toBe(true);
    const { next } = store.details('aks-pids');
    const victims = next?.orders.ok ? next.orders.value.flatMap(({ order }) => order.victims) : [];
    expect(victims.map(({ pod }) => pod.name)).toEqual([expect.stringMatching(/^log-shipper-/)]);
    expect(next?.sentences[0]).toMatch(/^the next to be evicted for pid.available: logging\/log-shipper-/);
    expect([requests(RUNNING), requests(STATS)]).toEqual([1, 2]);
    // The same answer until there is another.
    expect(store.details('aks-pids').next).toBe(next);

    simulated.advance(10_500);
    await expect.poll(() => requests(RUNNING)).toBe(2);
    store.focus({ ...NEXT, next: false });
    simulated.advance(10_500);
    await expect.poll(() => requests(STATS)).toBe(4);
    expect(requests(RUNNING)).toBe(2);
  });

  test('cannot be told without the right to ask kubelets, and nobody is asked', async () => {
    const { store, requests } = await live(mixed, { user: 'viewer' });
    store.focus(NEXT);
    await expect.poll(() => store.details('aks-pids').next?.orders.ok).toBe(false);
    const { next } = store.details('aks-pids');
    expect(next?.orders.ok === false && next.orders.problem.message).toMatch(
      /the right to get nodes\/proxy is missing/,
    );
    expect([requests('/proxy/'), requests(RUNNING)]).toEqual([0, 0]);
  });

  test('says why where the pods may not be listed, and does not ask for them each time', async () => {
    const { simulated, store, requests } = await live(mixed);
    simulated.simulator.faults.add({ fault: { type: 'status', code: 403 }, match: { resource: 'pods' } });
    store.focus(NEXT);
    await expect.poll(() => store.details('aks-pids').next?.orders.ok).toBe(false);
    const { next } = store.details('aks-pids');
    expect(next?.orders.ok === false && next.orders.problem.reason).toBe('forbidden');
    expect(next?.sentences.join()).toContain('at most 5m0s');
    const asked = requests(STATS);
    simulated.advance(10_500);
    await expect.poll(() => requests(STATS)).toBe(asked + 1);
    expect(requests(RUNNING)).toBe(1);
    simulated.advance(60_500);
    await expect.poll(() => requests(RUNNING)).toBe(2);
  });

  test('says why where the kubelet does not answer', async () => {
    const { simulated, store } = await live(mixed);
    simulated.world.nodes.get('aks-pids')?.setMode('stopped');
    store.focus(NEXT);
    await expect.poll(() => store.details('aks-pids').next?.orders.ok).toBe(false);
  });

  test('of many nodes only the last ones are kept, and the others are asked again', async () => {
    const { store, requests } = await live(mixed);
    const names = mixed.nodes.map(({ name }) => name).filter(name => /-\d+$/.test(name) && !name.startsWith('windows'));
    const look = async (name: string): Promise<void> => {
      store.focus({ ...NEXT, visible: [name], selected: name });
      await expect.poll(() => store.details(name).next?.orders.ok).toBe(true);
    };
    const [first = ''] = names;
    for (const name of names.slice(0, 10)) await look(name);
    expect(requests(`spec.nodeName=${first}`)).toBe(1);
    await look(first);
    expect(requests(`spec.nodeName=${first}`)).toBe(2);
  });
});

describe('nodes are compared with what kubeadm gives them', () => {
  const drifts = (reports: readonly NodeReport[]): readonly (readonly string[])[] =>
    reports.flatMap(({ node, findings }) =>
      findings.filter(({ code }) => code === 'config-drift').map(({ message }) => [node.name, message]),
    );
  const withConfigMap = ({ simulated }: { readonly simulated: Simulated }): void => {
    const kubelet =
      'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nevictionHard:\n  nodefs.available: "3%"\n';
    simulated.simulator.cluster.upsert('ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kubelet-config', namespace: 'kube-system' },
      data: { kubelet },
    });
  };

  test('and the findings are those of the command', async () => {
    const opened = await live(story, { all: true });
    withConfigMap(opened);
    const { simulated, store, requests } = opened;
    await expect.poll(() => store.snapshot().nodes.filter(node => node.kubelet === 'read').length).toBe(3);
    const query = { ...OPTIONS, all: true, nearPercent: null, concurrency: 4 };
    const survey = await takeSurvey(simulated.cluster, query, simulated.clock);
    const expected = drifts(survey.reports);
    expect(expected).toHaveLength(3);
    expect(expected[0]?.[1]).toContain('ConfigMap kube-system/kubelet-config');
    await expect.poll(() => drifts(store.snapshot().nodes.map(({ report }) => report))).toEqual(expected);
    expect(store.details('node-1').uncompared).toBeNull();
    // Once by the screen, once by the command.
    store.focus(focus({ visible: ['node-1'] }));
    simulated.advance(70_000);
    await expect.poll(() => requests('node-1/proxy/configz')).toBe(3);
    expect(requests('configmaps/kubelet-config')).toBe(2);
  });

  test('without the right to it they are not, which is told of the node and is no error', async () => {
    const { store, requests } = await live(story, { user: 'operator', all: true });
    await expect.poll(() => store.details('node-1').uncompared?.reason).toBe('forbidden');
    await expect.poll(() => store.snapshot().nodes.filter(node => node.kubelet === 'read').length).toBe(3);
    expect(store.snapshot().errors).toEqual([]);
    expect(requests('configmaps/')).toBe(1);
  });

  test('where no kubelet may be asked, neither is this', async () => {
    const { store, requests } = await live(story, { user: 'viewer', all: true });
    await expect.poll(() => store.snapshot().nodes[0]?.kubelet).toBe('denied');
    expect(requests('configmaps/')).toBe(0);
    expect(store.details('node-1').uncompared).toBeNull();
  });
});
