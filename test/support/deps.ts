import { Readable } from 'node:stream';
import { kubeconfigNames } from '../../src/cluster/kubeconfig-names.ts';
import { openCluster } from '../../src/cluster/open.ts';
import type { Clock, Demos, Deps, StatusScreen } from '../../src/deps.ts';
import { CancelledError } from '../../src/errors.ts';
import type { ExitCode } from '../../src/exit-codes.ts';
import { run } from '../../src/run.ts';
import { readArchive } from '../../src/world/archive.ts';
import { realFiles } from '../../src/world/files.ts';
import { simulate } from '../../src/world/simulate.ts';
import { testEnvironment } from './cluster-access.ts';

/** What a run left behind. */
export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** What a test says about the world; the rest is a pipe on a quiet machine. */
export interface TestWorld {
  readonly now?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdoutIsTTY?: boolean;
  /** The lines that somebody types; with it, stdin is a terminal. */
  readonly stdin?: string[];
  /** What a pipe into stdin brings. */
  readonly input?: readonly (string | Uint8Array)[];
  readonly signal?: AbortSignal;
  readonly program?: string;
  /** Called instead of waiting; a watch under test ends by aborting here. */
  readonly onSleep?: (ms: number) => void | Promise<void>;
  /** Where a user's files would be; a folder without a kubeconfig by default. */
  readonly homeDir?: string;
  /** The demos of this machine; by default there are none, and none is announced. */
  readonly demos?: Demos;
  /** Stands for the terminal screen; without it, opening one fails. */
  readonly openScreen?: (screen: StatusScreen) => Promise<'quit' | 'interrupted'>;
}

/** Runs a whole command line in this process, against whatever server it names, and keeps what it printed. */
export async function runCommand(argv: readonly string[], world: TestWorld = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(argv, testDeps(world, out, err));
  return { code, out: out.join(''), err: err.join('') };
}

/** The Deps of a test, printing into the two arrays. */
export function testDeps(world: TestWorld, out: string[], err: string[]): Deps {
  const now = (): number => world.now ?? Date.now();
  const clock: Clock = {
    now,
    sleep: async (ms, signal) => {
      await world.onSleep?.(ms);
      if (signal.aborted) throw new CancelledError();
    },
  };
  const sink = (into: string[], isTTY: boolean) => ({
    isTTY,
    columns: isTTY ? 120 : undefined,
    write: async (text: string) => void into.push(text),
  });
  const signal = world.signal ?? new AbortController().signal;
  return {
    io: {
      in: {
        isTTY: world.stdin !== undefined,
        readAll: async () => '',
        readLine: async () => world.stdin?.shift() ?? null,
      },
      out: sink(out, world.stdoutIsTTY ?? false),
      err: sink(err, false),
    },
    env: world.env ?? {},
    clock,
    signal,
    program: world.program ?? 'kubectl evict',
    version: '0.0.0-test',
    connect: options =>
      openCluster(
        options,
        testEnvironment({
          env: world.env ?? {},
          now,
          stdinIsTTY: world.stdin !== undefined,
          warn: line => void err.push(`${line}\n`),
          ...(world.homeDir === undefined ? {} : { homeDir: world.homeDir }),
        }),
        // Back-off is tested with the transport; here it only costs time.
        { sleep: async () => {} },
      ),
    kubeconfigNames: flags =>
      kubeconfigNames(
        flags,
        testEnvironment({
          env: world.env ?? {},
          ...(world.homeDir === undefined ? {} : { homeDir: world.homeDir }),
        }),
      ),
    files: realFiles,
    readArchive: (path, stop) => readArchive(path, Readable.from(world.input ?? []), stop),
    openScreen: world.openScreen ?? (() => Promise.reject(new Error('no screen in this test'))),
    demos: world.demos ?? { announce: async () => ({ file: null, withdraw: async () => {} }), running: async () => [] },
    simulate: source => simulate(source, 'kubectl-evict/0.0.0 (test/test)'),
  };
}
