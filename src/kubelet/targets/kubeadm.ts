import { parsed } from '../../eviction/parsed.ts';
import { atLeast } from '../../eviction/version.ts';
import { patchLayer } from '../yaml-patch.ts';
import { cannot, KUBELET_CONFIGURATION, type Target, UNSEEN, yamlFields } from './target.ts';

/** A file for the folder of `--config-dir`. */
export const kubeletDropIn: Target = {
  id: 'kubelet-dropin',
  place: '/etc/kubernetes/kubelet.conf.d/90-eviction.conf',
  fileName: '90-eviction.conf',
  warnings: [
    'it is read only by a kubelet that runs with --config-dir; the folder has no default',
    'an --eviction-hard flag on the command line wins over it',
  ],
  generate: input => {
    if (input.version !== null && !atLeast(input.version, 28)) {
      return cannot(
        `a kubelet of ${input.version.major}.${input.version.minor} knows no --config-dir (1.28 and later)`,
      );
    }
    const early = input.version !== null && !atLeast(input.version, 30);
    const notes = early ? ['1.28 and 1.29 want the environment variable KUBELET_CONFIG_DROPIN_DIR_ALPHA'] : [];
    const head = '# drop-in of the kubelet’s --config-dir: merged over its --config file, key by key\n'.replace(
      '’',
      "'",
    );
    return parsed({ text: `${head}${KUBELET_CONFIGURATION}${yamlFields(input.settings)}`, notes });
  },
  apply: file => [
    `on the node: save ${file} in the folder of the kubelet's --config-dir; the name must end in .conf`,
    'systemctl restart kubelet',
  ],
};

/** A patch for kubeadm: survives upgrades of the node. */
export const kubeadmPatch: Target = {
  id: 'kubeadm-patch',
  place: 'DIR/kubeletconfiguration+merge.yaml',
  fileName: 'kubeletconfiguration+merge.yaml',
  warnings: ['kubeadm must be given the folder at every init, join and upgrade (--patches DIR, or patches.directory)'],
  generate: input =>
    input.version !== null && !atLeast(input.version, 25)
      ? cannot(`kubeadm patches kubelet configurations from 1.25 on, and this node runs ${input.version.text}`)
      : parsed({ text: `${KUBELET_CONFIGURATION}${yamlFields(input.settings)}`, notes: [] }),
  apply: file => [
    `on the node: save ${file} as kubeletconfiguration+merge.yaml in a folder of its own`,
    'kubeadm upgrade node phase kubelet-config --patches DIR',
    'systemctl restart kubelet',
  ],
};

/** The ConfigMap from which kubeadm writes the configuration of every node that joins or is upgraded. */
export const kubeadmConfigMap: Target = {
  id: 'kubeadm-configmap',
  place: 'ConfigMap kube-system/kubelet-config',
  fileName: 'kubelet-config-map.yaml',
  warnings: ['running nodes do not change: each takes it at its next kubeadm upgrade node, or from that phase by hand'],
  generate: input => {
    if (input.configMap === null) {
      return cannot(
        'the ConfigMap kube-system/kubelet-config was not read: is this a kubeadm cluster, and may you get it?',
      );
    }
    if (UNSEEN.test(input.configMap.text.replaceAll(/[\t\n]/g, ''))) {
      return cannot('the ConfigMap kube-system/kubelet-config holds characters that are not seen');
    }
    const patch = patchLayer(input.configMap.text, { document: 0, path: [] }, input.settings);
    if (!patch.ok) return patch;
    const lines = patch.value.replace(/\n$/, '').split('\n');
    const body = lines.map(line => (line === '' ? '' : `    ${line}`)).join('\n');
    const head = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${input.configMap.name}\n  namespace: kube-system\n`;
    return parsed({ text: `${head}data:\n  kubelet: |\n${body}\n`, notes: [] });
  },
  apply: (file, input) => [
    `kubectl -n kube-system patch configmap ${input.configMap?.name ?? 'kubelet-config'} --patch-file ${file}`,
    'on each node: kubeadm upgrade node phase kubelet-config && systemctl restart kubelet',
  ],
};
