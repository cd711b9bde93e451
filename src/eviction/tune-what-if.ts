import { assessNode, PRESSURE_CONDITIONS } from './assess.ts';
import { durationSeconds, parseDuration } from './duration.ts';
import { type Finding, type FindingCode, sortFindings } from './findings.ts';
import { enumerate, humanAmount } from './human.ts';
import type { Instant, NodeInput } from './node.ts';
import { type EvictionSettings, withSettings } from './settings.ts';
import type { PressureCondition, Signal } from './signal.ts';
import { isCopy, type SignalReport } from './signal-report.ts';

/** One signal before and after a change, in the signal's unit. */
export interface SignalOutlook {
  readonly signal: Signal;
  readonly unit: 'bytes' | 'inodes' | 'pids';
  readonly available: number;
  readonly capacity: number;
  /** The threshold that is met first now (hard, else soft); null: none armed. */
  readonly thresholdNow: number | null;
  readonly thresholdThen: number | null;
  /** The hard threshold alone; null: none armed. */
  readonly hardNow: number | null;
  readonly hardThen: number | null;
  /** Available minus {@link thresholdThen}; null without a threshold. */
  readonly headroomThen: number | null;
  /**
   * - `clears`: met now, no longer afterwards; `binds`: met now and afterwards
   * - `trips`: met afterwards, and not now, or now by a lower threshold
   * - `quiet`: not met afterwards, nor now
   */
  readonly outlook: 'clears' | 'binds' | 'trips' | 'quiet';
}

/** What a change does to one node, against its live figures. */
export interface WhatIf {
  readonly node: string;
  /** Conditions that are True now and have no reason left afterwards. */
  readonly clears: readonly PressureCondition[];
  /** Conditions that are True now and stay so. */
  readonly stays: readonly PressureCondition[];
  /** Conditions that the change itself raises. */
  readonly raises: readonly PressureCondition[];
  /** The flags that would end what stays, beside the change; null: nothing stays, or nothing would. */
  readonly would: string | null;
  /** Observed signals that are armed now or afterwards; copies left out. */
  readonly signals: readonly SignalOutlook[];
  /** Seconds that a cleared condition may still stand (the transition period); null where nothing clears. */
  readonly liftsWithinSeconds: number | null;
  /** What the findings of `status` will be, as far as configuration decides them; `threshold-above-free` added. */
  readonly findings: readonly Finding[];
}

/** The findings that a configuration alone, or a configuration against figures, can have. */
const CONFIG_FINDINGS: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'threshold-wiped',
  'eviction-off',
  'single-disk-imagefs-binds',
  'gc-after-eviction',
  'soft-below-hard',
  'soft-kills-at-once',
  'min-reclaim-unreachable',
  'no-min-reclaim',
  'transition-short',
  'memcg-notification-useless',
]);

function isMet(report: SignalReport): boolean {
  return report.state === 'BREACHED' || report.state === 'soft';
}

/** The threshold that is met first: a soft one above the hard one counts. */
function thresholdOf(report: SignalReport): number | null {
  const amounts = [report.hard?.amount?.amount, report.soft?.amount?.amount].filter(a => a !== undefined);
  return amounts.length === 0 ? null : Math.max(...amounts);
}

/**
 * What happens to a node that restarts its kubelet with these settings, by its present figures. Null when its configuration or
 * figures could not be read: then nobody can say.
 */
