import { type Signal, signalInfo } from '../../eviction/signal.ts';
import type { FilesystemLayout } from '../../eviction/threshold.ts';
import type { ReclaimableSpec } from './spec.ts';

/** What the kubelet deletes for a signal. */
type Reclaim = 'nothing' | 'containers' | 'images' | 'both';

/** `buildSignalToNodeReclaimFuncs` of the kubelet's eviction helpers. */
function plan(signal: Signal, layout: FilesystemLayout): Reclaim {
  const { filesystem } = signalInfo(signal);
  if (filesystem === null) return 'nothing';
  switch (layout) {
    case 'one-filesystem':
      return 'both';
    case 'dedicated-imagefs':
      return filesystem === 'nodefs' ? 'nothing' : 'both';
    case 'split':
      return filesystem === 'imagefs' ? 'images' : 'containers';
  }
}

/**
 * What is left to give back after the kubelet reclaimed all it may for that signal; null when the layout leaves it
 * nothing to try. Unlike regular garbage collection it deletes all unused images.
 */
export function reclaimFor(signal: Signal, layout: FilesystemLayout, present: ReclaimableSpec): ReclaimableSpec | null {
  const action = plan(signal, layout);
  if (action === 'nothing') return null;
  const containers = action === 'containers' || action === 'both';
  const images = action === 'images' || action === 'both';
  return {
    deadContainerBytes: containers ? 0 : present.deadContainerBytes,
    deadContainerInodes: containers ? 0 : present.deadContainerInodes,
    unusedImageBytes: images ? 0 : present.unusedImageBytes,
    unusedImageInodes: images ? 0 : present.unusedImageInodes,
  };
}
