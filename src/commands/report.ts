import type { Cluster } from '../cluster/port.ts';
import type { Deps } from '../deps.ts';
import { EvictError, UsageError } from '../errors.ts';
import type { Instant } from '../eviction/node.ts';
import { evictionOfEvent, evictionOfPod, ReportTally } from '../eviction/report.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { alertManifest } from '../output/alert-manifest.ts';
import { toJson, toYaml } from '../output/documents.ts';
import { errorText } from '../output/error-text.ts';
import { evictionReport, type ReportError, type ReportHead } from '../output/report-document.ts';
import { reportText } from '../output/report-text.ts';
import type { CommandBody, ParsedArgs } from './command.ts';
import { REPORT_OUTPUTS } from './definitions/report.ts';
import { type ConnectionOptions, connectionOptions, integer, milliseconds } from './flag-values.ts';
import { type EvictionsRead, readEvictions } from './report-gather.ts';

/** Everything `report` was asked for. */
export interface ReportOptions {
  readonly connection: ConnectionOptions;
  readonly allNamespaces: boolean;
  /** Archives; `-` is stdin. */
  readonly files: readonly string[];
  /** Whether the cluster is asked: always, unless there are archives. */
  readonly live: boolean;
  /** How far back; null: everything there is. */
  readonly sinceMs: number | null;
  /** The groups of each ranking; null: all. */
  readonly top: number | null;
  readonly output: 'table' | 'json' | 'yaml';
  /** Print a PrometheusRule instead. */
  readonly alert: boolean;
  readonly program: string;
}

/** Rows of each table; a document has them all. */
const DEFAULT_TOP = 10;

/** What `report` does. */
export const reportBody: CommandBody<ReportOptions> = { parse: parseReport, run: runReport };

function parseReport(args: ParsedArgs, deps: Deps): ReportOptions {
  const files = args.values('filename');
  if (files.includes('')) throw new UsageError('an empty file name for --filename');
  if (files.filter(file => file === '-').length > 1) throw new UsageError('stdin can be read once only');
  const alert = args.flag('print-alert');
  if (args.flag('live') && files.length === 0) throw new UsageError('--live needs --filename');
  const output = REPORT_OUTPUTS.find(o => o === args.value('output')) ?? 'table';
  const wrong = ['filename', 'since', 'top', 'output'].find(name => args.value(name) !== undefined);
  if (alert && wrong !== undefined) throw new UsageError(`--print-alert and --${wrong} exclude each other`);
  const since = args.value('since');
  const top = args.value('top');
  const groups = top === undefined ? null : integer('top', top, 0, 1_000_000);
  return {
    connection: connectionOptions(args),
    allNamespaces: args.flag('all-namespaces'),
    files,
    live: files.length === 0 || args.flag('live'),
    // Ten years: beyond it somebody mistook the unit.
    sinceMs: since === undefined ? null : milliseconds('since', since, { least: 1000, most: 315_360_000_000 }),
    top: groups === 0 ? null : (groups ?? (output === 'table' ? DEFAULT_TOP : null)),
    output,
    alert,
    program: deps.program,
  };
}

async function runReport(options: ReportOptions, deps: Deps): Promise<ExitCode> {
  const { connection } = options;
  if (options.alert) {
    await deps.io.out.write(alertManifest(options.program, connection.flags.namespace ?? null));
    return EXIT.ok;
  }
  const cluster = options.live
    ? await deps.connect({
        flags: connection.flags,
        concurrency: 1,
        chunkSize: connection.chunkSize,
        verbosity: connection.verbosity,
        signal: deps.signal,
      })
    : null;
  try {
    return await new Reporter(cluster, options, deps).run();
  } finally {
    cluster?.close();
  }
}

/** One report: reads its sources, the surest first, so that an eviction that several know is counted by the best of them. */
class Reporter {
  readonly #cluster: Cluster | null;
  readonly #options: ReportOptions;
  readonly #deps: Deps;
  readonly #namespace: string | null;
  readonly #errors: ReportError[] = [];
  /** The server's clock against ours. */
  #skew = 0;
  /** Fixed with the first eviction, so that the window does not move while it is counted. */
  #takenAt: Instant | null = null;
  #tally: ReportTally | null = null;

