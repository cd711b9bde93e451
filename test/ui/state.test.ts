import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { intentOf, NODES_KEYS } from '../../src/ui/keys.ts';
import { cursor, type Effect, initialState, press, settle, type UiState, type UiView } from '../../src/ui/state.ts';

const names = Array.from({ length: 50 }, (_, i) => `node-${i}`);
const view: UiView = { names, rows: 10, contentLines: 30, contentRows: 8 };
const start = initialState({ all: false });

/** Presses keys one after the other. */
function typed(keys: readonly string[], from: UiState = start, of: UiView = view): UiState {
  return keys.reduce((state, key) => settle(press(state, key, of).state, of), from);
}

function effects(key: string, from: UiState = start): readonly Effect[] {
  return press(from, key, view).effects;
}

describe('the list', () => {
  test.each([
    [['j'], 1, 0],
    [['j', 'j', 'k'], 1, 0],
    [['k'], 0, 0],
    [['G'], 49, 40],
    [['G', 'j'], 49, 40],
    [['G', 'g'], 0, 0],
    [['pagedown'], 9, 0],
    [['pagedown', 'pagedown'], 18, 9],
    [['G', 'pageup'], 40, 40],
    [Array.from({ length: 12 }, () => 'down'), 12, 3],
  ])('%j: row %i, first on the screen %i', (keys, row, top) => {
    const state = typed(keys);
    expect(cursor(state, view)).toBe(row);
    expect(state.top).toBe(top);
  });

  test('the cursor stays on its node while the order changes', () => {
    const state = typed(['j', 'j']);
    const turned = { ...view, names: names.toReversed() };
    expect(settle(state, turned).selected).toBe('node-2');
    expect(cursor(settle(state, turned), turned)).toBe(47);
  });

  test('a cursor that was never moved stays on its row', () => {
    const turned = { ...view, names: names.toReversed() };
    expect(settle(settle(start, view), turned).index).toBe(0);
    expect(settle(start, turned).selected).toBeNull();
  });

  test('when its node goes, the cursor stays where it was', () => {
    const state = typed(['j', 'j', 'j']);
    const fewer = { ...view, names: names.filter(name => name !== 'node-3') };
    expect(fewer.names[cursor(settle(state, fewer), fewer)]).toBe('node-4');
    const none = { ...view, names: [] };
    expect(cursor(settle(state, none), none)).toBe(0);
  });

  test('Enter opens the node under the cursor, nothing in an empty list', () => {
    expect(typed(['j', 'enter'])).toMatchObject({ screen: 'node', selected: 'node-1' });
    expect(typed(['enter'], start, { ...view, names: [] }).screen).toBe('nodes');
  });

  test('a shows all and again those under pressure, s goes through the orders', () => {
    expect(typed(['a']).all).toBe(true);
    expect(typed(['a', 'a']).all).toBe(false);
    expect(typed(['s']).sort).toBe('name');
    expect(typed(['s', 's', 's', 's', 's']).sort).toBe('worst');
  });
});

describe('the filter', () => {
  test.each([
    [['/', 'q', 'j', '?'], 'qj?', true],
    [['/', 'a', 'enter'], 'a', false],
    [['/', 'a', 'space', 'b'], 'a b', true],
    [['/', 'a', 'b', 'backspace'], 'a', true],
    [['/', 'backspace'], '', false],
    [['/', 'a', 'escape'], '', false],
    [['/', 'a', 'b', 'ctrl-u'], '', true],
    [['/', 'ctrl-x', 'pageup', 'tab'], '', true],
    [['/', '日', '本'], '日本', true],
  ])('%j: %j, typing %j', (keys, filter, typing) => {
    expect(typed(keys)).toMatchObject({ filter, typing });
  });

  test('the cursor moves while it is typed', () => {
    expect(cursor(typed(['/', 'down', 'down', 'up']), view)).toBe(1);
  });

  test('Ctrl-C leaves from it', () => {
    expect(typed(['/', 'x', 'ctrl-c']).ended).toBe('interrupted');
  });

  test('is not endless', () => {
    expect(typed(['/', ...Array.from({ length: 500 }, () => 'x')]).filter).toHaveLength(200);
  });
});

