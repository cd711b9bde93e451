import type { EvictionConfig } from './config.ts';
import { durationSeconds, parseDuration } from './duration.ts';
import type { Freshness } from './freshness.ts';
import type { HotLoop } from './hot-loop.ts';
import { enumerate, humanAge, humanAmount, humanPercent } from './human.ts';
import type { NodeStats, Reading, ReadProblem } from './node.ts';
import type { NodeOs, PressureCondition, Signal } from './signal.ts';
import { defaultEvictionHard } from './signal.ts';
import { headroomShare, isCopy, type SignalReport } from './signal-report.ts';
import type { KubeletVersion } from './version.ts';

/** How much a finding matters. `--exit-code` counts warnings and errors. */
export type Severity = 'error' | 'warning' | 'info';

/** Every code a finding can carry: a promise to programs. `threshold-above-free` is for planned changes only. */
export const FINDING_CODES = [
  'threshold-wiped',
  'eviction-off',
  'breached',
  'soft-breached',
  'near-threshold',
  'recovering',
  'single-disk-imagefs-binds',
  'gc-after-eviction',
  'soft-below-hard',
  'soft-kills-at-once',
  'min-reclaim-unreachable',
  'no-min-reclaim',
  'transition-short',
  'threshold-above-free',
  'memcg-notification-useless',
  'page-cache',
  'config-drift',
  'hot-loop',
  'stale',
  'kubelet-unreadable',
] as const;

/** One of {@link FINDING_CODES}. */
export type FindingCode = (typeof FINDING_CODES)[number];

/** Something about a node that its owner should know, with what to do. The texts may hold untrusted text. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** The signals it is about, in display order; empty: the node as a whole. */
  readonly signals: readonly Signal[];
  readonly message: string;
  readonly remedy: string;
}

/** What the findings of one node are drawn from. */
export interface FindingContext {
  readonly name: string;
  readonly os: NodeOs;
  readonly version: KubeletVersion | null;
  readonly pressure: readonly PressureCondition[];
  readonly signals: readonly SignalReport[];
  readonly config: Reading<EvictionConfig>;
  readonly stats: Reading<NodeStats>;
  readonly freshness: Freshness;
  readonly cgroup: 1 | 2 | null;
  /** See {@link SignalState} `near`. */
  readonly nearPercent: number;
  readonly loops: readonly HotLoop[];
}

/** All findings about one node that need no other node, most severe first. */
export function nodeFindings(context: FindingContext): readonly Finding[] {
  const found = [
    ...unreadable(context),
    ...standingFindings(context),
    ...(context.config.ok ? armingFindings(context, context.config.value) : []),
    ...(context.config.ok ? configFindings(context, context.config.value) : []),
    ...pageCache(context),
    ...context.loops.map(hotLoop),
  ];
  return sortFindings(found);
}

const WEIGHT: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Most severe first; otherwise as they came. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((a, b) => WEIGHT[a.severity] - WEIGHT[b.severity]);
}

function unreadable(context: FindingContext): Finding[] {
  const found: Finding[] = [];
  if (context.freshness.stale) {
    found.push({
      code: 'stale',
      severity: 'warning',
      signals: [],
      message: `${context.freshness.text}: its conditions are old`,
      remedy: `look at the node itself: is it up, and does the kubelet run (systemctl status kubelet)?`,
    });
  }
  // A missing right is the user's, not the node's: it is reported once, with the errors.
  const failures: [string, ReadProblem][] = [];
  if (!context.config.ok) failures.push(['configz', context.config.problem]);
  if (!context.stats.ok) failures.push(['stats/summary', context.stats.problem]);
  const broken = failures.filter(([, problem]) => problem.reason !== 'forbidden');
  const first = broken[0];
  if (first !== undefined) {
    const what = enumerate(broken.map(([name]) => name));
    found.push({
      code: 'kubelet-unreadable',
      severity: 'warning',
      signals: [],
      message: `${what} could not be read: ${first[1].message}`,
      remedy: first[1].remedy ?? 'check that the kubelet runs and that the API server can reach it',
    });
  }
  return found;
}