export function whatIf(input: NodeInput, settings: EvictionSettings, now: Instant): WhatIf | null {
  if (!input.config.ok || !input.stats.ok) return null;
  // A restarted kubelet has forgotten which thresholds were met: minimum reclaim and transition start anew.
  const calm: NodeInput = { ...input, node: { ...input.node, conditions: [] } };
  const before = assessNode(calm, { now });
  const config = withSettings(input.config.value, settings);
  const after = assessNode({ ...calm, config: { ok: true, value: config } }, { now });
  const signals = after.signals
    .filter(report => !isCopy(report))
    .flatMap(report => {
      const past = before.signals.find(s => s.signal === report.signal) ?? report;
      return report.observation === null || (thresholdOf(past) ?? thresholdOf(report)) === null
        ? []
        : [outlook(past, report, report.observation)];
    });
  const conditionOf = (signal: Signal): PressureCondition | undefined =>
    after.signals.find(s => s.signal === signal)?.info.condition;
  const met = (outlooks: readonly SignalOutlook['outlook'][], condition: PressureCondition): boolean =>
    signals.some(s => outlooks.includes(s.outlook) && conditionOf(s.signal) === condition);
  const isTrue = (type: PressureCondition): boolean =>
    input.node.conditions.some(c => c.type === type && c.status === 'True');
  const under = PRESSURE_CONDITIONS.filter(isTrue);
  const clears = under.filter(condition => !met(['binds', 'trips'], condition));
  const period = parseDuration(settings.evictionPressureTransitionPeriod ?? '5m');
  return {
    node: input.node.name,
    clears,
    stays: under.filter(condition => met(['binds', 'trips'], condition)),
    raises: PRESSURE_CONDITIONS.filter(condition => !isTrue(condition) && met(['trips'], condition)),
    would: null,
    signals,
    liftsWithinSeconds: clears.length > 0 && period.ok ? durationSeconds(period.value) : null,
    findings: configFindings(after.findings, signals),
  };
}

function outlook(
  past: SignalReport,
  report: SignalReport,
  observation: { readonly available: number; readonly capacity: number },
): SignalOutlook {
  const thresholdNow = thresholdOf(past);
  const thresholdThen = thresholdOf(report);
  const raised = (thresholdThen ?? 0) > (thresholdNow ?? 0);
  const afterwards = isMet(past) && !raised ? 'binds' : 'trips';
  const over = isMet(past) ? 'clears' : 'quiet';
  return {
    signal: report.signal,
    unit: report.info.unit,
    available: observation.available,
    capacity: observation.capacity,
    thresholdNow,
    thresholdThen,
    hardNow: past.hard?.amount?.amount ?? null,
    hardThen: report.hard?.amount?.amount ?? null,
    headroomThen: thresholdThen === null ? null : observation.available - thresholdThen,
    outlook: isMet(report) ? afterwards : over,
  };
}

/** The findings of a planned configuration without any figures to hold it against. */
export function plannedFindings(input: NodeInput, settings: EvictionSettings, now: Instant): readonly Finding[] {
  if (!input.config.ok) return [];
  const config = withSettings(input.config.value, settings);
  const calm: NodeInput = { ...input, node: { ...input.node, conditions: [] }, config: { ok: true, value: config } };
  return configFindings(assessNode(calm, { now }).findings, []);
}

function configFindings(all: readonly Finding[], signals: readonly SignalOutlook[]): readonly Finding[] {
  const found = all
    .filter(finding => CONFIG_FINDINGS.has(finding.code))
    // Somebody who changes thresholds is about to be surprised by this one.
    .map(f => (f.code === 'single-disk-imagefs-binds' ? { ...f, severity: 'warning' as const } : f));
  const trips = signals.filter(s => s.outlook === 'trips');
  if (trips.length === 0) return sortFindings(found);
  const parts = trips.map(s => {
    const amount = (value: number | null): string => humanAmount(value ?? Number.NaN, s.unit);
    return `${s.signal}: ${amount(s.thresholdThen)} must be free and ${amount(s.available)} is`;
  });
  const above: Finding = {
    code: 'threshold-above-free',
    severity: 'error',
    signals: trips.map(s => s.signal),
    message: `${enumerate(parts)}: the new threshold is met at once, and pods are evicted until it no longer is`,
    remedy: 'free space first, or choose a lower threshold; --force writes it all the same',
  };
  return sortFindings([above, ...found]);
}

/** Whether a change would make a node evict that does not do so now. */
export function isRisky(outcome: WhatIf): boolean {
  return outcome.signals.some(s => s.outlook === 'trips');
}
