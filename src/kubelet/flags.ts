import { parseDuration } from '../eviction/duration.ts';
import { type Parsed, parsed, quoteText, refused } from '../eviction/parsed.ts';
import type { WrittenSettings } from '../eviction/settings.ts';
import {
  applyFlagUses,
  type EvictionMapField,
  parseAssignmentFlag,
  parseThresholdFlag,
} from '../eviction/threshold.ts';
import { type MappedText, sourceRange } from './mapped-text.ts';

/** The kubelet's flags for the settings, in the order in which they are written. */
export const EVICTION_FLAGS = [
  'eviction-hard',
  'eviction-soft',
  'eviction-soft-grace-period',
  'eviction-minimum-reclaim',
  'eviction-pressure-transition-period',
  'eviction-max-pod-grace-period',
] as const;

/** One of {@link EVICTION_FLAGS}. */
export type EvictionFlag = (typeof EVICTION_FLAGS)[number];

const MAP_FLAGS: readonly (readonly [EvictionFlag, EvictionMapField, '<' | '='])[] = [
  ['eviction-hard', 'evictionHard', '<'],
  ['eviction-soft', 'evictionSoft', '<'],
  ['eviction-soft-grace-period', 'evictionSoftGracePeriod', '='],
  ['eviction-minimum-reclaim', 'evictionMinimumReclaim', '='],
];

/** A map in the kubelet's flag syntax: `memory.available<100Mi,nodefs.available<5%`. */
export function flagMap(map: ReadonlyMap<string, string>, separator: '<' | '='): string {
  return [...map].map(([signal, value]) => `${signal}${separator}${value}`).join(',');
}

/** The settings as flags without dashes and their values, in a fixed order. */
export function flagValues(settings: WrittenSettings): ReadonlyMap<EvictionFlag, string> {
  const flags = new Map<EvictionFlag, string>();
  for (const [flag, field, separator] of MAP_FLAGS) {
    const map = settings[field];
    if (map !== undefined) flags.set(flag, flagMap(map, separator));
  }
  const { evictionPressureTransitionPeriod: period, evictionMaxPodGracePeriod: grace } = settings;
  if (period !== undefined) flags.set('eviction-pressure-transition-period', period);
  if (grace !== undefined) flags.set('eviction-max-pod-grace-period', `${grace}`);
  return flags;
}

/** What may stand in a flag without any quoting, in a unit, an env file, YAML or TOML. */
const HARMLESS = /^[\w.,<=+%\u00b5\u03bc-]*$/;

/**
 * The settings as words of a command line: `--eviction-hard=...`. Refused when a value of the base holds characters that
 * would need quoting: no kubelet accepts such a value.
 */
export function flagWords(settings: WrittenSettings): Parsed<readonly string[]> {
  const words: string[] = [];
  for (const [flag, value] of flagValues(settings)) {
    if (!HARMLESS.test(value)) return refused(`--${flag}: ${quoteText(value)} cannot stand in a flag`);
    words.push(`--${flag}=${value}`);
  }
  return parsed(words);
}

/** One use of an eviction flag on a command line, with the source range of its words. */
export interface FlagUse {
  readonly flag: EvictionFlag;
  readonly value: string;
  /** Source offsets of the value only. */
  readonly valueRange: { readonly start: number; readonly end: number };
}

function isEvictionFlag(name: string): name is EvictionFlag {
  return (EVICTION_FLAGS as readonly string[]).includes(name);
}

/** The uses of eviction flags among the words of a command line: `--flag=value` and `--flag value`. */
export function findFlags(words: readonly MappedText[]): readonly FlagUse[] {
  const uses: FlagUse[] = [];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i];
    if (word === undefined || word.text === '--') break;
    const match = /^--([a-z-]+)(=?)/.exec(word.text);
    const name = (match?.[1] ?? '').replaceAll('_', '-');
    if (match === null || !isEvictionFlag(name)) continue;
    if (match[2] === '=') {
      const start = match[0].length;
      const valueRange = sourceRange(word, start, word.text.length);
      const empty = start === word.text.length;
      const end = word.at[word.text.length] ?? valueRange.start;
      uses.push({
        flag: name,
        value: word.text.slice(start),
        valueRange: empty ? { start: end, end } : valueRange,
      });
      continue;
    }
    const value = words[i + 1];
    if (word.text !== match[0] || value === undefined) continue;
    uses.push({ flag: name, value: value.text, valueRange: sourceRange(value, 0, value.text.length) });
    i += 1;
  }
  return uses;
}

/** What the uses amount to: the first use of a map flag empties the map, later ones add; of single values the last counts. */
export function settingsOfFlags(
  uses: readonly { readonly flag: EvictionFlag; readonly value: string }[],
): Parsed<WrittenSettings> {
  const of = (flag: EvictionFlag): readonly string[] => uses.flatMap(use => (use.flag === flag ? [use.value] : []));
  const maps: { -readonly [field in EvictionMapField]?: ReadonlyMap<string, string> } = {};
  for (const [flag, field, separator] of MAP_FLAGS) {
    const values = of(flag);
    if (values.length === 0) continue;
    const map = applyFlagUses(values, separator === '<' ? parseThresholdFlag : parseAssignmentFlag);
    if (!map.ok) return refused(`--${flag}: ${map.error}`);
    maps[field] = map.value;
  }
  const period = of('eviction-pressure-transition-period').at(-1);
  const grace = of('eviction-max-pod-grace-period').at(-1);
  if (period !== undefined) {
    const duration = parseDuration(period);
    if (!duration.ok) return refused(`--eviction-pressure-transition-period: ${duration.error}`);
  }
  if (grace !== undefined && !/^[+-]?\d{1,9}$/.test(grace)) {
    return refused(`--eviction-max-pod-grace-period: ${quoteText(grace)} is no whole number`);
  }
  return parsed({
    ...maps,
    ...(period === undefined ? {} : { evictionPressureTransitionPeriod: period }),
    ...(grace === undefined ? {} : { evictionMaxPodGracePeriod: Number(grace) }),
  });
}
