import { ClusterError } from '../errors.ts';
import { readEvictionConfig } from '../eviction/config.ts';
import { type EvictionSettings, SETTING_FIELDS, settingsOf } from '../eviction/settings.ts';
import { arrayAt, flagAt, objectAt, textAt } from './json.ts';
import { isNodeName } from './paths.ts';
import type { KubeReader } from './reader.ts';
import type { SimulatedKubelet, SimulationCluster } from './simulation-port.ts';
import type { Transport } from './transport.ts';

/** No API server has it. */
const KUBELETS = '/simulated/kubelets';

/** The kubelets of a simulated cluster behind a transport. */
export function simulationCluster(transport: Transport, reader: KubeReader, signal: AbortSignal): SimulationCluster {
  const kubelets = async (): Promise<readonly SimulatedKubelet[] | null> => {
    if (!isLoopback(transport.target.server)) return null;
    const answer = await listOf(reader);
    return answer === null ? null : arrayAt(answer, 'items').flatMap(kubeletFrom);
  };
  return {
    kubelets,
    restart: async (node, settings) => {
      // The first question tells a simulated cluster from a real one; only the first gets the second.
      const known = await kubelets();
      if (!known?.some(kubelet => kubelet.name === node)) {
        throw new ClusterError('invalid', `${node} is no node of a simulated cluster`);
      }
      const what = `restart the simulated kubelet of node ${node}`;
      const path = `${KUBELETS}/${node}`;
      const body = fieldsOf(settings);
      const answer = await transport.request({ method: 'PUT', path, body, retry: 'never', signal, what });
      const error = textAt(answer.json(), 'error');
      return error === '' ? null : error;
    },
  };
}

/** The answer of a simulated cluster; null: whoever answers is none. */
async function listOf(reader: KubeReader): Promise<unknown> {
  try {
    const answer = await reader.get('look for a simulated cluster', KUBELETS, { retry: 'never' });
    const body = answer.text.startsWith('{') ? answer.json() : null;
    return textAt(body, 'kind') === 'SimulatedKubeletList' ? body : null;
  } catch (error) {
    const refused = error instanceof ClusterError && (error.reason === 'not-found' || error.reason === 'forbidden');
    if (refused) return null;
    throw error;
  }
}

/** Simulated clusters listen nowhere else. */
function isLoopback(server: string): boolean {
  const host = URL.parse(server)?.hostname ?? '';
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function kubeletFrom(item: unknown): readonly SimulatedKubelet[] {
  const name = textAt(item, 'name');
  const config = readEvictionConfig({ kubeletconfig: objectAt(item, 'configuration') });
  if (!isNodeName(name) || !config.ok) return [];
  return [
    {
      name,
      version: textAt(item, 'kubeletVersion'),
      os: textAt(item, 'os') === 'windows' ? 'windows' : 'linux',
      running: flagAt(item, 'running'),
      settings: settingsOf(config.value),
    },
  ];
}

/** As a kubelet's configuration has them. */
function fieldsOf(settings: EvictionSettings): object {
  const entries = SETTING_FIELDS.map(field => {
    const value = settings[field];
    return [field, value instanceof Map ? Object.fromEntries(value) : value];
  });
  return Object.fromEntries(entries);
}
