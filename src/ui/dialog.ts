import type { KeyBinding } from './keys.ts';
import type { Line } from './line.ts';
import type { Theme } from './theme.ts';

/** The dialogs that a screen can open. The key that opens one is an intent of this name. */
export type DialogKind = 'purge' | 'report' | 'tune';

/** Where a dialog is opened. */
export interface DialogContext {
  /** The node under the cursor, or the open one; null: there is none. */
  readonly node: string | null;
}

/** Makes the dialog of each kind. */
export type Dialogs = Readonly<Record<DialogKind, (context: DialogContext) => Dialog>>;

/** What a dialog has on the screen, from top to bottom. */
export interface DialogView {
  /** Stays where it is. */
  readonly head: readonly Line[];
  /** Scrolls below the head, by the keys of every screen, where it is longer than the room there is. */
  readonly body: readonly Line[];
  /** Stays above the foot: a question, say. Where there is hardly any room, it is what is left. */
  readonly prompt: readonly Line[];
}

/**
 * Something that lies over a screen and has keys, text and work of its own. The screen's header stays, and what the dialog
 * has no key for works as on every screen: scrolling, help, the command line, Ctrl-Z. Ctrl-C ends the screen, always.
 */
export interface Dialog {
  /** In the rule above it. */
  readonly title: string;
  /** What the body is about: when it changes, the body is seen from its beginning. @default it never changes */
  readonly page?: string;
  /**
   * Its own keys as they are now, for the foot and the help. They go before those of every dialog; with an
   * intent of those, they are other names for the same.
   */
  readonly keys: readonly KeyBinding<string>[];
  /** Characters are text now, and no keys of the screen. */
  readonly wantsText: boolean;
  /** The words after the program's name that do the same; null: there are none yet. */
  readonly command: readonly string[] | null;
  /** It has come to its end: the screen takes it away. */
  readonly closed: boolean;
  /** Takes a key of its table, or, while it wants text, any character (a blank is `space`) and `backspace`. */
  press(key: string): void;
  /** What is to be seen, in lines of at most that width. */
  view(width: number, theme: Theme): DialogView;
  /** Calls the listener after each change that no key made; the function returned ends it. */
  subscribe(listener: () => void): () => void;
  /** The screen goes away, or the dialog does: its work is stopped. May be called twice. */
  close(): void;
}
