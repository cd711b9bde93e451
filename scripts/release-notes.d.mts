/** The text below a release's heading in the changelog; null: there is none. */
export function notesOf(changelog: string, version: string): string | null;
/** What keeps a tag from being released; null: nothing. */
export function refusal(tag: string, facts: { readonly version: string; readonly changelog: string }): string | null;
