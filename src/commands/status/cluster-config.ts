import type { Cluster } from '../../cluster/port.ts';
import { type ClusterConfig, clusterConfigNames } from '../../eviction/drift.ts';
import type { ReadProblem } from '../../eviction/node.ts';
import { read } from '../reading.ts';

/** What kubeadm gives to nodes, as far as it can be read. */
export interface ClusterConfigs {
  readonly configs: readonly ClusterConfig[];
  /** Why it cannot be read; null: it was, or there is none. */
  readonly problem: ReadProblem | null;
}

/**
 * Reads what kubeadm gives to nodes of these kubelet versions. Many clusters have none, and few users may read it: then nodes are
 * compared with one another only.
 */
export async function readClusterConfigs(
  cluster: Cluster,
  versions: readonly string[],
  program: string,
): Promise<ClusterConfigs> {
  const readOne = (name: string) => read(cluster.clusterConfig(name), 'get configmaps in kube-system', program);
  const [current = '', ...versioned] = clusterConfigNames(versions);
  const today = await readOne(current);
  if (!today.ok) return { configs: [], problem: today.problem };
  if (today.value !== null) return { configs: [today.value], problem: null };
  const others = await Promise.all(versioned.map(readOne));
  const failed = others.find(other => !other.ok);
  return {
    configs: others.flatMap(other => (other.ok && other.value !== null ? [other.value] : [])),
    problem: failed?.ok === false ? failed.problem : null,
  };
}
