import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { clean, cleanShort } from '../../src/output/clean.ts';
import { displayWidth, table } from '../../src/output/columns.ts';
import { toJson, toJsonLine, toYaml } from '../../src/output/documents.ts';
import { errorText } from '../../src/output/error-text.ts';
import { choosePaint, painted, unpainted } from '../../src/output/style.ts';

/** Everything a terminal may obey, or that changes the direction of text; the line feed apart. */
const HARMFUL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const nasty = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0, max: 0x20ff }).map(c => String.fromCharCode(c)),
    fc.constantFrom('\u001b[2J', '\u009b31m', '\u202e', '\ud800', '名', '👩‍👩‍👧'),
  ),
  maxLength: 40,
});

describe('clean', () => {
  test.each([
    ['\u001b[31mred\u001b[0m', '[31mred[0m'],
    ['a\r\nb\tc', 'a  b c'],
    ['\u0007\u0008\u007f\u0085\u009b31m', '31m'],
    ['user\u202egpj.exe', 'usergpj.exe'],
    ['\u2066a\u2069', 'a'],
    ['line\u2028sep', 'line sep'],
    ['half \ud83d', 'half \ufffd'],
    ['名前 é 👩‍👩‍👧', '名前 é 👩‍👩‍👧'],
    ['', ''],
  ])('%j', (text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  test('leaves nothing harmful in any text', () => {
    fc.assert(
      fc.property(nasty, text => {
        expect(clean(text)).not.toMatch(HARMFUL);
        expect(clean(text)).not.toContain('\n');
      }),
    );
  });

  test('cleanShort says where something is missing, and is quick with a megabyte', () => {
    expect(cleanShort('abcdef', 6)).toBe('abcdef');
    expect(cleanShort('abcdefg', 6)).toBe('abcde…');
    expect(cleanShort('x'.repeat(1_000_000), 10)).toBe('xxxxxxxxx…');
    expect(cleanShort('\u0007'.repeat(1000), 10)).toBe('…');
  });
});

describe('documents', () => {
  const document = {
    a: 'x\u202ey\u009b2J',
    'k\u2028': ['\u001b[31m', 'yes', '1e3', ''],
    n: null,
    'b\u007f': { c: 1.5 },
  };

  test('JSON and YAML hold the same, escaped', () => {
    for (const text of [toJson(document), toJsonLine(document), toYaml(document)]) expect(text).not.toMatch(HARMFUL);
    expect(JSON.parse(toJson(document))).toEqual(document);
    expect(toJsonLine(document).indexOf('\n')).toBe(toJsonLine(document).length - 1);
    expect(load(toYaml(document))).toEqual(document);
  });

  test('for any text, as key and as value', () => {
    fc.assert(
      fc.property(
        nasty.filter(t => t.isWellFormed()),
        text => {
          const both = { [`k${text}`]: text, list: [text, { deep: text }] };
          expect(toYaml(both)).not.toMatch(HARMFUL);
          expect(load(toYaml(both))).toEqual(both);
          expect(JSON.parse(toJson(both))).toEqual(both);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('texts that YAML would read as something else are quoted', () => {
    const tricky = {
      a: 'no',
      b: '0x10',
      c: '1:30',
      d: '~',
      e: 'null',
      f: '5%',
      g: '2026-11-23',
      h: '.5',
      i: '<<',
      j: '=',
    };
    expect(load(toYaml(tricky))).toEqual(tricky);
  });
});

describe('table', () => {
  const columns = [
    { header: 'NAME', text: (row: readonly string[]) => row[0] ?? '' },
    { header: 'N', text: (row: readonly string[]) => row[1] ?? '', align: 'right' as const },
    { header: 'LAST', text: (row: readonly string[]) => row[2] ?? '' },
  ];
  const rows = [
    ['a', '1', 'x'],
    ['a-long-name', '100', ''],
    ['名前', '7', 'y'],
  ];

  test('three blanks between columns, no blanks at the end, wide characters counted as two', () => {
    expect(table(columns, rows, { headers: true, paint: unpainted })).toBe(
      'NAME            N   LAST\n' + 'a               1   x\n' + 'a-long-name   100   -\n' + '名前            7   y\n',
    );
  });

  test('painting moves nothing', () => {
    const toned = columns.map(c => ({ ...c, tone: () => 'bad' as const }));
    const stripped = table(toned, rows, { headers: true, paint: painted }).replace(/\u001b\[[0-9;]*m/g, '');
    expect(stripped).toBe(table(columns, rows, { headers: true, paint: unpainted }));
  });

  test('cells are cleaned', () => {
    expect(table(columns, [['\u001b[2Jx\n', '$&', '']], { headers: false, paint: painted })).toBe('[2Jx    $&   -\n');
  });

  test.each([
    ['abc', 3],
    ['名前', 4],
    ['e\u0301', 1],
    ['👍', 2],
    ['ﾊ', 1],
  ])('width of %s', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('errors', () => {
  test('one line and a hint, whatever the text', () => {
    expect(errorText({ message: 'a\nb\u001b[31m', hint: 'c' })).toBe('error: a b[31m\n  try: c\n');
    expect(errorText({ message: 'x'.repeat(1_000_000) }).length).toBeLessThan(2100);
  });
});

test.each([
  ['auto', {}, true, true],
  ['auto', {}, false, false],
  ['auto', { NO_COLOR: '1' }, true, false],
  ['auto', { NO_COLOR: '' }, true, true],
  ['auto', { TERM: 'dumb' }, true, false],
  ['always', { NO_COLOR: '1' }, false, true],
  ['never', {}, true, false],
] as const)('colour %s with %j on a terminal: %s', (choice, env, terminal, coloured) => {
  expect(choosePaint(choice, env, terminal)).toBe(coloured ? painted : unpainted);
});
