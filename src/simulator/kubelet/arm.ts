import { type EvictionConfig, readEvictionConfig } from '../../eviction/config.ts';
import { durationSeconds, parseDuration } from '../../eviction/duration.ts';
import { type Parsed, parsed, refused } from '../../eviction/parsed.ts';
import { parseQuantity, quantityNumber } from '../../eviction/quantity.ts';
import {
  type FilesystemLayout,
  parseThresholds,
  type Threshold,
  withAllocatable,
  withDerivedContainerFs,
} from '../../eviction/threshold.ts';
import { type KubeletVersion, parseKubeletVersion } from '../../eviction/version.ts';
import { field } from '../json.ts';
import { kubeletConfigOf } from './configz.ts';
import { featuresOf, type KubeletFeatures } from './features.ts';
import { textField } from './fields.ts';
import { layoutOf } from './measure.ts';
import type { NodeSpec } from './spec.ts';

const DEFAULT_TRANSITION_MS = 300_000;

/** A kubelet's configuration as it acts on it. */
export interface Armed {
  readonly version: KubeletVersion | null;
  readonly features: KubeletFeatures;
  readonly layout: FilesystemLayout;
  readonly config: EvictionConfig;
  /** All thresholds that are watched: `0%` and `100%` dropped, containerfs and allocatable memory derived. */
  readonly thresholds: readonly Threshold[];
  /** `evictionPressureTransitionPeriod`. */
  readonly transitionMs: number;
  /** `evictionMaxPodGracePeriod`, 0 when not set. */
  readonly maxPodGraceSeconds: number;
  /** Percent of use at which image garbage collection starts, and at which it stops. */
  readonly imageGc: { readonly high: number; readonly low: number };
  /** Sums of kubeReserved and systemReserved, in base units. */
  readonly reserved: { readonly memory: number; readonly ephemeralStorage: number };
}

function reservedOf(config: unknown, resource: string): number {
  let sum = 0;
  for (const part of ['kubeReserved', 'systemReserved']) {
    const text = textField(field(config, part), resource);
    const quantity = text === null ? null : parseQuantity(text);
    if (quantity?.ok === true) sum += quantityNumber(quantity.value);
  }
  return sum;
}

/** `evictionPressureTransitionPeriod` in milliseconds. */
function transitionMs(text: string | null): Parsed<number> {
  if (text === null) return parsed(DEFAULT_TRANSITION_MS);
  const duration = parseDuration(text);
  if (!duration.ok) return refused(`evictionPressureTransitionPeriod: ${duration.error}`);
  return parsed(durationSeconds(duration.value) * 1000);
}

/**
 * Starts the eviction part of a kubelet: its thresholds, from the configuration that `/configz` shows. Refused when the
 * kubelet would not start (`ParseThresholdConfig` of the kubelet's eviction helpers); the error is the first problem.
 */
export function arm(spec: NodeSpec): Parsed<Armed> {
  const version = parseKubeletVersion(spec.kubeletVersion);
  const raw = kubeletConfigOf(spec);
  const read = readEvictionConfig(raw);
  if (!read.ok) return refused(read.error);
  const config = read.value;
  if (config.unreadable.length > 0) return refused(`cannot decode ${config.unreadable.join(', ')}`);
  const layout = layoutOf(spec);
  const { thresholds, problems } = parseThresholds(config, version);
  const first = problems[0];
  if (first !== undefined) return refused(first.message);
  const transition = transitionMs(config.evictionPressureTransitionPeriod);
  if (!transition.ok) return transition;
  return parsed({
    version,
    features: featuresOf(version),
    layout,
    config,
    thresholds: withAllocatable(withDerivedContainerFs(thresholds, layout, version), config.enforceNodeAllocatable),
    transitionMs: transition.value,
    maxPodGraceSeconds: config.evictionMaxPodGracePeriod ?? 0,
    imageGc: { high: config.imageGCHighThresholdPercent ?? 85, low: config.imageGCLowThresholdPercent ?? 80 },
    reserved: { memory: reservedOf(raw, 'memory'), ephemeralStorage: reservedOf(raw, 'ephemeral-storage') },
  });
}
