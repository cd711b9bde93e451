import { describe, expect, test } from 'vitest';
import { assessNode } from '../../src/eviction/assess.ts';
import type { EvictedPodFacts } from '../../src/eviction/node.ts';
import type { PodFacts, PodUsage } from '../../src/eviction/pod.ts';
import type { Signal } from '../../src/eviction/signal.ts';
import type { TombstoneFacts } from '../../src/eviction/tombstone.ts';
import { type NodeStory, nodeStory } from '../../src/eviction/why-node.ts';
import { aftermath } from '../../src/eviction/why-owner.ts';
import { type PodStory, podStory } from '../../src/eviction/why-pod.ts';
import {
  filesystem,
  GI,
  type InputChange,
  MI,
  map,
  memory,
  NOW,
  nodeInput,
  singleDisk,
  TIMEOUT,
} from '../support/builders.ts';
import { podFacts, podUsage } from '../support/pods.ts';
import { tombstone } from '../support/tombstones.ts';

const full = filesystem({ available: 8 * GI });

/** The story of worker-1. */
function story(
  change: InputChange,
  pods: readonly PodFacts[] = [],
  usage: ReadonlyMap<string, PodUsage> = new Map(),
  signal: Signal | null = null,
): NodeStory {
  const input = nodeInput(change);
  return nodeStory({
    input,
    report: assessNode(input, { now: NOW }),
    pods: { ok: true, value: pods },
    usage,
    images: [
      { name: 'small', size: MI },
      { name: 'large', size: 2 * GI },
    ],
    timeline: { ok: true, value: [] },
    signal,
    now: NOW,
    program: 'kubectl evict',
  });
}

const PODS = [podFacts('web'), podFacts('db', { priority: 1000 }), podFacts('dns', { priority: 2_000_000_000 })];
const USAGE = new Map([
  ['uid-of-web', podUsage({ memory: 100 * MI, processes: 5, rootfs: { bytes: GI }, logs: { bytes: GI } })],
  ['uid-of-db', podUsage({ memory: 900 * MI, processes: 50, rootfs: { bytes: MI }, data: { bytes: 3 * GI } })],
  ['uid-of-dns', podUsage({ memory: MI, processes: 2, rootfs: { bytes: 5 * GI } })],
]);

