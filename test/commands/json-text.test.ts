import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJsonText } from '../../src/commands/json-text.ts';
import { runs } from '../support/fuzz.ts';

const nested = (levels: number, open = '[', close = ']'): string => open.repeat(levels) + close.repeat(levels);

test.each([
  ['200 levels', nested(200), true],
  ['brackets in a string', JSON.stringify({ a: '['.repeat(500), 'b"[': '\\"{'.repeat(500) }), true],
  ['many at one level', `[${Array(500).fill('[]').join(',')}]`, true],
])('is read: %s', (_what, text) => {
  expect(parseJsonText(text)).toEqual({ ok: true, value: JSON.parse(text) });
});

test.each([
  ['201 levels', nested(201), /more than 200 levels deep/],
  ['201 levels of objects', nested(201, '{"a":', '}'), /more than 200 levels deep/],
  ['deep, and broken', '['.repeat(5_000_000), /more than 200 levels deep/],
  ['too many lists', `[${'[],'.repeat(8_000_001)}[]]`, /more than 16 million values/],
  ['too many numbers', `[${'0,'.repeat(16_000_001)}0]`, /more than 16 million values/],
  ['a string without end', '"\\', /not JSON/],
  ['nothing', '', /not JSON/],
])('is refused: %s', (_what, text, error) => {
  expect(parseJsonText(text)).toEqual({ ok: false, error: expect.stringMatching(error) });
});

test('says what JSON.parse says', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.tuple(fc.json(), fc.nat()).map(([t, n]) => t.slice(n % 7)),
      ),
      text => {
        let value: unknown;
        let isJson = true;
        try {
          value = JSON.parse(text);
        } catch {
          isJson = false;
        }
        expect(parseJsonText(text)).toEqual(isJson ? { ok: true, value } : { ok: false, error: 'it is not JSON' });
      },
    ),
    { numRuns: runs(1000) },
  );
});
