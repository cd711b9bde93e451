import type { Deps, SimulatedCluster, SimulationSource } from '../../deps.ts';
import { CancelledError, EvictError, UsageError } from '../../errors.ts';
import type { ExitCode } from '../../exit-codes.ts';
import { clean } from '../../output/clean.ts';
import { statusTable } from '../../output/status-table.ts';
import { choosePaint } from '../../output/style.ts';
import type { CommandBody, ParsedArgs } from '../command.ts';
import { colorOf } from '../flag-values.ts';
import { parseJsonText } from '../json-text.ts';
import { takeSurvey } from '../status/gather.ts';
import { Lifeline } from '../status/lifeline.ts';
import type { ApplyTuned } from '../tune/desk.ts';
import { type ApplyOptions, applyText, runApply } from './apply.ts';

/** Everything `demo` was asked for, but to apply something. */
export interface DemoOptions {
  readonly kind: 'open';
  readonly source: { readonly scenario: string } | { readonly file: string };
  /** Print a kubeconfig instead of the status. */
  readonly serve: boolean;
  /** The table, also on a terminal. */
  readonly plain: boolean;
  readonly color: 'auto' | 'always' | 'never';
}

/** The largest snapshot that is opened. */
const MAX_SNAPSHOT_BYTES = 256 * 1024 * 1024;

/** What `demo` does. */
export const demoBody: CommandBody<DemoOptions | ApplyOptions> = {
  parse: parseDemo,
  run: (options, deps) => (options.kind === 'apply' ? runApply(options, deps) : runDemo(options, deps)),
};

/** The flags of `demo` itself, and those of `demo apply`. */
const OWN = ['serve', 'plain', 'from', 'scenario'];
const APPLY = ['node', 'kubeconfig'];

function parseDemo(args: ParsedArgs): DemoOptions | ApplyOptions {
  const [word, ...rest] = args.positionals;
  if (word !== undefined && word !== 'apply') {
    const hint = 'to restart a simulated kubelet with a document: demo apply FILE';
    throw new UsageError(`unexpected argument ${JSON.stringify(word.slice(0, 100))}`, { hint });
  }
  const stray = (word === undefined ? APPLY : OWN).find(name => args.value(name) !== undefined);
  if (stray !== undefined) {
    throw new UsageError(`--${stray} goes with ${word === undefined ? 'demo apply FILE' : 'demo'} only`);
  }
  return word === undefined ? parseOpen(args) : parseApply(args, rest[0]);
}

function parseApply(args: ParsedArgs, file: string | undefined): ApplyOptions {
  if (file === undefined || file === '') {
    throw new UsageError('demo apply needs the file that is to be applied', {
      hint: 'for example: tune --node node-3 --clear > cure.yaml, then demo apply cure.yaml; - is stdin',
    });
  }
  const [node, kubeconfig] = ['node', 'kubeconfig'].map(name => args.value(name));
  if (node === '' || kubeconfig === '') throw new UsageError('an empty name');
  return { kind: 'apply', file, node: node ?? null, kubeconfig: kubeconfig ?? null };
}

function parseOpen(args: ParsedArgs): DemoOptions {
  const file = args.value('from');
  const scenario = args.value('scenario');
  if (file !== undefined && scenario !== undefined) throw new UsageError('--from and --scenario exclude each other');
  return {
    kind: 'open',
    source: file === undefined ? { scenario: scenario ?? 'story' } : { file },
    serve: args.flag('serve'),
    plain: args.flag('plain'),
    color: colorOf(args),
  };
}

async function runDemo(options: DemoOptions, deps: Deps): Promise<ExitCode> {
  const simulated = await deps.simulate(await openSource(options, deps));
  const announced = await deps.demos.announce(simulated.kubeconfig);
  try {
    await deps.io.err.write(`SIMULATED cluster at ${simulated.server}: ${clean(simulated.title)}\n`);
    if (options.serve) {
      await deps.io.out.write(simulated.kubeconfig);
    } else {
      const left = await showStatus(simulated, announced.file, options, deps);
      if (left !== null) return left;
    }
    const how = options.serve ? 'serving' : 'simulating (with --serve it prints a kubeconfig)';
    await deps.io.err.write(`${how} until Ctrl-C\n`);
    await ended(deps.signal);
    throw new CancelledError();
  } finally {
    await announced.withdraw();
    await simulated.close();
  }
}

async function openSource(options: DemoOptions, deps: Deps): Promise<SimulationSource> {
  if ('scenario' in options.source) return { kind: 'scenario', name: options.source.scenario };
  const { file } = options.source;
  const text = new TextDecoder().decode(await deps.files.read(file, MAX_SNAPSHOT_BYTES));
  const snapshot = parseJsonText(text);
  if (snapshot.ok) return { kind: 'snapshot', snapshot: snapshot.value };
  throw new EvictError(`${file} is no snapshot: ${snapshot.error}`, { hint: 'make one with the command snapshot' });
}

/** The screen on a terminal, the table elsewhere. `file`: its kubeconfig. Returns the screen's exit code; null: nothing holds the program. */
async function showStatus(
  simulated: SimulatedCluster,
  file: string | null,
  options: DemoOptions,
  deps: Deps,
): Promise<ExitCode | null> {
  const lifeline = new Lifeline(deps.signal);
  const cluster = await simulated.connect({ concurrency: 64, signal: lifeline.signal });
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
      const apply: ApplyTuned = (node, name, text) => applyText(text, name, node, cluster.simulation);
      // What the screen offers to type works in another terminal, for as long as this one is open.
      const flags = file === null ? [] : ['--kubeconfig', file];
      const { openStatusScreen } = await import('../status/screen.ts');
      return await openStatusScreen(cluster, { query, color: options.color, flags, lifeline, apply }, deps);
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
