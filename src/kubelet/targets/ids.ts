/** The names `--to` takes. */
export const TARGET_IDS = [
  'kubeletconfiguration',
  '10-kubeadm.conf',
  'systemd-dropin',
  'kubelet-env',
  'flags',
  'kubelet-dropin',
  'kubeadm-patch',
  'kubeadm-configmap',
  'k3s',
  'rke2',
  'eks-nodeadm',
  'eks-bootstrap',
  'eksctl',
  'karpenter',
  'bottlerocket',
  'kops',
  'talos',
  'openshift',
  'gke',
  'aks',
] as const;

/** One of {@link TARGET_IDS}. */
export type TargetId = (typeof TARGET_IDS)[number];
