import { EVICTION_MAP_FIELDS } from './config.ts';
import { type EvictionSettings, type SettingField, samePeriod, sameSetting, type WrittenSettings } from './settings.ts';
import type { KubeletVersion } from './version.ts';

/** One setting that a node runs differently from what a document says. Texts are untrusted. */
export interface Difference {
  readonly field: SettingField;
  /** Null for fields without signals. */
  readonly signal: string | null;
  /** Null: the document has no such entry, though its map is the whole one. */
  readonly wanted: string | null;
  /** Null: the node has none. */
  readonly actual: string | null;
}

/** What a document asks of a kubelet. */
export interface Wanted {
  readonly settings: WrittenSettings;
  /** Whether a map of the document is the whole map: what the node has beyond it is a difference. */
  readonly whole: boolean;
}

/**
 * Where a node differs from a document, by meaning: `1Gi` is `1024Mi`, a signal that is off is one that is not set. Fields that
 * the document does not name are not looked at. Empty: the node runs what it says.
 */
export function differences(
  wanted: Wanted,
  actual: EvictionSettings,
  version: KubeletVersion | null,
): readonly Difference[] {
  const found: Difference[] = [];
  for (const field of EVICTION_MAP_FIELDS) {
    const map = wanted.settings[field];
    if (map === undefined) continue;
    const keys = wanted.whole ? [...map.keys(), ...actual[field].keys()] : [...map.keys()];
    for (const signal of new Set(keys)) {
      const [want, has] = [map.get(signal), actual[field].get(signal)];
      if (sameSetting(field, signal, want, has, version)) continue;
      found.push({ field, signal, wanted: want ?? null, actual: has ?? null });
    }
  }
  const { evictionPressureTransitionPeriod: period, evictionMaxPodGracePeriod: grace } = wanted.settings;
  // A file with 0s means the default; only a flag means zero.
  if (period !== undefined && !samePeriod(period, actual.evictionPressureTransitionPeriod)) {
    const has = actual.evictionPressureTransitionPeriod;
    found.push({ field: 'evictionPressureTransitionPeriod', signal: null, wanted: period, actual: has });
  }
  if (grace !== undefined && grace !== (actual.evictionMaxPodGracePeriod ?? 0)) {
    const has = actual.evictionMaxPodGracePeriod;
    const field = 'evictionMaxPodGracePeriod';
    found.push({ field, signal: null, wanted: `${grace}`, actual: has === null ? null : `${has}` });
  }
  return found;
}

/** How one node stands against a document, and whether it has come through its restart. */
export interface NodeVerification {
  readonly node: string;
  /** Null: its configuration could not be read. */
  readonly matches: boolean | null;
  readonly differences: readonly Difference[];
  readonly ready: boolean;
  /** Pressure conditions that are True or Unknown. */
  readonly pressure: readonly string[];
  /** Pods evicted on it since the watch began; null: not watched, or not allowed to look. */
  readonly newEvictions: number | null;
  /** Why it could not be read. */
  readonly error: string | null;
}

/** Whether a watched node is where it should be: the new configuration, Ready, and no pressure left. */
export function isSettled(node: NodeVerification): boolean {
  return node.matches === true && node.ready && node.pressure.length === 0;
}
