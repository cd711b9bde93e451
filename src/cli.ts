#!/usr/bin/env node
import { arch, homedir, platform } from 'node:os';
import { basename } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import type { OpenOptions } from './cluster/open.ts';
import type { Cluster } from './cluster/port.ts';
import type { Clock, Deps, Io, ScreenTerminal, StatusScreen, TextSink } from './deps.ts';
import { CancelledError, EvictError } from './errors.ts';
import { EXIT } from './exit-codes.ts';
import { clean } from './output/clean.ts';
import { run } from './run.ts';
import { realFiles } from './world/files.ts';

// The only file that touches `process`: it builds the real world's Deps, runs, and sets the exit code.

/** Filled in by the build from package.json. */
declare const VERSION: string;

const USER_AGENT = `kubectl-evict/${VERSION} (${platform()}/${arch()})`;

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

/** First signal: stop and tell. A second one finds the default behaviour again, and ends the process at once. */
function stopOnSignals(): void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (): void => {
    stop.abort();
    // Not at once: who else listens to this signal must still see that it is taken care of.
    setImmediate(() => {
      for (const name of signals) process.removeListener(name, onSignal);
    });
  };
  for (const name of signals) process.on(name, onSignal);
}

/** `kubectl-evict` is called as `kubectl evict`; installed under another name it is called by that. */
function programName(path: string | undefined): string {
  const name = basename(path ?? '').replace(/\.(js|exe)$/, '');
  return name.startsWith('kubectl-') ? name.replace('-', ' ').replaceAll('_', '-') : 'kubectl evict';
}

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new CancelledError());
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(new CancelledError());
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    }),
};

async function connect(options: OpenOptions, io: Io): Promise<Cluster> {
  // Loaded here, so that help, version and usage errors never pay for TLS and kubeconfigs.
  const { openCluster } = await import('./cluster/open.ts');
  return openCluster(options, {
    env: process.env,
    homeDir: homedir(),
    cwd: process.cwd(),
    stdinIsTTY: process.stdin.isTTY === true,
    warn: line => void io.err.write(`${clean(line)}\n`),
    now: () => clock.now(),
    userAgent: USER_AGENT,
  });
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

async function openScreen(screen: StatusScreen): Promise<'quit' | 'interrupted'> {
  // A screen stays open for hours: the heap may grow by a third between two collections, not by several times.
  setFlagsFromString('--heap-growing-percent=30');
  const { openStatusScreen } = await import('./ui/mount.tsx');
  return openStatusScreen(screen, screenTerminal());
}

stopOnSignals();
const io: Io = {
  in: {
    isTTY: process.stdin.isTTY === true,
    readAll: () => readText(process.stdin),
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
  program: programName(process.argv[1]),
  version: VERSION,
  connect: options => connect(options, io),
  files: realFiles,
  readArchive: async function* (path, signal) {
    yield* (await import('./world/archive.ts')).readArchive(path, process.stdin, signal);
  },
  openScreen,
  simulate: async source => (await import('./world/simulate.ts')).simulate(source, USER_AGENT),
};

const code = await run(process.argv.slice(2), deps);
process.exitCode = pipeClosed && code === EXIT.interrupted ? EXIT.ok : code;
