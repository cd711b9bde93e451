import type { Cluster } from '../../cluster/port.ts';
import { EvictError, UsageError } from '../../errors.ts';
import type { Instant } from '../../eviction/node.ts';
import type { TuneRefusal } from '../../eviction/tune.ts';
import type { TuneReport } from '../../eviction/tune-report.ts';
import type { Base } from './base.ts';
import { type DecideOptions, decide } from './decide.ts';
import { type DocumentOptions, makeDocuments } from './documents.ts';
import { firstVictims } from './victims.ts';

/** The report with its document and the one that takes it back, or why there is nothing to do. */
export type Produced =
  | { readonly kind: 'made'; readonly report: TuneReport; readonly today: string }
  | { readonly kind: 'nothing'; readonly reason: string };

/**
 * The way from a base and a request to a document, the same for the command line and the screen. A risk that nobody took upon
 * himself is part of the report (`refusal`), which then has no document.
 *
 * @throws UsageError for a value that is refused; EvictError when nothing helps, or the target cannot carry the change
 */
export async function produce(
  base: Base,
  options: DecideOptions & DocumentOptions,
  cluster: Cluster | null,
  now: Instant,
): Promise<Produced> {
  const decision = decide(base, options, now);
  if (decision.kind === 'nothing') return decision;
  if (decision.kind === 'impossible') {
    throw new EvictError(`no threshold ends the pressure: ${decision.reason}`, { hint: 'free some of it first' });
  }
  if (decision.refusals.length > 0) throw refusedRequest(decision.refusals);
  const configMap = options.to === 'kubeadm-configmap' && cluster ? await cluster.tuning.kubeletConfigMap() : null;
  const victims = await firstVictims(cluster, base, decision, options.program);
  const made = makeDocuments(base, decision, options, configMap, victims);
  if (!made.ok) throw new EvictError(made.error, { hint: made.hint });
  return { kind: 'made', report: made.report, today: made.today };
}

function refusedRequest([first, ...rest]: readonly TuneRefusal[]): UsageError {
  const others = rest.map(refusal => refusal.message).join('; ');
  const more = rest.length > 0 ? ` (and ${rest.length} more: ${others})` : '';
  return new UsageError(`${first?.message ?? 'refused'}${more}`, { hint: first?.hint ?? undefined });
}
