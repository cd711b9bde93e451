// Builds release/: an archive a platform with the executable, its completion launcher and the licences, and checksums.txt.
//   node scripts/release.mjs [--runtime bun|node] [--platform ID ...] [--out FOLDER]
// Exits 3 where a runtime could not be fetched. Without --platform the host's only; `all` is every platform that has the runtime. See docs/adr/0004 and krew/README.md.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { sha256 } from '../krew/manifest.mjs';
import { readPackage, root } from './bundle.mjs';
import { tarGz, zip } from './release/archive.mjs';
import { buildExecutable, bundleOneFile } from './release/executable.mjs';
import { executableFaults } from './release/format.mjs';
import { bundledLicences, licenceFile } from './release/licences.mjs';
import { archiveName, executableName, hostPlatform, PLATFORMS } from './release/platforms.mjs';
import { runtimeLicence, UnreachableError } from './release/runtime.mjs';

const { values: options } = parseArgs({
  options: {
    runtime: { type: 'string', default: 'bun' },
    platform: { type: 'string', multiple: true, default: [hostPlatform()] },
    out: { type: 'string', default: join(root, 'release') },
  },
});
const { runtime } = options;
if (runtime !== 'bun' && runtime !== 'node') throw new Error(`--runtime is bun or node, not ${runtime}`);
const ids = options.platform.includes('all')
  ? Object.keys(PLATFORMS).filter(id => PLATFORMS[id][runtime] !== undefined)
  : options.platform;
const unknown = ids.find(id => !Object.hasOwn(PLATFORMS, id));
if (unknown !== undefined) throw new Error(`no such platform: ${unknown} (${Object.keys(PLATFORMS).join(', ')}, all)`);

/** Told apart, so that a check without a registry can go on without the executable. */
const EXIT_UNREACHABLE = 3;
const out = resolve(options.out);
const version = `v${(await readPackage()).version}`;
const scratch = mkdtempSync(join(tmpdir(), 'kubectl-evict-release-'));
try {
  const main = join(scratch, 'kubectl-evict.mjs');
  const { metafile } = await bundleOneFile(main);
  const libraries = bundledLicences(metafile);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const sums = [];
  for (const id of ids) {
    const started = performance.now();
    const executable = buildExecutable(runtime, id, main);
    const faults = executableFaults(executable, PLATFORMS[id].format);
    if (faults.length > 0) throw new Error(`${id}: ${faults.join('; ')}`);
    const isWindows = PLATFORMS[id].krew.os === 'windows';
    const launcher = isWindows ? 'kubectl_complete-evict.cmd' : 'kubectl_complete-evict';
    const entries = [
      ['LICENSE', 0o644, readFileSync(join(root, 'LICENSE'))],
      ['THIRD-PARTY-LICENSES.txt', 0o644, Buffer.from(licenceFile(runtimeLicence(runtime, id), libraries))],
      [executableName(id), 0o755, executable],
      [launcher, 0o755, readFileSync(join(root, 'scripts', launcher))],
    ];
    const archive = isWindows ? zip(entries) : tarGz(entries);
    const name = archiveName(version, id);
    writeFileSync(join(out, name), archive);
    sums.push([sha256(archive), name]);
    // Ready to be put on PATH, for tests and for whoever built it.
    if (id === hostPlatform()) {
      mkdirSync(join(out, 'bin'));
      for (const [file, mode, bytes] of entries.slice(2)) writeFileSync(join(out, 'bin', file), bytes, { mode });
    }
    const mib = bytes => `${(bytes.length / 2 ** 20).toFixed(1)} MiB`;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`${name}  ${mib(archive)}, unpacked ${mib(executable)}, ${seconds} s\n`);
  }
  writeFileSync(join(out, 'checksums.txt'), sums.map(([sum, name]) => `${sum}  ${name}\n`).join(''));
  writeFileSync(join(out, 'runtime'), `${runtime}\n`);
} catch (error) {
  if (!(error instanceof UnreachableError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = EXIT_UNREACHABLE;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
