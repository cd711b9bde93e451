import { EVICTION_MAP_FIELDS } from './config.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { quoteText } from './parsed.ts';
import {
  type EvictionSettings,
  inSignalOrder,
  type SettingField,
  samePeriod,
  sameSetting,
  type WrittenSettings,
} from './settings.ts';
import { defaultEvictionHard, isSignal, type NodeOs } from './signal.ts';
import {
  type EvictionMapField,
  parseGracePeriod,
  parseMinimumReclaim,
  parseThresholds,
  parseThresholdValue,
} from './threshold.ts';
import type { KubeletVersion } from './version.ts';

/** What the user wants changed. Keys and values are as typed. */
export interface TuneRequest {
  readonly hard: ReadonlyMap<string, string>;
  readonly soft: ReadonlyMap<string, { readonly value: string; readonly grace: string }>;
  readonly minReclaim: ReadonlyMap<string, string>;
  /** Go duration. */
  readonly transitionPeriod: string | null;
  /** Seconds. */
  readonly maxPodGrace: number | null;
  /** Signals to switch off. */
  readonly disable: readonly string[];
  /** Arm again what the kubelet arms by default and the base does not. */
  readonly restoreDefaults: boolean;
}

/** A request that changes nothing. */
export const NO_CHANGE: TuneRequest = {
  hard: new Map(),
  soft: new Map(),
  minReclaim: new Map(),
  transitionPeriod: null,
  maxPodGrace: null,
  disable: [],
  restoreDefaults: false,
};

/** Why a request is refused: by the kubelet's own rules, or by ours on top of them. */
export interface TuneRefusal {
  readonly by: 'kubelet' | 'policy';
  /** One sentence that names the value and the rule; quoted texts in it are untrusted. */
  readonly message: string;
  readonly hint: string | null;
}

/** The signals without which a node dies of what eviction protects it from. */
const VITAL: readonly string[] = ['memory.available', 'nodefs.available', 'nodefs.inodesFree'];

/** The kubelet a request is for. */
export interface TuneTarget {
  readonly os: NodeOs;
  readonly version: KubeletVersion | null;
}

function kubeletRefuses(field: string, signal: string, error: string): TuneRefusal {
  return { by: 'kubelet', message: `${field} ${signal}: ${error}`, hint: 'a kubelet with this value does not start' };
}

/**
 * The verdict on one threshold: first the kubelet's, then ours. A value that the kubelet accepts without ever acting on it
 * (`0%`, `100%`, `0.0%`, `NaN%`) is refused: whoever means that says `--disable`.
 */
export function judgeThreshold(
  field: 'evictionHard' | 'evictionSoft',
  signal: string,
  text: string,
  version: KubeletVersion | null,
): TuneRefusal | null {
  const verdict = parseThresholdValue(signal, text, version);
  if (!verdict.ok) return kubeletRefuses(field, signal, verdict.error);
  const { value } = verdict;
  if (value !== 'dropped' && (value.kind === 'quantity' || value.fraction > 0)) return null;
  const why = value === 'dropped' ? 'the kubelet accepts it and arms nothing' : 'the kubelet never finds it met';
  return {
    by: 'policy',
    message: `${field} ${signal}: ${quoteText(text)} switches the signal off: ${why}`,
    hint: `if that is meant, say --disable ${signal}`,
  };
}

/** Every reason to refuse a request, in the order of its parts. `force` allows vital signals to be switched off. */
export function judgeRequest(
  request: TuneRequest,
  version: KubeletVersion | null,
  force: boolean,
): readonly TuneRefusal[] {
  const found: (TuneRefusal | null)[] = [];
  for (const [signal, text] of request.hard) found.push(judgeThreshold('evictionHard', signal, text, version));
  for (const [signal, { value, grace }] of request.soft) {
    found.push(judgeThreshold('evictionSoft', signal, value, version));
    const verdict = parseGracePeriod(signal, grace, version);
    if (!verdict.ok) found.push(kubeletRefuses('evictionSoftGracePeriod', signal, verdict.error));
  }
  for (const [signal, text] of request.minReclaim) {
    const verdict = parseMinimumReclaim(signal, text, version);
    if (!verdict.ok) found.push(kubeletRefuses('evictionMinimumReclaim', signal, verdict.error));
  }
  for (const signal of request.disable) found.push(judgeDisable(signal, version, force));
  found.push(judgePeriod(request.transitionPeriod));
  return found.filter(refusal => refusal !== null);
}

