import type { TuneAction, TuneDesk, TuneDraft, TuneOutlook } from '../../eviction/tune-action.ts';
import { shellWord } from '../../output/shell.ts';
import type { Dialog, DialogView } from '../dialog.ts';
import type { KeyBinding } from '../keys.ts';
import type { Theme } from '../theme.ts';
import { tuneKeys } from './keys.ts';
import {
  answerTune,
  liveDraft,
  OPENING,
  pressTune,
  type TuneAnswer,
  type TuneEffect,
  type TuneState,
  targetAt,
} from './state.ts';
import { tuneView } from './view.ts';

/** Where a tune dialog is opened, and what it needs beside its data. */
export interface TuneDialogOptions {
  /** Null: there is none under the cursor. */
  readonly node: string | null;
  /** Puts a text into the clipboard. */
  readonly copy: (text: string) => void;
}

/** New thresholds for a node, typed; what they will do; and the document that carries them. */
export class TuneDialog implements Dialog {
  readonly title: string;
  readonly #copy: (text: string) => void;
  readonly #listeners = new Set<() => void>();
  #state: TuneState = OPENING;
  #outlook: { readonly draft: TuneDraft; readonly outlook: TuneOutlook } | null = null;
  #gone = false;

  constructor(action: TuneAction, { copy, node }: TuneDialogOptions) {
    this.title = node === null ? 'tune' : `tune ${node}`;
    this.#copy = copy;
    if (node === null) {
      this.#answer({ kind: 'failed', notice: { text: 'there is no node under the cursor', tone: 'warning' } });
      return;
    }
    this.#attempt(async () => ({ kind: 'opened', desk: await action.open(node) }), 'failed');
  }

  get keys(): readonly KeyBinding<string>[] {
    return tuneKeys(this.#state, this.#look());
  }

  get wantsText(): boolean {
    // What is typed while the node is asked is kept for the form.
    return ['opening', 'value', 'name'].includes(this.#state.phase);
  }

  get page(): string {
    const { phase, target } = this.#state;
    return phase === 'document' || phase === 'name' ? `document ${target}` : 'form';
  }

  get closed(): boolean {
    return this.#state.closed;
  }

  get command(): readonly string[] | null {
    const { desk, phase } = this.#state;
    const draft = liveDraft(this.#state);
    const isEmpty = draft.hard.size === 0 && !draft.clear && !draft.restoreDefaults;
    if (desk === null || isEmpty) return null;
    return desk.words(draft, phase === 'document' || phase === 'name' ? targetAt(this.#state) : null);
  }

  press(key: string): void {
    const { state, effects } = pressTune(this.#state, key, this.#look());
    this.#state = state;
    for (const effect of effects) this.#do(effect);
  }

  view(width: number, theme: Theme): DialogView {
    return tuneView(this.#state, this.#look(), width, theme);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#gone = true;
    this.#listeners.clear();
  }

  /** Types what was typed ahead. */
  #pressAhead(): void {
    const { ahead } = this.#state;
    this.#state = { ...this.#state, ahead: [] };
    for (const key of ahead) this.press(key);
  }

  /** What the live draft comes to, computed once for each. */
  #look(): TuneOutlook | null {
    const { desk } = this.#state;
    if (desk === null) return null;
    const draft = liveDraft(this.#state);
    if (this.#outlook === null || !sameDraft(this.#outlook.draft, draft)) {
      this.#outlook = { draft, outlook: desk.outlook(draft) };
    }
    return this.#outlook.outlook;
  }

  #do(effect: TuneEffect): void {
    const { desk, draft, made, text } = this.#state;
    if (desk === null) return;
    if (effect === 'make') {
      const target = targetAt(this.#state) ?? '';
      this.#attempt(async () => {
        const done = await desk.make(draft, target).catch((error: unknown) => {
          return { ok: false, error: sentence(error), hint: null } as const;
        });
        return { kind: 'made', target, draft, made: done };
      }, 'done');
      return;
    }
    if (made?.ok !== true) return;
    if (effect === 'copy') {
      this.#copy(made.text);
      this.#answer({ kind: 'done', notice: { text: 'copied, if your terminal takes OSC 52', tone: 'good' } });
    } else if (effect === 'save') {
      const name = text.trim();
      this.#attempt(async () => {
        await desk.save(name, made.text);
        const verify = made.report.verify.replace(` -f ${made.fileName} `, () => ` -f ${shellWord(name)} `);
        return { kind: 'done', notice: { text: `saved as ${name}; once it is in place: ${verify}`, tone: 'good' } };
      }, 'done');
    } else this.#apply(desk, made.fileName, made.text);
  }

  #apply(desk: TuneDesk, name: string, text: string): void {
    const { apply } = desk;
    if (apply === null) return;
    this.#attempt(async () => {
      const changes = await apply(name, text);
      const what = changes.length === 0 ? 'it ran so already' : changes.join(', ');
      const told = `the SIMULATED kubelet was restarted: ${what}`;
      return { kind: 'done', notice: { text: told, tone: 'good' }, applied: true };
    }, 'done');
  }

  /** Tells how it went, unless the dialog is gone by then. */
  #attempt(work: () => Promise<TuneAnswer>, failure: 'failed' | 'done'): void {
    void work()
      .catch((error: unknown): TuneAnswer => ({ kind: failure, notice: { text: sentence(error), tone: 'bad' } }))
      .then(answer => {
        if (!this.#gone) this.#answer(answer);
      });
  }

  #answer(answer: TuneAnswer): void {
    this.#state = answerTune(this.#state, answer);
    if (answer.kind === 'opened') this.#pressAhead();
    for (const listener of this.#listeners) listener();
  }
}

/** An error as it is told, with what to try where it says so. */
function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof Error && 'hint' in error && typeof error.hint === 'string' ? error.hint : '';
  return hint === '' ? message : `${message}; ${hint}`;
}

function sameDraft(a: TuneDraft, b: TuneDraft): boolean {
  const flags = a.clear === b.clear && a.restoreDefaults === b.restoreDefaults && a.force === b.force;
  return flags && a.hard.size === b.hard.size && [...a.hard].every(([signal, value]) => b.hard.get(signal) === value);
}
