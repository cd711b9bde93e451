import type { TargetId } from './ids.ts';
import type { TargetNode } from './target.ts';

/** Which way of configuring fits a node, and how that shows. */
export interface Suggestion {
  readonly target: TargetId;
  /** `k3s, by its version`. */
  readonly why: string;
}

type Rule = readonly [target: TargetId, why: string, applies: (node: TargetNode) => boolean];

const hasLabel =
  (...prefixes: readonly string[]) =>
  (node: TargetNode): boolean =>
    [...node.labels.keys()].some(key => prefixes.some(prefix => key === prefix || key.startsWith(`${prefix}/`)));

const version =
  (part: string) =>
  (node: TargetNode): boolean =>
    node.kubeletVersion.includes(part);

const image =
  (pattern: RegExp) =>
  (node: TargetNode): boolean =>
    pattern.test(node.osImage.slice(0, 200));

/** The first that applies: the more special before the more general. */
const RULES: readonly Rule[] = [
  ['k3s', 'k3s, by its version', version('+k3s')],
  ['rke2', 'RKE2, by its version', version('+rke2')],
  ['talos', 'Talos, by its OS', image(/^Talos/i)],
  ['openshift', 'OpenShift, by its labels or OS', node => isOpenShift(node)],
  [
    'gke',
    'GKE, by its version or labels',
    node => version('-gke.')(node) || hasLabel('cloud.google.com/gke-nodepool')(node),
  ],
  ['aks', 'AKS, by its labels', hasLabel('kubernetes.azure.com')],
  [
    'karpenter',
    'Karpenter on AWS, by its labels',
    node => hasLabel('karpenter.sh')(node) && hasLabel('karpenter.k8s.aws')(node),
  ],
  ['bottlerocket', 'Bottlerocket, by its OS', image(/^Bottlerocket/i)],
  ['kops', 'kops, by its labels', hasLabel('kops.k8s.io')],
  ['eksctl', 'eksctl, by its labels', hasLabel('alpha.eksctl.io')],
  [
    'eks-bootstrap',
    'EKS on Amazon Linux 2, by version and OS',
    node => version('-eks-')(node) && image(/^Amazon Linux 2$/)(node),
  ],
  ['eks-nodeadm', 'EKS, by its version', version('-eks-')],
];

function isOpenShift(node: TargetNode): boolean {
  return hasLabel('node.openshift.io')(node) || image(/CoreOS.*(4\d\d|OpenShift)|OpenShift/i)(node);
}

/** How the node seems to be managed; null: nothing tells, so kubeadm or by hand. */
export function suggestTarget(node: TargetNode): Suggestion | null {
  const rule = RULES.find(([, , applies]) => applies(node));
  return rule === undefined ? null : { target: rule[0], why: rule[1] };
}
