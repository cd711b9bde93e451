import type { Instant } from '../eviction/node.ts';

/**
 * Readers for JSON from a cluster: own properties only, nothing assumed. A value of the wrong type is an absent one.
 */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value if it is an object (no array), else an empty one. */
export function objectAt(value: unknown, ...path: readonly string[]): JsonObject {
  const found = at(value, path);
  return isObject(found) ? found : {};
}

/** The elements of an array, else nothing. */
export function arrayAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

/** A string, else the empty one. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = at(value, path);
  return typeof found === 'string' ? found : '';
}

/** A finite number that is not negative, else null. */
export function amountAt(value: unknown, ...path: readonly string[]): number | null {
  const found = at(value, path);
  return typeof found === 'number' && Number.isFinite(found) && found >= 0 ? found : null;
}

/** True only for a literal `true`. */
export function flagAt(value: unknown, ...path: readonly string[]): boolean {
  return at(value, path) === true;
}

/** A timestamp (RFC 3339, with or without fractions) in milliseconds since the epoch, else null. */
export function timeAt(value: unknown, ...path: readonly string[]): Instant | null {
  const text = textAt(value, ...path);
  if (text === '' || text.length > 64) return null;
  const time = Date.parse(text);
  // Go's zero time stands for "not set".
  return Number.isNaN(time) || text.startsWith('0001-01-01') ? null : time;
}

/** The string entries of a map, else none. */
export function textMapAt(value: unknown, ...path: readonly string[]): ReadonlyMap<string, string> {
  const entries = Object.entries(objectAt(value, ...path));
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function at(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!isObject(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
