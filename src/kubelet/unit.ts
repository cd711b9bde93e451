import { lineEnd } from './edit.ts';
import { MappedBuilder, type MappedText, sliceMapped, sourceRange } from './mapped-text.ts';
import { assignment, expandPercent, splitWords } from './systemd-words.ts';

/** One assignment of a unit file: `Key=value`, with backslash-newlines joined. */
export interface UnitEntry {
  readonly section: string;
  readonly key: string;
  readonly value: MappedText;
  /** Offset of the first character of its line. */
  readonly start: number;
}

/** Whether a text looks like a unit file: its first line that is no comment is a section. */
export function isUnit(text: string): boolean {
  return /^(?:\s*(?:[#;][^\n]*)?\n)*[ \t]*\[[A-Z][A-Za-z0-9-]*\][ \t]*\r?(?:\n|$)/.test(text.slice(0, 65_536));
}

/** The assignments of a unit file in their order. What is neither assignment, comment nor section is passed over. */
export function readUnit(text: string): readonly UnitEntry[] {
  const entries: UnitEntry[] = [];
  let section = '';
  let at = 0;
  while (at < text.length) {
    const line = logicalLine(text, at);
    at = line.next;
    const header = /^\[(.*)\]$/.exec(line.value.text);
    if (header !== null) {
      section = header[1] ?? '';
      continue;
    }
    const equals = line.value.text.indexOf('=');
    if (line.comment || equals <= 0) continue;
    const value = trimmed(sliceMapped(line.value, equals + 1, line.value.text.length));
    entries.push({ section, key: line.value.text.slice(0, equals).trimEnd(), value, start: line.start });
  }
  return entries;
}

interface LogicalLine {
  readonly value: MappedText;
  readonly comment: boolean;
  readonly start: number;
  readonly next: number;
}

/** One line with its continuations: a backslash at the end becomes a blank, comment lines in between are left out. */
function logicalLine(text: string, from: number): LogicalLine {
  const built = new MappedBuilder();
  let line = physicalLine(text, from);
  if (line.comment) return { value: { text: '', at: [from] }, comment: true, start: from, next: line.next };
  let end = from;
  for (;;) {
    if (!line.comment) {
      end = line.visible;
      for (let i = line.start; i < end; i += 1) built.add(text[i] ?? '', i);
      if (line.goesOn && line.next < text.length) built.add(' ', end);
    }
    if ((!line.goesOn && !line.comment) || line.next >= text.length) break;
    line = physicalLine(text, line.next);
  }
  return { value: trimmed(built.finish(end)), comment: false, start: from, next: line.next };
}

interface PhysicalLine {
  readonly start: number;
  /** Where its own text ends: before the line break, and before a backslash that joins it with the next line. */
  readonly visible: number;
  readonly next: number;
  readonly goesOn: boolean;
  readonly comment: boolean;
}

function physicalLine(text: string, start: number): PhysicalLine {
  const lf = text.indexOf('\n', start);
  const stop = lineEnd(text, start);
  const raw = text.slice(start, stop);
  const comment = /^\s*[#;]/.test(raw);
  const goesOn = !comment && /(?:^|[^\\])(?:\\\\)*\\$/.test(raw);
  return { start, visible: goesOn ? stop - 1 : stop, next: lf < 0 ? text.length : lf + 1, goesOn, comment };
}

function trimmed(mapped: MappedText): MappedText {
  const start = mapped.text.length - mapped.text.trimStart().length;
  const end = Math.max(start, mapped.text.trimEnd().length);
  const part = sliceMapped(mapped, start, end);
  // Behind the last visible character, not behind blanks or a backslash that follow it.
  const last = part.at[part.text.length - 1];
  return part.text.length === 0 || last === undefined
    ? part
    : { text: part.text, at: [...part.at.slice(0, -1), last + 1] };
}

/** A variable of the service, where its value stands. */
export interface UnitVariable {
  readonly name: string;
  readonly value: MappedText;
  /** The whole `NAME=value`, as it stands in the file. */
  readonly range: { readonly start: number; readonly end: number };
  /** Index of its entry. */
  readonly entry: number;
}

/** The part of a unit that decides the command line. */
export interface Service {
  readonly entries: readonly UnitEntry[];
  /** Those in effect: of several assignments the last, none from before an empty `Environment=`. */
  readonly variables: ReadonlyMap<string, UnitVariable>;
  /** The last command of `ExecStart=`; null: the file has none. */
  readonly exec: MappedText | null;
  /** Paths of `EnvironmentFile=`, without the dash; their variables win over all of `Environment=`. */
  readonly environmentFiles: readonly string[];
  /** Lines that systemd would refuse. */
  readonly broken: readonly string[];
}

/** Reads `Environment=`, `EnvironmentFile=` and `ExecStart=` of the section `[Service]`. */
export function readService(text: string): Service {
  const entries = readUnit(text);
  let variables = new Map<string, UnitVariable>();
  let environmentFiles: string[] = [];
  let exec: MappedText | null = null;
  const broken: string[] = [];
  entries.forEach((entry, index) => {
    if (entry.section !== 'Service') return;
    const empty = entry.value.text === '';
    if (entry.key === 'ExecStart') exec = empty ? null : entry.value;
    if (entry.key === 'EnvironmentFile') {
      environmentFiles = empty ? [] : [...environmentFiles, entry.value.text.replace(/^-/, '')];
    }
    if (entry.key !== 'Environment') return;
    if (empty) {
      variables = new Map();
      return;
    }
    const words = splitWords(entry.value, { escapes: true });
    if (words === null) broken.push(entry.value.text);
    for (const word of words ?? []) {
      const found = assignment(expandPercent(word));
      const range = sourceRange(word, 0, word.text.length);
      if (found !== null) variables.set(found.name, { ...found, range, entry: index });
    }
  });
  return { entries, variables, exec, environmentFiles, broken };
}

/**
 * The words of a command with variables replaced as systemd does: `$X` alone becomes the words of its value, `${X}` its value,
 * `$$` a dollar sign. Each word knows its place in the file; null where systemd refuses the line.
 */
export function commandWords(service: Service): readonly MappedText[] | null {
  if (service.exec === null) return null;
  const words = splitWords(service.exec, { escapes: true });
  if (words === null) return null;
  const out: MappedText[] = [];
  words.forEach((raw, i) => {
    const word = expandPercent(raw);
    const name = i === 0 ? undefined : /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(word.text)?.[1];
    if (name === undefined) out.push(withBraces(word, service.variables));
    else {
      const value = service.variables.get(name)?.value;
      if (value !== undefined) out.push(...(splitWords(value, { escapes: false }) ?? []));
    }
  });
  return out;
}

function withBraces(word: MappedText, variables: ReadonlyMap<string, UnitVariable>): MappedText {
  if (!word.text.includes('$')) return word;
  const built = new MappedBuilder();
  const pattern = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/y;
  for (let i = 0; i < word.text.length; i += 1) {
    pattern.lastIndex = i;
    const match = pattern.exec(word.text);
    if (match === null) {
      built.add(word.text[i] ?? '', word.at[i] ?? 0);
      continue;
    }
    if (match[0] === '$$') built.add('$', word.at[i] ?? 0);
    else addMapped(built, variables.get(match[1] ?? '')?.value);
    i += match[0].length - 1;
  }
  return built.finish(word.at[word.text.length] ?? 0);
}

function addMapped(built: MappedBuilder, value: MappedText | undefined): void {
  if (value === undefined) return;
  for (let i = 0; i < value.text.length; i += 1) built.add(value.text[i] ?? '', value.at[i] ?? 0);
}

/** Whether ExecStart refers to a variable, as a word of its own or in braces. */
export function refersTo(service: Service, name: string): boolean {
  const text = service.exec?.text ?? '';
  return text.split(/\s+/).includes(`$${name}`) || text.includes(`\${${name}}`);
}
