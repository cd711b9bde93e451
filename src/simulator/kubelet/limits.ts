import { formatQuantity, quantityFromInteger } from '../../eviction/quantity.ts';
import type { FilesystemLayout } from '../../eviction/threshold.ts';
import type { PodUsage } from './measure.ts';
import { containerLimitText, emptyDirText, podLimitText } from './messages.ts';
import { runningContainers } from './pod.ts';

function emptyDirBreach(usage: PodUsage): string | null {
  for (const { volume, bytes } of usage.volumes) {
    if (volume.sizeLimit !== null && bytes > volume.sizeLimit.value)
      return emptyDirText(volume.name, volume.sizeLimit.text);
  }
  return null;
}

function podBreach(usage: PodUsage): string | null {
  let limit = 0;
  let limited = false;
  for (const container of runningContainers(usage.pod)) {
    const own = container.limits.get('ephemeral-storage');
    if (own === undefined) continue;
    limited = true;
    limit += own.value;
  }
  if (!limited) return null;
  let used = 0;
  for (const container of usage.containers) used += container.rootfsBytes + container.logsBytes;
  for (const { volume, bytes } of usage.volumes) if (volume.kind === 'disk') used += bytes;
  return used > limit ? podLimitText(formatQuantity(quantityFromInteger(limit, 'BinarySI'))) : null;
}

function containerBreach(usage: PodUsage, layout: FilesystemLayout): string | null {
  for (const container of usage.containers) {
    const spec = usage.pod.containers.find(({ name }) => name === container.name);
    const limit = spec?.limits.get('ephemeral-storage');
    if (limit === undefined) continue;
    const used = container.logsBytes + (layout === 'dedicated-imagefs' ? 0 : container.rootfsBytes);
    if (used > limit.value) return containerLimitText(container.name, limit.text);
  }
  return null;
}

/**
 * Why the pod is over one of its own storage limits, as its status will say it; null when it is not. Mirrors
 * `localStorageEviction`: emptyDir first, then the pod's sum, then single containers.
 */
export function limitBreach(usage: PodUsage, layout: FilesystemLayout): string | null {
  return emptyDirBreach(usage) ?? podBreach(usage) ?? containerBreach(usage, layout);
}
