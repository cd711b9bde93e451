import type { KubeconfigNames } from '../deps.ts';
import { type ConnectionFlags, type Environment, loadConfig } from './connection.ts';

/**
 * The names in the kubeconfig that these flags lead to. Nothing is connected, and no credential read.
 * @throws ClusterError `config`
 */
export async function kubeconfigNames(flags: ConnectionFlags, environment: Environment): Promise<KubeconfigNames> {
  const { contexts, clusters, users } = await loadConfig(flags, environment);
  return { contexts: [...contexts.keys()], clusters: [...clusters.keys()], users: [...users.keys()] };
}
