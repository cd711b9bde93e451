import type { Cluster } from '../cluster/port.ts';
import type { EvictionEvidence } from '../eviction/decode.ts';
import type { Instant } from '../eviction/node.ts';
import { type EvictedEvent, evictionOfPod, type ReportedEviction } from '../eviction/report.ts';
import type { ReportError } from '../output/report-document.ts';
import { read } from './reading.ts';

/** What evictions are looked for. */
export interface EvictionsQuery {
  /** Null: all. */
  readonly namespace: string | null;
  /** How the user calls the program, for remedies. */
  readonly program: string;
  readonly signal: AbortSignal;
}

/** Takes what a cluster tells of evictions. */
export interface EvictionsSink {
  /** The API server's clock; null: it did not say. Comes before any eviction. */
  readonly learnTime: (serverTime: Instant | null) => void;
  readonly add: (eviction: ReportedEviction) => void;
  /** Something could not be read, or not whole. */
  readonly note: (error: ReportError) => void;
}

/** What a cluster has told beside the evictions themselves. */
export interface EvictionsRead {
  /** To be counted after everything surer: an eviction that several know is counted once. Null: they could not be read. */
  readonly events: readonly EvictedEvent[] | null;
  /** What kept the pods from being read; undefined: nothing. */
  readonly podsCause: unknown;
}

/**
 * Reads the evictions that a cluster still knows: events first, which tell when; then pods, page by page. A missing right costs its
 * part, and is noted. Only interruption and our own bugs reject.
 */
export async function readEvictions(
  cluster: Cluster,
  query: EvictionsQuery,
  sink: EvictionsSink,
): Promise<EvictionsRead> {
  const events = await readEvents(cluster, query, sink);
  const counting = countPods(cluster, query, evidenceOf(events ?? []), sink);
  const counted = await read(counting, 'list pods', query.program, 'report');
  if (counted.ok) return { events, podsCause: undefined };
  const { reason, message, remedy } = counted.problem;
  sink.note({ what: 'pods', file: null, reason, message, remedy });
  return { events, podsCause: counted.cause };
}

/** @returns null when they cannot be read */
async function readEvents(
  cluster: Cluster,
  { namespace, program }: EvictionsQuery,
  { learnTime, note }: EvictionsSink,
): Promise<readonly EvictedEvent[] | null> {
  const listed = await read(cluster.evictedEvents(namespace), 'list events', program, 'report');
  if (!listed.ok) {
    note({ what: 'events', file: null, ...listed.problem });
    return null;
  }
  learnTime(listed.value.serverTime);
  if (listed.value.cut) {
    const message = 'there are more than 10,000 eviction events: only the first were read';
    note({ what: 'events', file: null, reason: 'too-large', message, remedy: null });
  }
  return listed.value.items;
}

/** By pod uid. Of several events about a pod the first tells when it was evicted. */
function evidenceOf(events: readonly EvictedEvent[]): ReadonlyMap<string, EvictionEvidence> {
  const evidence = new Map<string, EvictionEvidence>();
  for (const event of events) {
    const at = event.evidence.at ?? Number.MAX_VALUE;
    if (at <= (evidence.get(event.uid)?.at ?? Number.MAX_VALUE)) evidence.set(event.uid, event.evidence);
  }
  return evidence;
}

async function countPods(
  cluster: Cluster,
  { namespace, signal }: EvictionsQuery,
  evidence: ReadonlyMap<string, EvictionEvidence>,
  { learnTime, add }: EvictionsSink,
): Promise<void> {
  const query = { namespace, selector: null, node: null, succeeded: true };
  for await (const { items, serverTime } of cluster.purging.tombstones(query, signal)) {
    learnTime(serverTime);
    for (const { facts } of items) {
      const eviction = evictionOfPod(facts, evidence.get(facts.uid) ?? null, false);
      if (eviction !== null) add(eviction);
    }
  }
}
