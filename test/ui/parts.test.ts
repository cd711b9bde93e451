import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cells, headings, placeColumns, type ScreenColumn } from '../../src/ui/columns.ts';
import { gaugeCells, sparkline } from '../../src/ui/gauge.ts';
import {
  type Intent,
  intentOf,
  type KeyBinding,
  keysOf,
  NODE_KEYS,
  NODES_KEYS,
  OVERLAY_KEYS,
  type SpecialKeys,
} from '../../src/ui/keys.ts';
import { fitLine, line, lineWidth, span, spread, textOf } from '../../src/ui/line.ts';
import { commandLine, copySequence } from '../../src/ui/overlay/command.ts';
import { helpLines, hintLine } from '../../src/ui/overlay/help.ts';
import { initialState } from '../../src/ui/state.ts';
import { cut, fitText, tidy, widthOf, wrap } from '../../src/ui/text.ts';
import { paintLine, themeFor } from '../../src/ui/theme.ts';

const theme = themeFor({ LANG: 'C.UTF-8' }, true);

describe('text', () => {
  test.each([
    ['node-1', 6],
    ['日本', 4],
    ['👍', 2],
    ['👩‍👩‍👧', 6],
    ['é', 1],
    ['❤️', 1],
    ['a\u001b[31mb', 6],
    ['a\u202eb', 2],
    ['1\ufe0f\u20e3', 1],
  ])('%j takes %i columns once it is tidy', (text, width) => {
    expect(widthOf(tidy(text))).toBe(width);
    expect(tidy(text)).not.toMatch(/\p{Cc}|\u200d|\u202e|\ufe0f/u);
  });

  test.each([
    ['kubernetes', 10, 'kubernetes'],
    ['kubernetes', 5, 'kube…'],
    ['日本語', 4, '日…'],
    ['日本語', 5, '日本…'],
    ['abc', 0, ''],
  ])('%j cut to %i is %j', (text, width, expected) => {
    expect(cut(text, width)).toBe(expected);
  });

  test('whatever the text, what is cut or padded fits exactly', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        expect(widthOf(fitText(tidy(text), width))).toBe(width);
        for (const part of wrap(text, Math.max(2, width)))
          expect(widthOf(part)).toBeLessThanOrEqual(Math.max(2, width));
      }),
    );
  });

  test('a long list is broken after a comma', () => {
    expect(wrap('see a<1%,bb<2%,ccc<3%', 12)).toEqual(['see', 'a<1%,bb<2%,', 'ccc<3%']);
  });
});

describe('lines', () => {
  test('fit exactly, whatever they are made of', () => {
    const spans = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 12 }).map(text => span(text)),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(spans, fc.integer({ min: 1, max: 50 }), (content, width) => {
        expect(lineWidth(fitLine(content, width))).toBe(width);
        expect(lineWidth(spread(content, line('end'), width))).toBe(width);
      }),
    );
  });

  test('the left side gives way to the right one', () => {
    expect(textOf(spread(line('a long beginning'), line('end'), 12))).toBe('a long … end');
  });

  test('escapes of others never reach the screen, ours do', () => {
    expect(paintLine([{ text: 'a\u001b[31mb\u009b1m', tone: 'bad' }], theme)).toBe(
      '\u001b[1m\u001b[31ma[31mb1m\u001b[22m\u001b[39m',
    );
    expect(paintLine(line('x', 'bad'), themeFor({}, false))).toBe('\u001b[1mx\u001b[22m');
  });

  test.each([
    [{ LANG: 'en_US.UTF-8' }, '▇'],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, '#'],
    [{ LANG: 'de_DE.ISO-8859-1' }, '#'],
    [{}, '▇'],
    [{ TERM: 'linux' }, '#'],
  ])('%j has the gauge sign %s', (env, full) => {
    expect(themeFor(env, true).glyphs.full).toBe(full);
  });
});

