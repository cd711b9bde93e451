import type { TimelineEntry } from '../../../eviction/live.ts';
import type { EvictionEventFacts, Reading } from '../../../eviction/node.ts';
import { read } from '../../reading.ts';
import type { LiveCore } from './core.ts';

/** The pace of everything that is listed, not watched. */
const LEASES_MS = 30_000;
const LEASES_MS_LARGE = 60_000;
const EVENTS_MS = 60_000;
const TIMELINE_MS = 15_000;
/** Nodes from which on leases are listed more rarely. */
const LARGE = 1000;

/** Leases, events and the open timeline, each at its own pace. */
export class Lists {
  readonly #core: LiveCore;
  readonly #timelines = new Map<string, { reading: Reading<readonly TimelineEntry[]>; at: number }>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** The events about a node; null: not read. */
  timeline(node: string): Reading<readonly TimelineEntry[]> | null {
    return this.#timelines.get(node)?.reading ?? null;
  }

  /** Everything is to be read again. */
  refresh(): void {
    this.#timelines.clear();
    this.#core.shared.leasesAt = 0;
  }

  /** Reads until the end. */
  async run(): Promise<void> {
    const core = this.#core;
    await core.ready();
    let leasesDue = 0;
    let eventsDue = 0;
    for (;;) {
      const now = core.clock.now();
      const { idle } = core;
      if (!idle && (now >= leasesDue || core.shared.leasesAt === 0)) {
        await this.#readLeases();
        leasesDue = now + (core.records.size > LARGE ? LEASES_MS_LARGE : LEASES_MS);
      }
      if (!idle && now >= eventsDue) {
        await this.#readEvents();
        eventsDue = now + EVENTS_MS;
      }
      if (!idle) await this.#readTimeline();
      await core.rest(1000);
    }
  }

  async #readLeases(): Promise<void> {
    const { cluster, options, shared, records } = this.#core;
    const leases = await read(cluster.leases(), 'list leases in kube-node-lease', options.program);
    const before = shared.leases;
    // A list that broke off says nothing about the nodes: the last one still stands.
    if (leases.ok || before === null || leases.problem.reason === 'forbidden') {
      shared.leases = this.#core.note('leases', leases);
    }
    shared.leasesAt = this.#core.now();
    if (before === null) records.touchAll();
    else records.touchStale(shared, this.#core.now());
    this.#core.changed();
  }

  async #readEvents(): Promise<void> {
    const { cluster, options, shared, records } = this.#core;
    const events = await read(cluster.evictionEvents(), 'list events', options.program);
    const byNode = events.ok ? ({ ok: true, value: groupByNode(events.value.items) } as const) : events;
    if (byNode.ok || shared.events === null) shared.events = this.#core.note('events', byNode);
    const v1 = await read(cluster.cgroupV1Nodes(), 'list events', options.program);
    if (v1.ok) shared.cgroupV1 = v1.value;
    const busy = byNode.ok ? byNode.value.keys() : [];
    for (const node of busy) records.touch(node);
    this.#core.changed();
  }

  async #readTimeline(): Promise<void> {
    const { cluster, clock, focus, options } = this.#core;
    const { selected, timeline } = focus;
    if (!timeline || selected === null) return;
    const known = this.#timelines.get(selected);
    if (known !== undefined && clock.now() - known.at < TIMELINE_MS) return;
    const reading = await read(cluster.live.timeline(selected), 'list events', options.program);
    // One node is looked at closely at a time.
    this.#timelines.clear();
    this.#timelines.set(selected, { reading, at: clock.now() });
    this.#core.changed();
  }
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
