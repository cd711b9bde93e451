import type { Cluster, FoundPod, PodHistory } from '../../cluster/port.ts';
import type { Clock } from '../../deps.ts';
import { assessNode } from '../../eviction/assess.ts';
import type { EvictionConfig } from '../../eviction/config.ts';
import { decodeEviction } from '../../eviction/decode.ts';
import type { LivePod } from '../../eviction/live.ts';
import type { Instant, NodeStats, Reading } from '../../eviction/node.ts';
import { isActive, type PodFacts, type PodUsage } from '../../eviction/pod.ts';
import type { Signal } from '../../eviction/signal.ts';
import type { SurveyError } from '../../eviction/survey.ts';
import { isEvicted, type TombstoneFacts } from '../../eviction/tombstone.ts';
import { type NodeStory, nodeStory } from '../../eviction/why-node.ts';
import { type PodStory, podStory } from '../../eviction/why-pod.ts';
import { mayAskKubelets } from '../kubelets.ts';
import { noProxyRight, read } from '../reading.ts';
import { timelineOf } from '../status/live/timeline.ts';

/** How a story is asked for. */
export interface WhyQuery {
  /** The eviction order for this signal only; null: for those that matter. */
  readonly signal: Signal | null;
  readonly kubeletTimeoutMs: number;
  /** How the user calls the program, for remedies. */
  readonly program: string;
}

/** A story with what could not be read for it. */
export interface Told<Story> {
  readonly story: Story;
  readonly takenAt: Instant;
  readonly errors: readonly SurveyError[];
}

/** What is read of a node: `all`, or only its state and the kubelet's figures, for a pod that has ended. */
type Depth = 'all' | 'state';

interface Asker {
  readonly cluster: Cluster;
  readonly query: WhyQuery;
  readonly clock: Clock;
  readonly errors: SurveyError[];
}

/** Reads what the story of a node needs. @throws ClusterError when the node itself cannot be read */
export async function tellNode(
  cluster: Cluster,
  name: string,
  query: WhyQuery,
  clock: Clock,
): Promise<Told<NodeStory>> {
  const errors: SurveyError[] = [];
  const { story, now } = await readNode({ cluster, query, clock, errors }, name, 'all');
  return { story, takenAt: now, errors };
}

interface ReadNode {
  readonly story: NodeStory;
  readonly input: Parameters<typeof nodeStory>[0]['input'];
  readonly now: Instant;
}

async function readNode(asker: Asker, name: string, depth: Depth): Promise<ReadNode> {
  const { cluster, query, clock, errors } = asker;
  const attempt = async <T>(what: string, promise: Promise<T>, right: string): Promise<Reading<T>> => {
    const reading = await read(promise, right, query.program, 'why');
    if (!reading.ok) noteOnce(errors, { what, node: name, ...reading.problem });
    return reading;
  };
  const nothing = <T>(value: T): Promise<Reading<T>> => Promise.resolve({ ok: true, value });
  const isAll = depth === 'all';
  const [found, leases, kubelet, pods, tombstones, events, timeline] = await Promise.all([
    cluster.why.node(name),
    attempt('leases', cluster.leases(), 'list leases in kube-node-lease'),
    readKubelet(asker, name),
    isAll ? attempt('pods', cluster.why.podsOn(name), 'list pods') : nothing<readonly PodFacts[]>([]),
    isAll ? attempt('pods', cluster.why.tombstonesOn(name), 'list pods') : nothing<readonly TombstoneFacts[]>([]),
    isAll ? attempt('events', cluster.evictionEvents(), 'list events') : nothing(null),
    isAll ? attempt('events', cluster.live.timeline(name), 'list events') : nothing([]),
  ]);
  const now = presentOf(clock, found.serverTime);
  const evicted = tombstones.ok ? { ok: true as const, value: tombstones.value.filter(isEvicted) } : tombstones;
  const input = {
    node: found.node,
    lease: leases.ok ? { ok: true as const, value: leases.value.get(name) ?? null } : leases,
    config: kubelet.config,
    stats: kubelet.stats,
    evicted,
    events: events.ok ? { ok: true as const, value: (events.value?.items ?? []).filter(e => e.node === name) } : events,
    cgroup: null,
  };
  const report = assessNode(input, { now });
  const story = nodeStory({
    input,
    report,
    pods,
    usage: kubelet.usage,
    images: found.images,
    timeline: timelineOf(report, timeline, evicted.ok ? evicted.value.map(livePod) : []),
    signal: query.signal,
    now,
    program: query.program,
  });
  return { story, input, now };
}

