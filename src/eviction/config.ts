import { formatDuration, parseDuration } from './duration.ts';
import { type Parsed, parsed, quoteText, refused } from './parsed.ts';
import { defaultEvictionHard, type NodeOs } from './signal.ts';
import type { EvictionMapField } from './threshold.ts';
import { atLeast, type KubeletVersion } from './version.ts';

/**
 * The eviction part of a kubelet's configuration as `/configz` shows it. Null: the field is absent, and nothing is
 * filled in: an absent `evictionHard` means that no hard threshold is armed. Map keys and values are untrusted text.
 */
export interface EvictionConfig {
  readonly evictionHard: ReadonlyMap<string, string> | null;
  readonly evictionSoft: ReadonlyMap<string, string> | null;
  readonly evictionSoftGracePeriod: ReadonlyMap<string, string> | null;
  readonly evictionMinimumReclaim: ReadonlyMap<string, string> | null;
  /** Go duration. */
  readonly evictionPressureTransitionPeriod: string | null;
  /** Seconds; configz leaves it out when it is 0. */
  readonly evictionMaxPodGracePeriod: number | null;
  readonly imageGCHighThresholdPercent: number | null;
  readonly imageGCLowThresholdPercent: number | null;
  /** Go duration. */
  readonly imageMinimumGCAge: string | null;
  /** Go duration; `0s` is off. */
  readonly imageMaximumGCAge: string | null;
  readonly kernelMemcgNotification: boolean | null;
  /** Absent before 1.33. */
  readonly mergeDefaultEvictionSettings: boolean | null;
  /** True (the default from 1.35): this kubelet would not have started on cgroup v1. */
  readonly failCgroupV1: boolean | null;
  readonly enforceNodeAllocatable: readonly string[] | null;
  readonly kubeReserved: ReadonlyMap<string, string> | null;
  readonly systemReserved: ReadonlyMap<string, string> | null;
  /** Names of the fields that are present with a wrong type; they are null above, which does not mean absent. */
  readonly unreadable: readonly string[];
}

/**
 * The eviction fields of one configuration document. A missing property: the document does not name the field; null: it
 * says `null`, which only a drop-in tells apart. A null value in a map removes the key in a drop-in.
 */
export interface ConfigLayer {
  readonly evictionHard?: ReadonlyMap<string, string | null> | null;
  readonly evictionSoft?: ReadonlyMap<string, string | null> | null;
  readonly evictionSoftGracePeriod?: ReadonlyMap<string, string | null> | null;
  readonly evictionMinimumReclaim?: ReadonlyMap<string, string | null> | null;
  /** Go duration; `0s` means the default. */
  readonly evictionPressureTransitionPeriod?: string | null;
  /** Seconds. */
  readonly evictionMaxPodGracePeriod?: number | null;
  /** Has an effect only in the `--config` file, from 1.33 on. */
  readonly mergeDefaultEvictionSettings?: boolean | null;
}

/** What the command line says: whole maps, see `applyFlagUses`; a missing property: the flag is not used. */
export type FlagLayer = { readonly [field in EvictionMapField]?: ReadonlyMap<string, string> } & {
  /** Go duration; here `0s` is zero. */
  readonly evictionPressureTransitionPeriod?: string;
  /** Seconds. */
  readonly evictionMaxPodGracePeriod?: number;
};

/** Everything a kubelet's eviction configuration is made from. */
export interface ConfigLayers {
  readonly version: KubeletVersion | null;
  readonly os: NodeOs;
  /** The `--config` file; null: the kubelet runs without one. */
  readonly configFile: ConfigLayer | null;
  /** The `--config-dir` files in the order in which they apply. */
  readonly dropIns: readonly ConfigLayer[];
  readonly flags: FlagLayer;
}

/** The configuration in effect; `/configz` leaves out empty maps and a zero `evictionMaxPodGracePeriod`. */
export interface EffectiveConfig {
  readonly evictionHard: ReadonlyMap<string, string>;
  readonly evictionSoft: ReadonlyMap<string, string>;
  readonly evictionSoftGracePeriod: ReadonlyMap<string, string>;
  readonly evictionMinimumReclaim: ReadonlyMap<string, string>;
  /** Go duration, as Go prints it; a text that is none is kept (the kubelet does not start with it). */
  readonly evictionPressureTransitionPeriod: string;
  /** Seconds. */
  readonly evictionMaxPodGracePeriod: number;
  /** As configz shows it; it does not prove that defaults were merged. */
  readonly mergeDefaultEvictionSettings: boolean;
}

