import type { PurgeScope, PurgeState } from '../../eviction/actions.ts';
import { intentOf } from '../keys.ts';
import { purgeKeys } from './keys.ts';

/** What the user has done in the dialog. */
export interface PurgeUi {
  /** The node it was opened for; null: there was none. */
  readonly node: string | null;
  /** It is about all nodes. */
  readonly everywhere: boolean;
  /** The number as typed so far. */
  readonly typed: string;
  /** Another number was typed, and Enter. */
  readonly mistyped: boolean;
  /** A yes was typed before there was anything to see: one key is no consent any more. */
  readonly hasty: boolean;
}

/** What has to be done after a key: `begin` makes a plan for the scope there is now, in place of the old one. */
export type PurgeEffect = 'begin' | 'agree' | 'stop' | 'leave' | null;

/** A new state, and what else is to be done. */
export interface PurgeStep {
  readonly ui: PurgeUi;
  readonly effect: PurgeEffect;
}

/** The dialog as it opens. */
export function openPurge(node: string | null): PurgeUi {
  return { node, everywhere: node === null, typed: '', mistyped: false, hasty: false };
}

/** Which pods it is about. */
export function scopeOf({ node, everywhere }: PurgeUi): PurgeScope {
  return { node: everywhere ? null : node };
}

/** The words on the command line that do the same. */
export function purgeWords(ui: PurgeUi): readonly string[] {
  const { node } = scopeOf(ui);
  return ['purge', '--all-namespaces', ...(node === null ? [] : ['--node', node])];
}

const MOST_DIGITS = 9;

/** What a key does. */
export function pressPurge(ui: PurgeUi, key: string, run: PurgeState): PurgeStep {
  const only = (changed: Partial<PurgeUi>, effect: PurgeEffect = null): PurgeStep => ({
    ui: { ...ui, ...changed },
    effect,
  });
  switch (intentOf(purgeKeys(ui, run), key)) {
    case 'yes':
      return only({}, 'agree');
    case 'too-early':
      return only({ hasty: true });
    case 'digit':
      return only({ typed: (ui.typed + key).slice(0, MOST_DIGITS), mistyped: false });
    case 'erase':
      return only({ typed: ui.typed.slice(0, -1), mistyped: false });
    case 'confirm':
      if (ui.typed === '') return only({});
      if (ui.typed === String(run.preview?.pods.length)) return only({}, 'agree');
      return only({ typed: '', mistyped: true });
    case 'other-scope':
      return only({ everywhere: !ui.everywhere, typed: '', mistyped: false, hasty: false }, 'begin');
    case 'again':
      return only({ typed: '', mistyped: false, hasty: false }, 'begin');
    case 'stop':
      return only({}, 'stop');
    case 'leave':
      return only({}, 'leave');
    case null:
      return only({});
  }
}
