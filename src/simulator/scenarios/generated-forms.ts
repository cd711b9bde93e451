import type { KubeletFeatures } from '../kubelet/features.ts';
import { readPod } from '../kubelet/pod.ts';
import { evictedPodStatus, refusedPodStatus, runningPodStatus } from '../kubelet/pod-status.ts';
import type { NodeSpec } from '../kubelet/spec.ts';
import type { KubeObject } from '../objects.ts';
import { HOUR } from './builders.ts';

const PRESSURE =
  'The node was low on resource: ephemeral-storage. Threshold quantity: 10737418240, available: 9871236Ki. Container APP was using 5182464Ki, request is 0, has larger consumption of ephemeral-storage. ';
const OLD_PRESSURE =
  'The node was low on resource: memory. Container APP was using 2231456Ki, which exceeds its request of 128Mi. ';

/** One form that a pod of the generated cluster can have. */
export interface Form {
  readonly kubeletVersion: string;
  /** The status that a kubelet of that release writes at that moment. */
  readonly write: (pod: KubeObject, features: KubeletFeatures, atMs: number, node: NodeSpec) => object;
  /** Its selectable fields. */
  readonly fields: Readonly<Record<string, string>>;
}

function place(host: NodeSpec, features: KubeletFeatures, startedAtMs: number) {
  return { hostIp: host.identity.address, podIp: '10.42.7.19', startedAtMs, features };
}

function evictedForm(kubeletVersion: string, message: string, nodePressure: boolean): Form {
  return {
    kubeletVersion,
    fields: { 'status.phase': 'Failed' },
    write: (pod, features, atMs, host) => {
      const app = pod.metadata.labels?.['app'] ?? '';
      const end = {
        message: message.replaceAll('APP', app),
        finishedAtMs: atMs,
        exit: 'killed',
        nodePressure,
      } as const;
      return evictedPodStatus(readPod(pod), place(host, features, atMs - HOUR), end);
    },
  };
}

function refusedForm(kubeletVersion: string, message: string): Form {
  return {
    kubeletVersion,
    fields: { 'status.phase': 'Failed' },
    write: (pod, features, atMs) => refusedPodStatus(readPod(pod), message, atMs, features),
  };
}

/** Real evicted pods as 1.20 and 1.36 leave them. */
export const EVICTED: readonly Form[] = [
  evictedForm('v1.36.2', PRESSURE, true),
  refusedForm('v1.36.2', 'Pod was rejected: The node had condition: [DiskPressure]. '),
  evictedForm('v1.36.2', 'Usage of EmptyDir volume "cache" exceeds the limit "1Gi". ', false),
  evictedForm('v1.20.15', OLD_PRESSURE, true),
  refusedForm('v1.20.15', 'Pod The node had condition: [DiskPressure]. '),
];

/** A pod that runs. */
export const RUNNING: Form = {
  kubeletVersion: 'v1.36.2',
  fields: { 'status.phase': 'Running' },
  write: (pod, features, atMs, host) => runningPodStatus(readPod(pod), place(host, features, atMs)),
};

function altered(form: Form, change: Readonly<Record<string, unknown>>): Form {
  return {
    ...form,
    fields: { ...form.fields, ...(typeof change['phase'] === 'string' ? { 'status.phase': change['phase'] } : {}) },
    write: (...all) => {
      const merged = new Map<string, unknown>([...Object.entries(form.write(...all)), ...Object.entries(change)]);
      return Object.fromEntries([...merged].filter(([, value]) => value !== undefined));
    },
  };
}

const FAILED = evictedForm('v1.36.2', '', false);
/** Failed pods that are not evicted, and an evicted one that ended well. */
export const LOOK_ALIKES: readonly Form[] = [
  altered(FAILED, { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' }),
  altered(FAILED, {
    reason: 'NodeShutdown',
    message: 'Pod was rejected: Pod was rejected as the node is shutting down.',
  }),
  altered(FAILED, {
    reason: 'OutOfcpu',
    message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 64000, used: 40, capacity: 2000",
  }),
  altered(FAILED, { reason: undefined, message: undefined }),
  altered(FAILED, {
    reason: 'DeadlineExceeded',
    message: 'Pod was active on the node longer than the specified deadline',
  }),
  altered(evictedForm('v1.36.2', PRESSURE, true), { phase: 'Succeeded', reason: undefined, message: undefined }),
];
