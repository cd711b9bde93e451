import type { Cluster, ListedTombstone, PodQuery, TombstonePage } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { CancelledError, ClusterError, EvictError } from '../../errors.ts';
import type { EvictionEvidence } from '../../eviction/decode.ts';
import type { Instant } from '../../eviction/node.ts';
import { type Candidate, causeOf, judge, type Plan, planPurge, type Verdict } from '../../eviction/plan.ts';
import { ProducerWatch } from '../../eviction/producing.ts';
import type { PurgeItem } from '../../eviction/purge-tally.ts';
import { isEvicted, type TombstoneFacts } from '../../eviction/tombstone.ts';
import { Archive } from './archive.ts';
import { Executor, purgeError } from './executor.ts';
import type { PurgeOptions } from './options.ts';
import type { PurgeReport } from './report.ts';

/** The kept verdicts that are part of what was asked for, and not just beside it. */
type Kept = Extract<Verdict, { action: 'keep' }>;

/** What a purge is about, whoever asks for it. */
export type PurgeRequest = Pick<
  PurgeOptions,
  'allNamespaces' | 'selector' | 'selection' | 'limits' | 'dryRun' | 'archive' | 'watch'
>;

/**
 * One purge: finds the tombstones, decides about each, and has the chosen ones deleted. While it lists where nothing needs a plan,
 * else after the plan is made and agreed to.
 */
export class Purge {
  readonly report: PurgeReport;
  readonly namespace: string | null;
  readonly #cluster: Cluster;
  readonly #options: PurgeRequest;
  readonly #deps: Pick<Deps, 'clock' | 'files' | 'signal'>;
  readonly #query: PodQuery;
  readonly #halt = new AbortController();
  /** The user's wish to end, or the loss of the archive. */
  readonly #stop: AbortSignal;
  readonly #producers = new ProducerWatch();
  /** Texts that many pods share, so that a plan holds each once. */
  readonly #shared = new Map<string, string>();
  /** Only for a watch: what it has counted, and told to be kept. */
  readonly #seen = new Set<string>();
  readonly #keptOnce = new Set<string>();
  #archive: Archive | null = null;
  #executor: Executor;
  #evidence: ReadonlyMap<string, EvictionEvidence> = new Map();
  /** The server's clock against ours. */
  #skew = 0;

