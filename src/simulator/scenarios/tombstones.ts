import { DAY, disk, GIB, hard, MIB, node, systemWorkloads, template } from './builders.ts';
import type { Scenario, TombstoneSpec } from './scenario.ts';

const DEFAULTS = hard({
  'imagefs.available': '15%',
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
});
const WORKERS = ['worker-1', 'worker-2', 'worker-3', 'worker-4'];

function deployment(namespace: string, name: string, memory: string) {
  const app = name.split('-')[0] ?? name;
  return {
    kind: 'ReplicaSet',
    namespace,
    name,
    replicas: 2,
    startsOn: WORKERS,
    template: template(app, `registry.example/${namespace}/${app}:1.8.2`, { requests: { cpu: '100m', memory } }),
    usage: {
      containers: [
        {
          name: app,
          memoryBytes: 210 * MIB,
          rssBytes: 170 * MIB,
          processes: 22,
          logsBytes: 60 * MIB,
          rootfsBytes: 9 * MIB,
        },
      ],
    },
    ageMs: 12 * DAY,
  } as const;
}

function refused(
  of: string,
  namespace: string,
  workerIndex: number,
  count: number,
  days: readonly [number, number],
): TombstoneSpec {
  return {
    of,
    namespace,
    node: WORKERS[workerIndex] ?? 'worker-1',
    count,
    form: 'refused',
    message: 'Pod The node had condition: [DiskPressure]. ',
    newestMs: days[0] * DAY,
    oldestMs: days[1] * DAY,
  };
}

/** A cluster of 1.17 to 1.20 where nobody ever removed an evicted pod. All nodes are well again. */
export const tombstones: Scenario = {
  name: 'tombstones',
  title: 'evicted pods of Deployments, 18 to 81 days old, that nobody removes',
  serverVersion: '1.20',
  seed: 17,
  nodes: ['control-1', ...WORKERS].map(name =>
    node({
      name,
      kubeletVersion: 'v1.17.17',
      config: DEFAULTS,
      disks: [disk('root', 200 * GIB, 71 * GIB)],
      identity: {
        osImage: 'CentOS Linux 7 (Core)',
        kernelVersion: '3.10.0-1160.el7.x86_64',
        containerRuntime: 'docker://19.3.15',
        ageMs: 240 * DAY,
        labels: name === 'control-1' ? { 'node-role.kubernetes.io/master': '' } : {},
      },
    }),
  ),
  workloads: [
    ...systemWorkloads(['control-1'], 'v1.17.17'),
    deployment('orders', 'orders-api-6d4cf56db6', '256Mi'),
    deployment('orders', 'invoice-5f8c9d7b4c', '128Mi'),
    deployment('billing', 'ledger-7b9c6d5f8d', '512Mi'),
    deployment('media', 'thumbs-84c6f7d95b', '64Mi'),
  ],
  tombstones: [
    refused('orders-api-6d4cf56db6', 'orders', 0, 14, [18, 42]),
    refused('orders-api-6d4cf56db6', 'orders', 1, 9, [40, 81]),
    refused('invoice-5f8c9d7b4c', 'orders', 1, 6, [21, 22]),
    refused('ledger-7b9c6d5f8d', 'billing', 2, 11, [30, 66]),
    {
      of: 'thumbs-84c6f7d95b',
      namespace: 'media',
      node: 'worker-3',
      count: 8,
      form: 'pressure',
      message:
        'The node was low on resource: ephemeral-storage. Container thumbs was using 5182464Ki, which exceeds its request of 0. ',
      newestMs: 19 * DAY,
      oldestMs: 55 * DAY,
    },
    {
      of: 'ledger-7b9c6d5f8d',
      namespace: 'billing',
      node: 'worker-4',
      count: 4,
      form: 'pressure',
      message:
        'The node was low on resource: memory. Container ledger was using 2231456Ki, which exceeds its request of 512Mi. ',
      newestMs: 25 * DAY,
      oldestMs: 78 * DAY,
    },
  ],
};
