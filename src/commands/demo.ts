import type { Deps, SimulatedCluster, SimulationSource } from '../deps.ts';
import { CancelledError, EvictError, UsageError } from '../errors.ts';
import type { ExitCode } from '../exit-codes.ts';
import { clean } from '../output/clean.ts';
import { statusTable } from '../output/status-table.ts';
import { choosePaint } from '../output/style.ts';
import type { Command, ParsedArgs } from './command.ts';
import { colorOf } from './flags.ts';
import { takeSurvey } from './status/gather.ts';
import { openStatusScreen } from './status/screen.ts';

/** Everything `demo` was asked for. */
export interface DemoOptions {
  readonly source: { readonly scenario: string } | { readonly file: string };
  /** Print a kubeconfig instead of the status. */
  readonly serve: boolean;
  /** The table, also on a terminal. */
  readonly plain: boolean;
  readonly color: 'auto' | 'always' | 'never';
}

/** The largest snapshot that is opened. */
const MAX_SNAPSHOT_BYTES = 256 * 1024 * 1024;

/** `demo`: everything against a simulated cluster, no cluster needed. */
export const demoCommand: Command<DemoOptions> = {
  name: 'demo',
  summary: 'everything against a simulated cluster (or a snapshot), no cluster needed',
  usage: 'demo [--serve] [--from FILE | --scenario NAME] [flags]',
  description: [
    'Starts a simulated API server with simulated kubelets on loopback, and opens the status screen on it (elsewhere than on a terminal, or with --plain, it prints the table and goes on until Ctrl-C). Your kubeconfig is neither read nor changed. The cluster is SIMULATED: three nodes, of which one is short of root disk, as in a true story, and its pods are refused and evicted while you watch.',
    'With --serve it prints a kubeconfig instead: save it, and kubectl and every command here work against the simulated cluster.',
  ],
  examples: [
    { line: 'demo', does: 'a node under DiskPressure' },
    { line: 'demo --serve', does: 'a kubeconfig on stdout; in another terminal: KUBECONFIG=FILE kubectl evict status' },
    { line: 'demo --from night.json', does: 'what a snapshot kept' },
  ],
  connects: false,
  flags: [
    { name: 'serve', type: 'boolean', help: 'print a kubeconfig and keep serving' },
    { name: 'plain', type: 'boolean', help: 'the table, also on a terminal' },
    { name: 'from', type: 'string', placeholder: 'FILE', help: 'show what the command snapshot wrote' },
    {
      name: 'scenario',
      type: 'string',
      placeholder: 'NAME',
      choices: ['story', 'tombstones', 'healthy', 'mixed'],
      fallback: 'story',
      help: 'story: a root disk that is too small; tombstones: evicted pods of months; healthy; mixed: 40 nodes of many kinds',
    },
  ],
  parse: parseDemo,
  run: runDemo,
};

function parseDemo(args: ParsedArgs): DemoOptions {
  const file = args.value('from');
  const scenario = args.value('scenario');
  if (file !== undefined && scenario !== undefined) throw new UsageError('--from and --scenario exclude each other');
  return {
    source: file === undefined ? { scenario: scenario ?? 'story' } : { file },
    serve: args.flag('serve'),
    plain: args.flag('plain'),
    color: colorOf(args),
  };
}

async function runDemo(options: DemoOptions, deps: Deps): Promise<ExitCode> {
  const simulated = await deps.simulate(await openSource(options, deps));
  try {
    await deps.io.err.write(`SIMULATED cluster at ${simulated.server}: ${clean(simulated.title)}\n`);
    if (options.serve) {
      await deps.io.out.write(simulated.kubeconfig);
    } else {
      const left = await showStatus(simulated, options, deps);
      if (left !== null) return left;
    }
    const how = options.serve ? 'serving' : 'simulating (with --serve it prints a kubeconfig)';
    await deps.io.err.write(`${how} until Ctrl-C\n`);
    await ended(deps.signal);
    throw new CancelledError();
  } finally {
    await simulated.close();
  }
}

async function openSource(options: DemoOptions, deps: Deps): Promise<SimulationSource> {
  if ('scenario' in options.source) return { kind: 'scenario', name: options.source.scenario };
  const { file } = options.source;
  const text = new TextDecoder().decode(await deps.files.read(file, MAX_SNAPSHOT_BYTES));
  try {
    return { kind: 'snapshot', snapshot: JSON.parse(text) };
  } catch (error) {
    throw new EvictError(`${file} is no snapshot: it is not JSON`, {
      hint: 'make one with the command snapshot',
      cause: error,
    });
  }
}

/** The screen on a terminal, the table elsewhere. Returns the screen's exit code; null: nothing holds the program. */
async function showStatus(simulated: SimulatedCluster, options: DemoOptions, deps: Deps): Promise<ExitCode | null> {
  const cluster = await simulated.connect({ concurrency: 64, signal: deps.signal });
  try {
    const query = {
      names: [],
      selector: null,
      all: false,
      nearPercent: null,
      concurrency: 64,
      kubeletTimeoutMs: 5000,
      program: deps.program,
    };
    if (!options.plain && deps.io.in.isTTY && deps.io.out.isTTY) {
      return await openStatusScreen(cluster, { query, color: options.color, flags: [] }, deps);
    }
    const survey = await takeSurvey(cluster, query, deps.clock);
    const paint = choosePaint(options.color, deps.env, deps.io.out.isTTY);
    await deps.io.out.write(statusTable(survey, { wide: false, headers: true, paint }));
    return null;
  } finally {
    cluster.close();
  }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    // A pending promise alone does not keep the program alive; the listening server does.
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
