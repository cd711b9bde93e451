import { DAY, HOUR, KIB, MIB, MINUTE, systemWorkloads, template } from './builders.ts';
import { NODES } from './mixed-nodes.ts';
import type { Scenario } from './scenario.ts';

const LINUX = NODES.filter(({ os }) => os === 'linux').map(({ name }) => name);
/** Nodes that report and take pods. */
const WELL = NODES.filter(({ name }) => /-\d+$/.test(name) && !name.startsWith('windows')).map(({ name }) => name);

/** Forty nodes of twelve distributions, each state of the product at least once. */
export const mixed: Scenario = {
  name: 'mixed',
  title: 'forty nodes: every distribution, every kind of pressure, drift, wiped thresholds, unreadable kubelets',
  serverVersion: '1.36',
  seed: 40,
  nodes: NODES,
  workloads: [
    ...systemWorkloads(['control-1'], 'v1.36.2').map(workload =>
      workload.kind === 'ReplicaSet' ? { ...workload, startsOn: WELL } : workload,
    ),
    {
      kind: 'DaemonSet',
      namespace: 'kube-system',
      name: 'kube-proxy',
      nodes: LINUX,
      template: template('kube-proxy', 'registry.k8s.io/kube-proxy:v1.36.2', {
        priority: 2_000_001_000,
        priorityClassName: 'system-node-critical',
        hostNetwork: true,
      }),
      usage: {
        containers: [
          { name: 'kube-proxy', memoryBytes: 42 * MIB, rssBytes: 30 * MIB, processes: 8, logsBytes: 300 * KIB },
        ],
      },
      ageMs: 20 * DAY,
    },
    {
      kind: 'DaemonSet',
      namespace: 'logging',
      name: 'log-shipper',
      nodes: LINUX,
      template: template('log-shipper', 'registry.example/ops/log-shipper:3.2.0', {
        requests: { cpu: '50m', memory: '64Mi' },
        volumes: [{ name: 'buffer', sizeLimit: '2Gi' }],
      }),
      usage: {
        containers: [
          { name: 'log-shipper', memoryBytes: 90 * MIB, rssBytes: 70 * MIB, processes: 14, logsBytes: 3 * MIB },
        ],
        volumes: [{ name: 'buffer', bytes: 210 * MIB, inodes: 900 }],
      },
      ageMs: 8 * DAY,
    },
    {
      kind: 'ReplicaSet',
      namespace: 'shop',
      name: 'web-6b7f7d9c8d',
      replicas: 40,
      startsOn: [...WELL, 'kubeadm-filling', 'gke-soft', 'karpenter-near', 'eks-drift'],
      template: template('web', 'registry.example/shop/web:2.14.0', { requests: { cpu: '100m', memory: '128Mi' } }),
      usage: {
        containers: [
          {
            name: 'web',
            memoryBytes: 190 * MIB,
            rssBytes: 150 * MIB,
            processes: 17,
            logsBytes: 40 * MIB,
            rootfsBytes: 25 * MIB,
          },
        ],
      },
      ageMs: 3 * DAY,
    },
    {
      kind: 'StatefulSet',
      namespace: 'shop',
      name: 'store',
      replicas: 5,
      startsOn: WELL,
      template: template('store', 'docker.io/library/postgres:18.1', {
        requests: { cpu: '500m', memory: '1Gi' },
        priority: 1000,
      }),
      usage: {
        containers: [
          { name: 'store', memoryBytes: 900 * MIB, rssBytes: 500 * MIB, processes: 41, logsBytes: 30 * MIB },
        ],
      },
      ageMs: 18 * DAY,
    },
  ],
  tombstones: [
    {
      of: 'web-6b7f7d9c8d',
      namespace: 'shop',
      node: 'kubeadm-single-disk',
      count: 9,
      form: 'refused',
      message: 'Pod was rejected: The node had condition: [DiskPressure]. ',
      newestMs: 20 * MINUTE,
      oldestMs: 2 * HOUR,
    },
    {
      of: 'web-6b7f7d9c8d',
      namespace: 'shop',
      node: 'eks-memory',
      count: 6,
      form: 'pressure',
      message:
        'The node was low on resource: memory. Threshold quantity: 100Mi, available: 83456Ki. Container web was using 412680Ki, request is 128Mi, has larger consumption of memory. ',
      newestMs: 10 * MINUTE,
      oldestMs: DAY,
    },
    {
      of: 'web-6b7f7d9c8d',
      namespace: 'shop',
      node: 'old-inodes',
      count: 3,
      form: 'pressure',
      message: 'The node was low on resource: inodes. ',
      newestMs: DAY,
      oldestMs: 9 * DAY,
    },
    {
      of: 'log-shipper',
      namespace: 'logging',
      node: 'bottlerocket-imagefs',
      count: 1,
      form: 'limit',
      message: 'Usage of EmptyDir volume "buffer" exceeds the limit "2Gi". ',
      newestMs: 4 * HOUR,
      oldestMs: 4 * HOUR,
    },
  ],
};
