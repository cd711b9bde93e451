import { shellWord } from '../../output/shell.ts';
import { type Line, line } from '../line.ts';
import type { UiState } from '../state.ts';
import { wrap } from '../text.ts';

/** What the command line of a screen is made from. */
export interface CommandParts {
  /** `kubectl evict`. */
  readonly program: string;
  /** Connection flags as the user gave them, credentials left out. */
  readonly flags: readonly string[];
  /** Flags of `status` itself. */
  readonly statusFlags: readonly string[];
  /** The nodes or the selector the screen was opened for; empty: the default scope. */
  readonly scope: readonly string[];
}

/** The nodes named one by one; more are the whole list again. */
const MOST_NAMES = 20;

/** The command line that prints what the screen shows. `names`: the listed nodes. */
export function commandLine(parts: CommandParts, state: UiState, names: readonly string[]): string {
  const words = [...parts.program.split(' '), 'status'];
  if (state.screen === 'node' && state.selected !== null) words.push(state.selected);
  else if (state.filter !== '' && names.length > 0 && names.length <= MOST_NAMES) words.push(...names);
  else if (parts.scope.length > 0) words.push(...parts.scope);
  else if (state.all) words.push('--all');
  return [...words, ...parts.statusFlags, ...parts.flags, '--plain'].map(shellWord).join(' ');
}

/** The command line of other words than `status`, on the same cluster. */
export function otherCommandLine(parts: CommandParts, words: readonly string[]): string {
  return [...parts.program.split(' '), ...words, ...parts.flags].map(shellWord).join(' ');
}

/** The command line, to be read and copied. `note`: what else it can do. */
export function commandLines(text: string, note: string, width: number): readonly Line[] {
  return [
    line('The same on the command line', 'strong'),
    line(''),
    ...wrap(text, Math.max(20, width - 4)).map(part => line(`  ${part}`, 'accent')),
    line(''),
    ...wrap(`Copied, if your terminal takes OSC 52.${note === '' ? '' : ` ${note}`}`, width).map(part =>
      line(part, 'faint'),
    ),
  ];
}

/** The escape sequence that puts a text into the terminal's clipboard. `base64`: how to encode it. */
export function copySequence(text: string, base64: (text: string) => string): string {
  return `\u001b]52;c;${base64(text)}\u0007`;
}
