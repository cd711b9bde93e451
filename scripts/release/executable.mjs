// One executable from the one-file bundle: Bun's --compile, or Node's single executable application. See docs/adr/0004.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../bundle.mjs';
import { isMachO, sign, signatureOf } from './macho.mjs';
import { executableName, hostPlatform, PLATFORMS, VERSIONS } from './platforms.mjs';
import { hostBun, runtimeProgram } from './runtime.mjs';

/** What the bundle is called inside an executable. */
const MAIN = 'main.mjs';

/** Bundles the program into one file. Returns esbuild's result. */
export function bundleOneFile(outfile) {
  return bundle({
    outfile,
    entryPoints: ['src/cli.ts'],
    // Both runtimes are newer than anything the bundle may have to be lowered for.
    target: 'es2024',
    define: { SELF_CONTAINED: 'true' },
  });
}

/**
 * Environment variables that turn Bun's executables into something else: into the bun command itself, or one that loads a file
 * before the program. Somebody may have set them for work with Bun; kubectl-evict must not notice.
 */
const BUN_SWITCHES = ['BUN_BE_BUN', 'BUN_OPTIONS'];

/** Bun with other names for these variables, which no shell can set. @throws Error when it knows one of them no more */
export function withoutSwitches(bytes) {
  const copy = Buffer.from(bytes);
  for (const name of BUN_SWITCHES) {
    let at = copy.indexOf(name);
    if (at < 0) throw new Error(`this Bun does not know ${name}: see whether it has another name now`);
    for (; at >= 0; at = copy.indexOf(name, at + 1)) copy[at + 'BUN_'.length] = 1;
  }
  return copy;
}

function compileWithBun(id, main, out, scratch) {
  const runtime = join(scratch, 'runtime');
  writeFileSync(runtime, withoutSwitches(readFileSync(runtimeProgram('bun', id))), { mode: 0o755 });
  const [os, arch] = id.split('-');
  execFileSync(
    hostBun(),
    [
      'build',
      main,
      '--compile',
      '--bytecode',
      '--format=esm',
      '--minify-syntax',
      `--target=bun-${os}-${arch}`,
      `--compile-executable-path=${runtime}`,
      // Files in the folder where the user happens to be are none of our business.
      '--no-compile-autoload-dotenv',
      '--no-compile-autoload-bunfig',
      // Code is compiled after this many times as many rounds as usual: src/cli.ts sets it back for what runs longer.
      '--compile-jit-policy=20',
      `--outfile=${out}`,
    ],
    { cwd: scratch, stdio: ['ignore', 'ignore', 'inherit'] },
  );
}

function compileWithNode(id, main, out, scratch) {
  if (process.versions.node !== VERSIONS.node) throw new Error(`build with Node ${VERSIONS.node}, as npm scripts do`);
  const runtime = join(scratch, 'runtime');
  copyFileSync(runtimeProgram('node', id), runtime);
  const isHost = id === hostPlatform();
  // Symbols are a fifth of it. Tools for other systems' files are not everywhere.
  if (isHost && process.platform === 'linux') spawnSync('strip', [runtime], { stdio: 'ignore' });
  const config = {
    main,
    mainFormat: 'module',
    output: out,
    executable: runtime,
    disableExperimentalSEAWarning: true,
    // Code that was compiled here runs only on the same kind of processor.
    useCodeCache: isHost,
    // NODE_OPTIONS is for those who run Node, not for those who run kubectl.
    execArgvExtension: 'none',
  };
  writeFileSync(join(scratch, 'sea.json'), JSON.stringify(config));
  execFileSync(process.execPath, ['--build-sea', 'sea.json'], { cwd: scratch, stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * Builds the executable of a platform from a one-file bundle.
 * @returns its bytes; a Mach-O is signed ad hoc
 * @throws Error when that runtime does not exist for the platform
 */
export function buildExecutable(runtime, id, main) {
  const scratch = mkdtempSync(join(tmpdir(), 'kubectl-evict-build-'));
  try {
    const out = join(scratch, executableName(id));
    const compile = runtime === 'bun' ? compileWithBun : compileWithNode;
    // By a name that is the same each time: paths find their way into what is compiled.
    copyFileSync(main, join(scratch, MAIN));
    compile(id, MAIN, out, scratch);
    chmodSync(out, 0o755);
    const bytes = readFileSync(out);
    return PLATFORMS[id].format.kind === 'Mach-O' && !isSigned(bytes) ? sign(bytes, 'kubectl-evict') : bytes;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function isSigned(bytes) {
  if (!isMachO(bytes)) return false;
  const signature = signatureOf(bytes);
  return signature?.coversAll === true && signature.bad === 0;
}