function armingFindings(context: FindingContext, config: EvictionConfig): Finding[] {
  const { signals } = context;
  const found: Finding[] = [];
  const complete = fullMap(context, config);
  if (!signals.some(s => s.hard !== null)) {
    found.push({
      code: 'eviction-off',
      severity: 'error',
      signals: [],
      message: 'no hard eviction threshold is armed: nothing stops pods from filling the disk or exhausting the memory',
      remedy: `set evictionHard to a complete map: ${complete}`,
    });
  }
  const wiped = signals.filter(s => s.state === 'UNPROTECTED').map(s => s.signal);
  if (wiped.length > 0) {
    const verb = wiped.length === 1 ? 'has no threshold' : 'have no threshold';
    found.push({
      code: 'threshold-wiped',
      severity: 'error',
      signals: wiped,
      message: `${enumerate(wiped)} ${verb}, though this kubelet arms ${wiped.length === 1 ? 'it' : 'them'} by default`,
      remedy: signals.some(s => s.hard !== null)
        ? `a partial evictionHard (or --eviction-hard) drops every signal it does not name; write the whole map: ${complete}`
        : 'a complete evictionHard arms these, too',
    });
  }
  return found;
}

/** The map as it stands, with the defaults of what is not armed added: what the owner would write. */
function fullMap(context: FindingContext, config: EvictionConfig): string {
  const map = new Map<string, string>(defaultEvictionHard(context.os, context.version));
  for (const signal of context.signals) {
    const configured = config.evictionHard?.get(signal.signal);
    if (configured !== undefined && signal.hard !== null) map.set(signal.signal, configured);
  }
  return [...map].map(([signal, value]) => `${signal}<${value}`).join(',');
}

function standingFindings(context: FindingContext): Finding[] {
  const found: Finding[] = [];
  const own = context.signals.filter(s => !isCopy(s));
  for (const report of own) {
    const finding = standingFinding(report);
    if (finding !== null) found.push(finding);
  }
  const recovering = own.filter(s => s.state === 'recovering');
  // What has barely recovered is near its threshold, too, and that matters more.
  const barely = recovering.filter(s => headroomShare(s) * 100 <= context.nearPercent);
  found.push(...barely.flatMap(s => standingFinding({ ...s, state: 'near' }) ?? []));
  for (const condition of context.pressure) {
    const affected = recovering.filter(s => s.info.condition === condition);
    if (affected.length > 0) found.push(recoveringFinding(condition, affected, context.config));
  }
  found.push(...singleDisk(context));
  const oscillating = own.filter(
    s => s.info.condition === 'DiskPressure' && (s.state === 'BREACHED' || s.state === 'near') && noReclaim(s),
  );
  if (oscillating.length > 0) {
    found.push({
      code: 'no-min-reclaim',
      severity: 'info',
      signals: oscillating.map(s => s.signal),
      message: `${enumerate(oscillating.map(s => s.signal))}: no minimum reclaim, so eviction stops one byte above the threshold and may start again at once`,
      remedy: 'set evictionMinimumReclaim for these signals, well below what is usually free',
    });
  }
  return found;
}

function noReclaim(report: SignalReport): boolean {
  return !report.hard?.threshold.minReclaim && !report.soft?.threshold.minReclaim;
}

function standingFinding(report: SignalReport): Finding | null {
  const { signal, info, headroom, hard, soft } = report;
  const amount = (value: number | null | undefined): string => (value == null ? '?' : humanAmount(value, info.unit));
  const available = `${amount(report.observation?.available)} available`;
  switch (report.state) {
    case 'BREACHED':
      return {
        code: 'breached',
        severity: 'error',
        signals: [signal],
        message: `${signal}: ${available}, ${amount(Math.abs(headroom ?? 0))} short of the hard threshold ${hard?.threshold.value.text} (${amount(hard?.amount?.amount)}): pods are refused and evicted`,
        remedy: RELIEF[info.resource],
      };
    case 'soft': {
      const grace = soft?.threshold.gracePeriod;
      const after = grace ? ` after ${humanAge(durationSeconds(grace))}` : '';
      return {
        code: 'soft-breached',
        severity: 'warning',
        signals: [signal],
        message: `${signal}: ${available}, below the soft threshold ${soft?.threshold.value.text} (${amount(soft?.amount?.amount)}): pods are refused now and evicted${after}`,
        remedy: RELIEF[info.resource],
      };
    }
    case 'near':
      return {
        code: 'near-threshold',
        severity: 'warning',
        signals: [signal],
        message: `${signal}: ${available}, only ${amount(headroom)} above the hard threshold ${hard?.threshold.value.text} (${amount(hard?.amount?.amount)})`,
        remedy: RELIEF[info.resource],
      };
    default:
      return null;
  }
}

const RELIEF = {
  memory: 'free memory on the node: find the largest pods, set requests and limits, or add nodes',
  'ephemeral-storage':
    'free disk space on that filesystem (images, logs, emptyDir), enlarge it, or lower the threshold',
  inodes: 'remove small files on that filesystem (caches, sessions, image layers), or recreate it with more inodes',
  pids: 'find the pod that forks (podPidsLimit caps one), or raise kernel.pid_max and threads-max',
} as const;

