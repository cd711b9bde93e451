import type { JsonObject } from '../json.ts';
import type { DiskSpec, NodeIdentity, NodeSpec } from '../kubelet/spec.ts';
import type { PodTemplate, WorkloadSpec } from '../kubelet/workload.ts';

/** Bytes. */
export const KIB = 1024;
/** Bytes. */
export const MIB = 1024 * KIB;
/** Bytes. */
export const GIB = 1024 * MIB;
/** Milliseconds. */
export const SECOND = 1000;
/** Milliseconds. */
export const MINUTE = 60 * SECOND;
/** Milliseconds. */
export const HOUR = 60 * MINUTE;
/** Milliseconds. */
export const DAY = 24 * HOUR;

/** What is particular about a node; the rest is an ordinary machine with one 100 GiB disk, 38 GiB of it free. */
export type NodeOptions = Partial<Omit<NodeSpec, 'name' | 'identity'>> & {
  readonly name: string;
  readonly identity?: Partial<NodeIdentity>;
};

const IMAGES: NodeIdentity['images'] = [
  { names: ['registry.example/shop/portal@sha256:7b21', 'registry.example/shop/portal:4.2.1'], sizeBytes: 812_646_400 },
  { names: ['registry.example/shop/web:2.14.0'], sizeBytes: 341_835_776 },
  { names: ['registry.k8s.io/kube-proxy:v1.36.2'], sizeBytes: 98_566_144 },
  { names: ['registry.k8s.io/coredns/coredns:v1.13.0'], sizeBytes: 64_225_280 },
  { names: ['registry.k8s.io/pause:3.10'], sizeBytes: 742_785 },
];

/** A disk with as many inodes as ext4 makes by default: one for 16 KiB. */
export function disk(
  name: string,
  capacityBytes: number,
  freeBytes: number,
  options: Partial<DiskSpec> = {},
): DiskSpec {
  const inodes = Math.trunc(capacityBytes / 16_384);
  return { name, capacityBytes, freeBytes, inodes, inodesFree: Math.trunc(inodes * 0.78), ...options };
}

/** One disk for everything. */
export const ONE_FILESYSTEM = { nodefs: 'root', imagefs: 'root', containerfs: 'root' } as const;
/** Images and layers on a disk of their own. */
export const DEDICATED_IMAGEFS = { nodefs: 'root', imagefs: 'data', containerfs: 'data' } as const;
/** Only images on a disk of their own. */
export const SPLIT = { nodefs: 'root', imagefs: 'data', containerfs: 'root' } as const;

/** An address that the name decides. */
function addressOf(name: string): string {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) % 64_000;
  return `192.168.${Math.trunc(sum / 250)}.${1 + (sum % 250)}`;
}

/** A node from what is particular about it. */
export function node(options: NodeOptions): NodeSpec {
  const { identity, ...rest } = options;
  return {
    os: 'linux',
    kubeletVersion: 'v1.36.2',
    config: {},
    disks: [disk('root', 100 * GIB, 38 * GIB)],
    filesystems: ONE_FILESYSTEM,
    memory: { capacityBytes: 16 * GIB, systemWorkingSetBytes: 3 * GIB, systemRssBytes: 2 * GIB },
    pids: { max: 32_768, system: 420 },
    reclaimable: {
      deadContainerBytes: 40 * MIB,
      deadContainerInodes: 900,
      unusedImageBytes: 900 * MIB,
      unusedImageInodes: 14_000,
    },
    imageBytes: 3 * GIB,
    cpus: 4,
    ...rest,
    identity: {
      address: addressOf(options.name),
      osImage: 'Ubuntu 24.04.3 LTS',
      kernelVersion: '6.8.0-88-generic',
      containerRuntime: 'containerd://2.1.4',
      architecture: 'amd64',
      labels: {},
      images: IMAGES,
      ageMs: 60 * DAY,
      ...identity,
    },
  };
}

/** A template with one container. */
export function template(
  app: string,
  image: string,
  options: Partial<PodTemplate> & {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  } = {},
): PodTemplate {
  const { requests, limits, ...rest } = options;
  const container = {
    name: app,
    image,
    ...(requests === undefined ? {} : { requests }),
    ...(limits === undefined ? {} : { limits }),
  };
  return { labels: { app }, containers: [container], ...rest };
}

/** What a control plane node and every cluster run: static pods, kube-proxy, DNS. */
export function systemWorkloads(controlPlane: readonly string[], version: string): WorkloadSpec[] {
  const critical = { priority: 2_000_001_000, priorityClassName: 'system-node-critical', hostNetwork: true };
  const staticPods = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
    (name): WorkloadSpec => ({
      kind: 'Static',
      namespace: 'kube-system',
      name,
      nodes: controlPlane,
      template: template(name, `registry.k8s.io/${name}:${version}`, {
        ...critical,
        requests: { cpu: '100m', memory: '100Mi' },
      }),
      usage: { containers: [{ name, memoryBytes: 180 * MIB, rssBytes: 150 * MIB, processes: 12, logsBytes: 6 * MIB }] },
      ageMs: 20 * DAY,
    }),
  );
  return [
    ...staticPods,
    {
      kind: 'ReplicaSet',
      namespace: 'kube-system',
      name: 'coredns-5dd5756b68',
      replicas: 2,
      template: template('coredns', 'registry.k8s.io/coredns/coredns:v1.13.0', {
        priority: 2_000_000_000,
        priorityClassName: 'system-cluster-critical',
        requests: { cpu: '100m', memory: '70Mi' },
        limits: { memory: '170Mi' },
        serviceAccount: 'coredns',
      }),
      usage: {
        containers: [{ name: 'coredns', memoryBytes: 28 * MIB, rssBytes: 22 * MIB, processes: 9, logsBytes: 90 * KIB }],
      },
      ageMs: 20 * DAY,
    },
  ];
}

/** KubeletConfiguration fields. */
export function hard(map: Readonly<Record<string, string>>, more: JsonObject = {}): JsonObject {
  return { evictionHard: map, ...more };
}
