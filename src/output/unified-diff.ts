/** Lines of context around a change. */
const CONTEXT = 3;
/** Beyond this many differing lines the two texts are shown as replaced. */
const MOST_EDITS = 2000;

type Kind = ' ' | '-' | '+';
interface Line {
  readonly kind: Kind;
  readonly text: string;
}

/**
 * The difference of two texts in the unified form that `patch` takes; empty when they are equal. A missing line feed at the end
 * is told, as `diff -u` tells it.
 */
export function unifiedDiff(
  before: string,
  after: string,
  names: { readonly old: string; readonly new: string },
): string {
  if (before === after) return '';
  const lines = compare(splitLines(before), splitLines(after));
  const hunks = hunksOf(lines);
  return `--- ${names.old}\n+++ ${names.new}\n${hunks.join('')}`;
}

/** Lines with their line feeds; the last one may have none. */
function splitLines(text: string): readonly string[] {
  return text === '' ? [] : (text.match(/[^\n]*\n|[^\n]+$/g) ?? []);
}

function compare(a: readonly string[], b: readonly string[]): readonly Line[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const same = (from: number, to: number): Line[] => a.slice(from, to).map(text => ({ kind: ' ', text }));
  const middle = shortestEdit(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...same(0, start), ...middle, ...same(a.length - end, a.length)];
}

/** Myers' greedy algorithm: the fewest deleted and inserted lines. */
function shortestEdit(a: readonly string[], b: readonly string[]): readonly Line[] {
  const limit = Math.min(a.length + b.length, MOST_EDITS);
  const trace: Map<number, number>[] = [];
  let frontier = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= limit; d += 1) {
    const next = new Map<number, number>();
    for (let k = -d; k <= d; k += 2) {
      let x = goesDown(frontier, k, d) ? (frontier.get(k + 1) ?? 0) : (frontier.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(a, b, [...trace, frontier]);
    }
    trace.push(frontier);
    frontier = next;
  }
  const removed = a.map((text): Line => ({ kind: '-', text }));
  return [...removed, ...b.map((text): Line => ({ kind: '+', text }))];
}

function goesDown(frontier: ReadonlyMap<number, number>, k: number, d: number): boolean {
  return k === -d || (k !== d && (frontier.get(k - 1) ?? -1) < (frontier.get(k + 1) ?? -1));
}

function walkBack(
  a: readonly string[],
  b: readonly string[],
  trace: readonly ReadonlyMap<number, number>[],
): readonly Line[] {
  const out: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const frontier = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const from = goesDown(frontier, k, d) ? k + 1 : k - 1;
    const fromX = frontier.get(from) ?? 0;
    const fromY = fromX - from;
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      out.push({ kind: ' ', text: a[x - 1] ?? '' });
      x -= 1;
      y -= 1;
    }
    if (d === 0) break;
    if (x === fromX) out.push({ kind: '+', text: b[y - 1] ?? '' });
    else out.push({ kind: '-', text: a[x - 1] ?? '' });
    x = fromX;
    y = fromY;
  }
  return out.toReversed();
}

function hunksOf(lines: readonly Line[]): readonly string[] {
  const hunks: string[] = [];
  let oldLine = 1;
  let newLine = 1;
  let at = 0;
  while (at < lines.length) {
    const first = lines.findIndex((line, i) => i >= at && line.kind !== ' ');
    if (first < 0) break;
    const start = Math.max(at, first - CONTEXT);
    const end = hunkEnd(lines, first);
    // Everything before the hunk is equal on both sides.
    oldLine += start - at;
    newLine += start - at;
    const body = lines.slice(start, end);
    const olds = body.filter(line => line.kind !== '+').length;
    const news = body.filter(line => line.kind !== '-').length;
    hunks.push(`@@ -${range(oldLine, olds)} +${range(newLine, news)} @@\n${body.map(printed).join('')}`);
    oldLine += olds;
    newLine += news;
    at = end;
  }
  return hunks;
}

/** Two changes with at most twice the context between them belong to one hunk. */
function hunkEnd(lines: readonly Line[], first: number): number {
  let last = first;
  for (let i = first; i < lines.length && i <= last + 2 * CONTEXT; i += 1) {
    if (lines[i]?.kind !== ' ') last = i;
  }
  return Math.min(lines.length, last + CONTEXT + 1);
}

function range(line: number, count: number): string {
  const start = count === 0 ? line - 1 : line;
  return count === 1 ? `${start}` : `${start},${count}`;
}

function printed(line: Line): string {
  const text = `${line.kind}${line.text}`;
  return text.endsWith('\n') ? text : `${text}\n\\ No newline at end of file\n`;
}