function recoveringFinding(
  condition: PressureCondition,
  affected: readonly SignalReport[],
  config: Reading<EvictionConfig>,
): Finding {
  const names = affected.map(s => s.signal);
  if (affected.every(s => s.reason === 'min-reclaim')) {
    const parts = affected.map(s => {
      const armed = s.hard?.minReclaim ? s.hard : s.soft;
      const target = (armed?.amount?.amount ?? 0) + (armed?.minReclaim?.amount ?? 0);
      const missing = target - (s.observation?.available ?? 0);
      return `${s.signal} counts as crossed until ${humanAmount(target, s.info.unit)} is available (threshold + minimum reclaim), ${humanAmount(missing, s.info.unit)} more than now`;
    });
    return {
      code: 'recovering',
      severity: 'info',
      signals: names,
      message: `${condition} is still True: ${parts.join('; ')}`,
      remedy: 'free a little more, or lower evictionMinimumReclaim',
    };
  }
  const text = config.ok ? config.value.evictionPressureTransitionPeriod : null;
  const parsed = text === null ? null : parseDuration(text);
  const period = parsed?.ok ? ` at most ${humanAge(durationSeconds(parsed.value))}` : '';
  return {
    code: 'recovering',
    severity: 'info',
    signals: names,
    message: `${condition} is still True though no threshold is crossed any more: it lifts${period} after the last time one was (evictionPressureTransitionPeriod)`,
    remedy: 'wait; if it returns, free more or look at what fills it again',
  };
}

function singleDisk(context: FindingContext): Finding[] {
  const nodefs = context.signals.find(s => s.signal === 'nodefs.available');
  const imagefs = context.signals.find(s => s.signal === 'imagefs.available');
  if (!nodefs?.sharedWith.includes('imagefs.available') || !imagefs?.hard?.amount) return [];
  if (nodefs.hard?.amount && nodefs.hard.amount.nano >= imagefs.hard.amount.nano) return [];
  const pressing = [nodefs, imagefs].some(s => s.state === 'near' || s.state === 'BREACHED');
  const nodefsText = nodefs.hard === null ? 'none' : nodefs.hard.threshold.value.text;
  return [
    {
      code: 'single-disk-imagefs-binds',
      severity: pressing ? 'warning' : 'info',
      signals: ['nodefs.available', 'imagefs.available'],
      message: `nodefs and imagefs are one filesystem (by its numbers), and imagefs.available<${imagefs.hard.threshold.value.text} is reached before nodefs.available (${nodefsText}): changing nodefs alone has no effect`,
      remedy: 'change nodefs.available and imagefs.available together',
    },
  ];
}

function configFindings(context: FindingContext, config: EvictionConfig): Finding[] {
  return [
    ...gcAfterEviction(context, config),
    ...softFindings(context, config),
    ...context.signals.flatMap(minReclaim),
    ...transitionShort(config),
    ...memcg(context, config),
  ];
}

function gcAfterEviction(context: FindingContext, config: EvictionConfig): Finding[] {
  const high = config.imageGCHighThresholdPercent;
  const imagefs = context.signals.find(s => s.signal === 'imagefs.available');
  const hard = imagefs?.hard;
  if (high === null || !imagefs || !hard) return [];
  const capacity = imagefs.observation?.capacity ?? 0;
  const { value } = hard.threshold;
  // 32-bit fractions: 15% is 15.000000596; a rounding error must not raise a finding.
  const share =
    value.kind === 'percentage'
      ? value.fraction * 100
      : capacity > 0 && hard.amount
        ? (hard.amount.amount / capacity) * 100
        : null;
  if (share === null || share <= 100 - high + 1e-4) return [];
  const gc =
    high >= 100 ? 'image garbage collection is switched off' : `image garbage collection starts at ${high}% use`;
  return [
    {
      code: 'gc-after-eviction',
      severity: 'warning',
      signals: ['imagefs.available'],
      message: `imagefs.available<${value.text} is reached before unused images are collected (${gc}): pods are evicted where deleting images would do`,
      remedy: `set imageGCHighThresholdPercent to at most ${Math.max(0, Math.floor(100 - share + 1e-4))}, or lower the imagefs.available threshold`,
    },
  ];
}