/** Two lists of one kind fail for one reason. */
function noteOnce(errors: SurveyError[], error: SurveyError): void {
  if (!errors.some(e => e.what === error.what && e.message === error.message)) errors.push(error);
}

/** Ages are told on the server's clock: the workstation's may be off. */
function presentOf(clock: Clock, serverTime: Instant | null): Instant {
  const skew = serverTime === null ? 0 : serverTime - clock.now();
  return clock.now() + (Math.abs(skew) > 2000 ? skew : 0);
}

function livePod(pod: TombstoneFacts): LivePod {
  return { ...pod, evictedAt: decodeEviction(pod).time?.at ?? null };
}

interface Kubelet {
  readonly config: Reading<EvictionConfig>;
  readonly stats: Reading<NodeStats>;
  readonly usage: ReadonlyMap<string, PodUsage>;
}

async function readKubelet({ cluster, query, errors }: Asker, name: string): Promise<Kubelet> {
  const { program, kubeletTimeoutMs } = query;
  if ((await mayAskKubelets(cluster, program)) === false) {
    const problem = noProxyRight(program, 'why');
    errors.push({ what: 'nodes/proxy', node: null, ...problem });
    return { config: { ok: false, problem }, stats: { ok: false, problem }, usage: new Map() };
  }
  const [config, summary] = await Promise.all([
    read(cluster.kubeletConfig(name, kubeletTimeoutMs), 'get nodes/proxy', program, 'why'),
    read(cluster.why.summary(name, kubeletTimeoutMs), 'get nodes/proxy', program, 'why'),
  ]);
  if (!config.ok) errors.push({ what: 'configz', node: name, ...config.problem });
  if (!summary.ok) errors.push({ what: 'stats/summary', node: name, ...summary.problem });
  const stats: Reading<NodeStats> = summary.ok ? { ok: true, value: summary.value.stats } : summary;
  return { config, stats, usage: summary.ok ? summary.value.usage : new Map() };
}

/** Reads what the story of a pod needs. @throws ClusterError when the pod itself cannot be read */
export async function tellPod(
  cluster: Cluster,
  namespace: string,
  name: string,
  query: WhyQuery,
  clock: Clock,
): Promise<Told<PodStory>> {
  const errors: SurveyError[] = [];
  const asker: Asker = { cluster, query, clock, errors };
  const found = await cluster.why.pod(namespace, name);
  const { pod, tombstone } = found;
  const [history, node] = await Promise.all([
    read(cluster.why.podHistory(namespace, name, pod.uid), 'list events', query.program, 'why'),
    pod.node === '' ? null : nodeOfPod(asker, found),
  ]);
  if (!history.ok) errors.push({ what: 'events', node: null, ...history.problem });
  const now = node?.now ?? presentOf(clock, found.serverTime);
  const story = podStory({
    pod,
    tombstone,
    evidence: history.ok ? history.value.evidence : null,
    timeline: entriesOf(history),
    node: node === null ? null : { input: node.input, report: node.story.report },
    orders: node?.story.orders ?? [],
    now,
    program: query.program,
  });
  return { story, takenAt: now, errors };
}

function entriesOf(history: Reading<PodHistory>): PodStory['timeline'] {
  if (!history.ok) return history;
  return { ok: true, value: history.value.entries.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0)) };
}

/** The node as it is now; null: it is gone, or may not be read. */
async function nodeOfPod(asker: Asker, { pod }: FoundPod): Promise<ReadNode | null> {
  const depth = isActive(pod) ? 'all' : 'state';
  const reading = await read(readNode(asker, pod.node, depth), 'get nodes', asker.query.program, 'why');
  if (reading.ok) return reading.value;
  asker.errors.push({ what: 'node', node: pod.node, ...reading.problem });
  return null;
}
