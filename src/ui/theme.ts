import { clean } from '../output/clean.ts';
import type { Line, Tone } from './line.ts';

/** The signs of the screen. */
export interface Glyphs {
  readonly full: string;
  readonly empty: string;
  readonly hard: string;
  readonly soft: string;
  readonly cursor: string;
  readonly rule: string;
  readonly wall: string;
  readonly dot: string;
  readonly live: string;
  readonly lost: string;
  readonly wait: string;
  readonly pause: string;
  readonly arrow: string;
  readonly more: string;
  readonly upDown: string;
  readonly enter: string;
  readonly branch: string;
  /** From low to high. */
  readonly spark: readonly string[];
}

const UNICODE: Glyphs = {
  full: '▇',
  empty: '░',
  hard: '│',
  soft: '┆',
  cursor: '▸',
  rule: '─',
  wall: '│',
  dot: '·',
  live: '●',
  lost: '✕',
  wait: '○',
  pause: '‖',
  arrow: '→',
  more: '…',
  upDown: '↑↓',
  enter: '⏎',
  branch: '└',
  spark: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
};

const ASCII: Glyphs = {
  full: '#',
  empty: '.',
  hard: '|',
  soft: ':',
  cursor: '>',
  rule: '-',
  wall: '|',
  dot: '-',
  live: '*',
  lost: 'x',
  wait: 'o',
  pause: '=',
  arrow: '->',
  more: '~',
  upDown: 'j/k',
  enter: 'Enter',
  branch: '`',
  spark: ['_', '.', '-', '=', '+', '*', '%', '#'],
};

/** How the screen looks on this terminal. */
export interface Theme {
  readonly color: boolean;
  readonly glyphs: Glyphs;
  /** For a screen reader: no gauges, rules or padding, only words. */
  readonly wordsOnly: boolean;
}

/** The theme for an environment: glyphs as its locale can show them. */
export function themeFor(env: Readonly<Record<string, string | undefined>>, color: boolean): Theme {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  // Without any locale most terminals still speak UTF-8; one that names another character set does not.
  const unicode = locale === '' ? env['TERM'] !== 'linux' : /utf-?8/i.test(locale);
  return { color, glyphs: unicode ? UNICODE : ASCII, wordsOnly: env['INK_SCREEN_READER'] === 'true' };
}

type Code = readonly [number, number];
const BOLD: Code = [1, 22];
const DIM: Code = [2, 22];
const INVERSE: Code = [7, 27];
const fore = (color: number): Code => [color, 39];

/** The 16 colours every terminal has; weight and inversion stay where colour is off. */
const LOOKS: Readonly<Record<Tone, { readonly weight: readonly Code[]; readonly color: readonly Code[] }>> = {
  plain: { weight: [], color: [] },
  bad: { weight: [BOLD], color: [fore(31)] },
  warning: { weight: [], color: [fore(33)] },
  good: { weight: [], color: [fore(32)] },
  info: { weight: [], color: [fore(36)] },
  faint: { weight: [DIM], color: [] },
  strong: { weight: [BOLD], color: [] },
  accent: { weight: [BOLD], color: [fore(36)] },
  badge: { weight: [BOLD, INVERSE], color: [] },
  heading: { weight: [DIM], color: [] },
};

/** A line as text with its escapes. Nothing in it but ours can be one: every text is cleaned once more. */
export function paintLine(spans: Line, theme: Theme): string {
  if (theme.wordsOnly)
    return clean(spans.map(({ text }) => text).join(''))
      .replace(/ {2,}/g, '  ')
      .trimEnd();
  let painted = '';
  for (const { text, tone } of spans) {
    const look = LOOKS[tone];
    const codes = theme.color ? [...look.weight, ...look.color] : look.weight;
    const open = codes.map(([on]) => `\u001b[${on}m`).join('');
    const close = codes.map(([, off]) => `\u001b[${off}m`).join('');
    painted += text === '' ? '' : open + clean(text) + close;
  }
  return painted;
}
