import { COLLECTION_STYLE, EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE } from 'js-yaml';
import { type Parsed, parsed, refused } from '../eviction/parsed.ts';

/** A value in a YAML text, by its place. Ends are exclusive. */
export type YamlNode =
  | {
      readonly kind: 'scalar';
      /** Quotes included. */
      readonly start: number;
      readonly end: number;
      readonly quote: '' | '"' | "'" | 'block';
      readonly value: string;
      readonly marked: boolean;
    }
  /** A key without a value; its place is only known to whoever knows the key. */
  | { readonly kind: 'absent'; readonly marked: boolean }
  | { readonly kind: 'alias'; readonly start: number; readonly end: number }
  | YamlMap
  | YamlList;

/** A mapping. `marked`: it carries an anchor or a tag. */
export interface YamlMap {
  readonly kind: 'map';
  readonly flow: boolean;
  readonly start: number;
  readonly marked: boolean;
  readonly entries: readonly YamlEntry[];
}

export interface YamlList {
  readonly kind: 'list';
  readonly flow: boolean;
  readonly start: number;
  readonly marked: boolean;
  readonly items: readonly YamlNode[];
}

export interface YamlEntry {
  readonly key: YamlNode;
  readonly value: YamlNode;
}

/** Reads a text as a stream of YAML documents (JSON is one, too), each as a tree of places. */
export function parseYamlTree(text: string): Parsed<readonly YamlNode[]> {
  try {
    return parsed(new TreeBuilder(text, parseEvents(text, { maxDepth: 60 })).documents());
  } catch (error) {
    return refused(yamlError(error));
  }
}

/** The first line of a parser's complaint. */
export function yamlError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n', 1)[0] ?? '').slice(0, 300);
}

class TreeBuilder {
  readonly #text: string;
  readonly #events: readonly Event[];
  #at = 0;

  constructor(text: string, events: readonly Event[]) {
    this.#text = text;
    this.#events = events;
  }

  documents(): readonly YamlNode[] {
    const found: YamlNode[] = [];
    for (let event = this.#next(); event !== undefined; event = this.#next()) {
      if (event.type !== EVENT_ID.DOCUMENT) continue;
      const content = this.#next();
      const empty = content === undefined || content.type === EVENT_ID.POP;
      found.push(empty ? { kind: 'absent', marked: false } : this.#node(content));
    }
    return found;
  }

  #next(): Event | undefined {
    const event = this.#events[this.#at];
    this.#at += 1;
    return event;
  }

  /** The nodes up to the end of the collection that is open. */
  #children(): YamlNode[] {
    const found: YamlNode[] = [];
    for (let event = this.#next(); event !== undefined && event.type !== EVENT_ID.POP; event = this.#next()) {
      found.push(this.#node(event));
    }
    return found;
  }

  #node(event: Event): YamlNode {
    switch (event.type) {
      case EVENT_ID.ALIAS:
        return { kind: 'alias', start: event.anchorStart - 1, end: event.anchorEnd };
      case EVENT_ID.MAPPING: {
        const { marked, flow } = collection(event);
        const children = this.#children();
        const entries: YamlEntry[] = [];
        for (let i = 0; i + 1 < children.length; i += 2) {
          const [key, value] = [children[i], children[i + 1]];
          if (key !== undefined && value !== undefined) entries.push({ key, value });
        }
        return { kind: 'map', flow, start: event.start, marked, entries };
      }
      case EVENT_ID.SEQUENCE: {
        const { marked, flow } = collection(event);
        return { kind: 'list', flow, start: event.start, marked, items: this.#children() };
      }
      case EVENT_ID.SCALAR:
        return this.#scalar(event);
      default:
        throw new Error('unexpected structure');
    }
  }

  #scalar(event: Extract<Event, { readonly type: typeof EVENT_ID.SCALAR }>): YamlNode {
    const marked = event.anchorStart >= 0 || event.tagStart >= 0;
    if (event.valueStart < 0 || (event.style === SCALAR_STYLE.PLAIN && event.valueStart === event.valueEnd)) {
      return { kind: 'absent', marked };
    }
    const value = getScalarValue(this.#text, event);
    const place = { start: event.valueStart, end: event.valueEnd };
    switch (event.style) {
      case SCALAR_STYLE.PLAIN:
        return { kind: 'scalar', ...place, quote: '', value, marked };
      case SCALAR_STYLE.SINGLE_QUOTED:
      case SCALAR_STYLE.DOUBLE_QUOTED: {
        const quote = event.style === SCALAR_STYLE.SINGLE_QUOTED ? "'" : '"';
        return { kind: 'scalar', start: place.start - 1, end: place.end + 1, quote, value, marked };
      }
      default:
        return { kind: 'scalar', ...place, quote: 'block', value, marked };
    }
  }
}

function collection(event: { readonly anchorStart: number; readonly tagStart: number; readonly style: number }) {
  return {
    marked: event.anchorStart >= 0 || event.tagStart >= 0,
    flow: event.style === COLLECTION_STYLE.FLOW,
  };
}

/** The entry of a mapping with that key. */
export function entryOf(map: YamlMap, key: string): YamlEntry | undefined {
  return map.entries.find(entry => entry.key.kind === 'scalar' && entry.key.value === key);
}

/** The mapping at a path of keys (numbers: items of lists); null: there is none. */
export function mapAt(root: YamlNode | undefined, path: readonly (string | number)[]): YamlMap | null {
  let node = root;
  for (const step of path) {
    if (typeof step === 'number') node = node?.kind === 'list' ? node.items[step] : undefined;
    else node = node?.kind === 'map' ? entryOf(node, step)?.value : undefined;
  }
  return node?.kind === 'map' ? node : null;
}

/** Where an entry ends in the text: after its value, or after the colon of a key without one. */
export function entryEnd(text: string, entry: YamlEntry): number {
  return entry.value.kind === 'absent' ? keyEnd(text, entry) : nodeEnd(text, entry.value);
}

/** After the colon of a key. */
export function keyEnd(text: string, entry: YamlEntry): number {
  const end = nodeEnd(text, entry.key);
  const colon = text.indexOf(':', end);
  return colon < 0 ? end : colon + 1;
}

/** The end of a node that has a place. */
export function nodeEnd(text: string, node: YamlNode): number {
  switch (node.kind) {
    case 'scalar':
    case 'alias':
      return node.end;
    case 'absent':
      return -1;
    case 'map': {
      const last = node.entries.at(-1);
      const end = last === undefined ? node.start + 1 : entryEnd(text, last);
      return node.flow ? closing(text, end, '}') : end;
    }
    case 'list': {
      const last = node.items.at(-1);
      const end = last === undefined || last.kind === 'absent' ? node.start + 1 : nodeEnd(text, last);
      return node.flow ? closing(text, end, ']') : end;
    }
  }
}

/** Just behind the bracket that closes a flow collection; comments in between may hold anything. */
function closing(text: string, from: number, bracket: string): number {
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (character === bracket) return at + 1;
    if (character === '#' && /\s/.test(text[at - 1] ?? '')) at = lineEndOf(text, at);
  }
  return text.length;
}

function lineEndOf(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}
