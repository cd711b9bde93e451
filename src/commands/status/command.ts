import type { Deps } from '../../deps.ts';
import { CancelledError, ClusterError, UsageError } from '../../errors.ts';
import { recordReports, type SampleBook } from '../../eviction/signal-history.ts';
import type { Survey } from '../../eviction/survey.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { toJson, toJsonLine, toYaml } from '../../output/documents.ts';
import { errorText } from '../../output/error-text.ts';
import { nodeStatusList } from '../../output/status-document.ts';
import { statusTable } from '../../output/status-table.ts';
import { choosePaint } from '../../output/style.ts';
import type { CommandBody, ParsedArgs } from '../command.ts';
import { STATUS_OUTPUTS } from '../definitions/status.ts';
import {
  type ConnectionOptions,
  colorOf,
  connectionOptions,
  kubeletPace,
  milliseconds,
  percent,
  spokenFlags,
} from '../flag-values.ts';
import { type SurveyQuery, takeSurvey } from './gather.ts';
import { Lifeline } from './lifeline.ts';

type Output = 'table' | 'wide' | 'json' | 'yaml' | 'name';

/** Everything `status` was asked for. */
export interface StatusOptions {
  readonly connection: ConnectionOptions;
  readonly query: SurveyQuery;
  readonly output: Output;
  /** The screen of a terminal, instead of printing. */
  readonly screen: boolean;
  readonly headers: boolean;
  readonly watch: boolean;
  readonly intervalMs: number;
  readonly exitCode: boolean;
  readonly color: 'auto' | 'always' | 'never';
}

/** What `status` does. */
export const statusBody: CommandBody<StatusOptions> = { parse: parseStatus, run: runStatus };

function parseStatus(args: ParsedArgs, deps: Deps): StatusOptions {
  const names = args.positionals.map(name => name.replace(/^nodes?\//, ''));
  const selector = args.value('selector') ?? null;
  const all = args.flag('all');
  const ways = [names.length > 0 ? 'NODE' : '', selector === null ? '' : '--selector', all ? '--all' : ''];
  const given = ways.filter(way => way !== '');
  if (given.length > 1)
    throw new UsageError(`${given.join(' and ')} exclude each other`, { hint: 'choose one way to name the nodes' });
  if (names.some(name => name === '')) throw new UsageError('an empty node name');
  const output = STATUS_OUTPUTS.find(o => o === args.value('output')) ?? 'table';
  if (args.flag('plain') && (output === 'json' || output === 'yaml' || output === 'name')) {
    throw new UsageError(`--plain and --output ${output} exclude each other`);
  }
  const near = args.value('near');
  const interval = args.value('interval');
  if (interval !== undefined && !args.flag('watch')) throw new UsageError('--interval needs --watch');
  return {
    connection: connectionOptions(args),
    query: {
      names,
      selector,
      all,
      nearPercent: near === undefined ? null : percent('near', near),
      ...kubeletPace(args),
      program: deps.program,
    },
    output,
    screen: wantsScreen(args, deps),
    headers: !args.flag('no-headers'),
    watch: args.flag('watch'),
    intervalMs: milliseconds('interval', interval ?? '10s', { least: 2000, seconds: true }),
    exitCode: args.flag('exit-code'),
    color: colorOf(args),
  };
}

/** A screen needs both ends of a terminal that can move its cursor, and nobody who asked for output or a verdict. */
function wantsScreen(args: ParsedArgs, deps: Deps): boolean {
  const printed = ['plain', 'watch', 'no-headers', 'exit-code'].some(name => args.flag(name));
  if (printed || args.value('output') !== undefined || deps.env['TERM'] === 'dumb') return false;
  return deps.io.in.isTTY && deps.io.out.isTTY;
}

async function runStatus(options: StatusOptions, deps: Deps): Promise<ExitCode> {
  const { connection, query } = options;
  let samples: SampleBook | undefined;
  let rounds = 0;
  const lifeline = new Lifeline(deps.signal);
  const cluster = await deps.connect({
    flags: connection.flags,
    concurrency: query.concurrency,
    chunkSize: connection.chunkSize,
    verbosity: connection.verbosity,
    signal: lifeline.signal,
    tellsWaits: !options.screen,
  });
  try {
    if (options.screen) {
      // Loaded here: who prints pays for none of what a screen may do.
      const { openStatusScreen } = await import('./screen.ts');
      return await openStatusScreen(
        cluster,
        { query, color: options.color, flags: spokenFlags(connection.flags), lifeline },
        deps,
      );
    }
    const first = await takeSurvey(cluster, query, deps.clock);
    await tell(first);
    if (!options.watch) return exitCodeOf(first, options);
    for (;;) {
      await deps.clock.sleep(options.intervalMs, deps.signal);
      await look();
    }
  } finally {
    cluster.close();
  }

  async function tell(survey: Survey): Promise<void> {
    const isTable = options.output === 'table' || options.output === 'wide';
    if (options.watch && isTable && options.headers) {
      await deps.io.out.write(`${rounds === 0 ? '' : '\n'}at ${new Date(survey.takenAt).toISOString()}\n`);
    }
    rounds += 1;
    if (options.watch) samples = recordReports(samples ?? new Map(), survey.reports);
    await print(survey, options, samples, deps);
  }

  async function look(): Promise<void> {
    try {
      await tell(await takeSurvey(cluster, query, deps.clock));
    } catch (error) {
      // A watch outlives a cluster that is away for a while; it says so each time.
      if (error instanceof CancelledError || !(error instanceof ClusterError)) throw error;
      await deps.io.err.write(errorText(error));
    }
  }
}

async function print(
  survey: Survey,
  options: StatusOptions,
  samples: SampleBook | undefined,
  deps: Deps,
): Promise<void> {
  await deps.io.out.write(render(survey, options, samples, deps));
  if (survey.scope === 'selected' && survey.nodeCount === 0) {
    const message = `no node matches the selector ${options.query.selector}`;
    await deps.io.err.write(errorText({ message }, 'warning'));
  }
  if (options.output === 'json' || options.output === 'yaml') return;
  for (const { what, node, message, remedy } of survey.errors) {
    // A kubelet's failure stands in its node's findings; what concerns all nodes, and a wrong name, is told here.
    if (node !== null && what !== 'node') continue;
    const severity = what === 'node' ? 'error' : 'warning';
    await deps.io.err.write(errorText({ message, hint: remedy ?? undefined }, severity));
  }
}

function render(survey: Survey, options: StatusOptions, samples: SampleBook | undefined, deps: Deps): string {
  switch (options.output) {
    case 'json':
      return options.watch ? toJsonLine(nodeStatusList(survey)) : toJson(nodeStatusList(survey));
    case 'yaml':
      return `${options.watch ? '---\n' : ''}${toYaml(nodeStatusList(survey))}`;
    case 'name':
      return survey.reports.map(r => `node/${r.node.name}\n`).join('');
    case 'table':
    case 'wide':
      return statusTable(survey, {
        wide: options.output === 'wide',
        headers: options.headers,
        samples,
        paint: choosePaint(options.color, deps.env, deps.io.out.isTTY),
      });
  }
}

function exitCodeOf(survey: Survey, options: StatusOptions): ExitCode {
  if (survey.errors.some(e => e.what === 'node')) return EXIT.error;
  if (!options.exitCode) return EXIT.ok;
  const findings = survey.reports.flatMap(r => r.findings);
  if (findings.some(f => f.severity !== 'info')) return EXIT.findings;
  const unknown = survey.reports.some(r => r.state === 'unknown') || survey.errors.length > 0;
  return unknown ? EXIT.error : EXIT.ok;
}
