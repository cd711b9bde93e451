/** The outcome of reading a text: its value, or one sentence that says what is wrong with it. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

/** A successful {@link Parsed}. */
export function parsed<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** A refused {@link Parsed}; the sentence may quote untrusted text, shortened by {@link quoteText}. */
export function refused(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}

/** Untrusted text in double quotes for a sentence, control characters escaped, cut after 80 characters. */
export function quoteText(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
