import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { CancelledError, ClusterError } from '../../errors.ts';
import { humanAge } from '../../eviction/human.ts';
import { isSettled, type NodeVerification } from '../../eviction/verify.ts';
import type { VerifyReport } from '../../eviction/verify-report.ts';
import { clean } from '../../output/clean.ts';
import { errorText } from '../../output/error-text.ts';
import { differenceText } from '../../output/verify-document.ts';
import { read } from '../reading.ts';
import { type VerifyQuery, verifyOnce } from './look.ts';

/** Between two looks. A kubelet restarts in seconds; its conditions follow within ten. */
const ROUND_MS = 5000;

/** How long a rollout is guarded, and when it counts as failed. */
export interface GuardOptions {
  readonly waitMs: number;
  /** A node that is not Ready, or whose kubelet does not answer, for so long is given up. */
  readonly returnMs: number;
  /** The document that takes the change back, for the sentence; null: not named. */
  readonly rollback: string | null;
  readonly quiet: boolean;
}

/**
 * Looks again and again until every node runs the document, is Ready, has no pressure left, and no pod was evicted on it since
 * the look before. Ends early when a kubelet does not come back; at the latest after `waitMs`.
 */
export async function guardRollout(
  cluster: Cluster,
  query: VerifyQuery,
  options: GuardOptions,
  deps: Deps,
): Promise<VerifyReport> {
  const watch = new RolloutWatch(options, deps);
  for (;;) {
    const report = await look(cluster, query, deps);
    const evicted = await read(cluster.evictedPods(), 'list pods', query.program, 'verify');
    const pods = evicted.ok ? evicted.value.items.map(pod => ({ node: pod.node, uid: pod.uid })) : null;
    const seen = report === null ? null : watch.see(report, pods);
    if (seen !== null) await watch.tell(seen);
    const verdict = seen === null ? null : watch.verdict(seen);
    if (seen !== null && verdict !== null) return { ...seen, verdict: verdict.failure };
    if (watch.elapsedMs() >= options.waitMs) {
      if (seen === null)
        throw new ClusterError('unreachable', 'the cluster could not be reached to the end of the wait');
      return { ...seen, verdict: timeoutText(seen, options) };
    }
    await deps.clock.sleep(Math.min(ROUND_MS, Math.max(1, options.waitMs - watch.elapsedMs())), deps.signal);
  }
}

/** A guard outlives an API server that is away for a while, as happens when its own node is restarted. */
async function look(cluster: Cluster, query: VerifyQuery, deps: Deps): Promise<VerifyReport | null> {
  try {
    return await verifyOnce(cluster, query);
  } catch (error) {
    if (error instanceof CancelledError || !(error instanceof ClusterError)) throw error;
    if (error.reason === 'forbidden' || error.reason === 'unauthorized') throw error;
    await deps.io.err.write(errorText(error, 'warning'));
    return null;
  }
}

/** What the guard remembers from look to look. */
class RolloutWatch {
  readonly #options: GuardOptions;
  readonly #deps: Deps;
  readonly #started: number;
  /** Pods that were Evicted at the first look; null before it. */
  #known: ReadonlySet<string> | null = null;
  #previous = new Map<string, number>();
  #current = new Map<string, number>();
  readonly #awaySince = new Map<string, number>();
  readonly #told = new Map<string, string>();

  constructor(options: GuardOptions, deps: Deps) {
    this.#options = options;
    this.#deps = deps;
    this.#started = deps.clock.now();
  }

  elapsedMs(): number {
    return this.#deps.clock.now() - this.#started;
  }

  /** Adds to a report what only several looks can tell. */
  see(report: VerifyReport, pods: readonly { readonly node: string; readonly uid: string }[] | null): VerifyReport {
    this.#known ??= new Set((pods ?? []).map(pod => pod.uid));
    const counts = new Map<string, number>();
    for (const pod of pods ?? []) {
      if (!this.#known.has(pod.uid)) counts.set(pod.node, (counts.get(pod.node) ?? 0) + 1);
    }
    this.#previous = this.#current;
    this.#current = counts;
    const now = this.#deps.clock.now();
    const nodes = report.nodes.map(node => {
      const away = node.matches === null || !node.ready;
      if (!away) this.#awaySince.delete(node.node);
      else if (!this.#awaySince.has(node.node)) this.#awaySince.set(node.node, now);
      return { ...node, newEvictions: pods === null ? null : (counts.get(node.node) ?? 0) };
    });
    return { ...report, nodes, waitedSeconds: Math.round(this.elapsedMs() / 1000) };
  }

  /** Null: go on. A failure of null: all is well. */
  verdict(report: VerifyReport): { readonly failure: string | null } | null {
    const now = this.#deps.clock.now();
    const lost = report.nodes.find(n => now - (this.#awaySince.get(n.node) ?? now) >= this.#options.returnMs);
    if (lost !== undefined) return { failure: lostText(lost, this.#options) };
    if (report.errors.some(e => e.what === 'node' || e.what === 'nodes/proxy')) return { failure: null };
    const done = report.nodes.every(node => isSettled(node) && this.#isQuiet(node.node));
    return done ? { failure: null } : null;
  }

  /** No pod was evicted on the node since the look before. */
  #isQuiet(node: string): boolean {
    return (this.#current.get(node) ?? 0) <= (this.#previous.get(node) ?? 0);
  }

  /** One line on stderr for each node whose state is another than at the last look. */
  async tell(report: VerifyReport): Promise<void> {
    if (this.#options.quiet) return;
    for (const node of report.nodes) {
      const text = stateText(node);
      if (this.#told.get(node.node) === text) continue;
      this.#told.set(node.node, text);
      await this.#deps.io.err.write(
        `${humanAge(this.elapsedMs() / 1000).padEnd(7)}${clean(node.node)}: ${clean(text)}\n`,
      );
    }
  }
}

function stateText(node: NodeVerification): string {
  const parts: string[] = [];
  if (node.matches === null) parts.push(`not readable: ${node.error ?? ''}`);
  else
    parts.push(node.matches ? 'runs the new configuration' : `runs ${node.differences.map(differenceText).join('; ')}`);
  if (!node.ready) parts.push('not Ready');
  if (node.pressure.length > 0) parts.push(node.pressure.join(', '));
  if ((node.newEvictions ?? 0) > 0) parts.push(`${node.newEvictions} pods evicted since the wait began`);
  return parts.join('; ');
}

function lostText(node: NodeVerification, options: GuardOptions): string {
  const back =
    options.rollback === null
      ? 'put the old configuration back (the file of tune --rollback, or the .bak beside the changed one) and restart the kubelet'
      : `put ${options.rollback} back and restart the kubelet`;
  return `the kubelet of ${node.node} did not come back within ${humanAge(options.returnMs / 1000)}: look at journalctl -u kubelet there, ${back}`;
}

function timeoutText(report: VerifyReport, options: GuardOptions): string {
  const open = report.nodes.filter(node => !isSettled(node));
  const names = open.map(node => `${node.node} (${stateText(node)})`);
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ');
  const why = names.length === 0 ? 'pods are still being evicted' : `not there yet: ${shown}`;
  return `after ${humanAge(options.waitMs / 1000)} ${why}`;
}
