import pMap from 'p-map';
import type { Cluster, Listed } from '../../cluster/port.ts';
import type { Clock } from '../../deps.ts';
import { ClusterError } from '../../errors.ts';
import { assess, DEFAULT_NEAR_PERCENT, hasPressure, type NodeReport, underPressure } from '../../eviction/assess.ts';
import type { EvictionConfig } from '../../eviction/config.ts';
import type { EvictedPodFacts, Instant, NodeFacts, NodeInput, NodeStats, Reading } from '../../eviction/node.ts';
import type { Scope, Survey, SurveyError } from '../../eviction/survey.ts';
import { askKubelets, type KubeletAnswers, mayAskKubelets } from '../kubelets.ts';
import { noProxyRight, read } from '../reading.ts';
import { readClusterConfigs } from './cluster-config.ts';

/** Which nodes a survey is about, and how gently it asks. */
export interface SurveyQuery {
  /** Node names; empty: by selector, all, or the nodes under pressure. */
  readonly names: readonly string[];
  readonly selector: string | null;
  readonly all: boolean;
  /** Per cent; null: the default for the state `near`, and no node is shown for being near. */
  readonly nearPercent: number | null;
  /** Kubelets asked at a time. */
  readonly concurrency: number;
  readonly kubeletTimeoutMs: number;
  /** How the user calls the program, for remedies. */
  readonly program: string;
}

/**
 * Reads what a survey needs and assesses it. Asks the API server for nodes, Evicted pods and the user's own rights; then, for
 * the nodes in scope only, leases, events, and two requests to each kubelet. What a missing right or a dead kubelet keeps from
 * us is an error entry, never a zero.
 *
 * @throws ClusterError when the nodes themselves cannot be read
 */
export async function takeSurvey(cluster: Cluster, query: SurveyQuery, clock: Clock): Promise<Survey> {
  const errors: SurveyError[] = [];
  const [found, mayProxy, evicted] = await Promise.all([
    findNodes(cluster, query, errors),
    mayAskKubelets(cluster, query.program),
    read(cluster.evictedPods(), 'list pods', query.program),
  ]);
  // Ages are told on the server's clock: the workstation's may be off.
  const skew = found.serverTime === null ? 0 : found.serverTime - clock.now();
  const now = (): Instant => clock.now() + (Math.abs(skew) > 2000 ? skew : 0);
  noteProblem(errors, 'pods', evicted);

  const scope = scopeOf(query);
  // Only asking a kubelet tells whether its node is near a threshold.
  const readAll = scope !== 'pressure' || query.nearPercent !== null;
  const wanted = readAll ? found.nodes : found.nodes.filter(underPressure);
  const asksKubelets = wanted.length > 0 && mayProxy !== false;
  const [inputs, compared] = await Promise.all([
    wanted.length === 0 ? [] : readNodes(cluster, wanted, evicted, mayProxy, query, errors),
    asksKubelets ? readClusterConfigs(cluster, versionsOf(wanted), query.program) : null,
  ]);

  const nearPercent = query.nearPercent ?? DEFAULT_NEAR_PERCENT;
  const reports = assess(inputs, { now: now(), nearPercent, clusterConfigs: compared?.configs ?? [] });
  const shown =
    scope === 'pressure' ? reports.filter(r => underPressure(r.node) || isNear(r) || isUnreadable(r)) : reports;
  return {
    takenAt: now(),
    context: cluster.identity.context,
    server: cluster.identity.server,
    scope,
    nearPercent,
    nodeCount: scope === 'named' ? null : found.nodes.length,
    underPressure: found.nodes.filter(hasPressure).length,
    uncertain: found.nodes.filter(node => underPressure(node) && !hasPressure(node)).length,
    near: readAll && mayProxy !== false ? reports.filter(r => !underPressure(r.node) && isNear(r)).length : null,
    unreadable: reports.filter(isUnreadable).length,
    evictedPods: evicted.ok ? { ok: true, value: evicted.value.items.length } : evicted,
    reports: shown.toSorted((a, b) => (a.node.name < b.node.name ? -1 : 1)),
    errors,
  };
}

function versionsOf(nodes: readonly NodeFacts[]): readonly string[] {
  return nodes.map(node => node.kubeletVersion);
}

function scopeOf(query: SurveyQuery): Scope {
  if (query.names.length > 0) return 'named';
  if (query.selector !== null) return 'selected';
  return query.all ? 'all' : 'pressure';
}

/** Near or below a threshold, whether or not the kubelet has noticed. */
function isNear(report: NodeReport): boolean {
  return report.signals.some(s => s.state === 'near' || s.state === 'soft' || s.state === 'BREACHED');
}

/** Nobody can say whether it is near. */
function isUnreadable(report: NodeReport): boolean {
  return !report.config.ok || report.signals.some(s => s.state === 'unknown');
}

interface FoundNodes {
  readonly nodes: readonly NodeFacts[];
  readonly serverTime: Instant | null;
}

