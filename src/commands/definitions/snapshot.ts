import type { Command } from '../command.ts';
import { KUBELET_FLAGS } from '../flags.ts';

/** `snapshot`: what status, why and report need to know, redacted, as one file. */
export const snapshotCommand: Command = {
  name: 'snapshot',
  summary: 'what status needs to know, redacted, as one file for a post-mortem or a bug report',
  usage: 'snapshot [-o FILE] [flags]',
  description: [
    'Writes nodes, conditions, leases, Evicted pods, eviction events, and the configuration and figures of the kubelets of nodes under pressure (with --all of every node) into one file with mode 0600. Only fields that are known to be needed are kept: no environment, commands, images of pods, volumes’ sources, addresses, annotations (but the kubelet’s own on evictions), and nothing of the kubeconfig.',
    'Names of nodes, pods and namespaces, the platforms’ own node labels, and the messages of conditions and events are kept as they are: read the file before you hand it on. An existing file is never overwritten.',
  ],
  examples: [
    { line: 'snapshot -o night.json', does: 'keep what there is to know' },
    { line: 'demo --from night.json', does: 'look at it again, anywhere' },
  ],
  connects: true,
  flags: [
    {
      name: 'output',
      short: 'o',
      type: 'string',
      placeholder: 'FILE',
      completes: 'file',
      help: 'where to; - is stdout (default a name with the time)',
    },
    { name: 'all', type: 'boolean', help: 'ask the kubelets of all nodes, not only of those under pressure' },
    { name: 'selector', short: 'l', type: 'string', placeholder: 'SELECTOR', help: 'only the nodes with these labels' },
    ...KUBELET_FLAGS,
  ],
  load: async () => (await import('../snapshot.ts')).snapshotBody,
};
