import type { NodeReport } from './assess.ts';
import { type HotLoop, hotLoops } from './hot-loop.ts';
import { counted, enumerate, humanAge, humanAmount, humanPercent } from './human.ts';
import type { TimelineEntry } from './live.ts';
import type { Instant, NodeInput, Reading } from './node.ts';
import type { PodFacts, PodUsage } from './pod.ts';
import { type PressureCondition, type Signal, type SignalInfo, signalInfo } from './signal.ts';
import { isCopy, type SignalReport } from './signal-report.ts';
import type { FilesystemLayout } from './threshold.ts';
import { atLeast, parseKubeletVersion } from './version.ts';
import { isMet, layoutOf, type NodeOrder, nextSentence, nodeOrders, reclaimedFirst } from './why-order.ts';
import { type Consumer, consumers, holdsImages, type NodeImage, takenByPods } from './why-use.ts';

/** Everything that the story of a node is told from. */
export interface NodeStoryInput {
  readonly input: NodeInput;
  /** The same, assessed. */
  readonly report: NodeReport;
  /** The pods that the API server has on the node. */
  readonly pods: Reading<readonly PodFacts[]>;
  /** The kubelet's figures of them, by uid. */
  readonly usage: ReadonlyMap<string, PodUsage>;
  /** The images the node reports: at most 50. */
  readonly images: readonly NodeImage[];
  /** Newest first. */
  readonly timeline: Reading<readonly TimelineEntry[]>;
  /** The only signal that is wanted; null: choose. */
  readonly signal: Signal | null;
  readonly now: Instant;
  /** How the user calls the program. */
  readonly program: string;
}

/** A command that helps, and what it does. */
export interface Advice {
  readonly line: string;
  readonly does: string;
}

/** Why a node is under pressure, and what comes next. Sentences may hold untrusted text. */
export interface NodeStory {
  readonly report: NodeReport;
  /** What is the case, plainly; the first one is the headline. */
  readonly story: readonly string[];
  /** What will happen. */
  readonly next: readonly string[];
  readonly advice: readonly Advice[];
  /** Null: the figures do not tell. */
  readonly layout: FilesystemLayout | null;
  /** Null: the pods or the kubelet's figures could not be read. */
  readonly orders: readonly NodeOrder[] | null;
  /** The largest first, by what the first order's signal measures; null as above. */
  readonly consumers: readonly Consumer[] | null;
  readonly images: readonly NodeImage[];
  readonly loops: readonly HotLoop[];
  readonly timeline: Reading<readonly TimelineEntry[]>;
}

/** Tells the story of a node. Pure. */
export function nodeStory(facts: NodeStoryInput): NodeStory {
  const { input, report, pods, usage, now } = facts;
  const layout = layoutOf(input.stats);
  const readable = pods.ok && input.stats.ok;
  const orders = readable ? nodeOrders({ report, stats: input.stats, pods: pods.value, usage }, facts.signal) : null;
  const signal = orders?.[0]?.order.signal ?? facts.signal ?? report.binding;
  const version = parseKubeletVersion(report.node.kubeletVersion);
  const users = readable ? consumers(pods.value, usage, signal, version) : null;
  const loops = hotLoops(
    input.evicted.ok ? input.evicted.value : [],
    input.events.ok ? input.events.value : [],
    now,
    report.since,
  );
  const images = facts.images.toSorted((a, b) => b.size - a.size);
  return {
    report,
    story: [
      headline(report, now),
      ...bindingSentences(report),
      ...fillSentences(report, users, images, layout, orders?.[0] ?? null),
      ...loops.map(loop => loopSentence(loop, report)),
    ],
    next: nextSentences(report, orders, layout, loops),
    advice: advice(facts, loops),
    layout,
    orders,
    consumers: users,
    images,
    loops,
    timeline: facts.timeline,
  };
}

function headline(report: NodeReport, now: Instant): string {
  const { node, pressure, uncertain, since } = report;
  const age = since === null ? '' : ` for ${humanAge((now - since) / 1000)}`;
  if (uncertain.length > 0) {
    return `${node.name}: ${enumerate(uncertain)} ${uncertain.length === 1 ? 'is' : 'are'} Unknown${age}: its kubelet is silent, and nobody can say how it is`;
  }
  if (pressure.length > 0) return `${node.name} has been under ${enumerate(pressure)}${age || ' for an unknown time'}`;
  const met = report.signals.filter(s => isMet(s) && !isCopy(s)).map(s => s.signal);
  return met.length === 0
    ? `${node.name} is not under pressure`
    : `${node.name} does not report pressure yet, but ${enumerate(met)} ${met.length === 1 ? 'is below its threshold' : 'are below their thresholds'}`;
}

