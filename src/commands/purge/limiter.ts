/** How many requests are in flight at a time is found out, between these. */
const FIRST = 8;
const MOST = 48;
/** A server that takes this long for a delete, which is milliseconds of work, is busy enough. */
const SLOW_MS = 1500;

/** More than what once was too many is tried at this part of the usual pace: each such try may cost a request a second's wait. */
const CAREFUL = 1 / 32;

/** The most requests a limiter ever has in flight. */
export const MOST_IN_FLIGHT = MOST;

/**
 * Places for requests whose number follows the server: it grows while answers come quickly, first by one an answer, after the
 * first trouble by one a round, and beyond the number that was fine before the trouble by one in many rounds, until that holds. It
 * halves when the server throttles, fails or becomes slow, once for the requests of one round.
 */
export class Limiter {
  readonly #now: () => number;
  #limit = FIRST;
  #inFlight = 0;
  #isStarting = true;
  /** Requests sent before this moment were answered for by the last cut. */
  #cutAt = Number.NEGATIVE_INFINITY;
  /** As many were fine before the last cut. */
  #ceiling = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The number of places now; at least 1. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Waits for a place. */
  async take(): Promise<Place> {
    while (this.#inFlight >= this.limit) await new Promise<void>(resolve => this.#waiting.push(resolve));
    this.#inFlight += 1;
    const since = this.#now();
    return {
      strained: () => this.#cut(since),
      release: () => {
        this.#inFlight -= 1;
        const took = this.#now() - since;
        if (took > SLOW_MS) this.#cut(since);
        else this.#grow(since);
        this.#wake();
      },
    };
  }

  /** Resolves when nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#inFlight > 0) await new Promise<void>(resolve => this.#waiting.push(resolve));
  }

  #grow(since: number): void {
    // What was sent before a cut says nothing about the time after it.
    if (since < this.#cutAt) return;
    const pace = this.#isStarting ? 1 : 1 / this.#limit;
    this.#limit = Math.min(MOST, this.#limit + (this.#limit < this.#ceiling ? pace : pace * CAREFUL));
    // It bears more by now.
    if (this.#limit >= this.#ceiling + 2) this.#ceiling = Number.POSITIVE_INFINITY;
  }

  #cut(since: number): void {
    if (since < this.#cutAt) return;
    this.#isStarting = false;
    this.#ceiling = Math.max(1, this.limit - 1);
    this.#limit = Math.max(1, this.#limit / 2);
    this.#cutAt = this.#now();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}

/** A place among the requests in flight. */
export interface Place {
  /** The server throttled or failed this request, which will be repeated. */
  strained(): void;
  release(): void;
}
