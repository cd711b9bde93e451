import type { ArchiveEntry } from './cluster/archive.ts';
import type { ConnectionFlags } from './cluster/connection.ts';
import type { OpenOptions } from './cluster/open.ts';
import type { Cluster } from './cluster/port.ts';
import type { ScreenActions } from './eviction/actions.ts';
import type { LiveSource } from './eviction/live.ts';

/** A stream that text is written to; resolves when the text is taken, so that nothing piles up. */
export interface TextSink {
  write(text: string): Promise<void>;
  readonly isTTY: boolean;
  /** Width of the terminal in columns; undefined where there is none. */
  readonly columns: number | undefined;
}

/** Where input comes from. */
export interface TextSource {
  readonly isTTY: boolean;
  /** Everything up to the end of the input. */
  readAll(): Promise<string>;
  /** One line, without its end, for a question on a terminal; null when the input ends. Rejects with a CancelledError when the signal fires first. */
  readLine(signal: AbortSignal): Promise<string | null>;
}

/** The streams: data goes to `out`, everything else to `err`. */
export interface Io {
  readonly in: TextSource;
  readonly out: TextSink;
  readonly err: TextSink;
}

/** Time, replaceable by a test's. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after that many milliseconds; rejects with a CancelledError when the signal fires first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** A file that grows by whole lines. */
export interface LineFile {
  /** Writes lines, each with its line feed; they are on disk when this resolves. After a failure nothing more is taken. */
  append(lines: string): Promise<void>;
  close(): Promise<void>;
}

/** The user's files. Every failure is an EvictError that names the file, why, and what to try. */
export interface Files {
  /** The bytes of a regular file; more than `most` bytes are refused. */
  read(path: string, most: number): Promise<Uint8Array>;
  /**
   * Writes a file that must not exist yet: mode 0600, whole or not at all, flushed to disk, never through a symbolic link.
   */
  create(path: string, content: string | Uint8Array): Promise<void>;
  /**
   * Puts new content in place of a regular file, whole or not at all: mode and owner stay, and the old file is kept beside it as
   * `.bak` (`.bak.1`, ... when there is one). Refused for a symbolic link, and when the file is no longer `before`.
   * @returns the path of the kept file
   */
  replace(path: string, before: Uint8Array, content: string): Promise<string>;
  /**
   * Opens a file of JSON lines to add to: mode 0600, never through a symbolic link. An existing one is refused unless `append`;
   * then it is checked, and a torn last line is cut off.
   */
  openLines(path: string, options: { readonly append: boolean }): Promise<LineFile>;
}

/** A simulated cluster on loopback. It knows nothing of the user's kubeconfig. */
export interface SimulatedCluster {
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** What it shows, in one line. */
  readonly title: string;
  /** A kubeconfig for it, as text. */
  readonly kubeconfig: string;
  /** Connects to it as its administrator. */
  connect(options: Pick<OpenOptions, 'concurrency' | 'signal'>): Promise<Cluster>;
  close(): Promise<void>;
}

/** The simulated clusters that this user has open on this machine, so that one process finds that of another. */
export interface Demos {
  /**
   * Leaves the kubeconfig of an open one for `running`, readable for the user alone, until it is withdrawn. Never fails: where there
   * is no safe place, `file` is null.
   */
  announce(kubeconfig: string): Promise<{ readonly file: string | null; withdraw(): Promise<void> }>;
  /** The kubeconfig files of those that answer. What killed ones left behind is removed. */
  running(): Promise<readonly string[]>;
}

/** What a kubeconfig names. Untrusted text. */
export interface KubeconfigNames {
  readonly contexts: readonly string[];
  readonly clusters: readonly string[];
  readonly users: readonly string[];
}

/** What a simulated cluster shows: a scenario by name, or what a snapshot kept. */
export type SimulationSource =
  | { readonly kind: 'scenario'; readonly name: string }
  | { readonly kind: 'snapshot'; readonly snapshot: unknown };

/** A live screen about nodes. */
export interface StatusScreen {
  readonly source: LiveSource;
  readonly actions: ScreenActions;
  readonly color: boolean;
  /** It begins with every node, not only with those under pressure. */
  readonly all: boolean;
  /** Nodes near a threshold are listed with those under pressure. */
  readonly near: boolean;
  /** What the command line for the screen is made from: connection flags without credentials, its own flags, node names or selector. */
  readonly command: {
    readonly program: string;
    readonly flags: readonly string[];
    readonly statusFlags: readonly string[];
    readonly scope: readonly string[];
  };
  /** Closes it. */
  readonly signal: AbortSignal;
}

/** Both ends of a terminal, for a screen. */
export interface ScreenTerminal {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream & { readonly columns?: number; readonly rows?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  now(): number;
  base64(text: string): string;
  /** Stops the process as Ctrl-Z does; resolves when it goes on. */
  stop(): Promise<void>;
  /** Calls the handler with an error that nobody caught, instead of ending the process; the function returned ends that. */
  onCrash(handler: (error: unknown) => void): () => void;
}

/** Everything the program needs of the outside world. Built once, in `cli.ts`; a test builds its own. */
export interface Deps {
  readonly io: Io;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Fires on Ctrl-C, SIGTERM, SIGHUP, or when stdout is closed. */
  readonly signal: AbortSignal;
  /** How the user called it: `kubectl evict`. */
  readonly program: string;
  readonly version: string;
  /** @throws ClusterError `config` when there is nothing usable to connect to */
  connect(options: OpenOptions): Promise<Cluster>;
  /** The names in the kubeconfig that these flags lead to. @throws ClusterError `config` */
  kubeconfigNames(flags: ConnectionFlags): Promise<KubeconfigNames>;
  readonly files: Files;
  /**
   * Reads an archive that purge wrote, line by line; `-` is stdin. Rejects with an EvictError when it cannot be read, and with a
   * CancelledError once the signal fires.
   */
  readArchive(path: string, signal: AbortSignal): AsyncIterable<ArchiveEntry>;
  /** Starts a simulated cluster. @throws UsageError for an unknown scenario; EvictError for what is no snapshot */
  simulate(source: SimulationSource): Promise<SimulatedCluster>;
  readonly demos: Demos;
  /** Takes over the terminal until the user leaves the screen, or its signal fires. */
  openScreen(screen: StatusScreen): Promise<'quit' | 'interrupted'>;
}
