import type { TuneOutlook } from '../../eviction/tune-action.ts';
import type { KeyBinding } from '../keys.ts';
import type { TuneState } from './state.ts';

/** What a key means in the dialog. */
export type TuneIntent =
  | 'leave'
  | 'later'
  | 'row-down'
  | 'row-up'
  | 'edit'
  | 'type'
  | 'drop'
  | 'clear'
  | 'restore'
  | 'force'
  | 'take'
  | 'abandon'
  | 'erase'
  | 'erase-all'
  | 'document'
  | 'back'
  | 'next-target'
  | 'previous-target'
  | 'name'
  | 'save'
  | 'copy'
  | 'apply';

type Binding = KeyBinding<TuneIntent>;

const WAIT_KEYS: readonly Binding[] = [{ keys: ['escape', 'q'], intent: 'leave', help: 'leave', hint: 'leave' }];

/** Typed ahead, beside the characters. */
const LATER_KEY: Binding = {
  keys: ['enter', 'down', 'up', 'backspace', 'tab', 'shift-tab', 'ctrl-u'],
  intent: 'later',
  help: 'what is typed now counts once the node has answered',
};

const FORM_KEYS: readonly Binding[] = [
  { keys: ['j', 'down'], intent: 'row-down', help: 'next signal' },
  { keys: ['k', 'up'], intent: 'row-up', help: 'previous signal' },
  { keys: ['enter'], intent: 'edit', help: 'type a new threshold for the signal: 5%, 1Gi', hint: 'new threshold' },
  { keys: ['d'], intent: 'document', help: 'the document with these thresholds', hint: 'document' },
  { keys: ['s'], intent: 'clear', help: 'the smallest change that ends the pressure, on and off', hint: 'smallest' },
  { keys: ['r'], intent: 'restore', help: 'arm what a kubelet arms by default, on and off', hint: 'defaults' },
  { keys: ['x', 'backspace'], intent: 'drop', help: 'drop the new threshold of the signal' },
  { keys: Array.from('0123456789.'), intent: 'type', help: 'begin to type a threshold' },
  { keys: ['escape', 'q'], intent: 'leave', help: 'leave; nothing is written', hint: 'leave' },
];

/** There only while there is a risk to be taken, or one is. */
const FORCE_KEY: Binding = {
  keys: ['!'],
  intent: 'force',
  help: 'write it although pods are evicted at once, on and off',
  hint: 'all the same',
};

const VALUE_KEYS: readonly Binding[] = [
  { keys: ['enter'], intent: 'take', help: 'take the threshold; an empty one is dropped', hint: 'take it' },
  { keys: ['escape'], intent: 'abandon', help: 'leave the threshold as it was', hint: 'leave it' },
  { keys: ['backspace'], intent: 'erase', help: 'erase a character' },
  { keys: ['ctrl-u'], intent: 'erase-all', help: 'erase everything' },
];

const DOCUMENT_KEYS: readonly Binding[] = [
  { keys: ['tab', 'l', 'right'], intent: 'next-target', help: 'for the next way of managing nodes', hint: 'target' },
  { keys: ['shift-tab', 'h', 'left'], intent: 'previous-target', help: 'for the previous one' },
  { keys: ['w'], intent: 'name', help: 'save it as a new file', hint: 'save' },
  { keys: ['c'], intent: 'copy', help: 'copy it (where the terminal takes OSC 52)', hint: 'copy' },
  { keys: ['escape', 'backspace', 'q'], intent: 'back', help: 'back to the thresholds', hint: 'back' },
];

/** There only where the cluster is a simulated one. */
const APPLY_KEY: Binding = {
  keys: ['a'],
  intent: 'apply',
  help: 'restart the SIMULATED kubelet with it',
  hint: 'apply (SIMULATED)',
};

const NAME_KEYS: readonly Binding[] = [
  { keys: ['enter'], intent: 'save', help: 'save; an existing file is never overwritten', hint: 'save' },
  { keys: ['escape'], intent: 'abandon', help: 'do not save', hint: 'back' },
  { keys: ['backspace'], intent: 'erase', help: 'erase a character' },
  { keys: ['ctrl-u'], intent: 'erase-all', help: 'erase everything' },
];

/** The dialog's keys as they are now. `outlook`: what the draft comes to; null: nobody knows. */
export function tuneKeys(
  state: Pick<TuneState, 'phase' | 'desk' | 'draft'>,
  outlook: TuneOutlook | null,
): readonly Binding[] {
  switch (state.phase) {
    case 'opening':
      return [...WAIT_KEYS, LATER_KEY];
    case 'failed':
      return WAIT_KEYS;
    case 'form':
      return state.draft.force || outlook?.risk != null ? [FORCE_KEY, ...FORM_KEYS] : FORM_KEYS;
    case 'value':
      return VALUE_KEYS;
    case 'document':
      return state.desk?.apply == null ? DOCUMENT_KEYS : [APPLY_KEY, ...DOCUMENT_KEYS];
    case 'name':
      return NAME_KEYS;
  }
}
