import { type Parsed, parsed, quoteText, refused } from '../eviction/parsed.ts';
import { SETTING_FIELDS, type WrittenSettings } from '../eviction/settings.ts';
import { applyEdits, type Edit, lineBreak, lineEnd } from './edit.ts';
import { entryEnd, entryOf, keyEnd, mapAt, parseYamlTree, type YamlEntry, type YamlMap } from './yaml-tree.ts';
import { deepEqual, loadDocuments, property, valueAt, withMapAt } from './yaml-values.ts';

/** Where in a text the eviction fields stand: which document, and at which path of it. */
export interface LayerPlace {
  readonly document: number;
  readonly path: readonly (string | number)[];
}

/**
 * Writes settings into the mapping at a place of a YAML or JSON text, changing only the bytes of values that differ and adding
 * what is missing, in the style of what stands around it. The result is decoded and compared: nothing but the meant keys
 * differs. Refused: text that cannot be parsed, and eviction maps that are aliases or carry an anchor or a tag.
 */
export function patchLayer(text: string, place: LayerPlace, settings: WrittenSettings): Parsed<string> {
  const before = loadDocuments(text);
  if (!before.ok) return before;
  const trees = parseYamlTree(text);
  if (!trees.ok) return trees;
  const carrier = mapAt(trees.value[place.document], place.path);
  if (carrier === null) {
    return refused('the place for the eviction settings is no mapping of its own (an alias, a list or a plain value)');
  }
  const patch = new LayerPatch(text, carrier);
  const current = valueAt(before.value[place.document], place.path);
  for (const field of SETTING_FIELDS) {
    const value = settings[field];
    if (value === undefined) continue;
    const problem = patch.set(field, property(current, field), value);
    if (problem !== null) return refused(problem);
  }
  const result = patch.finish();
  return isFaithful(before.value, result, place, settings)
    ? parsed(result)
    : refused('the file is written in a way that cannot be changed in place safely');
}

/** The check behind every patch: the new text says what the old one said, and the settings. */
function isFaithful(before: readonly unknown[], result: string, place: LayerPlace, settings: WrittenSettings): boolean {
  const after = loadDocuments(result);
  if (!after.ok || after.value.length !== before.length) return false;
  const expected = before.map((document, i) =>
    i === place.document ? withMapAt(document, place.path, layer => merged(layer, settings)) : document,
  );
  return deepEqual(after.value, expected);
}

function merged(layer: ReadonlyMap<string, unknown>, settings: WrittenSettings): ReadonlyMap<string, unknown> {
  const next = new Map(layer);
  for (const field of SETTING_FIELDS) {
    const value = settings[field];
    if (value === undefined) continue;
    if (typeof value === 'string' || typeof value === 'number') next.set(field, value);
    else
      next.set(
        field,
        withMapAt(layer.get(field) ?? {}, [], map => new Map([...map, ...value])),
      );
  }
  return next;
}

type Quote = '"' | "'";
type NewEntry = readonly [string, ReadonlyMap<string, string> | string | number];

/** Collects the edits of one mapping. */
class LayerPatch {
  readonly #text: string;
  readonly #carrier: YamlMap;
  readonly #edits: Edit[] = [];
  readonly #missing: NewEntry[] = [];
  readonly #quote: Quote;

  constructor(text: string, carrier: YamlMap) {
    this.#text = text;
    this.#carrier = carrier;
    this.#quote = usualQuote(carrier);
  }

