import { parsed } from '../../eviction/parsed.ts';
import type { SettingField } from '../../eviction/settings.ts';
import { flagWords } from '../flags.ts';
import { cannot, carried, labelOr, quoted, type Target, yamlFields } from './target.ts';

const NEW_NODES = 'nodes take it when they are created: roll the node group, one node first';

/** EKS on Amazon Linux 2023: the NodeConfig in the user data. */
export const eksNodeadm: Target = {
  id: 'eks-nodeadm',
  place: 'NodeConfig in the user data (Amazon Linux 2023)',
  fileName: 'node-config.yaml',
  warnings: [NEW_NODES],
  generate: input =>
    parsed({
      text: `---\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  kubelet:\n    config:\n${yamlFields(input.settings, '      ')}`,
      notes: [
        'nodeadm merges it with the NodeConfig that EKS adds; in MIME user data its type is application/node.eks.aws',
      ],
    }),
  apply: file => [`add ${file} to the user data of the node group's launch template`, 'roll the node group'],
};

/** EKS on Amazon Linux 2: arguments of the bootstrap script. */
export const eksBootstrap: Target = {
  id: 'eks-bootstrap',
  place: 'user data (Amazon Linux 2)',
  fileName: 'user-data.sh',
  warnings: [NEW_NODES, 'keep the other arguments that your bootstrap.sh line has'],
  generate: input => {
    const words = flagWords(input.settings);
    if (!words.ok) return words;
    const cluster = labelOr(input, ['alpha.eksctl.io/cluster-name'], 'CLUSTER_NAME');
    const notes = cluster === 'CLUSTER_NAME' ? ['put the name of your cluster in place of CLUSTER_NAME'] : [];
    return parsed({
      text: `#!/bin/bash\n/etc/eks/bootstrap.sh ${cluster} --kubelet-extra-args '${words.value.join(' ')}'\n`,
      notes,
    });
  },
  apply: file => [`use ${file} as the user data of the node group's launch template`, 'roll the node group'],
};

/** eksctl: the node group of a ClusterConfig. */
export const eksctl: Target = {
  id: 'eksctl',
  place: 'ClusterConfig of eksctl',
  fileName: 'eksctl.yaml',
  warnings: [NEW_NODES, 'only self-managed nodeGroups take it; the map replaces the defaults that eksctl would set'],
  generate: input => {
    const cluster = labelOr(input, ['alpha.eksctl.io/cluster-name'], 'CLUSTER_NAME');
    const region = labelOr(input, ['topology.kubernetes.io/region'], 'REGION');
    const group = labelOr(input, ['alpha.eksctl.io/nodegroup-name', 'eks.amazonaws.com/nodegroup'], 'NODE_GROUP');
    return parsed({
      text: `apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata:\n  name: ${cluster}\n  region: ${region}\nnodeGroups:\n  - name: ${group}\n    kubeletExtraConfig:\n${yamlFields(input.settings, '      ')}`,
      notes: ['merge it into the ClusterConfig that your node groups are made from'],
    });
  },
  apply: file => [
    `merge ${file} into your ClusterConfig under a new node group name`,
    'eksctl create nodegroup -f FILE, then drain and delete the old group',
  ],
};

const SOFT_AND_HARD: readonly SettingField[] = [
  'evictionHard',
  'evictionSoft',
  'evictionSoftGracePeriod',
  'evictionMaxPodGracePeriod',
];

/** Karpenter on AWS: the EC2NodeClass. */
export const karpenter: Target = {
  id: 'karpenter',
  place: 'EC2NodeClass',
  fileName: 'ec2nodeclass-patch.yaml',
  warnings: ['Karpenter replaces the nodes of this class (drift): mind your disruption budgets'],
  generate: input => {
    const { refusal, settings, notes } = carried(input, SOFT_AND_HARD, 'an EC2NodeClass');
    if (refusal !== null) return cannot(`${refusal}: use --to eks-nodeadm in its userData`);
    return parsed({
      text: `apiVersion: karpenter.k8s.aws/v1\nkind: EC2NodeClass\nmetadata:\n  name: default\nspec:\n  kubelet:\n${yamlFields(settings, '    ')}`,
      notes: [
        ...notes,
        'it is a merge patch for the class of the node pool; before Karpenter 1.0 the fields stand in the NodePool',
      ],
    });
  },
  apply: file => [`kubectl patch ec2nodeclass NAME --type merge --patch-file ${file}`],
};

/** Bottlerocket: settings in TOML. */
export const bottlerocket: Target = {
  id: 'bottlerocket',
  place: 'user data (TOML)',
  fileName: 'bottlerocket.toml',
  warnings: ['settings of a running node change through its API (apiclient set); user data only when it is created'],
  generate: input => {
    const { refusal, settings, notes } = carried(input, SOFT_AND_HARD, 'Bottlerocket');
    if (refusal !== null) return cannot(refusal);
    const table = (name: string, map: ReadonlyMap<string, string> | undefined): string => {
      if (map === undefined) return '';
      const lines = [...map].map(([signal, value]) => `${quoted(signal)} = ${quoted(value)}\n`);
      return `[settings.kubernetes.${name}]\n${lines.join('')}`;
    };
    const grace = settings.evictionMaxPodGracePeriod;
    const tables = [
      grace === undefined ? '' : `[settings.kubernetes]\neviction-max-pod-grace-period = ${grace}\n`,
      table('eviction-hard', settings.evictionHard),
      table('eviction-soft', settings.evictionSoft),
      table('eviction-soft-grace-period', settings.evictionSoftGracePeriod),
    ];
    return parsed({ text: tables.filter(text => text !== '').join('\n'), notes });
  },
  apply: file => [`add ${file} to the user data of the node group`, 'roll the node group'],
};
