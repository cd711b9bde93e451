import type { Purpose } from '../eviction/purposes.ts';
import { type Need, needsByPurpose, needsOf } from '../eviction/rights.ts';
import { escapeInQuotes } from './clean.ts';

/** Where a role is good: everywhere, or in one namespace. */
export type RoleScope = { readonly kind: 'ClusterRole' } | { readonly kind: 'Role'; readonly namespace: string };

/**
 * The smallest role for a purpose, as commented YAML: each rule with what it is for and what is lost without it.
 *
 * @param scope a Role only for what reads nothing but pods and events
 */
export function roleManifest(purpose: Purpose, program: string, scope: RoleScope = { kind: 'ClusterRole' }): string {
  const needs = needsOf(purpose);
  const head = [
    ...comment('', headOf(purpose, program)),
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${scope.kind}`,
    'metadata:',
    `  name: ${roleName(purpose)}`,
    ...(scope.kind === 'Role' ? [`  namespace: ${escapeInQuotes(JSON.stringify(scope.namespace))}`] : []),
    'rules:',
  ];
  return `${[...head, ...needs.flatMap(need => ruleLines(need, purpose))].join('\n')}\n`;
}

/** `kubectl-evict-status`; for everything `kubectl-evict`. */
export function roleName(purpose: Purpose): string {
  return purpose === 'all' ? 'kubectl-evict' : `kubectl-evict-${purpose}`;
}

/** The rules without comments, as the API takes them. */
export function policyRules(needs: readonly Need[]): readonly object[] {
  return needs.map(({ group, resource, names, verbs }) => ({
    apiGroups: [group],
    resources: [resource],
    ...(names.length === 0 ? {} : { resourceNames: names }),
    verbs,
  }));
}

function headOf(purpose: Purpose, program: string): string {
  if (purpose !== 'all') {
    return `What "${program} ${purpose}" asks for. Without a right only the part that needs it is missing, and is named.`;
  }
  const commands = needsByPurpose().map(([of]) => of);
  return `What every command of "${program}" asks for (${commands.join(', ')}); "rbac --for COMMAND" prints less, and what each rule is for.`;
}

function ruleLines(need: Need, purpose: Purpose): readonly string[] {
  const { group, resource, names, verbs, danger } = need;
  const list = (texts: readonly string[]): string => `[${texts.map(text => JSON.stringify(text)).join(', ')}]`;
  const why = purpose === 'all' ? `For ${need.why}.` : `${capital(need.why)}. Without it: ${need.without}.`;
  return [
    ...comment('  ', why),
    ...(danger === null ? [] : comment('  ', `DANGER: ${danger}`)),
    `  - apiGroups: ${list([group])}`,
    `    resources: ${list([resource])}`,
    ...(names.length === 0 ? [] : [`    resourceNames: ${list(names)}`]),
    `    verbs: ${list(verbs)}`,
  ];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const WIDTH = 118;

function comment(indent: string, text: string): readonly string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
