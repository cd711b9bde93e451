import { describe, expect, test } from 'vitest';
import { field } from '../../../src/simulator/json.ts';
import { listField, numberField, textField } from '../../../src/simulator/kubelet/fields.ts';
import { conditionStatus } from '../../../src/simulator/kubelet/lifecycle.ts';
import { phaseOf } from '../../../src/simulator/kubelet/pod-index.ts';
import type { WorkloadSpec } from '../../../src/simulator/kubelet/workload.ts';
import { disk, GIB, hard, MIB, node, template } from '../../../src/simulator/scenarios/builders.ts';
import type { Scenario } from '../../../src/simulator/scenarios/scenario.ts';
import { fixture } from '../../support/fixtures.ts';
import { openTestWorld, T0 } from './support.ts';

type Opened = ReturnType<typeof openTestWorld>;

function scenario(over: Partial<Scenario>): Scenario {
  return {
    name: 'test',
    title: 'test',
    serverVersion: '1.36',
    seed: 1,
    nodes: [node({ name: 'a' }), node({ name: 'b' })],
    workloads: [],
    ...over,
  };
}

function workload(over: Partial<WorkloadSpec>): WorkloadSpec {
  return {
    kind: 'ReplicaSet',
    namespace: 'shop',
    name: 'web-1',
    template: template('web', 'web:1'),
    ageMs: 60_000,
    ...over,
  };
}

const full = (name: string) =>
  node({
    name,
    config: hard({ 'nodefs.available': '10%' }),
    disks: [disk('root', 100 * GIB, 5 * GIB)],
    reclaimable: { deadContainerBytes: 0, deadContainerInodes: 0, unusedImageBytes: 0, unusedImageInodes: 0 },
  });

const taints = ({ cluster }: Opened, name: string) =>
  listField(field(cluster.get('Node', { name }), 'spec'), 'taints').map(
    one => `${textField(one, 'key')}:${textField(one, 'effect')}`,
  );
const evictedPods = ({ cluster }: Opened) =>
  cluster.list('Pod').filter(one => textField(one.status, 'reason') === 'Evicted');
const running = ({ cluster }: Opened) => cluster.list('Pod').filter(one => phaseOf(one) === 'Running');
const events = ({ cluster }: Opened, reason: string) => cluster.list('Event').filter(one => one['reason'] === reason);

describe('node lifecycle', () => {
  test('pressure becomes a taint, and the taint goes with it', () => {
    const script = [{ kind: 'jump', target: { disk: 'root' }, amount: -20 * GIB, atMs: 60_000 }] as const;
    const opened = openTestWorld(scenario({ nodes: [{ ...full('a'), script }, node({ name: 'b' })] }));
    expect(taints(opened, 'a')).toEqual(['node.kubernetes.io/disk-pressure:NoSchedule']);
    opened.clock.advance(300_000);
    expect(taints(opened, 'a')).not.toEqual([]);
    opened.clock.advance(70_000);
    expect(taints(opened, 'a')).toEqual([]);
  });

  test('a taint of somebody else stays', () => {
    const opened = openTestWorld(scenario({ nodes: [full('a')] }));
    const mine = { key: 'dedicated', value: 'x', effect: 'NoSchedule' };
    opened.cluster.patch('Node', { name: 'a' }, { spec: { taints: [mine] } });
    opened.clock.advance(0);
    expect(taints(opened, 'a')).toEqual(['dedicated:NoSchedule', 'node.kubernetes.io/disk-pressure:NoSchedule']);
  });

  test('silence of 40 s: all conditions Unknown with the recorded texts, and back again', () => {
    const opened = openTestWorld(scenario({}));
    opened.world.nodes.get('a')?.setMode('stopped');
    opened.clock.advance(38_000);
    expect(conditionStatus(opened.cluster.get('Node', { name: 'a' })!, 'Ready')).toBe('True');
    opened.clock.advance(5000);
    const conditions = (of: unknown) =>
      listField(field(of, 'status'), 'conditions').map(one => [
        field(one, 'type'),
        field(one, 'status'),
        field(one, 'reason'),
        field(one, 'message'),
      ]);
    expect(conditions(opened.cluster.get('Node', { name: 'a' }))).toEqual(
      conditions(fixture('v1.36', 'node-notready.json')),
    );
    expect(taints(opened, 'a')).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    expect(events(opened, 'NodeNotReady')).toHaveLength(1);
    opened.world.nodes.get('a')?.setMode('serving');
    opened.clock.advance(1000);
    expect(conditionStatus(opened.cluster.get('Node', { name: 'a' })!, 'Ready')).toBe('True');
    expect(taints(opened, 'a')).toEqual([]);
  });

  test('with no healthy node left only NoSchedule is set, as recorded', () => {
    const opened = openTestWorld(
      scenario({ nodes: [node({ name: 'a', mode: 'stopped', history: { silentMs: 60_000 } })] }),
    );
    expect(taints(opened, 'a')).toEqual(['node.kubernetes.io/unreachable:NoSchedule']);
  });
});

