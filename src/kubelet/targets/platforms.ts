import { parsed } from '../../eviction/parsed.ts';
import { flagMap } from '../flags.ts';
import { mapsOf, quoted, type Target, yamlFields } from './target.ts';

/** kops: one flag string a field. */
export const kops: Target = {
  id: 'kops',
  place: 'spec.kubelet of the Cluster or an InstanceGroup',
  fileName: 'kops.yaml',
  warnings: ['nodes are replaced by kops rolling-update'],
  generate: input => {
    const { settings } = input;
    const fields = mapsOf(settings).map(([field, map]) => {
      const separator = field === 'evictionHard' || field === 'evictionSoft' ? '<' : '=';
      return `    ${field}: ${quoted(flagMap(map, separator))}\n`;
    });
    const { evictionPressureTransitionPeriod: period, evictionMaxPodGracePeriod: grace } = settings;
    if (period !== undefined) fields.push(`    evictionPressureTransitionPeriod: ${period}\n`);
    if (grace !== undefined) fields.push(`    evictionMaxPodGracePeriod: ${grace}\n`);
    return parsed({
      text: `spec:\n  kubelet:\n${fields.join('')}`,
      notes: ['it is a part of the Cluster (or InstanceGroup) object, not all of it'],
    });
  },
  apply: file => [
    `kops edit cluster (or kops edit instancegroup NAME), and merge ${file}`,
    'kops update cluster --yes && kops rolling-update cluster --yes',
  ],
};

/** Talos: a patch of the machine configuration. */
export const talos: Target = {
  id: 'talos',
  place: 'machine configuration',
  fileName: 'talos-patch.yaml',
  warnings: ['a machine.kubelet.extraArgs entry for eviction-hard wins over it'],
  generate: input =>
    parsed({
      text: `machine:\n  kubelet:\n    extraConfig:\n${yamlFields(input.settings, '      ')}`,
      notes: ['it is a strategic merge patch'],
    }),
  apply: file => [`talosctl --nodes ADDRESS patch machineconfig --patch @${file}`],
};

/** OpenShift: the KubeletConfig of a machine config pool. */
export const openshift: Target = {
  id: 'openshift',
  place: 'KubeletConfig object',
  fileName: 'kubelet-config-cr.yaml',
  warnings: [
    'the pool’s nodes are rebooted one after the other'.replace('’', "'"),
    'one KubeletConfig a pool counts: merge it into the one that exists',
  ],
  generate: input =>
    parsed({
      text: `apiVersion: machineconfiguration.openshift.io/v1\nkind: KubeletConfig\nmetadata:\n  name: eviction-thresholds\nspec:\n  machineConfigPoolSelector:\n    matchLabels:\n      pools.operator.machineconfiguration.openshift.io/worker: ""\n  kubeletConfig:\n${yamlFields(input.settings, '    ')}`,
      notes: ['the selector names the pool worker: change it for another pool'],
    }),
  apply: file => [`oc apply -f ${file}`, 'oc get machineconfigpool worker --watch'],
};