  /** @param deps its signal is the wish to end: nothing is sent any more, what is in flight is waited for */
  constructor(
    cluster: Cluster,
    options: PurgeRequest,
    deps: Pick<Deps, 'clock' | 'files' | 'signal'>,
    report: PurgeReport,
  ) {
    this.#cluster = cluster;
    this.#options = options;
    this.#deps = deps;
    this.report = report;
    this.namespace = options.allNamespaces ? null : cluster.identity.namespace;
    this.#stop = AbortSignal.any([deps.signal, this.#halt.signal]);
    this.#query = {
      namespace: this.namespace,
      selector: options.selector,
      node: options.selection.node,
      succeeded: options.selection.unmarked,
      objects: options.archive !== null && options.dryRun === 'none',
    };
    this.#executor = this.#newExecutor();
  }

  /** Fires when nothing may be sent any more. */
  get stop(): AbortSignal {
    return this.#stop;
  }

  get query(): PodQuery {
    return this.#query;
  }

  get now(): Instant {
    return this.#deps.clock.now() + this.#skew;
  }

  /** Opens the archive and reads what ages need. @throws EvictError when the archive cannot be opened */
  async prepare(): Promise<void> {
    const { archive, dryRun, selection } = this.#options;
    if (archive !== null && dryRun === 'none') {
      const file = await this.#deps.files.openLines(archive.path, { append: archive.append });
      this.#archive = new Archive(file, this.#cluster.purging, this.#deps.clock, this.#stop);
      this.#executor = this.#newExecutor();
    } else if (archive !== null) {
      await this.report.note('a dry run writes no archive\n');
    }
    if (selection.olderThanMs !== null && !this.#options.watch) await this.#readEvidence();
  }

  /** Deletes while it lists. */
  async stream(): Promise<void> {
    await this.#eachPage(async page => {
      const chosen = await this.#choose(page.items);
      await this.#carryOut(chosen);
    });
    await this.#finish();
  }

  /** Plans, asks for a yes, and carries the plan out. @returns why nothing was deleted; null: it was */
  async planned(): Promise<string | null> {
    const plan = await this.#makePlan();
    if (plan === null || this.#stop.aborted) return null;
    if (plan.refusal !== null) return plan.refusal;
    if (plan.delete.length > 0 && !(await this.report.consent(plan, this.#producers.producers(this.now)))) {
      return 'you said no';
    }
    for (const pod of plan.newest) await this.report.item({ pod, outcome: 'kept', why: 'newest', error: null });
    this.report.expect(plan.delete.length);
    await (this.#archive === null ? this.#submitAll(plan.delete) : this.#archiveAndSubmit(plan.delete));
    await this.#finish();
    return null;
  }

  /** Decides about a pod; null: it is none that is spoken of. */
  decide(facts: TombstoneFacts): Candidate | Kept | null {
    const verdict = this.#judge(facts);
    if (verdict.action === 'ignore') return null;
    this.#producers.see(facts, verdict.eviction.time?.at ?? null, this.now);
    return verdict.action === 'keep' ? verdict : this.#candidate(facts, verdict);
  }

  /** Archives and deletes pods that {@link decide} chose. */
  async #carryOut(chosen: readonly Chosen[]): Promise<void> {
    if (!(await this.#archived(chosen.map(({ listed }) => listed)))) return;
    await this.#submitAll(chosen.map(({ pod }) => pod));
  }

  /** Whether a pod is met for the first time; only a watch meets one twice. */
  firstSight(uid: string): boolean {
    if (!this.#options.watch) return true;
    const isFirst = !this.#seen.has(uid);
    this.#seen.add(uid);
    return isFirst;
  }

  /** It is not there any more. */
  forget(uid: string): void {
    this.#seen.delete(uid);
    this.#keptOnce.delete(uid);
  }

  /**
   * Purges one pod, reading it anew where it is to be archived.
   *
   * @returns what became of it; null: nothing was sent, for it is gone, not wanted any more, or the work has been stopped
   */
  async purgeOne(pod: Candidate): Promise<PurgeItem | null> {
    let current = pod;
    if (this.#archive !== null) {
      const listed = await this.#cluster.purging.tombstone(pod, this.#stop);
      const verdict = this.#judge(listed.facts);
      if (listed.facts.uid !== pod.uid || verdict.action !== 'delete') return null;
      if (!(await this.#archived([listed]))) return null;
      current = this.#candidate(listed.facts, verdict);
    }
    const sent = await this.#executor.submit(current);
    return sent === null ? null : await sent.done;
  }

  /** Waits for what is in flight, and closes the archive. */
  async close(): Promise<void> {
    await this.#executor.drain();
    try {
      await this.#archive?.close();
    } catch (error) {
      if (!(error instanceof EvictError)) throw error;
      await this.report.error(purgeError('archive', error));
    }
  }

  /** The server's time as it was just told. */
  learnTime(serverTime: Instant | null): void {
    if (serverTime === null) return;
    const skew = serverTime - this.#deps.clock.now();
    this.#skew = Math.abs(skew) > 2000 ? skew : 0;
  }

  /** Tells that one pod stays. */
  async keep(facts: TombstoneFacts, kept: Kept): Promise<void> {
    if (this.#options.watch && this.#keptOnce.has(facts.uid)) return;
    if (this.#options.watch) this.#keptOnce.add(facts.uid);
    await this.report.item({ pod: this.#candidate(facts, kept), outcome: 'kept', why: kept.why, error: null });
  }

  #judge(facts: TombstoneFacts): Verdict {
    return judge(facts, this.#options.selection, this.now, this.#evidence.get(facts.uid) ?? null);
  }

  #newExecutor(): Executor {
    return new Executor({
      purging: this.#cluster.purging,
      clock: this.#deps.clock,
      dryRun: this.#options.dryRun,
      judge: ({ facts }) => this.#judge(facts),
      archive: this.#archive,
      stop: this.#stop,
      onArchiveLost: () => this.#halt.abort(),
      report: item => this.report.item(item),
    });
  }

  async #readEvidence(): Promise<void> {
    try {
      this.#evidence = await this.#cluster.purging.evidence(this.namespace, this.#stop);
    } catch (error) {
      if (error instanceof CancelledError || !(error instanceof ClusterError)) throw error;
      // Ages are less exact without events, and never too old.
      await this.report.error(purgeError('list events', error));
    }
  }

  /** Reads the list, the next page while one is worked on. A list that breaks off is told, and ends the work. */
  async #eachPage(work: (page: TombstonePage) => Promise<void>): Promise<boolean> {
    const pages = this.#cluster.purging.tombstones(this.#query, this.#stop);
    let next = pages.next();
    try {
      for (;;) {
        const page = await next;
        if (page.done) return true;
        this.learnTime(page.value.serverTime);
        next = pages.next();
        // It is awaited in the next round; until then a failure must not look like one that nobody handles.
        next.catch(() => undefined);
        await work(page.value);
        if (this.#stop.aborted) return false;
      }
    } catch (error) {
      if (error instanceof CancelledError) return false;
      if (!(error instanceof EvictError)) throw error;
      await this.report.error(purgeError('list pods', error));
      return false;
    }
  }

  async #choose(items: readonly ListedTombstone[]): Promise<readonly Chosen[]> {
    const chosen: Chosen[] = [];
    for (const listed of items) {
      if (isEvicted(listed.facts) && this.firstSight(listed.facts.uid)) this.report.tally.evictedInScope += 1;
      const pod = this.decide(listed.facts);
      if (pod === null) continue;
      if ('action' in pod) await this.keep(listed.facts, pod);
      else chosen.push({ pod, listed });
    }
    return chosen;
  }

  #candidate(facts: TombstoneFacts, verdict: Exclude<Verdict, { action: 'ignore' }>): Candidate {
    const { namespace, name, uid, resourceVersion, node, owner } = facts;
    return {
      namespace: this.#share(namespace),
      name,
      uid,
      resourceVersion,
      node: this.#share(node),
      owner: owner === null ? '' : this.#share(`${owner.kind} ${owner.name}`),
      cause: this.#share(causeOf(verdict.eviction)),
      class: verdict.class,
      evictedAt: verdict.eviction.time?.at ?? null,
    };
  }

  #share(text: string): string {
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    // Beyond that, sharing costs more than it saves.
    if (this.#shared.size < 20_000) this.#shared.set(text, text);
    return text;
  }

  async #makePlan(): Promise<Plan | null> {
    const candidates: Candidate[] = [];
    const whole = await this.#eachPage(async page => {
      for (const { pod } of await this.#choose(page.items)) candidates.push(pod);
    });
    // Half a list makes no plan: a cap or a number to keep would mean something else.
    return whole ? planPurge(candidates, this.report.tally.evictedInScope, this.#options.limits) : null;
  }

  /** The archive takes whole objects, which a plan has no room for: they are read once more. */
  async #archiveAndSubmit(planned: readonly Candidate[]): Promise<void> {
    const left = new Map(planned.map(pod => [pod.uid, pod]));
    const whole = await this.#eachPage(async page => {
      const chosen: Chosen[] = [];
      for (const listed of page.items) {
        const before = left.get(listed.facts.uid);
        if (before === undefined) continue;
        left.delete(listed.facts.uid);
        const verdict = this.#judge(listed.facts);
        if (verdict.action === 'delete') chosen.push({ pod: this.#candidate(listed.facts, verdict), listed });
        else await this.report.item({ pod: before, outcome: 'kept', why: 'changed', error: null });
      }
      await this.#carryOut(chosen);
    });
    if (!whole) return;
    for (const pod of left.values()) await this.report.item({ pod, outcome: 'gone', why: null, error: null });
  }

  /** @returns false when the archive is lost, and nothing may be deleted any more */
  async #archived(pods: readonly ListedTombstone[]): Promise<boolean> {
    if (this.#archive === null) return true;
    try {
      await this.#archive.add(pods);
      return true;
    } catch (error) {
      if (error instanceof CancelledError) return false;
      if (!(error instanceof EvictError)) throw error;
      this.#halt.abort();
      await this.report.error(purgeError('archive', error));
      return false;
    }
  }

  async #submitAll(pods: readonly Candidate[]): Promise<void> {
    for (const pod of pods) if ((await this.#executor.submit(pod)) === null) return;
  }

  async #finish(): Promise<void> {
    await this.#executor.drain();
    if (this.#stop.aborted) return;
    await this.report.producers(this.#producers.producers(this.now));
  }
}

/** A pod to delete, with the object it was read from. */
interface Chosen {
  readonly pod: Candidate;
  readonly listed: ListedTombstone;
}