describe('the story of a node', () => {
  test('below a hard threshold, one disk', () => {
    const told = story({ node: { pressure: ['DiskPressure'] }, stats: singleDisk(full) }, PODS, USAGE);
    expect({ story: told.story, next: told.next, advice: told.advice.map(a => a.line) }).toMatchInlineSnapshot(`
      {
        "advice": [
          "kubectl evict tune --node worker-1 --clear",
        ],
        "next": [
          "before it takes pods for imagefs.available, the kubelet deletes dead containers and then every unused image",
          "the next to be evicted for imagefs.available: shop/web: uses 2Gi without a request, priority 0",
          "it evicts one pod a pass (a pass about every 10s), and stops as soon as no threshold is met",
          "DiskPressure stays until enough is free, and then for at most 5m0s more (evictionPressureTransitionPeriod)",
          "until then node.kubernetes.io/disk-pressure keeps new pods away, and the kubelet refuses every pod that is not critical, whatever it tolerates",
        ],
        "story": [
          "worker-1 has been under DiskPressure for 51m",
          "imagefs.available: 8Gi of 100Gi (8%) available, 7Gi below the hard threshold of 15% (15Gi)",
          "nodefs.available: 8Gi of 100Gi (8%) available, 2Gi below the hard threshold of 10% (10Gi)",
          "of the 92Gi in use the pods that run take 10Gi, 2 images about 2Gi, 80Gi belongs to neither: the system, other files and what the filesystem reserves",
        ],
      }
    `);
    expect(told.layout).toBe('one-filesystem');
    // nodefs and imagefs rank alike on one disk: one order is enough.
    expect(told.orders?.map(o => [o.occasion, o.order.victims.map(v => v.pod.name)])).toEqual([['now', ['web', 'db']]]);
    expect(told.consumers?.map(c => c.pod.name)).toEqual(['dns', 'db', 'web']);
    expect(told.images.map(i => i.name)).toEqual(['large', 'small']);
  });

  test('a dedicated image filesystem: what each signal would take is told apart', () => {
    const told = story(
      {
        node: { pressure: ['DiskPressure'] },
        stats: {
          nodefs: full,
          imagefs: filesystem({ capacity: 200 * GI, available: GI }),
          containerfs: filesystem({ capacity: 200 * GI, available: GI }),
        },
      },
      PODS,
      USAGE,
    );
    expect(told.orders?.map(o => [o.order.signal, o.order.victims.map(v => v.pod.name)])).toEqual([
      ['imagefs.available', ['web', 'db']],
      ['nodefs.available', ['web', 'db']],
    ]);
    expect(told.orders?.map(o => o.order.victims.map(v => v.keys.usage))).toEqual([
      [GI, MI],
      [GI, 3 * GI],
    ]);
  });

  test('memory goes before disk, whatever else is met', () => {
    const low = memory({ available: 50 * MI, workingSet: 16 * GI });
    const told = story(
      { node: { pressure: ['MemoryPressure', 'DiskPressure'] }, stats: { ...singleDisk(full), memory: low } },
      PODS,
      USAGE,
    );
    expect(told.orders?.map(o => o.order.signal)).toEqual(['memory.available']);
    expect(told.consumers?.map(c => c.pod.name)).toEqual(['db', 'web', 'dns']);
    expect(told.next.join('\n')).not.toContain('unused image');
  });

  test('a soft threshold: after its grace period', () => {
    const config = {
      evictionHard: map({ 'memory.available': '100Mi' }),
      evictionSoft: map({ 'memory.available': '9Gi' }),
      evictionSoftGracePeriod: map({ 'memory.available': '2m' }),
    };
    const told = story({ node: { pressure: ['MemoryPressure'] }, config }, PODS, USAGE);
    expect(told.orders?.map(o => [o.occasion, o.order.signal])).toEqual([['after-grace', 'memory.available']]);
    expect(told.next.join('\n')).toContain('once its grace period is over');
    expect(told.next.join('\n')).toContain('the kubelet refuses BestEffort pods');
  });

  test('recovering: at most the transition period from now', () => {
    const told = story(
      { node: { pressure: ['DiskPressure'] }, config: { evictionPressureTransitionPeriod: '7m0s' } },
      PODS,
      USAGE,
    );
    expect(told.next.join('\n')).toContain('DiskPressure lifts at most 7m0s from now');
    expect(told.orders?.map(o => o.occasion)).toEqual(['if-met']);
  });

  test('minimum reclaim not reached: it goes on evicting', () => {
    const config = { evictionMinimumReclaim: map({ 'nodefs.available': '60Gi' }) };
    const told = story({ node: { pressure: ['DiskPressure'] }, config, stats: singleDisk(filesystem()) }, PODS, USAGE);
    expect(told.orders?.map(o => [o.occasion, o.order.signal])).toEqual([['now', 'nodefs.available']]);
  });

  test('nothing left to evict, and what no eviction can bring', () => {
    const told = story(
      { node: { pressure: ['DiskPressure'] }, stats: singleDisk(full) },
      [podFacts('dns', { priority: 2_000_000_000 })],
      USAGE,
    );
    expect(told.next).toContain('nothing can be evicted here: the one pod that runs is critical, and never evicted');
    expect(told.story.at(-1)).toMatch(
      /^even if every pod that can be evicted, and every image, went, 5Gi would still be missing/,
    );
    expect(story({ node: { pressure: ['DiskPressure'] }, stats: singleDisk(full) }).next).toContain(
      'no pod runs here: eviction cannot end the pressure',
    );
  });

  test.each([
    ['v1.30.4', true],
    ['v1.31.0', false],
  ])('images apart from layers on %s', (kubeletVersion, warned) => {
    const split = { nodefs: full, containerfs: full, imagefs: filesystem({ capacity: 300 * GI }) };
    const told = story({ node: { pressure: ['DiskPressure'], kubeletVersion }, stats: split }, PODS, USAGE);
    expect(told.layout).toBe('split');
    expect(told.next.join('\n').includes('KubeletSeparateDiskGC')).toBe(warned);
  });

  test('a healthy node, and a signal that was asked for', () => {
    const calm = story({}, PODS, USAGE);
    expect(calm.story[0]).toBe('worker-1 is not under pressure');
    expect(calm.orders?.map(o => o.occasion)).toEqual(['if-met']);
    expect(calm.next.join('\n')).not.toContain('keeps new pods away');
    const asked = story({}, PODS, USAGE, 'pid.available');
    expect(asked.orders?.map(o => [o.occasion, o.order.victims.map(v => v.pod.name)])).toEqual([
      ['asked', ['web', 'db']],
    ]);
  });

  test('below a threshold before the condition is posted', () => {
    expect(story({ stats: singleDisk(full) }, PODS, USAGE).story[0]).toBe(
      'worker-1 does not report pressure yet, but nodefs.available and imagefs.available are below their thresholds',
    );
  });

  test('a kubelet that does not answer: no order, and nothing made up', () => {
    const told = story(
      { node: { pressure: ['DiskPressure'] }, configProblem: TIMEOUT, statsProblem: TIMEOUT },
      PODS,
      USAGE,
    );
    expect(told).toMatchObject({ orders: null, consumers: null, layout: null });
    expect(told.next[0]).toContain('which pods would go next cannot be told');
    expect(told.story[0]).toBe('worker-1 has been under DiskPressure for 51m');
  });

  test('a DaemonSet in a loop', () => {
    const refused = (i: number): EvictedPodFacts => ({
      ...podFacts(`proxy-${i}`, {
        owner: { kind: 'DaemonSet', name: 'kube-proxy' },
        createdAt: NOW - i * 20_000,
        phase: 'Failed',
      }),
    });
    const told = story({
      node: { pressure: ['DiskPressure'] },
      stats: singleDisk(full),
      evicted: { ok: true, value: [1, 2, 3, 4].map(refused) },
    });
    expect(told.loops).toEqual([{ namespace: 'shop', owner: 'DaemonSet kube-proxy', count: 4, seconds: 80 }]);
    expect(told.story.at(-1)).toBe(
      "DaemonSet kube-proxy in shop: 4 of its pods were refused or evicted here within 80s: a DaemonSet's pods tolerate the disk-pressure taint, so the controller sends each new one back to this node, and the kubelet refuses it again",
    );
    expect(told.next.at(-1)).toContain('after a back-off of 1s that doubles up to 15m');
    expect(told.advice.map(a => a.line)).toContain('kubectl evict purge -A --node worker-1');
  });
});

