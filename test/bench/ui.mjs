// The screen of `status` on a large cluster, as its user has it: the built program on a real pseudo-terminal (util-linux'
// script), the simulated cluster in a process of its own. `npm run bench:ui`; build first.
//   node test/bench/ui.mjs [NODES [UNDER-PRESSURE [EVICTED [HANGING]]]]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve } from './lib.mjs';

const [nodes = 5000, under = 500, evicted = 12_500, hanging = 100] = process.argv.slice(2).map(Number);
const entry = process.env.EVICT_ENTRY ?? fileURLToPath(new URL('../../dist/kubectl-evict.js', import.meta.url));
const say = text => process.stdout.write(`${text}\n`);
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
/** The end of a frame: synchronized output is switched off. */
const FRAME_END = '\u001b[?2026l';

if (spawnSync('script', ['--version']).error) {
  say('SKIPPED: no script (util-linux) here, so there is no pseudo-terminal');
  process.exit(0);
}

const cluster = await serve('generated', nodes, nodes * 4, evicted, hanging, under);
const folder = mkdtempSync(join(tmpdir(), 'evict-bench-ui-'));
const kubeconfig = join(folder, 'kubeconfig');
writeFileSync(kubeconfig, cluster.kubeconfigs.admin);

const started = performance.now();
const command = `stty cols 120 rows 40; exec ${process.execPath} ${entry} status --kubeconfig ${kubeconfig}`;
const terminal = spawn('script', ['-qfec', command, '/dev/null'], {
  stdio: ['pipe', 'pipe', 'inherit'],
  env: { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm-256color', LANG: 'C.UTF-8' },
});
let seen = '';
let frames = 0;
let waiting = [];
terminal.stdout.setEncoding('utf8');
terminal.stdout.on('data', text => {
  seen = (seen + text).slice(-200_000);
  if (text.includes(FRAME_END)) frames += 1;
  waiting = waiting.filter(wait => !wait());
});

/** Resolves when the test holds after some output; null: it did not in time. */
function until(holds, ms = 60_000) {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(null), ms);
    const check = () => {
      if (!holds()) return false;
      clearTimeout(timer);
      resolve(performance.now());
      return true;
    };
    if (!check()) waiting.push(check);
  });
}

const since = (at, from = started) => (at === null ? 'never' : `${Math.round(at - from)} ms`);
const listed = await until(() => seen.includes(`${under} under pressure`));
const useful = await until(() => /[▇].*available|available.*▇/s.test(seen));
say(`${nodes} nodes, ${under} under pressure, ${evicted} evicted pods, ${hanging} kubelets that never answer`);
say(`rows of all nodes under pressure:   ${since(listed)} after the start`);
say(`first row with a kubelet's figures: ${since(useful)}; the slowest kubelet is given up after 5000 ms`);

const shell = terminal.pid;
const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ');
const pid = Number(children.at(-1));
const ticks = () => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
};
const memory = name =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

/** Types a key and waits for the frame after it. */
async function press(key) {
  const before = frames;
  const at = performance.now();
  terminal.stdin.write(key);
  const shown = await until(() => frames > before, 2000);
  await sleep(40);
  return shown === null ? 2000 : shown - at;
}

async function latencies(keys) {
  const found = [];
  const busy = ticks();
  for (const key of keys) found.push(await press(key));
  const cpu = ((ticks() - busy) * 10) / keys.length;
  found.sort((a, b) => a - b);
  const at = share => found[Math.min(found.length - 1, Math.floor(found.length * share))].toFixed(1);
  return `median ${at(0.5)} ms, 95th percentile ${at(0.95)} ms, longest ${at(1)} ms; ${cpu.toFixed(1)} ms of CPU a key (${found.length} keys)`;
}

const many = (keys, times) => Array.from({ length: times }, () => keys).flat();
say(`key to screen while loading:        ${await latencies(many(['j', 'j', 'k', 'G', 'g'], 20))}`);
// Everything under pressure has been read once: two requests a node, twenty a second.
const loaded = Math.max(0, (under * 2) / 20 - (performance.now() - started) / 1000 + 8);
await sleep(loaded * 1000);
say(`key to screen, under pressure:      ${await latencies(many(['j', 'j', 'k', 'G', 'g', '\t'], 25))}`);
say(
  `key to screen, all, sorts, filters: ${await latencies(['a', ...many(['j', 's', 'G', 'g', '/', '7', '\u001b'], 18)])}`,
);
terminal.stdin.write('a');
await sleep(3000);
const [busy, clock, drawn] = [ticks(), performance.now(), frames];
await sleep(30_000);
const spent = (ticks() - busy) / 100 / ((performance.now() - clock) / 1000);
say(`idle: ${(spent * 100).toFixed(1)} % of a core over 30 s, ${frames - drawn} frames`);
say(`memory: ${Math.round(memory('VmRSS'))} MB now, ${Math.round(memory('VmHWM'))} MB at most`);
const { requests } = await cluster.ask('stats');
say(`requests to the API server: ${requests ?? 'not told'}`);
terminal.stdin.write('q');
await new Promise(resolve => terminal.once('close', resolve));
await cluster.close();
rmSync(folder, { recursive: true });
