import { parseKubeletVersion } from '../../eviction/version.ts';
import type { Cluster } from '../cluster.ts';
import { field, isObject, timestamp } from '../json.ts';
import type { KubeletControl, NodeAgent } from '../node-agent.ts';
import type { KubeObject } from '../objects.ts';
import { seededRandom } from '../random.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { kubeletAgent } from './agent.ts';
import { kubeletConfigOf } from './configz.ts';
import { podGc, type WorkloadController, workloadController } from './controllers.ts';
import { featuresOf } from './features.ts';
import { listField } from './fields.ts';
import { nodeLifecycle } from './lifecycle.ts';
import { withKubeletFields } from './managed-fields.ts';
import { leaseObject, nodeObject, nodeStatus } from './node-object.ts';
import { indexPods, type PodIndex } from './pod-index.ts';
import { populate } from './populate.ts';
import type { RankPods } from './rank.ts';
import { reapDeletedPods } from './reaper.ts';
import { createRecorder, type EventRecorder } from './recorder.ts';
import { scheduler } from './scheduler.ts';
import type { KubeletMode, NodeSpec, UsageProfile } from './spec.ts';
import { type Effect, isAlive, type KubeletState, restartKubelet, startKubelet } from './state.ts';
import { nextDueMs, step } from './step.ts';
import { ownerUid } from './workload.ts';

/** Rounds of cause and effect at one moment; what is left then happens a second later. */
const ROUNDS = 6;
const BREATH_MS = 1000;

/** A simulated node, for tests and the demo. */
export interface SimulatedNode {
  readonly name: string;
  /** What stands behind its proxy path. */
  readonly agent: NodeAgent;
  /** The model as it is now. */
  state(): KubeletState;
  /** Changes what the kubelet does from now on. */
  setMode(mode: KubeletMode): void;
  /**
   * Restarts the kubelet with other KubeletConfiguration fields (over its release's defaults).
   *
   * @returns null, or why it did not come back: then it stays stopped
   */
  restart(config: NodeSpec['config']): string | null;
}

/** A scenario under way: kubelets and controllers that act on a cluster as its clock moves. */
export interface World {
  readonly scenario: Scenario;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  /** Gives one pod, by uid, a usage of its own; growth counts from the pod's start. */
  setUsage(uid: string, usage: UsageProfile): void;
  /** Nothing happens any more. */
  stop(): void;
}

/** How a world is opened. */
export interface WorldOptions {
  readonly cluster: Cluster;
  readonly scenario: Scenario;
  /** @default the kubelet's order, without its finer keys */
  readonly rank?: RankPods;
}

/**
 * Fills the cluster with the scenario's objects as of now, and keeps kubelets and controllers going on its clock.
 *
 * @throws Error when a node's configuration would keep its kubelet from starting
 */
export function openWorld(options: WorldOptions): World {
  return new RunningWorld(options);
}

class RunningWorld implements World {
  readonly scenario: Scenario;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly #cluster: Cluster;
  readonly #states = new Map<string, KubeletState>();
  readonly #recorder: EventRecorder;
  readonly #pods: PodIndex;
  readonly #rank: RankPods | undefined;
  readonly #controllers: readonly Pick<WorkloadController, 'reconcile'>[];
  readonly #schedule: { reconcile(nowMs: number): void };
  readonly #unwatchNodes: () => void;
  #cancel: (() => void) | null = null;
  #dueMs = Number.POSITIVE_INFINITY;
  #dirty = false;
  #busy = false;
  #stopped = false;

