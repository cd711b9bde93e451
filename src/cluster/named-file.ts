import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { ClusterError } from '../errors.ts';
import { configError } from './kubeconfig.ts';
import { codeOf } from './own.ts';

/** Certificates, keys and tokens above this size are refused, in bytes: a whole system's bundle of authorities is a quarter of it. */
export const MAX_NAMED_FILE_BYTES = 1024 * 1024;

/**
 * Reads a file that a kubeconfig or a flag names (a certificate, a key, a token). Only a regular file is read, and only up to
 * 1 MiB: a pipe would never end, and a device may never.
 *
 * @param what in words: "client key"
 * @throws ClusterError `config` that names the file
 */
export async function readNamedFile(path: string, what: string): Promise<Buffer> {
  let file: FileHandle;
  try {
    // Opening a pipe that nobody writes to would wait for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw unusable(path, what, `cannot be read: ${codeOf(error) || 'unknown error'}`);
  }
  try {
    if (!(await file.stat()).isFile()) throw unusable(path, what, 'is not a regular file');
    const bytes = await readAtMost(file, MAX_NAMED_FILE_BYTES + 1);
    if (bytes.length > MAX_NAMED_FILE_BYTES) throw unusable(path, what, 'is larger than 1 MiB');
    return bytes;
  } finally {
    await file.close();
  }
}

/** The size that the file system tells is not asked: a file of /proc has none, and any may grow meanwhile. */
async function readAtMost(file: FileHandle, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let left = most;
  while (left > 0) {
    const buffer = Buffer.alloc(Math.min(left, 64 * 1024));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    left -= bytesRead;
  }
  return Buffer.concat(chunks);
}

function unusable(path: string, what: string, why: string): ClusterError {
  return configError(`the ${what} file ${path} ${why}`, 'check that it exists and its permissions');
}
