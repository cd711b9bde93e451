import type { DialogKind } from './dialog.ts';
import type { Intent, KeyBinding } from './keys.ts';
import { DIALOG_KEYS, intentOf, NODE_KEYS, NODES_KEYS, OVERLAY_KEYS } from './keys.ts';
import { SORTS, type Sort } from './nodes/order.ts';

/** The tabs of a node. */
export const TABS = ['signals', 'config', 'pods', 'events', 'next'] as const;

/** One of {@link TABS}. */
export type Tab = (typeof TABS)[number];

/** What the user has done so far. Never holds data of the cluster but names. */
export interface UiState {
  readonly screen: 'nodes' | 'node';
  /** Lies over the screen, and over a dialog. */
  readonly overlay: 'help' | 'command' | null;
  /** Which dialog lies over the screen; null: none. */
  readonly dialog: DialogKind | null;
  readonly all: boolean;
  readonly sort: Sort;
  readonly filter: string;
  /** The filter is being typed. */
  readonly typing: boolean;
  /** The node the cursor was moved to, or that is opened; null: whichever is at `index`. */
  readonly selected: string | null;
  /** The row of the cursor, for when it has no node, or its node goes. */
  readonly index: number;
  /** First row of the list on the screen. */
  readonly top: number;
  readonly tab: Tab;
  /** First line of the tab on the screen. */
  readonly scroll: number;
  readonly paused: boolean;
  /** Why the screen closes; null: it is open. */
  readonly ended: 'quit' | 'interrupted' | null;
}

/** What a key needs to know of what is on the screen. */
export interface UiView {
  /** Names of the listed nodes, in order. */
  readonly names: readonly string[];
  /** Rows of the list on the screen, at least 1. */
  readonly rows: number;
  /** Lines of the open tab and of the window they are seen through. */
  readonly contentLines: number;
  readonly contentRows: number;
}

/** What the world has to do after a key. */
export type Effect = 'refresh' | 'pause' | 'resume' | 'copy' | 'suspend' | DialogKind;

/** A new state, and what else is to be done. */
export interface Step {
  readonly state: UiState;
  readonly effects: readonly Effect[];
}

/** The screen as it opens. */
export function initialState(options: { readonly all: boolean }): UiState {
  return {
    screen: 'nodes',
    overlay: null,
    dialog: null,
    all: options.all,
    sort: 'worst',
    filter: '',
    typing: false,
    selected: null,
    index: 0,
    top: 0,
    tab: 'signals',
    scroll: 0,
    paused: false,
    ended: null,
  };
}

/** What a key does. Keys that mean nothing change nothing. A dialog's own keys go to the dialog, and do not come here. */
export function press(state: UiState, key: string, view: UiView): Step {
  if (state.typing) return typeFilter(state, key, view);
  const intent = intentOf(keysFor(state), key);
  if (intent === null) return state.overlay === null ? only(state) : only({ ...state, overlay: null, scroll: 0 });
  return obey(state, intent, view);
}

/** The key table of what is on top. */
export function keysFor({ overlay, dialog, screen }: UiState): readonly KeyBinding[] {
  if (overlay !== null) return OVERLAY_KEYS;
  if (dialog !== null) return DIALOG_KEYS;
  return screen === 'nodes' ? NODES_KEYS : NODE_KEYS;
}

/** The state once its dialog is gone. */
export function withoutDialog(state: UiState): UiState {
  return state.dialog === null ? state : { ...state, dialog: null, overlay: null, scroll: 0 };
}

/** The state for what is on the screen now: the cursor stays on its node, and in sight. */
export function settle(state: UiState, view: UiView): UiState {
  const at = cursor(state, view);
  // A cursor that was never moved stays on its row: the worst node, whichever that is.
  const isListed = state.selected !== null && view.names[at] === state.selected;
  const selected = state.screen === 'node' || isListed ? state.selected : null;
  const most = Math.max(0, view.names.length - view.rows);
  const top = Math.min(most, Math.max(Math.min(state.top, at), at - view.rows + 1));
  const scroll = Math.min(state.scroll, Math.max(0, view.contentLines - view.contentRows));
  const same = at === state.index && selected === state.selected && top === state.top && scroll === state.scroll;
  return same ? state : { ...state, index: at, selected, top, scroll };
}

/** The row of the cursor. */
export function cursor(state: UiState, view: Pick<UiView, 'names'>): number {
  const found = state.selected === null ? -1 : view.names.indexOf(state.selected);
  return found >= 0 ? found : Math.max(0, Math.min(state.index, view.names.length - 1));
}

function only(state: UiState): Step {
  return { state, effects: [] };
}

