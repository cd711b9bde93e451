import { createInterface } from 'node:readline';
import { DEFAULT_USERS } from './auth.ts';
import type { NodeAgent } from './node-agent.ts';
import { startSimulator } from './server.ts';
import type { Simulator, SimulatorOptions } from './simulator.ts';

/** The streams that a simulator in a process of its own talks over. */
export interface ControlStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** What it runs: a simulated API server, with kubelets behind its nodes. */
export interface ControlledOptions extends SimulatorOptions {
  /** By node name. */
  readonly agents?: ReadonlyMap<string, NodeAgent>;
}

/** What it says on its first line. */
export interface Greeting {
  readonly url: string;
  /** Kubeconfigs by user. */
  readonly kubeconfigs: Readonly<Record<string, string>>;
}

/**
 * Runs a simulator under the control of another process, so that a benchmark does not measure the simulator. Prints a
 * {@link Greeting} as one line of JSON and then answers each line of the input with one line of JSON:
 * `stats` (as {@link Simulator.stats}), `reset`, `restart`, `compact`, `close`. The end of the input closes, too.
 *
 * @returns when it is closed
 */
export async function controlSimulator(options: ControlledOptions, streams: ControlStreams): Promise<void> {
  const simulator = await startSimulator(options);
  for (const [node, agent] of options.agents ?? []) simulator.setAgent(node, agent);
  const say = (value: unknown) => streams.output.write(`${JSON.stringify(value)}\n`);
  const users = (options.users ?? DEFAULT_USERS).map(user => user.name);
  const kubeconfigs = Object.fromEntries(users.map(user => [user, simulator.kubeconfigFor(user)]));
  say({ url: simulator.url, kubeconfigs } satisfies Greeting);
  try {
    for await (const line of createInterface({ input: streams.input })) {
      if (line.trim() === 'close') break;
      say(await obey(simulator, line.trim()));
    }
  } finally {
    await simulator.close();
  }
}

async function obey(simulator: Simulator, command: string): Promise<unknown> {
  switch (command) {
    case 'stats': {
      const stats = simulator.stats();
      return { ...stats, byStatus: Object.fromEntries(stats.byStatus) };
    }
    case 'reset':
      simulator.resetStats();
      return { done: command };
    case 'restart':
      await simulator.restart();
      return { done: command };
    case 'compact':
      simulator.compact();
      return { done: command };
    default:
      return { error: `no command ${command}` };
  }
}
