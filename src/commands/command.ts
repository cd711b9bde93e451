import type { Deps } from '../deps.ts';
import type { ExitCode } from '../exit-codes.ts';

/** One flag, as data: the parser, the help, the README table and completion are made from it. */
export interface FlagSpec {
  /** Long name without dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** `strings` may be given several times; of the others the last one counts. */
  readonly type: 'boolean' | 'string' | 'strings';
  /** What stands for the value in help: `NAME`. */
  readonly placeholder?: string;
  /** One sentence, lower case, without a full stop. */
  readonly help: string;
  /** Only these values. */
  readonly choices?: readonly string[];
  /** As shown in help; the parser of the command applies it. */
  readonly fallback?: string;
  /** What completion offers for the value, where there are no choices. @default nothing */
  readonly completes?: Completes;
}

/**
 * What completion offers: names that the kubeconfig or the cluster knows (`subject`: pods and nodes, as `why` takes them), files, or
 * some texts out of many.
 */
export type Completes = 'context' | 'cluster' | 'user' | 'namespace' | 'node' | 'subject' | 'file' | readonly string[];

/** What stood on the command line, checked for names and choices only. */
export interface ParsedArgs {
  readonly positionals: readonly string[];
  /** True when given (and not `=false`). */
  flag(name: string): boolean;
  /** The last value given. */
  value(name: string): string | undefined;
  values(name: string): readonly string[];
}

/** The two steps of a command: everything parsed into one options value, then run. */
export interface CommandBody<Options = unknown> {
  /** @throws UsageError */
  parse(args: ParsedArgs, deps: Deps): Options;
  run(options: Options, deps: Deps): Promise<ExitCode>;
}

/** A command as help, README and completion know it: static data, small. What it does is loaded when it is run. */
export interface Command<Options = unknown> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** How it is called, without the program: `status [NODE...]`. */
  readonly usage: string;
  /** Paragraphs of the help page. */
  readonly description: readonly string[];
  readonly examples: readonly { readonly line: string; readonly does: string }[];
  /** Most positionals it takes. @default 0 */
  readonly maxPositionals?: number;
  /** Words of its own that may stand first, for completion. @default none */
  readonly actions?: readonly string[];
  /** What completion offers for positionals. @default nothing */
  readonly completes?: Completes;
  readonly flags: readonly FlagSpec[];
  /** Whether it takes the flags that every command with a cluster takes. */
  readonly connects: boolean;
  load(): Promise<CommandBody<Options>>;
}
