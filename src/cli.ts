#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { arch, homedir, platform } from 'node:os';
import { basename } from 'node:path';
import type { Environment } from './cluster/connection.ts';
import type { OpenOptions } from './cluster/open.ts';
import type { Cluster } from './cluster/port.ts';
import type { Clock, Deps, Files, Io, ScreenTerminal, StatusScreen, TextSink } from './deps.ts';
import { EvictError } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { clean } from './output/clean.ts';
import { run } from './run.ts';
import { sleep } from './sleep.ts';

// The only file that touches `process`: it builds the real world's Deps, runs, and sets the exit code.

/** Filled in by the build from package.json. */
declare const VERSION: string;
/** Whether this is an executable with its runtime inside, and not a script that a runtime was told to run. */
declare const SELF_CONTAINED: boolean;

const USER_AGENT = `kubectl-evict/${VERSION} (${platform()}/${arch()})`;

// Every request in flight listens to the one signal: that is no leak, and Node 20 must not warn of it.
setMaxListeners(0);
const stop = new AbortController();
let pipeClosed = false;

/** A process stream that waits for its reader, and takes a closed pipe for the wish to end. */
function sink(stream: NodeJS.WriteStream): TextSink {
  const isClosed = (error: NodeJS.ErrnoException): boolean => {
    // A closed pipe, or a terminal that has gone away.
    if (error.code !== 'EPIPE' && error.code !== 'EIO') return false;
    pipeClosed = true;
    stop.abort();
    return true;
  };
  // Anything else, a full disk behind a redirection say, reaches whoever writes through its write.
  stream.on('error', isClosed);
  return {
    isTTY: stream.isTTY === true,
    columns: stream.columns,
    write: text =>
      new Promise((resolve, reject) => {
        // The write learns of a closed pipe before the stream's own error event comes.
        stream.write(text, error => (error && !pipeClosed && !isClosed(error) ? reject(unwritable(error)) : resolve()));
      }),
  };
}

function unwritable(error: NodeJS.ErrnoException): EvictError {
  const why = error.code === 'ENOSPC' ? 'the disk is full' : error.message;
  return new EvictError(`cannot write the output: ${why}`, { cause: error });
}

/**
 * First signal: stop and tell. A second one finds the default behaviour again, and ends the process at once.
 *
 * @returns what a signal does, for an interrupt that came as a key
 */
function stopOnSignals(): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (): void => {
    stop.abort();
    // Not at once: who else listens to this signal must still see that it is taken care of.
    setImmediate(() => {
      for (const name of signals) process.removeListener(name, onSignal);
    });
  };
  for (const name of signals) process.on(name, onSignal);
  return onSignal;
}

/** `kubectl-evict` is called as `kubectl evict`; installed under another name it is called by that. */
function programName(path: string | undefined): string {
  const name = basename(path ?? '').replace(/\.(js|exe)$/, '');
  return name.startsWith('kubectl-') ? name.replace('-', ' ').replaceAll('_', '-') : 'kubectl evict';
}

/**
 * An executable starts with a compiler that takes its time (scripts/release/executable.mjs): a short command is over before
 * compiled code pays. What goes on for longer gets the usual one.
 */
function hurryCompiler(): void {
  const { Bun: bun } = globalThis as { Bun?: { readonly unsafe: { setJITPolicy?(scale: number): void } } };
  if (SELF_CONTAINED && bun !== undefined) setTimeout(() => bun.unsafe.setJITPolicy?.(1), 250).unref();
}

const clock: Clock = {
  now: () => Date.now(),
  sleep,
};

async function connect(options: OpenOptions, io: Io): Promise<Cluster> {
  // Loaded here, so that help, version and usage errors never pay for TLS and kubeconfigs.
  const [{ openCluster }] = await Promise.all([import('./cluster/open.ts'), keepSmall()]);
  return openCluster(options, environmentOf(io));
}

function environmentOf(io: Io): Environment {
  return {
    env: process.env,
    homeDir: homedir(),
    cwd: process.cwd(),
    stdinIsTTY: process.stdin.isTTY === true,
    warn: line => void io.err.write(`${clean(line)}\n`),
    now: () => clock.now(),
    userAgent: USER_AGENT,
  };
}

/** The user's terminal, for a screen. */
function screenTerminal(): ScreenTerminal {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    env: process.env,
    now: () => clock.now(),
    base64: text => Buffer.from(text).toString('base64'),
    stop: () =>
      new Promise(resolve => {
        // The whole job, as the terminal does it. Where no shell could bring it back, the system ignores this.
        process.kill(0, 'SIGTSTP');
        setTimeout(resolve, 50);
      }),
    onCrash: handler => {
      process.on('uncaughtException', handler);
      return () => process.off('uncaughtException', handler);
    },
  };
}

/** Makes the heap grow by a third at most between two collections, not by several times: lists are long, and a screen stays open. */
async function keepSmall(): Promise<void> {
  if (process.versions['bun'] === undefined)
    (await import('node:v8')).default.setFlagsFromString('--heap-growing-percent=30');
}

async function openScreen(screen: StatusScreen): Promise<'quit' | 'interrupted'> {
  await keepSmall();
  const { openStatusScreen } = await import('./ui/mount.tsx');
  const ended = await openStatusScreen(screen, screenTerminal());
  // In raw mode Ctrl-C was a key; the next one is a signal, and must be the second.
  if (ended === 'interrupted') interrupt();
  return ended;
}

/** The user's files; the code for them is loaded when the first one is touched. */
const loadFiles = async (): Promise<Files> => (await import('./world/files.ts')).realFiles;
const files: Files = {
  read: async (path, most) => (await loadFiles()).read(path, most),
  create: async (path, content) => (await loadFiles()).create(path, content),
  replace: async (path, old, content) => (await loadFiles()).replace(path, old, content),
  openLines: async (path, append) => (await loadFiles()).openLines(path, append),
};

hurryCompiler();
const interrupt = stopOnSignals();
const io: Io = {
  in: {
    isTTY: process.stdin.isTTY === true,
    readAll: async () => (await import('node:stream/consumers')).default.text(process.stdin),
    readLine: async signal => (await import('./world/read-line.ts')).readLine(process.stdin, signal),
  },
  out: sink(process.stdout),
  err: sink(process.stderr),
};
const deps: Deps = {
  io,
  env: process.env,
  clock,
  signal: stop.signal,
  program: programName(SELF_CONTAINED ? process.argv0 : process.argv[1]),
  version: VERSION,
  connect: options => connect(options, io),
  kubeconfigNames: async flags =>
    (await import('./cluster/kubeconfig-names.ts')).kubeconfigNames(flags, environmentOf(io)),
  files,
  readArchive: async function* (path, signal) {
    yield* (await import('./world/archive.ts')).readArchive(path, process.stdin, signal);
  },
  openScreen,
  demos: {
    announce: async kubeconfig => (await import('./world/demos.ts')).openDemos(process.env).announce(kubeconfig),
    running: async () => (await import('./world/demos.ts')).openDemos(process.env).running(),
  },
  simulate: async source => (await import('./world/simulate.ts')).simulate(source, USER_AGENT),
};

const code = await run(process.argv.slice(2), deps);
process.exitCode = pipeClosed && code === EXIT.interrupted ? EXIT.ok : code;
// A shell waits for the end of what it asks for completions, and a name that is still being resolved cannot be called off.
if (process.argv[2]?.startsWith('__complete') === true) process.exit();
