import { loadAll, YAML11_SCHEMA } from 'js-yaml';
import { type Parsed, parsed, refused } from '../eviction/parsed.ts';
import { yamlError } from './yaml-tree.ts';

/** A decoded document: what a parser makes of it. */
export type YamlValue = unknown;

/** Decodes all documents of a text with the YAML 1.1 rules, which kubelet and kubectl follow. */
export function loadDocuments(text: string): Parsed<readonly YamlValue[]> {
  try {
    return parsed(loadAll(text, { schema: YAML11_SCHEMA, maxDepth: 60, maxAliases: 100, maxTotalMergeKeys: 1000 }));
  } catch (error) {
    return refused(yamlError(error));
  }
}

/** An own property of a decoded mapping. */
export function property(value: YamlValue, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Date) return undefined;
  return Object.hasOwn(value, key) ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

/** What lies at a path of keys and indices. */
export function valueAt(value: YamlValue, path: readonly (string | number)[]): unknown {
  let current: unknown = value;
  for (const step of path) {
    current = typeof step === 'number' ? (Array.isArray(current) ? current[step] : undefined) : property(current, step);
  }
  return current;
}

/** Whether two decoded values are equal, NaN and dates included; the order of keys does not count. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime());
  }
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length && a.every((v, i) => v === b[i]);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => deepEqual(item, b[i]));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(key => Object.hasOwn(b, key) && deepEqual(property(a, key), property(b, key)));
}

/** A copy of a decoded value in which the mapping at a path is replaced by what `change` makes of it. */
export function withMapAt(
  value: unknown,
  path: readonly (string | number)[],
  change: (map: ReadonlyMap<string, unknown>) => ReadonlyMap<string, unknown>,
): unknown {
  const [step, ...rest] = path;
  if (step === undefined) {
    const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
    return Object.fromEntries(change(new Map(entries)));
  }
  if (typeof step === 'number') {
    return Array.isArray(value) ? value.map((item, i) => (i === step ? withMapAt(item, rest, change) : item)) : value;
  }
  return withMapAt(value, [], map => new Map([...map, [step, withMapAt(map.get(step), rest, change)]]));
}
