import { MappedBuilder, type MappedText, sliceMapped } from './mapped-text.ts';

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ['s', ' '],
  ['\\', '\\'],
  ['"', '"'],
  ["'", "'"],
]);

const CODES: readonly (readonly [RegExp, number])[] = [
  [/x([\da-fA-F]{2})/y, 16],
  [/u([\da-fA-F]{4})/y, 16],
  [/U([\da-fA-F]{8})/y, 16],
  [/([0-7]{3})/y, 8],
];

/** One escape behind a backslash: what it means and how many characters it takes; null: it means nothing. */
function decodeEscape(text: string, at: number): { readonly value: string; readonly length: number } | null {
  const simple = ESCAPES.get(text[at] ?? '');
  if (simple !== undefined) return { value: simple, length: 1 };
  for (const [pattern, radix] of CODES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) continue;
    const code = Number.parseInt(match[1] ?? '', radix);
    if (code > 0x10ffff || code === 0) return null;
    return { value: String.fromCodePoint(code), length: match[0].length };
  }
  return null;
}

const BLANK = /[ \t\n\r]/;

/** How words are read: C escapes are for unit files, not for the values of variables. */
export interface WordRules {
  readonly escapes: boolean;
}

/**
 * Splits a text at blanks as systemd does: quotes of either kind may stand anywhere and are removed, a backslash escapes.
 * Null where systemd refuses the line: a quote that does not close, an unknown escape.
 */
export function splitWords(source: MappedText, rules: WordRules): readonly MappedText[] | null {
  const { text } = source;
  const words: MappedText[] = [];
  let at = 0;
  while (at < text.length) {
    if (BLANK.test(text[at] ?? '')) {
      at += 1;
      continue;
    }
    const word = readWord(source, at, rules);
    if (word === null) return null;
    words.push(word.value);
    at = word.next;
  }
  return words;
}

function readWord(
  source: MappedText,
  from: number,
  rules: WordRules,
): { readonly value: MappedText; readonly next: number } | null {
  const { text } = source;
  const built = new MappedBuilder();
  let quote = '';
  let at = from;
  // Behind the last character that counts, so that a closing quote is never part of the word's range.
  let end = from;
  for (; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '\\') {
      const taken = escaped(source, at, rules, built);
      if (taken === null) return null;
      at += taken;
      end = at + 1;
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      if (built.text === '') end = at + 1;
    } else if (character === quote) quote = '';
    else if (quote === '' && BLANK.test(character)) break;
    else {
      built.add(character, source.at[at] ?? 0);
      end = at + 1;
    }
  }
  // In the value of a variable an open quote ends with the text.
  if (quote !== '' && rules.escapes) return null;
  return { value: built.finish(endOffset(source, end)), next: at };
}

/** The source offset just behind the character before an index: what follows it may come from elsewhere. */
function endOffset(source: MappedText, index: number): number {
  const next = source.at[index];
  return next ?? source.at.at(-1) ?? 0;
}

/** Takes what follows a backslash; the number of characters taken. */
function escaped(source: MappedText, at: number, rules: WordRules, built: MappedBuilder): number | null {
  const next = source.text[at + 1];
  if (next === undefined) return rules.escapes ? null : 0;
  if (!rules.escapes) {
    built.add(next, source.at[at] ?? 0);
    return 1;
  }
  const decoded = decodeEscape(source.text, at + 1);
  if (decoded === null) return null;
  built.add(decoded.value, source.at[at] ?? 0);
  return decoded.length;
}

/** A word of a unit file with `%%` made one percent sign. Other specifiers are the machine's to know and stay as they are. */
export function expandPercent(word: MappedText): MappedText {
  const built = new MappedBuilder();
  for (let i = 0; i < word.text.length; i += 1) {
    built.add(word.text[i] ?? '', word.at[i] ?? 0);
    if (word.text[i] === '%' && word.text[i + 1] === '%') i += 1;
  }
  return built.finish(word.at[word.text.length] ?? 0);
}

/** A word as `NAME=value`; null: it is none. */
export function assignment(word: MappedText): { readonly name: string; readonly value: MappedText } | null {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(word.text);
  if (match === null) return null;
  return { name: match[1] ?? '', value: sliceMapped(word, match[0].length, word.text.length) };
}
