import { type ManualClock, manualClock } from '../../../src/simulator/clock.ts';
import { createCluster } from '../../../src/simulator/cluster.ts';
import { type KubeletPod, readPod } from '../../../src/simulator/kubelet/pod.ts';
import type { NodeSpec, UsageProfile } from '../../../src/simulator/kubelet/spec.ts';
import { type Effect, type KubeletState, startKubelet } from '../../../src/simulator/kubelet/state.ts';
import { nextDueMs, step } from '../../../src/simulator/kubelet/step.ts';
import { makePod, type PodTemplate, stableUid } from '../../../src/simulator/kubelet/workload.ts';
import { openWorld, type World } from '../../../src/simulator/kubelet/world.ts';
import { disk, GIB, type NodeOptions, node, template } from '../../../src/simulator/scenarios/builders.ts';
import type { Scenario } from '../../../src/simulator/scenarios/scenario.ts';

export const T0 = Date.parse('2026-11-22T10:00:00Z');

/** A node with one disk of 100 GiB and little to reclaim. */
export function spec(options: Partial<NodeOptions> = {}): NodeSpec {
  return node({
    name: 'node-1',
    disks: [disk('root', 100 * GIB, 50 * GIB)],
    reclaimable: { deadContainerBytes: 0, deadContainerInodes: 0, unusedImageBytes: 0, unusedImageInodes: 0 },
    ...options,
  });
}

export interface PodOptions {
  readonly template?: Partial<PodTemplate> & {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
  readonly usage?: UsageProfile;
  readonly phase?: 'Pending' | 'Running';
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A pod on node-1 with one container named as the pod. */
export function pod(name: string, options: PodOptions = {}): KubeletPod {
  const workload = {
    kind: 'Bare',
    namespace: 'shop',
    name,
    template: template(name, 'registry.example/app:1', options.template ?? {}),
    ageMs: 0,
  } as const;
  const made = makePod(workload, { name, uid: stableUid(name), nodeName: 'node-1', createdMs: T0 - 60_000 });
  const metadata =
    options.annotations === undefined ? made.metadata : { ...made.metadata, annotations: options.annotations };
  return readPod({ ...made, metadata, status: { phase: options.phase ?? 'Running' } }, options.usage ?? {});
}

/** A kubelet with its pods, driven without a cluster. */
export class Bench {
  state: KubeletState;
  pods: KubeletPod[];
  now = T0;
  readonly effects: Effect[] = [];

  constructor(nodeSpec: NodeSpec, pods: readonly KubeletPod[] = []) {
    const started = startKubelet(nodeSpec, pods, T0);
    if (!started.ok) throw new Error(started.error);
    this.state = started.value;
    this.pods = [...pods];
    this.#step();
  }

  /** Moves time on; the kubelet acts whenever something is due. */
  advance(seconds: number): this {
    const until = this.now + seconds * 1000;
    for (let due = nextDueMs(this.state); due <= until; due = nextDueMs(this.state)) {
      this.now = Math.max(due, this.now + 1);
      this.#step();
    }
    this.now = until;
    return this;
  }

  add(added: KubeletPod): this {
    this.pods.push(added);
    this.#step();
    return this;
  }

  get conditions(): readonly string[] {
    return this.state.pressure.conditions;
  }

  events(reason: string): string[] {
    return this.effects.flatMap(effect =>
      effect.kind === 'event' && effect.event.reason === reason ? [effect.event.message] : [],
    );
  }

  status(name: string): Readonly<Record<string, unknown>> | undefined {
    const found = this.effects.findLast(effect => effect.kind === 'pod-status' && effect.pod.name === name);
    return found?.kind === 'pod-status' ? (found.status as Readonly<Record<string, unknown>>) : undefined;
  }

  get evicted(): string[] {
    return this.effects.flatMap(effect =>
      effect.kind === 'event' && effect.event.reason === 'Evicted' && effect.event.target.kind === 'Pod'
        ? [effect.event.target.name]
        : [],
    );
  }

  #step(): void {
    const result = step(this.state, this.now, this.pods);
    this.state = result.state;
    this.effects.push(...result.effects);
    // The API server shows the kubelet what it wrote.
    for (const effect of result.effects) {
      if (effect.kind !== 'pod-status') continue;
      const phase = (effect.status as { phase: string }).phase;
      this.pods = this.pods.map(one => (one.uid === effect.pod.uid ? { ...one, phase } : one));
    }
  }
}

/** A scenario on a cluster whose clock the test moves. */
export function openTestWorld(scenario: Scenario): {
  readonly world: World;
  readonly clock: ManualClock;
  readonly cluster: ReturnType<typeof createCluster>;
} {
  const clock = manualClock(T0);
  const cluster = createCluster({ clock, seed: scenario.seed });
  return { world: openWorld({ cluster, scenario }), clock, cluster };
}

/** The names of all fields, nested ones included; lists count by their first element. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value === 'object' ? 'null' : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, shapeOf(inner)]),
  );
}
