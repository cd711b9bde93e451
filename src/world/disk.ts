import { constants, open } from 'node:fs/promises';
import { EvictError } from '../errors.ts';

/** A new name is on disk only when its folder is; some systems cannot sync folders, and need not. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The data itself is safe.
  }
}

const REASONS: Readonly<Record<string, readonly [why: string, hint: string | undefined]>> = {
  EEXIST: ['it exists already', 'choose another name: an existing file is never overwritten'],
  ENOENT: ['no such file or folder', undefined],
  EACCES: ['no permission', undefined],
  EROFS: ['the file system is read-only', undefined],
  ENOSPC: ['the disk is full', 'free some space, or choose another place'],
  EISDIR: ['it is a folder', undefined],
  ELOOP: ['it is a symbolic link', undefined],
};

/** An error of the file system as one that names the file, why, and what to try; an EvictError stays as it is. */
export function failed(what: string, path: string, error: unknown): Error {
  if (error instanceof EvictError || !(error instanceof Error)) return error as Error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const [why, hint] = REASONS[code] ?? [error.message, undefined];
  return new EvictError(`${what} ${path}: ${why}`, { hint, cause: error });
}
