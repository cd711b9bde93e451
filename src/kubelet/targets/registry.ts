import { bottlerocket, eksBootstrap, eksctl, eksNodeadm, karpenter } from './aws.ts';
import type { TargetId } from './ids.ts';
import { kubeadmConfigMap, kubeadmPatch, kubeletDropIn } from './kubeadm.ts';
import { kubeletConfiguration } from './kubelet-configuration.ts';
import { aks, gke } from './managed.ts';
import { kops, openshift, talos } from './platforms.ts';
import { k3s, rke2 } from './rancher.ts';
import { flagLine, kubeadmDropIn, kubeletEnv, systemdDropIn } from './systemd.ts';
import type { Target } from './target.ts';

const ALL: readonly Target[] = [
  kubeletConfiguration,
  kubeadmDropIn,
  systemdDropIn,
  kubeletEnv,
  flagLine,
  kubeletDropIn,
  kubeadmPatch,
  kubeadmConfigMap,
  k3s,
  rke2,
  eksNodeadm,
  eksBootstrap,
  eksctl,
  karpenter,
  bottlerocket,
  kops,
  talos,
  openshift,
  gke,
  aks,
];

const BY_ID: ReadonlyMap<TargetId, Target> = new Map(ALL.map(target => [target.id, target]));

/** The target of a name. */
export function targetOf(id: TargetId): Target {
  const target = BY_ID.get(id);
  if (target === undefined) throw new Error(`no target ${id}`);
  return target;
}
