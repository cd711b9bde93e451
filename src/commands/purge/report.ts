import type { ClusterIdentity } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { type PurgeError, type PurgeItem, PurgeTally } from '../../eviction/purge-tally.ts';
import { errorText } from '../../output/error-text.ts';
import { type DocumentWriter, purgeJson, purgeYaml } from '../../output/purge-document.ts';
import {
  CLEAR_LINE,
  notPurgedLine,
  progressText,
  purgedLine,
  purgedName,
  summaryText,
} from '../../output/purge-text.ts';
import type { PurgeOptions } from './options.ts';

/** The progress line is drawn at most this often. */
const REDRAW_MS = 100;

/** How a purge ended. */
export interface Ending {
  readonly interrupted: boolean;
  readonly refusal: string | null;
}

/**
 * Tells what happens while it happens: deleted pods on stdout, everything else on stderr, and counts it. With `-o json` or `yaml`
 * stdout is one document, whole however the purge ends.
 */
export class Report {
  readonly tally = new PurgeTally();
  readonly #options: PurgeOptions;
  readonly #deps: Deps;
  readonly #document: DocumentWriter | null;
  readonly #startedAt: number;
  #total: number | null = null;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(options: PurgeOptions, deps: Deps) {
    this.#options = options;
    this.#deps = deps;
    this.#startedAt = deps.clock.now();
    this.#document = options.output === 'json' ? purgeJson() : options.output === 'yaml' ? purgeYaml() : null;
  }

  /** Begins the document, if there is one. */
  async begin(identity: ClusterIdentity, namespace: string | null): Promise<void> {
    if (this.#document === null) return;
    const { context, server } = identity;
    const head = { takenAt: this.#startedAt, context, server, namespace, dryRun: this.#options.dryRun };
    await this.#deps.io.out.write(this.#document.head(head));
  }

  /** How many pods there are to come, once that is known. */
  expect(total: number): void {
    this.#total = total;
  }

  /** One pod has come to its outcome. */
  async item(item: PurgeItem): Promise<void> {
    this.tally.add(item);
    const out = this.#out(item);
    const err = item.error === null ? notPurgedLine(item) : this.#errorLine(item.error);
    if (out !== '' || err !== '') await this.#undraw();
    if (out !== '') await this.#deps.io.out.write(out);
    if (err !== '') await this.#deps.io.err.write(err);
    await this.#draw();
  }

  /** Something else went wrong. */
  async error(error: PurgeError): Promise<void> {
    this.tally.error(error);
    await this.note(this.#errorLine(error));
  }

  /** A line on stderr. */
  async note(text: string): Promise<void> {
    if (text === '') return;
    await this.#undraw();
    await this.#deps.io.err.write(text);
  }

  /** Ends the document, and tells the sum on stderr. */
  async end(ending: Ending, namespace: string | null): Promise<void> {
    await this.#undraw();
    const summary = this.tally.summary();
    if (this.#document !== null) await this.#deps.io.out.write(this.#document.foot({ summary, ...ending }));
    // An interruption is how a watch ends.
    const interrupted = ending.interrupted && !this.#options.watch;
    const { dryRun } = this.#options;
    await this.#deps.io.err.write(summaryText(summary, { dryRun, ...ending, interrupted, namespace }));
  }

  #out(item: PurgeItem): string {
    if (this.#document !== null) return this.#document.item(item);
    return this.#options.output === 'name' ? purgedName(item) : purgedLine(item, this.#options.dryRun);
  }

  #errorLine({ message, remedy }: PurgeError): string {
    return errorText({ message, hint: remedy ?? undefined });
  }

  async #draw(): Promise<void> {
    const { io, clock } = this.#deps;
    const now = clock.now();
    if (!io.err.isTTY || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    const seconds = (now - this.#startedAt) / 1000;
    const done = this.tally.total - this.tally.count('kept');
    this.#isDrawn = true;
    await io.err.write(progressText(done, this.#total, seconds < 1 ? null : done / seconds, io.err.columns));
  }

  async #undraw(): Promise<void> {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    await this.#deps.io.err.write(CLEAR_LINE);
  }
}
