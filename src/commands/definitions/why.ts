import { SIGNALS } from '../../eviction/signal-names.ts';
import type { Command } from '../command.ts';

/** The values of `why --output`, the default first. */
export const WHY_OUTPUTS = ['text', 'json', 'yaml'] as const;

/** `why`: the story of an evicted pod, or of a node under pressure. */
export const whyCommand: Command = {
  name: 'why',
  summary: 'why a pod was evicted, or a node is under pressure, and what comes next',
  usage: 'why [pod/|node/]NAME [flags]',
  description: [
    'For a pod: what the kubelet evicted it for, the signal (and how sure that is), threshold and what was available, which containers used more than they had requested, how the node is now, who makes the pod again, and whether its remains may be purged.',
    "For a node: the signal that binds, what fills it, the kubelet's eviction order (who goes next, and the keys that rank them), pods that are refused here over and over, and one timeline. Events reach back about an hour. A bare name is a pod's, else a node's.",
    'Nothing is changed, and no pod is evicted.',
  ],
  examples: [
    { line: 'why pod/web-5d9c-x2x7p -n shop', does: 'why this pod was evicted' },
    { line: 'why node/worker-7', does: 'why this node is under pressure, and which pods go next' },
    { line: 'why node/worker-7 --signal memory.available', does: 'who would go first if memory ran short' },
  ],
  maxPositionals: 2,
  completes: 'subject',
  connects: true,
  flags: [
    {
      name: 'signal',
      type: 'string',
      placeholder: 'SIGNAL',
      choices: SIGNALS,
      help: 'the eviction order for this signal (default those whose thresholds are met, else the closest)',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      placeholder: 'FORMAT',
      choices: WHY_OUTPUTS,
      fallback: 'text',
      help: 'text, json or yaml',
    },
    {
      name: 'kubelet-timeout',
      type: 'string',
      placeholder: 'DURATION',
      fallback: '5s',
      help: 'longest wait for one answer of a kubelet',
    },
  ],
  load: async () => (await import('../why/command.ts')).whyBody,
};
