import { DEFAULT_SCALAR_STYLE_RULES, dump, SCALAR_STYLE, type ScalarStyleRule } from 'js-yaml';
import { parsed, refused } from '../../eviction/parsed.ts';
import { withMapAt } from '../yaml-values.ts';
import { KUBELET_CONFIGURATION, type Target, UNSEEN, yamlFields } from './target.ts';

/** Fields of configz that may hold credentials (headers of a manifest URL), and those that are added by hand. */
const LEFT_OUT: readonly string[] = ['staticPodURLHeader', 'apiVersion', 'kind'];

const STRING_TAG = 'tag:yaml.org,2002:str';

/** The file of `--config`: the node's whole configuration, or a fragment to be merged into one. */
export const kubeletConfiguration: Target = {
  id: 'kubeletconfiguration',
  place: '/var/lib/kubelet/config.yaml',
  fileName: 'kubelet-config.yaml',
  warnings: [
    "an --eviction-hard flag on the kubelet's command line wins over this file and its drop-ins",
    'kubeadm writes /var/lib/kubelet/config.yaml anew at every upgrade: keep a --to kubeadm-patch beside it',
  ],
  generate: input => {
    if (input.fragment || input.configz === null) {
      if (!input.fragment) {
        return refused(
          'without a node or a file there is no whole configuration to write: add --fragment, --node or -f FILE',
        );
      }
      const head = '# merge, do not replace: these are the eviction fields only\n';
      return parsed({ text: `${head}${KUBELET_CONFIGURATION}${yamlFields(input.settings)}`, notes: [] });
    }
    const secret = Object.keys(input.configz as object).includes('staticPodURLHeader');
    const whole = withMapAt(input.configz, [], config => {
      const kept = [...config].filter(([key]) => !LEFT_OUT.includes(key));
      const settings = Object.entries(input.settings).map(([field, value]): [string, unknown] => [
        field,
        value instanceof Map ? Object.fromEntries(value) : value,
      ]);
      return new Map([...kept, ...settings]);
    });
    const head = `# The whole configuration of node ${plain(input.node?.name)}, as it is in effect, with its eviction settings changed.\n# It pins what are defaults of this kubelet today.\n`;
    const notes = ['the document pins every default of today: look through it before it goes to other nodes'];
    if (secret) notes.push('staticPodURLHeader may hold credentials and is left out: add it again if you use it');
    return parsed({ text: `${head}${KUBELET_CONFIGURATION}${printed(whole)}`, notes });
  },
  apply: file => [
    `on the node: keep a copy of the file that the kubelet's --config names, and put ${file} in its place`,
    'systemctl restart kubelet',
  ],
};

/** What YAML 1.1, which the kubelet reads, may take for a number, a date or a truth value. */
const AMBIGUOUS = /^[\d.+-]|^(y|n|yes|no|on|off|true|false|null|~)$/i;

/** Only a double-quoted text can name what is not seen. */
const quoted: ScalarStyleRule = layout => {
  const { tag, value } = layout.node;
  if (tag === STRING_TAG && (AMBIGUOUS.test(value) || UNSEEN.test(value))) layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
};

function printed(value: unknown): string {
  const scalarStyleRules = [...Object.values(DEFAULT_SCALAR_STYLE_RULES), quoted];
  const text = dump(value, { noRefs: true, lineWidth: -1, quoteStyle: 'double', scalarStyleRules });
  return text.replace(new RegExp(UNSEEN, 'g'), c =>
    c === '\n' ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function plain(name: string | undefined): string {
  return name !== undefined && /^[\w.-]{1,253}$/.test(name) ? name : 'unknown';
}