/** The four maps that make thresholds, in the order of the configuration. */
export const EVICTION_MAP_FIELDS: readonly EvictionMapField[] = [
  'evictionHard',
  'evictionSoft',
  'evictionSoftGracePeriod',
  'evictionMinimumReclaim',
];

const DEFAULT_TRANSITION_PERIOD = '5m0s';

const KNOWN_FIELDS: readonly string[] = [
  ...EVICTION_MAP_FIELDS,
  'evictionPressureTransitionPeriod',
  'evictionMaxPodGracePeriod',
  'imageGCHighThresholdPercent',
  'imageGCLowThresholdPercent',
  'imageMinimumGCAge',
  'imageMaximumGCAge',
  'kernelMemcgNotification',
  'mergeDefaultEvictionSettings',
  'enforceNodeAllocatable',
  'kubeReserved',
  'systemReserved',
];

type Fields = ReadonlyMap<string, unknown>;

/** The own properties of a plain object; null for anything else. */
function fieldsOf(value: unknown): Fields | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return new Map<string, unknown>(Object.entries(value));
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isNullableString(value: unknown): value is string | null {
  return value === null || isString(value);
}

/** A map whose values all pass the test; null otherwise. */
function readMap<T>(value: unknown, accepts: (entry: unknown) => entry is T): ReadonlyMap<string, T> | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const map = new Map<string, T>();
  for (const [key, entry] of fields) {
    if (!accepts(entry)) return null;
    map.set(key, entry);
  }
  return map;
}

/** Reads fields of one object and remembers which have a wrong type. */
class FieldReader {
  readonly unreadable: string[] = [];
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  /** The converted value; null where the field is absent, null, or not convertible (then also remembered). */
  read<T>(name: string, convert: (value: unknown) => T | null): T | null {
    const value = this.#fields.get(name);
    if (value === undefined || value === null) return null;
    const converted = convert(value);
    if (converted === null) this.unreadable.push(name);
    return converted;
  }

  string(name: string): string | null {
    return this.read(name, value => (isString(value) ? value : null));
  }

  integer(name: string): number | null {
    return this.read(name, value => (isInteger(value) ? value : null));
  }

  boolean(name: string): boolean | null {
    return this.read(name, value => (isBoolean(value) ? value : null));
  }

  strings(name: string): readonly string[] | null {
    return this.read(name, value => (Array.isArray(value) && value.every(isString) ? value.map(String) : null));
  }

  map(name: string): ReadonlyMap<string, string> | null {
    return this.read(name, value => readMap(value, isString));
  }

  nullableMap(name: string): ReadonlyMap<string, string | null> | null {
    return this.read(name, value => readMap(value, isNullableString));
  }
}

/** The fields of a KubeletConfiguration, with or without the wrapper of `/configz`. */
function configurationOf(body: unknown): Parsed<Fields> {
  const outer = fieldsOf(body);
  if (outer === null) return refused('the answer is no object, so no kubelet configuration');
  if (outer.has('kubeletconfig')) {
    const inner = fieldsOf(outer.get('kubeletconfig'));
    return inner === null ? refused('"kubeletconfig" holds no object') : parsed(inner);
  }
  const kind = outer.get('kind');
  if (kind !== undefined && kind !== 'KubeletConfiguration') {
    return refused(`a ${isString(kind) ? quoteText(kind) : 'document of unknown kind'} is no kubelet configuration`);
  }
  // An empty or foreign object must not read as "all eviction off".
  if (kind === undefined && !KNOWN_FIELDS.some(field => outer.has(field))) {
    return refused('the object has no field of a kubelet configuration');
  }
  return parsed(outer);
}

/**
 * Reads the decoded body of `/configz` (`{"kubeletconfig": {...}}`) or a bare KubeletConfiguration. Never fills in a
 * default. Unknown fields are ignored; a field of a wrong type is null and named in `unreadable`. Refuses what is no
 * kubelet configuration at all.
 */
