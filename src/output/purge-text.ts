import { enumerate } from '../eviction/human.ts';
import type { Producer } from '../eviction/producing.ts';
import type { PlanOverview, PurgeItem, PurgeOutcome, PurgeSummary, Share } from '../eviction/purge-tally.ts';
import { clean, cleanShort } from './clean.ts';

const DRY_RUN = { none: '', client: ' (dry run)', server: ' (server dry run)' } as const;

/** One deleted pod, in kubectl's words; empty for what was not deleted. */
export function purgedLine({ pod, outcome }: PurgeItem, dryRun: keyof typeof DRY_RUN): string {
  const name = clean(pod.name);
  const namespace = clean(pod.namespace);
  if (outcome === 'deleted') return `pod "${name}" deleted from ${namespace} namespace${DRY_RUN[dryRun]}\n`;
  if (outcome !== 'terminating') return '';
  return `pod "${name}" terminating in ${namespace} namespace (held by a finalizer)${DRY_RUN[dryRun]}\n`;
}

/** The same as a name. */
export function purgedName({ pod, outcome }: PurgeItem): string {
  return outcome === 'deleted' || outcome === 'terminating' ? `pod/${clean(pod.name)}\n` : '';
}

/** What is worth a line on stderr of its own; empty for the rest. */
export function notPurgedLine({ pod, outcome, why }: PurgeItem): string {
  const where = `pod "${clean(pod.name)}" in ${clean(pod.namespace)} namespace`;
  if (outcome === 'replaced') return `${where} has been replaced by another of that name, which stays\n`;
  if (outcome === 'gone') return `${where} is already gone\n`;
  return outcome === 'kept' && why === 'changed' ? `${where} has changed and is no longer selected: kept\n` : '';
}

const MOST_SHARES = 5;

/** What a plan would delete, for somebody who has to say yes. */
export function overviewText(
  overview: PlanOverview,
  where: { readonly context: string | null; readonly server: string; readonly namespace: string | null },
): string {
  const { count } = overview;
  const context = where.context === null ? '' : `context ${clean(where.context)}, `;
  const scope = where.namespace === null ? 'all namespaces' : `namespace ${clean(where.namespace)}`;
  return [
    `${pods(count)} to delete in ${scope} (${context}server ${clean(where.server)}):\n`,
    share('cause', overview.causes),
    share('node', overview.nodes),
    share('namespace', overview.namespaces),
    share('owner', overview.owners),
    unmarkedText(overview.unmarked),
  ].join('');
}

function share(label: string, shares: readonly Share[]): string {
  const shown = shares.slice(0, MOST_SHARES).map(([value, count]) => `${count} ${cleanShort(value, 80) || 'none'}`);
  const more = shares.length - shown.length;
  return `  by ${label.padEnd(10)} ${shown.join(', ')}${more > 0 ? `, ${more} more` : ''}\n`;
}

function unmarkedText(unmarked: { readonly count: number; readonly examples: readonly string[] }): string {
  if (unmarked.count === 0) return '';
  return `  without the reason Evicted: ${pods(unmarked.count)}: ${examples(unmarked)}\n`;
}

/** How many pods go, for the bare question. */
export function question(count: number): string {
  return `Delete ${count === 1 ? 'this pod' : `these ${count} pods`}? [y/N] `;
}

/** What became of pods, in words. */
export const OUTCOME_TEXT: Readonly<Record<PurgeOutcome, string>> = {
  deleted: 'deleted',
  terminating: 'terminating (held by a finalizer)',
  gone: 'already gone',
  replaced: 'replaced meanwhile (left alone)',
  kept: 'kept',
  failed: 'failed',
};
const OUTCOMES = ['deleted', 'terminating', 'gone', 'replaced', 'kept', 'failed'] as const;

