import type { EvictionEvidence } from '../eviction/decode.ts';
import type { TombstoneFacts } from '../eviction/tombstone.ts';
import { arrayAt, objectAt, textAt } from './json.ts';
import { evidenceFromKube, tombstoneFromKube } from './tombstone-from-kube.ts';

/** One line of an archive that purge wrote: a pod with its event, or why it is none. Every text is untrusted. */
export type ArchiveEntry =
  | {
      readonly ok: true;
      readonly line: number;
      readonly pod: TombstoneFacts;
      /** Its `Evicted` event, where the archive has it. */
      readonly evidence: EvictionEvidence | null;
    }
  | {
      readonly ok: false;
      readonly line: number;
      /** A clause: `is no JSON`. */
      readonly error: string;
      /** The last line, and without an end: what an interrupted write leaves. */
      readonly torn: boolean;
    };

/** Reads a line of an archive. @param number of the line, from 1 */
export function archiveEntry(text: string, number: number, isWhole: boolean): ArchiveEntry {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return { ok: false, line: number, error: isWhole ? 'is no JSON' : 'is cut off', torn: !isWhole };
  }
  const isArchived = textAt(record, 'kind') === 'ArchivedPod' && textAt(record, 'apiVersion') === 'kubectl-evict/v1';
  const pod = objectAt(record, 'pod');
  if (!isArchived || textAt(pod, 'metadata', 'name') === '') {
    return { ok: false, line: number, error: 'is no archived pod', torn: false };
  }
  const facts = tombstoneFromKube(pod);
  return { ok: true, line: number, pod: facts, evidence: evidenceIn(arrayAt(record, 'events'), facts.uid) };
}

/** The first of the pod's `Evicted` events. */
function evidenceIn(events: readonly unknown[], uid: string): EvictionEvidence | null {
  let first: EvictionEvidence | null = null;
  for (const event of events) {
    const found = evidenceFromKube(event);
    if (found === null || found.uid !== uid) continue;
    if (first === null || (found.evidence.at ?? Number.MAX_VALUE) < (first.at ?? Number.MAX_VALUE)) {
      first = found.evidence;
    }
  }
  return first;
}
