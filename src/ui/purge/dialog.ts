import type { PurgeAction, PurgePreview, PurgeRun } from '../../eviction/actions.ts';
import type { Dialog, DialogView } from '../dialog.ts';
import type { KeyBinding } from '../keys.ts';
import type { Line } from '../line.ts';
import type { Theme } from '../theme.ts';
import { purgeKeys } from './keys.ts';
import { openPurge, type PurgeUi, pressPurge, purgeWords, scopeOf } from './state.ts';
import { plannedPodLines, purgeView } from './view.ts';

/** `p`: shows which Evicted pods would go, asks, and shows how they go. */
export class PurgeDialog implements Dialog {
  readonly wantsText = false;
  readonly #action: PurgeAction;
  readonly #program: string;
  readonly #listeners = new Set<() => void>();
  #ui: PurgeUi;
  #run: PurgeRun;
  #unsubscribe: () => void;
  #closed = false;
  /** What has been on the screen: nobody can say yes to anything else. */
  #shown: PurgePreview | null = null;
  /** The list of a preview is long, and stays the same. */
  #listed: { readonly preview: PurgePreview; readonly width: number; readonly lines: readonly Line[] } | null = null;

  /** @param node where it was opened; null: on no node */
  constructor(action: PurgeAction, node: string | null, program: string) {
    this.#action = action;
    this.#program = program;
    this.#ui = openPurge(node);
    this.#run = action.begin(scopeOf(this.#ui));
    this.#unsubscribe = this.#run.subscribe(() => this.#changed());
  }

  get title(): string {
    const { node } = scopeOf(this.#ui);
    return `purge  ${node === null ? 'all nodes' : `node ${node}`}`;
  }

  get keys(): readonly KeyBinding<string>[] {
    return purgeKeys(this.#ui, this.#run.state());
  }

  get command(): readonly string[] {
    return purgeWords(this.#ui);
  }

  get closed(): boolean {
    return this.#closed;
  }

  press(key: string): void {
    const { ui, effect } = pressPurge(this.#ui, key, this.#run.state());
    this.#ui = ui;
    switch (effect) {
      case 'begin':
        this.#leaveRun();
        this.#run = this.#action.begin(scopeOf(ui));
        this.#unsubscribe = this.#run.subscribe(() => this.#changed());
        break;
      case 'agree':
        if (this.#shown === this.#run.state().preview) this.#run.agree();
        break;
      case 'stop':
        this.#run.stop();
        break;
      case 'leave':
        this.close();
        break;
      case null:
    }
  }

  view(width: number, theme: Theme): DialogView {
    const run = this.#run.state();
    this.#shown = run.preview;
    return purgeView({ ui: this.#ui, run, pods: this.#pods(run.preview, width), program: this.#program, width, theme });
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#leaveRun();
  }

  #leaveRun(): void {
    this.#unsubscribe();
    this.#run.stop();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #pods(preview: PurgePreview | null, width: number): readonly Line[] {
    if (preview === null) return [];
    if (this.#listed?.preview !== preview || this.#listed.width !== width) {
      this.#listed = { preview, width, lines: plannedPodLines(preview, width) };
    }
    return this.#listed.lines;
  }
}
