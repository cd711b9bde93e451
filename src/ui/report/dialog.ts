import type { ReportAction, ReportRun } from '../../eviction/actions.ts';
import { minuteText } from '../../output/report-text.ts';
import type { Dialog, DialogView } from '../dialog.ts';
import { intentOf } from '../keys.ts';
import type { Theme } from '../theme.ts';
import { REPORT_KEYS } from './keys.ts';
import { type ReportUi, stepReport } from './state.ts';
import { reportView } from './view.ts';

/** Who was evicted, where, for what and when, in all namespaces: read when it opens and when it is asked to, never by itself. */
export class ReportDialog implements Dialog {
  readonly keys = REPORT_KEYS;
  readonly wantsText = false;
  readonly command = ['report', '--all-namespaces'];
  closed = false;
  readonly #run: ReportRun;
  #ui: ReportUi = { section: 'causes' };
  /** What was seen last, and of what it was made: a long report is not laid out anew each second. */
  #seen: { readonly of: readonly unknown[]; readonly view: DialogView } | null = null;

  constructor(action: ReportAction) {
    this.#run = action.begin();
  }

  get title(): string {
    const { readAt, reading } = this.#run.state();
    const time = readAt === null ? '' : `, as of ${minuteText(readAt)} UTC`;
    return `evictions in all namespaces${time}${reading && readAt !== null ? '; reading again …' : ''}`;
  }

  /** Another grouping is seen from its beginning. */
  get page(): string {
    return this.#ui.section;
  }

  press(key: string): void {
    const intent = intentOf(REPORT_KEYS, key);
    if (intent === null) return;
    const { ui, effect } = stepReport(this.#ui, intent);
    this.#ui = ui;
    if (effect === 'again') this.#run.again();
    if (effect === 'leave') this.closed = true;
  }

  view(width: number, theme: Theme): DialogView {
    const state = this.#run.state();
    const of = [this.#ui, state, width, theme];
    if (this.#seen === null || of.some((part, i) => part !== this.#seen?.of[i])) {
      this.#seen = { of, view: reportView(this.#ui, state, width, theme) };
    }
    return this.#seen.view;
  }

  subscribe(listener: () => void): () => void {
    return this.#run.subscribe(listener);
  }

  close(): void {
    this.#run.stop();
  }
}
