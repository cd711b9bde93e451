import type { Purpose } from '../eviction/purposes.ts';
import type { AccessQuestion } from '../eviction/rights.ts';
import { type Column, table } from './columns.ts';
import { API_VERSION } from './status-document.ts';
import type { Paint } from './style.ts';

/** One right, and whether the user has it. */
export interface AccessAnswer {
  readonly question: AccessQuestion;
  /** Null: the server would not say. */
  readonly allowed: boolean | null;
  /** Why it would not: a sentence of untrusted text; null: it did. */
  readonly problem: { readonly reason: string; readonly message: string } | null;
}

/** What was asked of which server, as whom. Untrusted text. */
export interface AccessHead {
  readonly takenAt: number;
  readonly context: string | null;
  readonly server: string;
  /** The user of the kubeconfig; null: it names none. */
  readonly user: string | null;
  readonly purpose: Purpose;
  /** Null: asked for all namespaces. */
  readonly namespace: string | null;
}

/** An `AccessReview`: the shape of `docs/schemas/access-review.json`. */
export function accessReview(head: AccessHead, answers: readonly AccessAnswer[]): object {
  const { takenAt, ...asked } = head;
  return {
    apiVersion: API_VERSION,
    kind: 'AccessReview',
    metadata: { takenAt: new Date(takenAt).toISOString(), ...asked },
    summary: {
      allowed: answers.filter(answer => answer.allowed === true).length,
      denied: answers.filter(answer => answer.allowed === false).length,
      unknown: answers.filter(answer => answer.allowed === null).length,
    },
    items: answers.map(({ question, allowed, problem }) => ({
      verb: question.verb,
      group: question.group,
      resource: question.resource,
      subresource: question.subresource,
      name: question.name,
      namespace: question.namespace,
      allowed,
      problem: problem?.message ?? null,
      neededBy: question.neededBy,
    })),
    errors: answers.flatMap(({ question, problem }) =>
      problem === null ? [] : [{ what: rightText(question), reason: problem.reason, message: problem.message }],
    ),
  };
}

/** `list leases.coordination.k8s.io in kube-node-lease`, `get nodes/proxy`. */
export function rightText({ verb, group, resource, subresource, name, namespace }: AccessQuestion): string {
  const plural = `${resource}${group === '' ? '' : `.${group}`}${subresource === '' ? '' : `/${subresource}`}`;
  return `${verb} ${plural}${name === null ? '' : ` ${name}`}${namespace === null ? '' : ` in ${namespace}`}`;
}

const COLUMNS: readonly Column<AccessAnswer>[] = [
  { header: 'RIGHT', text: ({ question }) => rightText(question) },
  {
    header: 'ALLOWED',
    text: ({ allowed }) => (allowed === null ? 'unknown' : allowed ? 'yes' : 'no'),
    tone: ({ allowed }) => (allowed === null ? 'warning' : allowed ? 'good' : 'bad'),
  },
  { header: 'FOR', text: ({ question }) => question.neededBy.map(need => need.command).join(',') },
  { header: 'WITHOUT IT', text: ({ question, allowed }) => (allowed === true ? '' : lost(question)) },
];

/** What is lost without a right, by command where several need it. */
function lost({ neededBy }: AccessQuestion): string {
  const [only] = neededBy;
  if (neededBy.length === 1 && only !== undefined) return only.without;
  return neededBy.map(({ command, without }) => `${command}: ${without}`).join('; ');
}

/** The same as a table. */
export function accessTable(answers: readonly AccessAnswer[], headers: boolean, paint: Paint): string {
  return table(COLUMNS, answers, { headers, paint });
}
