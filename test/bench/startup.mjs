// npm run bench:startup: the program against kubectl, pair by pair, on the same cluster: the one of EVICT_E2E_KUBECONFIG, else a
// simulated one. Every form that is there is measured: dist/ (chunks on this Node), build/ (npm run build:binary), and what
// EVICT_FORMS names as NAME=FOLDER,... The figure to read is the ratio; absolute times are this machine's.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { pairs, serve } from './lib.mjs';

if (spawnSync('kubectl', ['version', '--client']).error) {
  process.stdout.write('SKIPPED: bench:startup needs kubectl on PATH\n');
  process.exit(0);
}
const root = fileURLToPath(new URL('../..', import.meta.url));
const rounds = Number(process.env.ROUNDS ?? 15);
const forms = [
  ['dist', join(root, 'dist', 'bin')],
  ['build', join(root, 'build', 'bin')],
  ...(process.env.EVICT_FORMS ?? '').split(',').flatMap(form => (form === '' ? [] : [form.split('=')])),
].filter(([, folder]) => existsSync(join(folder, 'kubectl-evict')));

const VERSION = ['kubectl', 'version', '--client'];
const NODES = ['kubectl', 'get', 'nodes'];
const CASES = [
  [['--help'], VERSION],
  [['--version'], VERSION],
  [['status', '-o', 'json'], NODES],
  [['status', '--all', '-o', 'json'], NODES],
];

const mib = bytes => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Unpacked and packed size of a program, or of the chunks beside it. */
function sizeOf(folder) {
  const program = realpathSync(join(folder, 'kubectl-evict'));
  const chunks = join(program, '..', 'chunks');
  const files = [program, ...(existsSync(chunks) ? readdirSync(chunks).map(name => join(chunks, name)) : [])];
  const all = Buffer.concat(files.map(file => readFileSync(file)));
  return `${mib(all.length)}, as .gz ${mib(gzipSync(all, { level: 6 }).length)}`;
}

const dir = mkdtempSync(join(tmpdir(), 'evict-bench-'));
const real = process.env.EVICT_E2E_KUBECONFIG;
const cluster = real ? null : await serve('healthy');
try {
  const kubeconfig = real ?? join(dir, 'kubeconfig');
  if (cluster !== null) writeFileSync(kubeconfig, cluster.kubeconfigs.admin);
  // Reading a file of further authorities is a cost that kubectl does not have.
  const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env;
  const kubectl = realpathSync(spawnSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).stdout.trim());
  process.stdout.write(`${real ? 'real' : 'simulated'} cluster, ${rounds} pairs each, medians\n`);
  process.stdout.write(
    `kubectl is ${mib(statSync(kubectl).size)}, as .gz ${mib(gzipSync(readFileSync(kubectl)).length)}\n`,
  );
  for (const [form, folder] of forms) {
    const env = { ...rest, PATH: [folder, process.env.PATH].join(delimiter), KUBECONFIG: kubeconfig };
    process.stdout.write(`${form}: ${sizeOf(folder)}\n`);
    for (const [args, theirs] of CASES) {
      const { wall, cpu } = pairs([join(folder, 'kubectl-evict'), ...args], theirs, { rounds, env });
      const figure = ({ ours: a, theirs: b, ratio }) =>
        `${(a * 1000).toFixed(0)} / ${(b * 1000).toFixed(0)} ms = ${ratio.toFixed(2)}`;
      process.stdout.write(
        `  ${args.join(' ').padEnd(21)} against ${theirs.join(' ').padEnd(24)} wall ${figure(wall)}   cpu ${figure(cpu)}\n`,
      );
    }
  }
} finally {
  await cluster?.close();
  rmSync(dir, { recursive: true });
}