function bindingSentences(report: NodeReport): readonly string[] {
  const sentences = report.signals
    .filter(s => s.signal === report.binding || isMet(s))
    .filter(s => !isCopy(s))
    .toSorted((a, b) => Number(b.signal === report.binding) - Number(a.signal === report.binding))
    .map(signalSentence);
  const found = sentences.flatMap(s => (s === null ? [] : [s]));
  return report.explanation === null ? found : [...found, report.explanation];
}

function signalSentence(signal: SignalReport): string | null {
  const { observation, info, headroom } = signal;
  const limit = signal.hard ?? signal.soft;
  if (observation === null || limit === null || headroom === null) return null;
  const amount = (value: number): string => humanAmount(value, info.unit);
  const share = signal.percent === null ? '' : ` (${humanPercent(signal.percent)})`;
  const { text } = limit.threshold.value;
  const absolute =
    limit.amount === null || limit.threshold.value.kind === 'quantity' ? '' : ` (${amount(limit.amount.amount)})`;
  const kind = signal.hard === null ? 'soft' : 'hard';
  const where = headroom < 0 ? `${amount(-headroom)} below` : `${amount(headroom)} above`;
  return `${signal.signal}: ${amount(observation.available)} of ${amount(observation.capacity)}${share} available, ${where} the ${kind} threshold of ${text}${absolute}`;
}

function fillSentences(
  report: NodeReport,
  users: readonly Consumer[] | null,
  images: readonly NodeImage[],
  layout: FilesystemLayout | null,
  first: NodeOrder | null,
): readonly string[] {
  const binding = report.signals.find(s => s.signal === report.binding);
  const seen = binding?.observation ?? null;
  if (binding === undefined || seen === null || users === null || layout === null) return [];
  const { unit, resource } = binding.info;
  const amount = (value: number): string => humanAmount(value, unit);
  const used = Math.max(0, seen.capacity - seen.available);
  const pods = Math.min(used, takenByPods(users, binding.signal, layout));
  const withImages = resource === 'ephemeral-storage' && holdsImages(binding.signal, layout);
  const imageBytes = images.reduce((sum, { size }) => sum + size, 0);
  const inImages = withImages ? Math.min(used - pods, imageBytes) : 0;
  const rest = used - pods - inImages;
  const uncounted = resource === 'pids' && pods === 0 && users.length > 0;
  const parts = [uncounted ? 'the kubelet counts none for the pods' : `the pods that run take ${amount(pods)}`];
  // The node reports sizes as its runtime counts them, and 50 images at most.
  if (withImages && images.length > 0) parts.push(`${counted(images.length, 'image')} about ${amount(inImages)}`);
  parts.push(`${amount(rest)} ${REST[resource]}`);
  const text = `of the ${amount(used)} in use ${parts.join(', ')}`;
  const missing = binding.headroom !== null && binding.headroom < 0 ? -binding.headroom : 0;
  if (first === null || first.order.signal !== binding.signal) return [text];
  const evictable = first.order.victims.reduce((sum, { keys }) => sum + (keys.usage ?? 0), 0);
  const left = missing - evictable - inImages;
  const everything = withImages ? 'every pod that can be evicted, and every image,' : 'every pod that can be evicted';
  return left > 0
    ? [text, `even if ${everything} went, ${amount(left)} would still be missing: eviction cannot end this`]
    : [text];
}

/** What takes the part of a resource that belongs to no pod. */
const REST: Readonly<Record<SignalInfo['resource'], string>> = {
  'ephemeral-storage': 'belongs to neither: the system, other files and what the filesystem reserves',
  inodes: 'belong to neither: the system, images and other files',
  memory: 'belongs to the system, to page cache and to the kernel',
  pids: 'run outside pods',
};

const TAINTS: Readonly<Record<PressureCondition, string>> = {
  DiskPressure: 'disk-pressure',
  MemoryPressure: 'memory-pressure',
  PIDPressure: 'pid-pressure',
};

