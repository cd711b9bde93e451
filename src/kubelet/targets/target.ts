import { type Parsed, refused } from '../../eviction/parsed.ts';
import { SETTING_FIELDS, type SettingField, type WrittenSettings } from '../../eviction/settings.ts';
import type { NodeOs } from '../../eviction/signal.ts';
import type { EvictionMapField } from '../../eviction/threshold.ts';
import type { KubeletVersion } from '../../eviction/version.ts';
import type { TargetId } from './ids.ts';

/** The node a document is for, as far as documents differ by it. Untrusted texts. */
export interface TargetNode {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly osImage: string;
  readonly kubeletVersion: string;
  readonly providerId: string;
}

/** What a document is made from. */
export interface TargetInput {
  /** What it has to carry; maps complete. */
  readonly settings: WrittenSettings;
  /** The fields that differ from what is in effect: what a target cannot carry must be refused if it is one of these. */
  readonly changed: ReadonlySet<SettingField>;
  /** The node's whole configuration as decoded from configz; null: there is no node. */
  readonly configz: unknown;
  /** Only the eviction fields, for a document that is merged. */
  readonly fragment: boolean;
  readonly version: KubeletVersion | null;
  readonly os: NodeOs;
  readonly node: TargetNode | null;
  /** kubeadm's ConfigMap and the configuration in it; null: not read. */
  readonly configMap: { readonly name: string; readonly text: string } | null;
}

/** A document, and what its reader should know about it. */
export interface Artefact {
  readonly text: string;
  readonly notes: readonly string[];
}

/** A way of configuring kubelets. */
export interface Target {
  readonly id: TargetId;
  /** What it is called where it is used: a path, or a kind of object. */
  readonly place: string;
  /** A name for the file that `verify -f` takes. */
  readonly fileName: string;
  /** A sentence with the reason when it cannot be made. */
  generate(input: TargetInput): Parsed<Artefact>;
  /** What to do with the document, one step a line; `file` is where the user saved it. */
  apply(file: string, input: TargetInput): readonly string[];
  /** What is peculiar to this way; said about a document that is made anew. */
  readonly warnings: readonly string[];
  /** The same about a user's own file that is changed. @default warnings */
  readonly patchWarnings?: readonly string[];
}

/** A YAML text in double quotes. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** A map of settings as YAML lines, below a key. */
export function yamlMap(key: string, map: ReadonlyMap<string, string>, indent = ''): string {
  if (map.size === 0) return `${indent}${key}: {}\n`;
  const lines = [...map].map(([signal, value]) => `${indent}  ${yamlKey(signal)}: ${quoted(value)}\n`);
  return `${indent}${key}:\n${lines.join('')}`;
}

function yamlKey(text: string): string {
  return /^[A-Za-z][\w.]*$/.test(text) ? text : quoted(text);
}

/** The settings as fields of a KubeletConfiguration, in YAML. */
export function yamlFields(settings: WrittenSettings, indent = ''): string {
  let text = '';
  for (const field of SETTING_FIELDS) {
    const value = settings[field];
    if (value === undefined) continue;
    if (typeof value === 'object') text += yamlMap(field, value, indent);
    else text += `${indent}${field}: ${value}\n`;
  }
  return text;
}

/** `apiVersion` and `kind` of a KubeletConfiguration. */
export const KUBELET_CONFIGURATION = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

/** The settings without the fields that a target has no place for. */
export function carried(
  input: TargetInput,
  fields: readonly SettingField[],
  platform: string,
): { readonly refusal: string | null; readonly settings: WrittenSettings; readonly notes: readonly string[] } {
  const entries = Object.entries(input.settings) as [SettingField, unknown][];
  const lost = entries.filter(([field]) => !fields.includes(field)).map(([field]) => field);
  const asked = lost.filter(field => input.changed.has(field));
  const kept: WrittenSettings = Object.fromEntries(entries.filter(([field]) => fields.includes(field)));
  return {
    refusal: asked.length > 0 ? `${platform} has no place for ${asked.join(', ')}` : null,
    settings: kept,
    notes: lost.map(field => `${platform} has no place for ${field}: what is set now must be set as it is today`),
  };
}

/** The refusal as an outcome. */
export function cannot(reason: string): Parsed<Artefact> {
  return refused(reason);
}

/** The label value of a node that may stand in a document; a placeholder otherwise. */
export function labelOr(input: TargetInput, keys: readonly string[], placeholder: string): string {
  for (const key of keys) {
    const value = input.node?.labels.get(key) ?? '';
    if (/^[\w.-]{1,253}$/.test(value)) return value;
  }
  return placeholder;
}

/** The maps of a settings value, by field. */
export function mapsOf(
  settings: WrittenSettings,
): readonly (readonly [EvictionMapField, ReadonlyMap<string, string>])[] {
  return (Object.entries(settings) as [EvictionMapField, unknown][]).flatMap(([field, value]) =>
    value instanceof Map ? [[field, value as ReadonlyMap<string, string>] as const] : [],
  );
}

/** Characters that a terminal obeys or does not show, the line feed among them; none stands in a document as it is. */
export const UNSEEN = /[\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]/;
