import { DAY, disk, GIB, MIB, node, systemWorkloads, template } from './builders.ts';
import type { Scenario } from './scenario.ts';

/** Five nodes with the defaults of their release, and nothing wrong. */
export const healthy: Scenario = {
  name: 'healthy',
  title: 'five nodes, all defaults, no pressure, nothing evicted',
  serverVersion: '1.36',
  seed: 36,
  nodes: ['control-1', 'worker-1', 'worker-2', 'worker-3', 'worker-4'].map(name =>
    node({
      name,
      disks: [disk('root', 120 * GIB, 66 * GIB)],
      identity: name === 'control-1' ? { labels: { 'node-role.kubernetes.io/control-plane': '' } } : {},
    }),
  ),
  workloads: [
    ...systemWorkloads(['control-1'], 'v1.36.2'),
    {
      kind: 'DaemonSet',
      namespace: 'kube-system',
      name: 'kube-proxy',
      template: template('kube-proxy', 'registry.k8s.io/kube-proxy:v1.36.2', {
        priority: 2_000_001_000,
        priorityClassName: 'system-node-critical',
        hostNetwork: true,
      }),
      usage: { containers: [{ name: 'kube-proxy', memoryBytes: 42 * MIB, rssBytes: 30 * MIB, processes: 8 }] },
      ageMs: 20 * DAY,
    },
    {
      kind: 'ReplicaSet',
      namespace: 'shop',
      name: 'web-6b7f7d9c8d',
      replicas: 8,
      template: template('web', 'registry.example/shop/web:2.14.0', { requests: { cpu: '100m', memory: '128Mi' } }),
      usage: {
        containers: [{ name: 'web', memoryBytes: 110 * MIB, rssBytes: 96 * MIB, processes: 17, logsBytes: 22 * MIB }],
      },
      ageMs: 6 * DAY,
    },
    {
      kind: 'StatefulSet',
      namespace: 'shop',
      name: 'store',
      replicas: 3,
      template: template('store', 'docker.io/library/postgres:18.1', { requests: { cpu: '500m', memory: '1Gi' } }),
      usage: {
        containers: [
          { name: 'store', memoryBytes: 700 * MIB, rssBytes: 420 * MIB, processes: 38, logsBytes: 15 * MIB },
        ],
      },
      ageMs: 18 * DAY,
    },
  ],
};