describe('the story of a pod', () => {
  const MODERN =
    'The node was low on resource: ephemeral-storage. Threshold quantity: 10737418400, available: 8Gi. Container main was using 3Gi, request is 1Gi, has larger consumption of ephemeral-storage. ';
  const condition = { reason: 'TerminationByKubelet', message: MODERN, since: NOW - 90_000 };

  function told(
    change: Partial<TombstoneFacts>,
    node: InputChange | null = null,
    pod: Partial<PodFacts> = {},
  ): PodStory {
    const facts = tombstone({ createdAt: NOW - 7_200_000, kubeletWroteAt: NOW - 60_000, ...change });
    const input = node === null ? null : nodeInput(node);
    return podStory({
      pod: podFacts(facts.name, { phase: facts.phase, owner: facts.owner, pinned: facts.pinned, ...pod }),
      tombstone: facts,
      evidence: null,
      timeline: { ok: true, value: [] },
      node: input === null ? null : { input, report: assessNode(input, { now: NOW }) },
      orders: [],
      now: NOW,
      program: 'kubectl evict',
    });
  }

  test('node pressure, a new kubelet: the threshold in the message tells the signal', () => {
    const config = { evictionHard: map({ 'nodefs.available': '10%', 'imagefs.available': '15%' }) };
    const one = told(
      { message: MODERN, disruption: condition },
      { node: { pressure: ['DiskPressure'] }, stats: { nodefs: full }, config },
    );
    expect({
      verdict: one.verdict,
      signal: one.signal,
      story: one.story,
      next: one.next,
      advice: one.advice.map(a => a.line),
    }).toMatchInlineSnapshot(`
      {
        "advice": [
          "kubectl evict why node/worker-1",
          "kubectl evict purge -n shop --node worker-1",
          "kubectl evict tune --node worker-1 --clear",
        ],
        "next": [
          "ReplicaSet web-5d9c does not count it any more and has made another one; this object stays until somebody deletes it",
          "safe to purge: nothing needs the object but who wants to read it",
        ],
        "signal": {
          "candidates": [
            "nodefs.available",
          ],
          "certainty": "matched",
          "signal": "nodefs.available",
        },
        "story": [
          "the kubelet of worker-1 evicted shop/web-1, 90s ago: the node was low on disk space",
          "the signal was most likely nodefs.available: the threshold in the message is what this node's amounts to now",
          "8Gi was available, the threshold was 10Gi: 2Gi short",
          "container main used 3Gi against a request of 1Gi: 2Gi over",
          "volumes are not in these figures: with an emptyDir the pod may have used far more",
          "worker-1 has been under DiskPressure for 51m, and still is, nodefs.available 8Gi available (BREACHED)",
        ],
        "verdict": "evicted",
      }
    `);
  });

  test('the signal stays open where the message has no threshold', () => {
    const old =
      'The node was low on resource: ephemeral-storage. Container main was using 100Mi, which exceeds its request of 0. ';
    const one = told({ message: old });
    expect(one.signal).toMatchObject({ signal: null, certainty: 'unknown' });
    expect(one.story).toEqual([
      'the kubelet of worker-1 evicted shop/web-1, not later than 60s ago: the node was low on disk space',
      'the signal was one of nodefs.available, imagefs.available, containerfs.available: the message does not tell which',
      'container main used 100Mi without a request',
      'volumes are not in these figures: with an emptyDir the pod may have used far more',
      'nothing is known about worker-1 now',
    ]);
  });

  test('a kubelet before containerfs cannot have meant it', () => {
    const message = 'The node was low on resource: ephemeral-storage. ';
    expect(told({ message }, { node: { kubeletVersion: 'v1.20.2' } }).signal?.candidates).toEqual([
      'nodefs.available',
      'imagefs.available',
    ]);
  });

  test.each<readonly [string, Partial<TombstoneFacts>, PodStory['verdict'], string]>([
    [
      'refused',
      { message: 'Pod was rejected: The node had condition: [DiskPressure]. ' },
      'refused',
      'the kubelet of worker-1 refused shop/web-1 when it arrived, not later than 60s ago: the node was under pressure (disk space); it never ran there',
    ],
    [
      'a volume too large',
      { message: 'Usage of EmptyDir volume "scratch" exceeds the limit "5Mi". ' },
      'evicted',
      'its emptyDir volume scratch held more than its sizeLimit of 5Mi',
    ],
    [
      'a pod too large',
      { message: 'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ' },
      'evicted',
      'its containers together used more ephemeral storage than the sum of their limits, 10Mi',
    ],
    [
      'a container too large',
      { message: 'Container main exceeded its local ephemeral storage limit "5Mi". ' },
      'evicted',
      'container main used more ephemeral storage than its limit of 5Mi',
    ],
    ['words nobody knows', { message: 'The moon was full. ' }, 'evicted', 'it said: The moon was full.'],
    [
      'the reason is lost',
      { reason: '', message: '', disruption: condition },
      'unmarked',
      'its status has lost the reason Evicted',
    ],
    [
      'out of cpu',
      { reason: 'OutOfcpu', message: 'Node didn’t have enough cpu' },
      'other',
      'shop/web-1 failed with reason OutOfcpu: that is no eviction',
    ],
    [
      'running',
      { phase: 'Running', reason: '', message: '' },
      'no',
      'shop/web-1 was not evicted: it is Running on worker-1',
    ],
  ])('%s', (_, change, verdict, sentence) => {
    const one = told(change);
    expect(one.verdict).toBe(verdict);
    expect(one.story.join('\n')).toContain(sentence);
  });

  test('a pod that must go back to a node under pressure', () => {
    const daemon = { owner: { kind: 'DaemonSet', name: 'proxy' } };
    const one = told(daemon, { node: { pressure: ['DiskPressure'] }, stats: singleDisk(full) });
    expect(one.next).toContain(
      'its replacement belongs on worker-1, too, and is refused there until the pressure ends',
    );
    expect(told(daemon, {}).next.join('\n')).not.toContain('refused there');
  });

  test('a pod that runs: its place in the order', () => {
    const node = story({ node: { pressure: ['DiskPressure'] }, stats: singleDisk(full) }, PODS, USAGE);
    const input = nodeInput({ node: { pressure: ['DiskPressure'] }, stats: singleDisk(full) });
    const at = (pod: PodFacts): readonly string[] =>
      podStory({
        pod,
        tombstone: tombstone({ name: pod.name, phase: 'Running', reason: '', message: '' }),
        evidence: null,
        timeline: { ok: true, value: [] },
        node: { input, report: node.report },
        orders: node.orders ?? [],
        now: NOW,
        program: 'kubectl evict',
      }).story;
    expect(at(podFacts('db')).at(-1)).toBe(
      'for imagefs.available it would be number 2 of 2 to be evicted: uses 3Gi without a request, priority 1000',
    );
    expect(at(podFacts('dns')).at(-1)).toBe('the kubelet never evicts it: it is critical');
  });
});

describe('what comes after', () => {
  test.each([
    ['ReplicaSet', true, /has made another one; this object stays/],
    ['StatefulSet', true, /anew under the same name/],
    ['DaemonSet', true, /back-off of 1s to 15m/],
    ['Job', false, /backoffLimit/],
    ['Workflow', false, /decides for itself/],
    ['__proto__', false, /decides for itself/],
    ['constructor', false, /decides for itself/],
  ])('%s', (kind, purgeable, sentence) => {
    const after = aftermath(tombstone({ owner: { kind, name: 'x' } }));
    expect(after.purgeable).toBe(purgeable);
    expect(after.recreatedBy).toMatch(sentence);
  });

  test('nobody’s, a mirror, and one that is on its way', () => {
    expect(aftermath(tombstone({ owner: null }))).toMatchObject({
      purgeable: true,
      recreatedBy: expect.stringContaining('nobody'),
    });
    expect(aftermath(tombstone({ mirror: true })).purgeable).toBe(false);
    expect(aftermath(tombstone({ terminating: true })).purgeable).toBe(false);
  });
});
