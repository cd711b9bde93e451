import type { Instant } from '../eviction/node.ts';
import type { EvictionReport, GroupCount, NamedGroup, Ranking } from '../eviction/report.ts';
import { API_VERSION } from './status-document.ts';

/** Something that could not be read, and what that costs. Untrusted text. */
export interface ReportError {
  /** `pods`, `events`, or `archive`. */
  readonly what: 'pods' | 'events' | 'archive';
  /** The archive; null: it is not about one. */
  readonly file: string | null;
  readonly reason: string;
  readonly message: string;
  readonly remedy: string | null;
}

/** What a report was made from. */
export interface ReportHead {
  readonly takenAt: Instant;
  readonly context: string | null;
  /** Null: no cluster was asked. */
  readonly server: string | null;
  /** Null: all namespaces. */
  readonly namespace: string | null;
  readonly since: Instant | null;
  /** Archives that were read; `-` is stdin. */
  readonly files: readonly string[];
}

/** A report as an `EvictionReport`: the shape of `docs/schemas/eviction-report.json`. */
export function evictionReport(head: ReportHead, report: EvictionReport, errors: readonly ReportError[]): object {
  return {
    apiVersion: API_VERSION,
    kind: 'EvictionReport',
    metadata: { ...head, takenAt: time(head.takenAt), since: time(head.since) },
    summary: {
      evictions: report.total,
      sources: report.sources,
      times: report.times,
      leftOut: report.leftOut,
      first: time(report.first),
      last: time(report.last),
    },
    byOwner: ranking(report.byOwner, ({ namespace, owner }) => ({
      namespace,
      owner: owner ?? null,
      ownerKnown: owner !== undefined,
    })),
    byNode: ranking(report.byNode, named),
    byNamespace: ranking(report.byNamespace, named),
    byCause: ranking(report.byCause, ({ kind, resources }) => ({ kind, resources })),
    histogram:
      report.histogram === null
        ? null
        : {
            bucketSeconds: report.histogram.width / 1000,
            buckets: report.histogram.buckets.map(({ start, count }) => ({ start: time(start), count })),
          },
    errors,
  };
}

function named({ name }: NamedGroup): object {
  return { name };
}

function ranking<Group extends GroupCount>(
  { groups, others }: Ranking<Group>,
  common: (group: Group) => object,
): object {
  return {
    groups: groups.map(group => ({
      ...common(group),
      count: group.count,
      first: time(group.first),
      last: time(group.last),
    })),
    others,
  };
}

/** The tally lets only times of this age through, so each has a text. */
function time(instant: Instant | null): string | null {
  return instant === null ? null : new Date(instant).toISOString();
}
