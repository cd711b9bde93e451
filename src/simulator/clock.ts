/** The time of a simulated cluster. Nothing in the simulator reads the machine's clock but {@link realClock}. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * Calls `callback` once, `delayMs` from now (negative counts as 0).
   *
   * @returns a function that cancels the call; harmless when it has happened
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** A clock that stands still until it is told to move. */
export interface ManualClock extends Clock {
  /** Moves time forward by `ms` (0 or more); everything due on the way is called in order of its time. */
  advance(ms: number): void;
}

/** The machine's clock. Its timers do not keep the process alive. */
export function realClock(): Clock {
  return {
    now: () => Date.now(),
    after: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.max(0, delayMs));
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock under the control of a test.
 *
 * @param startMs milliseconds since the Unix epoch
 */
export function manualClock(startMs: number): ManualClock {
  const pending = new Set<Due>();
  let now = startMs;
  let order = 0;

  const nextDue = (until: number): Due | undefined => {
    let next: Due | undefined;
    for (const due of pending) {
      if (due.at > until) continue;
      if (next === undefined || due.at < next.at || (due.at === next.at && due.order < next.order)) next = due;
    }
    return next;
  };

  return {
    now: () => now,
    after: (delayMs, callback) => {
      const due: Due = { at: now + Math.max(0, delayMs), order: order++, callback };
      pending.add(due);
      return () => {
        pending.delete(due);
      };
    },
    advance: ms => {
      if (!(ms >= 0)) throw new RangeError(`a clock cannot go back by ${-ms} ms`);
      const until = now + ms;
      for (let due = nextDue(until); due !== undefined; due = nextDue(until)) {
        pending.delete(due);
        now = Math.max(now, due.at);
        due.callback();
      }
      now = until;
    },
  };
}
