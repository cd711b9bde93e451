import { describe, expect, test } from 'vitest';
import { parsed, quoteText, refused } from '../../src/eviction/parsed.ts';

describe('parsed results', () => {
  test('carry the value or the sentence', () => {
    expect(parsed(3)).toEqual({ ok: true, value: 3 });
    expect(refused('no')).toEqual({ ok: false, error: 'no' });
  });

  test.each([
    ['a', '"a"'],
    ['a"\n\u001b[31m', '"a\\"\\n\\u001b[31m"'],
    ['x'.repeat(1_000_000), `"${'x'.repeat(80)}…"`],
  ])('quoted text is escaped and short (%#)', (text, quoted) => {
    expect(quoteText(text)).toBe(quoted);
  });
});