describe('controllers', () => {
  test('a DaemonSet pod is made again with growing pauses, and leaves one tombstone', () => {
    const opened = openTestWorld(
      scenario({ nodes: [full('a')], workloads: [workload({ kind: 'DaemonSet', name: 'agent', startsOn: [] })] }),
    );
    const failures = () => events(opened, 'FailedDaemonPod').length;
    const counts = [1, 1, 2, 4, 8, 16, 32].map(seconds => {
      opened.clock.advance(seconds * 1000 + 5);
      return failures();
    });
    expect(counts).toEqual([2, 2, 3, 4, 5, 6, 7]);
    expect(evictedPods(opened)).toHaveLength(1);
    opened.clock.advance(7_200_000);
    const before = failures();
    opened.clock.advance(900_000);
    expect(failures() - before).toBeLessThanOrEqual(1);
  });

  test('a ReplicaSet replaces an evicted pod elsewhere and leaves the tombstone', () => {
    const fat = workload({
      usage: { containers: [{ name: 'web', logsBytes: 40 * MIB, rootfsBytes: 9 * GIB }] },
      startsOn: ['a'],
    });
    const opened = openTestWorld(scenario({ nodes: [full('a'), node({ name: 'b' })], workloads: [fat] }));
    opened.clock.advance(10_000);
    expect(evictedPods(opened).map(one => field(one.spec, 'nodeName'))).toEqual(['a']);
    expect(running(opened).map(one => field(one.spec, 'nodeName'))).toEqual(['b']);
    expect(JSON.stringify(evictedPods(opened)[0]?.metadata.managedFields)).toContain('"manager":"kubelet"');
  });

  test('a pinned ReplicaSet fills the cluster with tombstones until PodGC stops it', () => {
    const pinned = workload({ startsOn: [], template: template('web', 'web:1', { nodeName: 'a' }) });
    const opened = openTestWorld(scenario({ nodes: [full('a')], workloads: [pinned], terminatedPodCeiling: 50 }));
    opened.clock.advance(30_000);
    expect(evictedPods(opened).length).toBeGreaterThan(20);
    opened.clock.advance(300_000);
    expect(evictedPods(opened).length).toBeLessThanOrEqual(50 + 20);
  });

  test('a selector that only the tainted node meets: Pending, and the scheduler says why', () => {
    const pinned = workload({
      startsOn: [],
      template: template('web', 'web:1', { nodeSelector: { 'kubernetes.io/hostname': 'a' } }),
    });
    const opened = openTestWorld(scenario({ nodes: [full('a'), node({ name: 'b' })], workloads: [pinned] }));
    opened.clock.advance(5000);
    const [pending] = opened.cluster.list('Pod');
    expect(phaseOf(pending!)).toBe('Pending');
    expect(textField(events(opened, 'FailedScheduling')[0], 'message')).toMatch(
      /^0\/2 nodes are available: 1 node\(s\) didn't match .*, 1 node\(s\) had untolerated taint/,
    );
  });

  test('a StatefulSet pod comes back under its name', () => {
    const set = workload({
      kind: 'StatefulSet',
      name: 'store',
      startsOn: ['a'],
      usage: { containers: [{ name: 'web', rootfsBytes: 9 * GIB }] },
    });
    const opened = openTestWorld(scenario({ nodes: [full('a'), node({ name: 'b' })], workloads: [set] }));
    const first = opened.cluster.get('Pod', { namespace: 'shop', name: 'store-0' })?.metadata.uid;
    opened.clock.advance(10_000);
    const now = opened.cluster.get('Pod', { namespace: 'shop', name: 'store-0' });
    expect(now?.metadata.uid).not.toBe(first);
    expect(phaseOf(now!)).toBe('Running');
  });

  test('a pod made by somebody else is scheduled, run, and gone after a graceful delete', () => {
    const opened = openTestWorld(scenario({}));
    opened.cluster.upsert('Pod', {
      metadata: { name: 'mine', namespace: 'shop' },
      spec: { containers: [{ name: 'c', image: 'c' }] },
      status: { phase: 'Pending' },
    });
    opened.clock.advance(100);
    const mine = opened.cluster.get('Pod', { namespace: 'shop', name: 'mine' });
    expect(phaseOf(mine!)).toBe('Running');
    opened.cluster.upsert('Pod', {
      ...mine!,
      metadata: {
        ...mine!.metadata,
        deletionTimestamp: new Date(T0 + 30_100).toISOString(),
        deletionGracePeriodSeconds: 30,
      },
    });
    opened.clock.advance(1000);
    expect(opened.cluster.get('Pod', { namespace: 'shop', name: 'mine' })).toBeDefined();
    opened.clock.advance(2000);
    expect(opened.cluster.get('Pod', { namespace: 'shop', name: 'mine' })).toBeUndefined();
  });
});

