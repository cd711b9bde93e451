import { admits } from './admission.ts';
import { podEvent, podTarget } from './events.ts';
import { rejectionText } from './messages.ts';
import { hasEnded, type KubeletPod } from './pod.ts';
import { refusedPodStatus, runningPodStatus } from './pod-status.ts';
import { placeOf, type Run } from './run.ts';
import { podAddress, type RunningPod } from './state.ts';

/** Takes or refuses every pod that the kubelet has not seen yet, or, after a restart, not again. */
export function admitNewPods(run: Run, pods: readonly KubeletPod[]): void {
  for (const pod of pods) {
    const known = run.draft.running.get(pod.uid);
    if (known === undefined) {
      if (!hasEnded(pod) && !run.finished.has(pod.uid)) admitPod(run, pod);
    } else if (known.readmit && known.ending === null && !hasEnded(pod)) {
      readmitPod(run, { ...known, pod });
    } else if (known.pod !== pod) {
      run.draft.running.set(pod.uid, { ...known, pod });
    }
  }
}

/** A restarted kubelet asks for every pod it finds whether it may stay. */
function readmitPod(run: Run, known: RunningPod): void {
  if (admits(run.draft.pressure.conditions, known.pod)) {
    run.draft.running.set(known.pod.uid, { ...known, readmit: false });
  } else {
    run.draft.running.delete(known.pod.uid);
    refusePod(run, known.pod, known.startedAtMs);
  }
}

function refusePod(run: Run, pod: KubeletPod, startedAtMs: number): void {
  const { draft, nowMs } = run;
  const { features } = draft.armed;
  const text = rejectionText(draft.pressure.conditions, features);
  const event = podEvent(nowMs, draft.spec.name, 'Warning', 'Evicted', text.event, podTarget(pod));
  run.effects.push(
    { kind: 'event', event },
    { kind: 'pod-status', pod, status: refusedPodStatus(pod, text.status, startedAtMs, features), atMs: nowMs },
  );
}

function admitPod(run: Run, pod: KubeletPod): void {
  const { draft, nowMs } = run;
  if (!admits(draft.pressure.conditions, pod)) {
    refusePod(run, pod, nowMs);
    return;
  }
  const running: RunningPod = {
    pod,
    startedAtMs: nowMs,
    usageFromMs: nowMs,
    ip: podAddress(draft.spec, pod.uid),
    ending: null,
    readmit: false,
  };
  draft.running.set(pod.uid, running);
  run.effects.push({ kind: 'pod-status', pod, status: runningPodStatus(pod, placeOf(draft, running)), atMs: nowMs });
}
