/** What a piece of text means; colour only repeats what the words say. */
export type Tone = 'plain' | 'bad' | 'warning' | 'good' | 'info' | 'faint' | 'strong';

/** Gives a text its tone, or leaves it as it is where colour is off. */
export type Paint = (tone: Tone, text: string) => string;

const CODES: Readonly<Record<Tone, readonly [string, string] | null>> = {
  plain: null,
  bad: ['\u001b[1;31m', '\u001b[0m'],
  warning: ['\u001b[33m', '\u001b[0m'],
  good: ['\u001b[32m', '\u001b[0m'],
  info: ['\u001b[36m', '\u001b[0m'],
  faint: ['\u001b[2m', '\u001b[0m'],
  strong: ['\u001b[1m', '\u001b[0m'],
};

/** No colour at all. */
export const unpainted: Paint = (_tone, text) => text;

/** The 16 colours every terminal has. */
export const painted: Paint = (tone, text) => {
  const codes = CODES[tone];
  return codes === null || text === '' ? text : `${codes[0]}${text}${codes[1]}`;
};

/** `--color`, `NO_COLOR`, `TERM=dumb` and the terminal, in that order of precedence. */
export function choosePaint(
  choice: 'auto' | 'always' | 'never',
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): Paint {
  if (choice !== 'auto') return choice === 'always' ? painted : unpainted;
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return isTerminal && !refused ? painted : unpainted;
}
