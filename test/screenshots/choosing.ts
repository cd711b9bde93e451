import { DAY, disk, GIB, HOUR, MIB, MINUTE, node, template } from '../../src/simulator/scenarios/builders.ts';
import type { Scenario } from '../../src/simulator/scenarios/scenario.ts';

interface PodSpec {
  readonly namespace: string;
  readonly name: string;
  readonly priority: number;
  /** MiB of ephemeral storage. */
  readonly request: number;
  /** MiB in the writable layer and in logs. */
  readonly rootfs: number;
  readonly logs: number;
}

const PODS: readonly PodSpec[] = [
  { namespace: 'batch', name: 'thumbnails-28c4v', priority: -10, request: 0, rootfs: 1210, logs: 12 },
  { namespace: 'batch', name: 'export-9q2xd', priority: -10, request: 512, rootfs: 640, logs: 30 },
  { namespace: 'shop', name: 'web-6b7f7d9c8d-4k9tz', priority: 0, request: 0, rootfs: 25, logs: 940 },
  { namespace: 'shop', name: 'web-6b7f7d9c8d-x2mvq', priority: 0, request: 0, rootfs: 25, logs: 310 },
  { namespace: 'shop', name: 'cart-7d4b9f6c5-hh8ws', priority: 0, request: 256, rootfs: 420, logs: 80 },
  { namespace: 'monitoring', name: 'prometheus-0', priority: 1000, request: 0, rootfs: 60, logs: 45 },
  { namespace: 'shop', name: 'store-0', priority: 1000, request: 2048, rootfs: 700, logs: 60 },
];

/** A node that is short of disk, with pods of different priorities, requests and use: for a picture of the order. */
export const choosing: Scenario = {
  name: 'choosing',
  title: 'a node that has to choose',
  serverVersion: '1.36',
  seed: 7,
  nodes: [
    node({
      name: 'worker-07',
      kubeletVersion: 'v1.34.2',
      disks: [disk('root', 100 * GIB, 17 * GIB)],
      reclaimable: { deadContainerBytes: 0, deadContainerInodes: 0, unusedImageBytes: 0, unusedImageInodes: 0 },
      script: [{ kind: 'jump', atMs: MINUTE, target: { disk: 'root' }, amount: 9 * GIB }],
    }),
  ],
  workloads: [
    ...PODS.map(({ namespace, name, priority, request, rootfs, logs }) => ({
      kind: 'Bare' as const,
      namespace,
      name,
      ageMs: 9 * HOUR,
      template: template('main', 'registry.example/shop/web:2.14.0', {
        priority,
        nodeName: 'worker-07',
        requests: { 'ephemeral-storage': `${request}Mi` },
      }),
      usage: {
        containers: [{ name: 'main', memoryBytes: 90 * MIB, rootfsBytes: rootfs * MIB, logsBytes: logs * MIB }],
      },
    })),
    {
      kind: 'DaemonSet',
      namespace: 'kube-system',
      name: 'kube-proxy',
      nodes: ['worker-07'],
      ageMs: 20 * DAY,
      template: template('kube-proxy', 'registry.k8s.io/kube-proxy:v1.34.2', {
        priority: 2_000_001_000,
        priorityClassName: 'system-node-critical',
      }),
      usage: { containers: [{ name: 'kube-proxy', memoryBytes: 42 * MIB, logsBytes: 2 * MIB }] },
    },
  ],
};