function loopSentence(loop: HotLoop, report: NodeReport): string {
  const what = `${loop.owner} in ${loop.namespace}: ${loop.count} of its pods were refused or evicted here within ${humanAge(loop.seconds)}`;
  if (!loop.owner.startsWith('DaemonSet ')) return `${what}, and it comes back each time`;
  const taints = report.pressure.map(condition => TAINTS[condition]);
  const tolerated = taints.length === 0 ? 'the pressure taints' : `the ${enumerate(taints)} taint`;
  return `${what}: a DaemonSet's pods tolerate ${tolerated}, so the controller sends each new one back to this node, and the kubelet refuses it again`;
}

/**
 * What will happen on a node, and when, as clauses without a full stop that may hold untrusted text.
 *
 * @param orders null: the pods or the kubelet's figures could not be read
 */
export function nextSentences(
  report: NodeReport,
  orders: readonly NodeOrder[] | null,
  layout: FilesystemLayout | null,
  loops: readonly HotLoop[],
): readonly string[] {
  const found: string[] = [];
  const isPressed = report.pressure.length > 0;
  if (orders === null)
    found.push('which pods would go next cannot be told: the kubelet, or the list of pods, could not be read');
  for (const one of orders ?? []) {
    const first = layout === null ? null : reclaimedFirst(one.order.signal, layout);
    if (first !== null && (one.occasion === 'now' || one.occasion === 'after-grace')) {
      found.push(`before it takes pods for ${one.order.signal}, the kubelet deletes ${first}`);
    }
    found.push(nextSentence(one));
  }
  if (orders?.some(o => o.occasion === 'now' && o.order.victims.length > 0) === true) {
    found.push('it evicts one pod a pass (a pass about every 10s), and stops as soon as no threshold is met');
  }
  if (layout === 'split' && !atLeast(parseKubeletVersion(report.node.kubeletVersion), 31)) {
    found.push(
      'before 1.31 a kubelet with images apart from layers evicts only with the gate KubeletSeparateDiskGC; without it, each pass ends with an error',
    );
  }
  if (isPressed) found.push(...pressureSentences(report));
  if (loops.some(loop => loop.owner.startsWith('DaemonSet '))) {
    found.push(
      'the DaemonSet controller tries again after a back-off of 1s that doubles up to 15m, until the pressure ends',
    );
  }
  return found;
}

function pressureSentences(report: NodeReport): readonly string[] {
  const { pressure } = report;
  const period = report.config.ok ? (report.config.value.evictionPressureTransitionPeriod ?? '5m0s') : null;
  const met = report.signals.some(s => pressure.includes(s.info.condition) && (isMet(s) || s.state === 'soft'));
  const stays = period === null ? 'for the transition period' : `for at most ${period}`;
  const lift = met
    ? `${enumerate(pressure)} stays until enough is free, and then ${stays} more (evictionPressureTransitionPeriod)`
    : `nothing is below a threshold any more: ${enumerate(pressure)} lifts ${period === null ? 'after the transition period' : `at most ${period} from now`} (evictionPressureTransitionPeriod)`;
  const taints = pressure.map(condition => `node.kubernetes.io/${TAINTS[condition]}`);
  const refused =
    pressure.length === 1 && pressure[0] === 'MemoryPressure'
      ? 'the kubelet refuses BestEffort pods'
      : 'the kubelet refuses every pod that is not critical, whatever it tolerates';
  return [lift, `until then ${enumerate(taints)} keeps new pods away, and ${refused}`];
}

function advice({ input, report, program }: NodeStoryInput, loops: readonly HotLoop[]): readonly Advice[] {
  const { name } = report.node;
  const found: Advice[] = [];
  if (report.signals.some(isMet)) {
    found.push({
      line: `${program} tune --node ${name} --clear`,
      does: 'the smallest change of thresholds that ends the pressure, explained',
    });
  }
  const disk = report.signals.some(s => isMet(s) && signalInfo(s.signal).condition === 'DiskPressure');
  if (disk && loops.length > 0) {
    found.push({
      line: `${program} status ${name}`,
      does: 'every signal: free space first; deleting the pods only makes the next ones',
    });
  }
  if (input.evicted.ok && input.evicted.value.length > 0) {
    found.push({
      line: `${program} purge -A --node ${name}`,
      does: `removes what is left of ${counted(input.evicted.value.length, 'evicted pod')} (it does not end the pressure)`,
    });
  }
  if (found.length === 0) found.push({ line: `${program} status ${name}`, does: 'every signal of this node' });
  return found;
}