describe('gauge', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const maybe = fc.option(share, { nil: null });

  test('rounding never lies', () => {
    fc.assert(
      fc.property(share, maybe, maybe, fc.integer({ min: 8, max: 60 }), (available, hard, soft, width) => {
        const found = gaugeCells({ available, hard, soft }, width);
        expect(found.filled).toBeGreaterThanOrEqual(0);
        expect(found.filled).toBeLessThanOrEqual(width);
        const marks: readonly (readonly [number | null, number | null])[] = [
          [hard, found.hard],
          [soft, found.soft],
        ];
        for (const [limit, mark] of marks) {
          if (limit === null || mark === null) continue;
          expect(mark).toBeLessThan(width - 1);
          if (available < limit) expect(found.filled).toBeLessThanOrEqual(mark);
          // A filled cell stands to the right of the mark.
          else expect(found.filled).toBeGreaterThan(mark + 1);
        }
        if (found.hard !== null && found.soft !== null) expect(found.soft).toBeGreaterThan(found.hard + 1);
      }),
    );
  });

  test.each([
    [{ available: 0.075, hard: 0.1, soft: null }, 18, { filled: 1, hard: 2, soft: null }],
    [{ available: 0, hard: 0.1, soft: null }, 10, { filled: 0, hard: 1, soft: null }],
    [{ available: 1, hard: null, soft: null }, 10, { filled: 10, hard: null, soft: null }],
    [{ available: 0.5, hard: 0.1, soft: 0.05 }, 10, { filled: 5, hard: 1, soft: null }],
    [{ available: 0.12, hard: 0.1, soft: 0.15 }, 20, { filled: 4, hard: 2, soft: 4 }],
  ])('%j in %i cells', (shares, width, expected) => {
    expect(gaugeCells(shares, width)).toEqual(expected);
  });

  test.each([
    [[1, 2, 3, 4], 0, '▁▃▆█'],
    [[4, 4, 4], 0, '▁▁▁'],
    [[100, 101], 100, '▁▁'],
    [[5], 0, ''],
    [[9, 1, 2, 3], 0, '▁▅█'],
  ])('%j with a range of at least %i is %j', (values, least, expected) => {
    expect(sparkline(values, { width: expected.length === 3 ? 3 : 12, least }, theme.glyphs)).toBe(expected);
  });
});

describe('columns', () => {
  const column = (id: string, least: number, most = least): ScreenColumn<string> => ({
    id,
    header: id.toUpperCase(),
    least,
    most,
    cell: row => line(`${id}:${row}`),
  });
  const columns = [column('a', 5, 9), column('b', 4), column('c', 4), column('d', 4)];

  test.each([
    [40, 'a9 b4 c4 d4'],
    [23, 'a5 b4 c4 d4'],
    [22, 'a9 b4 d4'],
    [14, 'a8 b4'],
    [5, 'a5'],
    [3, 'a5'],
  ])('%i columns: %s', (width, expected) => {
    const placed = placeColumns(columns, width, ['c', 'd', 'b'], ['a']);
    expect(placed.map(p => `${p.column.id}${p.width}`).join(' ')).toBe(expected);
  });

  test('rows and headings are as wide as their columns', () => {
    const placed = placeColumns(columns, 23, [], []);
    expect(textOf(headings(placed))).toBe('A      B     C     D   ');
    expect(textOf(cells(placed, '日本語'))).toBe('a:日…  b:…   c:…   d:… ');
  });
});

