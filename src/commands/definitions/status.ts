import type { Command } from '../command.ts';
import { KUBELET_FLAGS } from '../flags.ts';

/** The values of `status --output`, the default first. */
export const STATUS_OUTPUTS = ['table', 'wide', 'json', 'yaml', 'name'] as const;

/** `status`: pressure, signals, thresholds and findings of nodes. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'nodes under pressure: the binding signal, its threshold, how far away, and what is wrong',
  usage: 'status [NODE...] [flags]',
  description: [
    'Shows the nodes that report DiskPressure, MemoryPressure or PIDPressure (or whose kubelet is silent): which eviction signal binds, what is available, which threshold is in effect, and the headroom between them; then findings with their remedies. Thresholds and figures are read from each kubelet through the API server (nodes/proxy). Nothing is installed, no pod is evicted, and nothing is changed but what is said yes to on the screen.',
    'On a terminal it opens a screen that stays up to date (press ? there for its keys; p purges Evicted pods after a question); --plain, -o, -w or a pipe print instead.',
    'With node names, every signal of those nodes is shown. A right that is missing costs only what needs it, and is named.',
  ],
  examples: [
    { line: 'status', does: 'what is under pressure, and why' },
    { line: 'status worker-7', does: 'every signal of one node' },
    { line: 'status --all -o wide', does: 'all nodes' },
    { line: 'status --near 10', does: 'also nodes within 10 % of a hard threshold' },
    { line: 'status --all -o json --exit-code', does: 'for a monitor: exit 3 when there is a warning or an error' },
  ],
  maxPositionals: 5000,
  completes: 'node',
  connects: true,
  flags: [
    { name: 'all', type: 'boolean', help: 'every node' },
    { name: 'selector', short: 'l', type: 'string', placeholder: 'SELECTOR', help: 'the nodes with these labels' },
    {
      name: 'near',
      type: 'string',
      placeholder: 'PERCENT',
      help: 'also nodes with a signal whose headroom is at most this share of its capacity; reads all nodes (without it, the state near means 5)',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      placeholder: 'FORMAT',
      choices: STATUS_OUTPUTS,
      help: 'table, wide, json, yaml or name (default table)',
    },
    { name: 'plain', type: 'boolean', help: 'the table, also on a terminal' },
    { name: 'no-headers', type: 'boolean', help: 'rows only: no headings, findings or summary' },
    { name: 'watch', short: 'w', type: 'boolean', help: 'look again and again; with -o json one document a line' },
    {
      name: 'interval',
      type: 'string',
      placeholder: 'DURATION',
      fallback: '10s',
      help: 'how often --watch looks, at least 2s',
    },
    {
      name: 'exit-code',
      type: 'boolean',
      help: 'exit 3 when there is a finding of severity warning or error, 1 when a state is unknown',
    },
    ...KUBELET_FLAGS,
  ],
  load: async () => (await import('../status/command.ts')).statusBody,
};
