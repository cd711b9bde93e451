import type { EvictionSettings } from '../eviction/settings.ts';
import type { TuneReport } from '../eviction/tune-report.ts';
import type { WhatIf } from '../eviction/tune-what-if.ts';
import { API_VERSION } from './status-document.ts';

/** A report as a `TuneResult`: the shape of `docs/schemas/tune-result.json`. */
export function tuneResult(report: TuneReport): object {
  const { base, plan } = report;
  return {
    apiVersion: API_VERSION,
    kind: 'TuneResult',
    base: {
      kind: base.kind,
      label: base.label,
      nodes: base.nodes,
      file: base.file,
      kubeletVersion: base.kubeletVersion,
      os: base.os,
      settings: settingsDocument(base.settings),
    },
    changes: plan.changes,
    settings: settingsDocument(plan.settings),
    reasons: report.reasons,
    whatIf: report.whatIf === null ? 'unknown' : report.whatIf.map(outcome),
    firstVictims: report.victims,
    findings: report.findings,
    warnings: report.warnings,
    target: report.target,
    place: report.place,
    apply: report.apply,
    verify: report.verify,
    refusal: report.refusal,
    document: report.document,
    errors: [],
  };
}

/** Settings with plain maps; keys are text, even `__proto__`. */
export function settingsDocument(settings: EvictionSettings): object {
  return {
    evictionHard: Object.fromEntries(settings.evictionHard),
    evictionSoft: Object.fromEntries(settings.evictionSoft),
    evictionSoftGracePeriod: Object.fromEntries(settings.evictionSoftGracePeriod),
    evictionMinimumReclaim: Object.fromEntries(settings.evictionMinimumReclaim),
    evictionPressureTransitionPeriod: settings.evictionPressureTransitionPeriod,
    evictionMaxPodGracePeriod: settings.evictionMaxPodGracePeriod,
  };
}

function outcome(whatIf: WhatIf): object {
  const { node, clears, stays, raises, signals, liftsWithinSeconds, would } = whatIf;
  return { node, clears, stays, raises, liftsWithinSeconds, would, signals };
}
