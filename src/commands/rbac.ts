import pMap from 'p-map';
import type { Cluster, Right } from '../cluster/port.ts';
import type { Deps } from '../deps.ts';
import { UsageError } from '../errors.ts';
import { type AccessQuestion, accessQuestions, needsOf, PURPOSES, type Purpose } from '../eviction/rights.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { type AccessAnswer, accessReview, accessTable } from '../output/access-document.ts';
import { toJson, toYaml } from '../output/documents.ts';
import { roleManifest } from '../output/rbac-manifest.ts';
import { choosePaint } from '../output/style.ts';
import type { Command, ParsedArgs } from './command.ts';
import { type ConnectionOptions, colorOf, connectionOptions } from './flags.ts';
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

const OUTPUTS = ['table', 'json', 'yaml'] as const;

/** `rbac`: the rights a command needs, as a role; or whether the user has them. */
export const rbacCommand: Command<RbacOptions> = {
  name: 'rbac',
  summary: 'the smallest ClusterRole for a command, with comments; --check: what you may do',
  usage: 'rbac [--for COMMAND] [--check] [flags]',
  description: [
    'Prints a ClusterRole with the rights that a command asks for, each with what it is for and what is lost without it. For purge and report, -n prints a Role for that namespace instead. Nothing is applied and no cluster is asked.',
    'With --check it asks the server (SelfSubjectAccessReview) which of these rights you have: everywhere, or with -n in one namespace. A missing right is an answer, not an error: the exit code is 0.',
  ],
  examples: [
    { line: 'rbac --for status', does: 'the rights that status uses' },
    { line: 'rbac --for purge -n shop', does: 'a Role to purge in one namespace' },
    { line: 'rbac --check', does: 'what you may do, command by command' },
    { line: 'rbac --check --for purge -n shop', does: 'whether you may purge in a namespace' },
  ],
  flags: [
    {
      name: 'for',
      type: 'string',
      placeholder: 'COMMAND',
      choices: PURPOSES,
      help: `the command the role is for: ${PURPOSES.join(', ')} (default status; with --check all)`,
    },
    { name: 'check', type: 'boolean', help: 'ask the server which of these rights you have, and print no role' },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      placeholder: 'FORMAT',
      choices: OUTPUTS,
      help: 'with --check: table, json or yaml (default table)',
    },
    { name: 'no-headers', type: 'boolean', help: 'with --check: rows only' },
  ],
  connects: true,
  parse: parseRbac,
  run: runRbac,
};

function parseRbac(args: ParsedArgs): RbacOptions {
  const check = args.flag('check');
  const given = PURPOSES.find(purpose => purpose === args.value('for'));
  const options: RbacOptions = {
    connection: connectionOptions(args),
    purpose: given ?? (check ? 'all' : 'status'),
    check,
    output: OUTPUTS.find(o => o === args.value('output')) ?? 'table',
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