/** The end of a purge, for stderr. */
export function summaryText(
  summary: PurgeSummary,
  how: {
    readonly dryRun: keyof typeof DRY_RUN;
    readonly interrupted: boolean;
    readonly refusal: string | null;
    readonly namespace: string | null;
  },
): string {
  const { counts } = summary;
  const scope = how.namespace === null ? 'any namespace' : `${clean(how.namespace)} namespace`;
  const done = OUTCOMES.filter(outcome => counts[outcome] > 0).map(outcome => {
    const count = counts[outcome];
    if (outcome !== 'deleted') return `${count} ${OUTCOME_TEXT[outcome]}`;
    return `${pods(count)} ${how.dryRun === 'none' ? OUTCOME_TEXT.deleted : 'would be deleted'}`;
  });
  const lines: string[] = [];
  if (done.length > 0) lines.push(done.join(', '));
  else if (how.refusal === null && !how.interrupted) lines.push(`no Evicted pods to delete in ${scope}`);
  if (summary.unmarked.count > 0) {
    lines.push(`  without the reason Evicted: ${pods(summary.unmarked.count)}: ${examples(summary.unmarked)}`);
  }
  for (const group of summary.kept) {
    lines.push(`  kept ${group.count}: ${keptText(group)}: ${examples(group)}`);
  }
  if (how.refusal !== null) lines.push(`nothing was deleted: ${clean(how.refusal)}`);
  if (how.interrupted) lines.push('interrupted: what was sent has been waited for; run it again for the rest');
  return `${lines.join('\n')}\n`;
}

/** Why a group of pods is kept. */
export function keptText({ why, ownerKind }: PurgeSummary['kept'][number]): string {
  const kind = cleanShort(ownerKind, 60) || 'no owner';
  switch (why) {
    case 'owner':
      return `of ${kind}, which may still need them (--include-owner ${kind})`;
    case 'mirror':
      return 'mirror pods: the kubelet would make them anew';
    case 'terminating':
      return `of ${kind}, already being deleted (terminating)`;
    case 'cause':
      return `of ${kind}, evicted for another cause`;
    case 'young':
      return `of ${kind}, evicted too lately`;
    case 'age-unknown':
      return `of ${kind}, nothing tells when they were evicted`;
    case 'unmarked':
      return `of ${kind}, evicted by their condition but without the reason (--include-unmarked)`;
    case 'newest':
      return `of ${kind}, the newest of their owner (--keep)`;
    case 'changed':
      return `of ${kind}, changed meanwhile and no longer selected`;
  }
}

function examples({
  count,
  examples: names,
}: {
  readonly count: number;
  readonly examples: readonly string[];
}): string {
  const shown = names.map(name => cleanShort(name, 120));
  const more = count - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : enumerate(shown);
}

/** A warning that the pods will come back; empty when nothing says so. */
export function producersText(producers: readonly Producer[], program: string): string {
  if (producers.length === 0) return '';
  const node = producers.find(({ kind }) => kind === 'node')?.name;
  const hint = `${program} status${node === undefined ? '' : ` ${clean(node)}`}`;
  return `warning: ${producersSentence(producers)}\n    try: ${hint}\n`;
}

/** Who goes on making Evicted pods; there must be at least one. */
export function producersSentence(producers: readonly Producer[]): string {
  const shown = producers.slice(0, MOST_SHARES).map(({ kind, name, count }) => {
    const of = kind === 'node' ? `node ${cleanShort(name, 120)}` : cleanShort(name, 120);
    return `${of} (${count} in the last 15 minutes)`;
  });
  const more = producers.length - shown.length;
  const all = more > 0 ? `${shown.join(', ')} and ${more} more` : enumerate(shown);
  return `still making Evicted pods: ${all}; purging alone will not help`;
}

function pods(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}

/** One state of the progress line: it overwrites itself, so it carries no line feed. */
export function progressText(
  done: number,
  total: number | null,
  perSecond: number | null,
  columns: number | undefined,
): string {
  const rate = perSecond === null ? '' : `  ${Math.round(perSecond)}/s`;
  const text = total === null ? `purged ${done}${rate}` : `purged ${done} of ${total}${rate}`;
  const room = (columns ?? 80) - text.length - 4;
  if (total === null || room < 10) return `${CLEAR_LINE}${text}`;
  const width = Math.min(40, room);
  const full = total === 0 ? width : Math.min(width, Math.floor((done / total) * width));
  return `${CLEAR_LINE}${text}  [${'#'.repeat(full)}${' '.repeat(width - full)}]`;
}

/** Takes the progress line away again. */
export const CLEAR_LINE = '\r\u001b[K';
