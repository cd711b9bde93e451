// How fast purge is on a real API server, beside what else people use, and beside the server's own limit. Run alone:
//
//   EVICT_E2E_KUBECONFIG=... EVICT_E2E_SCENARIOS=... npm run bench:purge [-- --rounds 3 --pods 5000 --few 60 --no-memory --memory-only]
//
// Ours, kubectl and the one-liner are timed from start to exit, listing included; the server's limit only while deletes are sent,
// its list read beforehand. All contestants run in one go, one after the other, round by round, on fresh pods each time; medians
// are printed.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { load } from 'js-yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    pods: { type: 'string', default: '5000' },
    few: { type: 'string', default: '60' },
    'no-memory': { type: 'boolean', default: false },
    'memory-only': { type: 'boolean', default: false },
  },
});
const say = text => process.stdout.write(`${text}\n`);
const median = numbers => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const kubeconfig = process.env.EVICT_E2E_KUBECONFIG ?? '';
const scenarios = process.env.EVICT_E2E_SCENARIOS ?? '';
const env = {
  ...process.env,
  KUBECONFIG: kubeconfig,
  EVICT_CLUSTER_DIR: dirname(kubeconfig),
  PATH: `${join(root, 'dist', 'bin')}:${process.env.PATH}`,
};

