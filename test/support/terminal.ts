import { PassThrough, Writable } from 'node:stream';
import xterm from '@xterm/headless';
import { expect } from 'vitest';
import type { ScreenTerminal, StatusScreen } from '../../src/deps.ts';
import { openStatusScreen } from '../../src/ui/mount.tsx';

/** What a test says about its terminal; the rest is a UTF-8 xterm of 120 by 40. */
export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly now?: () => number;
}

/** A terminal in memory: what a program writes becomes a screen, and a test types. */
export class TestTerminal {
  readonly screen: xterm.Terminal;
  /** What was written to it, whole. */
  written = '';
  /** Whether it is in raw mode now. */
  raw = false;
  /** How often it was handed to the shell. */
  stops = 0;
  /** Goes on after a stop. */
  resume: () => void = () => {};
  readonly #stdin = new PassThrough();
  readonly #stdout: Writable & { columns: number; rows: number; isTTY: boolean };
  readonly #options: TerminalOptions;
  #crash: ((error: unknown) => void) | null = null;

  constructor(options: TerminalOptions = {}) {
    const { columns = 120, rows = 40 } = options;
    this.#options = options;
    // A real terminal's driver turns line feeds into new lines.
    this.screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true, scrollback: 0 });
    const stdout = new Writable({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        const text = String(chunk);
        this.written += text;
        this.screen.write(text, done);
      },
    });
    this.#stdout = Object.assign(stdout, { columns, rows, isTTY: true });
    Object.assign(this.#stdin, {
      isTTY: true,
      setRawMode: (on: boolean) => {
        this.raw = on;
        return this.#stdin;
      },
      ref: () => this.#stdin,
      unref: () => this.#stdin,
    });
  }

  /** Both ends, for the program. */
  get ends(): ScreenTerminal {
    return {
      stdin: this.#stdin,
      stdout: this.#stdout,
      env: this.#options.env ?? { LANG: 'C.UTF-8', TERM: 'xterm-256color' },
      now: this.#options.now ?? (() => Date.now()),
      base64: text => Buffer.from(text).toString('base64'),
      stop: () => {
        this.stops += 1;
        return new Promise(resolve => {
          this.resume = resolve;
        });
      },
      onCrash: handler => {
        this.#crash = handler;
        return () => {
          this.#crash = null;
        };
      },
    };
  }

  /** Opens the program's screen on it. */
  open(screen: StatusScreen): Promise<'quit' | 'interrupted'> {
    return openStatusScreen(screen, this.ends);
  }

  /** Somebody types. Escape sequences are typed as they come from a keyboard. */
  type(keys: string): void {
    this.#stdin.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.screen.resize(columns, rows);
    Object.assign(this.#stdout, { columns, rows });
    this.#stdout.emit('resize');
  }

  /** An error that nobody caught. */
  crash(error: unknown): void {
    this.#crash?.(error);
  }

  /** The lines of the screen, without the blanks at their ends. */
  lines(): readonly string[] {
    const { active } = this.screen.buffer;
    return Array.from({ length: this.screen.rows }, (_, i) => active.getLine(i)?.translateToString(true) ?? '');
  }

  text(): string {
    return this.lines().join('\n');
  }

  /** Whether a full-screen program has it. */
  get isAlternate(): boolean {
    return this.screen.buffer.active.type === 'alternate';
  }

  /** Waits until the screen shows something. */
  async shows(what: string | RegExp): Promise<void> {
    await expect.poll(() => this.text(), { timeout: 10_000, interval: 10 }).toMatch(what);
  }

  /** Waits until the screen shows something no longer. */
  async hides(what: string | RegExp): Promise<void> {
    await expect.poll(() => this.text(), { timeout: 10_000, interval: 10 }).not.toMatch(what);
  }
}
