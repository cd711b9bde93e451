import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { Signal } from '../../src/eviction/signal.ts';
import type { FilesystemLayout } from '../../src/eviction/threshold.ts';
import type { NodeSpec, ScriptStep, UsageProfile } from '../../src/simulator/kubelet/spec.ts';
import type { WorkloadSpec } from '../../src/simulator/kubelet/workload.ts';
import {
  DAY,
  DEDICATED_IMAGEFS,
  disk,
  GIB,
  MIB,
  MINUTE,
  node,
  ONE_FILESYSTEM,
  SPLIT,
  template,
} from '../../src/simulator/scenarios/builders.ts';
import type { Scenario } from '../../src/simulator/scenarios/scenario.ts';
import { runCommand } from '../support/deps.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';

// What `why node/N` predicts, and what the simulated kubelet then does, reached through HTTP like any kubelet.

interface PodSpec {
  readonly priority: number;
  /** MiB. */
  readonly memoryRequest: number;
  readonly storageRequest: number;
  readonly memory: number;
  readonly rootfs: number;
  readonly logs: number;
  readonly volume: number;
  readonly inodes: number;
  readonly processes: number;
}

const SHARED: Readonly<Record<FilesystemLayout, NodeSpec['filesystems']>> = {
  'one-filesystem': ONE_FILESYSTEM,
  'dedicated-imagefs': DEDICATED_IMAGEFS,
  split: SPLIT,
};

/** What happens after a minute: so much of a resource goes that no eviction brings it back. */
function disaster(signal: Signal, filesystems: NodeSpec['filesystems']): ScriptStep {
  const jump = { kind: 'jump', atMs: MINUTE } as const;
  if (signal === 'memory.available') return { ...jump, target: 'memory', amount: 30 * GIB };
  if (signal === 'pid.available') return { ...jump, target: 'pids', amount: 40_000 };
  const target = { disk: filesystems[signal.startsWith('nodefs') ? 'nodefs' : 'imagefs'] };
  return signal.endsWith('inodesFree')
    ? { ...jump, target, amount: 0, inodes: 100_000_000 }
    : { ...jump, target, amount: 500 * GIB };
}

function workload(spec: PodSpec, i: number): WorkloadSpec {
  const name = `pod-${i}`;
  const usage: UsageProfile = {
    containers: [
      {
        name,
        memoryBytes: spec.memory * MIB,
        rootfsBytes: spec.rootfs * MIB,
        logsBytes: spec.logs * MIB,
        rootfsInodes: spec.inodes,
        processes: spec.processes,
      },
    ],
    volumes: [{ name: 'data', bytes: spec.volume * MIB }],
  };
  return {
    kind: 'Bare',
    namespace: 'shop',
    name,
    ageMs: DAY,
    template: template(name, 'registry.example/app:1', {
      priority: spec.priority,
      nodeName: 'worker',
      volumes: [{ name: 'data' }],
      requests: { memory: `${spec.memoryRequest}Mi`, 'ephemeral-storage': `${spec.storageRequest}Mi` },
    }),
    usage,
  };
}

function scenarioOf(pods: readonly PodSpec[], signal: Signal, layout: FilesystemLayout, version: string): Scenario {
  const filesystems = SHARED[layout];
  const root = disk('root', 100 * GIB, 60 * GIB);
  const disks = layout === 'one-filesystem' ? [root] : [root, disk('data', 200 * GIB, 150 * GIB)];
  return {
    name: 'order',
    title: 'a node that has to choose',
    serverVersion: '1.36',
    seed: 1,
    nodes: [
      node({
        name: 'worker',
        kubeletVersion: version,
        filesystems,
        disks,
        config: { evictionHard: { [signal]: signal === 'pid.available' ? '1000' : '10%' } },
        reclaimable: { deadContainerBytes: 0, deadContainerInodes: 0, unusedImageBytes: 0, unusedImageInodes: 0 },
        script: [disaster(signal, filesystems)],
      }),
    ],
    workloads: pods.map(workload),
  };
}

interface Document {
  readonly evictionOrder: readonly {
    readonly occasion: string;
    readonly signal: string;
    readonly layout: string;
    readonly victims: readonly { readonly name: string; readonly place: number }[];
  }[];
}

async function why(world: Simulated, ...args: readonly string[]): Promise<Document> {
  const argv = ['why', 'node/worker', '-o', 'json', '--kubeconfig', world.kubeconfig, ...args];
  const ran = await runCommand(argv, { now: world.clock.now() });
  expect(ran).toMatchObject({ code: 0, err: '' });
  return JSON.parse(ran.out) as Document;
}

async function evicted(world: Simulated): Promise<readonly string[]> {
  const pods = await world.cluster.why.tombstonesOn('worker');
  return pods
    .filter(pod => pod.reason === 'Evicted')
    .toSorted((a, b) => (a.disruption?.since ?? a.kubeletWroteAt ?? 0) - (b.disruption?.since ?? b.kubeletWroteAt ?? 0))
    .map(pod => pod.name);
}

const SIGNALS: readonly Signal[] = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
];
const CASES = (['one-filesystem', 'dedicated-imagefs', 'split'] as const).flatMap(layout =>
  SIGNALS.map(signal => [signal, layout] as const),
);

const pod: fc.Arbitrary<PodSpec> = fc.record({
  priority: fc.constantFrom(-10, 0, 0, 1000),
  memoryRequest: fc.constantFrom(0, 0, 100, 300),
  storageRequest: fc.constantFrom(0, 0, 100, 300),
  memory: fc.integer({ min: 1, max: 400 }),
  rootfs: fc.integer({ min: 1, max: 400 }),
  logs: fc.integer({ min: 0, max: 50 }),
  volume: fc.integer({ min: 0, max: 200 }),
  inodes: fc.integer({ min: 0, max: 5000 }),
  processes: fc.integer({ min: 1, max: 500 }),
});

test.each(CASES)('%s, %s: evicted in the order that was predicted', async (signal, layout) => {
  // The same pods in every run: one draw a case, by its own seed.
  const [pods = []] = fc.sample(fc.array(pod, { minLength: 6, maxLength: 6 }), {
    numRuns: 1,
    seed: SIGNALS.indexOf(signal) * 10 + layout.length,
  });
  const version = layout === 'split' ? 'v1.36.2' : 'v1.31.4';
  const world = await openSimulated(scenarioOf(pods, signal, layout, version));
  onTestFinished(() => world.close());
  world.advance(5000);
  const before = await why(world, '--signal', signal);
  expect(before.evictionOrder).toMatchObject([{ occasion: 'asked', signal, layout }]);
  const order = before.evictionOrder[0]?.victims.map(v => v.name) ?? [];
  expect(order).toHaveLength(pods.length);

  world.advance(MINUTE - 5000);
  const during = await why(world);
  expect(during.evictionOrder.map(o => o.occasion)).toContain('now');
  expect(during.evictionOrder.find(o => o.signal === signal)).toBeDefined();
  world.advance(20 * MINUTE);
  expect(await evicted(world)).toEqual(order);
});