function judgeDisable(signal: string, version: KubeletVersion | null, force: boolean): TuneRefusal | null {
  const verdict = parseThresholdValue(signal, '0%', version);
  if (!verdict.ok) return kubeletRefuses('evictionHard', signal, verdict.error);
  if (force || !VITAL.includes(signal)) return null;
  const end =
    signal === 'memory.available' ? "the kernel's OOM killer chooses" : 'the disk fills, and the kubelet fails';
  return {
    by: 'policy',
    message: `${signal} protects the node itself: without it ${end}`,
    hint: 'lower the threshold instead, or add --force',
  };
}

function judgePeriod(text: string | null): TuneRefusal | null {
  if (text === null) return null;
  const field = 'evictionPressureTransitionPeriod';
  const duration = parseDuration(text);
  if (!duration.ok) return { by: 'kubelet', message: `${field}: ${duration.error}`, hint: 'write for example 5m' };
  if (duration.value.ns > 0n) return null;
  return {
    by: 'policy',
    message: `${field}: ${quoteText(text)} must be above zero`,
    hint: 'a file with 0s means 5m0s, and the flag makes the condition flap',
  };
}

/** One setting that becomes another. */
export interface SettingChange {
  readonly field: SettingField;
  /** Null for fields without signals. */
  readonly signal: string | null;
  /** As configured now; null: not set. */
  readonly from: string | null;
  readonly to: string;
}

/** The complete settings that a request leads to. */
export interface TunePlan {
  readonly settings: EvictionSettings;
  /** What is different afterwards, in the order of the configuration; empty: nothing. */
  readonly changes: readonly SettingChange[];
  /** Hard thresholds that stay as they are. */
  readonly kept: ReadonlyMap<string, string>;
  /** Why no kubelet would start with the result: entries of the base, or a soft threshold without grace period. */
  readonly problems: readonly TuneRefusal[];
  /** Sentences about changes that have no effect. */
  readonly idle: readonly string[];
}

/** The base with the request applied. Nothing of the base is lost: a signal that is switched off stays, as `0%`. */
export function planChange(base: EvictionSettings, request: TuneRequest, target: TuneTarget): TunePlan {
  const maps = {
    evictionHard: new Map(base.evictionHard),
    evictionSoft: new Map(base.evictionSoft),
    evictionSoftGracePeriod: new Map(base.evictionSoftGracePeriod),
    evictionMinimumReclaim: new Map(base.evictionMinimumReclaim),
  };
  if (request.restoreDefaults) restoreDefaults(maps.evictionHard, target);
  for (const [signal, text] of request.hard) maps.evictionHard.set(signal, text);
  for (const [signal, { value, grace }] of request.soft) {
    maps.evictionSoft.set(signal, value);
    maps.evictionSoftGracePeriod.set(signal, grace);
  }
  for (const [signal, text] of request.minReclaim) maps.evictionMinimumReclaim.set(signal, text);
  for (const signal of request.disable) {
    maps.evictionHard.set(signal, '0%');
    if (maps.evictionSoft.has(signal)) maps.evictionSoft.set(signal, '0%');
  }
  const period = request.transitionPeriod === null ? null : parseDuration(request.transitionPeriod);
  const settings: EvictionSettings = {
    evictionHard: inSignalOrder(maps.evictionHard),
    evictionSoft: inSignalOrder(maps.evictionSoft),
    evictionSoftGracePeriod: inSignalOrder(maps.evictionSoftGracePeriod),
    evictionMinimumReclaim: inSignalOrder(maps.evictionMinimumReclaim),
    evictionPressureTransitionPeriod: period?.ok ? formatDuration(period.value) : base.evictionPressureTransitionPeriod,
    evictionMaxPodGracePeriod: request.maxPodGrace ?? base.evictionMaxPodGracePeriod,
  };
  const changes = changesBetween(base, settings, target.version);
  const touched = new Set(changes.filter(c => c.field === 'evictionHard').map(c => c.signal));
  return {
    settings,
    changes,
    kept: new Map([...settings.evictionHard].filter(([signal]) => !touched.has(signal))),
    problems: parseThresholds(settings, target.version).problems.map(problem => ({
      by: 'kubelet',
      message: problem.message,
      hint: 'a kubelet with this configuration does not start',
    })),
    idle: idleChanges(changes, target.version),
  };
}

