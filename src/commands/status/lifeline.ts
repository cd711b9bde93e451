/** Fires after another signal does, once everything that holds it has ended: what is in flight then is not torn. */
export class Lifeline {
  readonly #life = new AbortController();
  readonly #holds: (() => Promise<void>)[] = [];

  constructor(signal: AbortSignal) {
    const end = (): void => {
      // At once where nothing holds it.
      if (this.#holds.length === 0) this.#life.abort();
      else void Promise.allSettled(this.#holds.map(hold => hold())).then(() => this.#life.abort());
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  }

  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** Calls the function when the other signal fires, and waits until it settles. */
  hold(end: () => Promise<void>): void {
    this.#holds.push(end);
  }
}
