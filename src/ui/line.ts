import { cut, tidy, widthOf } from './text.ts';

/** What a piece of the screen means; the theme gives it a look. Words carry the meaning, a look only repeats it. */
export type Tone =
  | 'plain'
  | 'bad'
  | 'warning'
  | 'good'
  | 'info'
  | 'faint'
  | 'strong'
  /** Where the user is: the cursor, the open tab. */
  | 'accent'
  /** The program's name. */
  | 'badge'
  | 'heading';

/** A piece of text with its meaning. */
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of the screen. */
export type Line = readonly Span[];

/** A span; the text may be untrusted. */
export function span(text: string, tone: Tone = 'plain'): Span {
  return { text: tidy(text), tone };
}

/** A line of one span. */
export function line(text: string, tone: Tone = 'plain'): Line {
  return [span(text, tone)];
}

/** Columns that a line takes. */
export function lineWidth(spans: Line): number {
  return spans.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** The line cut to a width, with an ellipsis where something is missing, and padded with blanks up to it. */
export function fitLine(spans: Line, width: number, align: 'left' | 'right' = 'left'): Line {
  const found = lineWidth(spans);
  if (found === width) return spans;
  if (found < width) {
    const blanks: Span = { text: ' '.repeat(width - found), tone: 'plain' };
    return align === 'left' ? [...spans, blanks] : [blanks, ...spans];
  }
  const kept: Span[] = [];
  let room = width;
  for (const { text, tone } of spans) {
    const w = widthOf(text);
    if (w < room || (w === room && kept.length === spans.length - 1)) {
      kept.push({ text, tone });
      room -= w;
      continue;
    }
    // One column is kept for the ellipsis, even when this span would just fit: more follows.
    const short = w <= room ? cut(`${text}  `, room) : cut(text, room);
    kept.push({ text: short, tone });
    room -= widthOf(short);
    break;
  }
  return room > 0 ? [...kept, { text: ' '.repeat(room), tone: 'plain' }] : kept;
}

/** Two lines on one: the left one is cut where they would touch. */
export function spread(left: Line, right: Line, width: number): Line {
  const end = lineWidth(right);
  if (end + 2 >= width) return fitLine(right, width);
  return [...fitLine(left, width - end - 1), { text: ' ', tone: 'plain' }, ...right];
}

/** The text of a line. */
export function textOf(spans: Line): string {
  return spans.map(({ text }) => text).join('');
}

/** Lines with something between them, on one line. */
export function join(parts: readonly Line[], between: Span): Line {
  return parts.flatMap((part, i) => (i === 0 ? part : [between, ...part]));
}
