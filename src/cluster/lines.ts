import { ClusterError } from '../errors.ts';

/**
 * The lines of a stream of UTF-8 bytes, without their ends; empty ones are left out, and so is what follows the last line end:
 * a line is whole only with its end.
 *
 * @throws ClusterError `too-large` for a line of more than `maxBytes`; whatever the stream throws
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  maxBytes: number,
  what: string,
): AsyncGenerator<string, void, undefined> {
  const NEWLINE = 10;
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...pending, chunk.subarray(start, end)]).toString('utf8');
      pending = [];
      size = 0;
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > maxBytes) {
      throw new ClusterError('too-large', `cannot ${what}: one line of the answer is larger than ${maxBytes} bytes`);
    }
  }
}
