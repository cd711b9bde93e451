import type { NodeSpec } from '../kubelet/spec.ts';
import { DAY, DEDICATED_IMAGEFS, disk, GIB, HOUR, MIB, MINUTE, SECOND, SPLIT } from './builders.ts';
import { type Distribution, nodeOf } from './distributions.ts';

/** Nodes of a distribution with nothing particular: `kubeadm-1` and on. */
function plain(distribution: Distribution, from: number, to: number): NodeSpec[] {
  const nodes: NodeSpec[] = [];
  for (let index = from; index <= to; index++) nodes.push(nodeOf(distribution, { name: `${distribution}-${index}` }));
  return nodes;
}

/** The nodes that have something to show; the comment above each says what. */
const PARTICULAR: readonly NodeSpec[] = [
  // The recipe that wipes: one threshold set, the others gone.
  nodeOf('kubeadm', { name: 'kubeadm-wiped', config: { evictionHard: { 'nodefs.available': '5%' } } }),
  // One disk: 12 % free is under the threshold of imagefs, not of nodefs.
  nodeOf('kubeadm', {
    name: 'kubeadm-single-disk',
    disks: [disk('root', 80 * GIB, 9.6 * GIB)],
    history: { pressure: [{ condition: 'DiskPressure', sinceMs: 2 * HOUR, lastMetMs: 5 * SECOND }] },
  }),
  // A disk that fills: under the 15 % of imagefs after about five minutes.
  nodeOf('kubeadm', {
    name: 'kubeadm-filling',
    disks: [disk('root', 60 * GIB, 13 * GIB)],
    script: [
      { kind: 'ramp', target: { disk: 'root' }, perSecond: 15 * MIB, fromMs: 0, untilMs: 12 * MINUTE, noise: 20 * MIB },
    ],
  }),
  // Was under pressure until a minute ago: the condition stays for the transition period.
  nodeOf('kubeadm', {
    name: 'kubeadm-recovering',
    disks: [disk('root', 80 * GIB, 20 * GIB)],
    history: { pressure: [{ condition: 'DiskPressure', sinceMs: 30 * MINUTE, lastMetMs: MINUTE }] },
  }),
  // All eviction switched off, as kind does it.
  nodeOf('kubeadm', {
    name: 'kubeadm-eviction-off',
    config: {
      evictionHard: {
        'imagefs.available': '0%',
        'nodefs.available': '0%',
        'nodefs.inodesFree': '0%',
        'memory.available': '0%',
      },
      imageGCHighThresholdPercent: 100,
    },
  }),
  // Above the threshold, below threshold and minimum reclaim.
  nodeOf('k3s', {
    name: 'k3s-min-reclaim',
    disks: [disk('root', 32 * GIB, 3.2 * GIB)],
    reclaimable: { deadContainerBytes: 0, deadContainerInodes: 0, unusedImageBytes: 0, unusedImageInodes: 0 },
    history: {
      pressure: [{ condition: 'DiskPressure', sinceMs: 50 * MINUTE, lastMetMs: 5 * SECOND }],
      met: ['nodefs.available'],
    },
  }),
  // Drift inside a node group.
  nodeOf('eks', {
    name: 'eks-drift',
    config: { evictionHard: { 'memory.available': '500Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' } },
  }),
  // Memory pressure, much of it page cache.
  nodeOf('eks', {
    name: 'eks-memory',
    memory: { capacityBytes: 16 * GIB, systemWorkingSetBytes: 15.6 * GIB, systemRssBytes: 7 * GIB },
    history: { pressure: [{ condition: 'MemoryPressure', sinceMs: 20 * MINUTE, lastMetMs: 5 * SECOND }] },
  }),
  // Images on their own disk, and that one is full.
  nodeOf('bottlerocket', {
    name: 'bottlerocket-imagefs',
    config: {
      evictionHard: {
        'memory.available': '100Mi',
        'nodefs.available': '10%',
        'nodefs.inodesFree': '5%',
        'imagefs.available': '15%',
      },
    },
    disks: [disk('root', 20 * GIB, 12 * GIB), disk('data', 80 * GIB, 10 * GIB)],
    filesystems: DEDICATED_IMAGEFS,
    imageBytes: 60 * GIB,
    history: { pressure: [{ condition: 'DiskPressure', sinceMs: 3 * HOUR, lastMetMs: 5 * SECOND }] },
  }),
  // Soft thresholds, and one of them is met; nothing is killed before its grace period is over.
  nodeOf('gke', {
    name: 'gke-soft',
    config: {
      evictionSoft: { 'memory.available': '2Gi', 'nodefs.available': '20%' },
      evictionSoftGracePeriod: { 'memory.available': '2m0s', 'nodefs.available': '30m0s' },
      evictionMaxPodGracePeriod: 60,
    },
    disks: [disk('root', 94 * GIB, 16 * GIB)],
  }),
  // Processes run out.
  nodeOf('aks', {
    name: 'aks-pids',
    pids: { max: 32_768, system: 31_200 },
    history: { pressure: [{ condition: 'PIDPressure', sinceMs: 12 * MINUTE, lastMetMs: 5 * SECOND }] },
  }),
  // Cut off for ten minutes.
  nodeOf('gke', { name: 'gke-unreachable', mode: 'unreachable', history: { silentMs: 10 * MINUTE } }),
  // The kubelet died two minutes ago.
  nodeOf('rke2', { name: 'rke2-stopped', mode: 'stopped', history: { silentMs: 2 * MINUTE } }),
  // Silent for seven minutes, but nobody has marked it: its conditions are old news.
  nodeOf('talos', {
    name: 'talos-stale',
    mode: 'stopped',
    unwatched: true,
    history: { silentMs: 7 * MINUTE, pressure: [{ condition: 'DiskPressure', sinceMs: HOUR, lastMetMs: 7 * MINUTE }] },
  }),
  // It lives, but its port says nothing.
  nodeOf('aks', { name: 'aks-hanging', mode: 'hanging' }),
  // Started without debugging handlers.
  nodeOf('openshift', {
    name: 'openshift-no-debug',
    mode: 'debugging-off',
    config: { enableDebuggingHandlers: false },
  }),
  // Images elsewhere, layers with the kubelet: only CRI-O does that.
  nodeOf('openshift', {
    name: 'openshift-split',
    disks: [disk('root', 120 * GIB, 50 * GIB), disk('data', 60 * GIB, 24 * GIB)],
    filesystems: SPLIT,
  }),
  // Close to its threshold, but not under it.
  nodeOf('karpenter', { name: 'karpenter-near', disks: [disk('root', 50 * GIB, 5.9 * GIB)] }),
  // Inodes run out long before bytes.
  nodeOf('old', {
    name: 'old-inodes',
    disks: [disk('root', 40 * GIB, 18 * GIB, { inodes: 2_621_440, inodesFree: 98_000 })],
    history: { pressure: [{ condition: 'DiskPressure', sinceMs: DAY, lastMetMs: 5 * SECOND }] },
  }),
  // Windows with little commit memory left.
  nodeOf('windows', {
    name: 'windows-memory',
    memory: { capacityBytes: 24 * GIB, systemWorkingSetBytes: 23.7 * GIB, systemRssBytes: 0 },
    history: { pressure: [{ condition: 'MemoryPressure', sinceMs: 40 * MINUTE, lastMetMs: 5 * SECOND }] },
  }),
];

/** The forty nodes: one in each state worth showing, and ordinary ones around them. */
export const NODES: readonly NodeSpec[] = [
  nodeOf('kubeadm', { name: 'control-1', identity: { labels: { 'node-role.kubernetes.io/control-plane': '' } } }),
  ...PARTICULAR,
  ...plain('kubeadm', 1, 3),
  ...plain('k3s', 1, 3),
  ...plain('rke2', 1, 1),
  ...plain('eks', 1, 4),
  ...plain('karpenter', 1, 1),
  ...plain('bottlerocket', 1, 1),
  ...plain('gke', 1, 2),
  ...plain('aks', 1, 2),
  ...plain('windows', 1, 1),
  ...plain('talos', 1, 1),
];
