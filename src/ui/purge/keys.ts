import type { PurgeState } from '../../eviction/actions.ts';
import type { KeyBinding } from '../keys.ts';
import { modeOf } from './mode.ts';
import type { PurgeUi } from './state.ts';

/** What a key means in the purge dialog. */
export type PurgeIntent =
  | 'yes'
  | 'too-early'
  | 'digit'
  | 'erase'
  | 'confirm'
  | 'other-scope'
  | 'again'
  | 'stop'
  | 'leave';

type Binding = KeyBinding<PurgeIntent>;

const DIGITS = Array.from('0123456789');
const COUNT: readonly Binding[] = [
  { keys: DIGITS, intent: 'digit', help: 'the number of pods, to be typed as the yes' },
  { keys: ['backspace'], intent: 'erase', help: 'take back a digit' },
  { keys: ['enter'], intent: 'confirm', help: 'delete, if it is the number', hint: 'delete' },
];
const YES: Binding = { keys: ['y'], intent: 'yes', help: 'delete them', hint: 'delete' };
const TOO_EARLY: Binding = {
  keys: ['y'],
  intent: 'too-early',
  help: 'nothing yet: there is nothing to be seen that it could delete',
};
const AGAIN: Binding = { keys: ['r'], intent: 'again', help: 'look again for Evicted pods', hint: 'look again' };
const STOP: Binding = {
  keys: ['escape', 'q'],
  intent: 'stop',
  help: 'stop: send nothing more, wait for what is in flight',
  hint: 'stop',
};

function leave(help: string, hint: string, keys: readonly string[]): Binding {
  return { keys, intent: 'leave', help, hint };
}

/** The dialog's keys as they are now. */
export function purgeKeys(ui: PurgeUi, run: PurgeState): readonly Binding[] {
  const other: readonly Binding[] =
    ui.node === null
      ? []
      : [
          {
            keys: ['a', 'tab'],
            intent: 'other-scope',
            help: 'the Evicted pods of all nodes, or of this one',
            hint: ui.everywhere ? 'this node' : 'all nodes',
          },
        ];
  switch (modeOf(run, ui.hasty)) {
    case 'listing':
      return [leave('back, deleting nothing', 'back', ['escape', 'q', 'n']), TOO_EARLY, ...other];
    case 'asking':
      return [YES, leave('back, deleting nothing', 'keep them', ['escape', 'n', 'q']), ...other];
    case 'counting':
      return [...COUNT, leave('back, deleting nothing', 'keep them', ['escape', 'n', 'q']), ...other];
    case 'deleting':
      return [STOP];
    case 'stopping':
      return [leave('back, without waiting for what is in flight', 'do not wait', ['escape', 'q'])];
    case 'ended':
      return [leave('back', 'back', ['escape', 'q', 'enter']), AGAIN, ...(run.agreed ? [] : other)];
  }
}
