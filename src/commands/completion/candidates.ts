import { normalise } from '../argv.ts';
import type { Command, Completes, FlagSpec, ParsedArgs } from '../command.ts';
import { CONNECTION_FLAGS, GLOBAL_FLAGS } from '../flags.ts';
import { flagsOf } from '../register.ts';

/** One thing that could stand there, and what it is. */
export interface Candidate {
  readonly text: string;
  /** @default nothing */
  readonly about?: string;
}

/** The kinds of names that must be looked up. */
export type NameKind = Exclude<Extract<Completes, string>, 'file'> | 'pod';

/** What could complete a word, as far as the words before it tell. */
export interface Expected {
  /** Texts that are known; only those that begin as the word does. */
  readonly candidates: readonly Candidate[];
  /** Names to look up beside them. */
  readonly names: NameKind | null;
  /** The beginning that each candidate must have. */
  readonly prefix: string;
  /** Names that stand there already. */
  readonly given: readonly string[];
  /** The shell's own file names. */
  readonly files: boolean;
  /** More is to be typed behind a candidate: no blank. */
  readonly noSpace: boolean;
  /** The flags before the word, for whoever must find the cluster. */
  readonly args: ParsedArgs;
}

const NOTHING = { candidates: [], names: null, given: [], files: false, noSpace: false } as const;

/**
 * What could stand in place of the last word (which may be empty). The others are read as the program reads them; what is wrong with
 * them is ignored.
 */
export function expect(words: readonly string[], commands: readonly Command[]): Expected {
  const before = words.slice(0, -1);
  const word = words.at(-1) ?? '';
  const all = [
    ...new Map(
      [...commands.flatMap(c => c.flags), ...CONNECTION_FLAGS, ...GLOBAL_FLAGS].map(flag => [flag.name, flag]),
    ).values(),
  ];
  const name = normalise(before, all).find(w => !w.startsWith('-'));
  const command = commands.find(c => c.name === name) ?? null;
  const flags = command === null ? all : flagsOf(command);
  const typed = normalise(before, flags);
  const args = argsOf(typed);
  const ended = typed.includes('--');

  const waiting = ended ? undefined : waitingFlag(typed, flags);
  if (waiting !== undefined) return { ...reachable(valuesOf(waiting, word), command, args), args };
  const [, dashed = '', value] = ended ? [] : (/^(--?[^=]+)=([\s\S]*)$/.exec(word) ?? []);
  if (value !== undefined) {
    const flag = flags.find(f => `--${f.name}` === dashed || (f.short !== undefined && `-${f.short}` === dashed));
    return flag === undefined
      ? { ...NOTHING, prefix: word, args }
      : { ...reachable(valuesOf(flag, value), command, args), args };
  }
  if (word.startsWith('-') && !ended) return { ...flagNamesFor(word, command, args), args };
  return { ...positional(word, command, name, commands, args), args };
}

type Found = Omit<Expected, 'args'>;

/** A command without a cluster (the demo) has nothing to do with the user's: only with a kubeconfig that is named. */
function reachable(found: Found, command: Command | null, args: ParsedArgs): Found {
  const stays = command !== null && !command.connects && args.value('kubeconfig') === undefined;
  return stays ? { ...found, names: null } : found;
}

/** The flag whose value the word is: the one before it, where that takes a value and has none. */
function waitingFlag(typed: readonly string[], flags: readonly FlagSpec[]): FlagSpec | undefined {
  const last = typed.at(-1);
  return flags.find(flag => flag.type !== 'boolean' && last === `--${flag.name}`);
}

function valuesOf(flag: FlagSpec, word: string): Found {
  if (flag.type === 'boolean') return { ...NOTHING, prefix: word, candidates: beginning(word, ['true', 'false']) };
  const isList = flag.placeholder?.endsWith(',...') === true;
  if (!isList || !Array.isArray(flag.completes)) return offered(flag.choices ?? flag.completes, word);
  // "memory,di": what stands before the last comma stays.
  const head = word.slice(0, word.lastIndexOf(',') + 1);
  const given = head.split(',');
  const texts = (flag.completes as readonly string[]).filter(text => !given.includes(text));
  const candidates = beginning(
    word,
    texts.map(text => head + text),
  );
  return { ...NOTHING, prefix: word, candidates, noSpace: true };
}

function offered(completes: Completes | undefined, word: string): Found {
  if (completes === undefined) return { ...NOTHING, prefix: word };
  if (completes === 'file') return { ...NOTHING, prefix: word, files: true };
  if (typeof completes === 'string') return { ...NOTHING, prefix: word, names: completes };
  return { ...NOTHING, prefix: word, candidates: beginning(word, completes) };
}

/** The long names; a short one only where nothing more than the dash is typed. */
function flagNamesFor(word: string, command: Command | null, args: ParsedArgs): Found {
  const flags = command === null ? GLOBAL_FLAGS.filter(flag => flag.name === 'help') : flagsOf(command);
  const free = flags.filter(flag => flag.type === 'strings' || args.value(flag.name) === undefined);
  const named = free.flatMap(flag => {
    const names = flag.name.length === 1 ? [] : [`--${flag.name}`];
    const letter = flag.name.length === 1 ? flag.name : flag.short;
    const short = letter !== undefined && (word === '-' || word === `-${letter}`) ? [`-${letter}`] : [];
    return [...short, ...names].map(text => ({ text, about: flag.help }));
  });
  const version = command === null ? [{ text: '--version', about: 'show the version' }] : [];
  return { ...NOTHING, prefix: word, candidates: [...named, ...version].filter(c => c.text.startsWith(word)) };
}

function positional(
  word: string,
  command: Command | null,
  name: string | undefined,
  commands: readonly Command[],
  args: ParsedArgs,
): Found {
  // The first positional is the command itself.
  const given = args.positionals.slice(1);
  if (name === undefined || (name === 'help' && given.length === 0)) {
    const listed = commands.map(c => ({ text: c.name, about: c.summary }));
    const help = name === undefined ? [{ text: 'help', about: 'the help page of a command' }] : [];
    return { ...NOTHING, prefix: word, candidates: [...listed, ...help].filter(c => c.text.startsWith(word)) };
  }
  if (command === null || given.length >= (command.maxPositionals ?? 0)) return { ...NOTHING, prefix: word };
  const [kind] = given;
  if (command.actions !== undefined && kind === undefined) {
    return { ...NOTHING, prefix: word, candidates: beginning(word, command.actions) };
  }
  if (command.completes === 'subject' && kind !== undefined) {
    const names = /^(pods?|po)$/.test(kind) ? 'pod' : /^(nodes?|no)$/.test(kind) ? 'node' : null;
    return { ...NOTHING, prefix: word, names };
  }
  return { ...offered(command.completes, word), given };
}

function beginning(word: string, texts: readonly string[]): readonly Candidate[] {
  return texts.filter(text => text.startsWith(word)).map(text => ({ text }));
}

/** The words as the program would read them, without a complaint about any. */
function argsOf(typed: readonly string[]): ParsedArgs {
  const end = typed.indexOf('--');
  const [before, after] = end < 0 ? [typed, []] : [typed.slice(0, end), typed.slice(end + 1)];
  const values = (name: string): readonly string[] =>
    before.filter(word => word.startsWith(`--${name}=`)).map(word => word.slice(name.length + 3));
  return {
    positionals: [...before.filter(word => !word.startsWith('-') || word === '-'), ...after],
    flag: name => /^true$/i.test(values(name).at(-1) ?? 'false'),
    value: name => values(name).at(-1),
    values,
  };
}
