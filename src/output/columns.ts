import { eastAsianWidth } from 'get-east-asian-width';
import { clean } from './clean.ts';
import type { Paint, Tone } from './style.ts';

/** One column of a table, as data: how it is headed and what it shows of a row. */
export interface Column<Row> {
  readonly header: string;
  /** The text, raw: it is cleaned here. Empty shows as `-`. */
  readonly text: (row: Row) => string;
  readonly tone?: (row: Row) => Tone;
  /** Numbers align at the right. @default left */
  readonly align?: 'left' | 'right';
}

const GAP = '   ';

/** Columns a text occupies on a terminal. The text must be clean. */
export function displayWidth(text: string): number {
  // Nearly every cell is ASCII, where one character is one column.
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text.normalize('NFC')) {
    if (/\p{M}|\u200b|\u200c|\u200d|\ufe0f/u.test(character)) continue;
    width += eastAsianWidth(character.codePointAt(0) ?? 0);
  }
  return width;
}

/** The text with blanks up to a width; longer text stays whole. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + blanks : blanks + text;
}

/** A table as kubectl prints it: three blanks between columns, no blanks at line ends, a line feed after every line. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { readonly headers: boolean; readonly paint: Paint },
): string {
  const cells = rows.map(row => columns.map(column => clean(column.text(row)) || '-'));
  const widths = columns.map((column, i) =>
    cells.reduce(
      (widest, line) => Math.max(widest, displayWidth(line[i] ?? '')),
      options.headers ? displayWidth(column.header) : 0,
    ),
  );
  const last = columns.length - 1;
  const line = (texts: readonly string[], tones: readonly Tone[]): string => {
    const parts = texts.map((text, i) => {
      const align = columns[i]?.align ?? 'left';
      const padded = i === last && align === 'left' ? text : pad(text, widths[i] ?? 0, align);
      // Paint the text, not the padding: underlines and backgrounds would show.
      return padded.replace(text, () => options.paint(tones[i] ?? 'plain', text));
    });
    return `${parts.join(GAP).trimEnd()}\n`;
  };
  const body = cells.map((texts, r) => {
    const row = rows[r];
    return line(
      texts,
      columns.map(column => (row === undefined ? 'plain' : (column.tone?.(row) ?? 'plain'))),
    );
  });
  if (!options.headers) return body.join('');
  return [
    line(
      columns.map(c => c.header),
      columns.map(() => 'plain' as const),
    ),
    ...body,
  ].join('');
}
