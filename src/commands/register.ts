import { UsageError } from '../errors.ts';
import { normalise } from './argv.ts';
import type { Command, FlagSpec, ParsedArgs } from './command.ts';
import { CONNECTION_FLAGS, GLOBAL_FLAGS } from './flags.ts';

/** What a command line asks for; its flags are not read yet. */
export type Choice =
  | { readonly kind: 'help'; readonly command: Command | null }
  | { readonly kind: 'version' }
  | { readonly kind: 'run'; readonly command: Command; readonly words: readonly string[] };

/**
 * Finds the command of a command line.
 * @throws UsageError for an unknown command, or a flag where no command stands
 */
export function chooseCommand(argv: readonly string[], commands: readonly Command[]): Choice {
  const all = uniqueFlags([...commands.flatMap(c => c.flags), ...CONNECTION_FLAGS, ...GLOBAL_FLAGS]);
  const words = normalise(argv, all);
  const flags = beforeDashes(words);
  const name = words.find(word => !word.startsWith('-'));
  if (name !== undefined && name !== 'help') {
    // A flag that nobody knows may have left its value standing there as if it were a command.
    const before = words.slice(0, words.indexOf(name)).find(word => word.startsWith('-'));
    if (before !== undefined && !commands.some(c => c.name === name)) checkFlag(before, all);
    const command = findCommand(name, commands);
    if (flags.includes('--help=true')) return { kind: 'help', command };
    // A letter may stand for different flags in different commands: now that it is known which, read it in its own.
    return { kind: 'run', command, words: normalise(argv, flagsOf(command)) };
  }
  if (flags.includes('--version')) return { kind: 'version' };
  const stray = words.find(word => word.startsWith('-') && !word.startsWith('--help='));
  if (stray !== undefined) throw unknownFlag(stray, null);
  const topic = name === 'help' ? words[words.indexOf('help') + 1] : undefined;
  return { kind: 'help', command: topic === undefined ? null : findCommand(topic, commands) };
}

function beforeDashes(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end < 0 ? words : words.slice(0, end);
}

function findCommand(name: string, commands: readonly Command[]): Command {
  const found = commands.find(c => c.name === name);
  if (found !== undefined) return found;
  const close = nearest(
    name,
    commands.map(c => c.name),
  );
  throw new UsageError(`unknown command ${JSON.stringify(name.slice(0, 100))}`, {
    hint: close === null ? 'run it without arguments for the list of commands' : `did you mean ${close}?`,
  });
}

/** Every flag a command takes. */
export function flagsOf(command: Command): readonly FlagSpec[] {
  return [...command.flags, ...(command.connects ? CONNECTION_FLAGS : []), ...GLOBAL_FLAGS];
}

/**
 * Reads the flags and arguments of a command. The only place that knows yargs.
 * @throws UsageError for an unknown flag, a missing value, a value outside its choices, too many arguments
 */
export async function readArguments(words: readonly string[], command: Command): Promise<ParsedArgs> {
  const flags = flagsOf(command);
  for (const word of beforeDashes(words)) {
    if (!word.startsWith('-') || word === '-') continue;
    checkFlag(word, flags);
  }
  // Loaded here: help, version and wrong command lines never need it. Of yargs its parser is enough: what it would say of wrong
  // flags has been said above, in kubectl's words.
  const { Parser } = await import('yargs/helpers');
  const parsed: Readonly<Record<string, unknown>> = Parser(words.map(keepQuotes), {
    // Everything is read as text, so that "=false" and repeated flags mean what they mean in kubectl.
    string: flags.map(flag => flag.name),
    configuration: {
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
      'duplicate-arguments-array': true,
      'populate--': false,
    },
  });
  const positionals = (Array.isArray(parsed['_']) ? parsed['_'] : []).map(String);
  const given = positionals.slice(positionals.indexOf(command.name) + 1);
  const before = positionals.slice(0, positionals.indexOf(command.name));
  return checked([...before, ...given], parsed, command, flags);
}

/** The parser takes one pair of quotes off a value, which the shell has left there on purpose: it gets another pair. */
function keepQuotes(word: string): string {
  const match = /^(--[^=]+=)((['"])[\s\S]*\3)$/.exec(word);
  return match === null ? word : `${match[1]}"${match[2]}"`;
}

function checkFlag(word: string, flags: readonly FlagSpec[]): void {
  const name = word.startsWith('--') ? (word.slice(2).split('=', 1)[0] ?? '') : '';
  const flag = flags.find(f => f.name === name);
  if (flag === undefined) throw unknownFlag(word, flags);
  const hasValue = word.includes('=');
  if (flag.type !== 'boolean' && !hasValue) {
    throw new UsageError(`flag needs a value: --${flag.name}`, {
      hint: `for example --${flag.name} ${flag.choices?.[0] ?? flag.placeholder ?? 'VALUE'}`,
    });
  }
  const value = word.slice(word.indexOf('=') + 1);
  if (flag.type === 'boolean' && hasValue && !/^(true|false)$/i.test(value)) {
    throw new UsageError(
      `invalid value ${JSON.stringify(value.slice(0, 100))} for --${flag.name}: expected true or false`,
    );
  }
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    throw new UsageError(
      `invalid value ${JSON.stringify(value.slice(0, 100))} for --${flag.name}: expected ${flag.choices.join(', ')}`,
    );
  }
}

function unknownFlag(word: string, flags: readonly FlagSpec[] | null): UsageError {
  const name = (word.split('=', 1)[0] ?? word).slice(0, 100);
  const close = nearest(
    name.replace(/^-+/, ''),
    (flags ?? []).map(f => f.name),
  );
  return new UsageError(`unknown flag: ${name}`, close === null ? {} : { hint: `did you mean --${close}?` });
}

function checked(
  positionals: readonly string[],
  parsed: Readonly<Record<string, unknown>>,
  command: Command,
  flags: readonly FlagSpec[],
): ParsedArgs {
  const most = command.maxPositionals ?? 0;
  const extra = positionals[most];
  if (extra !== undefined) {
    throw new UsageError(
      `unexpected argument ${JSON.stringify(extra.slice(0, 100))}: ${command.name} takes ${most === 0 ? 'none' : `at most ${most}`}`,
    );
  }
  const read = new Map<string, readonly string[]>();
  for (const flag of flags) {
    const value = Object.hasOwn(parsed, flag.name) ? parsed[flag.name] : undefined;
    if (value === undefined) continue;
    read.set(flag.name, (Array.isArray(value) ? value : [value]).map(String));
  }
  return {
    positionals,
    flag: name => {
      const last = read.get(name)?.at(-1);
      return last !== undefined && last.toLowerCase() !== 'false';
    },
    value: name => read.get(name)?.at(-1),
    values: name => read.get(name) ?? [],
  };
}

function uniqueFlags(flags: readonly FlagSpec[]): readonly FlagSpec[] {
  return [...new Map(flags.map(flag => [flag.name, flag])).values()];
}

/** The candidate at an edit distance of at most 2, or a third of the word; null: none is close. */
function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.slice(0, 60), candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
