import type { Command } from '../command.ts';

/** `demo`: everything against a simulated cluster, no cluster needed. */
export const demoCommand: Command = {
  name: 'demo',
  summary: 'everything against a simulated cluster (or a snapshot), no cluster needed',
  usage: 'demo [--serve] [--from FILE | --scenario NAME] | demo apply FILE [--node NODE]',
  description: [
    'Starts a simulated API server with simulated kubelets on loopback, and opens the status screen on it (elsewhere than on a terminal, or with --plain, it prints the table and goes on until Ctrl-C). Your kubeconfig is neither read nor changed. The cluster is SIMULATED: three nodes, of which one is short of root disk, as in a true story, and its pods are refused and evicted while you watch.',
    'With --serve it prints a kubeconfig instead: save it, and kubectl and every command here work against the simulated cluster.',
    'demo apply FILE restarts a simulated kubelet with a document that tune wrote for any target, or with any KubeletConfiguration, as an editor and systemctl would on a real node: what the kubelet would refuse keeps it down. The demo that is open in another terminal is found without a flag; --kubeconfig names the file of another one. The node is the one under pressure, or that of --node. A server that is not a simulated cluster is left alone.',
  ],
  examples: [
    { line: 'demo', does: 'a node under DiskPressure' },
    { line: 'demo --serve', does: 'a kubeconfig on stdout; in another terminal: KUBECONFIG=FILE kubectl evict status' },
    { line: 'demo --from night.json', does: 'what a snapshot kept' },
    { line: 'demo apply cure.yaml', does: 'the simulated kubelet restarts with what tune wrote' },
  ],
  maxPositionals: 2,
  actions: ['apply'],
  completes: 'file',
  connects: false,
  flags: [
    { name: 'serve', type: 'boolean', help: 'print a kubeconfig and keep serving' },
    { name: 'plain', type: 'boolean', help: 'the table, also on a terminal' },
    {
      name: 'from',
      type: 'string',
      placeholder: 'FILE',
      completes: 'file',
      help: 'show what the command snapshot wrote',
    },
    {
      name: 'node',
      type: 'string',
      placeholder: 'NODE',
      completes: 'node',
      help: 'with apply: the node whose kubelet restarts (default the one under pressure)',
    },
    {
      name: 'kubeconfig',
      type: 'string',
      placeholder: 'FILE',
      completes: 'file',
      help: 'with apply: what demo --serve printed (default the demo that is open, else $KUBECONFIG)',
    },
    {
      name: 'scenario',
      type: 'string',
      placeholder: 'NAME',
      choices: ['story', 'tombstones', 'healthy', 'mixed'],
      fallback: 'story',
      help: 'story: a root disk that is too small; tombstones: evicted pods of months; healthy; mixed: 40 nodes of many kinds',
    },
  ],
  load: async () => (await import('../demo/command.ts')).demoBody,
};
