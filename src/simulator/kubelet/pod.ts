import { parseQuantity, quantityNumber } from '../../eviction/quantity.ts';
import { field, isObject } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import { listField, numberField, objectField, parseTimestamp, textField } from './fields.ts';
import type { UsageProfile } from './spec.ts';

/** The priority from which a pod is critical (`system-cluster-critical`). */
const CRITICAL_PRIORITY = 2_000_000_000;
const SOURCE_ANNOTATION = 'kubernetes.io/config.source';
const MIRROR_ANNOTATION = 'kubernetes.io/config.mirror';

/** The resources that eviction looks at. */
export type ResourceName = 'memory' | 'ephemeral-storage';

/** A resource amount as its object states it. */
export interface Amount {
  readonly text: string;
  /** Base units. */
  readonly value: number;
}

/** A container of a pod. */
export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly init: boolean;
  /** An init container that keeps running (`restartPolicy: Always`). */
  readonly sidecar: boolean;
  readonly requests: ReadonlyMap<ResourceName, Amount>;
  readonly limits: ReadonlyMap<ResourceName, Amount>;
  /** `resources` and `volumeMounts` as written. */
  readonly resources: object;
  readonly mounts: readonly unknown[];
}

/** A volume of a pod, as far as eviction counts it. */
export interface PodVolume {
  readonly name: string;
  /** `disk`: emptyDir on the node's disk; `memory`: emptyDir in memory; `other`: anything else. */
  readonly kind: 'disk' | 'memory' | 'other';
  readonly sizeLimit: Amount | null;
}

/** A pod as the kubelet reads it. */
export interface KubeletPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly nodeName: string | null;
  /** 0 where none is set. */
  readonly priority: number;
  /** Static, mirror, or of system priority: never evicted. */
  readonly critical: boolean;
  readonly qosClass: 'BestEffort' | 'Burstable' | 'Guaranteed';
  readonly terminationGraceSeconds: number;
  readonly generation: number;
  readonly resourceVersion: string | null;
  readonly createdAtMs: number | null;
  readonly startedAtMs: number | null;
  readonly podIp: string | null;
  readonly containers: readonly PodContainer[];
  readonly volumes: readonly PodVolume[];
  readonly tolerations: readonly unknown[];
  readonly usage: UsageProfile;
}

function amounts(value: unknown): Map<ResourceName, Amount> {
  const found = new Map<ResourceName, Amount>();
  for (const name of ['memory', 'ephemeral-storage'] as const) {
    const text = textField(value, name);
    const quantity = text === null ? null : parseQuantity(text);
    if (text !== null && quantity?.ok === true) found.set(name, { text, value: quantityNumber(quantity.value) });
  }
  return found;
}

function readContainer(value: unknown, init: boolean): PodContainer {
  const resources = objectField(value, 'resources');
  return {
    name: textField(value, 'name') ?? '',
    image: textField(value, 'image') ?? '',
    init,
    sidecar: init && textField(value, 'restartPolicy') === 'Always',
    requests: amounts(field(resources, 'requests')),
    limits: amounts(field(resources, 'limits')),
    resources,
    mounts: listField(value, 'volumeMounts'),
  };
}

function readVolume(value: unknown): PodVolume {
  const emptyDir = field(value, 'emptyDir');
  const name = textField(value, 'name') ?? '';
  if (!isObject(emptyDir)) return { name, kind: 'other', sizeLimit: null };
  const text = textField(emptyDir, 'sizeLimit');
  const quantity = text === null ? null : parseQuantity(text);
  return {
    name,
    kind: (textField(emptyDir, 'medium') ?? '') === '' ? 'disk' : 'memory',
    sizeLimit: text !== null && quantity?.ok === true ? { text, value: quantityNumber(quantity.value) } : null,
  };
}

function hasResource(container: unknown, part: 'requests' | 'limits', name: string): boolean {
  return field(field(field(container, 'resources'), part), name) !== undefined;
}

/** The quality of service class as the API server computes it, from cpu and memory of all containers. */
function qosClassOf(containers: readonly unknown[]): KubeletPod['qosClass'] {
  const every = (part: 'limits'): boolean =>
    containers.every(container => hasResource(container, part, 'cpu') && hasResource(container, part, 'memory'));
  const some = containers.some(container =>
    (['requests', 'limits'] as const).some(
      part => hasResource(container, part, 'cpu') || hasResource(container, part, 'memory'),
    ),
  );
  if (!some) return 'BestEffort';
  const equal = containers.every(container => {
    const resources = objectField(container, 'resources');
    const requests = field(resources, 'requests');
    return requests === undefined || JSON.stringify(requests) === JSON.stringify(field(resources, 'limits'));
  });
  return every('limits') && equal ? 'Guaranteed' : 'Burstable';
}

/** Whether a node's own source made the pod: static pods and their mirrors. */
function isStatic(annotations: unknown): boolean {
  const source = textField(annotations, SOURCE_ANNOTATION);
  return (source !== null && source !== 'api') || textField(annotations, MIRROR_ANNOTATION) !== null;
}

/**
 * Reads a Pod object; anything missing or of a wrong type counts as not set. Mirrors `IsCriticalPod` of the kubelet's
 * types package for {@link KubeletPod.critical}.
 */
export function readPod(object: KubeObject, usage: UsageProfile = {}): KubeletPod {
  const { metadata } = object;
  const spec = objectField(object, 'spec');
  const status = objectField(object, 'status');
  const containers = listField(spec, 'containers');
  const priority = numberField(spec, 'priority') ?? 0;
  return {
    uid: metadata.uid ?? `${metadata.namespace ?? 'default'}/${metadata.name}`,
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    phase: textField(status, 'phase') ?? 'Pending',
    nodeName: textField(spec, 'nodeName'),
    priority,
    critical: priority >= CRITICAL_PRIORITY || isStatic(metadata.annotations),
    qosClass: qosClassOf(containers),
    terminationGraceSeconds: numberField(spec, 'terminationGracePeriodSeconds') ?? 30,
    generation: numberField(metadata, 'generation') ?? 1,
    resourceVersion: metadata.resourceVersion ?? null,
    createdAtMs: parseTimestamp(metadata.creationTimestamp ?? null),
    startedAtMs: parseTimestamp(textField(status, 'startTime')),
    podIp: textField(status, 'podIP'),
    containers: [
      ...listField(spec, 'initContainers').map(container => readContainer(container, true)),
      ...containers.map(container => readContainer(container, false)),
    ],
    volumes: listField(spec, 'volumes').map(readVolume),
    tolerations: listField(spec, 'tolerations'),
    usage,
  };
}

/** Whether the pod has ended: no kubelet or controller counts it any more. */
export function hasEnded(pod: KubeletPod): boolean {
  return pod.phase === 'Failed' || pod.phase === 'Succeeded';
}

/** The pod's request of a resource: sum over its containers, or the largest init container if larger. */
export function podRequest(pod: KubeletPod, resource: ResourceName): number {
  let sum = 0;
  let largestInit = 0;
  for (const container of pod.containers) {
    const request = container.requests.get(resource)?.value ?? 0;
    if (container.init && !container.sidecar) largestInit = Math.max(largestInit, request);
    else sum += request;
  }
  return Math.max(sum, largestInit);
}

/** Containers that run while the pod runs: regular ones and sidecars, sidecars first as in stats. */
export function runningContainers(pod: KubeletPod): readonly PodContainer[] {
  return pod.containers.filter(container => !container.init || container.sidecar);
}
