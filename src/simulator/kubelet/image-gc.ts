import { measure } from './measure.ts';
import { imageGcText } from './messages.ts';
import { pushNodeEvent, type Run } from './run.ts';
import { measureInput, PERIODS } from './state.ts';

/** Regular image garbage collection: from the high mark down to the low one. The first failure is only logged. */
export function collectImages(run: Run): void {
  const { draft, nowMs } = run;
  draft.nextImageGcMs = nowMs + PERIODS.imageGc;
  const { high, low } = draft.armed.imageGc;
  const level = measure(measureInput(draft), nowMs).disks.get(draft.spec.filesystems.imagefs);
  if (level === undefined || level.capacityBytes === 0 || high >= 100) return;
  const usedPercent = 100 - Math.trunc((level.freeBytes * 100) / level.capacityBytes);
  if (usedPercent < high) return;
  const wanted = Math.trunc((level.capacityBytes * (100 - low)) / 100) - level.freeBytes;
  const freed = Math.min(wanted, draft.reclaimable.unusedImageBytes);
  draft.reclaimable = { ...draft.reclaimable, unusedImageBytes: draft.reclaimable.unusedImageBytes - freed };
  const failed = freed < wanted;
  if (failed) {
    const text = imageGcText(wanted, freed, draft.armed.features);
    pushNodeEvent(run, 'Warning', 'FreeDiskSpaceFailed', text);
    if (draft.imageGcFailed) pushNodeEvent(run, 'Warning', 'ImageGCFailed', text);
  }
  draft.imageGcFailed = failed;
}
