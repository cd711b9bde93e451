import { type Parsed, parsed } from '../../eviction/parsed.ts';
import { parseQuantity } from '../../eviction/quantity.ts';
import type { WrittenSettings } from '../../eviction/settings.ts';
import { parseThresholdValue, type ThresholdValue } from '../../eviction/threshold.ts';
import { type Artefact, cannot, type Target, type TargetInput } from './target.ts';

/** The names that a platform gives to signals; a signal that is missing cannot be set there. */
export type SignalNames = ReadonlyMap<string, string>;

/** GKE's camel case. */
export const GKE_SIGNALS: SignalNames = new Map([
  ['memory.available', 'memoryAvailable'],
  ['nodefs.available', 'nodefsAvailable'],
  ['nodefs.inodesFree', 'nodefsInodesFree'],
  ['imagefs.available', 'imagefsAvailable'],
  ['imagefs.inodesFree', 'imagefsInodesFree'],
  ['pid.available', 'pidAvailable'],
]);

/** AKS knows three. */
export const AKS_SIGNALS: SignalNames = new Map([
  ['memory.available', 'memoryAvailable'],
  ['nodefs.available', 'nodeFsAvailable'],
  ['nodefs.inodesFree', 'nodeFsInodesFree'],
]);

function read(signal: string, text: string): ThresholdValue | null {
  const verdict = parseThresholdValue(signal, text, null);
  return verdict.ok && verdict.value !== 'dropped' ? verdict.value : null;
}

function within(value: ThresholdValue | null, least: number, most: number): boolean {
  return value?.kind === 'percentage' && value.fraction >= least - 1e-7 && value.fraction <= most + 1e-7;
}

function atLeastQuantity(value: ThresholdValue | null, least: string): boolean {
  const bound = parseQuantity(least);
  return value?.kind === 'quantity' && bound.ok && value.quantity.nano >= bound.value.nano;
}

/** What GKE accepts for a soft threshold; null: it does. */
function gkeRange(signal: string, text: string): string | null {
  const value = read(signal, text);
  if (signal === 'memory.available') {
    return atLeastQuantity(value, '100Mi') ? null : 'a quantity of at least 100Mi, and below half of the machine';
  }
  const least = signal === 'imagefs.available' ? 15 : signal.endsWith('inodesFree') ? 5 : 10;
  return within(value, least / 100, 0.5) ? null : `a percentage from ${least}% to 50%`;
}

function renamed(map: ReadonlyMap<string, string>, names: SignalNames): Parsed<readonly (readonly [string, string])[]> {
  const out: (readonly [string, string])[] = [];
  for (const [signal, value] of map) {
    const name = names.get(signal);
    if (name === undefined) return { ok: false, error: `${signal} cannot be set there` };
    out.push([name, value]);
  }
  return parsed(out);
}

function gkeDocument(settings: WrittenSettings): Parsed<Artefact> {
  const fields = ['evictionSoft', 'evictionSoftGracePeriod', 'evictionMinimumReclaim'] as const;
  let text = 'kubeletConfig:\n';
  for (const field of fields) {
    const map = settings[field];
    if (map === undefined) continue;
    const entries = renamed(map, GKE_SIGNALS);
    if (!entries.ok) return cannot(`GKE: ${field}: ${entries.error}`);
    text += `  ${field}:\n${entries.value.map(([name, value]) => `    ${name}: ${value}\n`).join('')}`;
  }
  const grace = settings.evictionMaxPodGracePeriod;
  if (grace !== undefined) text += `  evictionMaxPodGracePeriodSeconds: ${grace}\n`;
  return parsed({ text, notes: ['hard thresholds are not part of it: GKE sets them itself'] });
}

/** GKE: the node system configuration, which has soft thresholds only. */
export const gke: Target = {
  id: 'gke',
  place: 'node system configuration of a node pool',
  fileName: 'gke-node-config.yaml',
  warnings: ['GKE creates the nodes of the pool anew'],
  generate: input => {
    const alternative = 'set a soft threshold above it (--soft nodefs.available=15%:1m), or use a larger boot disk';
    if (input.changed.has('evictionHard')) return cannot(`GKE lets nobody set evictionHard: ${alternative}`);
    if (input.changed.has('evictionPressureTransitionPeriod')) {
      return cannot('GKE lets nobody set evictionPressureTransitionPeriod');
    }
    for (const [signal, value] of input.settings.evictionSoft ?? []) {
      const wants = gkeRange(signal, value);
      if (wants !== null) return cannot(`GKE takes for the soft threshold of ${signal} ${wants}, not ${value}`);
    }
    return gkeDocument(input.settings);
  },
  apply: file => [`gcloud container node-pools update POOL --cluster CLUSTER --system-config-from-file=${file}`],
};

/** What AKS (node hardening) accepts for a hard threshold; null: it does. */
function aksRange(signal: string, text: string): string | null {
  const value = read(signal, text);
  if (signal === 'memory.available') {
    return within(value, 0.02, 1) || atLeastQuantity(value, '100Mi') ? null : 'at least 100Mi or 2%';
  }
  if (signal === 'nodefs.available') return value?.kind === 'quantity' || within(value, 0.1, 1) ? null : 'at least 10%';
  return null;
}

function aksDocument(input: TargetInput): Parsed<Artefact> {
  const { settings } = input;
  const document: Record<string, unknown> = {};
  const notes = ['the fields belong to the preview "node hardening" (CustomNodeConfigPreview), Linux pools only'];
  const parts = [
    ['hardEvictionThreshold', settings.evictionHard],
    ['softEvictionThreshold', settings.evictionSoft],
    ['softEvictionGracePeriod', settings.evictionSoftGracePeriod],
  ] as const;
  for (const [name, map] of parts) {
    const known = new Map([...(map ?? [])].filter(([signal]) => AKS_SIGNALS.has(signal)));
    const entries = renamed(known, AKS_SIGNALS);
    if (entries.ok && entries.value.length > 0) document[name] = Object.fromEntries(entries.value);
  }
  const grace = settings.evictionMaxPodGracePeriod;
  if (grace !== undefined) document['evictionMaxPodGracePeriodInSeconds'] = grace;
  const left = [...(settings.evictionHard?.keys() ?? [])].filter(signal => !AKS_SIGNALS.has(signal));
  if (left.length > 0) notes.push(`AKS keeps its own values for ${left.join(', ')}`);
  return parsed({ text: `${JSON.stringify(document, null, 2)}\n`, notes });
}

/** AKS: the kubelet configuration of a node pool; eviction fields only with node hardening. */
export const aks: Target = {
  id: 'aks',
  place: 'kubelet configuration of a node pool',
  fileName: 'aks-kubelet-config.json',
  warnings: ['without the preview "node hardening" AKS accepts no eviction field at all: use a larger OS disk there'],
  generate: input => {
    for (const field of ['evictionMinimumReclaim', 'evictionPressureTransitionPeriod'] as const) {
      if (input.changed.has(field)) return cannot(`AKS has no place for ${field}`);
    }
    for (const [signal, value] of input.settings.evictionHard ?? []) {
      const wants = aksRange(signal, value);
      if (wants !== null && AKS_SIGNALS.has(signal)) {
        return cannot(`AKS takes for ${signal} ${wants}, not ${value}: use a larger OS disk instead`);
      }
    }
    return aksDocument(input);
  },
  apply: file => [`az aks nodepool add ... --kubelet-config ${file} (a new pool; drain and delete the old one)`],
};
