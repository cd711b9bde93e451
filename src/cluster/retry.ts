/** A request is sent at most this many times more. */
export const MAX_RETRIES = 5;
/** No wait is longer, whatever the server asks, in milliseconds. */
export const MAX_WAIT_MS = 30_000;
const FIRST_BACK_OFF_MS = 250;
const MAX_BACK_OFF_MS = 10_000;

/**
 * Seconds from a `Retry-After` header, in either of its forms; undefined when absent or malformed, 0 for a date that has passed.
 *
 * @param now milliseconds since the epoch, for the form with a date
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  const date = /^[A-Za-z]{3}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

/**
 * How long to wait before the next attempt, in milliseconds: what the server asks (spread by up to a fifth, so that many waiting
 * requests do not come back at once), else exponential back-off with jitter; at most 30 s.
 *
 * @param retry 0 for the first repetition
 * @param random 0 to 1
 */
export function retryDelay(retry: number, retryAfterSeconds: number | undefined, random: number): number {
  if (retryAfterSeconds !== undefined) return Math.min(MAX_WAIT_MS, retryAfterSeconds * 1000 * (1 + random / 5));
  return Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** retry) * (0.5 + random / 2);
}
