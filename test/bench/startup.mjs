// npm run bench:startup: the built plugin against kubectl, pair by pair, on the same simulated cluster of three nodes.
// The figure to read is the ratio; absolute times are this machine's.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pairs, serve } from './lib.mjs';

if (spawnSync('kubectl', ['version', '--client']).error) {
  process.stdout.write('SKIPPED: bench:startup needs kubectl on PATH\n');
  process.exit(0);
}
const bin = fileURLToPath(new URL('../../dist/bin', import.meta.url));
const rounds = Number(process.env.ROUNDS ?? 15);
const dir = mkdtempSync(join(tmpdir(), 'evict-bench-'));
const cluster = await serve('healthy');
try {
  const kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, cluster.kubeconfigs.admin);
  const env = { ...process.env, PATH: [bin, process.env.PATH].join(delimiter), KUBECONFIG: kubeconfig };
  const cases = [
    ['--help', ['kubectl-evict', '--help'], ['kubectl', 'version', '--client']],
    ['--version', ['kubectl-evict', '--version'], ['kubectl', 'version', '--client']],
    ['status -o json', ['kubectl-evict', 'status', '-o', 'json'], ['kubectl', 'get', 'nodes']],
    ['status --all -o json', ['kubectl-evict', 'status', '--all', '-o', 'json'], ['kubectl', 'get', 'nodes']],
  ];
  process.stdout.write(`node ${process.version}, ${rounds} pairs each, medians\n`);
  for (const [name, ours, theirs] of cases) {
    const { wall, cpu } = pairs(ours, theirs, { rounds, env });
    const figure = ({ ours: a, theirs: b, ratio }) =>
      `${(a * 1000).toFixed(0)} / ${(b * 1000).toFixed(0)} ms = ${ratio.toFixed(2)}`;
    process.stdout.write(
      `${name.padEnd(22)} against ${theirs.join(' ').padEnd(24)} wall ${figure(wall)}   cpu ${figure(cpu)}\n`,
    );
  }
} finally {
  await cluster.close();
  rmSync(dir, { recursive: true });
}
