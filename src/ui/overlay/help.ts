import type { KeyBinding } from '../keys.ts';
import { type Line, line, lineWidth, span } from '../line.ts';
import type { Glyphs, Theme } from '../theme.ts';

/** What the signs of the screen mean, below the keys. */
function legend({ glyphs, wordsOnly }: Theme): readonly Line[] {
  if (wordsOnly) return [];
  const gauge = `${glyphs.full.repeat(4)}${glyphs.empty}${glyphs.hard}${glyphs.empty}${glyphs.soft}${glyphs.empty.repeat(4)}`;
  return [
    line(''),
    line('Signs', 'strong'),
    [span(`  ${gauge}  `), span(`filled: available; ${glyphs.hard} hard threshold, ${glyphs.soft} soft threshold`)],
    line(`  ${' '.repeat(12)}  filled part ends left of a mark: below that threshold`),
    line('  ~14m (11-19m)  reaches its threshold in about that time, at the present rate (80 % interval)'),
    [span('  live 8s  '), span('    the oldest figures on the screen are 8 seconds old')],
  ];
}

/** The help page of a screen, made from its key table. */
export function helpLines(bindings: readonly KeyBinding<string>[], theme: Theme): readonly Line[] {
  const rows = bindings.map(binding => ({
    keys: binding.keys.map(key => keyName(key, theme.glyphs)).join(' '),
    binding,
  }));
  const width = rows.reduce((most, { keys }) => Math.max(most, keys.length), 0);
  return [
    line('Keys', 'strong'),
    ...rows.map(({ keys, binding }): Line => [span(`  ${keys.padEnd(width)}   `, 'accent'), span(binding.help)]),
    ...legend(theme),
  ];
}

const NAMES: Readonly<Record<string, string>> = {
  down: '↓',
  up: '↑',
  left: '←',
  right: '→',
  enter: 'Enter',
  escape: 'Esc',
  tab: 'Tab',
  'shift-tab': 'Shift-Tab',
  space: 'Space',
  backspace: 'Backspace',
  pagedown: 'PgDn',
  pageup: 'PgUp',
  home: 'Home',
  end: 'End',
};

function keyName(key: string, glyphs: Glyphs): string {
  if (key.startsWith('ctrl-')) return `Ctrl-${key.slice(5).toUpperCase()}`;
  const name = NAMES[key] ?? key;
  return glyphs.cursor === '>' ? name.replace(/[^ -~]/g, key) : name;
}

/**
 * The foot of a screen: what the table gives a hint for. `hints` replaces the words of some, an empty one leaves it out. Where
 * there is no room the last ones go first, but never help and quit.
 */
export function hintLine(
  bindings: readonly KeyBinding<string>[],
  hints: Readonly<Record<string, string>>,
  width: number,
  { glyphs }: Theme,
): Line {
  const signs: Readonly<Record<string, string>> = { 'cursor-up': glyphs.upDown, open: glyphs.enter };
  let shown = bindings.flatMap(({ keys, intent, hint }) => {
    const word = hints[intent] ?? hint ?? '';
    if (word === '') return [];
    const sign = signs[intent] ?? keyName(keys[0] ?? '', glyphs);
    return [{ intent, spans: [span(` ${sign} `, 'accent'), span(`${word} `, 'faint')] }];
  });
  while (shown.reduce((sum, { spans }) => sum + lineWidth(spans), 0) > width) {
    const last = shown.findLast(({ intent }) => intent !== 'help' && intent !== 'quit');
    if (last === undefined) break;
    shown = shown.filter(hint => hint !== last);
  }
  return shown.flatMap(({ spans }) => spans);
}
