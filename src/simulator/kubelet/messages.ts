import { formatQuantity, quantityFromInteger } from '../../eviction/quantity.ts';
import { type Resource, signalInfo } from '../../eviction/signal.ts';
import { resolveAmount, type Threshold } from '../../eviction/threshold.ts';
import type { KubeletFeatures } from './features.ts';
import type { Measurement, PodUsage } from './measure.ts';
import type { ResourceName } from './pod.ts';

/** The text of an eviction, with the annotations of its event. */
export interface EvictionText {
  readonly message: string;
  readonly annotations: Readonly<Record<string, string>>;
}

function binary(value: number): string {
  return formatQuantity(quantityFromInteger(Math.trunc(value), 'BinarySI'));
}

function isInodesOrPids(resource: Resource): boolean {
  return resource === 'inodes' || resource === 'pids';
}

/** Q and A of "Threshold quantity: Q, available: A." (`getThresholdMetInfo`). */
function thresholdText(threshold: Threshold, measured: Measurement): string {
  const { resource } = signalInfo(threshold.signal);
  const observed = measured.signals.get(threshold.signal);
  if (observed === undefined) return '';
  const quantity =
    threshold.value.kind === 'quantity'
      ? formatQuantity(threshold.value.quantity)
      : binary(resolveAmount(threshold.value, observed.capacity).amount);
  const format = isInodesOrPids(resource) ? 'DecimalSI' : 'BinarySI';
  const available = formatQuantity(quantityFromInteger(Math.trunc(observed.available), format));
  return `Threshold quantity: ${quantity}, available: ${available}. `;
}

function containerTexts(usage: PodUsage, resource: ResourceName, features: KubeletFeatures) {
  const names: string[] = [];
  const amounts: string[] = [];
  let text = '';
  for (const container of usage.containers) {
    const spec = usage.pod.containers.find(({ name }) => name === container.name);
    // Kubelets before the new message look at regular containers only.
    if (spec === undefined || (spec.init && !features.disruptionTarget)) continue;
    const used = resource === 'memory' ? container.memoryBytes : container.rootfsBytes + container.logsBytes;
    const request = spec.requests.get(resource);
    if (used <= (request?.value ?? 0)) continue;
    const amount = binary(used);
    names.push(container.name);
    amounts.push(amount);
    text += features.disruptionTarget
      ? `Container ${container.name} was using ${amount}, request is ${request?.text ?? '0'}, has larger consumption of ${resource}. `
      : `Container ${container.name} was using ${amount}, which exceeds its request of ${request?.text ?? '0'}. `;
  }
  return { names, amounts, text };
}

/**
 * The message of a node-pressure eviction (`evictionMessage`), one final blank included.
 *
 * @param met all thresholds met in this pass; the first of the same resource is quoted, which may not be the one handled
 */
export function pressureText(
  threshold: Threshold,
  met: readonly Threshold[],
  measured: Measurement,
  usage: PodUsage,
  features: KubeletFeatures,
): EvictionText {
  const { resource } = signalInfo(threshold.signal);
  let message = `The node was low on resource: ${resource}. `;
  const quoted = met.find(({ signal }) => signalInfo(signal).resource === resource);
  if (features.disruptionTarget && quoted !== undefined) message += thresholdText(quoted, measured);
  const containers = resource === 'inodes' || resource === 'pids' ? null : containerTexts(usage, resource, features);
  return {
    message: message + (containers?.text ?? ''),
    annotations: {
      offending_containers: containers?.names.join(',') ?? '',
      offending_containers_usage: containers?.amounts.join(',') ?? '',
      starved_resource: resource,
    },
  };
}

/** The message of a refused pod: in the event, and in the status. */
export function rejectionText(
  conditions: readonly string[],
  features: KubeletFeatures,
): { readonly event: string; readonly status: string } {
  const event = `The node had condition: [${conditions.join(' ')}]. `;
  return { event, status: `${features.disruptionTarget ? 'Pod was rejected: ' : 'Pod '}${event}` };
}

/** The pod outgrew an emptyDir volume's `sizeLimit`. */
export function emptyDirText(volume: string, limit: string): string {
  return `Usage of EmptyDir volume "${volume}" exceeds the limit "${limit}". `;
}

/** The pod outgrew the sum of its containers' ephemeral-storage limits. */
export function podLimitText(limit: string): string {
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `;
}

/** A container outgrew its ephemeral-storage limit. */
export function containerLimitText(container: string, limit: string): string {
  return `Container ${container} exceeded its local ephemeral storage limit "${limit}". `;
}

/** What image garbage collection says when it could not free enough. */
export function imageGcText(wanted: number, freed: number, features: KubeletFeatures): string {
  return features.newImageGcMessage
    ? `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`
    : `failed to garbage collect required amount of images. Wanted to free ${wanted} bytes, but freed ${freed} bytes`;
}
