import type { Candidate } from '../eviction/plan.ts';
import { ownerKindOf, type PurgeItem, type PurgeSummary } from '../eviction/purge-tally.ts';
import { escapeInQuotes } from './clean.ts';
import { toYaml } from './documents.ts';
import { API_VERSION } from './status-document.ts';

/** What a purge was, for the head of its document. */
export interface PurgeHead {
  readonly takenAt: number;
  readonly context: string | null;
  readonly server: string;
  /** Null: all namespaces. */
  readonly namespace: string | null;
  readonly dryRun: 'none' | 'client' | 'server';
}

/** How a purge ended, for the foot of its document. */
export interface PurgeFoot {
  readonly summary: PurgeSummary;
  readonly interrupted: boolean;
  /** Why nothing was deleted: a cap was exceeded, or the question was answered with no. */
  readonly refusal: string | null;
}

/**
 * A `PurgeResult` in pieces, so that it can be written while the purge runs and its size costs no memory: `head`, then each item,
 * then `foot`; together one document of `docs/schemas/purge-result.json`.
 */
export interface DocumentWriter {
  head(head: PurgeHead): string;
  item(item: PurgeItem): string;
  foot(foot: PurgeFoot): string;
}

/** The document as JSON, two blanks deep. */
export function purgeJson(): DocumentWriter {
  let count = 0;
  return {
    head: head => `${open(indented(headOf(head)))},\n  "items": [`,
    item: item => {
      count += 1;
      return `${count === 1 ? '' : ','}\n    ${indented(itemOf(item)).replaceAll('\n', '\n    ')}`;
    },
    foot: foot => {
      const rest = indented(footOf(foot));
      return `${count === 0 ? '' : '\n  '}],\n${rest.slice(rest.indexOf('\n') + 1)}\n`;
    },
  };
}

/** Without the closing brace. */
function open(object: string): string {
  return object.slice(0, object.lastIndexOf('\n'));
}

function indented(value: object): string {
  return escapeInQuotes(JSON.stringify(value, null, 2));
}

/** The document as YAML. */
export function purgeYaml(): DocumentWriter {
  let count = 0;
  return {
    head: head => toYaml(headOf(head)),
    item: item => {
      count += 1;
      return `${count === 1 ? 'items:\n' : ''}${toYaml([itemOf(item)])}`;
    },
    foot: foot => `${count === 0 ? 'items: []\n' : ''}${toYaml(footOf(foot))}`,
  };
}

function headOf(head: PurgeHead): object {
  const { context, server, namespace, dryRun } = head;
  return {
    apiVersion: API_VERSION,
    kind: 'PurgeResult',
    metadata: { takenAt: new Date(head.takenAt).toISOString(), context, server, namespace, dryRun },
  };
}

function itemOf({ pod, outcome, why, error }: PurgeItem): object {
  const [kind = '', resources = ''] = pod.cause.split(' ');
  const ownerKind = ownerKindOf(pod);
  return {
    namespace: pod.namespace,
    name: pod.name,
    uid: pod.uid,
    node: pod.node,
    owner: pod.owner === '' ? null : { kind: ownerKind, name: pod.owner.slice(ownerKind.length + 1) },
    class: pod.class,
    cause: { kind, resources: resources === '' ? ['unknown'] : resources.split('+') },
    evictedAt: evictedAt(pod),
    outcome,
    why,
    error,
  };
}

function evictedAt({ evictedAt: at }: Candidate): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function footOf({ summary, interrupted, refusal }: PurgeFoot): object {
  return {
    summary: {
      evictedInScope: summary.evictedInScope,
      ...summary.counts,
      interrupted,
      refusal,
    },
    errors: summary.errors,
  };
}
