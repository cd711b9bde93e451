import { parsed } from '../../eviction/parsed.ts';
import { atLeast } from '../../eviction/version.ts';
import { flagWords } from '../flags.ts';
import { doubled, patchUnit } from '../unit-patch.ts';
import { cannot, type Target, type TargetInput } from './target.ts';

const FLAG_WINS = 'the flag wins over the configuration file: later changes of evictionHard there have no effect';
const RELOAD = 'systemctl daemon-reload && systemctl restart kubelet';

/** rpm systems keep the user's flags in another folder than deb systems. */
function userEnvFile(input: TargetInput): string {
  return /red hat|rhel|centos|fedora|rocky|alma|oracle|amazon|suse|flatcar/i.test(input.node?.osImage ?? '')
    ? '/etc/sysconfig/kubelet'
    : '/etc/default/kubelet';
}

/** The drop-in that kubeadm's packages bring, in the form of 1.11 and later; its own comments left out. */
function stockDropIn(input: TargetInput): string {
  return `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-${userEnvFile(input)}
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`;
}

/** kubeadm's whole drop-in with one more variable. */
export const kubeadmDropIn: Target = {
  id: '10-kubeadm.conf',
  place: '/etc/systemd/system/kubelet.service.d/10-kubeadm.conf',
  fileName: '10-kubeadm.conf',
  warnings: [
    'this is the stock file of current kubeadm packages: compare it with systemctl cat kubelet first, or give your own with -f',
    'a file of this name under /etc hides the one that the package keeps under /usr/lib, also after an upgrade of the package',
    FLAG_WINS,
  ],
  patchWarnings: [FLAG_WINS],
  generate: input => {
    if (!atLeast(input.version, 11)) {
      return cannot('before 1.11 every kubeadm package had another drop-in: give your own with -f 10-kubeadm.conf');
    }
    const patch = patchUnit(stockDropIn(input), input.settings);
    if (!patch.ok) return patch;
    const head = '# compare with `systemctl cat kubelet` first: a file of this name under /etc hides the package’s\n';
    return parsed({ text: head.replace('’', "'") + patch.value.text, notes: patch.value.notes });
  },
  apply: file => [`on the node: save ${file} as /etc/systemd/system/kubelet.service.d/10-kubeadm.conf`, RELOAD],
};

/** A drop-in of its own that sets the user's flags. */
export const systemdDropIn: Target = {
  id: 'systemd-dropin',
  place: '/etc/systemd/system/kubelet.service.d/20-eviction.conf',
  fileName: '20-eviction.conf',
  warnings: [
    'an EnvironmentFile= (/etc/default/kubelet, /etc/sysconfig/kubelet) that sets KUBELET_EXTRA_ARGS wins over this: then use --to kubelet-env',
    'what KUBELET_EXTRA_ARGS holds today is replaced: add it to the line',
    'it takes effect only where ExecStart= of the kubelet uses $KUBELET_EXTRA_ARGS',
    FLAG_WINS,
  ],
  patchWarnings: [FLAG_WINS],
  generate: input => {
    const words = flagWords(input.settings);
    if (!words.ok) return words;
    return parsed({
      text: `[Service]\nEnvironment="KUBELET_EXTRA_ARGS=${doubled(words.value.join(' '))}"\n`,
      notes: [],
    });
  },
  apply: file => [`on the node: save ${file} as /etc/systemd/system/kubelet.service.d/20-eviction.conf`, RELOAD],
};

/** The env file in which kubeadm's drop-in looks for the user's flags. */
export const kubeletEnv: Target = {
  id: 'kubelet-env',
  place: '/etc/default/kubelet',
  fileName: 'kubelet.env',
  warnings: ['if the file exists, give it with -f: this text replaces it', FLAG_WINS],
  patchWarnings: [FLAG_WINS],
  generate: input => {
    const words = flagWords(input.settings);
    // No quotes and single percent signs: an env file knows no specifiers, and nothing here needs quoting.
    return words.ok ? parsed({ text: `KUBELET_EXTRA_ARGS=${words.value.join(' ')}\n`, notes: [] }) : words;
  },
  apply: (file, input) => [`on the node: save ${file} as ${userEnvFile(input)}`, 'systemctl restart kubelet'],
};

/** The bare flags, for whatever starts the kubelet. */
export const flagLine: Target = {
  id: 'flags',
  place: "the kubelet's command line",
  fileName: 'kubelet.flags',
  warnings: ['quote it in a shell (< redirects), and write %% for % in a systemd unit', FLAG_WINS],
  generate: input => {
    const words = flagWords(input.settings);
    return words.ok ? parsed({ text: `${words.value.join(' ')}\n`, notes: [] }) : words;
  },
  apply: () => ["add it at the end of the kubelet's command line, and restart the kubelet"],
};
