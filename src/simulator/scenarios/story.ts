import {
  DAY,
  DEDICATED_IMAGEFS,
  disk,
  GIB,
  hard,
  MIB,
  MINUTE,
  node,
  SECOND,
  systemWorkloads,
  template,
} from './builders.ts';
import type { Scenario } from './scenario.ts';

/** The root disk of the third node as its template fixes it: 5.8 GiB, of which 448 MiB are free. */
const ROOT_BYTES = 6_227_702_579;
const ROOT_FREE_BYTES = 469_762_048;

const THRESHOLDS = hard({ 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' });
const REFUSED = 'Pod was rejected: The node had condition: [DiskPressure]. ';
const HEALTHY = ['node-1', 'node-2'];

const smallRoot = disk('root', ROOT_BYTES, ROOT_FREE_BYTES, {
  reservedBytes: 281_857_229,
  inodes: 393_216,
  inodesFree: 271_320,
});
const data = disk('data', 99 * GIB, 89 * GIB, { reservedBytes: Math.trunc(4.8 * GIB) });

/** Three nodes; on the third the root disk is too small for its threshold, and nothing can run there. */
export const story: Scenario = {
  name: 'story',
  title: 'a node with a 6 GB root disk refuses every pod: DiskPressure that no eviction can end',
  serverVersion: '1.36',
  seed: 7,
  nodes: [
    node({ name: 'node-1', config: THRESHOLDS, identity: { labels: { 'node-role.kubernetes.io/control-plane': '' } } }),
    node({ name: 'node-2', config: THRESHOLDS }),
    node({
      name: 'node-3',
      config: THRESHOLDS,
      disks: [smallRoot, data],
      filesystems: DEDICATED_IMAGEFS,
      memory: { capacityBytes: 8 * GIB, systemWorkingSetBytes: 1400 * MIB, systemRssBytes: 820 * MIB },
      history: {
        pressure: [{ condition: 'DiskPressure', sinceMs: 9 * DAY, lastMetMs: 8 * SECOND }],
        met: ['nodefs.available'],
      },
    }),
  ],
  workloads: [
    ...systemWorkloads(['node-1'], 'v1.36.2').map(workload =>
      workload.kind === 'ReplicaSet' ? { ...workload, startsOn: HEALTHY } : workload,
    ),
    {
      kind: 'DaemonSet',
      namespace: 'kube-system',
      name: 'kube-proxy',
      startsOn: HEALTHY,
      // Without a priority class, as the cluster of that time had it: a critical kube-proxy would be let in.
      template: template('kube-proxy', 'registry.k8s.io/kube-proxy:v1.36.2', {
        serviceAccount: 'kube-proxy',
        hostNetwork: true,
      }),
      usage: {
        containers: [
          { name: 'kube-proxy', memoryBytes: 42 * MIB, rssBytes: 30 * MIB, processes: 8, logsBytes: 2 * MIB },
        ],
      },
      ageMs: 9 * DAY,
    },
    {
      kind: 'DaemonSet',
      namespace: 'kube-system',
      name: 'weave-net',
      startsOn: HEALTHY,
      template: template('weave', 'docker.io/weaveworks/weave-kube:2.8.1', {
        serviceAccount: 'weave-net',
        hostNetwork: true,
        requests: { cpu: '50m', memory: '100Mi' },
      }),
      usage: {
        containers: [{ name: 'weave', memoryBytes: 88 * MIB, rssBytes: 61 * MIB, processes: 24, logsBytes: 5 * MIB }],
      },
      ageMs: 9 * DAY,
    },
    {
      kind: 'ReplicaSet',
      namespace: 'default',
      name: 'portal-7c9d8b6f54',
      replicas: 1,
      startsOn: [],
      // It needs that machine, so its template names the node: the scheduler is never asked.
      template: template('portal', 'registry.example/shop/portal:4.2.1', {
        nodeName: 'node-3',
        requests: { cpu: '250m', memory: '512Mi' },
      }),
      usage: {
        containers: [
          {
            name: 'portal',
            memoryBytes: 640 * MIB,
            rssBytes: 580 * MIB,
            processes: 61,
            rootfsBytes: 30 * MIB,
            logsBytes: 12 * MIB,
          },
        ],
      },
      ageMs: 9 * DAY,
      replaceAfterMs: 2000,
    },
    {
      kind: 'ReplicaSet',
      namespace: 'default',
      name: 'web-6b7f7d9c8d',
      replicas: 3,
      startsOn: HEALTHY,
      template: template('web', 'registry.example/shop/web:2.14.0', { requests: { cpu: '100m', memory: '128Mi' } }),
      usage: {
        containers: [
          {
            name: 'web',
            memoryBytes: 150 * MIB,
            rssBytes: 120 * MIB,
            processes: 17,
            rootfsBytes: 4 * MIB,
            logsBytes: 38 * MIB,
          },
        ],
      },
      ageMs: 3 * DAY,
    },
  ],
  tombstones: [
    {
      of: 'portal-7c9d8b6f54',
      namespace: 'default',
      node: 'node-3',
      count: 12,
      form: 'refused',
      message: REFUSED,
      newestMs: 2 * SECOND,
      oldestMs: 24 * SECOND,
    },
  ],
  events: [
    {
      node: 'node-3',
      type: 'Warning',
      reason: 'EvictionThresholdMet',
      message: 'Attempting to reclaim ephemeral-storage',
      // One less than the 49,428 of the story: the first look adds the last.
      count: 49_427,
      firstMs: 9 * DAY,
      lastMs: 10 * SECOND,
    },
    ...['kube-proxy-x7k2p', 'kube-proxy-9dvtq', 'weave-net-l4z8c', 'weave-net-b6wmr'].map(
      (name, index) =>
        ({
          node: 'node-3',
          pod: { namespace: 'kube-system', name },
          type: 'Warning',
          reason: 'Evicted',
          message: 'The node had condition: [DiskPressure]. ',
          count: 1,
          firstMs: (40 - 9 * index) * MINUTE,
          lastMs: (40 - 9 * index) * MINUTE,
        }) as const,
    ),
  ],
};
