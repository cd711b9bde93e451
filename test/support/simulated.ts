import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCluster } from '../../src/cluster/open.ts';
import type { Cluster } from '../../src/cluster/port.ts';
import type { Clock } from '../../src/deps.ts';
import { manualClock } from '../../src/simulator/clock.ts';
import { createCluster } from '../../src/simulator/cluster.ts';
import { openWorld, type World } from '../../src/simulator/kubelet/world.ts';
import type { Scenario } from '../../src/simulator/scenarios/scenario.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { sleep } from '../../src/sleep.ts';
import { testEnvironment } from './cluster-access.ts';

/** A simulated cluster whose time a test moves, and a connection to it. */
export interface Simulated {
  readonly simulator: Simulator;
  readonly world: World;
  readonly cluster: Cluster;
  /** Shows the cluster's time; waits at most some milliseconds, however long it is told to. */
  readonly clock: Clock;
  /** A kubeconfig file for it. */
  readonly kubeconfig: string;
  /** Lets that much of the cluster's time pass at once. */
  advance(ms: number): void;
  close(): Promise<void>;
}

/** What a test says about it. */
export interface SimulatedOptions {
  /** @default admin */
  readonly user?: string;
  /** Stands in the kubeconfig instead of `admin@simulated`. */
  readonly context?: string;
  /** @default 2026-11-23 03:00 UTC */
  readonly startMs?: number;
}

/** The longest real wait, whatever the program asks for. */
const MOST_WAIT_MS = 15;

/** Starts a scenario on a clock that stands still. */
export async function openSimulated(scenario: Scenario, options: SimulatedOptions = {}): Promise<Simulated> {
  const time = manualClock(options.startMs ?? Date.UTC(2026, 10, 23, 3, 0, 0));
  const objects = createCluster({ clock: time, seed: scenario.seed });
  const world = openWorld({ cluster: objects, scenario });
  const simulator = await startSimulator({ cluster: objects, version: scenario.serverVersion });
  for (const [name, { agent }] of world.nodes) simulator.setAgent(name, agent);
  const folder = mkdtempSync(join(tmpdir(), 'evict-simulated-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const user = options.user ?? 'admin';
  const text = simulator.kubeconfigFor(user);
  writeFileSync(kubeconfig, options.context ? text.replaceAll(`${user}@simulated`, options.context) : text);
  const stop = new AbortController();
  const cluster = await openCluster(
    { flags: { kubeconfig }, concurrency: 64, chunkSize: 500, verbosity: 0, signal: stop.signal },
    testEnvironment({ now: () => time.now() }),
    { sleep: async () => {} },
  );
  return {
    simulator,
    world,
    cluster,
    clock: { now: () => time.now(), sleep: (ms, signal) => sleep(Math.min(ms, MOST_WAIT_MS), signal) },
    kubeconfig,
    advance: ms => time.advance(ms),
    close: async () => {
      stop.abort();
      cluster.close();
      world.stop();
      await simulator.close();
      rmSync(folder, { recursive: true });
    },
  };
}
