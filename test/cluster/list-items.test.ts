import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseListItems } from '../../src/cluster/list-items.ts';
import { fixtureText } from '../support/fixtures.ts';
import { runs } from '../support/fuzz.ts';

const same = (item: unknown): unknown => item;

/** What `JSON.parse` makes of it, split the same way. */
function plainly(text: string): unknown {
  const list = JSON.parse(text) as { items: unknown[] };
  return { list: { ...list, items: [] }, items: list.items };
}

describe('the items of a list', () => {
  test.each([
    ['v1.20', 'pods-evicted.json'],
    ['v1.20', 'pods-page-1.json'],
    ['v1.20', 'events.json'],
    ['v1.36', 'pods-all.json'],
    ['v1.36', 'continue-inconsistent.json'],
  ] as const)('of %s %s', (version, file) => {
    const text = fixtureText(version, file);
    expect(parseListItems(text, same)).toEqual(plainly(text));
  });

  test('of any list, however it is printed', () => {
    const item = fc.dictionary(fc.string(), fc.jsonValue()).map(value => ({ ...value }));
    const list = fc.record({
      kind: fc.string(),
      metadata: fc.dictionary(fc.string(), fc.jsonValue()),
      items: fc.array(item),
    });
    fc.assert(
      fc.property(list, fc.constantFrom(undefined, 1, '\t'), fc.boolean(), (value, blank, isFirst) => {
        const { items, ...rest } = value;
        const ordered = isFirst ? { items, ...rest } : { ...rest, items };
        const text = JSON.stringify(ordered, null, blank);
        expect(parseListItems(text, same)).toEqual(plainly(text));
      }),
      { numRuns: runs(500) },
    );
  });

  test('each is translated', () => {
    expect(parseListItems('{"items":[{"a":1},{"a":2}]}', item => (item as { a: number }).a)?.items).toEqual([1, 2]);
  });
});

describe('what is no list', () => {
  test.each([
    '',
    '[]',
    '{}',
    '"items"',
    '{"items":null}',
    '{"items":{"a":{}}}',
    '{"items":[1]}',
    '{"items":[[{}]]}',
    '{"items":[{} {}]}',
    '{"items":[{},]}',
    '{"items":[,{}]}',
    '{"items":[{}',
    '{"kind":"items","x":[{}]}',
    '<html>{"items":',
  ])('%j is left to others', text => {
    expect(parseListItems(text, same)).toBeNull();
  });

  test.each(['{"items":[{]}', '{"items":[{"a":}]}', '{"items":[{}],"x":}', 'x{"items":[{}]}', '{"items":[{}]}}'])(
    '%j is an error',
    text => {
      expect(() => parseListItems(text, same)).toThrow(SyntaxError);
    },
  );

  test('a text that was cut is never read as a whole list', () => {
    const text = fixtureText('v1.20', 'pods-page-1.json');
    for (let length = 0; length < text.trimEnd().length; length += 13) {
      const read = (): unknown => parseListItems(text.slice(0, length), same);
      let result: unknown = null;
      try {
        result = read();
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
      expect(result).toBeNull();
    }
  });
});
