import { describe, expect, test } from 'vitest';
import type { Kind, KubeObject } from '../../src/simulator/objects.ts';
import type { SimulatedVersion } from '../../src/simulator/resources.ts';
import { StoredObject } from '../../src/simulator/stored-object.ts';
import { tableColumns, tableRow } from '../../src/simulator/table.ts';

const NOW = Date.UTC(2026, 10, 22, 10, 0, 0);
const CREATED = '2026-11-22T09:00:00Z';

function cells(kind: Kind, object: Omit<KubeObject, 'metadata'>, version: SimulatedVersion = '1.36'): unknown[] {
  const metadata = { name: 'x', creationTimestamp: CREATED, ...(object['meta'] as object | undefined) };
  const stored = new StoredObject(kind, { ...object, metadata }, metadata, 1);
  const row = tableRow(stored, { as: 'table', version: 'v1', include: 'None' }, { now: NOW, version }) as {
    readonly cells: unknown[];
  };
  expect(row.cells).toHaveLength(tableColumns(kind, version).length);
  return row.cells;
}

const running = { ready: true, restartCount: 0, state: { running: {} } };
const exited = (exitCode: number, more: object = {}) => ({
  ready: false,
  restartCount: 0,
  state: { terminated: { exitCode, ...more } },
});

interface PodCase {
  readonly name: string;
  readonly spec?: object;
  readonly status: object;
  readonly meta?: object;
  readonly expected: readonly unknown[];
  readonly version?: SimulatedVersion;
}

const two = { containers: [{ name: 'a' }, { name: 'b' }] };
const initialized = [{ type: 'Initialized', status: 'True' }];

describe('READY, STATUS and RESTARTS of pods', () => {
  test.each<PodCase>([
    {
      name: 'running',
      spec: two,
      status: { phase: 'Running', containerStatuses: [running, running] },
      expected: ['2/2', 'Running', '0'],
    },
    {
      name: 'evicted, no containers',
      spec: two,
      status: { phase: 'Failed', reason: 'Evicted' },
      expected: ['0/2', 'Evicted', '0'],
    },
    {
      name: 'evicted, with a reason of its container',
      status: { phase: 'Failed', reason: 'Evicted', containerStatuses: [exited(137, { reason: 'Error' })] },
      expected: ['0/0', 'Error', '0'],
    },
    {
      name: 'waiting, restarted',
      status: {
        phase: 'Running',
        containerStatuses: [
          {
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { finishedAt: '2026-11-22T09:55:00Z' } },
          },
        ],
      },
      expected: ['0/0', 'CrashLoopBackOff', '3 (5m ago)'],
    },
    {
      name: 'restarted, as 1.20 says it',
      status: { phase: 'Running', containerStatuses: [{ ...running, restartCount: 3 }] },
      expected: ['1/0', 'Running', 3],
      version: '1.20',
    },
    {
      name: 'by signal',
      status: { phase: 'Failed', containerStatuses: [exited(0, { signal: 9 })] },
      expected: ['0/0', 'Signal:9', '0'],
    },
    {
      name: 'by exit code',
      status: { phase: 'Failed', containerStatuses: [exited(3)] },
      expected: ['0/0', 'ExitCode:3', '0'],
    },
    {
      name: 'one done, one running',
      spec: two,
      status: {
        phase: 'Running',
        containerStatuses: [exited(0, { reason: 'Completed' }), running],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
      expected: ['1/2', 'Running', '0'],
    },
    {
      name: 'one done, one running, not ready',
      spec: two,
      status: { phase: 'Running', containerStatuses: [exited(0, { reason: 'Completed' }), running] },
      expected: ['1/2', 'NotReady', '0'],
    },
    {
      name: 'in its init containers',
      spec: { initContainers: [{ name: 'i' }, { name: 'j' }] },
      status: {
        phase: 'Pending',
        initContainerStatuses: [exited(0), { name: 'j', restartCount: 0, state: { running: {} } }],
      },
      expected: ['0/0', 'Init:1/2', '0'],
    },
    {
      name: 'an init container that fails',
      spec: { initContainers: [{ name: 'i' }] },
      status: { phase: 'Pending', initContainerStatuses: [{ ...exited(1, { reason: 'Error' }), restartCount: 2 }] },
      expected: ['0/0', 'Init:Error', '2'],
    },
    {
      name: 'an init container that waits',
      spec: { initContainers: [{ name: 'i' }] },
      status: { phase: 'Pending', initContainerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }] },
      expected: ['0/0', 'Init:ImagePullBackOff', '0'],
    },
    {
      name: 'with a sidecar',
      spec: { initContainers: [{ name: 's', restartPolicy: 'Always' }], containers: [{ name: 'a' }] },
      status: {
        phase: 'Running',
        conditions: initialized,
        initContainerStatuses: [{ name: 's', started: true, ready: true, restartCount: 0, state: { running: {} } }],
        containerStatuses: [running],
      },
      expected: ['2/2', 'Running', '0'],
    },
    {
      name: 'on its way out',
      meta: { deletionTimestamp: CREATED },
      status: { phase: 'Running' },
      expected: ['0/0', 'Terminating', '0'],
    },
    {
      name: 'failed and held by a finalizer',
      meta: { deletionTimestamp: CREATED },
      status: { phase: 'Failed', reason: 'Evicted' },
      expected: ['0/0', 'Evicted', '0'],
    },
    {
      name: 'failed and held by a finalizer, as 1.20 says it',
      meta: { deletionTimestamp: CREATED },
      status: { phase: 'Failed', reason: 'Evicted' },
      expected: ['0/0', 'Terminating', 0],
      version: '1.20',
    },
    {
      name: 'on a lost node',
      meta: { deletionTimestamp: CREATED },
      status: { phase: 'Running', reason: 'NodeLost' },
      expected: ['0/0', 'Unknown', '0'],
    },
  ])('$name', ({ expected, meta, spec = {}, status, version = '1.36' }) => {
    expect(cells('Pod', { spec, status, meta }, version).slice(1, 4)).toEqual(expected);
  });

  test('the wide columns', () => {
    const spec = { nodeName: 'n1', readinessGates: [{ conditionType: 'a' }, { conditionType: 'b' }] };
    const conditions = [{ type: 'a', status: 'True' }];
    const status = { phase: 'Running', podIPs: [{ ip: '10.1.2.3' }], nominatedNodeName: 'n2', conditions };
    expect(cells('Pod', { spec, status }).slice(4)).toEqual(['60m', '10.1.2.3', 'n1', 'n2', '1/2']);
  });
});

