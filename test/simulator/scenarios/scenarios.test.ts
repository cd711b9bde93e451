import { describe, expect, test } from 'vitest';
import { manualClock } from '../../../src/simulator/clock.ts';
import { createCluster } from '../../../src/simulator/cluster.ts';
import { field } from '../../../src/simulator/json.ts';
import { numberField, textField } from '../../../src/simulator/kubelet/fields.ts';
import { conditionStatus } from '../../../src/simulator/kubelet/lifecycle.ts';
import { phaseOf } from '../../../src/simulator/kubelet/pod-index.ts';
import { hard } from '../../../src/simulator/scenarios/builders.ts';
import { loadGenerated } from '../../../src/simulator/scenarios/generated.ts';
import { findScenario, SCENARIOS } from '../../../src/simulator/scenarios/registry.ts';
import { openTestWorld, T0 } from '../kubelet/support.ts';

type Opened = ReturnType<typeof openTestWorld>;

function open(name: string): Opened {
  const scenario = findScenario(name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  return openTestWorld(scenario);
}

const under = ({ cluster }: Opened, condition: string, status = 'True') =>
  cluster
    .list('Node')
    .filter(one => conditionStatus(one, condition) === status)
    .map(({ metadata }) => metadata.name);
const evicted = ({ cluster }: Opened) =>
  cluster.list('Pod').filter(one => textField(one.status, 'reason') === 'Evicted');
const json = (answer: unknown): unknown => {
  const body = field(answer, 'body');
  return typeof body === 'string' ? JSON.parse(body) : undefined;
};

describe.each(SCENARIOS.map(scenario => [scenario.name, scenario] as const))('%s', (_name, scenario) => {
  test('the same seed gives the same cluster, also after ten minutes', () => {
    const dump = () => {
      const { cluster, clock } = openTestWorld(scenario);
      clock.advance(600_000);
      return (['Node', 'Pod', 'Event', 'Lease'] as const).map(kind => JSON.stringify(cluster.list(kind)));
    };
    expect(dump()).toEqual(dump());
  });

  test('what lies on each disk adds up', () => {
    for (const one of openTestWorld(scenario).world.nodes.values()) {
      for (const [disk, rest] of one.state().remainder)
        expect([one.name, disk, rest.bytes >= 0, rest.inodes >= 0]).toEqual([one.name, disk, true, true]);
    }
  });

  test('it is plain data', () => {
    expect(structuredClone(scenario)).toEqual(scenario);
  });
});

describe('story', () => {
  test('the numbers of the third node', () => {
    const opened = open('story');
    const stats = json(opened.world.nodes.get('node-3')?.agent.statsSummary());
    const root = field(field(stats, 'node'), 'fs');
    expect(root).toMatchObject({ capacityBytes: 6_227_702_579, availableBytes: 469_762_048 });
    // 5.1 GiB used, as df says: the rest is reserved for root.
    expect(numberField(root, 'usedBytes')).toBe(5_476_083_302);
    const images = field(field(field(stats, 'node'), 'runtime'), 'imageFs');
    expect(images).toMatchObject({ capacityBytes: 99 * 2 ** 30, availableBytes: 89 * 2 ** 30 });
    expect(
      field(field(json(opened.world.nodes.get('node-3')?.agent.configz()), 'kubeletconfig'), 'evictionHard'),
    ).toEqual({
      'memory.available': '100Mi',
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
    });
  });

  test('node-3 refuses kube-proxy, weave-net and portal, and no eviction ends it', () => {
    const opened = open('story');
    expect(under(opened, 'DiskPressure')).toEqual(['node-3']);
    const met = opened.cluster.list('Event').find(one => one['reason'] === 'EvictionThresholdMet');
    expect(numberField(met, 'count')).toBe(49_428);
    opened.clock.advance(600_000);
    expect(under(opened, 'DiskPressure')).toEqual(['node-3']);
    const names = new Set(evicted(opened).map(({ metadata }) => metadata.generateName));
    expect(names).toEqual(new Set(['kube-proxy-', 'weave-net-', 'portal-7c9d8b6f54-']));
    expect(new Set(evicted(opened).map(one => field(one.spec, 'nodeName')))).toEqual(new Set(['node-3']));
  });

  test('the cure works at once, and the pods run', () => {
    const opened = open('story');
    opened.clock.advance(20_000);
    const cure = hard({ 'memory.available': '100Mi', 'nodefs.available': '5%', 'nodefs.inodesFree': '5%' });
    expect(opened.world.nodes.get('node-3')?.restart(cure)).toBeNull();
    opened.clock.advance(1000);
    expect(under(opened, 'DiskPressure')).toEqual([]);
    opened.clock.advance(120_000);
    const here = opened.cluster.list('Pod', { nodeName: 'node-3' }).filter(one => phaseOf(one) === 'Running');
    expect(new Set(here.map(({ metadata }) => metadata.generateName))).toEqual(
      new Set(['kube-proxy-', 'portal-7c9d8b6f54-', 'weave-net-']),
    );
  });
});

test('tombstones: shells of 18 to 81 days, none of which anybody removes', () => {
  const opened = open('tombstones');
  const pods = evicted(opened);
  const days = pods.map(one => (T0 - Date.parse(one.metadata.creationTimestamp ?? '')) / 86_400_000);
  expect(pods).toHaveLength(52);
  expect([Math.floor(Math.min(...days)), Math.round(Math.max(...days))]).toEqual([18, 81]);
  expect(new Set(pods.flatMap(one => one.metadata.ownerReferences?.map(({ kind }) => kind)))).toEqual(
    new Set(['ReplicaSet']),
  );
  expect(pods.every(one => field(one.status, 'containerStatuses') === undefined)).toBe(true);
  expect(pods.some(one => textField(one.status, 'message') === 'Pod The node had condition: [DiskPressure]. ')).toBe(
    true,
  );
  opened.clock.advance(3_600_000);
  expect(evicted(opened)).toHaveLength(52);
  expect(under(opened, 'DiskPressure')).toEqual([]);
});

test('healthy: nothing happens for an hour', () => {
  const opened = open('healthy');
  opened.clock.advance(3_600_000);
  expect(opened.cluster.list('Event')).toEqual([]);
  expect(opened.cluster.list('Pod').every(one => phaseOf(one) === 'Running')).toBe(true);
});

describe('mixed', () => {
  test('forty nodes in every state', () => {
    const opened = open('mixed');
    expect(opened.cluster.list('Node')).toHaveLength(40);
    opened.clock.advance(30_000);
    expect(under(opened, 'MemoryPressure')).toEqual(['eks-memory', 'windows-memory']);
    expect(under(opened, 'PIDPressure')).toEqual(['aks-pids']);
    expect(under(opened, 'Ready', 'Unknown')).toEqual(['gke-unreachable', 'rke2-stopped']);
    expect(under(opened, 'DiskPressure')).toEqual([
      'bottlerocket-imagefs',
      'gke-soft',
      'k3s-min-reclaim',
      'kubeadm-recovering',
      'kubeadm-single-disk',
      'old-inodes',
      'talos-stale',
    ]);
    const answer = (name: string) => opened.world.nodes.get(name)?.agent.configz();
    expect(answer('gke-unreachable')).toEqual({ hang: true });
    expect(answer('aks-hanging')).toEqual({ hang: true });
    expect(answer('rke2-stopped')).toEqual({ refuse: true });
    expect(answer('openshift-no-debug')).toMatchObject({ status: 405 });
    expect(answer('eks-1')).toMatchObject({ status: 200 });
  });

  test('time passes: one disk fills, another recovers', () => {
    const opened = open('mixed');
    opened.clock.advance(600_000);
    expect(under(opened, 'DiskPressure')).toContain('kubeadm-filling');
    expect(under(opened, 'DiskPressure')).not.toContain('kubeadm-recovering');
    expect(under(opened, 'DiskPressure')).toContain('k3s-min-reclaim');
  });
});

describe('generated', () => {
  const small = { nodes: 40, pods: 1200, evicted: 200, seed: 5 };
  const build = (options = small) => {
    const cluster = createCluster({ clock: manualClock(T0), seed: 1 });
    return { cluster, ...loadGenerated(cluster, options) };
  };

  test('as many as asked for, of real size, with look-alikes that are not evicted', () => {
    const { cluster, lookAlikes, agents } = build();
    const pods = cluster.list('Pod');
    expect(cluster.list('Node')).toHaveLength(40);
    expect(agents.size).toBe(40);
    expect(pods).toHaveLength(1200);
    const real = pods.filter(one => phaseOf(one) === 'Failed' && textField(one.status, 'reason') === 'Evicted');
    expect(real).toHaveLength(200);
    const failed = pods.filter(one => phaseOf(one) === 'Failed' || phaseOf(one) === 'Succeeded');
    expect(failed).toHaveLength(200 + lookAlikes);
    const size = pods.reduce((sum, one) => sum + JSON.stringify(one).length, 0) / pods.length;
    expect(size).toBeGreaterThan(4000);
    expect(size).toBeLessThan(7000);
    const forms = new Set(
      real.map(one =>
        [
          field(one.status, 'containerStatuses') === undefined,
          field(one.status, 'observedGeneration') === undefined,
        ].join(),
      ),
    );
    expect(forms).toEqual(new Set(['true,true', 'true,false', 'false,false']));
    expect(new Set(pods.map(one => one.metadata.ownerReferences?.[0]?.kind))).toEqual(
      new Set(['ReplicaSet', 'DaemonSet', 'StatefulSet', 'Job', undefined]),
    );
  });

  test('its pre-rendered fields are those of the body', () => {
    const { cluster } = build({ ...small, pods: 300 });
    for (const stored of cluster.store.list('Pod')) {
      for (const path of [
        'spec.nodeName',
        'status.phase',
        'spec.restartPolicy',
        'spec.schedulerName',
        'spec.serviceAccountName',
        'status.podIP',
      ]) {
        const [part, name] = path.split('.') as [string, string];
        expect([path, stored.field(path)]).toEqual([path, field(field(stored.object, part), name) ?? '']);
      }
    }
  });

  test('the same seed gives the same pods, another seed others', () => {
    const uids = (seed: number) =>
      build({ ...small, seed })
        .cluster.list('Pod')
        .map(({ metadata }) => metadata.uid);
    expect(uids(5)).toEqual(uids(5));
    expect(uids(5)).not.toEqual(uids(6));
  });

  test('every node answers, and those under pressure show why', () => {
    const { agents } = build({ ...small, nodes: 100 });
    const free = [...agents.values()].map(agent => {
      const root = field(field(json(agent.statsSummary()), 'node'), 'fs');
      return (numberField(root, 'availableBytes') ?? 0) / (numberField(root, 'capacityBytes') ?? 1);
    });
    expect(free.filter(share => share < 0.1)).toHaveLength(2);
  });
});
