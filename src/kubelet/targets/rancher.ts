import { parsed } from '../../eviction/parsed.ts';
import { flagWords } from '../flags.ts';
import { quoted, type Target } from './target.ts';

function rancher(id: 'k3s' | 'rke2'): Target {
  return {
    id,
    place: `/etc/rancher/${id}/config.yaml`,
    fileName: `${id}-config.yaml`,
    warnings: [
      `a kubelet-arg list that /etc/rancher/${id}/config.yaml has already must be merged with this one: a key may stand there once`,
      `${id} sets eviction thresholds of its own; the flag replaces them`,
    ],
    generate: input => {
      const words = flagWords(input.settings);
      if (!words.ok) return words;
      const items = words.value.map(word => `  - ${quoted(word.replace(/^--/, ''))}\n`);
      return parsed({ text: `kubelet-arg:\n${items.join('')}`, notes: [] });
    },
    apply: file => [
      `on the node: add ${file} to /etc/rancher/${id}/config.yaml`,
      id === 'k3s'
        ? 'systemctl restart k3s (a server) or k3s-agent (an agent)'
        : 'systemctl restart rke2-server (a server) or rke2-agent (an agent)',
    ],
  };
}

/** k3s: kubelet flags in its own configuration file. */
export const k3s: Target = rancher('k3s');
/** RKE2: the same. */
export const rke2: Target = rancher('rke2');
