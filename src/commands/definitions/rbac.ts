import { PURPOSES } from '../../eviction/purposes.ts';
import type { Command } from '../command.ts';

/** The values of `rbac --output`, the default first. */
export const RBAC_OUTPUTS = ['table', 'json', 'yaml'] as const;

/** `rbac`: the rights a command needs, as a role; or whether the user has them. */
export const rbacCommand: Command = {
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
      choices: RBAC_OUTPUTS,
      help: 'with --check: table, json or yaml (default table)',
    },
    { name: 'no-headers', type: 'boolean', help: 'with --check: rows only' },
  ],
  connects: true,
  load: async () => (await import('../rbac.ts')).rbacBody,
};
