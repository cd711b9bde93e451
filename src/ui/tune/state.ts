import {
  NO_DRAFT,
  type TuneDesk,
  type TuneDraft,
  type TuneMade,
  type TuneOutlook,
} from '../../eviction/tune-action.ts';
import { intentOf } from '../keys.ts';
import { type TuneIntent, tuneKeys } from './keys.ts';

/**
 * - `opening` the node is being asked; `failed` it could not be
 * - `form` signals and their thresholds; `value` one is being typed
 * - `document` what `tune` would print; `name` the name of its file is being typed
 */
export type TunePhase = 'opening' | 'failed' | 'form' | 'value' | 'document' | 'name';

/** One sentence about what was just done, or why it was not. Untrusted text. */
export interface TuneNotice {
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'warning';
}

/** What the user has done in the dialog so far, and what came back. */
export interface TuneState {
  readonly phase: TunePhase;
  /** Null: not there yet. */
  readonly desk: TuneDesk | null;
  /** Keys that came before the desk, in order. */
  readonly ahead: readonly string[];
  /** Row of the cursor. */
  readonly row: number;
  readonly draft: TuneDraft;
  /** What is being typed, a value or a name. */
  readonly text: string;
  /** Which of the desk's targets. */
  readonly target: number;
  /** Null: it is being made. */
  readonly made: TuneMade | null;
  /** Something is being saved or applied. */
  readonly busy: boolean;
  /** The kubelet was restarted: the desk tells of the past. */
  readonly applied: boolean;
  readonly notice: TuneNotice | null;
  readonly closed: boolean;
}

/** What is to be done after a key. */
export type TuneEffect = 'make' | 'save' | 'copy' | 'apply';

/** A new state, and what else is to be done. */
export interface TuneStep {
  readonly state: TuneState;
  readonly effects: readonly TuneEffect[];
}

/** The dialog as it opens. */
export const OPENING: TuneState = {
  phase: 'opening',
  desk: null,
  ahead: [],
  row: 0,
  draft: NO_DRAFT,
  text: '',
  target: 0,
  made: null,
  busy: false,
  applied: false,
  notice: null,
  closed: false,
};

/** Longer is no threshold, and no name of a file. */
const LONGEST = 200;

/** The signal under the cursor; null: there are none. */
export function signalAt({ desk, row }: TuneState): string | null {
  return desk?.signals[row]?.signal ?? null;
}

/** The draft as it would be if what is being typed were taken. */
export function liveDraft(state: TuneState): TuneDraft {
  return state.phase === 'value' ? withValue(state, state.text) : state.draft;
}

/** The chosen target; null: there is no desk. */
export function targetAt({ desk, target }: TuneState): string | null {
  return desk?.targets[target]?.id ?? null;
}

/** What a key does. `outlook`: what the live draft comes to; null: there is no desk. */
export function pressTune(state: TuneState, key: string, outlook: TuneOutlook | null): TuneStep {
  const intent = intentOf(tuneKeys(state, outlook), key);
  if (intent !== null) return obey({ ...state, notice: null }, intent, key, outlook);
  if (state.phase === 'opening') return only(later(state, key));
  if (state.phase !== 'value' && state.phase !== 'name') return only(state);
  return only({ ...state, notice: null, text: typed(state.text, key) });
}

/** What came of an effect, or of the opening. Answers to what was left meanwhile change nothing. */
export type TuneAnswer =
  | { readonly kind: 'opened'; readonly desk: TuneDesk }
  | { readonly kind: 'failed'; readonly notice: TuneNotice }
  | { readonly kind: 'made'; readonly target: string; readonly draft: TuneDraft; readonly made: TuneMade }
  | { readonly kind: 'done'; readonly notice: TuneNotice; readonly applied?: boolean };

/** The state once an answer is there. */
export function answerTune(state: TuneState, answer: TuneAnswer): TuneState {
  switch (answer.kind) {
    case 'opened':
      return state.phase === 'opening' ? { ...state, phase: 'form', desk: answer.desk } : state;
    case 'failed':
      return state.phase === 'opening' ? { ...state, phase: 'failed', notice: answer.notice } : state;
    case 'made':
      return state.phase === 'document' && targetAt(state) === answer.target && state.draft === answer.draft
        ? { ...state, made: answer.made }
        : state;
    case 'done':
      return { ...state, busy: false, notice: answer.notice, applied: state.applied || answer.applied === true };
  }
}

