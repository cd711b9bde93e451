import type { LivePod, TimelineEntry } from '../eviction/live.ts';
import type { Instant, NodeFacts } from '../eviction/node.ts';
import { evictedPodFromKube, isEvictedPod, nodeFromKube } from './from-kube.ts';
import { amountAt, arrayAt, textAt, timeAt } from './json.ts';
import type { LiveCluster } from './port.ts';
import { type KubeReader, LISTS } from './reader.ts';
import type { Transport } from './transport.ts';
import { type WatchEvent, watchList } from './watch.ts';

/** What a screen shows of a kubelet's sentence; the rest is in the pod. */
const MOST_MESSAGE = 600;
/** Events of one node; more are a storm, and only the newest matter. */
const MOST_TIMELINE = 1000;
const MOST_TEXTS = 2000;

/** Small pages: while one is parsed the screen stands still, and its text is memory that nobody gets back. */
const PAGE = 100;

/** The live view of the cluster behind a transport. */
export function liveCluster(transport: Transport, reader: KubeReader, chunkSize: number | undefined): LiveCluster {
  // Without paging (0) the user wants one answer, whatever its size.
  const page = chunkSize === 0 ? 0 : Math.min(chunkSize ?? PAGE, PAGE);
  const texts = new Interned();
  return {
    watchNodes: (which, signal): AsyncIterable<WatchEvent<NodeFacts>> => {
      const { path, query } = LISTS.nodes(which.selector);
      const fieldSelector = which.name === null ? undefined : `metadata.name=${which.name}`;
      const request = {
        path,
        query: { ...query, fieldSelector },
        translate: (node: unknown) => texts.ofNode(nodeFromKube(node)),
        chunkSize: page,
      };
      return watchList(transport, { ...request, what: 'watch nodes' }, signal);
    },
    watchEvictedPods: (signal): AsyncIterable<WatchEvent<LivePod>> => {
      const { path, query } = LISTS.failedPods;
      return watchList(transport, { path, query, translate: livePod, chunkSize: page, what: 'watch pods' }, signal);
    },
    timeline: async node => {
      const about = `involvedObject.kind=Node,involvedObject.name=${node}`;
      const listed = await reader.list({ ...LISTS.events(about), translate: timelineEntry, most: MOST_TIMELINE });
      return listed.items;
    },
  };
}

/** Thousands of nodes say the same few things: each text is kept once. */
class Interned {
  readonly #texts = new Map<string, string>();

  ofNode(node: NodeFacts): NodeFacts {
    const one = (text: string): string => this.#one(text);
    return {
      ...node,
      labels: new Map([...node.labels].map(([key, value]) => [one(key), one(value)])),
      conditions: node.conditions.map(c => ({
        ...c,
        type: one(c.type),
        reason: one(c.reason),
        message: one(c.message),
      })),
      kubeletVersion: one(node.kubeletVersion),
      operatingSystem: one(node.operatingSystem),
      architecture: one(node.architecture),
      osImage: one(node.osImage),
      kernelVersion: one(node.kernelVersion),
      containerRuntime: one(node.containerRuntime),
    };
  }

  #one(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    // Texts that differ from node to node would only pile up here.
    if (this.#texts.size < MOST_TEXTS) this.#texts.set(text, text);
    return text;
  }
}

/** An Evicted v1.Pod as a list shows it; null for any other. */
export function livePod(pod: unknown): LivePod | null {
  if (!isEvictedPod(pod)) return null;
  const message = textAt(pod, 'status', 'message').slice(0, MOST_MESSAGE);
  return { ...evictedPodFromKube(pod), message, evictedAt: evictedAt(pod) };
}

/**
 * When a pod was evicted, as well as the object tells: the DisruptionTarget transition, the last container to finish, the
 * kubelet's last status write ("not later than").
 */
function evictedAt(pod: unknown): Instant | null {
  const disruption = arrayAt(pod, 'status', 'conditions').find(c => textAt(c, 'type') === 'DisruptionTarget');
  const transition = timeAt(disruption, 'lastTransitionTime');
  if (transition !== null) return transition;
  const ends = arrayAt(pod, 'status', 'containerStatuses').map(c => timeAt(c, 'state', 'terminated', 'finishedAt'));
  const end = latest(ends);
  if (end !== null) return end;
  const writes = arrayAt(pod, 'metadata', 'managedFields').filter(f => textAt(f, 'manager') === 'kubelet');
  return latest(writes.map(f => timeAt(f, 'time'))) ?? timeAt(pod, 'status', 'startTime');
}

function latest(times: readonly (Instant | null)[]): Instant | null {
  // A container that never ran carries the zero time.
  const known = times.filter(time => time !== null && time > 0);
  return known.length === 0 ? null : known.reduce((a, b) => Math.max(a ?? 0, b ?? 0), 0);
}

/** A v1.Event of a node as a line of its timeline. */
export function timelineEntry(event: unknown): TimelineEntry {
  return {
    at:
      timeAt(event, 'series', 'lastObservedTime') ??
      timeAt(event, 'lastTimestamp') ??
      timeAt(event, 'eventTime') ??
      timeAt(event, 'metadata', 'creationTimestamp'),
    type: textAt(event, 'type'),
    reason: textAt(event, 'reason'),
    about: '',
    message: textAt(event, 'message').slice(0, MOST_MESSAGE),
    count: Math.max(1, amountAt(event, 'series', 'count') ?? amountAt(event, 'count') ?? 1),
  };
}
