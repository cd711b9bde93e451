import type { Cluster } from '../../../cluster/port.ts';
import type { Clock } from '../../../deps.ts';
import { CancelledError, ClusterError } from '../../../errors.ts';
import type {
  LiveDetails,
  LiveFocus,
  LiveLink,
  LivePod,
  LiveSnapshot,
  LiveSource,
  TimelineEntry,
} from '../../../eviction/live.ts';
import type { EvictionEventFacts, Instant, NodeFacts, Reading } from '../../../eviction/node.ts';
import type { Scope, SurveyError } from '../../../eviction/survey.ts';
import { noProxyRight, read } from '../../reading.ts';
import { type KubeletQuestion, nextQuestion, retryAfter } from './next-kubelet.ts';
import { NodeRecords, podsOf, type SharedFacts } from './node-records.ts';
import { timelineOf } from './timeline.ts';

/** What a live view is about, and how gently it asks. */
export interface LiveOptions {
  readonly names: readonly string[];
  readonly selector: string | null;
  readonly all: boolean;
  /** Per cent. */
  readonly nearPercent: number;
  /** Whether nodes near a threshold belong to the default scope, so that every kubelet must be asked. */
  readonly nearWanted: boolean;
  readonly kubeletTimeoutMs: number;
  /** How the user calls the program, for remedies. */
  readonly program: string;
}

/** A kubelet request starts at most this often: 20 a second. */
const GAP_MS = 50;
/** Requests to kubelets under way at a time; hanging ones must not hold up the rest for long. */
const MOST_ASKED = 40;
/** The pace of everything that is listed, not watched. */
const LEASES_MS = 30_000;
const LEASES_MS_LARGE = 60_000;
const EVENTS_MS = 60_000;
const TIMELINE_MS = 15_000;
/** Who may list but not watch gets a list this often. */
const RELIST_MS = 15_000;
/** How long changes are collected before they are told. */
const TELL_MS = 150;
const LARGE = 1000;

const NOWHERE: LiveFocus = { visible: [], selected: null, timeline: false, all: false };

/**
 * Live data about nodes: nodes and Evicted pods by watch; leases, events and kubelets by asking, what is on the screen first,
 * at most 20 kubelet requests a second. Nothing happens before {@link LiveStore.run}.
 */
export class LiveStore implements LiveSource {
  readonly #cluster: Cluster;
  readonly #options: LiveOptions;
  readonly #clock: Clock;
  readonly #records = new NodeRecords();
  readonly #listeners = new Set<() => void>();
  readonly #shared: SharedFacts;
  readonly #podNodes = new Map<string, string>();
  readonly #timelines = new Map<string, { reading: Reading<readonly TimelineEntry[]>; at: number }>();
  readonly #errors = new Map<string, SurveyError>();
  #wake = new AbortController();
  #signal: AbortSignal = new AbortController().signal;
  #focus: LiveFocus = NOWHERE;
  #link: LiveLink;
  #skew = 0;
  #paused = false;
  #asked = 0;
  #snapshot: LiveSnapshot | null = null;
  #telling = false;
  #mayProxy: boolean | null = null;
  #reviewed = false;
  /** The pods have been listed since the watch was begun last. */
  #listed = false;