function sh(line) {
  const done = spawnSync('bash', ['-c', line], { env, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (done.status !== 0) throw new Error(`${line}: ${done.stderr.slice(-500)}`);
  return done;
}

/** Fresh pods: so many Evicted ones, and as many that are not. */
function fill(count) {
  sh(`${scenarios}/fake-evicted --delete && ${scenarios}/fake-evicted ${count} --others ${count} --bulk`);
}

const countEvicted = () =>
  Number(sh(`kubectl get pods -A -l k120.local/kind=evicted --no-headers --chunk-size=0 2>/dev/null | wc -l`).stdout);

function timed(line) {
  const start = performance.now();
  const done = sh(line);
  return { seconds: (performance.now() - start) / 1000, ...done };
}

/** The server's limit: bare DELETEs with preconditions over kept connections, nothing else to do. */
async function bare(inFlight) {
  const config = load(readFileSync(kubeconfig, 'utf8'));
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  const bytes = (data, file) => (data ? Buffer.from(data, 'base64') : readFileSync(file));
  const agent = new Agent({
    keepAlive: true,
    maxSockets: inFlight,
    ca: bytes(cluster['certificate-authority-data'], cluster['certificate-authority']),
    cert: bytes(user['client-certificate-data'], user['client-certificate']),
    key: bytes(user['client-key-data'], user['client-key']),
  });
  const send = (method, path, body) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      const sent = request(`${cluster.server}${path}`, { method, agent, headers }, response => {
        const chunks = [];
        response.on('data', chunk => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  const list = JSON.parse((await send('GET', '/api/v1/pods?fieldSelector=status.phase%3DFailed')).text).items.filter(
    pod => pod.status.reason === 'Evicted',
  );
  const start = performance.now();
  let next = 0;
  const work = async () => {
    for (let pod = list[next++]; pod !== undefined; pod = list[next++]) {
      const { namespace, name, uid, resourceVersion } = pod.metadata;
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } };
      const { status } = await send('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`, body);
      if (status !== 200) throw new Error(`DELETE answered ${status}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  return list.length / seconds;
}

// As it is handed around it takes running pods with that reason, too; here it may not, for it would wait for them for ever.
const ONE_LINER = `kubectl get pods -A -o json | jq -r '.items[] | select(.status.phase == "Failed" and .status.reason == "Evicted") | "\\(.metadata.name) -n \\(.metadata.namespace)"' | xargs -L 1 kubectl delete pod`;

async function speed() {
  const [rounds, pods, few] = [flags.rounds, flags.pods, flags.few].map(Number);
  const rates = new Map();
  const note = (name, rate) => {
    rates.set(name, [...(rates.get(name) ?? []), rate]);
    say(`  ${name.padEnd(44)} ${rate.toFixed(1)} pods/s`);
  };
  for (let round = 1; round <= rounds; round += 1) {
    say(`round ${round} of ${rounds}`);
    for (const inFlight of [16, 32, 64]) {
      fill(pods);
      note(`server's limit, ${inFlight} in flight`, await bare(inFlight));
    }
    fill(pods);
    const before = countEvicted();
    const ours = timed('kubectl evict purge -A -y');
    if (countEvicted() !== 0) throw new Error('purge left something');
    note('kubectl evict purge', before / ours.seconds);
    fill(pods);
    const failed = Number(
      sh(`kubectl get pods -A --field-selector=status.phase=Failed --no-headers --chunk-size=0 | wc -l`).stdout,
    );
    const quick = timed('kubectl delete pods -A --field-selector=status.phase=Failed --wait=false');
    note('kubectl delete --wait=false', failed / quick.seconds);
    fill(few);
    const some = Number(sh(`kubectl get pods -A --field-selector=status.phase=Failed --no-headers | wc -l`).stdout);
    note(
      `kubectl delete (${few})`,
      some / timed('kubectl delete pods -A --field-selector=status.phase=Failed').seconds,
    );
    fill(few);
    note(`get -o json | jq | xargs (${few})`, few / timed(ONE_LINER).seconds);
  }
  sh(`${scenarios}/fake-evicted --delete`);
  const medians = new Map([...rates].map(([name, list]) => [name, median(list)]));
  const ours = medians.get('kubectl evict purge');
  const limit = Math.max(...[...medians].filter(([name]) => name.startsWith('server')).map(([, rate]) => rate));
  say('\nmedian rates');
  for (const [name, rate] of medians) {
    say(`  ${name.padEnd(44)} ${rate.toFixed(1).padStart(8)} pods/s   ours is ${(ours / rate).toFixed(2)} times that`);
  }
  say(`\nours reaches ${((ours / limit) * 100).toFixed(0)} % of the server's limit (start-up and listing included)`);
  overlap(pods);
}

/** Whether the first delete is sent before the list has ended. */
function overlap(pods) {
  fill(pods);
  const lines = sh('kubectl evict purge -A -y -v=6').stderr.split('\n');
  const isList = line => line.startsWith('GET /api/v1/pods');
  const first = lines.findIndex(line => line.startsWith('DELETE'));
  const pages = lines.filter(isList).length;
  const after = lines.slice(first).filter(isList).length;
  say(`first delete answered before ${after} of ${pages} pages of the list`);
  sh(`${scenarios}/fake-evicted --delete`);
}

/** The peak memory of the plugin, from the kernel. */
async function memory() {
  const { createCluster } = await import('../../src/simulator/cluster.ts');
  const { realClock } = await import('../../src/simulator/clock.ts');
  const { startSimulator } = await import('../../src/simulator/server.ts');
  const { loadGenerated } = await import('../../src/simulator/scenarios/generated.ts');
  for (const more of [[], ['--keep', '1'], ['--archive', `/tmp/bench-purge-${process.pid}.ndjson`]]) {
    const cluster = createCluster({ clock: realClock() });
    loadGenerated(cluster, { nodes: 5000, pods: 150_000, evicted: 12_500, seed: 7 });
    const simulator = await startSimulator({ cluster, keepRequests: 10 });
    const args = ['-s', simulator.url, '--token', simulator.tokenFor('admin'), '--insecure-skip-tls-verify'];
    const start = performance.now();
    const child = spawn(
      process.execPath,
      [join(root, 'dist', 'kubectl-evict.js'), 'purge', '-A', '-y', ...args, ...more],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...env, KUBECONFIG: '' },
      },
    );
    let peak = 0;
    let deleted = 0;
    let told = '';
    child.stderr.on('data', chunk => (told += chunk));
    child.stdout.on('data', chunk => (deleted += chunk.toString().split('\n').length - 1));
    const poll = setInterval(() => {
      try {
        const line = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
        peak = Math.max(peak, Number(line?.[1] ?? 0));
      } catch {
        // It has ended.
      }
    }, 20);
    const code = await new Promise(resolve => child.once('close', resolve));
    clearInterval(poll);
    const seconds = (performance.now() - start) / 1000;
    say(
      `purge ${more[0] ?? ''}: 12,500 of 150,000 simulated pods: peak ${(peak / 1024).toFixed(0)} MiB, ${deleted} deleted in ${seconds.toFixed(1)} s, exit ${code}`,
    );
    if (code !== 0) say(told.slice(0, 500));
    await simulator.close();
  }
}

if (!flags['memory-only']) {
  if (kubeconfig === '' || scenarios === '')
    say('SKIPPED: EVICT_E2E_KUBECONFIG and EVICT_E2E_SCENARIOS name no cluster');
  else await speed();
}
if (!flags['no-memory']) await memory();
