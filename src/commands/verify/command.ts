import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { EvictError, UsageError } from '../../errors.ts';
import type { VerifyReport } from '../../eviction/verify-report.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { MAX_DOCUMENT_BYTES, readDocument } from '../../kubelet/document.ts';
import { toJson, toYaml } from '../../output/documents.ts';
import { errorText } from '../../output/error-text.ts';
import { choosePaint } from '../../output/style.ts';
import { verifyResult, verifyTable } from '../../output/verify-document.ts';
import type { CommandBody, ParsedArgs } from '../command.ts';
import { type ConnectionOptions, colorOf, connectionOptions, kubeletPace, milliseconds } from '../flag-values.ts';
import { guardRollout } from './guard.ts';
import { type VerifyQuery, verifyOnce } from './look.ts';

/** Everything `verify` was asked for. */
export interface VerifyOptions {
  readonly connection: ConnectionOptions;
  /** `-` is stdin. */
  readonly file: string;
  readonly names: readonly string[];
  readonly selector: string | null;
  /** How long to guard a rollout; null: one look. */
  readonly waitMs: number | null;
  /** How long a kubelet may be away before the guard gives up. */
  readonly returnMs: number;
  readonly rollback: string | null;
  readonly output: 'json' | 'yaml' | null;
  readonly headers: boolean;
  readonly quiet: boolean;
  readonly color: 'auto' | 'always' | 'never';
  readonly concurrency: number;
  readonly kubeletTimeoutMs: number;
  readonly program: string;
}

/** What `verify` does. */
export const verifyBody: CommandBody<VerifyOptions> = { parse: parseVerify, run: runVerify };

function parseVerify(args: ParsedArgs, deps: Deps): VerifyOptions {
  const file = args.value('filename') ?? '';
  if (file === '') throw new UsageError('verify needs a file', { hint: 'verify -f FILE NODE' });
  const names = args.positionals.map(name => name.replace(/^nodes?\//, ''));
  const selector = args.value('selector') ?? null;
  const ways = [names.length > 0, selector !== null, args.flag('all')].filter(way => way).length;
  if (ways !== 1 || names.includes('')) {
    throw new UsageError(
      ways === 0 ? 'verify needs to know which nodes' : 'NODE, --selector and --all exclude each other',
      {
        hint: 'name nodes, or -l SELECTOR, or --all',
      },
    );
  }
  const wait = args.value('wait');
  for (const flag of ['return-within', 'rollback']) {
    if (wait === undefined && args.value(flag) !== undefined) throw new UsageError(`--${flag} needs --wait`);
  }
  const output = args.value('output');
  return {
    connection: connectionOptions(args),
    file,
    names,
    selector,
    waitMs: wait === undefined ? null : milliseconds('wait', wait, { least: 1000 }),
    returnMs: milliseconds('return-within', args.value('return-within') ?? '3m', { least: 1000 }),
    rollback: args.value('rollback') ?? null,
    output: output === 'json' || output === 'yaml' ? output : null,
    headers: !args.flag('no-headers'),
    quiet: args.flag('quiet'),
    color: colorOf(args),
    ...kubeletPace(args),
    program: deps.program,
  };
}

async function runVerify(options: VerifyOptions, deps: Deps): Promise<ExitCode> {
  const document = await readFile(options, deps);
  const { connection } = options;
  const cluster: Cluster = await deps.connect({
    flags: connection.flags,
    concurrency: options.concurrency,
    chunkSize: connection.chunkSize,
    verbosity: connection.verbosity,
    signal: deps.signal,
  });
  try {
    const query: VerifyQuery = { ...options, document };
    const report =
      options.waitMs === null
        ? await verifyOnce(cluster, query)
        : await guardRollout(cluster, query, { ...options, waitMs: options.waitMs }, deps);
    await deliver(report, options, deps);
    return exitCodeOf(report);
  } finally {
    cluster.close();
  }
}

async function readFile(options: VerifyOptions, deps: Deps) {
  const { file } = options;
  const bytes =
    file === '-'
      ? await deps.io.in.readAll()
      : new TextDecoder().decode(await deps.files.read(file, MAX_DOCUMENT_BYTES));
  const document = readDocument(bytes, file);
  if (!document.ok) throw new EvictError(`${file}: ${document.error}`);
  if (Object.keys(document.value.settings).length === 0) {
    throw new EvictError(`${file} is ${document.value.label} without any eviction setting: there is nothing to verify`);
  }
  return document.value;
}

async function deliver(report: VerifyReport, options: VerifyOptions, deps: Deps): Promise<void> {
  if (options.output !== null) {
    const result = verifyResult(report);
    await deps.io.out.write(options.output === 'json' ? toJson(result) : toYaml(result));
  } else {
    const paint = choosePaint(options.color, deps.env, deps.io.out.isTTY);
    await deps.io.out.write(verifyTable(report, { headers: options.headers, paint }));
    for (const { message, remedy, node } of report.errors) {
      if (node === null) await deps.io.err.write(errorText({ message, hint: remedy ?? undefined }, 'warning'));
    }
  }
  if (report.verdict !== null) await deps.io.err.write(errorText({ message: report.verdict }));
}

/** A mismatch counts only when nothing failed: 3 says that the nodes were asked, and run something else. */
function exitCodeOf(report: VerifyReport): ExitCode {
  const { nodes } = report;
  if (report.errors.some(e => e.what === 'node') || nodes.some(n => n.matches === null)) return EXIT.error;
  if (nodes.some(n => n.matches === false)) return EXIT.findings;
  return report.verdict === null ? EXIT.ok : EXIT.error;
}
