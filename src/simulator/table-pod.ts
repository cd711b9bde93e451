import { field, fieldAt, listAt, textAt } from './json.ts';
import type { KubeObject } from './objects.ts';
import type { SimulatedVersion } from './resources.ts';

/** What the pod columns show of a pod's containers. */
export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly status: string;
  readonly restarts: number;
  /** When the last restart was; RFC 3339. */
  readonly lastRestart: string | undefined;
}

interface Restarts {
  readonly count: number;
  readonly last: string | undefined;
}

interface Init {
  readonly reason: string | undefined;
  readonly ready: number;
  readonly restarts: Restarts;
  readonly sidecarRestarts: Restarts;
}

/**
 * The READY, STATUS and RESTARTS of a pod (pkg/printers/internalversion, printPod). Before 1.29 there are no sidecars;
 * before 1.27 any pod being deleted is Terminating.
 */
export function summarizePod(pod: KubeObject, version: SimulatedVersion): PodSummary {
  const modern = version !== '1.20';
  const sidecars = new Set(
    listAt(pod, 'spec.initContainers')
      .filter(container => modern && field(container, 'restartPolicy') === 'Always')
      .map(container => field(container, 'name')),
  );
  const init = summarizeInit(pod, sidecars);
  const phase = textAt(pod, 'status.phase') ?? '';
  const podReason = textAt(pod, 'status.reason') ?? '';
  const first = podReason === '' ? phase : podReason;
  const initialized = init.reason === undefined || (modern && hasCondition(pod, 'Initialized'));
  const main = initialized
    ? summarizeContainers(pod, init.reason ?? first, init.sidecarRestarts)
    : { reason: init.reason ?? first, ready: 0, restarts: init.restarts };
  return {
    ready: init.ready + main.ready,
    total: listAt(pod, 'spec.containers').length + sidecars.size,
    status: deletionStatus(pod, main.reason, modern && (phase === 'Failed' || phase === 'Succeeded')),
    restarts: main.restarts.count,
    lastRestart: main.restarts.last,
  };
}

function summarizeInit(pod: KubeObject, sidecars: ReadonlySet<unknown>): Init {
  let restarts: Restarts = { count: 0, last: undefined };
  let sidecarRestarts: Restarts = { count: 0, last: undefined };
  let ready = 0;
  const total = listAt(pod, 'spec.initContainers').length;
  for (const [index, status] of listAt(pod, 'status.initContainerStatuses').entries()) {
    const sidecar = sidecars.has(field(status, 'name'));
    restarts = addRestarts(restarts, status);
    if (sidecar) sidecarRestarts = addRestarts(sidecarRestarts, status);
    if (fieldAt(status, 'state.terminated.exitCode') === 0) continue;
    if (sidecar && field(status, 'started') === true) {
      if (field(status, 'ready') === true) ready += 1;
      continue;
    }
    return { reason: `Init:${initReason(status) ?? `${index}/${total}`}`, ready, restarts, sidecarRestarts };
  }
  return { reason: undefined, ready, restarts, sidecarRestarts };
}

function initReason(status: unknown): string | undefined {
  const terminated = terminatedReason(status);
  if (terminated !== undefined) return terminated;
  const waiting = textAt(status, 'state.waiting.reason') ?? '';
  return waiting === '' || waiting === 'PodInitializing' ? undefined : waiting;
}

function summarizeContainers(pod: KubeObject, initial: string, before: Restarts) {
  let reason = initial;
  let ready = 0;
  let restarts = before;
  for (const status of listAt(pod, 'status.containerStatuses').toReversed()) {
    restarts = addRestarts(restarts, status);
    const waiting = textAt(status, 'state.waiting.reason') ?? '';
    const stopped = waiting === '' ? terminatedReason(status) : waiting;
    if (stopped !== undefined) reason = stopped;
    else if (field(status, 'ready') === true && fieldAt(status, 'state.running') !== undefined) ready += 1;
  }
  if (reason === 'Completed' && ready > 0) reason = hasCondition(pod, 'Ready') ? 'Running' : 'NotReady';
  return { reason, ready, restarts };
}

function terminatedReason(status: unknown): string | undefined {
  const terminated = fieldAt(status, 'state.terminated');
  if (terminated === undefined || terminated === null) return undefined;
  const reason = textAt(terminated, 'reason') ?? '';
  if (reason !== '') return reason;
  const signal = numberOf(field(terminated, 'signal'));
  return signal === 0 ? `ExitCode:${numberOf(field(terminated, 'exitCode'))}` : `Signal:${signal}`;
}

function deletionStatus(pod: KubeObject, reason: string, terminal: boolean): string {
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (textAt(pod, 'status.reason') === 'NodeLost') return 'Unknown';
  return terminal ? reason : 'Terminating';
}

function addRestarts(before: Restarts, status: unknown): Restarts {
  const finished = textAt(status, 'lastState.terminated.finishedAt');
  const later = finished !== undefined && (before.last === undefined || finished > before.last);
  return { count: before.count + numberOf(field(status, 'restartCount')), last: later ? finished : before.last };
}

function hasCondition(pod: KubeObject, type: string): boolean {
  return listAt(pod, 'status.conditions').some(
    condition => field(condition, 'type') === type && field(condition, 'status') === 'True',
  );
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
