import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { DEFAULT_NEAR_PERCENT } from '../../eviction/assess.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { summaryText } from '../../output/purge-text.ts';
import { choosePaint, painted } from '../../output/style.ts';
import { ScreenPurges } from '../purge/on-screen.ts';
import { type ApplyTuned, screenTuning } from '../tune/desk.ts';
import type { SurveyQuery } from './gather.ts';
import type { Lifeline } from './lifeline.ts';
import { LiveStore } from './live/store.ts';
import { ReportReading } from './report-run.ts';

/** What a screen is opened with. */
export interface ScreenOptions {
  readonly query: SurveyQuery;
  readonly color: 'auto' | 'always' | 'never';
  /** The connection flags as the user gave them, without credentials: for the command line that the screen offers. */
  readonly flags: readonly string[];
  /** What the cluster's requests live by: held while deletes are in flight. Without one they end with the cluster. */
  readonly lifeline?: Lifeline;
  /** How a tuned document is given to a kubelet that is only simulated. @default not at all: the cluster is a real one */
  readonly apply?: ApplyTuned;
}

/**
 * Opens the screen on a cluster and holds it until the user leaves. The cluster stays open: whoever opened it closes it.
 *
 * @throws ClusterError when the nodes cannot be read at all
 */
export async function openStatusScreen(cluster: Cluster, options: ScreenOptions, deps: Deps): Promise<ExitCode> {
  const { query } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([deps.signal, stop.signal]);
  const source = new LiveStore(
    cluster,
    {
      names: query.names,
      selector: query.selector,
      all: query.all,
      nearPercent: query.nearPercent ?? DEFAULT_NEAR_PERCENT,
      nearWanted: query.nearPercent !== null,
      kubeletTimeoutMs: query.kubeletTimeoutMs,
      program: query.program,
    },
    deps.clock,
  );
  const purges = new ScreenPurges(cluster, deps);
  const { program, kubeletTimeoutMs } = query;
  const tuning = { program, kubeletTimeoutMs, flags: options.flags, apply: options.apply ?? null };
  options.lifeline?.hold(async () => void (await purges.end()));
  // Whichever ends first ends the other; what the data died of is told once the terminal is free again.
  const reading = source.run(signal).finally(() => stop.abort());
  const [read, ended] = await Promise.allSettled([
    reading,
    deps
      .openScreen({
        source,
        actions: {
          purge: purges,
          tune: screenTuning(cluster, tuning, deps),
          report: { begin: () => new ReportReading({ cluster, clock: deps.clock, program: query.program, signal }) },
        },
        color: choosePaint(options.color, deps.env, true) === painted,
        all: query.all,
        near: query.nearPercent !== null,
        command: {
          program: query.program,
          flags: options.flags,
          statusFlags: scopeFlags(query),
          scope: scopeWords(query),
        },
        signal,
      })
      .finally(() => stop.abort()),
  ]);
  if (purges.busy) await deps.io.err.write('waiting for the deletes in flight\n');
  for (const summary of await purges.end()) {
    const how = { dryRun: 'none', interrupted: true, refusal: null, namespace: null } as const;
    await deps.io.err.write(summaryText(summary, how));
  }
  if (read.status === 'rejected') throw read.reason;
  if (ended.status === 'rejected') throw ended.reason;
  return ended.value === 'quit' ? EXIT.ok : EXIT.interrupted;
}

function scopeWords(query: SurveyQuery): readonly string[] {
  if (query.names.length > 0) return query.names;
  return query.selector === null ? [] : ['--selector', query.selector];
}

function scopeFlags(query: SurveyQuery): readonly string[] {
  return query.nearPercent === null ? [] : ['--near', String(query.nearPercent)];
}
