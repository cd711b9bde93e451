import { OTHER_REASONS } from '../../eviction/other-reasons.ts';
import type { Command, FlagSpec } from '../command.ts';

/** The flags of `--print-cronjob`. */
const CRONJOB_FLAGS: readonly FlagSpec[] = [
  {
    name: 'print-cronjob',
    type: 'string',
    placeholder: 'SCHEDULE',
    help: 'delete nothing: print a CronJob that runs this purge ("17 * * * *"), with ServiceAccount, role and binding; needs --image',
  },
  {
    name: 'image',
    type: 'string',
    placeholder: 'IMAGE',
    help: 'with --print-cronjob: an image with kubectl-evict on its PATH',
  },
];

/** Its flags, beside those of every command. */
const PURGE_FLAGS: readonly FlagSpec[] = [
  { name: 'selector', short: 'l', type: 'string', placeholder: 'SELECTOR', help: 'only pods with these labels' },
  { name: 'node', type: 'string', placeholder: 'NAME', completes: 'node', help: 'only pods of this node' },
  {
    name: 'cause',
    type: 'string',
    placeholder: 'CAUSE,...',
    completes: ['pressure', 'admission', 'limit', 'disk', 'inodes', 'memory', 'pid', 'unknown'],
    help: 'only pods evicted for this: pressure, admission or limit; disk, inodes, memory, pid or unknown. A comma is "or" among the first three and among the others, "and" between the two',
  },
  {
    name: 'older-than',
    type: 'string',
    placeholder: 'DURATION',
    help: 'only pods evicted at least this long ago (1h); an unknown age is never old',
  },
  { name: 'keep', type: 'string', placeholder: 'N', help: 'keep the newest N of each owner' },
  { name: 'limit', type: 'string', placeholder: 'N', help: 'delete nothing if there are more than N to delete' },
  {
    name: 'max-percent',
    type: 'string',
    placeholder: 'P',
    help: 'delete nothing if it would be more than this share of the Evicted pods in scope',
  },
  {
    name: 'include-owner',
    type: 'strings',
    placeholder: 'KIND',
    completes: ['Job', 'Workflow', 'TaskRun', 'all'],
    help: 'also pods of this kind of owner (Job, Workflow, ...); may be repeated; "all" for every kind',
  },
  { name: 'include-jobs', type: 'boolean', help: 'short for --include-owner Job' },
  {
    name: 'include-unmarked',
    type: 'boolean',
    help: 'also ended pods that lack the reason Evicted, but whose DisruptionTarget condition tells of node pressure',
  },
  {
    name: 'reason',
    type: 'string',
    placeholder: 'REASON,...',
    completes: OTHER_REASONS,
    help: `also Failed pods with these reasons: ${OTHER_REASONS.join(', ')}`,
  },
  { name: 'yes', short: 'y', type: 'boolean', help: 'do not ask' },
  {
    name: 'dry-run',
    type: 'string',
    placeholder: 'MODE',
    choices: ['none', 'client', 'server'],
    fallback: 'none',
    help: 'client: send no delete; server: let the server check each one, deleting nothing',
  },
  {
    name: 'output',
    short: 'o',
    type: 'string',
    placeholder: 'FORMAT',
    choices: ['name', 'json', 'yaml'],
    help: 'name, json or yaml instead of sentences',
  },
  {
    name: 'archive',
    type: 'string',
    placeholder: 'FILE',
    completes: 'file',
    help: 'write each pod and its events to this file first (JSON lines, mode 0600, flushed to disk before the delete is sent)',
  },
  { name: 'archive-append', type: 'boolean', help: 'add to an archive that exists already' },
  {
    name: 'watch',
    type: 'boolean',
    help: 'stay, and purge Evicted pods as they appear; with --older-than as the delay',
  },
  ...CRONJOB_FLAGS,
];

/** `purge`: deletes Evicted pods, and only those. */
export const purgeCommand: Command = {
  name: 'purge',
  summary: 'delete Evicted pods, exactly those, keeping the evidence if asked to',
  usage: 'purge [flags]',
  description: [
    'Deletes the pods that the kubelet evicted or refused under pressure: phase Failed, reason Evicted. Never a running pod, never one that failed for another reason, never a mirror pod. Pods of a Job, Workflow or the like are kept, for their owner may still look at them (--include-owner).',
    'Every delete names the uid and the version of the pod that was looked at, so a pod that was re-created under the same name survives. On a terminal it shows what will go and asks; in a script it deletes as kubectl would, but wants -y for all namespaces.',
    'Deleting tombstones frees no disk: "status" tells why pods are evicted.',
  ],
  examples: [
    { line: 'purge', does: "the Evicted pods of the context's namespace; asks first" },
    { line: 'purge -A --dry-run=client', does: 'what would go' },
    { line: 'purge -A -y --archive evicted.ndjson', does: 'everywhere, with the evidence kept in a file' },
    {
      line: 'purge -A -y --older-than 24h --keep 3',
      does: 'yesterday and before, but the newest three of each owner stay',
    },
    {
      line: 'purge -n shop --cause memory,disk --max-percent 50',
      does: 'some causes only, and not if it were too many',
    },
    { line: 'purge -A -y --watch --older-than 1h', does: 'stay, and purge each pod an hour after its eviction' },
    {
      line: "purge -A --older-than 24h --print-cronjob '17 * * * *' --image IMAGE",
      does: 'a CronJob that does it every hour; print only',
    },
  ],
  flags: PURGE_FLAGS,
  connects: true,
  load: async () => (await import('../purge/command.ts')).purgeBody,
};
