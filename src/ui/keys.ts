/** What a key means on a screen. */
export type Intent =
  | 'cursor-down'
  | 'cursor-up'
  | 'first'
  | 'last'
  | 'page-down'
  | 'page-up'
  | 'open'
  | 'back'
  | 'next-tab'
  | 'previous-tab'
  | 'tab-signals'
  | 'tab-config'
  | 'tab-pods'
  | 'tab-events'
  | 'tab-next'
  | 'filter'
  | 'toggle-all'
  | 'cycle-sort'
  | 'refresh'
  | 'pause'
  | 'command-line'
  | 'purge'
  | 'tune'
  | 'report'
  | 'help'
  | 'quit'
  | 'suspend'
  | 'interrupt';

/** Keys that do something: how they are named, what they do, and how the help and the foot of the screen tell it. */
export interface KeyBinding<Meaning extends string = Intent> {
  /** A character, or a name of {@link keysOf}. */
  readonly keys: readonly string[];
  readonly intent: Meaning;
  /** For the help page. */
  readonly help: string;
  /** A word for the foot of the screen; without one it is not shown there. */
  readonly hint?: string;
}

const LEAVING: readonly KeyBinding[] = [
  { keys: ['?'], intent: 'help', help: 'this help', hint: 'help' },
  { keys: ['q'], intent: 'quit', help: 'quit', hint: 'quit' },
  { keys: ['ctrl-z'], intent: 'suspend', help: 'to the shell; fg comes back' },
  { keys: ['ctrl-c'], intent: 'interrupt', help: 'quit at once, with exit code 130' },
];

const LIVE: readonly KeyBinding[] = [
  { keys: ['r'], intent: 'refresh', help: 'ask again for everything on the screen' },
  { keys: ['space'], intent: 'pause', help: 'pause, and go on' },
  {
    keys: ['y'],
    intent: 'command-line',
    help: 'the command line for what is shown; it is copied too',
    hint: 'command',
  },
  { keys: ['R'], intent: 'report', help: 'report: who was evicted, where, for what, when', hint: 'report' },
];

const TABS: readonly KeyBinding[] = [
  { keys: ['tab', 'l', 'right'], intent: 'next-tab', help: 'next tab', hint: 'tabs' },
  { keys: ['shift-tab', 'h', 'left'], intent: 'previous-tab', help: 'previous tab' },
  { keys: ['1'], intent: 'tab-signals', help: 'signals: what is available, and every threshold' },
  { keys: ['2'], intent: 'tab-config', help: 'config: what the kubelet runs with, and findings' },
  { keys: ['3'], intent: 'tab-pods', help: 'pods: the Evicted ones of the node' },
  { keys: ['4'], intent: 'tab-events', help: 'events: what happened, newest first' },
  { keys: ['5'], intent: 'tab-next', help: 'next: whom the kubelet would evict, in its order' },
];

const MOVES: readonly KeyBinding[] = [
  { keys: ['j', 'down'], intent: 'cursor-down', help: 'down' },
  { keys: ['k', 'up'], intent: 'cursor-up', help: 'up', hint: 'move' },
  { keys: ['ctrl-d', 'ctrl-f', 'pagedown'], intent: 'page-down', help: 'a page down' },
  { keys: ['ctrl-u', 'ctrl-b', 'pageup'], intent: 'page-up', help: 'a page up' },
  { keys: ['g', 'home'], intent: 'first', help: 'to the top' },
  { keys: ['G', 'end'], intent: 'last', help: 'to the end' },
];

const ACTIONS: readonly KeyBinding[] = [
  { keys: ['p'], intent: 'purge', help: 'purge: delete Evicted pods, after a look at them', hint: 'purge' },
  { keys: ['t'], intent: 'tune', help: 'tune: new thresholds, what they will do, and the document', hint: 'tune' },
];

/** The list of nodes. */
export const NODES_KEYS: readonly KeyBinding[] = [
  ...MOVES,
  { keys: ['enter'], intent: 'open', help: 'open the node', hint: 'open' },
  { keys: ['escape'], intent: 'back', help: 'drop the filter; without one: quit' },
  { keys: ['/'], intent: 'filter', help: 'filter by name, pressure, signal or state', hint: 'filter' },
  { keys: ['a'], intent: 'toggle-all', help: 'all nodes, or those under pressure', hint: 'all' },
  { keys: ['s'], intent: 'cycle-sort', help: 'sort: worst, name, headroom, evicted, since', hint: 'sort' },
  ...ACTIONS,
  ...TABS,
  ...LIVE,
  ...LEAVING,
];

