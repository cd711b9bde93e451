import type { Cluster } from '../../cluster/port.ts';
import { type EvictionConfig, effectiveConfig } from '../../eviction/config.ts';
import type { NodeFacts, Reading } from '../../eviction/node.ts';
import { nodeOs } from '../../eviction/observe.ts';
import { SETTING_FIELDS, settingsOf } from '../../eviction/settings.ts';
import type { SurveyError } from '../../eviction/survey.ts';
import { differences, type NodeVerification, type Wanted } from '../../eviction/verify.ts';
import type { VerifyReport } from '../../eviction/verify-report.ts';
import { parseKubeletVersion } from '../../eviction/version.ts';
import type { KubeletDocument } from '../../kubelet/document.ts';
import { askKubelets, mayAskKubelets } from '../kubelets.ts';
import { noProxyRight, read } from '../reading.ts';

/** What is verified, on which nodes. */
export interface VerifyQuery {
  readonly document: KubeletDocument;
  readonly file: string;
  /** Empty: by selector, or all. */
  readonly names: readonly string[];
  readonly selector: string | null;
  readonly concurrency: number;
  readonly kubeletTimeoutMs: number;
  readonly program: string;
}

/** One look at the nodes. @throws ClusterError when the nodes cannot be listed */
export async function verifyOnce(cluster: Cluster, query: VerifyQuery): Promise<VerifyReport> {
  const { document, file } = query;
  const errors: SurveyError[] = [];
  const nodes = await findNodes(cluster, query, errors);
  const configs = await readConfigs(cluster, nodes, query, errors);
  return {
    file,
    label: document.label,
    wanted: { settings: document.settings, whole: document.acts !== 'merge' },
    nodes: nodes
      .map(node => verifyNode(node, configs.get(node.name), document))
      .toSorted((a, b) => (a.node < b.node ? -1 : 1)),
    errors,
    waitedSeconds: null,
    verdict: null,
  };
}

async function findNodes(cluster: Cluster, query: VerifyQuery, errors: SurveyError[]): Promise<readonly NodeFacts[]> {
  if (query.names.length === 0) return (await cluster.nodes(query.selector)).items;
  const found: NodeFacts[] = [];
  for (const name of new Set(query.names)) {
    const reading = await read(cluster.node(name), 'get nodes', query.program, 'verify');
    if (reading.ok) found.push(reading.value.node);
    // One wrong name does not hide the others; anything but "there is no such node" does.
    else if (reading.problem.reason !== 'not-found' && reading.problem.reason !== 'invalid') throw reading.cause;
    else errors.push({ what: 'node', node: null, ...reading.problem });
  }
  return found;
}

async function readConfigs(
  cluster: Cluster,
  nodes: readonly NodeFacts[],
  query: VerifyQuery,
  errors: SurveyError[],
): Promise<ReadonlyMap<string, Reading<EvictionConfig>>> {
  const { program, concurrency, kubeletTimeoutMs } = query;
  if ((await mayAskKubelets(cluster, program)) === false) {
    const problem = noProxyRight(program, 'verify');
    errors.push({ what: 'nodes/proxy', node: null, ...problem });
    return new Map(nodes.map(({ name }) => [name, { ok: false, problem }]));
  }
  const answers = await askKubelets(nodes, {
    config: name => cluster.kubeletConfig(name, kubeletTimeoutMs),
    // Only the configuration is compared.
    stats: async () => null,
    concurrency,
    program,
    purpose: 'verify',
  });
  const configs = new Map([...answers].map(([name, answer]) => [name, answer.config]));
  for (const [node, config] of configs) {
    if (!config.ok) errors.push({ what: 'configz', node, ...config.problem });
  }
  return configs;
}

/** What the document comes to on this node: a file's `0s` is the default, and merged defaults are part of it. */
function wantedOn(node: NodeFacts, document: KubeletDocument): Wanted {
  const { acts, layer, settings } = document;
  if (acts !== 'file') return { settings, whole: acts === 'flags' };
  const version = parseKubeletVersion(node.kubeletVersion);
  const os = nodeOs(node.operatingSystem);
  const effective = settingsOf(effectiveConfig({ version, os, configFile: layer, dropIns: [], flags: {} }));
  const named = SETTING_FIELDS.flatMap(field => {
    const value = effective[field];
    return settings[field] === undefined || value === null ? [] : [[field, value] as const];
  });
  return { settings: Object.fromEntries(named), whole: true };
}

function verifyNode(
  node: NodeFacts,
  config: Reading<EvictionConfig> | undefined,
  document: KubeletDocument,
): NodeVerification {
  const pressing = node.conditions.filter(c => c.type.endsWith('Pressure') && c.status !== 'False');
  const base = {
    node: node.name,
    ready: node.conditions.some(c => c.type === 'Ready' && c.status === 'True'),
    pressure: pressing.map(c => c.type),
    newEvictions: null,
  };
  if (!config?.ok) {
    return { ...base, matches: null, differences: [], error: config?.problem.message ?? 'the kubelet was not asked' };
  }
  const version = parseKubeletVersion(node.kubeletVersion);
  const found = differences(wantedOn(node, document), settingsOf(config.value), version);
  return { ...base, matches: found.length === 0, differences: found, error: null };
}