function softFindings(context: FindingContext, config: EvictionConfig): Finding[] {
  const found: Finding[] = [];
  const below = context.signals.filter(
    s => s.soft?.amount && s.hard?.amount && s.soft.amount.nano <= s.hard.amount.nano,
  );
  if (below.length > 0) {
    found.push({
      code: 'soft-below-hard',
      severity: 'warning',
      signals: below.map(s => s.signal),
      message: `${enumerate(below.map(s => s.signal))}: the soft threshold is not above the hard one, so the hard one always comes first`,
      remedy: 'set the soft threshold above the hard one (more must be free)',
    });
  }
  const soft = context.signals.filter(s => !isCopy(s) && s.soft !== null);
  const grace = config.evictionMaxPodGracePeriod ?? 0;
  if (soft.length > 0 && grace <= 0) {
    found.push({
      code: 'soft-kills-at-once',
      severity: 'warning',
      signals: soft.map(s => s.signal),
      message: `soft thresholds with evictionMaxPodGracePeriod ${grace}: pods are killed as fast as by hard ones`,
      remedy: 'set evictionMaxPodGracePeriod to the seconds that pods may take to end',
    });
  }
  return found;
}

function minReclaim(report: SignalReport): Finding[] {
  const armed = [report.hard, report.soft].filter(a => a?.amount && a.minReclaim);
  const capacity = report.observation?.capacity;
  if (isCopy(report) || capacity === undefined || capacity <= 0) return [];
  const needed = Math.max(...armed.map(a => (a?.amount?.amount ?? 0) + (a?.minReclaim?.amount ?? 0)), 0);
  const share = (needed / capacity) * 100;
  if (share <= 95) return [];
  const beyond = needed > capacity;
  return [
    {
      code: 'min-reclaim-unreachable',
      severity: beyond ? 'error' : 'warning',
      signals: [report.signal],
      message: `${report.signal}: threshold + minimum reclaim is ${humanAmount(needed, report.info.unit)}, ${humanPercent(share)} of the capacity: ${beyond ? 'once met, pressure can never end' : 'once met, pressure hardly ever ends, and pods go one by one'}`,
      remedy: `lower evictionMinimumReclaim for ${report.signal}`,
    },
  ];
}

function transitionShort(config: EvictionConfig): Finding[] {
  const text = config.evictionPressureTransitionPeriod;
  const parsed = text === null ? null : parseDuration(text);
  if (!parsed?.ok || durationSeconds(parsed.value) >= 60) return [];
  return [
    {
      code: 'transition-short',
      severity: 'warning',
      signals: [],
      message: `evictionPressureTransitionPeriod is ${text}: the condition may flap, and pods are scheduled back and evicted again`,
      remedy: 'set it to some minutes (default 5m)',
    },
  ];
}

function memcg(context: FindingContext, config: EvictionConfig): Finding[] {
  const on = config.kernelMemcgNotification === true;
  const memory = context.signals.some(s => s.signal === 'memory.available' && (s.hard ?? s.soft) !== null);
  const useless = on && context.cgroup === 2;
  const missed = !on && context.cgroup === 1 && memory;
  if (!useless && !missed) return [];
  return [
    {
      code: 'memcg-notification-useless',
      severity: 'info',
      signals: ['memory.available'],
      message: useless
        ? 'kernelMemcgNotification is set, but does nothing on cgroup v2'
        : 'the kubelet looks at memory every 10 s only: kernelMemcgNotification is off',
      remedy: useless
        ? 'remove it, so that nobody relies on it'
        : 'set kernelMemcgNotification: true to notice memory thresholds at once (cgroup v1)',
    },
  ];
}

function pageCache(context: FindingContext): Finding[] {
  // Windows counts commit memory, which holds no page cache.
  if (context.os === 'windows' || !context.pressure.includes('MemoryPressure') || !context.stats.ok) return [];
  const memory = context.stats.value.memory;
  if (memory?.workingSet == null || memory.rss === null || memory.available === null) return [];
  const cache = memory.workingSet - memory.rss;
  const capacity = memory.available + memory.workingSet;
  if (capacity <= 0 || cache <= capacity * 0.2) return [];
  return [
    {
      code: 'page-cache',
      severity: 'info',
      signals: ['memory.available'],
      message: `at most ${humanAmount(cache, 'bytes')} of the memory counted as used may be page cache or kernel memory (active page cache counts as used)`,
      remedy:
        'if the load reads or writes many files, give the node more memory or lower the memory.available threshold',
    },
  ];
}

function hotLoop(loop: HotLoop): Finding {
  return {
    code: 'hot-loop',
    severity: 'warning',
    signals: [],
    message: `${loop.owner} in ${loop.namespace} was refused or evicted ${loop.count} times on this node within ${humanAge(loop.seconds)}, and comes back each time`,
    remedy: 'end the pressure first; deleting its pods only makes the next ones',
  };
}
