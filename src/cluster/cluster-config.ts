import { load, YAML11_SCHEMA } from 'js-yaml';
import { ClusterError } from '../errors.ts';
import { readConfigLayer, readEvictionConfig } from '../eviction/config.ts';
import type { ClusterConfig } from '../eviction/drift.ts';
import { objectAt, textAt } from './json.ts';
import { apiPath } from './paths.ts';
import type { KubeReader } from './reader.ts';

/** Reads kubeadm's ConfigMap of that name in kube-system; null: there is none, or no KubeletConfiguration in it. */
export async function readClusterConfig(reader: KubeReader, name: string): Promise<ClusterConfig | null> {
  try {
    const path = apiPath('api', 'v1', 'namespaces', 'kube-system', 'configmaps', name);
    const answer = await reader.get(`get configmap ${name} in namespace kube-system`, path);
    return clusterConfigFromKube(name, answer.json());
  } catch (error) {
    if (error instanceof ClusterError && error.reason === 'not-found') return null;
    throw error;
  }
}

/** A v1.ConfigMap as kubeadm writes it; null when its key `kubelet` holds no KubeletConfiguration that a kubelet would read. */
export function clusterConfigFromKube(name: string, map: unknown): ClusterConfig | null {
  const body = decode(textAt(objectAt(map, 'data'), 'kubelet'));
  const layer = readConfigLayer(body);
  const config = readEvictionConfig(body);
  if (!layer.ok || !config.ok) return null;
  const { imageGCHighThresholdPercent, imageGCLowThresholdPercent } = config.value;
  return { name, layer: layer.value, imageGCHighThresholdPercent, imageGCLowThresholdPercent };
}

function decode(text: string): unknown {
  try {
    return load(text, { schema: YAML11_SCHEMA, maxDepth: 60, maxTotalMergeKeys: 1000 });
  } catch {
    return null;
  }
}
