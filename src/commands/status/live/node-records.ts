import { assessNode, type NodeReport, underPressure } from '../../../eviction/assess.ts';
import type { EvictionConfig } from '../../../eviction/config.ts';
import { type ClusterConfig, configDrift } from '../../../eviction/drift.ts';
import { type Finding, sortFindings } from '../../../eviction/findings.ts';
import { freshness } from '../../../eviction/freshness.ts';
import type { KubeletProgress, LiveNode, LivePod } from '../../../eviction/live.ts';
import type {
  EvictionEventFacts,
  Instant,
  NodeFacts,
  NodeInput,
  NodeStats,
  Reading,
  ReadProblem,
} from '../../../eviction/node.ts';
import { forecastNode, recordSamples, type SignalSamples } from '../../../eviction/signal-history.ts';

/** What is known of one node, and when its kubelet was or will be asked. Times of asking are the program's own clock. */
export interface NodeRecord {
  node: NodeFacts;
  /** A pressure condition is True or Unknown. */
  pressed: boolean;
  config: Reading<EvictionConfig> | null;
  stats: Reading<NodeStats> | null;
  configAt: number;
  statsAt: number;
  /** When the figures of its pods were asked for, with its own; 0: they are not known. */
  podsAt: number;
  /** Requests to its kubelet under way. */
  asking: number;
  /** Answers in a row that failed. */
  failures: number;
  /** Not asked before this. */
  notBefore: number;
  /** On the API server's clock. */
  readAt: Instant | null;
  samples: SignalSamples;
  /** To be assessed anew. */
  dirty: boolean;
  /** As assessed last, by itself; null: nobody has looked yet. */
  base: NodeReport | null;
  live: LiveNode | null;
}

/** Everything beside the kubelets that nodes are assessed with. */
export interface SharedFacts {
  /** By node name, as of {@link SharedFacts.leasesAt}; null: not read yet. */
  leases: Reading<ReadonlyMap<string, Instant>> | null;
  leasesAt: Instant;
  /** Null: not read yet. */
  evicted: Reading<null> | null;
  readonly pods: Map<string, Map<string, LivePod>>;
  events: Reading<ReadonlyMap<string, readonly EvictionEventFacts[]>> | null;
  cgroupV1: ReadonlySet<string>;
  /** Why no kubelet may be asked; null: they may. */
  denied: ReadProblem | null;
  nearPercent: number;
}

const NO_SAMPLES: SignalSamples = new Map();
/** Stands for what has not been read yet; never shown. */
const PENDING: ReadProblem = { reason: 'pending', message: 'not read yet', remedy: null };
const pending = { ok: false, problem: PENDING } as const;

/** The records of all nodes, by name. */
export class NodeRecords {
  readonly #records = new Map<string, NodeRecord>();
  #names: readonly string[] | null = null;
  #drift: ReadonlyMap<string, Finding> = new Map();
  #driftKey = new Map<string, string>();
  #driftDue = false;
  #clusterConfigs: readonly ClusterConfig[] = [];

  get size(): number {
    return this.#records.size;
  }

  get(name: string): NodeRecord | undefined {
    return this.#records.get(name);
  }

  /** In the order of their names. */
  names(): readonly string[] {
    this.#names ??= [...this.#records.keys()].toSorted();
    return this.#names;
  }

  all(): Iterable<NodeRecord> {
    return this.#records.values();
  }

  /** Adds a node, or takes its new facts; what its kubelet said stays, unless it is another machine of that name. */
  put(node: NodeFacts): void {
    const record = this.#records.get(node.name);
    if (record !== undefined && record.node.createdAt === node.createdAt) {
      record.node = node;
      record.pressed = underPressure(node);
      record.dirty = true;
      return;
    }
    if (record === undefined) this.#names = null;
    this.#records.set(node.name, newRecord(node));
  }