  /** The new text. What is new goes behind what is there, also behind what the last field gains. */
  finish(): string {
    if (this.#missing.length > 0) this.#insert(this.#carrier, this.#missing, false);
    return applyEdits(this.#text, this.#edits);
  }

  /** Sets one field; a sentence when it cannot be set here. */
  set(field: string, current: unknown, value: ReadonlyMap<string, string> | string | number): string | null {
    const entry = entryOf(this.#carrier, field);
    if (entry === undefined) {
      this.#missing.push([field, value]);
      return null;
    }
    if (entry.value.kind === 'alias') return `${field} is an alias (*): change the anchor it points to by hand`;
    if ('marked' in entry.value && entry.value.marked) {
      return `${field} carries an anchor or a tag: what else refers to it would change with it`;
    }
    if (typeof value === 'string' || typeof value === 'number') return this.#setScalar(entry, current, value);
    return this.#setMap(field, entry, value);
  }

  #setScalar(entry: YamlEntry, current: unknown, value: string | number): string | null {
    if (current === value) return null;
    const node = entry.value;
    const text = this.#scalarText(value, node.kind === 'scalar' ? node.quote : '"', false);
    if (node.kind === 'absent') this.#edits.push(insertion(keyEnd(this.#text, entry), ` ${text}`));
    else if (node.kind === 'scalar' && node.quote !== 'block') {
      this.#edits.push({ start: node.start, end: node.end, text });
    } else return 'a single value stands as a block or a collection';
    return null;
  }

  #setMap(field: string, entry: YamlEntry, wanted: ReadonlyMap<string, string>): string | null {
    const node = entry.value;
    if (node.kind === 'map' && node.entries.length > 0) return this.#mergeInto(field, node, wanted);
    if (wanted.size === 0) return null;
    if (node.kind === 'absent' && !this.#carrier.flow) {
      const indent = `${this.#indentOf(this.#carrier)}${this.#step()}`;
      const lines = [...wanted].map(([key, value]) => `${indent}${key}: ${this.#scalarText(value, this.#quote, true)}`);
      const at = lineEnd(this.#text, keyEnd(this.#text, entry));
      this.#edits.push(insertion(at, lines.map(line => `${lineBreak(this.#text)}${line}`).join('')));
      return null;
    }
    const flow = this.#flowMap(wanted);
    if (node.kind === 'absent') this.#edits.push(insertion(keyEnd(this.#text, entry), ` ${flow}`));
    else if (
      node.kind === 'map' ||
      (node.kind === 'scalar' && /^(~|null|Null|NULL)$/.test(node.value) && !node.quote)
    ) {
      this.#edits.push({ start: node.start, end: entryEnd(this.#text, entry), text: flow });
    } else return `${field} is no map`;
    return null;
  }

  #mergeInto(field: string, map: YamlMap, wanted: ReadonlyMap<string, string>): string | null {
    const missing: NewEntry[] = [];
    for (const [key, value] of wanted) {
      const entry = entryOf(map, key);
      if (entry === undefined) {
        missing.push([key, value]);
        continue;
      }
      const node = entry.value;
      if (node.kind === 'alias') return `${field} ${quoteText(key)} is an alias (*): change it by hand`;
      if (node.kind !== 'scalar' || node.quote === 'block' || node.marked)
        return `${field} ${quoteText(key)} is no plain text`;
      if (node.value !== value) {
        this.#edits.push({ start: node.start, end: node.end, text: this.#scalarText(value, node.quote, true) });
      }
    }
    if (missing.length > 0) this.#insert(map, missing, true);
    return null;
  }

  /** Adds entries behind the last one of a mapping, on lines of their own where the last one has one. */
  #insert(map: YamlMap, entries: readonly NewEntry[], quoted: boolean): void {
    const last = map.entries.at(-1);
    const quote = usualQuote(map);
    const quotedKeys = keyQuote(map);
    const keyText = (key: string): string => `${quotedKeys}${key}${quotedKeys}`;
    if (map.flow) {
      const pairs = entries.map(([key, value]) => `${keyText(key)}: ${this.#valueText(value, quote, quotedKeys)}`);
      const own = ownLine(this.#text, last?.key);
      const glue = own === null ? ', ' : `,${lineBreak(this.#text)}${own}`;
      const at = last === undefined ? map.start + 1 : entryEnd(this.#text, last);
      this.#edits.push(insertion(at, last === undefined ? pairs.join(', ') : pairs.map(p => `${glue}${p}`).join('')));
      return;
    }
    const indent = this.#indentOf(map);
    const brk = lineBreak(this.#text);
    const lines = entries.flatMap(([key, value]) => this.#blockLines(indent, keyText(key), value, quote, quoted));
    const end = last === undefined ? map.start : entryEnd(this.#text, last);
    // A block scalar ends behind its line break already.
    const behindBreak = this.#text[end - 1] === '\n';
    const at = behindBreak ? end : lineEnd(this.#text, end);
    this.#edits.push(insertion(at, lines.map(line => (behindBreak ? `${line}${brk}` : `${brk}${line}`)).join('')));
  }

  #blockLines(
    indent: string,
    key: string,
    value: ReadonlyMap<string, string> | string | number,
    quote: Quote,
    quoted: boolean,
  ): readonly string[] {
    if (typeof value === 'string' || typeof value === 'number') {
      return [`${indent}${key}: ${this.#scalarText(value, quote, quoted)}`];
    }
    if (value.size === 0) return [`${indent}${key}: {}`];
    const lines = [...value].map(([k, v]) => `${indent}${this.#step()}${k}: ${this.#scalarText(v, quote, true)}`);
    return [`${indent}${key}:`, ...lines];
  }

  #valueText(value: ReadonlyMap<string, string> | string | number, quote: Quote, keys: string): string {
    if (typeof value === 'string' || typeof value === 'number') return this.#scalarText(value, quote, true);
    const pairs = [...value].map(([k, v]) => `${keys}${k}${keys}: ${this.#scalarText(v, quote, true)}`);
    return `{${pairs.join(', ')}}`;
  }

  #flowMap(map: ReadonlyMap<string, string>): string {
    return this.#valueText(map, this.#quote, keyQuote(this.#carrier));
  }

  /** A value in a style; unquoted only where that cannot be read as anything but a text. */
  #scalarText(value: string | number, quote: string, mayQuote: boolean): string {
    if (typeof value === 'number') return String(value);
    const plain = /^\d[\d.]*([KMGTPE]i|%|h|m|s|h\d+m\d+s|m\d+s)$/.test(value);
    if (quote === '' && plain) return value;
    if (!mayQuote && plain && this.#carrier.flow === false) return value;
    return quote === "'" ? `'${value.replaceAll("'", "''")}'` : JSON.stringify(value);
  }

  /** How much deeper the mappings inside this one stand. */
  #step(): string {
    const inner = this.#carrier.entries.find(({ value }) => value.kind === 'map' && !value.flow)?.value;
    const deeper = inner?.kind === 'map' ? this.#indentOf(inner).length - this.#indentOf(this.#carrier).length : 2;
    return ' '.repeat(deeper > 0 ? deeper : 2);
  }

  #indentOf(map: YamlMap): string {
    const first = map.entries[0]?.key;
    const start = first !== undefined && 'start' in first ? first.start : map.start;
    return ' '.repeat(start - (this.#text.lastIndexOf('\n', start - 1) + 1));
  }
}

function insertion(at: number, text: string): Edit {
  return { start: at, end: at, text };
}

/** The quotes around most of what a mapping holds in quotes; double ones where it holds none. */
function usualQuote(map: YamlMap): Quote {
  const values = map.entries.flatMap(entry => (entry.value.kind === 'map' ? entry.value.entries : [entry]));
  const quotes = values.flatMap(({ value }) => (value.kind === 'scalar' ? [value.quote] : []));
  const single = quotes.filter(q => q === "'").length;
  return single > quotes.filter(q => q === '"').length ? "'" : '"';
}

/** JSON quotes its keys: who quotes all keys gets quoted ones. */
function keyQuote(map: YamlMap): '' | Quote {
  const quotes = map.entries.map(({ key }) => (key.kind === 'scalar' ? key.quote : ''));
  const first = quotes[0];
  if (first === undefined) return map.flow ? '"' : '';
  return (first === '"' || first === "'") && quotes.every(q => q === first) ? first : '';
}

/** The blanks before a key that begins its line; null: something else stands before it. */
function ownLine(text: string, key: YamlEntry['key'] | undefined): string | null {
  if (key === undefined || !('start' in key)) return null;
  const before = text.slice(text.lastIndexOf('\n', key.start - 1) + 1, key.start);
  return text.includes('\n') && /^[ \t]*$/.test(before) && text.lastIndexOf('\n', key.start - 1) >= 0 ? before : null;
}

/** Whether any of these fields is in a decoded mapping. */
export function namesEviction(value: unknown): boolean {
  return SETTING_FIELDS.some(field => property(value, field) !== undefined);
}
