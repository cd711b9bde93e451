import { formatQuantity, quantityFromInteger } from '../../eviction/quantity.ts';
import type { PressureCondition, Signal } from '../../eviction/signal.ts';
import { isHard, resolveAmount } from '../../eviction/threshold.ts';
import { atLeast } from '../../eviction/version.ts';
import { timestamp } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import { kubeletConfigOf } from './configz.ts';
import { microTimestamp, numberField } from './fields.ts';
import { hashText } from './noise.ts';
import { PRESSURE_CONDITIONS } from './pressure.ts';
import type { NodeSpec } from './spec.ts';
import type { KubeletState } from './state.ts';

/** A condition as nodes carry it. */
export interface NodeCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly lastHeartbeatTime: string;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

/** Reason and message of each condition, True and False (`pkg/kubelet/nodestatus/setters.go`). */
const TEXTS: Readonly<Record<PressureCondition, Readonly<Record<'True' | 'False', readonly [string, string]>>>> = {
  MemoryPressure: {
    True: ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
    False: ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
  },
  DiskPressure: {
    True: ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
    False: ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
  },
  PIDPressure: {
    True: ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
    False: ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
  },
};

/** The node's conditions as its kubelet reports them at that moment. */
export function nodeConditions(state: KubeletState, atMs: number): NodeCondition[] {
  const born = Math.min(atMs, state.startedAtMs);
  const conditions = PRESSURE_CONDITIONS.map(type => {
    const status = state.pressure.conditions.includes(type) ? 'True' : 'False';
    const [reason, message] = TEXTS[type][status];
    return {
      type,
      status,
      lastHeartbeatTime: timestamp(atMs),
      lastTransitionTime: timestamp(state.conditionSince.get(type) ?? born),
      reason,
      message,
    } as const;
  });
  return [
    ...conditions,
    {
      type: 'Ready',
      status: 'True',
      lastHeartbeatTime: timestamp(atMs),
      lastTransitionTime: timestamp(born),
      reason: 'KubeletReady',
      message: 'kubelet is posting ready status',
    },
  ];
}

function hardReservation(state: KubeletState, signal: Signal, capacity: number): number {
  const threshold = state.armed.thresholds.find(
    one => one.signal === signal && isHard(one) && one.derivedFrom === null,
  );
  return threshold === undefined ? 0 : resolveAmount(threshold.value, capacity).amount;
}

function binary(value: number): string {
  return formatQuantity(quantityFromInteger(Math.max(0, Math.trunc(value)), 'BinarySI'));
}

/** Capacity and allocatable: what is reserved and the hard thresholds of memory and nodefs come off. */
function capacities(state: KubeletState): { capacity: object; allocatable: object } {
  const { spec, armed } = state;
  const nodefs = spec.disks.find(disk => disk.name === spec.filesystems.nodefs)?.capacityBytes ?? 0;
  const memory = spec.memory.capacityBytes;
  const common = {
    cpu: String(spec.cpus),
    ...(spec.os === 'linux' ? { 'hugepages-1Gi': '0', 'hugepages-2Mi': '0' } : {}),
    pods: String(numberField(kubeletConfigOf(spec), 'maxPods') ?? 110),
  };
  const storageLeft = nodefs - armed.reserved.ephemeralStorage - hardReservation(state, 'nodefs.available', nodefs);
  const memoryLeft = memory - armed.reserved.memory - hardReservation(state, 'memory.available', memory);
  return {
    capacity: {
      ...common,
      'ephemeral-storage': `${Math.trunc(nodefs / 1024)}Ki`,
      memory: `${Math.trunc(memory / 1024)}Ki`,
    },
    allocatable: { ...common, 'ephemeral-storage': String(Math.max(0, storageLeft)), memory: binary(memoryLeft) },
  };
}

function hex(text: string): string {
  return [0, 1, 2, 3].map(part => hashText(`${text}/${part}`).toString(16).padStart(8, '0')).join('');
}

function nodeInfo(spec: NodeSpec, newest: boolean): object {
  const { identity } = spec;
  const machine = hex(`machine/${spec.name}`);
  const boot = hex(`boot/${spec.name}`);
  return {
    machineID: machine,
    systemUUID: machine,
    bootID: `${boot.slice(0, 8)}-${boot.slice(8, 12)}-${boot.slice(12, 16)}-${boot.slice(16, 20)}-${boot.slice(20)}`,
    kernelVersion: identity.kernelVersion,
    osImage: identity.osImage,
    containerRuntimeVersion: identity.containerRuntime,
    kubeletVersion: spec.kubeletVersion,
    kubeProxyVersion: newest ? '' : spec.kubeletVersion,
    operatingSystem: spec.os,
    architecture: identity.architecture,
  };
}

function labelsOf({ name, os, identity }: NodeSpec): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': identity.architecture,
    'beta.kubernetes.io/os': os,
    'kubernetes.io/arch': identity.architecture,
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': os,
    ...identity.labels,
  };
}

function fieldsOf(value: object): object {
  return Object.fromEntries(Object.keys(value).map(key => [`f:${key}`, {}]));
}

function managed(manager: string, atMs: number, fieldsV1: object, subresource?: string): object {
  return {
    manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: timestamp(atMs),
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** The status of the node as its kubelet posts it at that moment. */
export function nodeStatus(state: KubeletState, atMs: number): object {
  const { spec, armed } = state;
  return {
    ...capacities(state),
    conditions: nodeConditions(state, atMs),
    addresses: [
      { type: 'InternalIP', address: spec.identity.address },
      { type: 'Hostname', address: spec.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: nodeInfo(spec, atLeast(armed.version, 33)),
    images: spec.identity.images.slice(0, 50),
  };
}

/** The whole Node object. */
export function nodeObject(state: KubeletState, atMs: number): KubeObject {
  const { spec, armed } = state;
  const createdMs = state.scriptStartMs - spec.identity.ageMs;
  const status = nodeStatus(state, atMs);
  const annotations = {
    'node.alpha.kubernetes.io/ttl': '0',
    'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
    ...spec.identity.annotations,
  };
  const labels = labelsOf(spec);
  const statusFields = { 'f:status': fieldsOf(status) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: spec.name,
      creationTimestamp: timestamp(createdMs),
      labels,
      annotations,
      managedFields: [
        managed('kubelet', createdMs, {
          'f:metadata': {
            'f:annotations': { '.': {}, ...fieldsOf(annotations) },
            'f:labels': { '.': {}, ...fieldsOf(labels) },
          },
        }),
        managed('kubelet', atMs, statusFields, armed.features.managedSubresource ? 'status' : undefined),
      ],
    },
    spec: spec.identity.providerID === undefined ? {} : { providerID: spec.identity.providerID },
    status,
  };
}

/** The node's Lease, renewed at that moment. */
export function leaseObject(spec: NodeSpec, renewedMs: number): KubeObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: spec.name, namespace: 'kube-node-lease' },
    spec: { holderIdentity: spec.name, leaseDurationSeconds: 40, renewTime: microTimestamp(renewedMs) },
  };
}
