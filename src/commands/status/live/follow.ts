import type { LivePod } from '../../../eviction/live.ts';
import type { NodeFacts } from '../../../eviction/node.ts';
import { read } from '../../reading.ts';
import type { LiveCore } from './core.ts';

/** Who may list but not watch gets a list this often. */
const RELIST_MS = 15_000;
/** What only a change of rights can cure needs no haste. */
const DENIED_MS = 60_000;

function noteUnwatched(core: LiveCore, what: 'nodes' | 'pods'): void {
  const message = `the right to watch ${what} is missing: they are listed every ${RELIST_MS / 1000}s instead`;
  core.errors.set(`watch ${what}`, {
    what: `watch ${what}`,
    node: null,
    reason: 'forbidden',
    message,
    remedy: null,
  });
  core.changed();
}

/**
 * Follows the nodes until the end. Without the right to watch them, but with the one to list them, they are listed again and
 * again.
 *
 * @throws ClusterError when they cannot be read at all
 */
export async function followNodes(core: LiveCore): Promise<void> {
  for (;;) {
    const watched = await read(watchNodes(core), 'watch nodes', core.options.program);
    if (watched.ok) return;
    const mayList = watched.problem.reason === 'forbidden' && core.link.state === 'live';
    if (!mayList) throw watched.cause;
    noteUnwatched(core, 'nodes');
    await core.clock.sleep(RELIST_MS, core.signal);
  }
}

async function watchNodes(core: LiveCore): Promise<void> {
  const { names, selector } = core.options;
  const [only] = names;
  const name = names.length === 1 && only !== undefined ? only : null;
  const wanted = new Set(names);
  const isWanted = (node: NodeFacts): boolean => wanted.size === 0 || wanted.has(node.name);
  for await (const event of core.cluster.live.watchNodes({ selector, name }, core.signal)) {
    switch (event.type) {
      case 'sync':
        core.setClock(event.serverTime);
        core.records.replace(event.items.filter(isWanted));
        noteMissing(core);
        core.setLink('live', null);
        break;
      case 'down':
        core.setLink(core.link.state === 'connecting' ? 'connecting' : 'down', event.error.message);
        break;
      case 'up':
        if (core.link.state === 'down') core.setLink('live', null);
        break;
      case 'deleted':
        core.records.remove(event.item.name);
        break;
      default:
        if (isWanted(event.item)) core.records.put(event.item);
    }
    core.changed();
  }
}

function noteMissing(core: LiveCore): void {
  for (const name of core.options.names) {
    const problem = { reason: 'not-found', message: `there is no node ${name}`, remedy: null };
    if (core.records.get(name) === undefined) core.errors.set(`node ${name}`, { what: 'node', node: name, ...problem });
    else core.errors.delete(`node ${name}`);
  }
}

/** Follows the Evicted pods of all namespaces. */
export class PodFollower {
  readonly #core: LiveCore;
  readonly #nodes = new Map<string, string>();
  /** The pods have been listed since the watch was begun last. */
  #listed = false;

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** How many there are. */
  get size(): number {
    return this.#nodes.size;
  }

  /** Until the end; a missing right is noted, and tried for again. */
  async run(): Promise<void> {
    const core = this.#core;
    await core.ready();
    for (;;) {
      this.#listed = false;
      const watched = await read(this.#watch(), 'watch pods', core.options.program);
      if (watched.ok) return;
      if (this.#listed) {
        noteUnwatched(core, 'pods');
        await core.clock.sleep(RELIST_MS, core.signal);
        continue;
      }
      core.shared.evicted = { ok: false, problem: watched.problem };
      core.note('pods', core.shared.evicted);
      core.records.touchAll();
      core.changed();
      await core.clock.sleep(DENIED_MS, core.signal);
    }
  }

  async #watch(): Promise<void> {
    for await (const event of this.#core.cluster.live.watchEvictedPods(this.#core.signal)) {
      switch (event.type) {
        case 'sync':
          this.#listed = true;
          this.#replace(event.items);
          break;
        case 'added':
        case 'modified':
          this.#put(event.item);
          break;
        case 'deleted':
          this.#remove(event.item.uid);
          break;
        default:
      }
      this.#core.changed();
    }
  }

  #replace(pods: readonly LivePod[]): void {
    const { shared, errors, records } = this.#core;
    shared.pods.clear();
    this.#nodes.clear();
    shared.evicted = { ok: true, value: null };
    errors.delete('pods');
    for (const pod of pods) this.#put(pod);
    records.touchAll();
  }

  #put(pod: LivePod): void {
    const { shared, records } = this.#core;
    this.#remove(pod.uid);
    this.#nodes.set(pod.uid, pod.node);
    const there = shared.pods.get(pod.node);
    if (there === undefined) shared.pods.set(pod.node, new Map([[pod.uid, pod]]));
    else there.set(pod.uid, pod);
    records.touch(pod.node);
  }

  #remove(uid: string): void {
    const node = this.#nodes.get(uid);
    if (node === undefined) return;
    this.#nodes.delete(uid);
    this.#core.shared.pods.get(node)?.delete(uid);
    this.#core.records.touch(node);
  }
}
