import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeIf, evict, missing } from './support/cluster.ts';
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
  startDaemonSet,
  startFiller,
  whyNode,
  whyPod,
} from './support/evictions.ts';

const SET_UPS: readonly SetUp[] = [
  {
    name: 'disk: with equal priorities the larger use goes first',
    signal: 'nodefs.available',
    candidates: [
      { name: 'small', volume: 5 },
      { name: 'large', volume: 60 },
      { name: 'middle', volume: 25 },
    ],
    order: ['large', 'middle', 'small'],
  },
  {
    name: 'disk: a lower priority goes before a larger use',
    signal: 'nodefs.available',
    candidates: [
      { name: 'high', priority: 1000, volume: 60 },
      { name: 'none', volume: 20 },
      { name: 'low', priority: -10, volume: 5 },
    ],
    order: ['low', 'none', 'high'],
  },
  {
    name: 'disk: whoever is within its request goes last, whatever its priority',
    signal: 'nodefs.available',
    candidates: [
      { name: 'low-within', priority: -10, volume: 40, requests: { 'ephemeral-storage': '100Mi' } },
      { name: 'high-over', priority: 1000, volume: 12, requests: { 'ephemeral-storage': '5Mi' } },
      { name: 'none-init', volume: 20, initRequests: { 'ephemeral-storage': '90Mi' } },
    ],
    order: ['high-over', 'low-within', 'none-init'],
  },
  {
    name: 'disk: volumes, logs and the writable layer all count, less the request',
    signal: 'nodefs.available',
    candidates: [
      { name: 'volume', volume: 30 },
      { name: 'log', log: 6 },
      { name: 'layer', rootfs: 55, requests: { 'ephemeral-storage': '40Mi' } },
    ],
    order: ['volume', 'layer', 'log'],
  },
  {
    name: 'inodes: the request of bytes is taken off the number of inodes',
    signal: 'nodefs.inodesFree',
    candidates: [
      { name: 'many-with-request', files: 900, requests: { 'ephemeral-storage': '50Mi' } },
      { name: 'few', files: 100 },
      { name: 'some-low', priority: -10, files: 300 },
    ],
    order: ['some-low', 'few', 'many-with-request'],
  },
  {
    name: 'memory: over the request first, then priority, then excess',
    signal: 'memory.available',
    candidates: [
      { name: 'within', priority: -10, memory: 40, requests: { memory: '120Mi' } },
      { name: 'high-over', priority: 1000, memory: 60, requests: { memory: '10Mi' } },
      { name: 'over', memory: 20 },
    ],
    order: ['over', 'high-over', 'within'],
  },
  {
    name: 'memory: a larger request leaves a smaller excess',
    signal: 'memory.available',
    candidates: [
      { name: 'most-use', memory: 70, requests: { memory: '60Mi' } },
      { name: 'most-excess', memory: 45, requests: { memory: '5Mi' } },
      { name: 'small', memory: 25, requests: { memory: '2Mi' } },
    ],
    order: ['most-excess', 'small', 'most-use'],
  },
  {
    name: 'pids: priority alone, where the kubelet counts no processes',
    signal: 'pid.available',
    candidates: [{ name: 'high', priority: 1000 }, { name: 'low', priority: -10 }, { name: 'none' }],
    order: ['low', 'none', 'high'],
  },
];

describeIf(missing('kubectl', 'cluster', 'scenarios'), 'the order in which a real kubelet evicts', () => {
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
      startFiller(node, setUp.signal);
      await expect
        .poll(() => evictedInOrder().length, { timeout: 100_000, interval: 500 })
        .toBe(setUp.candidates.length);
      expect(evictedInOrder()).toEqual(setUp.order);
      const { evictionOrder } = whyNode(node, '--signal', setUp.signal);
      expect(evictionOrder[0]?.spared.map(s => [s.name, s.why])).toEqual([['filler', 'critical']]);
    },
    180_000,
  );

  test('a DaemonSet that is refused in a loop, and a pod that was evicted, are explained', async () => {
    startCandidates(node, [{ name: 'victim', rootfs: 20 }]);
    startFiller(node, 'nodefs.available');
    await expect.poll(() => evictedInOrder(), { timeout: 60_000, interval: 500 }).toContain('victim');
    startDaemonSet(node, 'looper');
    await expect
      .poll(() => whyNode(node).loops, { timeout: 60_000, interval: 500 })
      .toEqual([expect.objectContaining({ owner: 'DaemonSet looper', namespace: 'evict-why' })]);
    await expect.poll(() => whyNode(node).node.pressure, { timeout: 30_000, interval: 500 }).toEqual(['DiskPressure']);
    const report = whyNode(node);
    expect(report.node).toMatchObject({ pressure: ['DiskPressure'], bindingSignal: 'nodefs.available' });
    expect(report.evictionOrder[0]).toMatchObject({ occasion: 'now', victims: [] });
    expect(report.findings.map(f => f.code)).toContain('hot-loop');
    expect(report.story.join('\n')).toContain("a DaemonSet's pods tolerate the disk-pressure taint");
    expect(report.next.join('\n')).toContain('nothing can be evicted here');
    const text = evict(['why', node]).out;
    expect(text).toMatch(new RegExp(`^${node} has been under DiskPressure for \\d+s\\.\n`));
    expect(text).toContain('never evicted: evict-why/filler (critical)');

    expect(whyPod('victim')).toMatchObject({
      verdict: 'evicted',
      cause: { kind: 'pressure', resources: ['disk'] },
      containers: [{ name: 'main', request: { text: '0' } }],
      purge: { safe: true },
      node: { pressure: ['DiskPressure'] },
    });
  }, 150_000);
});