describe('other kinds', () => {
  test('a node that is not ready, cordoned, with roles', () => {
    const labels = {
      'node-role.kubernetes.io/worker': '',
      'node-role.kubernetes.io/control-plane': '',
      'kubernetes.io/role': 'db',
    };
    const status = {
      conditions: [{ type: 'Ready', status: 'Unknown' }],
      addresses: [{ type: 'ExternalIP', address: '203.0.113.7' }],
      nodeInfo: {
        kubeletVersion: 'v1.31.4',
        osImage: 'Talos',
        kernelVersion: '6.1',
        containerRuntimeVersion: 'containerd://2',
      },
    };
    expect(cells('Node', { meta: { labels }, spec: { unschedulable: true }, status })).toEqual([
      'x',
      'NotReady,SchedulingDisabled',
      'control-plane,db,worker',
      '60m',
      'v1.31.4',
      '<none>',
      '203.0.113.7',
      'Talos',
      '6.1',
      'containerd://2',
    ]);
    expect(cells('Node', {}).slice(1, 3)).toEqual(['Unknown', '<none>']);
  });

  test('an event of the old and of the new form', () => {
    const old = {
      type: 'Warning',
      reason: 'Evicted',
      message: 'low on memory. ',
      count: 2,
      firstTimestamp: '2026-11-22T09:30:00Z',
      lastTimestamp: '2026-11-22T09:58:00Z',
      source: { component: 'kubelet', host: 'n1' },
      involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{a}' },
    };
    expect(cells('Event', old)).toEqual([
      '2m',
      'Warning',
      'Evicted',
      'pod/p',
      'spec.containers{a}',
      'kubelet, n1',
      'low on memory.',
      '30m',
      2,
      'x',
    ]);
    const modern = {
      eventTime: '2026-11-22T09:59:00.123456Z',
      reportingComponent: 'scheduler',
      series: { count: 7, lastObservedTime: '2026-11-22T09:59:30Z' },
    };
    expect(cells('Event', modern)).toEqual(['30s', '', '', '/', '', 'scheduler', '', '59s', 7, 'x']);
    expect(cells('Event', {})[0]).toBe('<unknown>');
  });

  test('a lease and a config map', () => {
    expect(cells('Lease', { spec: { holderIdentity: 'n1' } })).toEqual(['x', 'n1', '60m']);
    expect(cells('ConfigMap', { data: { a: '1' }, binaryData: { b: '2', c: '3' } })).toEqual(['x', 3, '60m']);
  });
});
