import type { SignalReport } from '../eviction/signal-report.ts';
import type { Span, Tone } from './line.ts';
import type { Glyphs } from './theme.ts';

/** Narrower, the marks would say nothing. */
export const NARROWEST_GAUGE = 8;

/** What a gauge shows, as shares of the capacity, 0 to 1. */
export interface GaugeShares {
  readonly available: number;
  /** Null: not armed. */
  readonly hard: number | null;
  readonly soft: number | null;
}

/** Where the filled part ends and the marks stand, in cells. */
export interface GaugeCells {
  readonly filled: number;
  readonly hard: number | null;
  readonly soft: number | null;
}

/**
 * The cells of a gauge of that width (at least 8). Rounding never lies: below a threshold the filled part ends left of its
 * mark, above it at least one filled cell follows the mark, and marks stand apart.
 */
export function gaugeCells(shares: GaugeShares, width: number): GaugeCells {
  const { available, hard, soft } = shares;
  const at = (share: number): number => Math.round(Math.min(1, Math.max(0, share)) * width);
  const hasSoft = soft !== null && (hard === null || soft > hard);
  const hardAt = hard === null ? null : bound(at(hard), 1, width - (hasSoft ? 4 : 2));
  const softAt = hasSoft ? bound(at(soft), hardAt === null ? 1 : hardAt + 2, width - 2) : null;
  let least = available > 0 ? 1 : 0;
  let most = width;
  for (const [share, mark] of [[hard, hardAt] as const, [soft, softAt] as const]) {
    if (share === null || mark === null) continue;
    if (available < share) most = Math.min(most, mark);
    else least = Math.max(least, mark + 2);
  }
  return { filled: bound(at(available), Math.min(least, most), most), hard: hardAt, soft: softAt };
}

function bound(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

/** The gauge of a signal: the filled part is what is available, `│` the hard threshold, `┆` the soft one. */
export function gauge(report: SignalReport, width: number, tone: Tone, glyphs: Glyphs): readonly Span[] {
  const { observation } = report;
  if (observation === null || observation.capacity <= 0) return [{ text: ' '.repeat(width), tone: 'faint' }];
  const share = (amount: number | undefined): number | null =>
    amount === undefined ? null : amount / observation.capacity;
  const shares: GaugeShares = {
    available: observation.available / observation.capacity,
    hard: share(report.hard?.amount?.amount),
    soft: share(report.soft?.amount?.amount),
  };
  return drawGauge(shares, width, tone, glyphs);
}

/** As {@link gauge}, for shares of whatever origin. */
export function drawGauge(shares: GaugeShares, width: number, tone: Tone, glyphs: Glyphs): readonly Span[] {
  const cells = gaugeCells(shares, width);
  const spans: Span[] = [];
  for (let i = 0; i < width; i += 1) {
    const cell: Span =
      i === cells.hard
        ? { text: glyphs.hard, tone: 'strong' }
        : i === cells.soft
          ? { text: glyphs.soft, tone: 'strong' }
          : i < cells.filled
            ? { text: glyphs.full, tone }
            : { text: glyphs.empty, tone: 'faint' };
    const last = spans.at(-1);
    if (last !== undefined && last.tone === cell.tone)
      spans[spans.length - 1] = { ...last, text: last.text + cell.text };
    else spans.push(cell);
  }
  return spans;
}

/**
 * The last samples as a line of small columns, from the lowest to the highest of them. `least`: a range below this fills only
 * its part of the height, so that noise does not look like news.
 */
export function sparkline(
  values: readonly number[],
  { width, least }: { readonly width: number; readonly least: number },
  glyphs: Glyphs,
): string {
  const shown = values.slice(-width);
  if (shown.length < 2) return '';
  const low = Math.min(...shown);
  const range = Math.max(Math.max(...shown) - low, least);
  const top = glyphs.spark.length - 1;
  const height = (value: number): number => (range > 0 ? Math.round(((value - low) / range) * top) : 0);
  return shown.map(value => glyphs.spark[height(value)] ?? '').join('');
}