  constructor(cluster: Cluster, options: LiveOptions, clock: Clock) {
    this.#cluster = cluster;
    this.#options = options;
    this.#clock = clock;
    this.#link = { state: 'connecting', since: clock.now(), error: null };
    this.#shared = {
      leases: null,
      leasesAt: 0,
      evicted: null,
      pods: new Map(),
      events: null,
      cgroupV1: new Set(),
      denied: null,
      nearPercent: options.nearPercent,
    };
  }

  /**
   * Reads and watches until the signal fires.
   *
   * @throws ClusterError when the nodes cannot be read at all
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    this.#signal = AbortSignal.any([signal, stop.signal]);
    try {
      await Promise.all([this.#watchNodes(), this.#watchPods(), this.#list(), this.#askKubelets()]);
    } catch (error) {
      if (!(error instanceof CancelledError) || !signal.aborted) throw error;
    } finally {
      stop.abort();
    }
  }

  snapshot(): LiveSnapshot {
    this.#snapshot ??= this.#take();
    return this.#snapshot;
  }

  details(node: string): LiveDetails {
    const { evicted } = this.#shared;
    const pods = [...podsOf(this.#shared, node)].toSorted((a, b) => (b.evictedAt ?? 0) - (a.evictedAt ?? 0));
    // Makes the reports that are due.
    this.snapshot();
    const report = this.#records.get(node)?.live?.report ?? null;
    const events = this.#timelines.get(node)?.reading ?? null;
    return {
      pods: evicted?.ok ? { ok: true, value: pods } : evicted,
      timeline: report === null || events === null ? null : timelineOf(report, events, pods),
    };
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  focus(focus: LiveFocus): void {
    const moved = focus.selected !== this.#focus.selected || focus.timeline !== this.#focus.timeline;
    const sameRows = focus.all === this.#focus.all && sameNames(focus.visible, this.#focus.visible);
    this.#focus = focus;
    if (!moved && sameRows) return;
    this.#rouse();
  }

  refresh(): void {
    for (const name of [...this.#focus.visible, this.#focus.selected ?? '']) {
      const record = this.#records.get(name);
      if (record === undefined) continue;
      record.notBefore = 0;
      record.configAt = Math.min(record.configAt, 1);
      record.statsAt = Math.min(record.statsAt, 1);
    }
    this.#timelines.clear();
    this.#shared.leasesAt = 0;
    this.#rouse();
  }

  pause(paused: boolean): void {
    if (paused === this.#paused) return;
    // The last look before the pause is what stays.
    const last = this.snapshot();
    this.#paused = paused;
    this.#snapshot = paused ? { ...last, paused } : null;
    for (const listener of this.#listeners) listener();
    this.#rouse();
  }

  #now(): Instant {
    return this.#clock.now() + this.#skew;
  }

  #take(): LiveSnapshot {
    const now = this.#now();
    const { context, cluster, server } = this.#cluster.identity;
    const nodes = this.#records.snapshot(this.#shared, now);
    const { evicted } = this.#shared;
    return {
      context,
      cluster,
      server,
      scope: scopeOf(this.#options),
      now,
      offset: this.#skew,
      link: this.#link,
      paused: this.#paused,
      nodes,
      underPressure: count(nodes, node => node.pressed),
      near: count(nodes, node => node.near),
      unreachable: count(nodes, node => node.unreachable),
      evictedPods: evicted?.ok ? { ok: true, value: this.#podNodes.size } : evicted,
      // What is missing altogether before what is only slower.
      errors: [...this.#errors.values()].toSorted(
        (a, b) => Number(a.what.startsWith('watch')) - Number(b.what.startsWith('watch')),
      ),
    };
  }

  /** Something has changed: tells it, but not for each change by itself. */
  #changed(): void {
    if (this.#paused) return;
    this.#snapshot = null;
    if (this.#telling) return;
    this.#telling = true;
    const tell = (): void => {
      this.#telling = false;
      for (const listener of this.#listeners) listener();
    };
    void this.#clock.sleep(TELL_MS, this.#signal).then(tell, () => {});
  }

  #rouse(): void {
    const asleep = this.#wake;
    this.#wake = new AbortController();
    asleep.abort();
  }

  /** Waits that long, or until something happens that is worth a look. */
  async #rest(ms: number): Promise<void> {
    try {
      await this.#clock.sleep(ms, AbortSignal.any([this.#signal, this.#wake.signal]));
    } catch (error) {
      if (this.#signal.aborted) throw error;
    }
  }

  #setLink(state: LiveLink['state'], error: string | null): void {
    const since = this.#link.state === state ? this.#link.since : this.#clock.now();
    this.#link = { state, since, error };
    this.#changed();
    this.#rouse();
  }

  /** Follows the nodes. Without the right to watch them, but with the one to list them, they are listed again and again. */
  async #watchNodes(): Promise<void> {
    for (;;) {
      const watched = await read(this.#followNodes(), 'watch nodes', this.#options.program);
      if (watched.ok) return;
      const mayList = watched.problem.reason === 'forbidden' && this.#link.state === 'live';
      if (!mayList) throw watched.cause;
      this.#noteUnwatched('nodes');
      await this.#clock.sleep(RELIST_MS, this.#signal);
    }
  }

  #noteUnwatched(what: 'nodes' | 'pods'): void {
    const message = `the right to watch ${what} is missing: they are listed every ${RELIST_MS / 1000}s instead`;
    this.#errors.set(`watch ${what}`, {
      what: `watch ${what}`,
      node: null,
      reason: 'forbidden',
      message,
      remedy: null,
    });
    this.#changed();
  }

  async #followNodes(): Promise<void> {
    const [only] = this.#options.names;
    const name = this.#options.names.length === 1 && only !== undefined ? only : null;
    const wanted = new Set(this.#options.names);
    const isWanted = (node: NodeFacts): boolean => wanted.size === 0 || wanted.has(node.name);
    const which = { selector: this.#options.selector, name };
    for await (const event of this.#cluster.live.watchNodes(which, this.#signal)) {
      switch (event.type) {
        case 'sync':
          this.#setClock(event.serverTime);
          this.#records.replace(event.items.filter(isWanted));
          this.#noteMissing();
          this.#setLink('live', null);
          break;
        case 'down':
          this.#setLink(this.#link.state === 'connecting' ? 'connecting' : 'down', event.error.message);
          break;
        case 'up':
          if (this.#link.state === 'down') this.#setLink('live', null);
          break;
        case 'deleted':
          this.#records.remove(event.item.name);
          break;
        default:
          if (isWanted(event.item)) this.#records.put(event.item);
      }
      this.#changed();
    }
  }

  #noteMissing(): void {
    for (const name of this.#options.names) {
      const problem = { reason: 'not-found', message: `there is no node ${name}`, remedy: null };
      if (this.#records.get(name) === undefined)
        this.#errors.set(`node ${name}`, { what: 'node', node: name, ...problem });
      else this.#errors.delete(`node ${name}`);
    }
  }

  /** Ages are told on the server's clock: the workstation's may be off. */
  #setClock(serverTime: Instant | null): void {
    const skew = serverTime === null ? 0 : serverTime - this.#clock.now();
    this.#skew = Math.abs(skew) > 2000 ? skew : 0;
  }

  async #watchPods(): Promise<void> {
    await this.#ready();
    for (;;) {
      this.#listed = false;
      const watched = await read(this.#followPods(), 'watch pods', this.#options.program);
      if (watched.ok) return;
      if (this.#listed) {
        this.#noteUnwatched('pods');
        await this.#clock.sleep(RELIST_MS, this.#signal);
        continue;
      }
      const { problem } = watched;
      this.#shared.evicted = { ok: false, problem };
      this.#errors.set('pods', { what: 'pods', node: null, ...problem });
      this.#records.touchAll();
      this.#changed();
      // What only a change of rights can cure needs no haste.
      await this.#clock.sleep(EVENTS_MS, this.#signal);
    }
  }

  async #followPods(): Promise<void> {
    for await (const event of this.#cluster.live.watchEvictedPods(this.#signal)) {
      switch (event.type) {
        case 'sync':
          this.#listed = true;
          this.#replacePods(event.items);
          break;
        case 'added':
        case 'modified':
          this.#putPod(event.item);
          break;
        case 'deleted':
          this.#removePod(event.item.uid);
          break;
        default:
      }
      this.#changed();
    }
  }

  #replacePods(pods: readonly LivePod[]): void {
    this.#shared.pods.clear();
    this.#podNodes.clear();
    this.#shared.evicted = { ok: true, value: null };
    this.#errors.delete('pods');
    for (const pod of pods) this.#putPod(pod);
    this.#records.touchAll();
  }

  #putPod(pod: LivePod): void {
    this.#removePod(pod.uid);
    this.#podNodes.set(pod.uid, pod.node);
    const there = this.#shared.pods.get(pod.node);
    if (there === undefined) this.#shared.pods.set(pod.node, new Map([[pod.uid, pod]]));
    else there.set(pod.uid, pod);
    this.#records.touch(pod.node);
  }

  #removePod(uid: string): void {
    const node = this.#podNodes.get(uid);
    if (node === undefined) return;
    this.#podNodes.delete(uid);
    this.#shared.pods.get(node)?.delete(uid);
    this.#records.touch(node);
  }

  /** The nodes come first: nothing else may stand in their way. */
  async #ready(): Promise<void> {
    while (this.#link.state === 'connecting') await this.#rest(1000);
  }

  /** Leases, events and the open timeline, each at its own pace. */
  async #list(): Promise<void> {
    await this.#ready();
    let leasesDue = 0;
    let eventsDue = 0;
    for (;;) {
      const now = this.#clock.now();
      const idle = this.#paused || this.#link.state === 'down';
      if (!idle && (now >= leasesDue || this.#shared.leasesAt === 0)) {
        await this.#readLeases();
        leasesDue = now + (this.#records.size > LARGE ? LEASES_MS_LARGE : LEASES_MS);
      }
      if (!idle && now >= eventsDue) {
        await this.#readEvents();
        eventsDue = now + EVENTS_MS;
      }
      if (!idle) await this.#readTimeline();
      await this.#rest(1000);
    }
  }

  #note<T>(what: string, reading: Reading<T>): Reading<T> {
    if (reading.ok) this.#errors.delete(what);
    else this.#errors.set(what, { what, node: null, ...reading.problem });
    return reading;
  }

  async #readLeases(): Promise<void> {
    const leases = await read(this.#cluster.leases(), 'list leases in kube-node-lease', this.#options.program);
    const before = this.#shared.leases;
    // A list that broke off says nothing about the nodes: the last one still stands.
    if (leases.ok || before === null || leases.problem.reason === 'forbidden') {
      this.#shared.leases = this.#note('leases', leases);
    }
    this.#shared.leasesAt = this.#now();
    if (before === null) this.#records.touchAll();
    else this.#records.touchStale(this.#shared, this.#now());
    this.#changed();
  }

  async #readEvents(): Promise<void> {
    const events = await read(this.#cluster.evictionEvents(), 'list events', this.#options.program);
    const byNode = events.ok ? ({ ok: true, value: groupByNode(events.value.items) } as const) : events;
    if (byNode.ok || this.#shared.events === null) this.#shared.events = this.#note('events', byNode);
    const v1 = await read(this.#cluster.cgroupV1Nodes(), 'list events', this.#options.program);
    if (v1.ok) this.#shared.cgroupV1 = v1.value;
    const busy = byNode.ok ? byNode.value.keys() : [];
    for (const node of busy) this.#records.touch(node);
    this.#changed();
  }

  async #readTimeline(): Promise<void> {
    const { selected, timeline } = this.#focus;
    if (!timeline || selected === null) return;
    const known = this.#timelines.get(selected);
    if (known !== undefined && this.#clock.now() - known.at < TIMELINE_MS) return;
    const reading = await read(this.#cluster.live.timeline(selected), 'list events', this.#options.program);
    // One node is looked at closely at a time.
    this.#timelines.clear();
    this.#timelines.set(selected, { reading, at: this.#clock.now() });
    this.#changed();
  }

  async #askKubelets(): Promise<void> {
    await this.#ready();
    await this.#reviewRights();
    for (;;) {
      const question = this.#mayAsk() ? this.#next() : null;
      if (question === null) {
        await this.#rest(1000);
        continue;
      }
      void this.#ask(question);
      await this.#clock.sleep(GAP_MS, this.#signal);
    }
  }

  async #reviewRights(): Promise<void> {
    const right = { verb: 'get', resource: 'nodes', subresource: 'proxy' };
    const answer = await read(this.#cluster.mayI(right), 'create selfsubjectaccessreviews', this.#options.program);
    this.#mayProxy = answer.ok ? answer.value : null;
    this.#reviewed = true;
    if (this.#mayProxy !== false) return;
    this.#shared.denied = noProxyRight(this.#options.program);
    this.#errors.set('nodes/proxy', { what: 'nodes/proxy', node: null, ...this.#shared.denied });
    this.#records.touchAll();
    this.#changed();
  }

  #mayAsk(): boolean {
    return (
      this.#reviewed &&
      this.#mayProxy !== false &&
      !this.#paused &&
      this.#link.state === 'live' &&
      this.#asked < MOST_ASKED
    );
  }

  #next(): KubeletQuestion | null {
    const all = this.#focus.all || this.#options.nearWanted || scopeOf(this.#options) !== 'pressure';
    return nextQuestion(this.#records, this.#focus, { all }, this.#clock.now());
  }

  async #ask({ record, part }: KubeletQuestion): Promise<void> {
    const { program, kubeletTimeoutMs } = this.#options;
    const { name } = record.node;
    this.#asked += 1;
    record.asking += 1;
    if (record.readAt === null) record.dirty = true;
    try {
      if (part === 'config') {
        record.configAt = this.#clock.now();
        const config = await read(this.#cluster.kubeletConfig(name, kubeletTimeoutMs), 'get nodes/proxy', program);
        if (!this.#lost(config)) this.#records.putConfig(record, config);
        this.#count(record, config);
      } else {
        record.statsAt = this.#clock.now();
        const stats = await read(this.#cluster.kubeletStats(name, kubeletTimeoutMs), 'get nodes/proxy', program);
        if (!this.#lost(stats)) record.stats = stats;
        this.#count(record, stats);
      }
    } catch (error) {
      // The end of the program; anything else belongs to run(), which waits for nothing here.
      if (!(error instanceof CancelledError)) this.#crash(error);
    } finally {
      this.#asked -= 1;
      record.asking -= 1;
      record.dirty = true;
      this.#changed();
      if (this.#asked === MOST_ASKED - 1) this.#rouse();
    }
  }

  /** The API server itself was not reached: that says nothing about the kubelet. */
  #lost(reading: Reading<unknown> & { readonly cause?: unknown }): boolean {
    if (reading.ok) return false;
    const { cause } = reading;
    return cause instanceof ClusterError && cause.reason === 'unreachable' && cause.status === undefined;
  }

  #count(record: { failures: number; notBefore: number; readAt: Instant | null }, reading: Reading<unknown>): void {
    const now = this.#clock.now();
    if (this.#lost(reading)) {
      record.notBefore = now + 2000;
      return;
    }
    record.failures = reading.ok ? 0 : record.failures + 1;
    record.notBefore = reading.ok ? 0 : now + retryAfter(record.failures);
    if (reading.ok || record.readAt === null) record.readAt = this.#now();
  }

  #crash(error: unknown): void {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function scopeOf(options: LiveOptions): Scope {
  if (options.names.length > 0) return 'named';
  if (options.selector !== null) return 'selected';
  return options.all ? 'all' : 'pressure';
}

function count<T>(all: readonly T[], holds: (one: T) => boolean): number {
  let found = 0;
  for (const one of all) if (holds(one)) found += 1;
  return found;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

function groupByNode(events: readonly EvictionEventFacts[]): ReadonlyMap<string, readonly EvictionEventFacts[]> {
  const groups = new Map<string, EvictionEventFacts[]>();
  for (const event of events) {
    const group = groups.get(event.node);
    if (group === undefined) groups.set(event.node, [event]);
    else group.push(event);
  }
  return groups;
}
