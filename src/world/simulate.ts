import { randomBytes } from 'node:crypto';
import { openCluster } from '../cluster/open.ts';
import type { SimulatedCluster, SimulationSource } from '../deps.ts';
import { EvictError, UsageError } from '../errors.ts';
import type { SimulatedUser } from '../simulator/auth.ts';
import { realClock } from '../simulator/clock.ts';
import { createCluster } from '../simulator/cluster.ts';
import { openWorld } from '../simulator/kubelet/world.ts';
import type { NodeAgent } from '../simulator/node-agent.ts';
import { openSnapshot } from '../simulator/scenarios/from-snapshot.ts';
import { findScenario, SCENARIOS } from '../simulator/scenarios/registry.ts';
import { startSimulator } from '../simulator/server.ts';
import type { Simulator } from '../simulator/simulator.ts';

interface Opened {
  readonly simulator: Simulator;
  readonly agents: Iterable<readonly [string, NodeAgent]>;
  readonly title: string;
  stop(): void;
}

/** Starts a simulated cluster and connects to it, without a look at the user's kubeconfig. */
export async function simulate(source: SimulationSource, userAgent: string): Promise<SimulatedCluster> {
  const opened = source.kind === 'scenario' ? await openScenario(source.name) : await openKept(source.snapshot);
  const { simulator } = opened;
  for (const [name, agent] of opened.agents) simulator.setAgent(name, agent);
  return {
    server: simulator.url,
    title: opened.title,
    kubeconfig: simulator.kubeconfigFor('admin'),
    connect: options =>
      openCluster(
        {
          ...options,
          // Loopback, and our own process: there is nobody to mistake it for.
          flags: { server: simulator.url, token: simulator.tokenFor('admin'), insecureSkipTlsVerify: true },
          chunkSize: 500,
          title: 'SIMULATED',
          verbosity: 0,
        },
        {
          env: {},
          homeDir: '/nonexistent',
          cwd: '/',
          stdinIsTTY: false,
          warn: () => {},
          now: () => Date.now(),
          userAgent,
          serviceAccountDir: '/nonexistent',
        },
      ),
    close: async () => {
      opened.stop();
      await simulator.close();
    },
  };
}

/** Every user of this machine can reach loopback: only who has the kubeconfig may read what a snapshot kept. */
function administrator(): readonly SimulatedUser[] {
  return [{ name: 'admin', token: randomBytes(24).toString('base64url'), groups: ['system:masters'] }];
}

async function openScenario(name: string): Promise<Opened> {
  const scenario = findScenario(name);
  if (scenario === undefined) {
    throw new UsageError(`there is no scenario ${JSON.stringify(name.slice(0, 100))}`, {
      hint: `choose one of ${SCENARIOS.map(s => s.name).join(', ')}`,
    });
  }
  const cluster = createCluster({ clock: realClock(), seed: scenario.seed });
  const world = openWorld({ cluster, scenario });
  const simulator = await startSimulator({ cluster, version: scenario.serverVersion, users: administrator() });
  const agents = [...world.nodes].map(([node, { agent }]) => [node, agent] as const);
  return { simulator, agents, title: scenario.title, stop: () => world.stop() };
}

async function openKept(snapshot: unknown): Promise<Opened> {
  const kept = openSnapshot(snapshot);
  if (!kept.ok)
    throw new EvictError(`this is no snapshot: ${kept.error}`, { hint: 'make one with the command snapshot' });
  const { cluster, version, agents, takenAt } = kept.value;
  const simulator = await startSimulator({ cluster, version, timers: realClock(), users: administrator() });
  return { simulator, agents, title: `a snapshot taken at ${new Date(takenAt).toISOString()}`, stop: () => {} };
}