  constructor(cluster: Cluster | null, options: ReportOptions, deps: Deps) {
    this.#cluster = cluster;
    this.#options = options;
    this.#deps = deps;
    const given = options.connection.flags.namespace;
    this.#namespace = options.allNamespaces ? null : (given ?? cluster?.identity.namespace ?? null);
  }

  async run(): Promise<ExitCode> {
    const { files, top } = this.#options;
    const { events, podsCause } = this.#cluster === null ? NOTHING_READ : await this.#readCluster(this.#cluster);
    if (podsCause !== undefined && events === null && files.length === 0) throw podsCause;
    for (const file of files) await this.#countArchive(file);
    for (const event of events ?? []) this.#tallied().add(evictionOfEvent(event));
    const report = this.#tallied().report(top);
    const head: ReportHead = {
      takenAt: this.#now(),
      context: this.#cluster?.identity.context ?? null,
      server: this.#cluster?.identity.server ?? null,
      namespace: this.#namespace,
      since: this.#since(),
      files,
    };
    await this.#print(head, report);
    // A missing right costs its part; anything else means that figures are missing which should be there.
    return this.#errors.every(({ reason }) => HARMLESS.includes(reason)) ? EXIT.ok : EXIT.error;
  }

  async #print(head: ReportHead, report: ReturnType<ReportTally['report']>): Promise<void> {
    const { io } = this.#deps;
    const { output } = this.#options;
    if (output === 'table') {
      await io.out.write(reportText(head, report, io.out.columns));
      for (const { message, remedy } of this.#errors) {
        await io.err.write(errorText({ message, hint: remedy ?? undefined }, 'warning'));
      }
      return;
    }
    const document = evictionReport(head, report, this.#errors);
    await io.out.write(output === 'json' ? toJson(document) : toYaml(document));
  }

  async #readCluster(cluster: Cluster): Promise<EvictionsRead> {
    const { program } = this.#options;
    return await readEvictions(
      cluster,
      { namespace: this.#namespace, program, signal: this.#deps.signal },
      {
        learnTime: serverTime => this.#learnTime(serverTime),
        add: eviction => this.#tallied().add(eviction),
        note: error => this.#note(error),
      },
    );
  }

  async #countArchive(file: string): Promise<void> {
    let isFirst = true;
    for await (const entry of this.#deps.readArchive(file, this.#deps.signal)) {
      if (!entry.ok) {
        this.#refuseLine(file, entry, isFirst);
      } else if (this.#namespace === null || entry.pod.namespace === this.#namespace) {
        const eviction = evictionOfPod(entry.pod, entry.evidence, true);
        if (eviction !== null) this.#tallied().add(eviction);
      }
      isFirst = false;
    }
  }

  #refuseLine(
    file: string,
    { line, error, torn }: { readonly line: number; readonly error: string; readonly torn: boolean },
    isFirst: boolean,
  ): void {
    const name = file === '-' ? 'stdin' : file;
    if (isFirst && !torn) {
      throw new EvictError(`${name} is no archive: its first line ${error}`, {
        hint: `give a file that "${this.#options.program} purge --archive" wrote`,
      });
    }
    const message = `line ${line} of ${name} ${error}, and is left out`;
    // What an interrupted purge leaves behind was not deleted either: nothing is missing.
    this.#note({ what: 'archive', file, reason: torn ? 'torn' : 'invalid', message, remedy: null });
  }

  #note(error: ReportError): void {
    if (this.#errors.length < MOST_ERRORS) this.#errors.push(error);
  }

  #tallied(): ReportTally {
    if (this.#tally === null) {
      this.#takenAt = this.#now();
      this.#tally = new ReportTally(this.#takenAt, this.#since());
    }
    return this.#tally;
  }

  #since(): Instant | null {
    return this.#options.sinceMs === null ? null : this.#now() - this.#options.sinceMs;
  }

  /** Before anything is counted: the workstation's clock may be off. */
  #learnTime(serverTime: Instant | null): void {
    if (this.#tally !== null || serverTime === null) return;
    const skew = serverTime - this.#deps.clock.now();
    this.#skew = Math.abs(skew) > 2000 ? skew : 0;
  }

  #now(): Instant {
    return this.#takenAt ?? this.#deps.clock.now() + this.#skew;
  }
}

const NOTHING_READ: EvictionsRead = { events: null, podsCause: undefined };
const MOST_ERRORS = 1000;
/** Reasons for which a report is smaller, and says so, but not wrong. */
const HARMLESS = ['forbidden', 'too-large', 'torn'];