describe('a node', () => {
  const node = typed(['enter']);

  test.each([
    [['tab'], 'config'],
    [['tab', 'tab', 'tab', 'tab', 'tab'], 'signals'],
    [['shift-tab'], 'next'],
    [['h', 'h'], 'events'],
    [['5'], 'next'],
    [['3'], 'pods'],
    [['l', 'right'], 'pods'],
  ])('%j opens the tab %s', (keys, tab) => {
    expect(typed(keys, node).tab).toBe(tab);
  });

  test.each([
    [['j'], 1],
    [['G'], 22],
    [['G', 'j'], 22],
    [['pagedown'], 7],
    [['G', 'g'], 0],
    [['j', 'j', 'tab'], 0],
  ])('%j scrolls to line %i', (keys, scroll) => {
    expect(typed(keys, node).scroll).toBe(scroll);
  });

  test('Esc goes back to the list, and stands on the node', () => {
    expect(typed(['j', 'enter', 'escape'])).toMatchObject({ screen: 'nodes', selected: 'node-1', ended: null });
  });

  test('it stays open when it leaves the list', () => {
    const gone = { ...view, names: names.slice(5) };
    expect(settle(node, gone)).toMatchObject({ screen: 'node', selected: 'node-0' });
  });
});

describe('ways out', () => {
  test.each<readonly [readonly string[], UiState['ended']]>([
    [['q'], 'quit'],
    [['escape'], 'quit'],
    [['enter', 'q'], 'quit'],
    [['enter', 'escape'], null],
    [['enter', 'escape', 'escape'], 'quit'],
    [['/', 'a', 'enter', 'escape'], null],
    [['/', 'a', 'enter', 'escape', 'escape'], 'quit'],
    [['?', 'q'], null],
    [['?', 'escape'], null],
    [['?', 'x'], null],
    [['?', 'ctrl-c'], 'interrupted'],
    [['ctrl-c'], 'interrupted'],
    [['x', 'd', 'ctrl-x'], null],
  ])('%j: %s', (keys, ended) => {
    expect(typed(keys).ended).toBe(ended);
  });

  test('what lies over the screen is closed, and the screen is as it was', () => {
    expect(typed(['j', '?', 'j', 'x'])).toEqual(typed(['j']));
    expect(typed(['y']).overlay).toBe('command');
    expect(typed(['y', 'y']).overlay).toBeNull();
  });
});

describe('effects', () => {
  test.each<readonly [string, readonly Effect[]]>([
    ['r', ['refresh']],
    ['space', ['pause']],
    ['y', ['copy']],
    ['ctrl-z', ['suspend']],
    ['j', []],
    ['z', []],
  ])('of %s', (key, expected) => {
    expect(effects(key)).toEqual(expected);
  });

  test('space pauses and goes on', () => {
    expect(typed(['space']).paused).toBe(true);
    expect(effects('space', typed(['space']))).toEqual(['resume']);
  });
});

test('whatever is typed, the cursor is on the list and the window within it', () => {
  const keys = fc.constantFrom(
    'j',
    'k',
    'G',
    'g',
    'pagedown',
    'pageup',
    '/',
    'x',
    'enter',
    'escape',
    'a',
    's',
    'tab',
    '?',
    'down',
  );
  const sizes = fc.record({ count: fc.integer({ min: 0, max: 60 }), rows: fc.integer({ min: 1, max: 30 }) });
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, sizes), { maxLength: 40 }), steps => {
      let state = start;
      for (const [key, { count, rows }] of steps) {
        const of = { ...view, names: names.slice(0, count), rows };
        state = settle(press(state, key, of).state, of);
        const at = cursor(state, of);
        expect(at).toBeGreaterThanOrEqual(0);
        expect(at).toBeLessThan(Math.max(1, of.names.length));
        expect(state.top).toBeLessThanOrEqual(at);
        expect(at).toBeLessThan(state.top + rows);
        expect(state.scroll).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});

test('every key of the list does something', () => {
  const idle = NODES_KEYS.flatMap(({ keys }) => keys).filter(key => {
    const state = typed(['j', 'j', 'j']);
    const step = press(state, key, view);
    return intentOf(NODES_KEYS, key) !== 'tab-signals' && step.effects.length === 0 && step.state === state;
  });
  expect(idle).toEqual([]);
});
