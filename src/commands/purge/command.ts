import type { Deps } from '../../deps.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Command } from '../command.ts';
import { printCronJob } from './cronjob.ts';
import { MOST_IN_FLIGHT } from './limiter.ts';
import { PURGE_FLAGS, type PurgeOptions, parsePurge } from './options.ts';
import { Purge } from './purge.ts';
import { watchAndPurge } from './watch.ts';

/** `purge`: deletes Evicted pods, and only those. */
export const purgeCommand: Command<PurgeOptions> = {
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
  parse: parsePurge,
  run: runPurge,
};

async function runPurge(options: PurgeOptions, deps: Deps): Promise<ExitCode> {
  const { connection, limits } = options;
  if (options.cronJob !== null) return printCronJob(options.cronJob, options, deps);
  const cluster = await deps.connect({
    flags: connection.flags,
    concurrency: MOST_IN_FLIGHT,
    chunkSize: connection.chunkSize,
    verbosity: connection.verbosity,
    // Ctrl-C stops the sending; what is in flight is waited for, so that its end is known. A second one ends the program.
    signal: new AbortController().signal,
  });
  try {
    const purge = new Purge(cluster, options, deps);
    const { report, namespace } = purge;
    await purge.prepare();
    await report.begin(cluster.identity, namespace);
    let refusal: string | null = null;
    try {
      const needsPlan = options.asks || limits.keep > 0 || limits.limit !== null || limits.maxPercent !== null;
      if (options.watch) refusal = await watchAndPurge(purge, cluster.purging, options, deps);
      else if (needsPlan) refusal = await purge.planned();
      else await purge.stream();
    } finally {
      await purge.close();
      await report.end({ interrupted: deps.signal.aborted, refusal }, namespace);
    }
    return exitCodeOf(report.tally.summary(), refusal, deps);
  } finally {
    cluster.close();
  }
}

function exitCodeOf(
  summary: ReturnType<Purge['report']['tally']['summary']>,
  refusal: string | null,
  deps: Deps,
): ExitCode {
  if (deps.signal.aborted) return EXIT.interrupted;
  // Events only make ages more exact.
  const hasFailed = summary.counts.failed > 0 || summary.errors.some(error => error.what !== 'list events');
  return hasFailed || refusal !== null ? EXIT.error : EXIT.ok;
}
