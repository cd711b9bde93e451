/** A text made from another one (unquoted, joined, unescaped) that knows where each of its characters came from. */
export interface MappedText {
  readonly text: string;
  /** For each character the offset in the source where it begins; one more for the end of the last. */
  readonly at: readonly number[];
}

/** Builds a {@link MappedText}. */
export class MappedBuilder {
  #text = '';
  readonly #at: number[] = [];

  get text(): string {
    return this.#text;
  }

  add(characters: string, at: number): void {
    this.#text += characters;
    for (let i = 0; i < characters.length; i += 1) this.#at.push(at);
  }

  /** `end`: the offset behind the last source character. */
  finish(end: number): MappedText {
    return { text: this.#text, at: [...this.#at, end] };
  }
}

/** A part of a mapped text. */
export function sliceMapped(mapped: MappedText, start: number, end: number): MappedText {
  return { text: mapped.text.slice(start, end), at: mapped.at.slice(start, end + 1) };
}

/** The source range that a part of a mapped text came from. */
export function sourceRange(
  mapped: MappedText,
  start: number,
  end: number,
): { readonly start: number; readonly end: number } {
  const from = mapped.at[start] ?? 0;
  return { start: from, end: end > start ? (mapped.at[end] ?? from) : from };
}