describe('keys', () => {
  const none: SpecialKeys = {
    upArrow: false,
    downArrow: false,
    leftArrow: false,
    rightArrow: false,
    pageDown: false,
    pageUp: false,
    home: false,
    end: false,
    return: false,
    escape: false,
    ctrl: false,
    shift: false,
    tab: false,
    backspace: false,
    delete: false,
    meta: false,
  };

  test.each<readonly [string, Partial<SpecialKeys>, readonly string[]]>([
    ['j', {}, ['j']],
    ['G', { shift: true }, ['G']],
    ['/team-7\r', {}, ['/', 't', 'e', 'a', 'm', '-', '7', 'enter']],
    ['jj\u0003', {}, ['j', 'j', 'ctrl-c']],
    [' ', {}, ['space']],
    ['é', {}, ['é']],
    ['', { upArrow: true }, ['up']],
    ['', { tab: true, shift: true }, ['shift-tab']],
    ['', { tab: true }, ['tab']],
    ['c', { ctrl: true }, ['ctrl-c']],
    ['j', { meta: true }, ['escape', 'j']],
    ['', { escape: true }, ['escape']],
    ['', { delete: true }, ['backspace']],
    ['', {}, []],
  ])('%j with %j', (input, special, expected) => {
    expect(keysOf(input, { ...none, ...special })).toEqual(expected);
  });

  const tables: readonly (readonly [string, readonly KeyBinding[]])[] = [
    ['nodes', NODES_KEYS],
    ['node', NODE_KEYS],
    ['overlay', OVERLAY_KEYS],
  ];

  test.each(tables)('of %s mean one thing each', (_name, table) => {
    const all = table.flatMap(binding => binding.keys);
    expect(new Set(all).size).toBe(all.length);
  });

  test.each<readonly [string, Intent | null, Intent | null]>([
    ['j', 'cursor-down', 'cursor-down'],
    ['down', 'cursor-down', 'cursor-down'],
    ['G', 'last', 'last'],
    ['g', 'first', 'first'],
    ['/', 'filter', null],
    ['enter', 'open', null],
    ['a', 'toggle-all', null],
    ['s', 'cycle-sort', null],
    ['tab', 'next-tab', 'next-tab'],
    ['shift-tab', 'previous-tab', 'previous-tab'],
    ['escape', 'back', 'back'],
    ['q', 'quit', 'quit'],
    ['ctrl-c', 'interrupt', 'interrupt'],
    ['ctrl-z', 'suspend', 'suspend'],
    ['x', null, null],
    ['d', null, null],
    ['Q', null, null],
    ['J', null, null],
    ['ctrl-x', null, null],
  ])('%s is %s in the list, %s on a node', (key, inList, onNode) => {
    expect(intentOf(NODES_KEYS, key)).toBe(inList);
    expect(intentOf(NODE_KEYS, key)).toBe(onNode);
  });

  test('the help tells every binding of its table', () => {
    for (const [, table] of tables) {
      const text = helpLines(table, theme).map(textOf).join('\n');
      for (const binding of table) expect(text).toContain(binding.help);
    }
  });

  test('the foot drops its last hints first, but never help and quit', () => {
    const hints = (width: number): string => textOf(hintLine(NODES_KEYS, {}, width, theme));
    expect(hints(200)).toBe(
      ' ↑↓ move  ⏎ open  / filter  a all  s sort  p purge  t tune  Tab tabs  y command  R report  ? help  q quit ',
    );
    expect(hints(60)).toBe(' ↑↓ move  ⏎ open  / filter  a all  s sort  ? help  q quit ');
    expect(hints(10)).toBe(' ? help  q quit ');
    expect(textOf(hintLine(NODES_KEYS, { 'next-tab': '' }, 200, theme))).not.toContain('Tab');
  });
});

describe('the command line of a screen', () => {
  const parts = { program: 'kubectl evict', flags: ['--context', "it's prod"], statusFlags: [], scope: [] };
  const state = initialState({ all: false });

  test.each([
    [state, [], "kubectl evict status --context 'it'\\''s prod' --plain"],
    [{ ...state, all: true }, ['a'], "kubectl evict status --all --context 'it'\\''s prod' --plain"],
    [{ ...state, filter: 'a' }, ['a-1', 'a-2'], "kubectl evict status a-1 a-2 --context 'it'\\''s prod' --plain"],
    [
      { ...state, screen: 'node' as const, selected: 'n;1' },
      ['a'],
      "kubectl evict status 'n;1' --context 'it'\\''s prod' --plain",
    ],
  ])('%#', (given, names, expected) => {
    expect(commandLine(parts, given, names)).toBe(expected);
  });

  test('is copied by OSC 52', () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    expect(copySequence('hello', base64)).toBe('\u001b]52;c;aGVsbG8=\u0007');
  });
});