function obey(state: TuneState, intent: TuneIntent, key: string, outlook: TuneOutlook | null): TuneStep {
  switch (intent) {
    case 'leave':
      return only({ ...state, closed: true });
    case 'later':
      return only(later(state, key));
    case 'row-down':
    case 'row-up':
      return only(moved(state, intent === 'row-down' ? 1 : -1));
    case 'edit':
      return only(editing(state, state.draft.hard.get(signalAt(state) ?? '') ?? ''));
    case 'type':
      return only(editing(state, key));
    case 'drop':
      return only({ ...state, draft: withValue(state, '') });
    case 'clear':
      return only({ ...state, draft: { ...state.draft, clear: !state.draft.clear, force: false } });
    case 'restore':
      return only({ ...state, draft: { ...state.draft, restoreDefaults: !state.draft.restoreDefaults, force: false } });
    case 'force':
      return only({ ...state, draft: { ...state.draft, force: !state.draft.force } });
    case 'take':
      return only({ ...state, phase: 'form', draft: withValue(state, state.text), text: '' });
    case 'abandon':
      return only({ ...state, phase: state.phase === 'name' ? 'document' : 'form', text: '' });
    case 'erase':
      return only({ ...state, text: Array.from(state.text).slice(0, -1).join('') });
    case 'erase-all':
      return only({ ...state, text: '' });
    case 'document':
      return toDocument(state, outlook);
    case 'back':
      return only(state.applied ? { ...state, closed: true } : { ...state, phase: 'form', made: null });
    case 'next-target':
    case 'previous-target':
      return turned(state, intent === 'next-target' ? 1 : -1);
    case 'name':
      return only(state.made?.ok === true ? { ...state, phase: 'name', text: state.made.fileName } : state);
    case 'save':
      return saving(state);
    case 'copy':
      return state.made?.ok === true ? { state, effects: ['copy'] } : only(state);
    case 'apply':
      return state.made?.ok === true && !state.busy
        ? { state: { ...state, busy: true }, effects: ['apply'] }
        : only(state);
  }
}

function only(state: TuneState): TuneStep {
  return { state, effects: [] };
}

function later(state: TuneState, key: string): TuneState {
  return { ...state, ahead: [...state.ahead, key].slice(0, LONGEST) };
}

function moved(state: TuneState, by: number): TuneState {
  const last = Math.max(0, (state.desk?.signals.length ?? 0) - 1);
  return { ...state, row: Math.min(last, Math.max(0, state.row + by)) };
}

function editing(state: TuneState, text: string): TuneState {
  return signalAt(state) === null ? state : { ...state, phase: 'value', text };
}

/** The draft with another value for the signal under the cursor; empty: none. What was agreed to was about the old one. */
function withValue(state: TuneState, text: string): TuneDraft {
  const signal = signalAt(state);
  if (signal === null) return state.draft;
  const hard = new Map(state.draft.hard);
  const value = text.trim();
  if (value === '') hard.delete(signal);
  else hard.set(signal, value);
  return { ...state.draft, hard, force: false };
}

function typed(text: string, key: string): string {
  const character = key === 'space' ? ' ' : key;
  return Array.from(character).length === 1 ? `${text}${character}`.slice(0, LONGEST) : text;
}

/** The document is made only of what may be written; everything else is told. */
function toDocument(state: TuneState, outlook: TuneOutlook | null): TuneStep {
  const told = (text: string, tone: TuneNotice['tone']): TuneStep => only({ ...state, notice: { text, tone } });
  if (outlook === null) return only(state);
  const [refusal] = outlook.refusals;
  if (refusal !== undefined) return told(refusal.message, 'bad');
  if (outlook.unclear !== null && outlook.changes.length === 0) return told(outlook.unclear, 'warning');
  if (outlook.changes.length === 0) return told('nothing is changed yet: type a threshold, or s or r', 'warning');
  if (outlook.risk !== null) return told(`${outlook.risk}; ! takes that upon you`, 'bad');
  return { state: { ...state, phase: 'document', made: null }, effects: ['make'] };
}

function turned(state: TuneState, by: number): TuneStep {
  const count = state.desk?.targets.length ?? 0;
  if (count === 0) return only(state);
  return { state: { ...state, target: (state.target + by + count) % count, made: null }, effects: ['make'] };
}

function saving(state: TuneState): TuneStep {
  if (state.busy) return only(state);
  if (state.text.trim() === '') return only({ ...state, notice: { text: 'the file needs a name', tone: 'bad' } });
  return { state: { ...state, phase: 'document', busy: true }, effects: ['save'] };
}
