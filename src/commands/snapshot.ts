import type { Cluster } from '../cluster/port.ts';
import type { Deps } from '../deps.ts';
import { UsageError } from '../errors.ts';
import { underPressure } from '../eviction/assess.ts';
import type { NodeFacts } from '../eviction/node.ts';
import type { SurveyError } from '../eviction/survey.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { escapeInQuotes } from '../output/clean.ts';
import { errorText } from '../output/error-text.ts';
import { API_VERSION } from '../output/status-document.ts';
import type { CommandBody, ParsedArgs } from './command.ts';
import { type ConnectionOptions, connectionOptions, kubeletPace } from './flag-values.ts';
import { askKubelets, type KubeletAnswers, mayAskKubelets } from './kubelets.ts';
import { noProxyRight, read } from './reading.ts';

/** Everything `snapshot` was asked for. */
export interface SnapshotOptions {
  readonly connection: ConnectionOptions;
  readonly selector: string | null;
  /** Also ask the kubelets of nodes that are not under pressure. */
  readonly all: boolean;
  /** Where it goes; null: a name with the time in the working directory; `-`: stdout. */
  readonly file: string | null;
  readonly concurrency: number;
  readonly kubeletTimeoutMs: number;
  readonly program: string;
}

/** What `snapshot` does. */
export const snapshotBody: CommandBody<SnapshotOptions> = { parse: parseSnapshot, run: runSnapshot };

function parseSnapshot(args: ParsedArgs, deps: Deps): SnapshotOptions {
  const file = args.value('output') ?? null;
  if (file === '') throw new UsageError('--output needs the name of a file');
  return {
    connection: connectionOptions(args),
    selector: args.value('selector') ?? null,
    all: args.flag('all'),
    file,
    ...kubeletPace(args),
    program: deps.program,
  };
}

async function runSnapshot(options: SnapshotOptions, deps: Deps): Promise<ExitCode> {
  const { connection } = options;
  const cluster = await deps.connect({
    flags: connection.flags,
    concurrency: options.concurrency,
    chunkSize: connection.chunkSize,
    verbosity: connection.verbosity,
    signal: deps.signal,
  });
  try {
    const { document, errors, counts } = await takeSnapshot(cluster, options, deps);
    const text = `${escapeInQuotes(JSON.stringify(document))}\n`;
    for (const error of errors.filter(e => e.node === null)) {
      await deps.io.err.write(errorText({ message: error.message, hint: error.remedy ?? undefined }, 'warning'));
    }
    if (options.file === '-') {
      await deps.io.out.write(text);
      return EXIT.ok;
    }
    const file = options.file ?? `evict-snapshot-${document.metadata.takenAt.replace(/[-:]|\.\d+/g, '')}.json`;
    await deps.files.create(file, text);
    await deps.io.err.write(`${counts}\n`);
    await deps.io.out.write(`${file}\n`);
    return EXIT.ok;
  } finally {
    cluster.close();
  }
}

/** The file: raw objects of the cluster, redacted, and what could not be read. */
interface SnapshotDocument {
  readonly apiVersion: string;
  readonly kind: 'Snapshot';
  readonly metadata: { readonly takenAt: string; readonly serverVersion: string; readonly madeBy: string };
  readonly nodes: readonly object[];
  readonly leases: readonly object[];
  readonly pods: readonly object[];
  readonly events: readonly object[];
  /** By node: the redacted bodies of configz and stats/summary; null: not read. */
  readonly kubelets: Readonly<Record<string, { readonly configz: object | null; readonly stats: object | null }>>;
  /** What could not be read. The sentences stay out: they hold addresses and names of users. */
  readonly errors: readonly Pick<SurveyError, 'what' | 'node' | 'reason'>[];
}

interface Taken {
  readonly document: SnapshotDocument;
  readonly errors: readonly SurveyError[];
  readonly counts: string;
}

async function takeSnapshot(cluster: Cluster, options: SnapshotOptions, deps: Deps): Promise<Taken> {
  const { redacted } = cluster;
  const errors: SurveyError[] = [];
  const attempt = <T>(promise: Promise<T>, right: string) => read(promise, right, options.program);
  const [facts, nodes, mayProxy, leases, pods, events, version] = await Promise.all([
    cluster.nodes(options.selector),
    redacted.nodes(options.selector),
    mayAskKubelets(cluster, options.program),
    attempt(redacted.leases(), 'list leases in kube-node-lease'),
    attempt(redacted.evictedPods(), 'list pods'),
    attempt(redacted.events(), 'list events'),
    attempt(redacted.version(), 'get /version'),
  ]);
  for (const [what, reading] of [
    ['leases', leases],
    ['pods', pods],
    ['events', events],
  ] as const) {
    if (!reading.ok) errors.push({ what, node: null, ...reading.problem });
  }
  if (!version.ok) errors.push({ what: 'version', node: null, ...version.problem });
  if (events.ok && events.value.cut) {
    const message = 'there are more than 10,000 events of one kind: only the first were kept';
    errors.push({ what: 'events', node: null, reason: 'too-large', message, remedy: null });
  }
  if (mayProxy === false) errors.push({ what: 'nodes/proxy', node: null, ...noProxyRight(options.program) });
  const asked = options.all ? facts.items : facts.items.filter(underPressure);
  const kubelets = mayProxy === false ? new Map() : await readKubelets(cluster, asked, options);
  for (const [node, answers] of kubelets) noteKubelet(errors, node, answers);

  const takenAt = new Date(facts.serverTime ?? deps.clock.now()).toISOString();
  const document: SnapshotDocument = {
    apiVersion: API_VERSION,
    kind: 'Snapshot',
    metadata: { takenAt, serverVersion: version.ok ? version.value : '', madeBy: `kubectl-evict ${deps.version}` },
    nodes: nodes.items,
    leases: leases.ok ? leases.value.items : [],
    pods: pods.ok ? pods.value.items : [],
    events: events.ok ? events.value.items : [],
    kubelets: Object.fromEntries([...kubelets].map(([node, answers]) => [node, bodies(answers)])),
    errors: errors.map(({ what, node, reason }) => ({ what, node, reason })),
  };
  const counts = `kept: nodes ${nodes.items.length}, kubelets ${kubelets.size}, evicted pods ${document.pods.length}, events ${document.events.length}`;
  return { document, errors, counts };
}

type Answers = KubeletAnswers<object, object>;

function readKubelets(
  cluster: Cluster,
  nodes: readonly NodeFacts[],
  options: SnapshotOptions,
): Promise<ReadonlyMap<string, Answers>> {
  return askKubelets(nodes, {
    config: name => cluster.redacted.configz(name, options.kubeletTimeoutMs),
    stats: name => cluster.redacted.stats(name, options.kubeletTimeoutMs),
    concurrency: options.concurrency,
    program: options.program,
    purpose: 'status',
  });
}

function noteKubelet(errors: SurveyError[], node: string, { config, stats }: Answers): void {
  if (!config.ok) errors.push({ what: 'configz', node, ...config.problem });
  if (!stats.ok) errors.push({ what: 'stats/summary', node, ...stats.problem });
}

function bodies({ config, stats }: Answers): { configz: object | null; stats: object | null } {
  return { configz: config.ok ? config.value : null, stats: stats.ok ? stats.value : null };
}
