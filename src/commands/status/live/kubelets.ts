import { CancelledError, ClusterError } from '../../../errors.ts';
import type { Instant, Reading, ReadProblem } from '../../../eviction/node.ts';
import { noProxyRight, read } from '../../reading.ts';
import { readClusterConfigs } from '../cluster-config.ts';
import type { LiveCore } from './core.ts';
import { type KubeletQuestion, nextQuestion, retryAfter } from './next-kubelet.ts';
import type { NextPods } from './next-pods.ts';
import type { NodeRecord } from './node-records.ts';

/** A kubelet request starts at most this often: 20 a second. */
const GAP_MS = 50;
/** Requests to kubelets under way at a time; hanging ones must not hold up the rest for long. */
const MOST_ASKED = 40;

/** Asks kubelets, one request at a time and the most wanted first: never more than 20 a second. */
export class KubeletAsker {
  readonly #core: LiveCore;
  readonly #pods: NextPods;
  #asked = 0;
  #mayProxy: boolean | null = null;
  #reviewed = false;
  #compared = false;
  /** Why nodes could not be compared with what kubeadm gives them; null: they were, or there is no such thing. */
  uncompared: ReadProblem | null = null;

  constructor(core: LiveCore, pods: NextPods) {
    this.#core = core;
    this.#pods = pods;
  }

  /** Asks until the end. */
  async run(): Promise<void> {
    const core = this.#core;
    await core.ready();
    await this.#reviewRights();
    for (;;) {
      const question = this.#mayAsk() ? this.#next() : null;
      if (question === null) {
        await core.rest(1000);
        continue;
      }
      if (!this.#compared) void this.#readClusterConfigs();
      void this.#ask(question);
      await core.clock.sleep(GAP_MS, core.signal);
    }
  }

  async #reviewRights(): Promise<void> {
    const { cluster, options, shared, errors, records } = this.#core;
    const right = { verb: 'get', resource: 'nodes', subresource: 'proxy' };
    const answer = await read(cluster.mayI(right), 'create selfsubjectaccessreviews', options.program);
    this.#mayProxy = answer.ok ? answer.value : null;
    this.#reviewed = true;
    if (this.#mayProxy !== false) return;
    shared.denied = noProxyRight(options.program);
    errors.set('nodes/proxy', { what: 'nodes/proxy', node: null, ...shared.denied });
    records.touchAll();
    this.#core.changed();
  }

  /** Once, with the first question to a kubelet: what kubeadm gives to nodes hardly ever changes. */
  async #readClusterConfigs(): Promise<void> {
    this.#compared = true;
    const { cluster, options, records } = this.#core;
    try {
      const versions = [...records.all()].map(({ node }) => node.kubeletVersion);
      const { configs, problem } = await readClusterConfigs(cluster, versions, options.program);
      this.uncompared = problem;
      records.compareWith(configs);
      this.#core.changed();
    } catch (error) {
      crashUnlessEnded(error);
    }
  }

  #mayAsk(): boolean {
    const { paused, link } = this.#core;
    return this.#reviewed && this.#mayProxy !== false && !paused && link.state === 'live' && this.#asked < MOST_ASKED;
  }

  #next(): KubeletQuestion | null {
    const { records, focus, options, scope, clock } = this.#core;
    const all = focus.all || options.nearWanted || scope !== 'pressure';
    return nextQuestion(records, focus, { all }, clock.now());
  }

  async #ask({ record, part }: KubeletQuestion): Promise<void> {
    const core = this.#core;
    this.#asked += 1;
    record.asking += 1;
    if (record.readAt === null) record.dirty = true;
    try {
      if (part === 'config') await this.#askConfig(record);
      else if (part === 'stats') await this.#askStats(record);
      else await this.#askPods(record);
    } catch (error) {
      // Anything but the end belongs to run(), which waits for nothing here.
      crashUnlessEnded(error);
    } finally {
      this.#asked -= 1;
      record.asking -= 1;
      record.dirty = true;
      core.changed();
      if (this.#asked === MOST_ASKED - 1) core.rouse();
    }
  }

  async #askConfig(record: NodeRecord): Promise<void> {
    const { cluster, clock, options, records } = this.#core;
    record.configAt = clock.now();
    const { name } = record.node;
    const config = await read(cluster.kubeletConfig(name, options.kubeletTimeoutMs), RIGHT, options.program);
    if (!isLost(config)) records.putConfig(record, config);
    this.#count(record, config);
  }

  async #askStats(record: NodeRecord): Promise<void> {
    const { cluster, clock, options } = this.#core;
    record.statsAt = clock.now();
    const { name } = record.node;
    const stats = await read(cluster.kubeletStats(name, options.kubeletTimeoutMs), RIGHT, options.program);
    if (!isLost(stats)) record.stats = stats;
    this.#count(record, stats);
  }

  /** The figures of the node and, in the same answer, of its pods; beside it the pods themselves. */
  async #askPods(record: NodeRecord): Promise<void> {
    const { cluster, clock, options } = this.#core;
    record.statsAt = clock.now();
    record.podsAt = record.statsAt;
    const { name } = record.node;
    const [summary, pods] = await Promise.all([
      read(cluster.why.summary(name, options.kubeletTimeoutMs), RIGHT, options.program),
      this.#pods.list(name),
    ]);
    if (!isLost(summary)) {
      record.stats = summary.ok ? { ok: true, value: summary.value.stats } : summary;
      this.#pods.put(record, { pods, summary });
    }
    this.#count(record, summary);
  }

  #count(record: { failures: number; notBefore: number; readAt: Instant | null }, reading: Reading<unknown>): void {
    const now = this.#core.clock.now();
    if (isLost(reading)) {
      record.notBefore = now + 2000;
      return;
    }
    record.failures = reading.ok ? 0 : record.failures + 1;
    record.notBefore = reading.ok ? 0 : now + retryAfter(record.failures);
    if (reading.ok || record.readAt === null) record.readAt = this.#core.now();
  }
}

/** What a 403 says is missing. */
const RIGHT = 'get nodes/proxy';

/** The API server itself was not reached: that says nothing about the kubelet. */
function isLost(reading: Reading<unknown> & { readonly cause?: unknown }): boolean {
  if (reading.ok) return false;
  const { cause } = reading;
  return cause instanceof ClusterError && cause.reason === 'unreachable' && cause.status === undefined;
}

/** For what nobody waits for: a bug of ours must not pass in silence. */
function crashUnlessEnded(error: unknown): void {
  if (error instanceof CancelledError) return;
  queueMicrotask(() => {
    throw error;
  });
}
