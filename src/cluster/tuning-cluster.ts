import { ClusterError } from '../errors.ts';
import { KUBELET_CONFIG_MAPS } from '../eviction/rights.ts';
import { objectAt, textAt } from './json.ts';
import { isWithin } from './measure.ts';
import type { TuningCluster } from './port.ts';
import type { KubeReader } from './reader.ts';

const CONFIG_MAPS = '/api/v1/namespaces/kube-system/configmaps';

/** What tuning reads of a cluster. */
export function tuningCluster(reader: KubeReader): TuningCluster {
  return {
    configz: (node, timeoutMs) => wholeConfigz(reader, node, timeoutMs),
    kubeletConfigMap: async () => {
      const found = await oneConfigMap(reader, 'kubelet-config');
      return found ?? newestVersioned(reader);
    },
  };
}

/** All of it is written out again: it has to be what a kubelet has, and no more. */
async function wholeConfigz(reader: KubeReader, node: string, timeoutMs: number): Promise<unknown> {
  const configz = await reader.kubelet(node, 'configz', timeoutMs);
  if (isWithin(configz, 50, 100_000)) return configz;
  throw new ClusterError(
    'server',
    `configz of node ${node} is no configuration: it is too large, or nested too deeply`,
  );
}

async function oneConfigMap(reader: KubeReader, name: string) {
  try {
    const answer = await reader.get(`get configmap ${name} in namespace kube-system`, `${CONFIG_MAPS}/${name}`);
    return configOf(answer.json(), name);
  } catch (error) {
    if (error instanceof ClusterError && error.reason === 'not-found') return null;
    throw error;
  }
}

/** Before 1.24 the name carries the version: `kubelet-config-1.20`. The newest is what new nodes get. A list would ask for far more rights. */
async function newestVersioned(reader: KubeReader) {
  for (const name of KUBELET_CONFIG_MAPS.slice(1).toReversed()) {
    const found = await oneConfigMap(reader, name);
    if (found !== null) return found;
  }
  return null;
}

function configOf(map: unknown, name: string): { readonly name: string; readonly text: string } | null {
  const text = textAt(objectAt(map, 'data'), 'kubelet');
  return text === '' ? null : { name, text };
}
