import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, link, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Files } from '../deps.ts';
import { EvictError } from '../errors.ts';
import { failed, syncFolder } from './disk.ts';
import { openLines } from './line-file.ts';
import { replace } from './replace.ts';

/** The user's files on disk. */
export const realFiles: Files = { read, create, replace, openLines };

async function read(path: string, most: number): Promise<Uint8Array> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size } = await regular(file, path);
      if (size > most) throw new EvictError(`${path} is too large: ${size} bytes, at most ${most} are read`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw failed('cannot read', path, error);
  }
}

async function regular(file: FileHandle, path: string): Promise<{ readonly size: number }> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new EvictError(`${path} is not a regular file`);
  return stat;
}

async function create(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  const scratch = join(folder, `.kubectl-evict.${randomBytes(8).toString('hex')}`);
  try {
    const file = await open(scratch, 'wx', 0o600);
    try {
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      // A link is made whole or not at all, and never in place of anything, be it a symbolic link.
      await link(scratch, path);
    } finally {
      // On a full disk of all places nothing is left behind.
      await unlink(scratch);
    }
    await syncFolder(folder);
  } catch (error) {
    throw failed('cannot write', path, error);
  }
}