/** Arms what is not armed, whether it is missing or switched off; thresholds that are armed keep their values. */
function restoreDefaults(hard: Map<string, string>, target: TuneTarget): void {
  for (const [signal, text] of defaultEvictionHard(target.os, target.version)) {
    const now = hard.get(signal);
    if (now === undefined || sameSetting('evictionHard', signal, now, undefined, target.version))
      hard.set(signal, text);
  }
}

/** What differs between two settings, by meaning. */
export function changesBetween(
  before: EvictionSettings,
  after: EvictionSettings,
  version: KubeletVersion | null,
): readonly SettingChange[] {
  const found: SettingChange[] = [];
  for (const field of EVICTION_MAP_FIELDS) {
    for (const [signal, to] of after[field]) {
      const from = before[field].get(signal);
      // Writing down that a signal is off is a change of the text, though not of the meaning.
      const same = from !== undefined && sameSetting(field, signal, from, to, version);
      if (!same) found.push({ field, signal, from: from ?? null, to });
    }
  }
  const { evictionPressureTransitionPeriod: period, evictionMaxPodGracePeriod: grace } = after;
  if (period !== null && !samePeriod(before.evictionPressureTransitionPeriod, period)) {
    const from = before.evictionPressureTransitionPeriod;
    found.push({ field: 'evictionPressureTransitionPeriod', signal: null, from, to: period });
  }
  if ((before.evictionMaxPodGracePeriod ?? 0) !== (grace ?? 0)) {
    const from = before.evictionMaxPodGracePeriod;
    const change = { signal: null, from: from === null ? null : `${from}`, to: `${grace ?? 0}` };
    found.push({ field: 'evictionMaxPodGracePeriod', ...change });
  }
  return found;
}

function idleChanges(changes: readonly SettingChange[], version: KubeletVersion | null): readonly string[] {
  const thresholds = changes.filter(c => c.field === 'evictionHard' || c.field === 'evictionSoft');
  const signals = new Set(thresholds.flatMap(c => (c.signal === null ? [] : [c.signal])));
  return [...signals].flatMap(signal => {
    if (signal.startsWith('containerfs.') && isSignal(signal, version)) {
      return [`${signal}: the kubelet derives this threshold from nodefs or imagefs and overwrites the value`];
    }
    return [];
  });
}

/**
 * What a document that carries a plan has to name: the complete hard map always, every other map that is not empty, and the
 * two single values where they change or `all` asks for everything that is set.
 */
export function settingsToWrite(plan: TunePlan, all = false): WrittenSettings {
  const { settings } = plan;
  const changed = (field: SettingField): boolean => plan.changes.some(c => c.field === field);
  const maps: { -readonly [field in EvictionMapField]?: ReadonlyMap<string, string> } = {};
  for (const field of EVICTION_MAP_FIELDS) {
    if (field === 'evictionHard' || settings[field].size > 0) maps[field] = settings[field];
  }
  const { evictionPressureTransitionPeriod: period, evictionMaxPodGracePeriod: grace } = settings;
  return {
    ...maps,
    ...(period !== null && (all || changed('evictionPressureTransitionPeriod'))
      ? { evictionPressureTransitionPeriod: period }
      : {}),
    ...(grace !== null && (all || changed('evictionMaxPodGracePeriod')) ? { evictionMaxPodGracePeriod: grace } : {}),
  };
}
