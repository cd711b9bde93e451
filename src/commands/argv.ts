import type { FlagSpec } from './command.ts';

/**
 * Rewrites a command line into the one form that leaves nothing to guess: `--name=value`. Short flags are read as
 * kubectl reads them (`-nfoo`, `-n=foo`, `-n foo`, `-Aw`), a flag that takes a value takes the next word whatever it is, and
 * what follows `--` stays as it is. Unknown flags pass unchanged, for the parser to refuse.
 */
export function normalise(argv: readonly string[], flags: readonly FlagSpec[]): readonly string[] {
  const byLong = new Map(flags.map(flag => [flag.name, flag]));
  const byShort = new Map(flags.flatMap(flag => (flag.short === undefined ? [] : [[flag.short, flag] as const])));
  const out: string[] = [];
  const words = [...argv];
  // Takes the flag's value from the following word; without one the bare flag is left for the parser to complain about.
  const withValue = (flag: FlagSpec): string => {
    const next = words.shift();
    return next === undefined ? `--${flag.name}` : `--${flag.name}=${next}`;
  };

  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') return [...out, '--', ...words];
    if (word.startsWith('--')) {
      const flag = byLong.get(word.slice(2));
      if (flag === undefined) out.push(word);
      // Spelled out, so that the word behind it is not taken for its value.
      else out.push(flag.type === 'boolean' ? `${word}=true` : withValue(flag));
    } else if (word.startsWith('-') && word.length > 1) {
      out.push(...shorts(word, byShort, withValue));
    } else {
      out.push(word);
    }
  }
  return out;
}

function shorts(
  word: string,
  byShort: ReadonlyMap<string, FlagSpec>,
  withValue: (flag: FlagSpec) => string,
): readonly string[] {
  const out: string[] = [];
  for (let i = 1; i < word.length; i += 1) {
    const flag = byShort.get(word.charAt(i));
    if (flag === undefined) return [...out, `-${word.slice(i)}`];
    const rest = word.slice(i + 1);
    if (flag.type === 'boolean') {
      if (rest.startsWith('=')) return [...out, `--${flag.name}${rest}`];
      out.push(`--${flag.name}=true`);
      continue;
    }
    return [...out, rest === '' ? withValue(flag) : `--${flag.name}=${rest.startsWith('=') ? rest.slice(1) : rest}`];
  }
  return out;
}
