import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unifiedDiff } from '../../src/output/unified-diff.ts';

const NAMES = { old: 'a', new: 'b' };

/** Applies a unified diff the way `patch` does: every context and removed line must be where the hunk says. */
function apply(before: string, diff: string): string {
  const lines = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const out: string[] = [];
  let at = 0;
  const rows = (diff.match(/[^\n]*\n/g) ?? []).slice(2);
  rows.forEach((row, i) => {
    const header = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@\n$/.exec(row);
    if (header !== null) {
      const start = header[2] === '0' ? Number(header[1]) : Number(header[1]) - 1;
      out.push(...lines.slice(at, start));
      at = start;
      return;
    }
    if (row.startsWith('\\')) return;
    const text = rows[i + 1]?.startsWith('\\') ? row.slice(1, -1) : row.slice(1);
    if (row.startsWith('+')) {
      out.push(text);
      return;
    }
    expect(lines[at]).toBe(text);
    if (row.startsWith(' ')) out.push(text);
    at += 1;
  });
  return [...out, ...lines.slice(at)].join('');
}

describe('a unified diff', () => {
  test('of equal texts is empty', () => {
    expect(unifiedDiff('a\n', 'a\n', NAMES)).toBe('');
  });

  test('shows three lines of context', () => {
    const before = '1\n2\n3\n4\n5\n6\n7\n8\n9\n';
    expect(unifiedDiff(before, before.replace('5', 'x'), NAMES)).toBe(
      '--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n',
    );
  });

  test('of far changes has two hunks', () => {
    const before = Array.from({ length: 30 }, (_, i) => `${i}\n`).join('');
    const after = before.replace('3\n', 'x\n').replace('25\n', '');
    expect(unifiedDiff(before, after, NAMES).match(/^@@.*$/gm)).toEqual(['@@ -1,7 +1,7 @@', '@@ -23,7 +23,6 @@']);
  });

  test('tells a missing line feed at the end', () => {
    expect(unifiedDiff('a', 'a\n', NAMES)).toBe('--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n');
  });

  test('can be applied, for any two texts', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 }).map(l => l.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(apply(before, unifiedDiff(before, after, NAMES) || '--- a\n+++ b\n')).toBe(after);
      }),
      { numRuns: 3000 },
    );
  });

  test('of large and quite different texts ends', () => {
    const side = (c: string): string => Array.from({ length: 5000 }, (_, i) => `${c}${i}\n`).join('');
    const diff = unifiedDiff(side('a'), side('b'), NAMES);
    expect(diff.split('\n')).toHaveLength(10_004);
  });
});
