import { randomBytes } from 'node:crypto';
import { constants, lstat, mkdir, open, readdir, unlink } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import type { Demos } from '../deps.ts';

/** A kubeconfig of a demo has some 2 KiB. */
const MOST_BYTES = 65_536;
/** Nobody starts more, and leftovers of killed ones are removed when they are found. */
const MOST_FILES = 50;
/** Loopback answers at once, or the process behind it is busy. */
const PROBE_MS = 3000;

const NAME = /^demo-[0-9a-f]{16}\.kubeconfig$/;

/**
 * The demos of this user on this machine. Each leaves its kubeconfig in a folder that only the user can enter: in
 * `$XDG_RUNTIME_DIR`, else beside the temporary files. What anybody else could have put there is not looked at.
 */
export function openDemos(env: Readonly<Record<string, string | undefined>>): Demos {
  const user = whoami();
  const runtime = env['XDG_RUNTIME_DIR'] ?? '';
  const folders = (): readonly string[] => {
    if (user === null) return [];
    const own = join(tmpdir(), `kubectl-evict-${user.username.replaceAll(/[^\w-]/g, '_')}`);
    return isAbsolute(runtime) ? [join(runtime, 'kubectl-evict'), own] : [own];
  };
  return {
    announce: async kubeconfig => {
      for (const folder of folders()) {
        const file = await leave(folder, kubeconfig);
        if (file !== null) return { file, withdraw: () => remove(file) };
      }
      return { file: null, withdraw: async () => {} };
    },
    running: async () => {
      const found: string[] = [];
      for (const folder of folders()) {
        for (const file of await candidates(folder)) {
          const state = await probe(file);
          if (state === 'running') found.push(file);
          // Its process was killed before it could tidy up.
          else if (state === 'gone') await remove(file);
        }
      }
      return found;
    },
  };
}

/** Null: the system has no entry for the user, as in some containers; then nobody can say what is the user's own. */
function whoami(): { readonly uid: number; readonly username: string } | null {
  try {
    return userInfo();
  } catch {
    return null;
  }
}

/** Writes the file into the folder, made if need be; null: there is no such folder that only the user can enter. */
async function leave(folder: string, kubeconfig: string): Promise<string | null> {
  try {
    await mkdir(folder, { mode: 0o700 }).catch(() => {});
    if (!(await isPrivate(folder, 'folder'))) return null;
    const file = join(folder, `demo-${randomBytes(8).toString('hex')}.kubeconfig`);
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(kubeconfig);
    } finally {
      await handle.close();
    }
    return file;
  } catch {
    // A convenience: without a place for it the demo works as well.
    return null;
  }
}

async function remove(file: string): Promise<void> {
  await unlink(file).catch(() => {});
}

async function candidates(folder: string): Promise<readonly string[]> {
  try {
    if (!(await isPrivate(folder, 'folder'))) return [];
    const names = (await readdir(folder)).filter(name => NAME.test(name)).toSorted();
    return names.slice(0, MOST_FILES).map(name => join(folder, name));
  } catch {
    return [];
  }
}

/** Not a symbolic link, the user's own, and closed to everybody else. */
async function isPrivate(path: string, kind: 'file' | 'folder'): Promise<boolean> {
  const stat = await lstat(path);
  if (kind === 'folder' ? !stat.isDirectory() : !stat.isFile()) return false;
  const uid = whoami()?.uid ?? Number.NaN;
  // Windows has neither owners of this kind nor modes; its temporary files are the user's own.
  return uid < 0 || (stat.uid === uid && (stat.mode & 0o077) === 0);
}

interface Address {
  readonly port: number;
  /** PEM. */
  readonly authority: string;
}

/** `running`: its server answers, with its own certificate; `gone`: nobody does, or somebody else; `unclear`: no file of ours. */
async function probe(file: string): Promise<'running' | 'gone' | 'unclear'> {
  try {
    if (!(await isPrivate(file, 'file'))) return 'unclear';
    const address = addressIn(await readSmall(file));
    return address === null ? 'unclear' : await answers(address);
  } catch {
    return 'unclear';
  }
}

async function readSmall(file: string): Promise<string> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const buffer = Buffer.alloc(MOST_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, MOST_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Where the demo of a kubeconfig listens; null: it is none that a demo wrote. */
function addressIn(text: string): Address | null {
  const config: unknown = JSON.parse(text);
  const server = textAt(config, 'clusters', 0, 'cluster', 'server');
  const authority = textAt(config, 'clusters', 0, 'cluster', 'certificate-authority-data');
  const port = Number(/^https:\/\/127\.0\.0\.1:(\d{1,5})$/.exec(server)?.[1]);
  if (!Number.isInteger(port) || authority === '') return null;
  return { port, authority: Buffer.from(authority, 'base64').toString('utf8') };
}

function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return '';
    at = (at as Record<string | number, unknown>)[key];
  }
  return typeof at === 'string' ? at : '';
}

function answers({ port, authority }: Address): Promise<'running' | 'gone' | 'unclear'> {
  return new Promise(resolve => {
    const socket = connectTls({ host: '127.0.0.1', port, ca: authority });
    const end = (state: 'running' | 'gone' | 'unclear'): void => {
      socket.destroy();
      resolve(state);
    };
    socket.setTimeout(PROBE_MS, () => end('unclear'));
    socket.once('secureConnect', () => end('running'));
    // Out of files, cut off in the middle, ...: that says nothing about the demo.
    socket.once('error', error => end(isAbsence(error) ? 'gone' : 'unclear'));
  });
}

/** Nobody listens there any more, or somebody else does. */
function isAbsence(error: Error): boolean {
  const code = 'code' in error ? String(error.code) : '';
  return code === 'ECONNREFUSED' || /CERT|SIGNATURE|SELF_SIGNED|WRONG_VERSION|EPROTO|UNABLE_TO/.test(code);
}
