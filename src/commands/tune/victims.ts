import type { Cluster } from '../../cluster/port.ts';
import { nextVictims } from '../../eviction/next-victims.ts';
import { inferFilesystems } from '../../eviction/observe.ts';
import { signalInfo } from '../../eviction/signal.ts';
import type { FirstVictims } from '../../eviction/tune-report.ts';
import { parseKubeletVersion } from '../../eviction/version.ts';
import { read } from '../reading.ts';
import type { Base } from './base.ts';
import type { Decision } from './decide.ts';

/** How many pods are named. */
const MOST = 5;

/**
 * The pods that would be evicted first on the one node where a threshold is met after the change; null where none is, or nobody
 * can say: several nodes, no figures of pods, or no right to list them.
 */
export async function firstVictims(
  cluster: Cluster | null,
  base: Base,
  decision: Decision,
  program: string,
): Promise<FirstVictims | null> {
  const [node, other] = base.nodes;
  const met = decision.whatIf?.[0]?.signals.filter(s => s.outlook === 'binds' || s.outlook === 'trips') ?? [];
  // The kubelet handles memory before anything else.
  const signal = (met.find(s => signalInfo(s.signal).resource === 'memory') ?? met[0])?.signal;
  if (cluster === null || node === undefined || other !== undefined || signal === undefined) return null;
  const layout = node.stats.ok ? inferFilesystems(node.stats.value)?.layout : undefined;
  if (layout === undefined && signalInfo(signal).filesystem !== null) return null;
  const pods = await read(cluster.why.podsOn(node.node.name), 'list pods', program, 'tune');
  if (!pods.ok) return null;
  const { victims } = nextVictims({
    pods: pods.value,
    usage: base.usage,
    signal,
    layout: layout ?? 'one-filesystem',
    version: parseKubeletVersion(node.node.kubeletVersion),
  });
  const names = victims.slice(0, MOST).map(({ pod }) => `${pod.namespace}/${pod.name}`);
  return { node: node.node.name, signal, pods: names, total: victims.length };
}
