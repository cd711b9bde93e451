import { readFileSync } from 'node:fs';

/** A recorded answer of a real cluster, by version and file name. */
export function fixtureText(version: 'v1.20' | 'v1.36', name: string): string {
  return readFileSync(new URL(`../fixtures/${version}/${name}`, import.meta.url), 'utf8');
}

/** The same, parsed. */
export function fixture(version: 'v1.20' | 'v1.36', name: string): unknown {
  return JSON.parse(fixtureText(version, name));
}
