import type { Deps } from '../../deps.ts';
import { UsageError } from '../../errors.ts';
import type { EvictedResource, EvictionKind } from '../../eviction/message.ts';
import { OTHER_REASONS } from '../../eviction/other-reasons.ts';
import type { PlanLimits, Selection } from '../../eviction/plan.ts';
import type { ParsedArgs } from '../command.ts';
import { type ConnectionOptions, connectionOptions, integer, milliseconds, percent } from '../flag-values.ts';
import { type CronJobOptions, cronJobOptions } from './cronjob.ts';

/** How deletions are told on stdout: as kubectl does, as names, or as one PurgeResult. */
export type PurgeOutput = 'lines' | 'name' | 'json' | 'yaml';

/** Everything `purge` was asked for. */
export interface PurgeOptions {
  readonly connection: ConnectionOptions;
  readonly allNamespaces: boolean;
  /** A label selector; null: none. */
  readonly selector: string | null;
  readonly selection: Selection;
  readonly limits: PlanLimits;
  /** Somebody is there to be asked, and has not said yes beforehand. */
  readonly asks: boolean;
  readonly dryRun: 'none' | 'client' | 'server';
  readonly output: PurgeOutput;
  readonly archive: { readonly path: string; readonly append: boolean } | null;
  readonly watch: boolean;
  /** Print a CronJob that does it, and delete nothing; null: do it. */
  readonly cronJob: CronJobOptions | null;
}

const KINDS: readonly EvictionKind[] = ['pressure', 'admission', 'limit'];
const RESOURCES: readonly EvictedResource[] = ['disk', 'inodes', 'memory', 'pid', 'unknown'];

/** Reads the flags. @throws UsageError */
export function parsePurge(args: ParsedArgs, deps: Deps): PurgeOptions {
  const dryRun = args.value('dry-run') === 'client' ? 'client' : args.value('dry-run') === 'server' ? 'server' : 'none';
  const options: PurgeOptions = {
    connection: connectionOptions(args),
    allNamespaces: args.flag('all-namespaces'),
    selector: args.value('selector') ?? null,
    selection: selectionOf(args),
    limits: limitsOf(args),
    asks: deps.io.in.isTTY && !args.flag('yes') && dryRun === 'none',
    dryRun,
    output: outputOf(args),
    archive: archiveOf(args),
    watch: args.flag('watch'),
    cronJob: cronJobOptions(args),
  };
  checkWatch(options);
  checkConsent(options, args, deps);
  return options;
}

function selectionOf(args: ParsedArgs): Selection {
  const cause = words(args, 'cause');
  const kinds = KINDS.filter(kind => cause.includes(kind));
  const resources = RESOURCES.filter(resource => cause.includes(resource));
  const known: readonly string[] = [...KINDS, ...RESOURCES];
  refuseOthers('cause', cause, known);
  const reasons = words(args, 'reason');
  refuseOthers(
    'reason',
    reasons,
    OTHER_REASONS.map(reason => reason.toLowerCase()),
    OTHER_REASONS,
  );
  const owners = args.values('include-owner').flatMap(value => value.split(',').map(kind => kind.trim().toLowerCase()));
  if (owners.includes('')) throw new UsageError('an empty kind for --include-owner');
  const olderThan = args.value('older-than');
  return {
    node: args.value('node')?.replace(/^nodes?\//, '') ?? null,
    kinds: new Set(kinds),
    resources: new Set(resources),
    // Ten years: beyond it somebody mistook the unit.
    olderThanMs: olderThan === undefined ? null : milliseconds('older-than', olderThan, { most: 315_360_000_000 }),
    owners: owners.includes('all') ? 'all' : new Set(args.flag('include-jobs') ? [...owners, 'job'] : owners),
    unmarked: args.flag('include-unmarked'),
    reasons: new Set(reasons),
  };
}

/** The words of a comma list, in lower case. */
function words(args: ParsedArgs, name: string): readonly string[] {
  return (args.value(name)?.split(',') ?? []).map(word => word.trim().toLowerCase());
}

function refuseOthers(name: string, given: readonly string[], known: readonly string[], shown = known): void {
  const other = given.find(word => !known.includes(word));
  if (other === undefined) return;
  const value = JSON.stringify(other.slice(0, 100));
  throw new UsageError(`invalid value ${value} for --${name}: expected some of ${shown.join(', ')}`);
}

function limitsOf(args: ParsedArgs): PlanLimits {
  const limit = args.value('limit');
  const share = args.value('max-percent');
  return {
    keep: integer('keep', args.value('keep') ?? '0', 0, 1_000_000),
    limit: limit === undefined ? null : integer('limit', limit, 0, 100_000_000),
    maxPercent: share === undefined ? null : percent('max-percent', share),
  };
}

function outputOf(args: ParsedArgs): PurgeOutput {
  const output = args.value('output');
  return output === 'name' || output === 'json' || output === 'yaml' ? output : 'lines';
}

function archiveOf(args: ParsedArgs): PurgeOptions['archive'] {
  const path = args.value('archive');
  const append = args.flag('archive-append');
  if (path === undefined && append) throw new UsageError('--archive-append needs --archive');
  if (path === '') throw new UsageError('an empty file name for --archive');
  return path === undefined ? null : { path, append };
}

function checkWatch({ watch, selection, limits }: PurgeOptions): void {
  if (!watch) return;
  const wrong = [
    selection.unmarked ? '--include-unmarked' : '',
    limits.keep > 0 ? '--keep' : '',
    limits.limit === null ? '' : '--limit',
    limits.maxPercent === null ? '' : '--max-percent',
  ].find(flag => flag !== '');
  if (wrong === undefined) return;
  const hint =
    wrong === '--include-unmarked'
      ? 'unmarked pods are purged only when somebody looks at the list'
      : 'a watch has no end at which a plan could be made';
  throw new UsageError(`--watch and ${wrong} exclude each other`, { hint });
}

/** Without anybody to ask, what reaches far needs a yes beforehand. */
function checkConsent(options: PurgeOptions, args: ParsedArgs, deps: Deps): void {
  if (deps.io.in.isTTY || args.flag('yes') || options.dryRun !== 'none' || options.cronJob !== null) return;
  const far = options.allNamespaces ? '--all-namespaces' : options.watch ? '--watch' : null;
  if (far === null) return;
  throw new UsageError(`${far} needs --yes when nobody can be asked (stdin is no terminal)`, {
    hint: 'look first with --dry-run=client, then add -y',
  });
}
