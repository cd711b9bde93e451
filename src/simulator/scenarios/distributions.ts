import type { JsonObject } from '../json.ts';
import type { NodeIdentity, NodeSpec } from '../kubelet/spec.ts';
import { disk, GIB, hard, type NodeOptions, node } from './builders.ts';

/** The names of the distributions in the mixed cluster. */
export type Distribution =
  | 'kubeadm'
  | 'old'
  | 'k3s'
  | 'rke2'
  | 'eks'
  | 'karpenter'
  | 'bottlerocket'
  | 'gke'
  | 'aks'
  | 'talos'
  | 'openshift'
  | 'windows';

/** What one can tell a distribution by, and the thresholds it ships. */
interface Profile {
  readonly kubeletVersion: string;
  readonly config: JsonObject;
  readonly os?: NodeSpec['os'];
  readonly identity: Partial<NodeIdentity>;
  /** Prefix of `spec.providerID`; the node's name follows. */
  readonly provider?: string;
}

const EKS_DEFAULTS = { 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%' };
const AMAZON = { osImage: 'Amazon Linux 2023.9.20251110', kernelVersion: '6.1.156-177.286.amzn2023.x86_64' };

const PROFILES: Readonly<Record<Distribution, Profile>> = {
  kubeadm: { kubeletVersion: 'v1.36.2', config: {}, identity: {} },
  old: {
    kubeletVersion: 'v1.20.15',
    config: {},
    identity: {
      osImage: 'Ubuntu 18.04.6 LTS',
      kernelVersion: '5.4.0-150-generic',
      containerRuntime: 'docker://20.10.21',
    },
  },
  k3s: {
    kubeletVersion: 'v1.33.4+k3s1',
    config: hard(
      { 'imagefs.available': '5%', 'nodefs.available': '5%' },
      { evictionMinimumReclaim: { 'imagefs.available': '10%', 'nodefs.available': '10%' } },
    ),
    provider: 'k3s://',
    identity: {
      osImage: 'Debian GNU/Linux 12 (bookworm)',
      kernelVersion: '6.1.0-40-arm64',
      architecture: 'arm64',
      containerRuntime: 'containerd://2.0.5-k3s2',
      labels: { 'node.kubernetes.io/instance-type': 'k3s' },
    },
  },
  rke2: {
    kubeletVersion: 'v1.32.5+rke2r1',
    config: hard(
      { 'imagefs.available': '5%', 'nodefs.available': '5%' },
      { evictionMinimumReclaim: { 'imagefs.available': '10%', 'nodefs.available': '10%' } },
    ),
    provider: 'rke2://',
    identity: {
      osImage: 'SUSE Linux Enterprise Server 15 SP6',
      kernelVersion: '6.4.0-150600.23.60-default',
      containerRuntime: 'containerd://2.0.5-k3s1',
      labels: { 'node.kubernetes.io/instance-type': 'rke2' },
    },
  },
  eks: {
    kubeletVersion: 'v1.31.13-eks-113cf36',
    config: hard(EKS_DEFAULTS),
    provider: 'aws:///eu-west-1a/',
    identity: {
      ...AMAZON,
      labels: { 'eks.amazonaws.com/nodegroup': 'workers', 'node.kubernetes.io/instance-type': 'm6i.xlarge' },
    },
  },
  karpenter: {
    kubeletVersion: 'v1.31.13-eks-113cf36',
    config: hard(EKS_DEFAULTS),
    provider: 'aws:///eu-west-1b/',
    identity: {
      ...AMAZON,
      labels: { 'karpenter.sh/nodepool': 'default', 'node.kubernetes.io/instance-type': 'c7i.2xlarge' },
    },
  },
  bottlerocket: {
    kubeletVersion: 'v1.31.7-eks-2e41b8f',
    config: hard(EKS_DEFAULTS),
    provider: 'aws:///eu-west-1c/',
    identity: {
      osImage: 'Bottlerocket OS 1.49.0 (aws-k8s-1.31)',
      kernelVersion: '6.1.155',
      containerRuntime: 'containerd://1.7.28+bottlerocket',
      labels: { 'eks.amazonaws.com/nodegroup': 'bottlerocket' },
    },
  },
  gke: {
    kubeletVersion: 'v1.33.5-gke.1080000',
    config: hard(
      { ...EKS_DEFAULTS, 'pid.available': '10%' },
      { kubeReserved: { cpu: '80m', 'ephemeral-storage': '41Gi', memory: '1Gi', pid: '1000' } },
    ),
    provider: 'gce://shop-prod/europe-west1-b/',
    identity: {
      osImage: 'Container-Optimized OS from Google',
      kernelVersion: '6.6.97+',
      containerRuntime: 'containerd://2.0.6',
      labels: { 'cloud.google.com/gke-nodepool': 'default-pool', 'cloud.google.com/gke-os-distribution': 'cos' },
    },
  },
  aks: {
    kubeletVersion: 'v1.32.7',
    config: hard(
      { ...EKS_DEFAULTS, 'pid.available': '2000' },
      { kubeReserved: { cpu: '140m', memory: '1638Mi', pid: '1000' } },
    ),
    provider: 'azure:///subscriptions/0000/resourceGroups/mc_shop/providers/Microsoft.Compute/virtualMachineScaleSets/',
    identity: {
      osImage: 'Ubuntu 22.04.5 LTS',
      kernelVersion: '5.15.0-1092-azure',
      containerRuntime: 'containerd://1.7.28-1',
      labels: { 'kubernetes.azure.com/agentpool': 'nodepool1', 'kubernetes.azure.com/cluster': 'mc_shop' },
    },
  },
  talos: {
    kubeletVersion: 'v1.35.0',
    config: {},
    identity: { osImage: 'Talos (v1.12.0)', kernelVersion: '6.18.1-talos', containerRuntime: 'containerd://2.1.5' },
  },
  openshift: {
    kubeletVersion: 'v1.32.8',
    config: hard({
      'imagefs.available': '15%',
      'memory.available': '100Mi',
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
    }),
    identity: {
      osImage: 'Red Hat Enterprise Linux CoreOS 9.6.20251023-0 (Plow)',
      kernelVersion: '5.14.0-570.58.1.el9_6.x86_64',
      containerRuntime: 'cri-o://1.32.9-2.rhaos4.19',
      labels: { 'node.openshift.io/os_id': 'rhel', 'node-role.kubernetes.io/worker': '' },
      annotations: { 'machineconfiguration.openshift.io/state': 'Done' },
    },
  },
  windows: {
    kubeletVersion: 'v1.33.3',
    config: {},
    os: 'windows',
    identity: {
      osImage: 'Windows Server 2022 Datacenter',
      kernelVersion: '10.0.20348.4171',
      containerRuntime: 'containerd://1.7.27',
      labels: { 'node.kubernetes.io/windows-build': '10.0.20348' },
    },
  },
};

/** A node as that distribution makes it; `options` change it afterwards, its `config` field by field. */
export function nodeOf(distribution: Distribution, options: NodeOptions): NodeSpec {
  const profile = PROFILES[distribution];
  const windows = profile.os === 'windows';
  const { identity, config, ...rest } = options;
  return node({
    kubeletVersion: profile.kubeletVersion,
    os: profile.os ?? 'linux',
    ...(windows ? { pids: null, disks: [disk('root', 128 * GIB, 70 * GIB, { inodes: null, inodesFree: null })] } : {}),
    ...rest,
    config: { ...profile.config, ...config },
    identity: {
      ...profile.identity,
      ...(profile.provider === undefined ? {} : { providerID: `${profile.provider}${options.name}` }),
      ...identity,
      labels: { ...profile.identity.labels, ...identity?.labels },
    },
  });
}
