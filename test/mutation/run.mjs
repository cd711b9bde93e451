// Mutation testing: Stryker changes one thing at a time, and a test has to notice. `npm run mutation` takes the parts below,
// `npm run mutation -- src/eviction/rank.ts` files or patterns. A copy of the tree is changed, never the tree itself.
// Fails below 90 % and when a file is not found. README.md beside this says which survivors are expected.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Percent of mutants that have to be noticed. */
const GOAL = 90;

/** Grammar, merge, plan, rank; then the writers of units, env files and YAML. */
const PARTS = [
  'src/eviction/{quantity,duration,percentage,threshold,message}.ts',
  'src/eviction/{config,plan,rank}.ts',
  'src/kubelet/{systemd-words,unit,unit-patch,env-file,env-patch,flags}.ts',
  'src/kubelet/{yaml-tree,yaml-values,yaml-patch,edit,mapped-text}.ts',
];

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const tools = join(root, 'tools/mutation');
const patterns = process.argv.length > 2 ? process.argv.slice(2) : PARTS;
for (const pattern of patterns) {
  if (globSync(pattern, { cwd: root }).length === 0) fail(`no file is called ${pattern}`);
}
if (!existsSync(join(tools, 'node_modules'))) {
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: tools, stdio: 'inherit' });
}

const copy = mkdtempSync(join(tmpdir(), 'evict-mutation-'));
try {
  process.exitCode = run();
} finally {
  rmSync(copy, { recursive: true });
}

/** @returns {number} the exit code */
function run() {
  for (const part of ['src', 'test', 'package.json', 'vitest.mutation.config.ts'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

  const report = join(copy, 'report.json');
  const config = {
    mutate: patterns,
    testRunner: 'vitest',
    plugins: [join(tools, 'node_modules/@stryker-mutator/vitest-runner/dist/src/index.js')],
    vitest: { configFile: 'vitest.mutation.config.ts', related: true },
    // TypeScript 7 has no programming interface that Stryker could rewrite a tsconfig with, and none is needed.
    tsconfigFile: 'none.json',
    inPlace: true,
    coverageAnalysis: 'perTest',
    ignoreStatic: true,
    timeoutMS: 10_000,
    concurrency: 2,
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: report },
    allowConsoleColors: false,
  };
  writeFileSync(join(copy, 'stryker.json'), JSON.stringify(config));
  const stryker = join(tools, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { status } = spawnSync(process.execPath, [stryker, 'run', 'stryker.json'], { cwd: copy, stdio: 'inherit' });
  if (status !== 0) return status ?? 1;
  return tell(JSON.parse(readFileSync(report, 'utf8')));
}

/**
 * Prints each survivor, and a line a file.
 *
 * @param {{ files: Record<string, { source: string, mutants: { status: string, mutatorName: string, replacement?: string, location: { start: { line: number } } }[] }> }} report
 * @returns {number} the exit code
 */
function tell({ files }) {
  const lines = [];
  const sum = { noticed: 0, all: 0 };
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const counted = mutants.filter(({ status }) => ['Killed', 'Timeout', 'Survived', 'NoCoverage'].includes(status));
    const noticed = counted.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
    for (const { status, location, mutatorName, replacement = '' } of counted) {
      if (status !== 'Survived' && status !== 'NoCoverage') continue;
      const { line } = location.start;
      const text = source.split('\n')[line - 1]?.trim() ?? '';
      const change = replacement.replace(/\s+/g, ' ').slice(0, 60);
      print(
        `${status === 'Survived' ? 'survived' : 'not run '} ${file}:${line} ${mutatorName}: ${change}   in: ${text}`,
      );
    }
    sum.noticed += noticed;
    sum.all += counted.length;
    lines.push(`${file.padEnd(40)} ${rate(noticed, counted.length)}`);
  }
  print(`\n${lines.join('\n')}\n${'all'.padEnd(40)} ${rate(sum.noticed, sum.all)}, goal ${GOAL} %`);
  if (sum.all === 0) return 1;
  return (100 * sum.noticed) / sum.all >= GOAL ? 0 : 1;
}

function rate(noticed, all) {
  const percent = all === 0 ? '-' : ((100 * noticed) / all).toFixed(1);
  return `${String(noticed).padStart(5)} of ${String(all).padStart(5)} noticed  ${percent} %`;
}

function print(text) {
  process.stdout.write(`${text}\n`);
}

function fail(text) {
  process.stderr.write(`error: ${text}\n`);
  process.exit(1);
}
