import type { Histogram } from '../eviction/histogram.ts';
import { enumerate, humanPercent } from '../eviction/human.ts';
import type { Instant } from '../eviction/node.ts';
import type { CauseGroup, EvictionReport, GroupCount, OwnerGroup, Ranking, ReportSource } from '../eviction/report.ts';
import { clean, cleanShort } from './clean.ts';
import { type Column, pad, table } from './columns.ts';
import type { ReportHead } from './report-document.ts';
import { unpainted } from './style.ts';

/** Longer texts than this make a table that nobody can read. */
const MOST_CELL = 80;
const MOST_BAR = 60;

/** A report for people: what it is about, four tables, and the histogram. `columns`: of the terminal; undefined: there is none. */
export function reportText(head: ReportHead, report: EvictionReport, columns: number | undefined): string {
  const about = `${reportSummary(head, report).join('\n')}\n`;
  if (report.total === 0) return about;
  return [
    about,
    ranked('CAUSE', report.byCause, report.total, causeText),
    ranked('OWNER', report.byOwner, report.total, ownerText, {
      header: 'NAMESPACE',
      text: group => cleanShort(group.namespace, MOST_CELL),
    }),
    ranked('NODE', report.byNode, report.total, group => group.name || '(not known)'),
    ranked('NAMESPACE', report.byNamespace, report.total, group => group.name || '(not known)'),
    report.histogram === null ? '' : histogramText(report.histogram, columns),
  ]
    .filter(part => part !== '')
    .join('\n');
}

/** A cause in two words: `pressure disk`. */
export function causeText({ kind, resources }: CauseGroup): string {
  const what = resources.join('+');
  return kind === 'unknown' && what === 'unknown' ? kind : `${kind} ${what}`;
}

/** An owner, or why there is none to name; untrusted text. */
export function ownerText({ owner }: OwnerGroup): string {
  if (owner === undefined) return '(not known: the pod is gone)';
  return owner === null ? '(nobody)' : `${owner.kind} ${owner.name}`;
}

const SOURCE_WORDS: Readonly<Record<ReportSource, readonly [one: string, many: string]>> = {
  pod: ['Evicted pod', 'Evicted pods'],
  unmarked: ['pod that lacks the reason', 'pods that lack the reason'],
  archive: ['archived pod', 'archived pods'],
  event: ['event whose pod is gone', 'events whose pods are gone'],
};

/** What a report is about and how much of it is known, a sentence a line. Clean text. */
export function reportSummary(
  head: Pick<ReportHead, 'namespace' | 'since'>,
  report: EvictionReport,
): readonly string[] {
  const { total, sources, times, leftOut } = report;
  const scope = head.namespace === null ? 'all namespaces' : `namespace ${clean(head.namespace)}`;
  const since = head.since === null ? '' : ` since ${minuteText(head.since)} UTC`;
  const known = Object.entries(SOURCE_WORDS).flatMap(([source, words]) => {
    const count = sources[source as ReportSource];
    return count === 0 ? [] : [`${count} ${words[count === 1 ? 0 : 1]}`];
  });
  const lines = [`${evictions(total)} in ${scope}${since}${known.length === 0 ? '' : ': '}${enumerate(known)}`];
  if (report.first !== null && report.last !== null) {
    const notes = [
      times.notLaterThan === 0 ? '' : `${times.notLaterThan} of the times mean "not later than"`,
      times.unknown === 0 ? '' : `${times.unknown} are not known`,
    ].filter(note => note !== '');
    const range = `from ${minuteText(report.first)} to ${minuteText(report.last)} UTC`;
    lines.push(notes.length === 0 ? range : `${range}; ${notes.join(', ')}`);
  }
  const left = leftOut.older + leftOut.timeUnknown;
  if (left > 0) lines.push(`not counted: ${leftOut.older} before that, ${leftOut.timeUnknown} of unknown time`);
  return lines;
}

function ranked<Group extends GroupCount>(
  header: string,
  { groups, others }: Ranking<Group>,
  total: number,
  text: (group: Group) => string,
  more?: Column<Group>,
): string {
  const columns: readonly Column<Group>[] = [
    { header, text: group => cleanShort(text(group), MOST_CELL) },
    ...(more === undefined ? [] : [more]),
    { header: 'EVICTIONS', text: group => String(group.count), align: 'right' },
    { header: 'SHARE', text: group => humanPercent((group.count / total) * 100), align: 'right' },
    { header: 'LAST', text: group => (group.last === null ? '' : minuteText(group.last)) },
  ];
  const rest =
    others.groups === 0 ? '' : `and ${others.groups} more, with ${evictions(others.count)} (--top 0 shows all)\n`;
  return table(columns, groups, { headers: true, paint: unpainted }) + rest;
}

function evictions(count: number): string {
  return count === 1 ? '1 eviction' : `${count} evictions`;
}

/** Evictions over time, one line a bucket. Bars are plain characters, the longest as wide as the terminal leaves room for. */
function histogramText({ width, buckets }: Histogram, columns: number | undefined): string {
  const most = Math.max(...buckets.map(bucket => bucket.count));
  const countWidth = Math.max('EVICTIONS'.length, String(most).length);
  const room = Math.max(10, Math.min(MOST_BAR, (columns ?? 80) - 'YYYY-MM-DD HH:MM'.length - countWidth - 6));
  const lines = buckets.map(({ start, count }) => {
    // What happened at all shows, however little it is beside the rest.
    const bar = count === 0 ? '' : '#'.repeat(Math.max(1, Math.round((count / most) * room)));
    return `${minuteText(start)}   ${pad(String(count), countWidth, 'right')}   ${bar}`.trimEnd();
  });
  const head = `${pad('FROM (UTC)', 16)}   ${pad('EVICTIONS', countWidth, 'right')}   in each ${widthText(width)}`;
  return `${[head, ...lines].join('\n')}\n`;
}

/** The width of a bucket: `5m`, `6h`, `1d`. */
export function widthText(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 60) return `${minutes}m`;
  return minutes < 1440 ? `${minutes / 60}h` : `${minutes / 1440}d`;
}

/** A time in UTC, to the minute. */
export function minuteText(instant: Instant): string {
  return new Date(instant).toISOString().slice(0, 16).replace('T', ' ');
}
