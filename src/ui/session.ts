import type { LiveDetails, LiveNode, LiveSnapshot, LiveSource } from '../eviction/live.ts';
import type { Instant } from '../eviction/node.ts';
import type { Dialog, DialogKind, Dialogs } from './dialog.ts';
import { type Extent, frameOf } from './frame.ts';
import { commonKey, intentOf } from './keys.ts';
import type { Size } from './layout.ts';
import { selectNodes } from './nodes/order.ts';
import { type CommandParts, commandLine, otherCommandLine } from './overlay/command.ts';
import { cursor, type Effect, initialState, press, settle, type UiState, type UiView, withoutDialog } from './state.ts';
import { paintLine, type Theme } from './theme.ts';

/** What a session needs beside its data. */
export interface SessionOptions {
  readonly size: Size;
  readonly theme: Theme;
  /** Milliseconds since the epoch, on the workstation's clock. */
  readonly now: () => number;
  readonly all: boolean;
  /** Nodes near a threshold are listed, too. */
  readonly near: boolean;
  readonly command: CommandParts;
  readonly dialogs: Dialogs;
  /** Puts a text into the clipboard. */
  readonly copy: (text: string) => void;
  /** Hands the terminal back to the shell for a while. */
  readonly suspend: () => void;
}

const NOTHING: LiveDetails = { pods: null, timeline: null, next: null, uncompared: null };
/** Keys that are obeyed even while there is nothing on the screen yet. */
const AT_ONCE: ReadonlySet<string> = new Set(['q', '?', 'ctrl-c', 'ctrl-z', 'escape', 'y']);

