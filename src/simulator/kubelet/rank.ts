import { type ContainerFacts, podRequest, type Requests } from '../../eviction/pod.ts';
import { type RankFacts, rankForEviction } from '../../eviction/rank.ts';
import type { Signal } from '../../eviction/signal.ts';
import type { FilesystemLayout } from '../../eviction/threshold.ts';
import type { KubeletVersion } from '../../eviction/version.ts';
import { type PodUsage, podOnDisk } from './measure.ts';
import type { KubeletPod, PodContainer } from './pod.ts';

/** Orders pods for eviction: the first goes first. The input is not changed. */
export type RankPods = (
  pods: readonly PodUsage[],
  signal: Signal,
  layout: FilesystemLayout,
  version: KubeletVersion | null,
) => readonly PodUsage[];

function containerFacts({ name, init, sidecar, requests }: PodContainer): ContainerFacts {
  const amounts: Requests = Object.fromEntries([...requests].map(([resource, { value }]) => [resource, value]));
  return { name, kind: init ? (sidecar ? 'sidecar' : 'init') : 'regular', requests: amounts };
}

function factsOf(usage: PodUsage, version: KubeletVersion | null): RankFacts & { readonly usage: PodUsage } {
  const { pod } = usage;
  const requests = { containers: pod.containers.map(containerFacts), podRequests: null, overhead: {} };
  return {
    usage,
    priority: pod.priority,
    memoryRequest: podRequest(requests, 'memory', version),
    storageRequest: podRequest(requests, 'ephemeral-storage', version),
    use: {
      memory: usage.memoryBytes,
      processes: usage.processes,
      rootfs: podOnDisk(usage, 'layers'),
      // Logs and volumes lie on the same filesystem in every layout.
      logs: podOnDisk(usage, 'kubelet'),
      volumes: { bytes: 0, inodes: 0 },
    },
  };
}

/** The order of the eviction domain; ties by namespace and name. */
export const rankPods: RankPods = (pods, signal, layout, version) => {
  const name = (pod: KubeletPod): string => `${pod.namespace}/${pod.name}`;
  const facts = pods.map(usage => factsOf(usage, version));
  const sorted = facts.toSorted((a, b) => compareText(name(a.usage.pod), name(b.usage.pod)));
  return rankForEviction(sorted, signal, layout).map(({ item }) => item.usage);
};

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
