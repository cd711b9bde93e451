import type { NodeReport } from './assess.ts';
import { decodeEviction, type Eviction, type EvictionEvidence, guessSignal, type SignalGuess } from './decode.ts';
import { enumerate, humanAge, humanAmount } from './human.ts';
import type { TimelineEntry } from './live.ts';
import type { EvictionMessage, WrittenAmount, WrittenUse } from './message.ts';
import type { Instant, NodeInput, Reading } from './node.ts';
import { inferFilesystems, nodeOs, observe } from './observe.ts';
import { isUnmarked } from './plan.ts';
import type { PodFacts } from './pod.ts';
import { isSignal, type SignalInfo } from './signal.ts';
import { armedThresholds } from './signal-report.ts';
import { isEvicted, type TombstoneFacts } from './tombstone.ts';
import { parseKubeletVersion } from './version.ts';
import type { Advice } from './why-node.ts';
import { type NodeOrder, placeReason } from './why-order.ts';
import { type Aftermath, aftermath } from './why-owner.ts';

/**
 * What became of a pod: `evicted` for node pressure or its own limit; `unmarked`: evicted, but without the reason; `refused` at
 * admission; `other`: failed for something else; `no`: it has not ended.
 */
export type PodVerdict = 'evicted' | 'refused' | 'unmarked' | 'other' | 'no';

/** Everything that the story of a pod is told from. */
export interface PodStoryInput {
  readonly pod: PodFacts;
  readonly tombstone: TombstoneFacts;
  readonly evidence: EvictionEvidence | null;
  /** Its events, newest first. */
  readonly timeline: Reading<readonly TimelineEntry[]>;
  /** The node it was on, as it is now; null: it was on none, or that node is gone or could not be read. */
  readonly node: { readonly input: NodeInput; readonly report: NodeReport } | null;
  /** Where the node's pods stand; empty: not known. */
  readonly orders: readonly NodeOrder[];
  readonly now: Instant;
  readonly program: string;
}

/** Why a pod was evicted, what became of it, and what comes next. Sentences may hold untrusted text. */
export interface PodStory {
  readonly verdict: PodVerdict;
  readonly pod: PodFacts;
  readonly tombstone: TombstoneFacts;
  /** Null unless the kubelet ended or refused it. */
  readonly eviction: Eviction | null;
  readonly signal: SignalGuess | null;
  /** The first one is the headline. */
  readonly story: readonly string[];
  readonly next: readonly string[];
  readonly aftermath: Aftermath | null;
  readonly advice: readonly Advice[];
  /** The node as it is now. */
  readonly node: NodeReport | null;
  readonly timeline: Reading<readonly TimelineEntry[]>;
}

/** Tells the story of a pod. Pure. */
export function podStory(facts: PodStoryInput): PodStory {
  const { pod, tombstone, node } = facts;
  const told = isEvicted(tombstone) || isUnmarked(tombstone) ? decodeEviction(tombstone, facts.evidence) : null;
  const verdict = verdictOf(tombstone, told);
  const after = told === null ? null : aftermath(tombstone);
  const signal = told?.message == null ? null : guess(told.message, node?.input ?? null);
  const base = {
    pod,
    tombstone,
    verdict,
    eviction: told,
    signal,
    node: node?.report ?? null,
    timeline: facts.timeline,
  };
  if (told === null || after === null) {
    return { ...base, story: notEvicted(facts, verdict), next: [], aftermath: null, advice: adviceOf(facts, null) };
  }
  return {
    ...base,
    story: [headline(facts, told), ...causageSentences(told, signal), ...nodeSentences(facts)],
    next: [after.recreatedBy, ...returnSentences(facts), after.purge],
    aftermath: after,
    advice: adviceOf(facts, after),
  };
}

function verdictOf(pod: TombstoneFacts, eviction: Eviction | null): PodVerdict {
  if (eviction === null) return pod.phase === 'Failed' ? 'other' : 'no';
  if (!isEvicted(pod)) return 'unmarked';
  return eviction.kind === 'admission' ? 'refused' : 'evicted';
}

/** A kubelet before containerfs existed cannot have meant it. */
function guess(message: EvictionMessage, input: NodeInput | null): SignalGuess {
  const found = guessSignal(message, signalContext(input));
  const version = input === null ? null : parseKubeletVersion(input.node.kubeletVersion);
  return { ...found, candidates: found.candidates.filter(signal => isSignal(signal, version)) };
}

