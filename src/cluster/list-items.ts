const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;

/** A list without its items, and each item translated. */
export interface ParsedList {
  readonly list: unknown;
  readonly items: readonly unknown[];
}

/**
 * Parses the text of a list item by item, so that never more than one item's objects are there at a time: a page of 500 pods is
 * some 20 MB of objects. Null when the text is not laid out as a list; then, and only then, nothing was translated.
 *
 * @throws SyntaxError as `JSON.parse`
 */
export function parseListItems(text: string, translate: (item: unknown) => unknown): ParsedList | null {
  const bounds = itemBounds(text);
  if (bounds === null) return null;
  const { start, end, edges } = bounds;
  // What is not an item must be sound before anything of it counts.
  const list: unknown = JSON.parse(`${text.slice(0, start)}${text.slice(end)}`);
  const items: unknown[] = [];
  for (let i = 0; i + 1 < edges.length; i += 2) {
    items.push(translate(JSON.parse(text.slice(edges[i], edges[i + 1]))));
  }
  return { list, items };
}

interface Bounds {
  /** The inside of the brackets of `items`. */
  readonly start: number;
  readonly end: number;
  /** Start and end of each item, in turn. */
  readonly edges: readonly number[];
}

/** Finds the objects in the array `items` of the outermost object, by their braces. */
function itemBounds(text: string): Bounds | null {
  const scan: Scan = { text, depth: 0, start: -1, end: -1, edges: [], isOdd: false };
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = string(scan, at);
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) open(scan, at, code);
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) close(scan, at);
    if (scan.isOdd) return null;
    if (scan.end >= 0) return isOnlyItems(scan) ? scan : null;
  }
  return null;
}

/** How far the search has come; -1: not found yet. */
interface Scan extends Bounds {
  readonly text: string;
  depth: number;
  start: number;
  end: number;
  readonly edges: number[];
  /** The text is not laid out as a list. */
  isOdd: boolean;
}

/** @returns where the string ends */
function string(scan: Scan, at: number): number {
  const end = closingQuote(scan.text, at);
  if (end < 0) scan.isOdd = true;
  else if (scan.depth === 1 && scan.start < 0 && scan.text.slice(at, end + 1) === '"items"') {
    scan.start = arrayStart(scan.text, end + 1);
  }
  return end;
}

function open(scan: Scan, at: number, code: number): void {
  if (scan.start >= 0 && scan.depth === 2) {
    scan.isOdd = code !== OPEN_BRACE;
    scan.edges.push(at);
  }
  scan.depth += 1;
}

function close(scan: Scan, at: number): void {
  scan.depth -= 1;
  if (scan.start < 0) return;
  if (scan.depth === 2) scan.edges.push(at + 1);
  else if (scan.depth === 1) scan.end = at;
}

function closingQuote(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

/** Behind the bracket that follows a key; -1: another value follows. */
function arrayStart(text: string, from: number): number {
  const value = /\s*:\s*\[/y;
  value.lastIndex = from;
  return value.test(text) ? value.lastIndex : -1;
}

/** Whether nothing but commas and blanks stands between the items. */
function isOnlyItems({ text, start, end, edges }: Scan): boolean {
  const stops = [start, ...edges, end];
  for (let i = 0; i + 1 < stops.length; i += 2) {
    const isEdge = i === 0 || i + 2 >= stops.length;
    if (!(isEdge ? /^\s*$/ : /^\s*,\s*$/).test(text.slice(stops[i], stops[i + 1]))) return false;
  }
  return true;
}
