import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { ClusterError, UsageError } from '../../errors.ts';
import { SIGNALS } from '../../eviction/signal-names.ts';
import type { SurveyError } from '../../eviction/survey.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { toJson, toYaml } from '../../output/documents.ts';
import { errorText } from '../../output/error-text.ts';
import { choosePaint } from '../../output/style.ts';
import { nodeReportDocument, podEvictionDocument } from '../../output/why-document.ts';
import { nodeStoryText, podStoryText } from '../../output/why-text.ts';
import type { CommandBody, ParsedArgs } from '../command.ts';
import { WHY_OUTPUTS } from '../definitions/why.ts';
import { type ConnectionOptions, colorOf, connectionOptions, milliseconds } from '../flag-values.ts';
import { tellNode, tellPod, type WhyQuery } from './gather.ts';

type Output = 'text' | 'json' | 'yaml';

/** Everything `why` was asked for. */
export interface WhyOptions {
  readonly connection: ConnectionOptions;
  /** `any`: a pod of that name, else a node. */
  readonly kind: 'pod' | 'node' | 'any';
  readonly name: string;
  readonly query: WhyQuery;
  readonly output: Output;
  readonly color: 'auto' | 'always' | 'never';
}

/** What `why` does. */
export const whyBody: CommandBody<WhyOptions> = { parse: parseWhy, run: runWhy };

const KINDS: ReadonlyMap<string, 'pod' | 'node'> = new Map([
  ['pod', 'pod'],
  ['pods', 'pod'],
  ['po', 'pod'],
  ['node', 'node'],
  ['nodes', 'node'],
  ['no', 'node'],
]);

/** `pod/NAME`, `pod NAME` or a bare `NAME`. */
function targetOf(positionals: readonly string[]): Pick<WhyOptions, 'kind' | 'name'> {
  const words = positionals.length === 1 ? (positionals[0] ?? '').split('/') : positionals;
  const [first = '', second, ...more] = words;
  const hint = 'give one pod/NAME or node/NAME';
  if (positionals.some(p => p.includes('/')) && positionals.length > 1)
    throw new UsageError('one name at a time', { hint });
  const kind = second === undefined ? 'any' : KINDS.get(first.toLowerCase());
  const name = second ?? first;
  if (kind === undefined)
    throw new UsageError(`${JSON.stringify(first.slice(0, 100))} is neither pod nor node`, { hint });
  if (name === '' || more.length > 0) throw new UsageError('the name of a pod or a node is missing', { hint });
  return { kind, name };
}

function parseWhy(args: ParsedArgs, deps: Deps): WhyOptions {
  const target = targetOf(args.positionals);
  if (args.flag('all-namespaces')) {
    throw new UsageError('why looks at one pod or node: --all-namespaces makes no sense', {
      hint: 'name the namespace with -n',
    });
  }
  return {
    connection: connectionOptions(args),
    ...target,
    query: {
      signal: SIGNALS.find(s => s === args.value('signal')) ?? null,
      kubeletTimeoutMs: milliseconds('kubelet-timeout', args.value('kubelet-timeout') ?? '5s', {
        least: 1,
        most: 600_000,
        seconds: true,
      }),
      program: deps.program,
    },
    output: WHY_OUTPUTS.find(o => o === args.value('output')) ?? 'text',
    color: colorOf(args),
  };
}

async function runWhy(options: WhyOptions, deps: Deps): Promise<ExitCode> {
  const { connection } = options;
  const cluster = await deps.connect({
    flags: connection.flags,
    concurrency: 2,
    chunkSize: connection.chunkSize,
    verbosity: connection.verbosity,
    signal: deps.signal,
  });
  try {
    const { document, text, errors } = await tell(cluster, options, deps);
    if (options.output === 'text') {
      await deps.io.out.write(text);
      for (const { message, remedy } of errors) {
        await deps.io.err.write(errorText({ message, hint: remedy ?? undefined }, 'warning'));
      }
    } else {
      await deps.io.out.write(options.output === 'json' ? toJson(document) : toYaml(document));
    }
    return EXIT.ok;
  } finally {
    cluster.close();
  }
}

interface Answer {
  readonly document: object;
  readonly text: string;
  readonly errors: readonly SurveyError[];
}

async function tell(cluster: Cluster, options: WhyOptions, deps: Deps): Promise<Answer> {
  const { kind, name } = options;
  const { namespace } = cluster.identity;
  if (kind === 'node') return await aboutNode(cluster, options, deps);
  if (kind === 'pod') return await aboutPod(cluster, options, deps);
  try {
    return await aboutPod(cluster, options, deps);
  } catch (error) {
    if (!mayBeNode(error)) throw error;
    try {
      return await aboutNode(cluster, options, deps);
    } catch (other) {
      if (!(other instanceof ClusterError) || (other.reason !== 'not-found' && other.reason !== 'invalid')) throw other;
      if (error.reason !== 'not-found') throw error;
      throw new ClusterError('not-found', `no pod ${name} in namespace ${namespace}, and no node of that name`, {
        hint: `name the pod's namespace with -n; pods that are gone have left only events: kubectl get events -A --field-selector involvedObject.name=${name}`,
        cause: error,
      });
    }
  }
}

/** No such pod, or no right to look: a bare name may still be a node's. */
function mayBeNode(error: unknown): error is ClusterError {
  return error instanceof ClusterError && (error.reason === 'not-found' || error.reason === 'forbidden');
}

async function aboutNode(cluster: Cluster, options: WhyOptions, deps: Deps): Promise<Answer> {
  const told = await tellNode(cluster, options.name, options.query, deps.clock);
  return {
    document: nodeReportDocument(told, cluster.identity),
    text: options.output === 'text' ? nodeStoryText(told.story, told.takenAt, paintOf(options, deps)) : '',
    errors: told.errors,
  };
}

async function aboutPod(cluster: Cluster, options: WhyOptions, deps: Deps): Promise<Answer> {
  const told = await tellPod(cluster, cluster.identity.namespace, options.name, options.query, deps.clock);
  return {
    document: podEvictionDocument(told, cluster.identity),
    text: options.output === 'text' ? podStoryText(told.story, told.takenAt, paintOf(options, deps)) : '',
    errors: told.errors,
  };
}

function paintOf(options: WhyOptions, deps: Deps) {
  return choosePaint(options.color, deps.env, deps.io.out.isTTY);
}
