import { type Parsed, parsed, refused } from '../eviction/parsed.ts';

/** What a file of ours never needs, and what would take more memory than there is. */
const MAX_DEPTH = 200;
const MAX_VALUES = 16_000_000;

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

/**
 * Parses JSON that anybody may have written. It is measured before it is parsed: deeper than 200 levels, or of more than 16
 * million values, it is refused.
 */
export function parseJsonText(text: string): Parsed<unknown> {
  const tooMuch = measure(text);
  if (tooMuch !== null) return refused(tooMuch);
  try {
    return parsed(JSON.parse(text) as unknown);
  } catch {
    return refused('it is not JSON');
  }
}

/** What is too much about a text, null when nothing is. Of a text that is no JSON the answer means nothing. */
function measure(text: string): string | null {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at);
    else if (code === COMMA) values += 1;
    // Brackets and braces differ in one bit.
    else if ((code | 32) === 123) {
      depth += 1;
      values += 1;
      if (depth > MAX_DEPTH) return `it is nested more than ${MAX_DEPTH} levels deep`;
    } else if ((code | 32) === 125) depth -= 1;
    if (values > MAX_VALUES) return `it holds more than ${MAX_VALUES / 1_000_000} million values`;
  }
  return null;
}

/** Where a string ends that begins at a quote; the end of the text when it does not. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return text.length;
}