export function readEvictionConfig(body: unknown): Parsed<EvictionConfig> {
  const fields = configurationOf(body);
  if (!fields.ok) return fields;
  const reader = new FieldReader(fields.value);
  return parsed({
    evictionHard: reader.map('evictionHard'),
    evictionSoft: reader.map('evictionSoft'),
    evictionSoftGracePeriod: reader.map('evictionSoftGracePeriod'),
    evictionMinimumReclaim: reader.map('evictionMinimumReclaim'),
    evictionPressureTransitionPeriod: reader.string('evictionPressureTransitionPeriod'),
    evictionMaxPodGracePeriod: reader.integer('evictionMaxPodGracePeriod'),
    imageGCHighThresholdPercent: reader.integer('imageGCHighThresholdPercent'),
    imageGCLowThresholdPercent: reader.integer('imageGCLowThresholdPercent'),
    imageMinimumGCAge: reader.string('imageMinimumGCAge'),
    imageMaximumGCAge: reader.string('imageMaximumGCAge'),
    kernelMemcgNotification: reader.boolean('kernelMemcgNotification'),
    mergeDefaultEvictionSettings: reader.boolean('mergeDefaultEvictionSettings'),
    failCgroupV1: reader.boolean('failCgroupV1'),
    enforceNodeAllocatable: reader.strings('enforceNodeAllocatable'),
    kubeReserved: reader.map('kubeReserved'),
    systemReserved: reader.map('systemReserved'),
    unreadable: reader.unreadable,
  });
}

/**
 * The eviction fields of a `--config` file or drop-in, decoded from YAML or JSON. Absent and null fields stay apart.
 * A field of a wrong type is refused, as the kubelet refuses it (a number where a string belongs).
 */
export function readConfigLayer(body: unknown): Parsed<ConfigLayer> {
  const fields = fieldsOf(body);
  if (fields === null) return refused('a kubelet configuration must be a map');
  const reader = new FieldReader(fields);
  const all = {
    evictionHard: reader.nullableMap('evictionHard'),
    evictionSoft: reader.nullableMap('evictionSoft'),
    evictionSoftGracePeriod: reader.nullableMap('evictionSoftGracePeriod'),
    evictionMinimumReclaim: reader.nullableMap('evictionMinimumReclaim'),
    evictionPressureTransitionPeriod: reader.string('evictionPressureTransitionPeriod'),
    evictionMaxPodGracePeriod: reader.integer('evictionMaxPodGracePeriod'),
    mergeDefaultEvictionSettings: reader.boolean('mergeDefaultEvictionSettings'),
  };
  if (reader.unreadable.length > 0)
    return refused(`${reader.unreadable.join(', ')}: wrong type (write amounts as strings)`);
  return parsed(Object.fromEntries(Object.entries(all).filter(([name]) => reader.has(name))));
}

type EvictionMaps = { readonly [field in EvictionMapField]: ReadonlyMap<string, string> };

/** Four maps, each made by the function. */
function mapsOf(make: (field: EvictionMapField) => ReadonlyMap<string, string>): EvictionMaps {
  return {
    evictionHard: make('evictionHard'),
    evictionSoft: make('evictionSoft'),
    evictionSoftGracePeriod: make('evictionSoftGracePeriod'),
    evictionMinimumReclaim: make('evictionMinimumReclaim'),
  };
}

/** A duration as the kubelet holds it after defaulting: zero and absent become the default. */
function defaultedPeriod(text: string | null | undefined): string {
  if (text === null || text === undefined) return DEFAULT_TRANSITION_PERIOD;
  const duration = parseDuration(text);
  if (!duration.ok) return text;
  return duration.value.ns === 0n ? DEFAULT_TRANSITION_PERIOD : formatDuration(duration.value);
}

function printedPeriod(text: string): string {
  const duration = parseDuration(text);
  return duration.ok ? formatDuration(duration.value) : text;
}

