import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import { type ArchiveEntry, archiveEntry } from '../cluster/archive.ts';
import { CancelledError, EvictError } from '../errors.ts';
import { failed } from './disk.ts';

/** A pod is at most 1.5 MB in etcd; its events are more only in a storm. */
const MOST_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Reads an archive line by line, however long it is.
 *
 * @param path a file or a pipe; `-` is stdin
 * @throws EvictError when it cannot be read; CancelledError once the signal fires
 */
export async function* readArchive(
  path: string,
  stdin: Readable,
  signal: AbortSignal,
): AsyncGenerator<ArchiveEntry, void, undefined> {
  const name = path === '-' ? 'stdin' : path;
  const stream = addAbortSignal(signal, path === '-' ? stdin : createReadStream(path));
  let number = 0;
  try {
    for await (const { text, isWhole } of linesOf(stream, name)) {
      number += 1;
      if (text.trim() !== '') yield archiveEntry(text, number, isWhole);
    }
  } catch (error) {
    throw signal.aborted ? new CancelledError() : failed('cannot read', name, error);
  }
}

/** Split at line feeds only: JSON may hold every other character that some call a line end. */
async function* linesOf(
  stream: AsyncIterable<unknown>,
  name: string,
): AsyncGenerator<{ readonly text: string; readonly isWhole: boolean }, void, undefined> {
  let parts: Buffer[] = [];
  let size = 0;
  const add = (part: Buffer): void => {
    size += part.length;
    if (size > MOST_LINE_BYTES) throw new EvictError(`${name} has a line of more than 64 MiB: it is no archive`);
    parts.push(part);
  };
  const take = (): string => {
    const text = Buffer.concat(parts).toString('utf8');
    parts = [];
    size = 0;
    return text;
  };
  for await (const piece of stream) {
    const chunk = Buffer.isBuffer(piece) ? piece : Buffer.from(String(piece), 'utf8');
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      yield { text: take(), isWhole: true };
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (size > 0) yield { text: take(), isWhole: false };
}