function typeFilter(state: UiState, key: string, view: UiView): Step {
  switch (key) {
    case 'enter':
      return only({ ...state, typing: false });
    case 'escape':
      return only({ ...state, typing: false, filter: '', top: 0 });
    case 'backspace':
      // An empty filter has nothing left to take away but itself.
      return only(
        state.filter === ''
          ? { ...state, typing: false }
          : filtered(state, Array.from(state.filter).slice(0, -1).join('')),
      );
    case 'ctrl-u':
      return only(filtered(state, ''));
    case 'ctrl-c':
      return only({ ...state, ended: 'interrupted' });
    case 'down':
    case 'up':
      return only(move(state, view, key === 'down' ? 1 : -1));
    case 'space':
      return only(filtered(state, `${state.filter} `));
    default:
      return only(Array.from(key).length === 1 ? filtered(state, state.filter + key) : state);
  }
}

const LONGEST_FILTER = 200;

function filtered(state: UiState, filter: string): UiState {
  return { ...state, filter: filter.slice(0, LONGEST_FILTER), index: 0, top: 0, selected: null };
}

function obey(state: UiState, intent: Intent, view: UiView): Step {
  switch (intent) {
    case 'quit':
      return only({ ...state, ended: 'quit' });
    case 'interrupt':
      return only({ ...state, ended: 'interrupted' });
    case 'suspend':
      return { state, effects: ['suspend'] };
    case 'refresh':
      return { state, effects: ['refresh'] };
    case 'pause':
      return { state: { ...state, paused: !state.paused }, effects: [state.paused ? 'resume' : 'pause'] };
    case 'command-line':
      return { state: { ...state, overlay: 'command', scroll: 0 }, effects: ['copy'] };
    case 'purge':
    case 'report':
    case 'tune':
      return { state: { ...state, dialog: intent, scroll: 0 }, effects: [intent] };
    case 'help':
      return only({ ...state, overlay: 'help', scroll: 0 });
    case 'back':
      return only(back(state));
    case 'open':
      return only(open(state, view));
    case 'filter':
      return only({ ...state, typing: true });
    case 'toggle-all':
      return only({ ...state, all: !state.all });
    case 'cycle-sort':
      return only({ ...state, sort: after(SORTS, state.sort, 1) });
    case 'next-tab':
    case 'previous-tab':
      return only({ ...state, tab: after(TABS, state.tab, intent === 'next-tab' ? 1 : -1), scroll: 0 });
    case 'tab-signals':
    case 'tab-config':
    case 'tab-pods':
    case 'tab-events':
    case 'tab-next':
      return only({ ...state, tab: TABS.find(tab => `tab-${tab}` === intent) ?? state.tab, scroll: 0 });
    default:
      return only(travel(state, intent, view));
  }
}

function open(state: UiState, view: UiView): UiState {
  const selected = view.names[cursor(state, view)];
  return selected === undefined ? state : { ...state, selected, screen: 'node', scroll: 0 };
}

function back(state: UiState): UiState {
  if (state.overlay !== null) return { ...state, overlay: null, scroll: 0 };
  if (state.screen === 'node') return { ...state, screen: 'nodes', scroll: 0 };
  if (state.filter !== '') return { ...state, filter: '' };
  return { ...state, ended: 'quit' };
}

function after<T>(all: readonly T[], one: T, by: number): T {
  return all[(all.indexOf(one) + by + all.length) % all.length] ?? one;
}

function travel(state: UiState, intent: Intent, view: UiView): UiState {
  const inList = state.screen === 'nodes' && state.overlay === null && state.dialog === null;
  const page = Math.max(1, (inList ? view.rows : view.contentRows) - 1);
  const by = {
    'cursor-down': 1,
    'cursor-up': -1,
    'page-down': page,
    'page-up': -page,
    first: Number.NEGATIVE_INFINITY,
    last: Number.POSITIVE_INFINITY,
  } as const;
  const steps = intent in by ? by[intent as keyof typeof by] : 0;
  return inList ? move(state, view, steps) : scrolled(state, view, steps);
}

function move(state: UiState, view: UiView, by: number): UiState {
  const at = Math.max(0, Math.min(view.names.length - 1, cursor(state, view) + by));
  const selected = view.names[at] ?? null;
  const moved = selected === state.selected ? state.scroll : 0;
  return settle({ ...state, selected, index: at, scroll: moved }, view);
}

function scrolled(state: UiState, view: UiView, by: number): UiState {
  const most = Math.max(0, view.contentLines - view.contentRows);
  return { ...state, scroll: Math.max(0, Math.min(most, state.scroll + by)) };
}
