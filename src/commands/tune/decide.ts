import { UsageError } from '../../errors.ts';
import type { Finding } from '../../eviction/findings.ts';
import type { Instant, NodeInput } from '../../eviction/node.ts';
import { type EvictionSettings, withSettings } from '../../eviction/settings.ts';
import { judgeRequest, planChange, type TunePlan, type TuneRefusal, type TuneRequest } from '../../eviction/tune.ts';
import { clearPressure, requestFlags } from '../../eviction/tune-clear.ts';
import { isRisky, plannedFindings, type WhatIf, whatIf } from '../../eviction/tune-what-if.ts';
import type { Base } from './base.ts';
import type { TuneOptions } from './options.ts';

/** What is to be written, and what it will do. */
export interface Decision {
  readonly kind: 'change';
  readonly plan: TunePlan;
  /** Why `--clear` chose it. */
  readonly reasons: readonly string[];
  /** Values that are not written, whatever else is said. */
  readonly refusals: readonly TuneRefusal[];
  readonly whatIf: readonly WhatIf[] | null;
  readonly findings: readonly Finding[];
  /** Why the change is too risky to be written without --force; null: it is not. */
  readonly risk: string | null;
}

/** `--clear` may find that there is nothing to do, or nothing that helps. */
export type Outcome =
  | Decision
  | { readonly kind: 'nothing'; readonly reason: string }
  | { readonly kind: 'impossible'; readonly reason: string };

/** What a decision needs to know of a command line. */
export type DecideOptions = Pick<TuneOptions, 'request' | 'clear' | 'force'>;

/** Turns a base and a request into a plan with its consequences. Pure. @throws UsageError */
export function decide(base: Base, options: DecideOptions, now: Instant): Outcome {
  let { request } = options;
  let reasons: readonly string[] = [];
  if (options.clear) {
    const [node, other] = base.nodes;
    if (node === undefined || other !== undefined) {
      throw new UsageError('--clear looks at one node', { hint: 'name it with --node' });
    }
    const cleared = clearPressure(node, now);
    if (cleared.kind !== 'change') return cleared;
    request = withRequest(cleared.request, request);
    reasons = cleared.reasons;
  }
  const refusals = judgeRequest(request, base.version, options.force);
  const plan = planChange(base.settings, request, { os: base.os, version: base.version });
  const outcomes = base.nodes.map(node => outlook(node, plan.settings, now));
  const known = outcomes.filter(outcome => outcome !== null);
  const findings = base.nodes.flatMap((node, i) => outcomes[i]?.findings ?? plannedFindings(node, plan.settings, now));
  const risky = known.filter(isRisky).map(outcome => outcome.node);
  return {
    kind: 'change',
    plan,
    reasons,
    refusals: refusals.length > 0 ? refusals : plan.problems,
    whatIf: known.length === 0 ? null : known,
    findings: distinct(findings),
    risk: risky.length === 0 || options.force ? null : riskText(risky),
  };
}

/** The what-if of a node, with what else it would take where its pressure stays. */
function outlook(node: NodeInput, settings: EvictionSettings, now: Instant): WhatIf | null {
  const outcome = whatIf(node, settings, now);
  if (outcome === null || outcome.stays.length === 0 || !node.config.ok) return outcome;
  const planned: NodeInput = { ...node, config: { ok: true, value: withSettings(node.config.value, settings) } };
  const more = clearPressure(planned, now);
  return more.kind === 'change' ? { ...outcome, would: requestFlags(more.request) } : outcome;
}

function riskText(nodes: readonly string[]): string {
  const shown = nodes.length > 3 ? `${nodes.slice(0, 3).join(', ')} and ${nodes.length - 3} more` : nodes.join(', ');
  return `not written: on ${shown} less is free than the new threshold asks for, so pods would be evicted at once`;
}

/** What the user names counts over what was found. */
function withRequest(found: TuneRequest, named: TuneRequest): TuneRequest {
  return {
    ...named,
    hard: new Map([...found.hard, ...named.hard]),
    soft: new Map([...found.soft, ...named.soft]),
    minReclaim: new Map([...found.minReclaim, ...named.minReclaim]),
  };
}

/** One node says what all of a group would say. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map(finding => [`${finding.code} ${finding.signals.join()}`, finding])).values()];
}
