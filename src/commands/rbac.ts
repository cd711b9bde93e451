import pMap from 'p-map';
import type { Cluster, Right } from '../cluster/port.ts';
import type { Deps } from '../deps.ts';
import { UsageError } from '../errors.ts';
import { PURPOSES, type Purpose } from '../eviction/purposes.ts';
import { type AccessQuestion, accessQuestions, needsOf } from '../eviction/rights.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type AccessAnswer, accessReview, accessTable } from '../output/access-document.ts';
import { toJson, toYaml } from '../output/documents.ts';
import { roleManifest } from '../output/rbac-manifest.ts';
import { choosePaint } from '../output/style.ts';
import type { CommandBody, ParsedArgs } from './command.ts';
import { RBAC_OUTPUTS } from './definitions/rbac.ts';
import { type ConnectionOptions, colorOf, connectionOptions } from './flag-values.ts';
import { read } from './reading.ts';

/** Everything `rbac` was asked for. */
export interface RbacOptions {
  readonly connection: ConnectionOptions;
  readonly purpose: Purpose;
  /** Ask what the user may do, instead of printing a role. */
  readonly check: boolean;
  readonly output: 'table' | 'json' | 'yaml';
  readonly headers: boolean;
  readonly color: 'auto' | 'always' | 'never';
}

/** What `rbac` does. */
export const rbacBody: CommandBody<RbacOptions> = { parse: parseRbac, run: runRbac };

function parseRbac(args: ParsedArgs): RbacOptions {
  const check = args.flag('check');
  const given = PURPOSES.find(purpose => purpose === args.value('for'));
  const options: RbacOptions = {
    connection: connectionOptions(args),
    purpose: given ?? (check ? 'all' : 'status'),
    check,
    output: RBAC_OUTPUTS.find(o => o === args.value('output')) ?? 'table',
    headers: !args.flag('no-headers'),
    color: colorOf(args),
  };
  if (check) return options;
  if (args.value('output') !== undefined) throw new UsageError('--output needs --check: a role is YAML');
  const { namespace } = options.connection.flags;
  if (namespace !== undefined && needsOf(options.purpose).some(need => !need.namespaced)) {
    throw new UsageError(`${options.purpose} reads nodes, which are in no namespace`, {
      hint: 'leave out --namespace: it takes a ClusterRole',
    });
  }
  return options;
}

async function runRbac(options: RbacOptions, deps: Deps): Promise<ExitCode> {
  const { connection, purpose } = options;
  const { namespace } = connection.flags;
  if (!options.check) {
    const scope = namespace === undefined ? undefined : ({ kind: 'Role', namespace } as const);
    await deps.io.out.write(roleManifest(purpose, deps.program, scope));
    return EXIT.ok;
  }
  const cluster = await deps.connect({
    flags: connection.flags,
    concurrency: QUESTIONS_AT_ONCE,
    chunkSize: connection.chunkSize,
    verbosity: connection.verbosity,
    signal: deps.signal,
  });
  try {
    const questions = accessQuestions(purpose, namespace ?? null);
    const answers = await pMap(questions, question => ask(cluster, question, deps), { concurrency: QUESTIONS_AT_ONCE });
    const { context, server, user } = cluster.identity;
    const head = { takenAt: deps.clock.now(), context, server, user, purpose, namespace: namespace ?? null };
    const document = accessReview(head, answers);
    const paint = choosePaint(options.color, deps.env, deps.io.out.isTTY);
    await deps.io.out.write(
      options.output === 'json'
        ? toJson(document)
        : options.output === 'yaml'
          ? toYaml(document)
          : accessTable(answers, options.headers, paint),
    );
    return EXIT.ok;
  } finally {
    cluster.close();
  }
}

const QUESTIONS_AT_ONCE = 8;

async function ask(cluster: Cluster, question: AccessQuestion, deps: Deps): Promise<AccessAnswer> {
  const { verb, group, resource, subresource, name, namespace } = question;
  const right: Right = {
    verb,
    group,
    resource,
    ...(subresource === '' ? {} : { subresource }),
    ...(name === null ? {} : { name }),
    ...(namespace === null ? {} : { namespace }),
  };
  const answer = await read(cluster.mayI(right), 'create selfsubjectaccessreviews', deps.program);
  if (answer.ok) return { question, allowed: answer.value, problem: null };
  // Only who may not even ask gets a table of unknowns; a server that is not there is an error.
  if (answer.problem.reason !== 'forbidden') throw answer.cause;
  return { question, allowed: null, problem: answer.problem };
}
