import { fitLine, type Line, type Span } from './line.ts';

/** One column of a list on the screen. */
export interface ScreenColumn<Row> {
  readonly id: string;
  readonly header: string;
  /** Below this it is not shown at all, unless it has no place in the order of dropping. */
  readonly least: number;
  /** It grows up to this where there is room. */
  readonly most: number;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row, width: number) => Line;
}

/** A column with the width it got. */
export interface PlacedColumn<Row> {
  readonly column: ScreenColumn<Row>;
  readonly width: number;
}

/** Blanks between columns. */
export const GAP = 2;

/**
 * Which columns fit into a width, and how wide each is. Where there is no room they leave in the given order; what is left over
 * goes to the columns that want more, in the order of `grow`.
 */
export function placeColumns<Row>(
  columns: readonly ScreenColumn<Row>[],
  width: number,
  drop: readonly string[],
  grow: readonly string[],
): readonly PlacedColumn<Row>[] {
  let kept = columns;
  const needed = (): number => kept.reduce((sum, c) => sum + c.least, 0) + GAP * Math.max(0, kept.length - 1);
  for (const id of drop) {
    if (needed() <= width) break;
    kept = kept.filter(column => column.id !== id);
  }
  let room = width - needed();
  const widths = new Map(kept.map(column => [column.id, column.least]));
  for (const id of [...grow, ...kept.map(column => column.id)]) {
    const column = kept.find(c => c.id === id);
    const have = widths.get(id);
    if (column === undefined || have === undefined || room <= 0) continue;
    const more = Math.min(room, Math.max(0, column.most - have));
    widths.set(id, have + more);
    room -= more;
  }
  return kept.map(column => ({ column, width: widths.get(column.id) ?? column.least }));
}

const BETWEEN: Span = { text: ' '.repeat(GAP), tone: 'plain' };

/** The headings over the columns. */
export function headings<Row>(placed: readonly PlacedColumn<Row>[]): Line {
  return row(placed, ({ column }) => [{ text: column.header, tone: 'heading' }]);
}

/** One row. */
export function cells<Row>(placed: readonly PlacedColumn<Row>[], of: Row): Line {
  return row(placed, ({ column, width }) => column.cell(of, width));
}

function row<Row>(placed: readonly PlacedColumn<Row>[], text: (place: PlacedColumn<Row>) => Line): Line {
  return placed.flatMap((place, i) => {
    const cell = fitLine(text(place), place.width, place.column.align);
    return i === 0 ? cell : [BETWEEN, ...cell];
  });
}
