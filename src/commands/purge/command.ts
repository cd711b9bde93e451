import type { Deps } from '../../deps.ts';
import type { PurgeSummary } from '../../eviction/purge-tally.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { CommandBody } from '../command.ts';
import { printCronJob } from './cronjob.ts';
import { MOST_IN_FLIGHT } from './limiter.ts';
import { type PurgeOptions, parsePurge } from './options.ts';
import { Purge } from './purge.ts';
import { Report } from './report.ts';
import { watchAndPurge } from './watch.ts';

/** What `purge` does. */
export const purgeBody: CommandBody<PurgeOptions> = { parse: parsePurge, run: runPurge };

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
    const namespace = options.allNamespaces ? null : cluster.identity.namespace;
    const report = new Report(options, deps, cluster.identity, namespace);
    const purge = new Purge(cluster, options, deps, report);
    await purge.prepare();
    await report.begin();
    let refusal: string | null = null;
    try {
      const needsPlan = options.asks || limits.keep > 0 || limits.limit !== null || limits.maxPercent !== null;
      if (options.watch) refusal = await watchAndPurge(purge, cluster.purging, options, deps);
      else if (needsPlan) refusal = await purge.planned();
      else await purge.stream();
    } finally {
      await purge.close();
      await report.end({ interrupted: deps.signal.aborted, refusal });
    }
    return exitCodeOf(report.tally.summary(), refusal, deps);
  } finally {
    cluster.close();
  }
}

function exitCodeOf(summary: PurgeSummary, refusal: string | null, deps: Deps): ExitCode {
  if (deps.signal.aborted) return EXIT.interrupted;
  // Events only make ages more exact.
  const hasFailed = summary.counts.failed > 0 || summary.errors.some(error => error.what !== 'list events');
  return hasFailed || refusal !== null ? EXIT.error : EXIT.ok;
}
