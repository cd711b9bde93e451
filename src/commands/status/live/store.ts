import type { Cluster } from '../../../cluster/port.ts';
import type { Clock } from '../../../deps.ts';
import { CancelledError } from '../../../errors.ts';
import type { LiveDetails, LiveFocus, LiveSnapshot, LiveSource } from '../../../eviction/live.ts';
import { LiveCore, type LiveOptions } from './core.ts';
import { followNodes, PodFollower } from './follow.ts';
import { KubeletAsker } from './kubelets.ts';
import { Lists } from './lists.ts';
import { NextPods } from './next-pods.ts';
import { podsOf } from './node-records.ts';
import { timelineOf } from './timeline.ts';

export type { LiveOptions } from './core.ts';

/**
 * Live data about nodes: nodes and Evicted pods by watch; leases, events and kubelets by asking, what is on the screen first,
 * at most 20 kubelet requests a second. Nothing happens before {@link LiveStore.run}.
 */
export class LiveStore implements LiveSource {
  readonly #core: LiveCore;
  readonly #pods: PodFollower;
  readonly #lists: Lists;
  readonly #next: NextPods;
  readonly #kubelets: KubeletAsker;
  #snapshot: LiveSnapshot | null = null;

  constructor(cluster: Cluster, options: LiveOptions, clock: Clock) {
    this.#core = new LiveCore(cluster, options, clock, () => {
      this.#snapshot = null;
    });
    this.#pods = new PodFollower(this.#core);
    this.#lists = new Lists(this.#core);
    this.#next = new NextPods(this.#core);
    this.#kubelets = new KubeletAsker(this.#core, this.#next);
  }

  /**
   * Reads and watches until the signal fires.
   *
   * @throws ClusterError when the nodes cannot be read at all
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    this.#core.signal = AbortSignal.any([signal, stop.signal]);
    const readers = [this.#pods, this.#lists, this.#kubelets];
    try {
      await Promise.all([followNodes(this.#core), ...readers.map(reader => reader.run())]);
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
    const { shared, records } = this.#core;
    const next = this.#next;
    const pods = [...podsOf(shared, node)].toSorted((a, b) => (b.evictedAt ?? 0) - (a.evictedAt ?? 0));
    // Makes the reports that are due.
    this.snapshot();
    const record = records.get(node);
    const report = record?.live?.report ?? null;
    const events = this.#lists.timeline(node);
    return {
      pods: shared.evicted?.ok ? { ok: true, value: pods } : shared.evicted,
      timeline: report === null || events === null ? null : timelineOf(report, events, pods),
      // Worked out when somebody looks at it: it takes as long as there are pods.
      get next() {
        return record === undefined || report === null ? null : next.outlook(record, report);
      },
      uncompared: this.#kubelets.uncompared,
    };
  }

  subscribe(listener: () => void): () => void {
    return this.#core.subscribe(listener);
  }

  focus(focus: LiveFocus): void {
    const before = this.#core.focus;
    const flags = ['selected', 'timeline', 'next', 'all'] as const;
    const same = flags.every(flag => focus[flag] === before[flag]) && sameNames(focus.visible, before.visible);
    this.#core.focus = focus;
    if (!same) this.#core.rouse();
  }

  refresh(): void {
    const { focus, records } = this.#core;
    for (const name of [...focus.visible, focus.selected ?? '']) {
      const record = records.get(name);
      if (record === undefined) continue;
      record.notBefore = 0;
      record.configAt = Math.min(record.configAt, 1);
      record.statsAt = Math.min(record.statsAt, 1);
      record.podsAt = Math.min(record.podsAt, 1);
    }
    this.#lists.refresh();
    this.#core.rouse();
  }

  pause(paused: boolean): void {
    if (paused === this.#core.paused) return;
    // The last look before the pause is what stays.
    const last = this.snapshot();
    this.#core.paused = paused;
    this.#snapshot = paused ? { ...last, paused } : null;
    this.#core.tell();
    this.#core.rouse();
  }

  #take(): LiveSnapshot {
    const core = this.#core;
    const now = core.now();
    const { context, cluster, server } = core.cluster.identity;
    const nodes = core.records.snapshot(core.shared, now);
    const { evicted } = core.shared;
    return {
      context,
      cluster,
      server,
      scope: core.scope,
      now,
      offset: core.skew,
      link: core.link,
      paused: core.paused,
      nodes,
      underPressure: count(nodes, node => node.pressed),
      near: count(nodes, node => node.near),
      unreachable: count(nodes, node => node.unreachable),
      evictedPods: evicted?.ok ? { ok: true, value: this.#pods.size } : evicted,
      // What is missing altogether before what is only slower.
      errors: [...core.errors.values()].toSorted(
        (a, b) => Number(a.what.startsWith('watch')) - Number(b.what.startsWith('watch')),
      ),
    };
  }
}

function count<T>(all: readonly T[], holds: (one: T) => boolean): number {
  let found = 0;
  for (const one of all) if (holds(one)) found += 1;
  return found;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
