import { SIGNALS } from '../../eviction/signal-names.ts';
import { TARGET_IDS } from '../../kubelet/targets/ids.ts';
import type { Command, FlagSpec } from '../command.ts';
import { KUBELET_FLAGS } from '../flags.ts';

function threshold(name: string, help: string): FlagSpec {
  return { name, type: 'strings', placeholder: 'VALUE', help };
}

/** The flags that say what is to change. */
export const CHANGE_FLAGS: readonly FlagSpec[] = [
  threshold('nodefs', 'hard threshold of nodefs.available: 5% or 1Gi'),
  threshold('nodefs-inodes', 'hard threshold of nodefs.inodesFree'),
  threshold('imagefs', 'hard threshold of imagefs.available'),
  threshold('imagefs-inodes', 'hard threshold of imagefs.inodesFree'),
  threshold('disk', 'hard threshold of nodefs.available and imagefs.available together'),
  threshold('memory', 'hard threshold of memory.available: 200Mi'),
  threshold('pid', 'hard threshold of pid.available'),
  {
    name: 'eviction-hard',
    type: 'strings',
    placeholder: 'LIST',
    help: "hard thresholds in the kubelet's own syntax, merged into what is there: nodefs.available<5%,memory.available<200Mi",
  },
  {
    name: 'soft',
    type: 'strings',
    placeholder: 'SIGNAL=VALUE:GRACE',
    help: 'a soft threshold with its grace period: nodefs.available=15%:1m30s; may be repeated',
  },
  {
    name: 'min-reclaim',
    type: 'strings',
    placeholder: 'SIGNAL=VALUE',
    help: 'minimum reclaim of a signal: nodefs.available=500Mi; may be repeated',
  },
  { name: 'transition-period', type: 'string', placeholder: 'DURATION', help: 'evictionPressureTransitionPeriod: 5m' },
  {
    name: 'max-pod-grace',
    type: 'string',
    placeholder: 'SECONDS',
    help: 'evictionMaxPodGracePeriod: how long pods may take to end when a soft threshold is met',
  },
  {
    name: 'disable',
    type: 'strings',
    placeholder: 'SIGNAL',
    completes: SIGNALS,
    help: 'switch a signal off (writes "0%"); memory and nodefs need --force; may be repeated',
  },
  { name: 'restore-defaults', type: 'boolean', help: 'arm again what the kubelet arms by default and is not armed' },
];

/** Its flags, changes in the middle. */
const TUNE_FLAGS: readonly FlagSpec[] = [
  { name: 'node', type: 'string', placeholder: 'NODE', completes: 'node', help: 'start from what this node runs' },
  {
    name: 'filename',
    short: 'f',
    type: 'string',
    placeholder: 'FILE',
    completes: 'file',
    help: 'change this file: KubeletConfiguration (YAML, JSON), systemd unit or drop-in, env file; - is stdin',
  },
  { name: 'offline', type: 'boolean', help: "start from a kubelet's defaults, and ask no cluster" },
  {
    name: 'os',
    type: 'string',
    placeholder: 'OS',
    choices: ['linux', 'windows'],
    help: 'the operating system whose defaults count, where no node tells (default linux)',
  },
  {
    name: 'kubelet-version',
    type: 'string',
    placeholder: 'VERSION',
    help: 'the kubelet whose rules and defaults count, where no node tells: 1.29 (default the newest)',
  },
  ...CHANGE_FLAGS,
  { name: 'clear', type: 'boolean', help: 'find the smallest change that ends the pressure on the node' },
  { name: 'force', type: 'boolean', help: 'also write what evicts at once, or switches off memory or nodefs' },
  {
    name: 'to',
    type: 'string',
    placeholder: 'TARGET',
    choices: TARGET_IDS,
    help: `what to write: ${TARGET_IDS.join(', ')} (default kubeletconfiguration, or the kind of FILE)`,
  },
  {
    name: 'fragment',
    type: 'boolean',
    help: 'with kubeletconfiguration: the eviction fields only, to be merged by hand',
  },
  { name: 'diff', type: 'boolean', help: 'print the difference instead of the document' },
  { name: 'write', type: 'boolean', help: 'replace FILE; the old one is kept as FILE.bak' },
  {
    name: 'rollback',
    type: 'string',
    placeholder: 'FILE',
    completes: 'file',
    help: "also write the document that restores today's values; an existing file is never overwritten",
  },
  {
    name: 'output',
    short: 'o',
    type: 'string',
    placeholder: 'FORMAT',
    choices: ['json', 'yaml'],
    help: 'the result as a TuneResult, the document inside',
  },
  { name: 'quiet', short: 'q', type: 'boolean', help: 'no explanation on stderr' },
  ...KUBELET_FLAGS,
];

/** `tune`: the configuration change, complete, checked before it is made. */
export const tuneCommand: Command = {
  name: 'tune',
  summary: 'the configuration with new thresholds: complete, for the way the node is managed, and what it will do',
  usage: 'tune [--node NODE | -f FILE | --offline] CHANGES [--to TARGET] [flags]',
  description: [
    "Writes the kubelet configuration with changed eviction thresholds to stdout: KubeletConfiguration, systemd unit or drop-in, or the form of a distribution. --eviction-hard and evictionHard replace the whole map, so every document carries all the thresholds in effect with the change applied. On stderr it says what will happen, by the nodes' present figures, and how to apply and verify it. Nothing is changed in the cluster or on a node.",
    'It starts from what a node runs (--node), from a file (-f; comments, order and everything else stay byte for byte), from defaults (--offline), or from the nodes under pressure. A change that would evict pods at once is refused without --force, and so is a value that the kubelet would not start with.',
  ],
  examples: [
    { line: 'tune --nodefs 5%', does: 'for the nodes under pressure, as KubeletConfiguration' },
    {
      line: 'tune --node worker-7 --nodefs 5% --to 10-kubeadm.conf > 10-kubeadm.conf',
      does: "kubeadm's drop-in, complete",
    },
    { line: 'tune -f /var/lib/kubelet/config.yaml --nodefs 5% --diff', does: 'what would change in a file' },
    { line: 'tune --node worker-7 --clear', does: 'the smallest change that ends the pressure' },
    { line: 'tune -f kubelet.yaml --node worker-7 --restore-defaults --write', does: 'arm what a partial map wiped' },
  ],
  connects: true,
  flags: TUNE_FLAGS,
  load: async () => (await import('../tune/command.ts')).tuneBody,
};