/** One node. */
export const NODE_KEYS: readonly KeyBinding[] = [
  ...MOVES,
  ...TABS,
  { keys: ['escape', 'backspace'], intent: 'back', help: 'back to the list', hint: 'back' },
  ...ACTIONS,
  ...LIVE,
  ...LEAVING,
];

/** What lies over a screen: help, a command line. Every other key closes it, too. */
export const OVERLAY_KEYS: readonly KeyBinding[] = [
  ...MOVES,
  { keys: ['escape', '?', 'q', 'enter', 'y'], intent: 'back', help: 'close', hint: 'close' },
  { keys: ['ctrl-z'], intent: 'suspend', help: 'to the shell; fg comes back' },
  { keys: ['ctrl-c'], intent: 'interrupt', help: 'quit at once, with exit code 130' },
];

/** Every dialog, beside its own keys. */
export const DIALOG_KEYS: readonly KeyBinding[] = [
  ...MOVES.map(({ hint, ...move }) => (hint === undefined ? move : { ...move, hint: 'scroll' })),
  {
    keys: ['c', 'y'],
    intent: 'command-line',
    help: 'the command line that does the same; it is copied too',
    hint: 'command',
  },
  { keys: ['?'], intent: 'help', help: 'this help', hint: 'help' },
  { keys: ['ctrl-z'], intent: 'suspend', help: 'to the shell; fg comes back' },
  { keys: ['ctrl-c'], intent: 'interrupt', help: 'quit at once, with exit code 130' },
];

/** All keys of a dialog: its own, and those of every dialog that they leave over. */
export function dialogTable(dialog: {
  readonly keys: readonly KeyBinding<string>[];
  readonly wantsText: boolean;
}): readonly KeyBinding<string>[] {
  const taken = new Set(dialog.keys.flatMap(({ keys }) => keys));
  const isFree = (key: string): boolean => !taken.has(key) && !(dialog.wantsText && Array.from(key).length === 1);
  const meant = new Set(dialog.keys.map(({ intent }) => intent));
  const common = DIALOG_KEYS.filter(({ intent }) => !meant.has(intent));
  const left = common.map(binding => ({ ...binding, keys: binding.keys.filter(isFree) }));
  return [...dialog.keys, ...left.filter(({ keys }) => keys.length > 0)];
}

/** The key of every dialog that a key of this one is another name for; null: it is none. */
export function commonKey(dialog: { readonly keys: readonly KeyBinding<string>[] }, key: string): string | null {
  const intent = intentOf(dialog.keys, key);
  return DIALOG_KEYS.find(binding => binding.intent === intent)?.keys[0] ?? null;
}

/** The meaning of a key on a screen, null: none. */
export function intentOf<Meaning extends string>(
  bindings: readonly KeyBinding<Meaning>[],
  key: string,
): Meaning | null {
  return bindings.find(binding => binding.keys.includes(key))?.intent ?? null;
}

/** The keys that a terminal has no character for, as Ink tells them. */
export interface SpecialKeys {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageDown: boolean;
  readonly pageUp: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly ctrl: boolean;
  readonly shift: boolean;
  readonly tab: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly meta: boolean;
}

const SPECIAL: readonly (readonly [keyof SpecialKeys, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageDown', 'pagedown'],
  ['pageUp', 'pageup'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
];

const CONTROLS: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\u007f': 'backspace',
  '\u001b': 'escape',
  ' ': 'space',
};

/**
 * What was typed, as key names: characters stand for themselves; the others are `enter`, `escape`, `up`, `ctrl-c`, ... What was
 * typed ahead comes in one piece, and becomes one name a character.
 */
export function keysOf(input: string, special: SpecialKeys): readonly string[] {
  if (special.tab) return [special.shift ? 'shift-tab' : 'tab'];
  const found = SPECIAL.find(([name]) => special[name]);
  if (found !== undefined) return [found[1]];
  if (special.ctrl) return input === '' ? [] : [`ctrl-${input}`];
  const keys = Array.from(input, nameOf);
  // Escape and a key typed fast look like Alt and that key.
  return special.meta && keys.length > 0 ? ['escape', ...keys] : keys;
}

function nameOf(character: string): string {
  const known = CONTROLS[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  return code < 32 ? `ctrl-${String.fromCharCode(code + 96)}` : character;
}
