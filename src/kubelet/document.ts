import { type ConfigLayer, EVICTION_MAP_FIELDS, readConfigLayer } from '../eviction/config.ts';
import { type Parsed, parsed, refused } from '../eviction/parsed.ts';
import type { WrittenSettings } from '../eviction/settings.ts';
import { type EvictionMapField, parseAssignmentFlag, parseThresholdFlag } from '../eviction/threshold.ts';
import { isEnvFile } from './env-file.ts';
import { patchEnvFile, settingsOfEnvFile } from './env-patch.ts';
import { findFlags, settingsOfFlags } from './flags.ts';
import type { MappedText } from './mapped-text.ts';
import { splitWords } from './systemd-words.ts';
import type { TargetId } from './targets/ids.ts';
import { AKS_SIGNALS, GKE_SIGNALS, type SignalNames } from './targets/managed.ts';
import { isUnit } from './unit.ts';
import { patchUnit, settingsOfUnit } from './unit-patch.ts';
import { type LayerPlace, namesEviction, patchLayer } from './yaml-patch.ts';
import { loadDocuments, property, valueAt } from './yaml-values.ts';

/** A file that carries eviction settings, read. */
export interface KubeletDocument {
  /** The way of configuring it belongs to. */
  readonly target: TargetId;
  /** What it is, for a sentence: `a KubeletConfiguration`. */
  readonly label: string;
  /** The settings it names. */
  readonly settings: WrittenSettings;
  /**
   * How it acts: `file` is the `--config` file, `merge` is laid over what is there key by key, `flags` replace whole maps and
   * win over files.
   */
  readonly acts: 'file' | 'merge' | 'flags';
  /** Nulls and unset fields kept apart, for `file` and `merge`. */
  readonly layer: ConfigLayer;
  /** Writes other settings into it, every other byte unchanged; null: this kind is only read. */
  readonly patch:
    | ((settings: WrittenSettings) => Parsed<{ readonly text: string; readonly notes: readonly string[] }>)
    | null;
}

/** Files beyond this size are refused: no kubelet configuration comes near. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/**
 * Reads any document that `tune` writes, or a hand-written one of the same kind. What it is shows in its content; the name only
 * tells a `--config-dir` file (`.conf`) from a `--config` file.
 */
export function readDocument(text: string, name: string): Parsed<KubeletDocument> {
  if (text.length > MAX_DOCUMENT_BYTES) return refused('it is larger than 4 MB');
  if (text.trim() === '') return refused('it is empty');
  if (isUnit(text) && !/^\s*\[settings\./m.test(text)) return unitDocument(text, name);
  if (/^\s*\[settings\.kubernetes/m.test(text))
    return flagsLike('bottlerocket', 'Bottlerocket settings', tomlSettings(text));
  if (isEnvFile(text)) return envDocument(text);
  const documents = loadDocuments(text);
  if (documents.ok) {
    const found = yamlDocument(text, name, documents.value);
    if (found !== null) return found;
  }
  if (/--eviction-[a-z-]+[= ]/.test(text)) return commandLine(text);
  if (!documents.ok) return refused(`it cannot be parsed: ${documents.error}`);
  return refused(
    'it holds no kubelet configuration (KubeletConfiguration, unit, env file, or a document made by tune)',
  );
}

function unitDocument(text: string, name: string): Parsed<KubeletDocument> {
  const settings = settingsOfUnit(text);
  if (!settings.ok) return settings;
  const target = /10-kubeadm/.test(name) ? '10-kubeadm.conf' : 'systemd-dropin';
  const patch = (wanted: WrittenSettings) => patchUnit(text, wanted);
  return parsed({ target, label: 'a systemd unit', settings: settings.value, acts: 'flags', layer: {}, patch });
}

function envDocument(text: string): Parsed<KubeletDocument> {
  const settings = settingsOfEnvFile(text);
  if (!settings.ok) return settings;
  const patch = (wanted: WrittenSettings) => {
    const patched = patchEnvFile(text, wanted);
    return patched.ok ? parsed({ text: patched.value, notes: [] }) : patched;
  };
  const label = 'an env file';
  return parsed({ target: 'kubelet-env', label, settings: settings.value, acts: 'flags', layer: {}, patch });
}

/** Flags on a line of their own, or in a shell script; quotes may hide several in one word. */
function commandLine(text: string): Parsed<KubeletDocument> {
  const target = /bootstrap\.sh/.test(text) ? 'eks-bootstrap' : 'flags';
  const words = splitWords(mapped(text.replaceAll(/\\\r?\n/g, ' ')), { escapes: false }) ?? [];
  const inner = words.flatMap(word =>
    word.text.startsWith('--eviction-') && !word.text.includes(' ')
      ? [word]
      : (splitWords(word, { escapes: false }) ?? []),
  );
  return flagsLike(target, 'a command line', settingsOfFlags(findFlags(inner)));
}

function mapped(text: string): MappedText {
  return { text, at: Array.from({ length: text.length + 1 }, (_, i) => i) };
}

function flagsLike(target: TargetId, label: string, settings: Parsed<WrittenSettings>): Parsed<KubeletDocument> {
  if (!settings.ok) return settings;
  return parsed({ target, label, settings: settings.value, acts: 'flags', layer: {}, patch: null });
}

const PREFIX = 'settings.kubernetes.';

/** The parts of the TOML that Bottlerocket's settings need. */
function tomlSettings(text: string): Parsed<WrittenSettings> {
  const maps = new Map<string, Map<string, string>>();
  let grace: number | undefined;
  let table = '';
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[([\w.-]+)\]/.exec(line)?.[1];
    if (header?.startsWith(PREFIX)) maps.set(header.slice(PREFIX.length), new Map());
    table = header ?? table;
    const pair = /^\s*"?([\w.-]+)"?\s*=\s*(?:"([^"\\]*)"|(\d+))\s*(?:#.*)?$/.exec(line);
    if (pair === null) continue;
    const [, key = '', value, digits] = pair;
    if (table === 'settings.kubernetes' && key === 'eviction-max-pod-grace-period') grace = Number(digits ?? value);
    if (value !== undefined && table.startsWith(PREFIX)) maps.get(table.slice(PREFIX.length))?.set(key, value);
  }
  const of = (field: EvictionMapField, name: string): WrittenSettings => {
    const map = maps.get(name);
    return map === undefined ? {} : { [field]: map };
  };
  return parsed({
    ...of('evictionHard', 'eviction-hard'),
    ...of('evictionSoft', 'eviction-soft'),
    ...of('evictionSoftGracePeriod', 'eviction-soft-grace-period'),
    ...(grace === undefined ? {} : { evictionMaxPodGracePeriod: grace }),
  });
}

