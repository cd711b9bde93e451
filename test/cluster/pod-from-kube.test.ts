import { describe, expect, test } from 'vitest';
import { podFromKube, podUsageFromKube } from '../../src/cluster/pod-from-kube.ts';
import { neverEvicted, podRequest } from '../../src/eviction/pod.ts';
import { fixture } from '../support/fixtures.ts';

const items = (version: 'v1.20' | 'v1.36', name: string): readonly unknown[] =>
  (fixture(version, name) as { readonly items: readonly unknown[] }).items;

describe('recorded pods', () => {
  test('1.36: every pod is read; the critical one is never evicted', () => {
    const pods = items('v1.36', 'pods-all.json').map(podFromKube);
    expect(pods.every(p => p.uid !== '' && p.statsUid === p.uid && p.containers.length > 0)).toBe(true);
    const critical = pods.find(p => p.name === 'critical');
    expect(critical).toMatchObject({ priority: 2_000_001_000, phase: 'Running' });
    expect(critical === undefined ? null : neverEvicted(critical)).toBe('critical');
    expect(pods.filter(p => neverEvicted(p) !== null).map(p => p.name)).toEqual(['critical']);
  });

  test('requests as written in the spec', () => {
    const pods = new Map(items('v1.36', 'pods-all.json').map(item => [podFromKube(item).name, item]));
    const guaranteed = podFromKube(pods.get('guaranteed'));
    const spec = pods.get('guaranteed') as {
      readonly spec: {
        readonly containers: readonly { readonly resources: { readonly requests: { readonly memory: string } } }[];
      };
    };
    expect(spec.spec.containers[0]?.resources.requests.memory).toBe('16Mi');
    expect(podRequest(guaranteed, 'memory', null)).toBe(16 * 1024 ** 2);
  });

  test('volumes that count, and those that do not', () => {
    const names = items('v1.36', 'pods-all.json')
      .map(podFromKube)
      .flatMap(p => p.localVolumes.map(v => `${p.name} ${v.name}`));
    expect(names).toContain('emptydir-limit cache');
    expect(names.filter(n => n.includes('kube-api-access'))).toEqual([]);
  });

  test.each([
    ['v1.20', 'stats-summary-pressure.json', '8956290b-000c-4bd1-90be-0b3e790b658d', 466_944, 28_672, 4096, 0],
    ['v1.36', 'stats-summary-under-pressure.json', '1bae76ee-e2c7-4db6-a53e-98763b4d235c', 741_376, 28_672, 0, 2],
  ] as const)('%s %s', (version, name, uid, memory, rootfs, logs, processes) => {
    const usage = podUsageFromKube(fixture(version, name));
    expect([...usage.keys()]).toEqual([uid]);
    expect(usage.get(uid)).toMatchObject({
      memory,
      processes,
      rootfs: { bytes: rootfs, inodes: 10 },
      logs: { bytes: logs },
    });
  });
});

