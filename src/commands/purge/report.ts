import type { ClusterIdentity } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import type { Plan } from '../../eviction/plan.ts';
import type { Producer } from '../../eviction/producing.ts';
import { overviewOf, type PurgeError, type PurgeItem, PurgeTally } from '../../eviction/purge-tally.ts';
import { errorText } from '../../output/error-text.ts';
import { type DocumentWriter, purgeJson, purgeYaml } from '../../output/purge-document.ts';
import {
  CLEAR_LINE,
  notPurgedLine,
  overviewText,
  producersText,
  progressText,
  purgedLine,
  purgedName,
  question,
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

/** Whom a purge asks and tells, while it happens. */
export interface PurgeReport {
  /** Counts what is told of here. */
  readonly tally: PurgeTally;
  /**
   * Whether to carry a plan out that deletes something. Nothing has been sent before.
   *
   * @param producers what goes on making Evicted pods
   */
  consent(plan: Plan, producers: readonly Producer[]): Promise<boolean>;
  /** How many pods there are to come, once that is known. */
  expect(total: number): void;
  /** One pod has come to its outcome. */
  item(item: PurgeItem): Promise<void>;
  /** Something else went wrong. */
  error(error: PurgeError): Promise<void>;
  /** Something worth a line. */
  note(text: string): Promise<void>;
  /** All is done, and these go on making Evicted pods. */
  producers(producers: readonly Producer[]): Promise<void>;
}

/**
 * Tells what happens while it happens: deleted pods on stdout, everything else on stderr, and counts it. With `-o json` or `yaml`
 * stdout is one document, whole however the purge ends.
 */
export class Report implements PurgeReport {
  readonly tally = new PurgeTally();
  readonly #options: PurgeOptions;
  readonly #deps: Deps;
  readonly #document: DocumentWriter | null;
  readonly #startedAt: number;
  #total: number | null = null;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #isDrawn = false;
  readonly #where: { readonly context: string | null; readonly server: string; readonly namespace: string | null };

  /** @param namespace null: all of them */
  constructor(options: PurgeOptions, deps: Deps, { context, server }: ClusterIdentity, namespace: string | null) {
    this.#options = options;
    this.#where = { context, server, namespace };
    this.#deps = deps;
    this.#startedAt = deps.clock.now();
    this.#document = options.output === 'json' ? purgeJson() : options.output === 'yaml' ? purgeYaml() : null;
  }

  /** Begins the document, if there is one. */
  async begin(): Promise<void> {
    if (this.#document === null) return;
    const head = { takenAt: this.#startedAt, ...this.#where, dryRun: this.#options.dryRun };
    await this.#deps.io.out.write(this.#document.head(head));
  }

  /** Shows the plan and asks, where somebody is there and has not said yes beforehand. */
  async consent(plan: Plan): Promise<boolean> {
    if (!this.#options.asks) return true;
    await this.note(overviewText(overviewOf(plan.delete), this.#where));
    await this.#deps.io.err.write(question(plan.delete.length));
    const answer = await this.#deps.io.in.readLine(this.#deps.signal);
    return /^\s*y(es)?\s*$/i.test(answer ?? '');
  }

  expect(total: number): void {
    this.#total = total;
  }

  async item(item: PurgeItem): Promise<void> {
    this.tally.add(item);
    const out = this.#out(item);
    const err = item.error === null ? notPurgedLine(item) : this.#errorLine(item.error);
    if (out !== '' || err !== '') await this.#undraw();
    if (out !== '') await this.#deps.io.out.write(out);
    if (err !== '') await this.#deps.io.err.write(err);
    await this.#draw();
  }

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

  async producers(producers: readonly Producer[]): Promise<void> {
    await this.note(producersText(producers, this.#deps.program));
  }

  /** Ends the document, and tells the sum on stderr. */
  async end(ending: Ending): Promise<void> {
    await this.#undraw();
    const summary = this.tally.summary();
    if (this.#document !== null) await this.#deps.io.out.write(this.#document.foot({ summary, ...ending }));
    // An interruption is how a watch ends.
    const interrupted = ending.interrupted && !this.#options.watch;
    const { dryRun } = this.#options;
    await this.#deps.io.err.write(
      summaryText(summary, { dryRun, ...ending, interrupted, namespace: this.#where.namespace }),
    );
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
