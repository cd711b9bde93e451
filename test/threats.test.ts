import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

// SECURITY.md names the tests that hold each threat off: they have to be there.

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');
const table = /<!-- begin threats -->\n([\s\S]*?)<!-- end threats -->/.exec(text)?.[1] ?? '';
const rows = table
  .split('\n')
  .slice(2)
  .filter(row => row !== '');

interface Named {
  readonly file: string;
  readonly title: string;
}

/** The tests in the last cell of a row. */
function testsOf(row: string): readonly Named[] {
  const cell = row.split(' | ').at(-1) ?? '';
  return [...cell.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)].map(([, file = '', title = '']) => ({ file, title }));
}

/** Whether a file has a test, a group or a row of a table with that in its title. */
function has({ file, title }: Named): boolean {
  const path = join(ROOT, file);
  if (!existsSync(path)) return false;
  const quoted = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`['"\`/][^'"\`\\n]*${quoted}[^'"\`\\n]*['"\`/]`).test(readFileSync(path, 'utf8'));
}

describe('the threat model', () => {
  test('has rows of three cells, each with a test', () => {
    expect(rows.length).toBeGreaterThan(12);
    for (const row of rows) {
      expect(row.split(' | '), row).toHaveLength(3);
      expect(testsOf(row).length, row).toBeGreaterThan(0);
      // Everything in the last cell is a test: none is left unread for a slip in its spelling.
      expect(row.split(' | ').at(-1)?.split(';'), row).toHaveLength(testsOf(row).length);
    }
  });

  test.each(rows.flatMap(testsOf))('$file: $title', named => {
    expect(has(named)).toBe(true);
  });

  test('finds no test that is not there', () => {
    expect(has({ file: 'test/threats.test.ts', title: 'finds no test that is not there' })).toBe(true);
    expect(has({ file: 'test/threats.test.ts', title: `of ${'something'} else` })).toBe(false);
    expect(has({ file: 'test/no-such.test.ts', title: 'finds' })).toBe(false);
  });
});
