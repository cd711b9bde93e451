import type { EffectiveConfig, EvictionConfig } from './config.ts';
import { EVICTION_MAP_FIELDS } from './config.ts';
import { parseDuration } from './duration.ts';
import type { Signal } from './signal.ts';
import { SIGNALS } from './signal-names.ts';
import {
  type EvictionMapField,
  parseGracePeriod,
  parseMinimumReclaim,
  parseThresholdValue,
  type ThresholdValue,
} from './threshold.ts';
import type { KubeletVersion } from './version.ts';

/** The eviction settings of a kubelet: those in effect, or those it is to run with. Maps are complete. */
export type EvictionSettings = { readonly [field in EvictionMapField]: ReadonlyMap<string, string> } & {
  /** Go duration; null: the kubelet's own. */
  readonly evictionPressureTransitionPeriod: string | null;
  /** Seconds; null: none, the same as 0. */
  readonly evictionMaxPodGracePeriod: number | null;
};

/** The eviction settings that one document names; a missing property: it says nothing about the field. */
export type WrittenSettings = { readonly [field in EvictionMapField]?: ReadonlyMap<string, string> } & {
  /** Go duration. */
  readonly evictionPressureTransitionPeriod?: string;
  /** Seconds. */
  readonly evictionMaxPodGracePeriod?: number;
};

/** Every field of {@link EvictionSettings}, in the order of the configuration. */
export const SETTING_FIELDS = [
  ...EVICTION_MAP_FIELDS,
  'evictionPressureTransitionPeriod',
  'evictionMaxPodGracePeriod',
] as const satisfies readonly (keyof EvictionSettings)[];

/** One of {@link SETTING_FIELDS}. */
export type SettingField = (typeof SETTING_FIELDS)[number];

/** Known signals in display order, then the rest by name: one map has one text. */
export function inSignalOrder(map: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const rank = (key: string): number => {
    const at = SIGNALS.indexOf(key as Signal);
    return at < 0 ? SIGNALS.length : at;
  };
  return new Map([...map].toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)));
}

/** The settings of a configuration as configz shows it, or as it was computed. Absent maps are empty ones. */
export function settingsOf(config: EvictionConfig | EffectiveConfig): EvictionSettings {
  const map = (field: EvictionMapField): ReadonlyMap<string, string> => inSignalOrder(config[field] ?? new Map());
  return {
    evictionHard: map('evictionHard'),
    evictionSoft: map('evictionSoft'),
    evictionSoftGracePeriod: map('evictionSoftGracePeriod'),
    evictionMinimumReclaim: map('evictionMinimumReclaim'),
    evictionPressureTransitionPeriod: config.evictionPressureTransitionPeriod,
    evictionMaxPodGracePeriod: config.evictionMaxPodGracePeriod === 0 ? null : config.evictionMaxPodGracePeriod,
  };
}

/** A configuration with other eviction settings; everything else of it stays. */
export function withSettings(config: EvictionConfig, settings: EvictionSettings): EvictionConfig {
  return { ...config, ...settings, unreadable: [] };
}

function sameValue(a: ThresholdValue, b: ThresholdValue): boolean {
  if (a.kind === 'quantity') return b.kind === 'quantity' && a.quantity.nano === b.quantity.nano;
  return b.kind === 'percentage' && Object.is(a.fraction, b.fraction);
}

/**
 * Whether two texts of one field mean the same to a kubelet: `1Gi` and `1024Mi`, `5m` and `5m0s`, `0%` and an absent
 * threshold. Texts that cannot be read are the same only when they are equal.
 */
export function sameSetting(
  field: EvictionMapField,
  signal: string,
  a: string | undefined,
  b: string | undefined,
  version: KubeletVersion | null,
): boolean {
  if (a === b) return true;
  if (field === 'evictionSoftGracePeriod') {
    const [x, y] = [a, b].map(text => (text === undefined ? null : parseGracePeriod(signal, text, version)));
    return x?.ok === true && y?.ok === true && x.value.ns === y.value.ns;
  }
  if (field === 'evictionMinimumReclaim') {
    // None and zero are one: nothing is reclaimed beyond the threshold.
    const [x, y] = [a ?? '0', b ?? '0'].map(text => parseMinimumReclaim(signal, text, version));
    return x?.ok === true && y?.ok === true && sameValue(x.value, y.value);
  }
  const [x, y] = [a ?? '0%', b ?? '0%'].map(text => parseThresholdValue(signal, text, version));
  if (!x?.ok || !y?.ok) return false;
  return x.value === 'dropped' || y.value === 'dropped' ? x.value === y.value : sameValue(x.value, y.value);
}

/** Whether two Go durations are equal; null is the kubelet's default of 5 minutes. */
export function samePeriod(a: string | null, b: string | null): boolean {
  const [x, y] = [a ?? '5m', b ?? '5m'].map(parseDuration);
  return a === b || (x?.ok === true && y?.ok === true && x.value.ns === y.value.ns);
}

/** Whether two kubelets run the same eviction settings, by meaning. */
export function sameSettings(a: EvictionSettings, b: EvictionSettings, version: KubeletVersion | null): boolean {
  return (
    EVICTION_MAP_FIELDS.every(field =>
      [...new Set([...a[field].keys(), ...b[field].keys()])].every(signal =>
        sameSetting(field, signal, a[field].get(signal), b[field].get(signal), version),
      ),
    ) &&
    samePeriod(a.evictionPressureTransitionPeriod, b.evictionPressureTransitionPeriod) &&
    (a.evictionMaxPodGracePeriod ?? 0) === (b.evictionMaxPodGracePeriod ?? 0)
  );
}
