import pMap from 'p-map';
import type { Cluster } from '../cluster/port.ts';
import type { NodeFacts, Reading } from '../eviction/node.ts';
import type { Purpose } from '../eviction/purposes.ts';
import { read } from './reading.ts';

/** The right to ask kubelets anything through the API server. */
const PROXY_RIGHT = { verb: 'get', resource: 'nodes', subresource: 'proxy' } as const;

/** Whether kubelets may be asked; null (the server would not say): trying is the only way to find out. */
export async function mayAskKubelets(cluster: Cluster, program: string): Promise<boolean | null> {
  const answer = await read(cluster.mayI(PROXY_RIGHT), 'create selfsubjectaccessreviews', program);
  return answer.ok ? answer.value : null;
}

/** The two answers of a kubelet. */
export interface KubeletAnswers<Config, Stats> {
  readonly config: Reading<Config>;
  readonly stats: Reading<Stats>;
}

/** How kubelets are asked, and how many at a time. */
export interface KubeletQuestions<Config, Stats> {
  readonly config: (node: string) => Promise<Config>;
  readonly stats: (node: string) => Promise<Stats>;
  readonly concurrency: number;
  readonly program: string;
  /** Whose role has the right. */
  readonly purpose: Purpose;
}

/**
 * Two requests to each kubelet, those that look alive first, so that dead ones hold up nobody. The only brake on nodes/proxy is
 * this pool: the API server counts these requests as long-running, and does not throttle them. With more nodes than the pool
 * takes at once a kubelet's two requests follow one another, and one that let the first time out is not asked again.
 */
export async function askKubelets<Config, Stats>(
  nodes: readonly NodeFacts[],
  questions: KubeletQuestions<Config, Stats>,
): Promise<ReadonlyMap<string, KubeletAnswers<Config, Stats>>> {
  const order = nodes.toSorted((a, b) => Number(looksAlive(b)) - Number(looksAlive(a)));
  const atOnce = nodes.length * 2 <= questions.concurrency;
  const answers = new Map<string, KubeletAnswers<Config, Stats>>();
  await pMap(
    order,
    async ({ name }) => {
      answers.set(name, atOnce ? await askBoth(name, questions) : await askInTurn(name, questions));
    },
    { concurrency: questions.concurrency },
  );
  return answers;
}

async function askBoth<Config, Stats>(
  node: string,
  { config, stats, program, purpose }: KubeletQuestions<Config, Stats>,
): Promise<KubeletAnswers<Config, Stats>> {
  const [one, other] = await Promise.all([
    read(config(node), RIGHT, program, purpose),
    read(stats(node), RIGHT, program, purpose),
  ]);
  return { config: one, stats: other };
}

async function askInTurn<Config, Stats>(
  node: string,
  { config, stats, program, purpose }: KubeletQuestions<Config, Stats>,
): Promise<KubeletAnswers<Config, Stats>> {
  const first = await read(config(node), RIGHT, program, purpose);
  if (!first.ok && first.problem.reason === 'timeout') {
    const message = `stats/summary of node ${node} was not asked for, since configz timed out`;
    return { config: first, stats: { ok: false, problem: { ...first.problem, message } } };
  }
  return { config: first, stats: await read(stats(node), RIGHT, program, purpose) };
}

/** What a 403 says is missing. */
const RIGHT = 'get nodes/proxy';

function looksAlive(node: NodeFacts): boolean {
  const ready = node.conditions.some(c => c.type === 'Ready' && c.status === 'True');
  return ready && !node.conditions.some(c => c.status === 'Unknown');
}
