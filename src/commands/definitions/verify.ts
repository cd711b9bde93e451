import type { Command } from '../command.ts';
import { KUBELET_FLAGS } from '../flags.ts';

/** `verify`: do the nodes run what the file says? */
export const verifyCommand: Command = {
  name: 'verify',
  summary: 'do the nodes run what a configuration says? With --wait a guard of its rollout',
  usage: 'verify -f FILE (NODE... | -l SELECTOR | --all) [flags]',
  description: [
    "Compares the thresholds of a document that tune wrote, or of any KubeletConfiguration, unit, drop-in, env file or distribution's form, with what each node runs (configz). Values are compared by meaning: 1Gi is 1024Mi. Nothing is changed.",
    'With --wait it guards a rollout: it goes on until every node runs the new configuration, is Ready, its pressure is lifted and no pod is evicted any more, and stops early when a kubelet does not come back. Exit 0 when all match, 3 when a node runs something else, 1 when a node could not be asked, did not come back or stays under pressure.',
  ],
  examples: [
    { line: 'verify -f 10-kubeadm.conf worker-7', does: 'one look' },
    { line: 'verify -f 10-kubeadm.conf worker-7 --wait 10m --rollback old.conf', does: 'while it is rolled out' },
    { line: 'verify -f config.yaml --all -o json', does: 'the whole cluster, for a program' },
  ],
  maxPositionals: 5000,
  completes: 'node',
  connects: true,
  flags: [
    {
      name: 'filename',
      short: 'f',
      type: 'string',
      placeholder: 'FILE',
      completes: 'file',
      help: 'the document; - is stdin',
    },
    { name: 'all', type: 'boolean', help: 'every node' },
    { name: 'selector', short: 'l', type: 'string', placeholder: 'SELECTOR', help: 'the nodes with these labels' },
    {
      name: 'wait',
      type: 'string',
      placeholder: 'DURATION',
      help: 'go on until all nodes match, are Ready and without pressure, at most this long',
    },
    {
      name: 'return-within',
      type: 'string',
      placeholder: 'DURATION',
      fallback: '3m',
      help: 'with --wait: how long a kubelet may be away before the wait ends',
    },
    {
      name: 'rollback',
      type: 'string',
      placeholder: 'FILE',
      completes: 'file',
      help: 'the document that takes the change back, to be named when a kubelet does not return',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      placeholder: 'FORMAT',
      choices: ['table', 'json', 'yaml'],
      help: 'table, json or yaml (default table)',
    },
    { name: 'no-headers', type: 'boolean', help: 'rows only' },
    { name: 'quiet', short: 'q', type: 'boolean', help: 'no progress on stderr' },
    ...KUBELET_FLAGS,
  ],
  load: async () => (await import('../verify/command.ts')).verifyBody,
};