/** `loadConfigFile`: the file replaces everything, then missing defaults of `evictionHard` are filled in. */
function fromConfigFile(
  file: ConfigLayer,
  defaults: ReadonlyMap<string, string>,
  mergeKnown: boolean,
): EffectiveConfig {
  const merge = mergeKnown && file.mergeDefaultEvictionSettings === true;
  const maps = mapsOf(field => {
    const map = file[field] ?? null;
    if (map === null) return field === 'evictionHard' ? defaults : new Map();
    // Go decodes a null into a map of strings as the empty string.
    const own = new Map([...map].map(([key, value]) => [key, value ?? '']));
    return merge && field === 'evictionHard' ? new Map([...defaults, ...own]) : own;
  });
  return {
    ...maps,
    evictionPressureTransitionPeriod: defaultedPeriod(file.evictionPressureTransitionPeriod),
    evictionMaxPodGracePeriod: file.evictionMaxPodGracePeriod ?? 0,
    mergeDefaultEvictionSettings: merge,
  };
}

function withoutConfigFile(defaults: ReadonlyMap<string, string>, version: KubeletVersion | null): EffectiveConfig {
  // Since kubernetes#110263 (about 1.25) only the loading of a file arms the defaults.
  const armed = atLeast(version, 25) ? new Map<string, string>() : defaults;
  return {
    ...mapsOf(field => (field === 'evictionHard' ? armed : new Map())),
    evictionPressureTransitionPeriod: DEFAULT_TRANSITION_PERIOD,
    evictionMaxPodGracePeriod: 0,
    mergeDefaultEvictionSettings: false,
  };
}

/** A JSON merge patch (RFC 7386) on one map. */
function patchMap(
  base: ReadonlyMap<string, string>,
  patch: ReadonlyMap<string, string | null> | null | undefined,
): ReadonlyMap<string, string> {
  if (patch === undefined) return base;
  if (patch === null) return new Map();
  const merged = new Map(base);
  for (const [key, value] of patch) {
    if (value === null) merged.delete(key);
    else merged.set(key, value);
  }
  return merged;
}

/** One drop-in laid over the base; a null scalar goes back to its default (`mergeKubeletConfigurations`). */
function withDropIn(base: EffectiveConfig, dropIn: ConfigLayer, mergeKnown: boolean): EffectiveConfig {
  const { evictionPressureTransitionPeriod: period, evictionMaxPodGracePeriod: grace } = dropIn;
  const merge = dropIn.mergeDefaultEvictionSettings;
  return {
    ...mapsOf(field => patchMap(base[field], dropIn[field])),
    evictionPressureTransitionPeriod:
      period === undefined ? base.evictionPressureTransitionPeriod : defaultedPeriod(period),
    evictionMaxPodGracePeriod: grace === undefined ? base.evictionMaxPodGracePeriod : (grace ?? 0),
    mergeDefaultEvictionSettings:
      merge === undefined ? base.mergeDefaultEvictionSettings : mergeKnown && (merge ?? false),
  };
}

/** The command line on top: a map flag replaces the whole map, and zero stays zero. */
function withFlags(base: EffectiveConfig, flags: FlagLayer): EffectiveConfig {
  const period = flags.evictionPressureTransitionPeriod;
  return {
    ...mapsOf(field => flags[field] ?? base[field]),
    evictionPressureTransitionPeriod:
      period === undefined ? base.evictionPressureTransitionPeriod : printedPeriod(period),
    evictionMaxPodGracePeriod: flags.evictionMaxPodGracePeriod ?? base.evictionMaxPodGracePeriod,
    mergeDefaultEvictionSettings: base.mergeDefaultEvictionSettings,
  };
}

/**
 * The eviction configuration that the kubelet ends up with (`NewKubeletCommand`, `cmd/kubelet/app/server.go`): the
 * `--config` file with the defaults it leaves open, then the drop-ins as merge patches, then the flags. Values are not
 * checked. Drop-ins follow the merge of 1.30 and later.
 */
export function effectiveConfig(layers: ConfigLayers): EffectiveConfig {
  const { version, os, configFile, dropIns, flags } = layers;
  const defaults: ReadonlyMap<string, string> = defaultEvictionHard(os, version);
  const mergeKnown = atLeast(version, 33);
  const base =
    configFile === null ? withoutConfigFile(defaults, version) : fromConfigFile(configFile, defaults, mergeKnown);
  return withFlags(
    dropIns.reduce<EffectiveConfig>((config, dropIn) => withDropIn(config, dropIn, mergeKnown), base),
    flags,
  );
}
