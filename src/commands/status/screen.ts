import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { DEFAULT_NEAR_PERCENT } from '../../eviction/assess.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { choosePaint, painted } from '../../output/style.ts';
import type { SurveyQuery } from './gather.ts';
import { LiveStore } from './live/store.ts';

/** What a screen is opened with. */
export interface ScreenOptions {
  readonly query: SurveyQuery;
  readonly color: 'auto' | 'always' | 'never';
  /** The connection flags as the user gave them, without credentials: for the command line that the screen offers. */
  readonly flags: readonly string[];
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
  // Whichever ends first ends the other; what the data died of is told once the terminal is free again.
  const reading = source.run(signal).finally(() => stop.abort());
  const [read, ended] = await Promise.allSettled([
    reading,
    deps
      .openScreen({
        source,
        color: choosePaint(options.color, deps.env, true) === painted,
        all: query.all,
        near: query.nearPercent !== null,
        command: { program: query.program, flags: [...scopeFlags(query), ...options.flags], scope: scopeWords(query) },
        signal,
      })
      .finally(() => stop.abort()),
  ]);
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