function signalContext(input: NodeInput | null) {
  if (input === null || !input.config.ok || !input.stats.ok) return null;
  const { node, config, stats } = input;
  const version = parseKubeletVersion(node.kubeletVersion);
  return {
    thresholds: armedThresholds(config.value, version, inferFilesystems(stats.value)),
    observations: observe(stats.value, nodeOs(node.operatingSystem), version),
  };
}

const WORDS: Readonly<Record<Eviction['resources'][number], string>> = {
  disk: 'disk space',
  inodes: 'inodes',
  memory: 'memory',
  pid: 'process numbers',
  unknown: 'something the message does not name',
};

function headline({ pod, tombstone, now }: PodStoryInput, { kind, resources, time }: Eviction): string {
  const who = `${pod.namespace}/${pod.name}`;
  const where = pod.node === '' ? 'a kubelet' : `the kubelet of ${pod.node}`;
  const words = enumerate(resources.map(r => WORDS[r]));
  const when = time === null ? '' : `, ${time.exact ? '' : 'not later than '}${humanAge((now - time.at) / 1000)} ago`;
  const unmarked = isEvicted(tombstone) ? '' : '; its status has lost the reason Evicted, only its condition tells';
  switch (kind) {
    case 'pressure':
      return `${where} evicted ${who}${when}: the node was low on ${words}${unmarked}`;
    case 'admission':
      return `${where} refused ${who} when it arrived${when}: the node was under pressure (${words}); it never ran there`;
    case 'limit':
      return `${where} evicted ${who}${when}: it used more disk space than it may; the node itself need not have been short`;
    case 'unknown':
      return `${where} evicted ${who}${when}; what it said about it has no known form`;
  }
}

function causageSentences(eviction: Eviction, signal: SignalGuess | null): readonly string[] {
  const { message } = eviction;
  if (message === null) return eviction.text === '' ? [] : [`it said: ${eviction.text.trim()}`];
  const unit = unitOf(eviction.resources);
  const found: string[] = [];
  if (message.kind === 'pressure' && signal !== null) found.push(signalSentence(signal));
  if (message.threshold !== null && message.available !== null)
    found.push(thresholdSentence(message.threshold, message.available, unit));
  if (message.limit !== null) found.push(limitSentence(message.limit));
  if (message.pod !== null) found.push(usageSentence('the pod', message.pod, unit));
  found.push(...eviction.containers.map(container => usageSentence(`container ${container.name}`, container, unit)));
  if (message.kind === 'pressure' && eviction.resources.includes('disk') && eviction.containers.length > 0) {
    found.push('volumes are not in these figures: with an emptyDir the pod may have used far more');
  }
  if (message.kind === 'pressure' && eviction.containers.length === 0 && unit === 'bytes') {
    found.push('the kubelet named no container: none was over its request, or it had no figures of them');
  }
  if (message.rest !== '') found.push(`it also said: ${message.rest}`);
  return found;
}

function unitOf(resources: Eviction['resources']): SignalInfo['unit'] {
  const [resource] = resources;
  if (resource === 'inodes') return 'inodes';
  return resource === 'pid' ? 'pids' : 'bytes';
}

function signalSentence({ signal, certainty, candidates }: SignalGuess): string {
  switch (certainty) {
    case 'named':
      return `the signal was ${signal}: the message names it`;
    case 'only':
      return `the signal was ${signal}: there is no other for this resource`;
    case 'matched':
      return `the signal was most likely ${signal}: the threshold in the message is what this node's amounts to now`;
    case 'unknown':
      return candidates.length === 0
        ? 'nothing tells which signal it was'
        : `the signal was one of ${candidates.join(', ')}: the message does not tell which`;
  }
}

/** An amount that somebody wrote, as people read it. */
function written({ text, amount }: WrittenAmount, unit: SignalInfo['unit']): string {
  return amount === null ? text : humanAmount(amount, unit);
}

function thresholdSentence(threshold: WrittenAmount, available: WrittenAmount, unit: SignalInfo['unit']): string {
  const missing = threshold.amount === null || available.amount === null ? null : threshold.amount - available.amount;
  const short = missing !== null && missing > 0 ? `: ${humanAmount(missing, unit)} short` : '';
  return `${written(available, unit)} was available, the threshold was ${written(threshold, unit)}${short}`;
}

