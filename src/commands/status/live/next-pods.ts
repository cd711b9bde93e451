import type { NodeReport } from '../../../eviction/assess.ts';
import type { LiveNext, LivePod } from '../../../eviction/live.ts';
import { type NodeSummary, nextOutlook } from '../../../eviction/next-outlook.ts';
import type { Reading, ReadProblem } from '../../../eviction/node.ts';
import type { PodFacts } from '../../../eviction/pod.ts';
import { read } from '../../reading.ts';
import type { LiveCore } from './core.ts';
import { type NodeRecord, podsOf } from './node-records.ts';

/** The running pods of a node and what they use, read at the same time. */
export interface PodReadings {
  readonly pods: Reading<readonly PodFacts[]>;
  readonly summary: Reading<NodeSummary>;
}

interface Known {
  readonly readings: PodReadings;
  /** As worked out last, and from what. */
  outlook: { readonly report: NodeReport; readonly found: LiveNext } | null;
}

/** Nodes whose pods are kept: those that were looked at last. */
const MOST_NODES = 8;
/** What only a change of rights can cure needs no haste. */
const DENIED_MS = 60_000;

/** What the kubelet would evict next, for the nodes that somebody looks at. */
export class NextPods {
  readonly #core: LiveCore;
  /** The one read last at the end. */
  readonly #known = new Map<string, Known>();
  #denied: { readonly problem: ReadProblem; readonly until: number } | null = null;

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** The pods of a node; without the right to list them the API server is not asked again at once. */
  async list(name: string): Promise<Reading<readonly PodFacts[]>> {
    const { cluster, clock, options } = this.#core;
    if (this.#denied !== null && clock.now() < this.#denied.until) return { ok: false, problem: this.#denied.problem };
    const pods = await read(cluster.why.podsOn(name), 'list pods', options.program);
    const isDenied = !pods.ok && pods.problem.reason === 'forbidden';
    this.#denied = isDenied ? { problem: pods.problem, until: clock.now() + DENIED_MS } : null;
    return pods;
  }

  /** Keeps what was read of a node's pods; the node that was read longest ago is forgotten, and asked again if need be. */
  put(record: NodeRecord, readings: PodReadings): void {
    const { name } = record.node;
    this.#known.delete(name);
    this.#known.set(name, { readings, outlook: null });
    const [oldest] = this.#known.keys();
    if (oldest === undefined || this.#known.size <= MOST_NODES) return;
    this.#known.delete(oldest);
    const forgotten = this.#core.records.get(oldest);
    if (forgotten !== undefined) forgotten.podsAt = 0;
  }

  /** What the kubelet of a node would evict; null: it is being asked. */
  outlook(record: NodeRecord, report: NodeReport): LiveNext | null {
    const { name } = record.node;
    const known = this.#known.get(name);
    if (known?.outlook?.report === report) return known.outlook.found;
    const readings = known?.readings ?? this.#unread(record);
    if (readings === null) return null;
    const { shared } = this.#core;
    const evicted = [...podsOf(shared, name)];
    const found = nextOutlook({
      report,
      summary: readings.summary,
      pods: withoutEvicted(readings.pods, evicted),
      evicted,
      events: shared.events?.ok ? (shared.events.value.get(name) ?? []) : [],
      now: this.#core.now(),
    });
    if (known !== undefined) known.outlook = { report, found };
    return found;
  }

  /** What stands in place of figures that will not come; null: they may. */
  #unread(record: NodeRecord): PodReadings | null {
    const { denied } = this.#core.shared;
    const silent = [record.stats, record.config].find(reading => reading?.ok === false);
    const problem = denied ?? (silent?.ok === false ? silent.problem : null);
    if (problem === null) return null;
    const failed = { ok: false, problem } as const;
    return { pods: failed, summary: failed };
  }
}

/** The watch knows of an eviction before the pods are listed again. */
function withoutEvicted(pods: PodReadings['pods'], evicted: readonly LivePod[]): PodReadings['pods'] {
  if (!pods.ok || evicted.length === 0) return pods;
  const gone = new Set(evicted.map(({ uid }) => uid));
  return { ok: true, value: pods.value.filter(({ uid }) => !gone.has(uid)) };
}