/** Where a kind of object keeps the fields of a KubeletConfiguration. */
interface Carrier {
  readonly target: TargetId;
  readonly label: string;
  readonly acts: KubeletDocument['acts'];
  readonly path: readonly (string | number)[];
}

function carrierOf(document: unknown, name: string): Carrier | null {
  const kind = property(document, 'kind');
  const at = (...path: (string | number)[]): unknown => valueAt(document, path);
  switch (kind) {
    case 'KubeletConfiguration': {
      const dropIn = name.endsWith('.conf');
      const patch = /kubeletconfiguration[^/]*\+(merge|strategic)/.test(name);
      const target = dropIn ? 'kubelet-dropin' : patch ? 'kubeadm-patch' : 'kubeletconfiguration';
      return { target, label: 'a KubeletConfiguration', acts: dropIn || patch ? 'merge' : 'file', path: [] };
    }
    case 'KubeletConfig':
      return { target: 'openshift', label: 'a KubeletConfig', acts: 'merge', path: ['spec', 'kubeletConfig'] };
    case 'NodeConfig':
      return { target: 'eks-nodeadm', label: 'a NodeConfig', acts: 'merge', path: ['spec', 'kubelet', 'config'] };
    case 'EC2NodeClass':
      return { target: 'karpenter', label: 'an EC2NodeClass', acts: 'merge', path: ['spec', 'kubelet'] };
    case 'ClusterConfig': {
      const groups = at('nodeGroups');
      const index = Array.isArray(groups) ? groups.findIndex(g => property(g, 'kubeletExtraConfig') !== undefined) : -1;
      const path = ['nodeGroups', Math.max(0, index), 'kubeletExtraConfig'];
      return { target: 'eksctl', label: "eksctl's ClusterConfig", acts: 'merge', path };
    }
    default:
      if (at('machine', 'kubelet', 'extraConfig') !== undefined) {
        const path = ['machine', 'kubelet', 'extraConfig'];
        return { target: 'talos', label: 'a Talos machine configuration', acts: 'merge', path };
      }
      if (kind === undefined && namesEviction(document)) {
        return { target: 'kubeletconfiguration', label: 'a part of a KubeletConfiguration', acts: 'merge', path: [] };
      }
      return null;
  }
}

function yamlDocument(text: string, name: string, documents: readonly unknown[]): Parsed<KubeletDocument> | null {
  for (const [index, document] of documents.entries()) {
    const carrier = carrierOf(document, name);
    if (carrier !== null) return layerDocument(text, document, carrier, { document: index, path: carrier.path });
    const other = otherDocument(document, name);
    if (other !== null) return other;
  }
  return null;
}

function layerDocument(text: string, document: unknown, carrier: Carrier, place: LayerPlace): Parsed<KubeletDocument> {
  const layer = readConfigLayer(valueAt(document, carrier.path) ?? {});
  if (!layer.ok) return layer;
  const patch = (wanted: WrittenSettings) => {
    const patched = patchLayer(text, place, wanted);
    return patched.ok ? parsed({ text: patched.value, notes: [] }) : patched;
  };
  const { target, label, acts } = carrier;
  return parsed({ target, label, acts, layer: layer.value, settings: writtenIn(layer.value), patch });
}

