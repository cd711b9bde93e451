// A simulated cluster in a process of its own, so that a benchmark does not measure it. Prints one line of JSON with its
// address and kubeconfigs, then answers the commands of src/simulator/main.ts on stdin.
//   node serve.mjs SCENARIO | node serve.mjs generated NODES PODS EVICTED [HANGING [UNDER-PRESSURE]]
import { realClock } from '../../src/simulator/clock.ts';
import { createCluster } from '../../src/simulator/cluster.ts';
import { openWorld } from '../../src/simulator/kubelet/world.ts';
import { controlSimulator } from '../../src/simulator/main.ts';
import { loadGenerated } from '../../src/simulator/scenarios/generated.ts';
import { findScenario } from '../../src/simulator/scenarios/registry.ts';

const [name = 'healthy', ...sizes] = process.argv.slice(2);
const scenario = findScenario(name);
const cluster = createCluster({ clock: realClock(), seed: scenario?.seed ?? 1 });
let agents;
if (name === 'generated') {
  const [nodes, pods, evicted, hanging = 0, under = nodes * 0.02] = sizes.map(Number);
  const made = loadGenerated(cluster, { nodes, pods, evicted, seed: 1, pressured: under / nodes }).agents;
  const silent = { configz: () => ({ hang: true }), statsSummary: () => ({ hang: true }) };
  // Spread evenly: nobody can tell beforehand which ones hang.
  const every = hanging === 0 ? Number.POSITIVE_INFINITY : Math.floor(nodes / hanging);
  agents = new Map([...made].map(([node, agent], i) => [node, i % every === every - 1 ? silent : agent]));
} else if (scenario !== undefined) {
  agents = new Map([...openWorld({ cluster, scenario }).nodes].map(([node, { agent }]) => [node, agent]));
} else {
  throw new Error(`no scenario ${name}`);
}
await controlSimulator(
  { cluster, agents, kubeletHangMs: Number.POSITIVE_INFINITY },
  { input: process.stdin, output: process.stdout },
);
