import type { Command } from '../command.ts';

/** The values of `report --output`, the default first. */
export const REPORT_OUTPUTS = ['table', 'json', 'yaml'] as const;

/** `report`: who is evicted, where, for what, when. */
export const reportCommand: Command = {
  name: 'report',
  summary: 'who gets evicted, where, for what: by owner, node, namespace, cause and time',
  usage: 'report [-f ARCHIVE] [flags]',
  description: [
    'Counts evictions by cause, owner, node and namespace, and draws when they were. Each is counted once, from what is left of it: Evicted pods; pods that the kubelet evicted but that lack the reason; events (about the last hour) whose pod is gone; archives that "purge --archive" wrote.',
    'With -f no cluster is asked, unless --live is given, too. The time of an eviction stands in no field: it is the best that pod and event tell, and often means "not later than". Nothing is changed.',
  ],
  examples: [
    { line: 'report -A', does: 'the whole cluster' },
    { line: 'report -n shop --since 24h', does: 'the last day of one namespace' },
    { line: 'report -f evicted.ndjson', does: 'what an archive tells, without a cluster' },
    { line: 'report -A --live -f evicted.ndjson -o json', does: 'what was purged and what is there, together' },
    { line: 'report --print-alert', does: 'a PrometheusRule for the same conditions' },
  ],
  connects: true,
  flags: [
    {
      name: 'filename',
      short: 'f',
      type: 'strings',
      placeholder: 'ARCHIVE',
      completes: 'file',
      help: 'read an archive of purge instead of the cluster; - is stdin; may be repeated',
    },
    { name: 'live', type: 'boolean', help: 'with -f: ask the cluster, too' },
    {
      name: 'since',
      type: 'string',
      placeholder: 'DURATION',
      help: 'only evictions of the last 24h (or so); those of unknown time are left out',
    },
    {
      name: 'top',
      type: 'string',
      placeholder: 'N',
      help: 'the N largest of each grouping; 0 for all (default 10 in tables, all in documents)',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      placeholder: 'FORMAT',
      choices: REPORT_OUTPUTS,
      fallback: 'table',
      help: 'table, json or yaml',
    },
    {
      name: 'print-alert',
      type: 'boolean',
      help: 'print a PrometheusRule that tells of evictions as they happen, and ask no cluster; -n limits it to a namespace',
    },
  ],
  load: async () => (await import('../report.ts')).reportBody,
};
