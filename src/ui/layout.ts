/** A terminal's size in cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Where things are on the nodes screen. */
export interface NodesLayout {
  /** Rows of the list, without its headings. */
  readonly listRows: number;
  readonly listWidth: number;
  readonly pane: 'none' | 'below' | 'right';
  /** Lines of the open tab within the pane. */
  readonly paneRows: number;
  readonly paneWidth: number;
}

/** Header, rule and headings above; the foot below. */
const NODES_CHROME = 4;
/** Rule, title and tabs above the pane's own lines. */
const PANE_CHROME = 4;

/** A pane beside the list needs this many columns. */
export const SIDE_FROM_COLUMNS = 160;
/** From this many rows on the lower part is the pane's, however long the list. */
export const BELOW_FROM_ROWS = 32;
/** Smaller, and a pane would show nothing. */
const LEAST_PANE = 10;
const LEAST_LIST = 3;

/** Divides the nodes screen. `notes`: lines that stand above the foot; `listed`: how long the list is. */
export function layoutNodes(size: Size, notes: number, listed: number, wordsOnly: boolean): NodesLayout {
  const rows = Math.max(1, size.rows - NODES_CHROME - notes);
  const none = { listRows: rows, listWidth: size.columns, pane: 'none', paneRows: 0, paneWidth: 0 } as const;
  if (wordsOnly || listed === 0) return none;
  if (size.columns >= SIDE_FROM_COLUMNS && size.rows >= 16) {
    const listWidth = Math.max(92, Math.floor(size.columns * 0.54));
    const paneWidth = size.columns - listWidth - 3;
    return { ...none, listWidth, pane: 'right', paneRows: rows - 2, paneWidth };
  }
  // A short list leaves its room to the pane; a long one keeps what it needs, or its share.
  const pane = size.rows >= BELOW_FROM_ROWS ? Math.max(14, Math.floor(size.rows * 0.45)) : LEAST_PANE + PANE_CHROME;
  const listRows = Math.max(LEAST_LIST, Math.min(listed, rows - pane));
  const paneRows = rows - listRows - PANE_CHROME;
  const isShort = size.rows >= BELOW_FROM_ROWS || listed <= Math.floor(size.rows / 4);
  if (!isShort || paneRows < LEAST_PANE) return none;
  return { ...none, listRows, pane: 'below', paneRows, paneWidth: size.columns - 2 };
}

/** Lines of the open tab on the node screen. */
export function nodeRows(size: Size, notes: number): number {
  return Math.max(1, size.rows - 6 - notes);
}

/** Lines of what lies over a screen. */
export function overlayRows(size: Size): number {
  return Math.max(1, size.rows - 4);
}

/** Header, rule and foot around a dialog. */
const DIALOG_CHROME = 3;
/** From this many rows on, a rule stands above the question. */
const PROMPT_RULE_FROM_ROWS = 12;
/** With less room to scroll in, the head scrolls too. */
const LEAST_BODY = 4;

/**
 * Divides the screen for a dialog: the question comes first, then something to scroll. `rows`: those of the body; `hasRule`: a
 * rule stands above the question.
 */
export function layoutDialog<Line>(
  size: Size,
  view: { readonly head: readonly Line[]; readonly body: readonly Line[]; readonly prompt: readonly Line[] },
): typeof view & { readonly rows: number; readonly hasRule: boolean } {
  const prompt = view.prompt.slice(0, Math.max(0, size.rows - DIALOG_CHROME));
  const hasRule = prompt.length > 0 && size.rows >= PROMPT_RULE_FROM_ROWS;
  const rows = size.rows - DIALOG_CHROME - prompt.length - (hasRule ? 1 : 0);
  if (rows - view.head.length >= LEAST_BODY) return { ...view, prompt, hasRule, rows: rows - view.head.length };
  return { head: [], body: [...view.head, ...view.body], prompt, hasRule, rows: Math.max(1, rows) };
}
