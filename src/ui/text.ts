import { clean } from '../output/clean.ts';
import { displayWidth } from '../output/columns.ts';

/**
 * What joins or varies characters into one picture. Terminals disagree about the width of such a picture, so it is shown as
 * its parts, whose widths they agree about.
 */
const JOINERS = /\p{Default_Ignorable_Code_Point}|\p{Emoji_Modifier}|\u20e3/gu;
const PLAIN = /^[ -~]*$/;

/** Untrusted text made fit for a cell of the screen: cleaned, and of a width that every terminal agrees about. */
export function tidy(text: string): string {
  if (PLAIN.test(text)) return text;
  return clean(text).replace(JOINERS, '').normalize('NFC');
}

/** Columns of a tidy text. */
export function widthOf(text: string): number {
  return displayWidth(text);
}

/** The tidy text cut to a width, with an ellipsis where something is missing; shorter text stays as it is. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return width <= 0 ? '' : `${head(text, width - 1)}…`;
}

/** As much of the beginning as fits. */
function head(text: string, width: number): string {
  let used = 0;
  let kept = '';
  for (const character of text) {
    used += widthOf(character);
    if (used > width) break;
    kept += character;
  }
  return kept;
}

/** As {@link cut}, and blanks up to the width. */
export function fitText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const short = cut(text, width);
  const blanks = ' '.repeat(Math.max(0, width - widthOf(short)));
  return align === 'left' ? short + blanks : blanks + short;
}

/** The text as lines of at most that width, broken at blanks where there are any. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of tidy(text).split(' ')) {
    let rest = word;
    const room = line === '' ? width : width - widthOf(line) - 1;
    if (widthOf(rest) > room && line !== '') {
      lines.push(line);
      line = '';
    }
    while (widthOf(rest) > width) {
      const most = head(rest, width);
      if (most === '') break;
      // A list without blanks is broken between its entries.
      const comma = most.lastIndexOf(',') + 1;
      const part = comma > 0 ? most.slice(0, comma) : most;
      lines.push(part);
      rest = rest.slice(part.length);
    }
    line = line === '' ? rest : `${line} ${rest}`;
  }
  if (line !== '') lines.push(line);
  return lines;
}
