import { type Parsed, refused } from '../../eviction/parsed.ts';
import { SETTING_FIELDS, type SettingField, type WrittenSettings } from '../../eviction/settings.ts';
import { settingsToWrite } from '../../eviction/tune.ts';
import type { FirstVictims, TuneReport } from '../../eviction/tune-report.ts';
import { readDocument } from '../../kubelet/document.ts';
import type { TargetId } from '../../kubelet/targets/ids.ts';
import { targetOf } from '../../kubelet/targets/registry.ts';
import { suggestTarget } from '../../kubelet/targets/suggest.ts';
import type { Artefact, Target, TargetInput } from '../../kubelet/targets/target.ts';
import { carries } from '../../kubelet/unit-patch.ts';
import type { Base, BaseFile } from './base.ts';
import type { Decision } from './decide.ts';
import type { TuneOptions } from './options.ts';

/** The report with its document, and the document with the settings of today. */
export type Made =
  | { readonly ok: true; readonly report: TuneReport; readonly today: string }
  | { readonly ok: false; readonly error: string; readonly hint: string | undefined };

/** What a document needs to know of a command line. */
export type DocumentOptions = Pick<TuneOptions, 'to' | 'fragment' | 'program'>;

/** How a plan becomes a document: a file that is changed, or a text that is made anew. */
interface Workshop {
  readonly target: Target;
  /** The file that is changed in place. */
  readonly file: BaseFile | null;
  /** What the document must say when it is read again. */
  readonly wanted: WrittenSettings;
  readonly name: string;
  readonly input: TargetInput;
  make(): Parsed<Artefact>;
  /** The document with the settings of today. */
  today(): string;
}

function workshop(
  base: Base,
  decision: Decision,
  options: DocumentOptions,
  configMap: TargetInput['configMap'],
): Workshop {
  const written = settingsToWrite(decision.plan);
  const changed = new Set(decision.plan.changes.map(change => change.field));
  const { configz, version, os } = base;
  const node = base.nodes[0]?.node ?? null;
  const { fragment } = options;
  const input: TargetInput = { settings: written, changed, configz, fragment, version, os, node, configMap };
  const file =
    base.file !== null && (options.to ?? base.file.document.target) === base.file.document.target ? base.file : null;
  if (file !== null) {
    const wanted = writtenInFile(written, file, changed);
    const name = file.path === '-' ? targetOf(file.document.target).fileName : file.path;
    const target = targetOf(file.document.target);
    return { target, file, wanted, name, input, make: () => patched(file, wanted), today: () => file.text };
  }
  const target = targetOf(options.to ?? 'kubeletconfiguration');
  const today = (): string => {
    const made = target.generate({ ...input, settings: restoring(written, base), changed: new Set() });
    return made.ok ? made.value.text : '';
  };
  return { target, file, wanted: written, name: target.fileName, input, make: () => target.generate(input), today };
}

/** Writes the plan in the form that is asked for, and reads it back before anybody gets it. Pure. */
export function makeDocuments(
  base: Base,
  decision: Decision,
  options: DocumentOptions,
  configMap: TargetInput['configMap'],
  victims: FirstVictims | null,
): Made {
  const shop = workshop(base, decision, options, configMap);
  const made = shop.make();
  if (!made.ok) return { ok: false, error: made.error, hint: hintFor(shop) };
  const problem = readBack(made.value.text, shop);
  if (problem !== null) return { ok: false, error: problem, hint: 'nothing was written' };
  const report = { ...reportOf(base, decision, options, shop, made.value), victims };
  return { ok: true, report, today: shop.today() };
}

function reportOf(
  base: Base,
  decision: Decision,
  options: DocumentOptions,
  shop: Workshop,
  artefact: Artefact,
): TuneReport {
  const { target, file, name, input } = shop;
  const { node } = input;
  const suggestion = node === null ? null : suggestTarget(node);
  const misfit =
    suggestion === null || suggestion.target === target.id
      ? []
      : [`this node looks like ${suggestion.why}: --to ${suggestion.target} is the way that lasts there`];
  const peculiar = file === null ? target.warnings : (target.patchWarnings ?? target.warnings);
  return {
    base: {
      kind: base.kind,
      label: base.label,
      nodes: base.nodes.map(n => n.node.name),
      file: base.file?.path ?? null,
      kubeletVersion: base.version?.text ?? null,
      os: base.os,
      settings: base.settings,
    },
    plan: decision.plan,
    reasons: decision.reasons,
    whatIf: decision.whatIf,
    victims: null,
    findings: decision.findings,
    warnings: [...base.warnings, ...decision.plan.idle, ...misfit, ...artefact.notes, ...peculiar],
    target: target.id,
    place: file === null ? target.place : file.path,
    apply: file === null ? target.apply(name, input) : inPlace(name, target.apply(name, input)),
    verify: `${options.program} verify -f ${name} ${node?.name ?? 'NODE'} --wait 10m`,
    refusal: decision.risk,
    document: decision.risk === null ? artefact.text : null,
  };
}

/** A user's own file goes back to where it came from; what follows is the same. */
function inPlace(name: string, steps: readonly string[]): readonly string[] {
  return [`put ${name} in its place on the node`, ...steps.slice(1)];
}

function hintFor(shop: Workshop): string | undefined {
  if (shop.file !== null) return 'the file is left as it is';
  return shop.target.id === 'kubeletconfiguration' ? undefined : 'see the other targets of --to';
}

/** In the user's own file only what changes is written, and the hard map, whole. */
function writtenInFile(written: WrittenSettings, file: BaseFile, changed: ReadonlySet<SettingField>): WrittenSettings {
  const own = file.document.settings;
  return Object.fromEntries(
    SETTING_FIELDS.filter(field => field === 'evictionHard' || changed.has(field) || own[field] !== undefined).flatMap(
      field => (written[field] === undefined ? [] : [[field, written[field]]]),
    ),
  );
}

function patched(file: BaseFile, written: WrittenSettings): Parsed<Artefact> {
  const { patch, label } = file.document;
  if (patch !== null) return patch(written);
  return refused(`${file.path} is ${label}, which is read but not changed in place: choose a target with --to`);
}

/** The settings of today, in the fields that a document names: what takes a change back. */
function restoring(written: WrittenSettings, base: Base): WrittenSettings {
  const entries = Object.keys(written).map((key): [string, unknown] => {
    const field = SETTING_FIELDS.find(f => f === key) ?? 'evictionHard';
    const value = base.settings[field];
    return [field, value ?? (field === 'evictionMaxPodGracePeriod' ? 0 : '5m0s')];
  });
  return Object.fromEntries(entries);
}

/** The targets that carry only a part of the settings, and say so. */
const PARTIAL: ReadonlyMap<TargetId, readonly SettingField[]> = new Map([
  ['gke', []],
  ['aks', []],
  ['karpenter', ['evictionHard', 'evictionSoft', 'evictionSoftGracePeriod']],
  ['bottlerocket', ['evictionHard', 'evictionSoft', 'evictionSoftGracePeriod']],
]);

/** No document leaves the program that does not say, read by our own reader, what was planned; null: it does. */
function readBack(text: string, shop: Workshop): string | null {
  const read = readDocument(text, shop.name);
  if (!read.ok) return `internal check failed: the document cannot be read again: ${read.error}`;
  const fields = PARTIAL.get(shop.target.id) ?? SETTING_FIELDS;
  const wanted = Object.fromEntries(Object.entries(shop.wanted).filter(([field]) => fields.some(f => f === field)));
  return carries(read.value.settings, wanted)
    ? null
    : 'internal check failed: the document does not carry the planned thresholds';
}