async function findNodes(cluster: Cluster, query: SurveyQuery, errors: SurveyError[]): Promise<FoundNodes> {
  if (query.names.length === 0) {
    const { items, serverTime } = await listNodes(cluster, query.selector);
    return { nodes: items, serverTime };
  }
  const names = [...new Set(query.names)];
  let serverTime: Instant | null = null;
  const found = await pMap(names, name => getNode(name), { concurrency: query.concurrency });
  return { nodes: found.flatMap(node => (node === null ? [] : [node])), serverTime };

  async function getNode(name: string): Promise<NodeFacts | null> {
    const reading = await read(cluster.node(name), 'get nodes', query.program);
    if (reading.ok) {
      serverTime = reading.value.serverTime;
      return reading.value.node;
    }
    // One wrong name does not hide the others; anything but "there is no such node" does.
    if (reading.problem.reason !== 'not-found' && reading.problem.reason !== 'invalid') throw reading.cause;
    errors.push({ what: 'node', node: name, ...reading.problem });
    return null;
  }
}

async function listNodes(cluster: Cluster, selector: string | null): Promise<Listed<NodeFacts>> {
  try {
    return await cluster.nodes(selector);
  } catch (error) {
    if (selector === null || !(error instanceof ClusterError) || error.reason !== 'invalid') throw error;
    const hint = 'check --selector: label=value, label!=value, "label in (a,b)" or label, joined by commas';
    throw new ClusterError('invalid', error.message, { hint, cause: error, status: error.status });
  }
}

function noteProblem(errors: SurveyError[], what: string, reading: Reading<unknown>, node: string | null = null): void {
  if (!reading.ok) errors.push({ what, node, ...reading.problem });
}

async function readNodes(
  cluster: Cluster,
  nodes: readonly NodeFacts[],
  evicted: Reading<Listed<EvictedPodFacts>>,
  mayProxy: boolean | null,
  query: SurveyQuery,
  errors: SurveyError[],
): Promise<readonly NodeInput[]> {
  const [leases, events, cgroupV1, kubelets] = await Promise.all([
    read(cluster.leases(), 'list leases in kube-node-lease', query.program),
    read(cluster.evictionEvents(), 'list events', query.program),
    read(cluster.cgroupV1Nodes(), 'list events', query.program),
    mayProxy === false
      ? null
      : askKubelets(nodes, {
          config: name => cluster.kubeletConfig(name, query.kubeletTimeoutMs),
          stats: name => cluster.kubeletStats(name, query.kubeletTimeoutMs),
          concurrency: query.concurrency,
          program: query.program,
          purpose: 'status',
        }),
  ]);
  // First what explains the emptiest table.
  const denied = noProxyRight(query.program);
  if (kubelets === null) errors.push({ what: 'nodes/proxy', node: null, ...denied });
  noteProblem(errors, 'leases', leases);
  noteProblem(errors, 'events', events);
  if (events.ok && events.value.cut) {
    const message = 'there are more than 10,000 eviction events: only the first were read';
    errors.push({ what: 'events', node: null, reason: 'too-large', message, remedy: null });
  }

  const podsByNode = groupByNode(evicted.ok ? evicted.value.items : []);
  const eventsByNode = groupByNode(events.ok ? events.value.items : []);
  return nodes.map(node => {
    const kubelet = kubelets?.get(node.name);
    const config: Reading<EvictionConfig> = kubelet?.config ?? { ok: false, problem: denied };
    const stats: Reading<NodeStats> = kubelet?.stats ?? { ok: false, problem: denied };
    noteKubelet(errors, node.name, kubelet);
    return {
      node,
      lease: leases.ok ? { ok: true, value: leases.value.get(node.name) ?? null } : leases,
      config,
      stats,
      evicted: evicted.ok ? { ok: true, value: podsByNode.get(node.name) ?? [] } : evicted,
      events: events.ok ? { ok: true, value: eventsByNode.get(node.name) ?? [] } : events,
      cgroup: cgroupOf(node, cgroupV1, config),
    };
  });
}

/** cgroup v1 announces itself in an event; a kubelet that refuses v1 and runs is on v2. */
function cgroupOf(
  node: NodeFacts,
  v1: Reading<ReadonlySet<string>>,
  config: Reading<EvictionConfig>,
): NodeInput['cgroup'] {
  if (v1.ok && v1.value.has(node.name)) return 1;
  return config.ok && config.value.failCgroupV1 === true ? 2 : null;
}

type Kubelet = KubeletAnswers<EvictionConfig, NodeStats>;

function noteKubelet(errors: SurveyError[], node: string, kubelet: Kubelet | undefined): void {
  if (kubelet === undefined) return;
  noteProblem(errors, 'configz', kubelet.config, node);
  noteProblem(errors, 'stats/summary', kubelet.stats, node);
}

function groupByNode<T extends { readonly node: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.node);
    if (group === undefined) groups.set(item.node, [item]);
    else group.push(item);
  }
  return groups;
}