describe('a pod in all its forms', () => {
  const quantities = { memory: '1Gi', 'ephemeral-storage': '10Mi', cpu: '1' };
  test('containers, overhead, pod-level resources, volumes', () => {
    const pod = podFromKube({
      metadata: { name: 'x', namespace: 'n', uid: 'u', deletionTimestamp: '2026-11-23T00:00:00Z' },
      spec: {
        priority: -5,
        priorityClassName: 'low',
        overhead: { memory: '8Mi' },
        resources: { requests: { memory: '2Gi' } },
        initContainers: [
          { name: 'a', resources: { requests: quantities } },
          { name: 'b', restartPolicy: 'Always', resources: { requests: { memory: '1Ki' } } },
        ],
        containers: [{ name: 'c' }],
        volumes: [
          { name: 'disk', emptyDir: {} },
          { name: 'sized', emptyDir: { sizeLimit: '1Gi' } },
          { name: 'ram', emptyDir: { medium: 'Memory' } },
          { name: 'pages', emptyDir: { medium: 'HugePages-2Mi' } },
          { name: 'host', hostPath: { path: '/var' } },
          { name: 'config', configMap: { name: 'c' } },
          { name: 'git', gitRepo: { repository: 'r' } },
          { name: 'token', projected: {} },
          { name: 'secret', secret: {} },
          { name: 'claim', persistentVolumeClaim: { claimName: 'c' } },
        ],
      },
      status: { phase: 'Running' },
    });
    expect(pod).toMatchObject({ priority: -5, priorityClass: 'low', terminating: true, isStatic: false });
    expect(pod.overhead).toEqual({ memory: 8 * 1024 ** 2 });
    expect(pod.podRequests).toEqual({ memory: 2 * 1024 ** 3 });
    expect(pod.containers).toEqual([
      { name: 'a', kind: 'init', requests: { memory: 1024 ** 3, 'ephemeral-storage': 10 * 1024 ** 2 } },
      { name: 'b', kind: 'sidecar', requests: { memory: 1024 } },
      { name: 'c', kind: 'regular', requests: {} },
    ]);
    expect(pod.localVolumes.map(v => v.name)).toEqual(['disk', 'sized', 'host', 'config', 'git']);
    expect(pod.otherMediaVolumes).toEqual(['pages']);
  });

  test.each([
    [
      'a mirror carries the uid of its static pod',
      { 'kubernetes.io/config.mirror': 'h1', 'kubernetes.io/config.hash': 'h2' },
      'h2',
      true,
    ],
    ['without a hash, what the mirror names', { 'kubernetes.io/config.mirror': 'h1' }, 'h1', true],
    ['from a file', { 'kubernetes.io/config.source': 'file' }, 'u', true],
    ['from the API', { 'kubernetes.io/config.source': 'api' }, 'u', false],
    ['no annotation', {}, 'u', false],
  ])('%s', (_, annotations, statsUid, isStatic) => {
    expect(podFromKube({ metadata: { uid: 'u', annotations } })).toMatchObject({ statsUid, isStatic });
  });
});

describe('what is no pod', () => {
  const HOSTILE: readonly unknown[] = [
    null,
    7,
    'pod',
    [],
    {},
    { spec: null, status: [], metadata: 'x' },
    {
      spec: {
        priority: '9',
        containers: {},
        initContainers: [null, 7],
        volumes: [null, { emptyDir: 'x' }, { emptyDir: [] }],
        overhead: 7,
      },
    },
    {
      spec: {
        priority: 1.5,
        containers: [{ resources: { requests: { memory: {} } } }, { resources: { requests: { memory: 'lots' } } }],
      },
    },
    JSON.parse(
      '{"metadata":{"annotations":{"__proto__":{"kubernetes.io/config.mirror":"x"}}},"spec":{"resources":{"requests":{"__proto__":{"memory":"1Gi"}}}}}',
    ),
  ];
  test.each(HOSTILE.map((pod, i) => [i, pod] as const))('%i', (_, pod) => {
    const facts = podFromKube(pod);
    expect(facts).toMatchObject({ priority: null, isStatic: false, localVolumes: [], podRequests: null, overhead: {} });
    expect(facts.containers.every(c => Object.keys(c.requests).length === 0)).toBe(true);
  });

  test('figures of the wrong type count as nothing, and a pod without a uid is none', () => {
    const usage = podUsageFromKube({
      pods: [
        null,
        { podRef: {} },
        {
          podRef: { uid: 'a' },
          memory: { workingSetBytes: '7' },
          process_stats: { process_count: -1 },
          containers: [null, { rootfs: { usedBytes: 5 } }, { rootfs: 'x', logs: { inodesUsed: 2 } }],
          volume: [{ name: '__proto__', usedBytes: 3 }, { usedBytes: 4 }],
        },
      ],
    });
    expect([...usage.keys()]).toEqual(['a']);
    const a = usage.get('a');
    expect(a).toMatchObject({
      memory: 0,
      processes: 0,
      rootfs: { bytes: 5, inodes: 0 },
      logs: { bytes: 0, inodes: 2 },
    });
    expect(a?.volumes.get('__proto__')).toEqual({ bytes: 3, inodes: 0 });
    expect(podUsageFromKube('x').size).toBe(0);
  });
});
