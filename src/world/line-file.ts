import { constants, type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { LineFile } from '../deps.ts';
import { EvictError } from '../errors.ts';
import { failed, syncFolder } from './disk.ts';

/** How much of the end of a file is read at a time, to find its last line. */
const BLOCK = 65_536;

/**
 * Opens a file of JSON lines for adding to it. New ones are made with mode 0600; an existing one is refused unless `append`, and
 * then must be a regular file of one's own with a JSON object as its last line. A last line without an end is the torn end of an
 * interrupted write, and cut off. A symbolic link is never followed.
 */
export async function openLines(path: string, options: { readonly append: boolean }): Promise<LineFile> {
  try {
    const file = await openSafely(path, options.append);
    try {
      const end = await checkedEnd(file, path);
      await syncFolder(dirname(path));
      return new Lines(file, path, end);
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    throw failed('cannot write', path, error);
  }
}

async function openSafely(path: string, append: boolean): Promise<FileHandle> {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
  // Windows has no O_NOFOLLOW; O_EXCL follows no link anywhere.
  const flags = O_RDWR | O_CREAT | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0);
  try {
    return await open(path, flags | O_EXCL, 0o600);
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!exists) throw error;
    if (append) return await open(path, flags & ~O_CREAT);
    throw new EvictError(`cannot write ${path}: it exists already`, {
      hint: 'choose another name, or add to it with --archive-append',
    });
  }
}

/** Where the next line goes: the end of the last whole line. What follows it is cut off. */
async function checkedEnd(file: FileHandle, path: string): Promise<number> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new EvictError(`cannot write ${path}: it is not a regular file`);
  if (stat.nlink > 1) throw new EvictError(`cannot write ${path}: it has another name, too (a hard link)`);
  const end = (await lastNewline(file, stat.size)) + 1;
  if (end > 0) {
    const start = (await lastNewline(file, end - 1)) + 1;
    const line = Buffer.alloc(end - 1 - start);
    await file.read(line, 0, line.length, start);
    if (!isObject(line.toString('utf8'))) {
      throw new EvictError(`cannot write ${path}: its last line is no JSON object, so it is no archive`, {
        hint: 'choose another name',
      });
    }
  } else if (stat.size > 0 && !(await beginsObject(file))) {
    throw new EvictError(`cannot write ${path}: it is no archive`, { hint: 'choose another name' });
  }
  if (end < stat.size) {
    await file.truncate(end);
    await file.sync();
  }
  return end;
}

/** The position of the last line feed before `before`; -1: there is none. */
async function lastNewline(file: FileHandle, before: number): Promise<number> {
  const block = Buffer.alloc(BLOCK);
  for (let end = before; end > 0; end -= BLOCK) {
    const start = Math.max(0, end - BLOCK);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const found = block.subarray(0, bytesRead).lastIndexOf(10);
    if (found >= 0) return start + found;
  }
  return -1;
}

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** A first line that was torn begins as an object does; anything else is somebody's text. */
async function beginsObject(file: FileHandle): Promise<boolean> {
  const first = Buffer.alloc(1);
  await file.read(first, 0, 1, 0);
  return first.toString('latin1') === '{';
}

class Lines implements LineFile {
  readonly #file: FileHandle;
  readonly #path: string;
  #end: number;
  #broken: unknown;

  constructor(file: FileHandle, path: string, end: number) {
    this.#file = file;
    this.#path = path;
    this.#end = end;
  }

  async append(lines: string): Promise<void> {
    // After half a batch nothing may follow: the file would hold a torn line in its middle.
    if (this.#broken !== undefined) throw this.#broken;
    try {
      const bytes = Buffer.from(lines, 'utf8');
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#end + done);
        done += bytesWritten;
      }
      await this.#file.datasync();
      this.#end += bytes.length;
    } catch (error) {
      this.#broken = failed('cannot write', this.#path, error);
      throw this.#broken;
    }
  }

  async close(): Promise<void> {
    try {
      await this.#file.close();
    } catch (error) {
      throw failed('cannot write', this.#path, error);
    }
  }
}
