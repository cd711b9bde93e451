import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CancelledError } from '../errors.ts';

/** The next line of an input, without its end; null when the input ends. Rejects with a CancelledError when the signal fires first. */
export function readLine(input: Readable, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new CancelledError());
      return;
    }
    const lines = createInterface({ input, terminal: false });
    const onAbort = (): void => {
      reject(new CancelledError());
      lines.close();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    lines.once('line', line => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      // Nothing more is wanted: an open input would keep the program from ending.
      input.pause();
      resolve(null);
    });
  });
}
