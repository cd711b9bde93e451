import type { Cluster } from '../cluster/port.ts';
import type { Deps } from '../deps.ts';
import { EvictError, UsageError } from '../errors.ts';
import type { EvictionEvidence } from '../eviction/decode.ts';
import type { Instant } from '../eviction/node.ts';
import { type EvictedEvent, evictionOfEvent, evictionOfPod, ReportTally } from '../eviction/report.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { alertManifest } from '../output/alert-manifest.ts';
import { toJson, toYaml } from '../output/documents.ts';
import { errorText } from '../output/error-text.ts';
import { evictionReport, type ReportError, type ReportHead } from '../output/report-document.ts';
import { reportText } from '../output/report-text.ts';
import type { Command, ParsedArgs } from './command.ts';
import { type ConnectionOptions, connectionOptions, integer, milliseconds } from './flags.ts';
import { read } from './reading.ts';

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

const OUTPUTS = ['table', 'json', 'yaml'] as const;
/** Rows of each table; a document has them all. */
const DEFAULT_TOP = 10;

/** `report`: who is evicted, where, for what, when. */
export const reportCommand: Command<ReportOptions> = {
  name: 'report',
  summary: 'who gets evicted, where, for what: by owner, node, namespace, cause and time',
  usage: 'report [-f ARCHIVE] [flags]',
  description: [
    'Counts evictions by cause, owner, node and namespace, and draws when they were. Each is counted once, from what is left of it: Evicted pods; pods that the kubelet evicted but that lack the reason; events (about the last hour) whose pod is gone; archives that "purge --archive" wrote.',
    'With -f no cluster is asked, unless --live is given, too. The time of an eviction stands in no field: it is the best that pod and event tell, and often means "not later than". Nothing is changed.',
  ],
  examples: [
    { line: 'report -A', does: 'the whole cluster' },
    { line: 'report -n shop --since 24h', does: 'the last day of one namespace' },
    { line: 'report -f evicted.ndjson', does: 'what an archive tells, without a cluster' },
    { line: 'report -A --live -f evicted.ndjson -o json', does: 'what was purged and what is there, together' },
    { line: 'report --print-alert', does: 'a PrometheusRule for the same conditions' },
  ],
  connects: true,
  flags: [
    {
      name: 'filename',
      short: 'f',
      type: 'strings',
      placeholder: 'ARCHIVE',
      help: 'read an archive of purge instead of the cluster; - is stdin; may be repeated',
    },
    { name: 'live', type: 'boolean', help: 'with -f: ask the cluster, too' },
    {
      name: 'since',
      type: 'string',
      placeholder: 'DURATION',
      help: 'only evictions of the last 24h (or so); those of unknown time are left out',
    },
    {
      name: 'top',
      type: 'string',
      placeholder: 'N',
      help: 'the N largest of each grouping; 0 for all (default 10 in tables, all in documents)',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      placeholder: 'FORMAT',
      choices: OUTPUTS,
      fallback: 'table',
      help: 'table, json or yaml',
    },
    {
      name: 'print-alert',
      type: 'boolean',
      help: 'print a PrometheusRule that tells of evictions as they happen, and ask no cluster; -n limits it to a namespace',
    },
  ],
  parse: parseReport,
  run: runReport,
};

function parseReport(args: ParsedArgs, deps: Deps): ReportOptions {
  const files = args.values('filename');
  if (files.includes('')) throw new UsageError('an empty file name for --filename');
  if (files.filter(file => file === '-').length > 1) throw new UsageError('stdin can be read once only');
  const alert = args.flag('print-alert');
  if (args.flag('live') && files.length === 0) throw new UsageError('--live needs --filename');
  const output = OUTPUTS.find(o => o === args.value('output')) ?? 'table';
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
  /** What keeps the pods from being read, to be thrown when nothing else could be. */
  #podsCause: unknown;

  constructor(cluster: Cluster | null, options: ReportOptions, deps: Deps) {
    this.#cluster = cluster;
    this.#options = options;
    this.#deps = deps;
    const given = options.connection.flags.namespace;
    this.#namespace = options.allNamespaces ? null : (given ?? cluster?.identity.namespace ?? null);
  }

  async run(): Promise<ExitCode> {
    const { files, top } = this.#options;
    const events = this.#cluster === null ? null : await this.#readEvents(this.#cluster);
    if (this.#cluster !== null) await this.#countPods(this.#cluster, events ?? []);
    if (this.#podsCause !== undefined && events === null && files.length === 0) throw this.#podsCause;
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

  /** @returns null when they cannot be read */
  async #readEvents(cluster: Cluster): Promise<readonly EvictedEvent[] | null> {
    const listed = await read(cluster.evictedEvents(this.#namespace), 'list events', this.#options.program, 'report');
    if (!listed.ok) {
      this.#note({ what: 'events', file: null, ...listed.problem });
      return null;
    }
    this.#learnTime(listed.value.serverTime);
    if (listed.value.cut) {
      const message = 'there are more than 10,000 eviction events: only the first were read';
      this.#note({ what: 'events', file: null, reason: 'too-large', message, remedy: null });
    }
    return listed.value.items;
  }

  async #countPods(cluster: Cluster, events: readonly EvictedEvent[]): Promise<void> {
    const evidence = new Map<string, EvictionEvidence>();
    // Of several events about a pod the first tells when it was evicted.
    for (const event of events) {
      const at = event.evidence.at ?? Number.MAX_VALUE;
      if (at <= (evidence.get(event.uid)?.at ?? Number.MAX_VALUE)) evidence.set(event.uid, event.evidence);
    }
    const query = { namespace: this.#namespace, selector: null, node: null, succeeded: true };
    const counting = this.#countPages(cluster.purging.tombstones(query, this.#deps.signal), evidence);
    const counted = await read(counting, 'list pods', this.#options.program, 'report');
    if (counted.ok) return;
    const { reason, message, remedy } = counted.problem;
    this.#note({ what: 'pods', file: null, reason, message, remedy });
    this.#podsCause = counted.cause;
  }

  async #countPages(
    pages: ReturnType<Cluster['purging']['tombstones']>,
    evidence: ReadonlyMap<string, EvictionEvidence>,
  ): Promise<void> {
    for await (const { items, serverTime } of pages) {
      this.#learnTime(serverTime);
      for (const { facts } of items) {
        const eviction = evictionOfPod(facts, evidence.get(facts.uid) ?? null, false);
        if (eviction !== null) this.#tallied().add(eviction);
      }
    }
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

const MOST_ERRORS = 1000;
/** Reasons for which a report is smaller, and says so, but not wrong. */
const HARMLESS = ['forbidden', 'too-large', 'torn'];
