import type { Eviction } from '../eviction/decode.ts';
import type { TimelineEntry } from '../eviction/live.ts';
import type { WrittenUse } from '../eviction/message.ts';
import type { Instant, Reading } from '../eviction/node.ts';
import type { PodFacts } from '../eviction/pod.ts';
import type { RankKeys } from '../eviction/rank.ts';
import type { SignalReport } from '../eviction/signal-report.ts';
import type { SurveyError } from '../eviction/survey.ts';
import type { Advice, NodeStory } from '../eviction/why-node.ts';
import { type NodeOrder, placeReason } from '../eviction/why-order.ts';
import type { PodStory } from '../eviction/why-pod.ts';
import type { Consumer } from '../eviction/why-use.ts';
import { API_VERSION, time } from './status-document.ts';

/** A story, when it was taken, and what is missing. */
interface Told<Story> {
  readonly story: Story;
  readonly takenAt: Instant;
  readonly errors: readonly SurveyError[];
}

/** Where it was taken. */
interface Where {
  readonly context: string | null;
  readonly server: string;
}

/** The newest entries that a document carries. */
const MOST_TIMELINE = 500;
const MOST_IMAGES = 50;

/** A node's story as a `NodeReport`: the shape of `docs/schemas/node-report.json`. What could not be read is null, and in `errors`. */
export function nodeReportDocument({ story, takenAt, errors }: Told<NodeStory>, where: Where): object {
  const { report } = story;
  return {
    ...head('NodeReport', takenAt, where),
    node: nodeState(story.report),
    story: story.story,
    next: story.next,
    advice: adviceOf(story.advice),
    layout: story.layout,
    // The API names no device: equal figures are all there is.
    layoutBy: story.layout === null ? null : 'inferred',
    signals: report.signals.map(signalOf),
    evictionOrder: story.orders === null ? null : story.orders.map(orderOf),
    consumers: story.consumers === null ? null : story.consumers.map(consumerOf),
    images: {
      count: story.images.length,
      bytes: story.images.reduce((sum, { size }) => sum + size, 0),
      largest: story.images.slice(0, MOST_IMAGES).map(({ name, size }) => ({ name, bytes: size })),
    },
    loops: story.loops,
    findings: report.findings,
    timeline: timelineOf(story.timeline),
    errors,
  };
}

/** A pod's story as a `PodEviction`: the shape of `docs/schemas/pod-eviction.json`. */
export function podEvictionDocument({ story, takenAt, errors }: Told<PodStory>, where: Where): object {
  const { pod, tombstone, eviction, signal, aftermath } = story;
  const message = eviction?.message ?? null;
  return {
    ...head('PodEviction', takenAt, where),
    pod: {
      ...podRef(pod),
      node: pod.node === '' ? null : pod.node,
      phase: tombstone.phase,
      reason: tombstone.reason,
      priority: pod.priority ?? 0,
      priorityClass: pod.priorityClass,
      createdAt: time(pod.createdAt),
    },
    verdict: story.verdict,
    cause: eviction === null ? null : { kind: eviction.kind, resources: eviction.resources },
    evictedAt: evictedAt(eviction),
    signal:
      signal === null ? null : { name: signal.signal, certainty: signal.certainty, candidates: signal.candidates },
    threshold: message?.threshold ?? null,
    available: message?.available ?? null,
    limit: message?.limit ?? null,
    containers: (eviction?.containers ?? []).map(useOf),
    message: eviction?.text ?? tombstone.message,
    story: story.story,
    next: story.next,
    advice: adviceOf(story.advice),
    recreatedBy: aftermath?.recreatedBy ?? null,
    purge: aftermath === null ? null : { safe: aftermath.purgeable, why: aftermath.purge },
    node: story.node === null ? null : nodeState(story.node),
    timeline: timelineOf(story.timeline),
    errors,
  };
}

function head(kind: 'NodeReport' | 'PodEviction', takenAt: Instant, { context, server }: Where): object {
  return { apiVersion: API_VERSION, kind, metadata: { takenAt: time(takenAt), context, server } };
}

function nodeState(report: NodeStory['report']): object {
  const { node, freshness } = report;
  return {
    name: node.name,
    state: report.state,
    bindingSignal: report.binding,
    explanation: report.explanation,
    pressure: report.pressure,
    uncertain: report.uncertain,
    since: time(report.since),
    stale: freshness.stale,
    kubeletVersion: node.kubeletVersion,
    os: node.operatingSystem,
    evictedPods: report.evicted.ok ? report.evicted.value : null,
  };
}

function signalOf(report: SignalReport): object {
  const limit = report.hard ?? report.soft;
  return {
    signal: report.signal,
    state: report.state,
    unit: report.info.unit,
    available: report.observation?.available ?? null,
    capacity: report.observation?.capacity ?? null,
    threshold: limit === null ? null : { value: limit.threshold.value.text, amount: limit.amount?.amount ?? null },
    headroom: report.headroom,
  };
}

function orderOf(one: NodeOrder): object {
  const { occasion, order } = one;
  return {
    occasion,
    signal: order.signal,
    unit: order.unit,
    layout: order.layout,
    victims: order.victims.map(victim => ({
      place: victim.place,
      tied: victim.tied,
      ...podRef(victim.pod),
      terminating: victim.pod.terminating,
      priorityClass: victim.pod.priorityClass,
      ...keysOf(victim.keys),
      why: placeReason(victim, order),
    })),
    spared: order.spared.map(({ pod, why, keys }) => ({ ...podRef(pod), why, ...keysOf(keys) })),
  };
}

function podRef({ namespace, name, uid, owner }: PodFacts): object {
  return { namespace, name, uid, owner };
}

function keysOf({ priority, over, usage, request, excess }: RankKeys): object {
  return { priority, overRequest: over, usage, request, excess };
}

function consumerOf({ pod, memory, processes, rootfs, logs, volumes }: Consumer): object {
  return { ...podRef(pod), memory, processes, rootfs, logs, volumes };
}

function evictedAt(eviction: Eviction | null): object | null {
  const when = eviction?.time ?? null;
  return when === null ? null : { time: time(when.at), source: when.source, exact: when.exact };
}

function useOf({ name, usage, request }: WrittenUse): object {
  return { name, usage, request };
}

function adviceOf(advice: readonly Advice[]): readonly object[] {
  return advice.map(({ line, does }) => ({ command: line, does }));
}

function timelineOf(timeline: Reading<readonly TimelineEntry[]>): readonly object[] | null {
  if (!timeline.ok) return null;
  return timeline.value.slice(0, MOST_TIMELINE).map(({ at, type, reason, about, message, count }) => ({
    time: time(at),
    type,
    reason,
    about,
    message,
    count,
  }));
}
