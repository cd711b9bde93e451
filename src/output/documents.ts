import { DEFAULT_SCALAR_STYLE_RULES, dump, SCALAR_STYLE, type ScalarStyleRule } from 'js-yaml';
import { escapeInQuotes, needsEscape } from './clean.ts';

/** JSON as kubectl prints it, two blanks deep, ending with a line feed; harmless on a terminal. */
export function toJson(document: unknown): string {
  return `${escapeInQuotes(JSON.stringify(document, null, 2))}\n`;
}

/** The same on one line: for `-w`, one document a line. */
export function toJsonLine(document: unknown): string {
  return `${escapeInQuotes(JSON.stringify(document))}\n`;
}

/** Scalars with characters that must be escaped are double-quoted, the only style that has escapes. */
const quoteHarmful: ScalarStyleRule = layout => {
  if (needsEscape(layout.node.value)) layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
};

/** One YAML document with the same content as {@link toJson}; harmless on a terminal. */
export function toYaml(document: unknown): string {
  const scalarStyleRules = [quoteHarmful, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)];
  return escapeInQuotes(dump(document, { noRefs: true, lineWidth: -1, scalarStyleRules }));
}