  constructor({ cluster, scenario, rank }: WorldOptions) {
    this.scenario = scenario;
    this.#cluster = cluster;
    this.#rank = rank;
    this.#recorder = createRecorder(cluster);
    const random = seededRandom(scenario.seed);
    const features = featuresOf(parseKubeletVersion(scenario.serverVersion));
    const now = cluster.clock.now();
    populate({ cluster, scenario, random, recorder: this.#recorder });
    const usages = new Map(scenario.workloads.map(one => [ownerUid(one), one.usage ?? {}]));
    const bare = new Map(
      scenario.workloads.flatMap(one =>
        one.kind === 'Bare' || one.kind === 'Static' ? [[one.name, one.usage ?? {}] as const] : [],
      ),
    );
    const usageOf = (uid: string, pod: KubeObject): UsageProfile => usages.get(uid) ?? bareUsage(bare, pod);
    this.#pods = indexPods(cluster, usageOf, () => this.#touch());
    for (const spec of scenario.nodes) this.#startNode(spec, now);
    this.#unwatchNodes = cluster.onChange(change => {
      if (change.kind === 'Node') this.#touch();
    });
    const nodeNames = (): readonly string[] => scenario.nodes.map(({ name }) => name);
    const context = { cluster, pods: this.#pods, recorder: this.#recorder, random, features, nodeNames };
    const unwatched = new Set(scenario.nodes.filter(one => one.unwatched === true).map(({ name }) => name));
    this.#controllers = [
      nodeLifecycle(cluster, this.#recorder, features, unwatched),
      workloadController(context, scenario.workloads),
      podGc(context, scenario.terminatedPodCeiling ?? 12_500),
      this.#recorder,
    ];
    this.#schedule = scheduler(cluster, this.#pods, this.#recorder, features);
    this.nodes = new Map(scenario.nodes.map(({ name }) => [name, this.#handle(name)]));
    this.#run();
  }

  setUsage(uid: string, usage: UsageProfile): void {
    this.#pods.setUsage(uid, usage);
    this.#touch();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#unwatchNodes();
    this.#pods.close();
  }

  #startNode(spec: NodeSpec, now: number): void {
    const pods = this.#cluster.list('Pod', { nodeName: spec.name }).map(pod => this.#pods.read(pod));
    const started = startKubelet(spec, pods, now);
    if (!started.ok) throw new Error(`node ${spec.name}: ${started.error}`);
    const state = started.value;
    const reportedMs = now - (spec.history?.silentMs ?? 0);
    this.#cluster.upsert('Node', nodeObject(state, reportedMs));
    this.#cluster.upsert('Lease', leaseObject(spec, reportedMs));
    this.#states.set(spec.name, state);
  }

  #handle(name: string): SimulatedNode {
    const current = (): KubeletState => {
      const state = this.#states.get(name);
      if (state === undefined) throw new Error(`no node ${name}`);
      return state;
    };
    const restart = (config: NodeSpec['config']): string | null => {
      const restarted = restartKubelet(current(), config, this.#cluster.clock.now());
      this.#states.set(name, restarted.ok ? restarted.value : { ...current(), mode: 'stopped' });
      this.#touch();
      return restarted.ok ? null : restarted.error;
    };
    const { kubeletVersion, os } = current().spec;
    const control: KubeletControl = {
      kubeletVersion,
      os,
      isRunning: () => current().mode !== 'stopped',
      configuration: () => kubeletConfigOf(current().spec),
      restart: fields => restart({ ...current().spec.config, ...fields }),
    };
    return {
      name,
      agent: kubeletAgent(current, () => this.#cluster.clock.now(), control),
      state: current,
      setMode: mode => {
        const now = this.#cluster.clock.now();
        this.#states.set(name, { ...current(), mode, nextPassMs: now, nextLeaseMs: now, nextStatusMs: now });
        this.#touch();
      },
      restart,
    };
  }

  /** Something changed from outside: look again at once, but not in the middle of the change. */
  #touch(): void {
    this.#dirty = true;
    if (!this.#busy) this.#arrange(this.#cluster.clock.now());
  }

  #arrange(dueMs: number): void {
    if (this.#stopped || (this.#cancel !== null && dueMs >= this.#dueMs)) return;
    this.#cancel?.();
    this.#cancel = null;
    if (!Number.isFinite(dueMs)) return;
    this.#dueMs = dueMs;
    this.#cancel = this.#cluster.clock.after(dueMs - this.#cluster.clock.now(), () => {
      this.#cancel = null;
      this.#run();
    });
  }

  #run(): void {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    const now = this.#cluster.clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS; round++) {
      this.#dirty = false;
      next = this.#round(now);
      if (!this.#dirty) break;
    }
    this.#busy = false;
    this.#arrange(this.#dirty ? Math.min(next, now + BREATH_MS) : next);
  }

  /** Everybody has one turn. Returns when somebody wants the next. */
  #round(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const controller of this.#controllers) next = Math.min(next, controller.reconcile(now));
    this.#schedule.reconcile(now);
    for (const [name, state] of this.#states) {
      const pods = this.#cluster.list('Pod', { nodeName: name }).map(pod => this.#pods.read(pod));
      const result = step(state, now, pods, this.#rank === undefined ? {} : { rank: this.#rank });
      this.#states.set(name, result.state);
      for (const effect of result.effects) this.#apply(result.state, effect);
      next = Math.min(next, Math.max(nextDueMs(result.state), now + 1));
      if (isAlive(result.state.mode)) next = Math.min(next, reapDeletedPods(this.#cluster, name, now));
    }
    return next;
  }

  #apply(state: KubeletState, effect: Effect): void {
    switch (effect.kind) {
      case 'event':
        this.#recorder.record(effect.event, state.armed.features);
        break;
      case 'lease':
        this.#cluster.upsert('Lease', leaseObject(state.spec, effect.atMs));
        break;
      case 'node-status':
        this.#postNodeStatus(state, effect.atMs);
        break;
      case 'pod-status':
        this.#postPodStatus(state, effect);
        break;
    }
  }

  #postNodeStatus(state: KubeletState, atMs: number): void {
    const { name } = state.spec;
    const before = this.#cluster.get('Node', { name });
    if (before === undefined) return;
    const status = nodeStatus(state, atMs);
    const ready = listField(field(before, 'status'), 'conditions').find(one => field(one, 'type') === 'Ready');
    const returned = field(ready, 'status') !== 'True';
    const conditions = listField(status, 'conditions').map(condition =>
      returned ? { ...Object(condition), lastTransitionTime: timestamp(atMs) } : keepTransition(condition, before),
    );
    this.#cluster.patchStatus('Node', { name }, { ...status, conditions });
  }

  #postPodStatus(state: KubeletState, effect: Extract<Effect, { kind: 'pod-status' }>): void {
    const { namespace, name, uid } = effect.pod;
    const pod = this.#cluster.get('Pod', { namespace, name });
    if (pod === undefined || (pod.metadata.uid !== undefined && pod.metadata.uid !== uid)) return;
    const managed = withKubeletFields(
      pod.metadata.managedFields ?? [],
      effect.status,
      effect.atMs,
      state.armed.features,
    );
    this.#cluster.upsert('Pod', {
      ...pod,
      metadata: { ...pod.metadata, managedFields: managed },
      status: effect.status,
    });
  }
}

/** A condition that keeps its value keeps the time of its last change. */
function keepTransition(condition: unknown, before: KubeObject): unknown {
  const known = listField(field(before, 'status'), 'conditions').find(
    one => field(one, 'type') === field(condition, 'type'),
  );
  if (!isObject(condition) || field(known, 'status') !== condition['status']) return condition;
  return { ...condition, lastTransitionTime: field(known, 'lastTransitionTime') };
}

function bareUsage(usages: ReadonlyMap<string, UsageProfile>, { metadata }: KubeObject): UsageProfile {
  for (const [name, usage] of usages) {
    if (metadata.name === name || metadata.name.startsWith(`${name}-`)) return usage;
  }
  return {};
}
