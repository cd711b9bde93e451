/**
 * C0 and C1 controls, DEL, line separators, and the marks and overrides that change the direction of text: what could move a
 * cursor, recolour a screen or make one text look like another.
 */
const HARMFUL =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/gu;

/**
 * The one sanitiser: makes untrusted text (from a cluster, a kubeconfig, a file) fit for a terminal or a table. Line breaks and
 * tabs become a blank, every other control or direction character disappears, lone surrogates become U+FFFD.
 */
export function clean(text: string): string {
  return text.toWellFormed().replace(HARMFUL, character => (/[\t\n\r\u2028\u2029]/.test(character) ? ' ' : ''));
}

/** As {@link clean}, cut to at most `most` characters, with an ellipsis where something is missing. */
export function cleanShort(text: string, most: number): string {
  // Cut before cleaning: a megabyte of text costs nothing.
  const cleaned = clean(text.slice(0, most * 4));
  return cleaned.length <= most && text.length <= most * 4 ? cleaned : `${cleaned.slice(0, Math.max(0, most - 1))}…`;
}

/** What JSON leaves as it is, and a terminal obeys: escaped in our documents, so that printing one is harmless. */
const ESCAPED_IN_DOCUMENTS =
  /[\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;

/** Escapes those characters as `\uXXXX`; only for text inside double quotes (JSON strings, double-quoted YAML). */
export function escapeInQuotes(quoted: string): string {
  return quoted.replace(ESCAPED_IN_DOCUMENTS, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Whether a text holds a character that {@link escapeInQuotes} would escape, or a control character. */
export function needsEscape(text: string): boolean {
  return /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/.test(
    text,
  );
}