  remove(name: string): void {
    if (this.#records.delete(name)) this.#names = null;
  }

  /** Only these nodes exist. */
  replace(nodes: readonly NodeFacts[]): void {
    const names = new Set(nodes.map(node => node.name));
    for (const name of this.names()) if (!names.has(name)) this.remove(name);
    for (const node of nodes) this.put(node);
  }

  touch(name: string): void {
    const record = this.#records.get(name);
    if (record !== undefined) record.dirty = true;
  }

  /** After a new reading of leases: only who has become, or is no longer, stale needs a new look. */
  touchStale(shared: SharedFacts, now: Instant): void {
    for (const record of this.#records.values()) {
      if (record.base === null) continue;
      const stale = freshness(record.node, leaseOf(record, shared, now), now).stale;
      if (stale || record.base.freshness.stale) record.dirty = true;
    }
  }

  touchAll(): void {
    for (const record of this.#records.values()) record.dirty = true;
  }

  /** Takes a kubelet's configuration. */
  putConfig(record: NodeRecord, config: Reading<EvictionConfig>): void {
    record.config = config;
    record.dirty = true;
    const key = config.ok ? fingerprint(config.value) : '';
    if (this.#driftKey.get(record.node.name) === key) return;
    this.#driftKey.set(record.node.name, key);
    this.#driftDue = true;
  }

  /** Takes what kubeadm gives to nodes: they are compared with it, too. */
  compareWith(configs: readonly ClusterConfig[]): void {
    this.#clusterConfigs = configs;
    this.#driftDue = true;
  }

  /** All nodes as they stand, by name; assesses what has changed. */
  snapshot(shared: SharedFacts, now: Instant): readonly LiveNode[] {
    if (this.#driftDue) this.#compare();
    const nodes: LiveNode[] = [];
    for (const name of this.names()) {
      const record = this.#records.get(name);
      if (record !== undefined) nodes.push(this.#live(record, shared, now));
    }
    return nodes;
  }

  #live(record: NodeRecord, shared: SharedFacts, now: Instant): LiveNode {
    if (!record.dirty && record.live !== null) return record.live;
    record.dirty = false;
    record.base = null;
    record.live =
      record.config === null && record.stats === null
        ? unreadNode(record, progressOf(record, shared), () => assessed(record, shared, now))
        : this.#readNode(record, shared, now);
    return record.live;
  }

  #readNode(record: NodeRecord, shared: SharedFacts, now: Instant): LiveNode {
    const base = assessed(record, shared, now);
    record.base = base;
    record.samples = recordSamples(record.samples, base);
    const drift = this.#drift.get(record.node.name);
    const report = drift === undefined ? base : { ...base, findings: sortFindings([...base.findings, drift]) };
    const kubelet = progressOf(record, shared);
    return {
      node: record.node,
      report,
      kubelet,
      readAt: record.readAt,
      samples: record.samples,
      forecast: forecastNode(base, record.samples, now),
      pressed: record.pressed,
      near:
        !record.pressed && base.signals.some(s => s.state === 'near' || s.state === 'soft' || s.state === 'BREACHED'),
      unreachable: base.uncertain.length > 0 || (kubelet === 'read' && !base.config.ok),
    };
  }

  #compare(): void {
    this.#driftDue = false;
    const configured = [...this.#records.values()].flatMap(({ node, config }) =>
      config?.ok ? [{ node, config: config.value }] : [],
    );
    const drift = configDrift(configured, this.#clusterConfigs);
    for (const name of new Set([...drift.keys(), ...this.#drift.keys()])) {
      if (drift.get(name)?.message !== this.#drift.get(name)?.message) this.touch(name);
    }
    this.#drift = drift;
  }
}

function progressOf(record: NodeRecord, shared: SharedFacts): KubeletProgress {
  if (shared.denied !== null) return 'denied';
  if (record.readAt !== null) return 'read';
  return record.asking > 0 ? 'asking' : 'waiting';
}

/** A node whose kubelet has not spoken: of thousands of them few are ever looked at, so the report is made for a reader. */
function unreadNode(record: NodeRecord, kubelet: KubeletProgress, assess: () => NodeReport): LiveNode {
  const { node, pressed, readAt, samples } = record;
  let made: NodeReport | null = null;
  return {
    node,
    get report() {
      if (made === null) {
        made = assess();
        record.base = made;
      }
      return made;
    },
    kubelet,
    readAt,
    samples,
    forecast: null,
    pressed,
    near: false,
    unreachable: pressed && node.conditions.some(c => c.status === 'Unknown' && c.type.endsWith('Pressure')),
  };
}

function newRecord(node: NodeFacts): NodeRecord {
  return {
    node,
    pressed: underPressure(node),
    config: null,
    stats: null,
    configAt: 0,
    statsAt: 0,
    podsAt: 0,
    asking: 0,
    failures: 0,
    notBefore: 0,
    readAt: null,
    samples: NO_SAMPLES,
    dirty: true,
    base: null,
    live: null,
  };
}

function fingerprint(config: EvictionConfig): string {
  return JSON.stringify(config, (_key, value: unknown) => (value instanceof Map ? [...value] : value));
}

/** A lease as if it had been read just now: the time since the reading says nothing about the node. */
function leaseOf(record: NodeRecord, shared: SharedFacts, now: Instant): NodeInput['lease'] {
  if (shared.leases === null || !shared.leases.ok) return shared.leases ?? pending;
  const renewed = shared.leases.value.get(record.node.name);
  return { ok: true, value: renewed === undefined ? null : renewed + Math.max(0, now - shared.leasesAt) };
}

function assessed(record: NodeRecord, shared: SharedFacts, now: Instant): NodeReport {
  const { node } = record;
  const denied = shared.denied === null ? pending : ({ ok: false, problem: shared.denied } as const);
  const events = shared.events ?? pending;
  const input: NodeInput = {
    node,
    lease: leaseOf(record, shared, now),
    config: record.config ?? denied,
    stats: record.stats ?? denied,
    evicted: shared.evicted?.ok ? { ok: true, value: [...podsOf(shared, node.name)] } : (shared.evicted ?? pending),
    events: events.ok ? { ok: true, value: events.value.get(node.name) ?? [] } : events,
    cgroup: cgroupOf(record, shared),
  };
  const report = assessNode(input, { now, nearPercent: shared.nearPercent });
  if (record.config !== null && record.stats !== null) return report;
  // Not having asked yet is no trouble of the node's.
  return { ...report, findings: report.findings.filter(finding => finding.code !== 'kubelet-unreadable') };
}

function cgroupOf(record: NodeRecord, shared: SharedFacts): NodeInput['cgroup'] {
  if (shared.cgroupV1.has(record.node.name)) return 1;
  return record.config?.ok && record.config.value.failCgroupV1 === true ? 2 : null;
}

/** The Evicted pods of a node. */
export function podsOf(shared: SharedFacts, node: string): Iterable<LivePod> {
  return shared.pods.get(node)?.values() ?? [];
}
