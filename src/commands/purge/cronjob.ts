import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { ClusterError, UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { cronJobApiVersion, cronJobManifest } from '../../output/cronjob-manifest.ts';
import { errorText } from '../../output/error-text.ts';
import type { ParsedArgs } from '../command.ts';
import type { ConnectionOptions } from '../flag-values.ts';
import { read } from '../reading.ts';

/** What `--print-cronjob` was asked for. */
export interface CronJobOptions {
  readonly schedule: string;
  readonly image: string;
  /** The flags that choose pods, as given. */
  readonly filters: readonly string[];
  readonly readsEvents: boolean;
}

/** What the job is told, too; a file in a pod is lost with it, and a job that stays is none. */
const PASSED_ON = ['selector', 'node', 'cause', 'older-than', 'keep', 'limit', 'max-percent', 'reason', 'dry-run'];
const PASSED_ON_SWITCHES = ['include-jobs', 'include-unmarked'];
const REFUSED = ['watch', 'archive', 'archive-append', 'output'];

/** Minute, hour, day, month, weekday; or a macro. The API server checks the rest. */
const SCHEDULE = /^(@(yearly|annually|monthly|weekly|daily|midnight|hourly)|@every \S+|[\w*/,?-]+( +[\w*/,?-]+){4})$/;
const IMAGE = /^[\w][\w.:/@-]*$/;

/** Reads the flags; null: no CronJob is asked for. @throws UsageError */
export function cronJobOptions(args: ParsedArgs): CronJobOptions | null {
  const schedule = args.value('print-cronjob');
  const image = args.value('image');
  if (schedule === undefined) {
    if (image !== undefined) throw new UsageError('--image needs --print-cronjob');
    return null;
  }
  if (!SCHEDULE.test(schedule)) {
    const shown = JSON.stringify(schedule.slice(0, 100));
    throw new UsageError(`invalid value ${shown} for --print-cronjob: expected five fields, or @hourly and the like`, {
      hint: 'for example --print-cronjob "17 * * * *"',
    });
  }
  if (image === undefined) throw new UsageError('--print-cronjob needs --image', { hint: 'the image to run' });
  if (!IMAGE.test(image)) throw new UsageError(`invalid value ${JSON.stringify(image.slice(0, 100))} for --image`);
  const wrong = REFUSED.find(name => args.value(name) !== undefined);
  if (wrong !== undefined) throw new UsageError(`--print-cronjob and --${wrong} exclude each other`);
  return { schedule, image, filters: filtersOf(args), readsEvents: args.value('older-than') !== undefined };
}

function filtersOf(args: ParsedArgs): readonly string[] {
  const values = PASSED_ON.flatMap(name => {
    const value = args.value(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  const owners = args.values('include-owner').map(kind => `--include-owner=${kind}`);
  const switches = PASSED_ON_SWITCHES.filter(name => args.flag(name)).map(name => `--${name}`);
  return [...values, ...owners, ...switches];
}

/** Prints the manifests. The cluster is asked for its version only, and need not answer. @throws ClusterError `config` */
export async function printCronJob(
  { schedule, image, filters, readsEvents }: CronJobOptions,
  scope: { readonly connection: ConnectionOptions; readonly allNamespaces: boolean },
  deps: Deps,
): Promise<ExitCode> {
  const { allNamespaces } = scope;
  const { namespace, version } = await askCluster(scope, deps);
  const where = allNamespaces ? '--all-namespaces' : `--namespace=${namespace}`;
  const manifest = cronJobManifest({
    schedule,
    image,
    namespace,
    allNamespaces,
    args: ['purge', where, '--yes', ...filters],
    readsEvents,
    apiVersion: cronJobApiVersion(version),
    program: deps.program,
  });
  await deps.io.out.write(manifest);
  return EXIT.ok;
}

async function askCluster(
  { connection, allNamespaces }: { readonly connection: ConnectionOptions; readonly allNamespaces: boolean },
  deps: Deps,
): Promise<{ readonly namespace: string; readonly version: string }> {
  const given = connection.flags.namespace ?? (allNamespaces ? 'default' : undefined);
  let cluster: Cluster;
  try {
    cluster = await deps.connect({
      flags: connection.flags,
      concurrency: 1,
      chunkSize: connection.chunkSize,
      verbosity: connection.verbosity,
      signal: deps.signal,
    });
  } catch (error) {
    // Manifests may be made where no cluster is: only the namespace must be known.
    if (!(error instanceof ClusterError) || given === undefined) throw error;
    await warn(error.message, deps);
    return { namespace: given, version: '' };
  }
  try {
    const version = await read(cluster.redacted.version(), 'get /version', deps.program);
    if (!version.ok) await warn(version.problem.message, deps);
    return { namespace: cluster.identity.namespace, version: version.ok ? version.value : '' };
  } finally {
    cluster.close();
  }
}

async function warn(why: string, deps: Deps): Promise<void> {
  const message = `the version of the cluster is not known, batch/v1 (1.21 and later) is taken for granted: ${why}`;
  await deps.io.err.write(errorText({ message }, 'warning'));
}