/** One open screen, without a terminal: data and keys go in, painted lines come out. */
export class Session {
  readonly #source: LiveSource;
  readonly #options: SessionOptions;
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #state: UiState;
  #size: Size;
  #ahead: string[] = [];
  #listed: {
    readonly key: readonly unknown[];
    readonly nodes: readonly LiveNode[];
    readonly names: readonly string[];
  } | null = null;
  #extent: Extent = { rows: 1, contentLines: 0, contentRows: 1 };
  #painted: readonly string[] = [];
  #stale = true;
  #dialog: { readonly dialog: Dialog; readonly unsubscribe: () => void } | null = null;

  constructor(source: LiveSource, options: SessionOptions) {
    this.#source = source;
    this.#options = options;
    this.#size = options.size;
    this.#state = initialState(options);
    this.#unsubscribe = source.subscribe(() => this.#arrived());
    this.#measure();
  }

  get state(): UiState {
    return this.#state;
  }

  /** Calls the listener whenever the screen may have changed; the function returned ends it. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** The screen as painted lines, one a row. The same array as long as nothing on it changes. */
  lines = (): readonly string[] => {
    if (this.#stale) this.#measure();
    return this.#painted;
  };

  /** Takes keys, one after the other; those that come before there is anything to see wait for it. */
  press(keys: readonly string[]): void {
    for (const key of keys) {
      const waits = this.#source.snapshot().link.state === 'connecting' && this.#state.overlay === null;
      if (waits && (this.#ahead.length > 0 || !AT_ONCE.has(key))) this.#ahead.push(key);
      else this.#obey(key);
      // A way out always works, whatever waits.
      if (key === 'ctrl-c' && this.#state.ended === null) this.#state = { ...this.#state, ended: 'interrupted' };
    }
    this.#change();
  }

  resize(size: Size): void {
    this.#size = size;
    this.#change();
  }

  /** Time has passed: ages grow. */
  tick(): void {
    this.#change();
  }

  /** Stops a dialog's work, and listens no longer. */
  close(): void {
    this.#closeDialog();
    this.#unsubscribe();
    this.#listeners.clear();
  }

  #arrived(): void {
    if (this.#ahead.length > 0 && this.#source.snapshot().link.state !== 'connecting') {
      const ahead = this.#ahead;
      this.#ahead = [];
      this.press(ahead);
      return;
    }
    this.#change();
  }

  #change(): void {
    this.#stale = true;
    for (const listener of this.#listeners) listener();
  }

  #obey(key: string): void {
    if (this.#state.ended !== null) return;
    const dialog = this.#state.overlay === null ? this.#dialog?.dialog : undefined;
    const common = dialog === undefined ? null : commonKey(dialog, key);
    if (dialog !== undefined && common === null && belongsTo(dialog, key)) {
      const { page } = dialog;
      dialog.press(key);
      if (dialog.page !== page) this.#state = { ...this.#state, scroll: 0 };
      if (dialog.closed) this.#closeDialog();
      return;
    }
    const before = this.#state;
    const step = press(before, common ?? key, this.#view());
    this.#state = step.state;
    for (const effect of step.effects) this.#do(effect);
    const { screen, overlay, dialog: kind } = this.#state;
    // The next key, typed ahead perhaps, is about what is on the screen then.
    if (screen !== before.screen || overlay !== before.overlay || kind !== before.dialog) this.#measure();
  }

  #openDialog(kind: DialogKind): void {
    this.#dialog?.unsubscribe();
    this.#dialog?.dialog.close();
    const node = this.#selected(this.#list(this.#source.snapshot()).names);
    const dialog = this.#options.dialogs[kind]({ node });
    this.#dialog = { dialog, unsubscribe: dialog.subscribe(() => this.#dialogChanged(dialog)) };
  }

  #dialogChanged(dialog: Dialog): void {
    if (dialog.closed) this.#closeDialog();
    this.#change();
  }

  #closeDialog(): void {
    this.#dialog?.unsubscribe();
    this.#dialog?.dialog.close();
    this.#dialog = null;
    this.#state = withoutDialog(this.#state);
  }

  #do(effect: Effect): void {
    switch (effect) {
      case 'refresh':
        this.#source.refresh();
        break;
      case 'pause':
      case 'resume':
        this.#source.pause(effect === 'pause');
        break;
      case 'copy':
        this.#options.copy(this.#command());
        break;
      case 'suspend':
        this.#options.suspend();
        break;
      default:
        this.#openDialog(effect);
    }
  }

  #view(): UiView {
    // The names are wanted by few keys: typing a filter must not sort the nodes for each letter.
    const names = (): readonly string[] => this.#list(this.#source.snapshot()).names;
    return {
      ...this.#extent,
      get names() {
        return names();
      },
    };
  }

  #list(snapshot: LiveSnapshot): { readonly nodes: readonly LiveNode[]; readonly names: readonly string[] } {
    const { all, sort, filter } = this.#state;
    const key = [snapshot.nodes, all, sort, filter];
    if (this.#listed === null || key.some((part, i) => part !== this.#listed?.key[i])) {
      const everything = all || snapshot.scope !== 'pressure';
      const nodes = selectNodes(snapshot.nodes, { all: everything, sort, filter, near: this.#options.near });
      this.#listed = { key, nodes, names: nodes.map(({ node }) => node.name) };
    }
    return this.#listed;
  }

  #command(): string {
    const words = this.#dialog?.dialog.command;
    if (words != null) return otherCommandLine(this.#options.command, words);
    return commandLine(this.#options.command, this.#state, this.#list(this.#source.snapshot()).names);
  }

  /** Makes the frame, and tells the source what is on it. */
  #measure(): void {
    this.#stale = false;
    const snapshot = this.#source.snapshot();
    const { nodes, names } = this.#list(snapshot);
    // What fits depends on what is shown, and what is shown on what fits: the second look settles it.
    let lines = this.#draw(snapshot, nodes, names);
    const settled = settle(this.#state, { ...this.#extent, names });
    if (settled !== this.#state) {
      this.#state = settled;
      lines = this.#draw(snapshot, nodes, names);
    }
    this.#look(names);
    const same = lines.length === this.#painted.length && lines.every((each, i) => each === this.#painted[i]);
    if (!same) this.#painted = lines;
  }

  #draw(snapshot: LiveSnapshot, listed: readonly LiveNode[], names: readonly string[]): readonly string[] {
    const name = this.#selected(names);
    const node = name === null ? null : nodeOf(snapshot, listed, names, name);
    const frame = frameOf({
      state: this.#state,
      snapshot,
      listed,
      names,
      node,
      details: name === null ? NOTHING : this.#source.details(name),
      now: this.#now(snapshot),
      size: this.#size,
      theme: this.#options.theme,
      command: this.#state.overlay === 'command' ? this.#command() : '',
      dialog: this.#dialog?.dialog ?? null,
    });
    this.#extent = frame.extent;
    return frame.lines.map(each => paintLine(each, this.#options.theme));
  }

  #selected(names: readonly string[]): string | null {
    if (this.#state.screen === 'node') return this.#state.selected;
    return names[cursor(this.#state, { names })] ?? null;
  }

  #now(snapshot: LiveSnapshot): Instant {
    return this.#options.now() + snapshot.offset;
  }

  #look(names: readonly string[]): void {
    const { screen, overlay, dialog, top, tab, all } = this.#state;
    const visible = screen === 'node' ? [] : names.slice(top, top + this.#extent.rows);
    const open = overlay === null && dialog === null && this.#extent.contentLines > 0;
    this.#source.focus({
      visible,
      selected: this.#selected(names),
      timeline: tab === 'events',
      next: open && tab === 'next',
      all,
    });
  }
}

/** Whether a dialog takes a key itself. */
function belongsTo(dialog: Dialog, key: string): boolean {
  if (intentOf(dialog.keys, key) !== null) return true;
  // A name of more than one character is no text, but for these.
  return dialog.wantsText && (Array.from(key).length === 1 || key === 'space' || key === 'backspace');
}

/** The node of a name: mostly a listed one, but an opened one stays open when it leaves the list. */
function nodeOf(
  snapshot: LiveSnapshot,
  listed: readonly LiveNode[],
  names: readonly string[],
  name: string,
): LiveNode | null {
  return listed[names.indexOf(name)] ?? snapshot.nodes.find(({ node }) => node.name === name) ?? null;
}
