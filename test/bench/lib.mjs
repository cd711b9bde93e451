// Honest timing of whole processes: two commands in turn, pair by pair, so that a noisy machine hits both alike.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Starts serve.mjs; `ask` sends it a command and gives its answer. */
export async function serve(...args) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('serve.mjs', import.meta.url)), ...args.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => JSON.parse((await lines.next()).value);
  const greeting = await line();
  return {
    ...greeting,
    ask: async command => {
      child.stdin.write(`${command}\n`);
      return line();
    },
    close: () =>
      new Promise(resolve => {
        child.once('close', resolve);
        child.stdin.end();
      }),
  };
}

/** Runs a command once: seconds of wall clock and of CPU (user and system, children included). */
export function timed([program, ...args], env) {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1';
  const done = spawnSync('bash', ['-c', script, 'bash', program, ...args], { env, encoding: 'utf8' });
  // A program that fails at once is no fast one.
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${done.status}`);
  const [wall, user, system] = done.stderr.trim().split(/\s+/).slice(-3).map(Number);
  return { wall, cpu: user + system };
}

export const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Alternates two commands; medians of each, and of the ratio ours/theirs pair by pair. */
export function pairs(ours, theirs, { rounds = 15, env }) {
  timed(ours, env);
  timed(theirs, env);
  const runs = Array.from({ length: rounds }, () => [timed(ours, env), timed(theirs, env)]);
  const of = key => ({
    ours: median(runs.map(([a]) => a[key])),
    theirs: median(runs.map(([, b]) => b[key])),
    ratio: median(runs.map(([a, b]) => a[key] / b[key])),
  });
  return { wall: of('wall'), cpu: of('cpu') };
}
