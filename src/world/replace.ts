import { randomBytes } from 'node:crypto';
import { constants, copyFile, type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EvictError } from '../errors.ts';
import { failed, syncFolder } from './disk.ts';

/** See `Files.replace`. At every moment the path leads to the old file or to the new one, each whole. */
export async function replace(path: string, before: Uint8Array, content: string): Promise<string> {
  const folder = dirname(path);
  const scratch = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const old = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      await checkUnchanged(old, path, before);
      try {
        await writeLike(old, scratch, content);
        const kept = await keepOld(path);
        await rename(scratch, path);
        await syncFolder(folder);
        return kept;
      } finally {
        await rm(scratch, { force: true });
      }
    } finally {
      await old.close();
    }
  } catch (error) {
    throw failed('cannot write', path, error);
  }
}

async function checkUnchanged(file: FileHandle, path: string, before: Uint8Array): Promise<void> {
  if (!(await file.stat()).isFile()) throw new EvictError(`${path} is not a regular file`);
  if (!(await file.readFile()).equals(before)) {
    throw new EvictError(`${path} was changed by somebody else meanwhile, and is left alone`, { hint: 'run it again' });
  }
}

/** The new content in a file with the owner and mode of the old one, on disk. */
async function writeLike(old: FileHandle, scratch: string, content: string): Promise<void> {
  const { mode, uid, gid } = await old.stat();
  const file = await open(scratch, 'wx', 0o600);
  try {
    await file.writeFile(content);
    const own = await file.stat();
    if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid);
    await file.chmod(mode & 0o7777);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives the old file a second name that nobody has yet. */
async function keepOld(path: string): Promise<string> {
  for (let i = 0; ; i += 1) {
    const name = i === 0 ? `${path}.bak` : `${path}.bak.${i}`;
    try {
      await linkOrCopy(path, name);
      return name;
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST' || i >= 999) throw error;
    }
  }
}

async function linkOrCopy(path: string, name: string): Promise<void> {
  try {
    await link(path, name);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    // Some file systems know no links; whoever may not link foreign files may still copy them.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EMLINK') throw error;
    if ((await lstat(path)).isSymbolicLink()) throw error;
    await copyFile(path, name, constants.COPYFILE_EXCL);
  }
}