function writtenIn(layer: ConfigLayer): WrittenSettings {
  const maps: { -readonly [field in EvictionMapField]?: ReadonlyMap<string, string> } = {};
  for (const field of EVICTION_MAP_FIELDS) {
    const map = layer[field];
    if (map) maps[field] = new Map([...map].flatMap(([k, v]): [string, string][] => (v === null ? [] : [[k, v]])));
  }
  const { evictionPressureTransitionPeriod: period, evictionMaxPodGracePeriod: grace } = layer;
  return {
    ...maps,
    ...(period === undefined || period === null ? {} : { evictionPressureTransitionPeriod: period }),
    ...(grace === undefined || grace === null ? {} : { evictionMaxPodGracePeriod: grace }),
  };
}

/** The kinds that are read only: ConfigMap, flag lists, flag strings, and the platforms' own names. */
function otherDocument(document: unknown, name: string): Parsed<KubeletDocument> | null {
  const inner = valueAt(document, ['data', 'kubelet']);
  if (property(document, 'kind') === 'ConfigMap' && typeof inner === 'string') {
    const read = readDocument(inner, 'config.yaml');
    return read.ok
      ? parsed({ ...read.value, target: 'kubeadm-configmap', label: "kubeadm's ConfigMap", patch: null })
      : read;
  }
  const list = property(document, 'kubelet-arg');
  if (list !== undefined) return rancherDocument(list, name);
  const kubelet = valueAt(document, ['spec', 'kubelet']);
  if (typeof property(kubelet, 'evictionHard') === 'string') return kopsDocument(kubelet);
  if (property(document, 'kubeletConfig') !== undefined) {
    const config = property(document, 'kubeletConfig');
    return merging(flagsLike('gke', 'a node system configuration of GKE', named(config, GKE_SIGNALS, GKE_FIELDS)));
  }
  if (property(document, 'hardEvictionThreshold') ?? property(document, 'softEvictionThreshold')) {
    return merging(flagsLike('aks', 'a kubelet configuration of AKS', named(document, AKS_SIGNALS, AKS_FIELDS)));
  }
  return null;
}

/** A platform keeps its own values beside those that are set. */
function merging(document: Parsed<KubeletDocument>): Parsed<KubeletDocument> {
  return document.ok ? parsed({ ...document.value, acts: 'merge' }) : document;
}

function rancherDocument(list: unknown, name: string): Parsed<KubeletDocument> {
  const items = (Array.isArray(list) ? list : [list]).filter(item => typeof item === 'string');
  const words = items.map(item => mapped(`--${item.replace(/^--/, '')}`));
  return flagsLike(
    /rke2/.test(name) ? 'rke2' : 'k3s',
    'a k3s or RKE2 configuration',
    settingsOfFlags(findFlags(words)),
  );
}

function kopsDocument(kubelet: unknown): Parsed<KubeletDocument> {
  const maps: { -readonly [field in EvictionMapField]?: ReadonlyMap<string, string> } = {};
  for (const field of EVICTION_MAP_FIELDS) {
    const value = property(kubelet, field);
    if (typeof value !== 'string') continue;
    const hardOrSoft = field === 'evictionHard' || field === 'evictionSoft';
    const map = hardOrSoft ? parseThresholdFlag(value) : parseAssignmentFlag(value);
    if (!map.ok) return refused(`${field}: ${map.error}`);
    maps[field] = map.value;
  }
  return flagsLike(
    'kops',
    'a kops specification',
    parsed({ ...maps, ...singleValues(kubelet, 'evictionMaxPodGracePeriod') }),
  );
}

function singleValues(object: unknown, graceField: string): WrittenSettings {
  const period = property(object, 'evictionPressureTransitionPeriod');
  const grace = property(object, graceField);
  return {
    ...(typeof period === 'string' ? { evictionPressureTransitionPeriod: period } : {}),
    ...(typeof grace === 'number' && Number.isSafeInteger(grace) ? { evictionMaxPodGracePeriod: grace } : {}),
  };
}

type FieldNames = readonly (readonly [EvictionMapField, string])[];

const GKE_FIELDS: FieldNames = [
  ['evictionSoft', 'evictionSoft'],
  ['evictionSoftGracePeriod', 'evictionSoftGracePeriod'],
  ['evictionMinimumReclaim', 'evictionMinimumReclaim'],
];

const AKS_FIELDS: FieldNames = [
  ['evictionHard', 'hardEvictionThreshold'],
  ['evictionSoft', 'softEvictionThreshold'],
  ['evictionSoftGracePeriod', 'softEvictionGracePeriod'],
];

/** Maps under a platform's names for fields and signals. */
function named(object: unknown, signals: SignalNames, fields: FieldNames): Parsed<WrittenSettings> {
  const maps: { -readonly [field in EvictionMapField]?: ReadonlyMap<string, string> } = {};
  for (const [field, key] of fields) {
    const map = property(object, key);
    if (typeof map !== 'object' || map === null) continue;
    const entries = [...signals].flatMap(([signal, own]): [string, string][] => {
      const value = property(map, own);
      return typeof value === 'string' ? [[signal, value]] : [];
    });
    maps[field] = new Map(entries);
  }
  const graceField = fields === GKE_FIELDS ? 'evictionMaxPodGracePeriodSeconds' : 'evictionMaxPodGracePeriodInSeconds';
  return parsed({ ...maps, ...singleValues(object, graceField) });
}
