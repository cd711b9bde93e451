import { onTestFinished } from 'vitest';
import type { SurveyQuery } from '../../src/commands/status/gather.ts';
import { openStatusScreen } from '../../src/commands/status/screen.ts';
import type { ApplyTuned } from '../../src/commands/tune/desk.ts';
import type { ExitCode } from '../../src/exit-codes.ts';
import { testDeps } from './deps.ts';
import type { Simulated } from './simulated.ts';
import { type TerminalOptions, TestTerminal } from './terminal.ts';

/** A status screen on a simulated cluster, with somebody in front of it. */
export interface OpenScreen {
  readonly terminal: TestTerminal;
  /** How it ended. */
  readonly done: Promise<ExitCode>;
  /** As a signal of the system. */
  readonly stop: AbortController;
  /** What was told on stderr. */
  readonly err: readonly string[];
}

/** What a test says about it. */
export interface ScreenOptions extends TerminalOptions {
  readonly query?: Partial<SurveyQuery>;
  readonly color?: 'auto' | 'always' | 'never';
  /** As the demo's. @default a real cluster's: there is none */
  readonly apply?: ApplyTuned;
}

/** Opens the program's status screen. */
export function openScreen(simulated: Simulated, options: ScreenOptions = {}): OpenScreen {
  const terminal = new TestTerminal({ now: () => simulated.clock.now(), ...options });
  const stop = new AbortController();
  const err: string[] = [];
  const deps = testDeps({ openScreen: screen => terminal.open(screen), signal: stop.signal }, [], err);
  const query: SurveyQuery = {
    names: [],
    selector: null,
    all: false,
    nearPercent: null,
    concurrency: 64,
    kubeletTimeoutMs: 5000,
    program: 'kubectl evict',
    ...options.query,
  };
  const env = options.env ?? deps.env;
  const world = { ...deps, env, clock: simulated.clock };
  const done = openStatusScreen(
    simulated.cluster,
    {
      query,
      color: options.color ?? 'auto',
      ...(options.apply === undefined ? {} : { apply: options.apply }),
      flags: ['--context', 'prod-eu'],
    },
    world,
  );
  return { terminal, done, stop, err };
}

/** Opens the screen for the length of a test: with it the cluster is closed, too. */
export function showScreen(
  simulated: Simulated,
  options: ScreenOptions = {},
): OpenScreen & { readonly simulated: Simulated } {
  const screen = openScreen(simulated, options);
  onTestFinished(async () => {
    screen.stop.abort();
    await screen.done.catch(() => {});
    await simulated.close();
  });
  return { ...screen, simulated };
}