describe('events', () => {
  test('repeated ones are counted, and forgotten after an hour', () => {
    const script = [{ kind: 'jump', target: { disk: 'root' }, amount: -20 * GIB, atMs: 65_000 }] as const;
    const opened = openTestWorld(scenario({ nodes: [{ ...full('a'), script }] }));
    opened.clock.advance(60_000);
    expect(events(opened, 'EvictionThresholdMet').map(one => numberField(one, 'count'))).toEqual([7]);
    opened.clock.advance(3_540_000);
    expect(events(opened, 'EvictionThresholdMet')).toHaveLength(1);
    opened.clock.advance(180_000);
    expect(events(opened, 'EvictionThresholdMet')).toHaveLength(0);
  });

  test.each([
    ['v1.20', '1.20', 'v1.20.2', 'EvictionThresholdMet'],
    ['v1.36', '1.36', 'v1.36.2', 'EvictionThresholdMet'],
  ] as const)('%s: fields as recorded', (release, serverVersion, kubeletVersion, reason) => {
    const opened = openTestWorld(scenario({ serverVersion, nodes: [{ ...full('k'), kubeletVersion }] }));
    const [ours] = events(opened, reason);
    const recorded = listField(fixture(release, 'events.json'), 'items').find(
      one => field(one, 'reason') === reason && textField(one, 'message')?.endsWith('ephemeral-storage'),
    );
    const keys = (of: unknown) => Object.keys(Object(of)).sort();
    for (const part of ['involvedObject', 'source'])
      expect(keys(field(ours, part))).toEqual(keys(field(recorded, part)));
    for (const key of ['message', 'type', 'eventTime']) expect(field(ours, key)).toEqual(field(recorded, key));
    expect(field(ours, 'reportingComponent')).toBe(field(recorded, 'reportingComponent'));
    expect(keys(ours).filter(key => !['apiVersion', 'kind'].includes(key))).toEqual(
      keys(recorded).filter(key => !['apiVersion', 'kind'].includes(key)),
    );
  });
});

test('a restart with a configuration that is wrong leaves the node silent', () => {
  const opened = openTestWorld(scenario({}));
  expect(opened.world.nodes.get('a')?.restart({ evictionHard: { 'nodefs.available': '0' } })).toMatch(/positive/);
  opened.clock.advance(60_000);
  expect(conditionStatus(opened.cluster.get('Node', { name: 'a' })!, 'Ready')).toBe('Unknown');
  expect(opened.world.nodes.get('a')?.agent.configz()).toEqual({ refuse: true });
  expect(opened.world.nodes.get('a')?.restart({})).toBeNull();
  opened.clock.advance(1000);
  expect(conditionStatus(opened.cluster.get('Node', { name: 'a' })!, 'Ready')).toBe('True');
});

test('after stop() nothing happens any more', () => {
  const opened = openTestWorld(scenario({ nodes: [full('a')] }));
  opened.world.stop();
  const before = JSON.stringify(opened.cluster.list('Event'));
  opened.clock.advance(600_000);
  expect(JSON.stringify(opened.cluster.list('Event'))).toBe(before);
});