function limitSentence(limit: NonNullable<EvictionMessage['limit']>): string {
  const amount = written(limit.amount, 'bytes');
  if (limit.of === 'volume') return `its emptyDir volume ${limit.name ?? ''} held more than its sizeLimit of ${amount}`;
  if (limit.of === 'pod')
    return `its containers together used more ephemeral storage than the sum of their limits, ${amount}`;
  return `container ${limit.name ?? ''} used more ephemeral storage than its limit of ${amount}`;
}

function usageSentence(what: string, { usage, request }: WrittenUse, unit: SignalInfo['unit']): string {
  const used = `${what} used ${written(usage, unit)}`;
  if (request === null) return used;
  if (usage.amount === null || request.amount === null) return `${used}, its request was ${request.text}`;
  const over = usage.amount - request.amount;
  const against = request.amount === 0 ? 'without a request' : `against a request of ${written(request, unit)}`;
  return over > 0 && request.amount > 0 ? `${used} ${against}: ${humanAmount(over, unit)} over` : `${used} ${against}`;
}

function nodeSentences({ pod, node, now }: PodStoryInput): readonly string[] {
  if (pod.node === '') return [];
  if (node === null) return [`nothing is known about ${pod.node} now`];
  const { pressure, since, binding, signals, freshness } = node.report;
  if (freshness.stale) return [`${pod.node} now: ${freshness.text}`];
  const signal = signals.find(s => s.signal === binding);
  const seen = signal?.observation ?? null;
  const figures =
    signal === undefined || seen === null
      ? ''
      : `, ${signal.signal} ${humanAmount(seen.available, signal.info.unit)} available (${signal.state})`;
  if (pressure.length === 0) return [`${pod.node} is not under pressure now${figures}`];
  const age = since === null ? '' : ` for ${humanAge((now - since) / 1000)}`;
  return [`${pod.node} has been under ${enumerate(pressure)}${age}, and still is${figures}`];
}

/** What happens to a replacement that has to go to the same node. */
function returnSentences({ pod, node }: PodStoryInput): readonly string[] {
  const tied = pod.pinned || pod.owner?.kind === 'DaemonSet';
  if (!tied || node === null || node.report.pressure.length === 0) return [];
  return [`its replacement belongs on ${pod.node}, too, and is refused there until the pressure ends`];
}

function notEvicted(facts: PodStoryInput, verdict: PodVerdict): readonly string[] {
  const { pod, tombstone } = facts;
  const who = `${pod.namespace}/${pod.name}`;
  if (verdict === 'other') {
    const reason = tombstone.reason === '' ? 'without a reason' : `with reason ${tombstone.reason}`;
    return [
      `${who} failed ${reason}: that is no eviction`,
      ...(tombstone.message === '' ? [] : [`its message: ${tombstone.message.trim()}`]),
    ];
  }
  const where = pod.node === '' ? 'on no node' : `on ${pod.node}`;
  return [`${who} was not evicted: it is ${pod.phase || 'in an unknown phase'} ${where}`, ...placeSentences(facts)];
}

function placeSentences({ pod, orders }: PodStoryInput): readonly string[] {
  return orders.flatMap(({ order }) => {
    const spared = order.spared.find(s => s.pod.uid === pod.uid);
    if (spared !== undefined) return [`the kubelet never evicts it: it is ${spared.why}`];
    const victim = order.victims.find(v => v.pod.uid === pod.uid);
    if (victim === undefined) return [];
    const shared = victim.tied ? ' (shared)' : '';
    return [
      `for ${order.signal} it would be number ${victim.place}${shared} of ${order.victims.length} to be evicted: ${placeReason(victim, order)}`,
    ];
  });
}

function adviceOf({ pod, program, node }: PodStoryInput, after: Aftermath | null): readonly Advice[] {
  const found: Advice[] = [];
  if (pod.node !== '')
    found.push({ line: `${program} why node/${pod.node}`, does: 'why the node was short, and what it evicts next' });
  if (after?.purgeable === true) {
    found.push({
      line: `${program} purge -n ${pod.namespace} --node ${pod.node}`,
      does: 'removes the evicted pods of this namespace on this node',
    });
  }
  if (node !== null && node.report.pressure.length > 0) {
    found.push({
      line: `${program} tune --node ${pod.node} --clear`,
      does: 'the smallest change of thresholds that ends the pressure',
    });
  }
  return found;
}
