import { MappedBuilder, type MappedText } from './mapped-text.ts';

/** One assignment of an env file. */
export interface EnvEntry {
  readonly name: string;
  /** Decoded, each character with its place. */
  readonly value: MappedText;
  /** Where more can be added to the value: before a closing quote, else behind its last character. */
  readonly appendAt: number;
  readonly start: number;
}

/** Whether a text looks like an env file: assignments, comments and blank lines only, at least one assignment. */
export function isEnvFile(text: string): boolean {
  const lines = joined(text).split(/\r?\n/);
  const isQuiet = (line: string): boolean => /^\s*(?:[#;].*)?$/.test(line);
  const isAssignment = (line: string): boolean => /^\s*[A-Za-z_][A-Za-z0-9_]*=/.test(line);
  return lines.some(isAssignment) && lines.every(line => isQuiet(line) || isAssignment(line));
}

function joined(text: string): string {
  return text.replaceAll(/\\\r?\n/g, '');
}

const NAME = /[ \t\r]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*=/y;

/**
 * The assignments of an env file as systemd reads it (`EnvironmentFile=`): quotes of either kind at the start of a value or
 * behind another quoted part, backslash-newline joins, no specifiers, no variables, comments on lines of their own.
 */
export function readEnvFile(text: string): readonly EnvEntry[] {
  const entries: EnvEntry[] = [];
  let at = 0;
  while (at < text.length) {
    NAME.lastIndex = at;
    const match = NAME.exec(text);
    if (match === null) {
      at = nextLine(text, at);
      continue;
    }
    const value = readValue(text, at + match[0].length);
    entries.push({ name: match[1] ?? '', value: value.value, appendAt: value.appendAt, start: at });
    at = value.next;
  }
  return entries;
}

function nextLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

interface ReadValue {
  readonly value: MappedText;
  readonly appendAt: number;
  readonly next: number;
}

function readValue(text: string, from: number): ReadValue {
  const reader = new ValueReader(text, from);
  let at = from;
  while (at < text.length && !reader.endsAt(at)) at += reader.take(at);
  return { ...reader.finish(), next: nextLine(text, at) };
}

/** Reads one value character by character. */
class ValueReader {
  readonly #text: string;
  readonly #built = new MappedBuilder();
  #quote = '';
  /** Quotes open a quoted part only before the first bare character. */
  #bare = false;
  #appendAt: number;
  /** How much of the value counts: blanks at the end of an unquoted value do not. */
  #length = 0;

  constructor(text: string, from: number) {
    this.#text = text;
    this.#appendAt = from;
  }

  endsAt(at: number): boolean {
    const c = this.#text[at];
    return this.#quote === '' && (c === '\n' || c === '\r');
  }

  /** Takes what begins at an offset; how many characters that was. */
  take(at: number): number {
    const c = this.#text[at] ?? '';
    if (c === '\\') return this.#takeBackslash(at);
    if (c === this.#quote) {
      this.#quote = '';
      this.#mark(at);
    } else if (this.#quote === '' && !this.#bare && (c === '"' || c === "'")) {
      this.#quote = c;
      this.#appendAt = at + 1;
    } else this.#takePlain(c, at);
    return 1;
  }

  finish(): { readonly value: MappedText; readonly appendAt: number } {
    const whole = this.#built.finish(this.#appendAt);
    const value = { text: whole.text.slice(0, this.#length), at: [...whole.at.slice(0, this.#length), this.#appendAt] };
    return { value, appendAt: this.#appendAt };
  }

  #mark(appendAt: number): void {
    this.#appendAt = appendAt;
    this.#length = this.#built.text.length;
  }

  #takePlain(c: string, at: number): void {
    const blank = this.#quote === '' && /[ \t]/.test(c);
    if (blank && !this.#bare) return;
    this.#built.add(c, at);
    if (this.#quote === '') this.#bare = true;
    if (!blank) this.#mark(at + 1);
  }

  /** Joins lines, or takes the next character; within double quotes only before `"`, `\`, `` ` ``, `$`. */
  #takeBackslash(at: number): number {
    const next = this.#text[at + 1] ?? '';
    if (this.#quote !== "'" && next === '\n') return 2;
    if (this.#quote !== "'" && next === '\r' && this.#text[at + 2] === '\n') return 3;
    const kept = this.#quote === "'" || (this.#quote === '"' && !/["\\`$]/.test(next));
    const taken = this.#quote === "'" ? '\\' : `${kept ? '\\' : ''}${next}`;
    this.#built.add(taken, at);
    const length = this.#quote === "'" || next === '' ? 1 : 2;
    if (this.#quote === '') this.#bare = true;
    this.#mark(at + length);
    return length;
  }
}
