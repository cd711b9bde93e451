import type { Command, FlagSpec } from './command.ts';
import { CONNECTION_FLAGS, GLOBAL_FLAGS } from './flags.ts';

/** The help page of the program: what it is, and the commands. */
export function programHelp(program: string, commands: readonly Command[]): string {
  const width = Math.max(...commands.map(c => c.name.length));
  const list = commands.map(c => `  ${c.name.padEnd(width)}   ${c.summary}`).join('\n');
  return `See which nodes are under disk, memory or PID pressure, which eviction threshold binds, and how far away it is.

${program} never evicts a running pod: that is the job of kubectl drain and the Eviction API. It reads; nothing is
installed in the cluster.

Usage:
  ${program} COMMAND [flags]

Commands:
${list}

Run "${program} COMMAND --help" for a command's flags and examples, "${program} --version" for the version.
`;
}

/** The help page of one command. */
export function commandHelp(program: string, command: Command): string {
  const sections = [command.description.map(paragraph => fold(paragraph, 100)).join('\n\n')];
  sections.push(`Usage:\n  ${program} ${command.usage}`);
  if (command.examples.length > 0) {
    const examples = command.examples.map(e => `  # ${e.does}\n  ${program} ${e.line}`).join('\n\n');
    sections.push(`Examples:\n${examples}`);
  }
  if (command.flags.length > 0) sections.push(`Flags:\n${flagLines(command.flags)}`);
  if (command.connects) sections.push(`Connection flags (as in kubectl):\n${flagLines(CONNECTION_FLAGS)}`);
  sections.push(`Common flags:\n${flagLines(GLOBAL_FLAGS)}`);
  return `${sections.join('\n\n')}\n`;
}

const FLAG_COLUMN = 34;
const HELP_WIDTH = 100;

function flagLines(flags: readonly FlagSpec[]): string {
  return flags
    .map(flag => {
      const names = flagNames(flag);
      const fallback = flag.fallback === undefined ? '' : ` (default ${flag.fallback})`;
      const text = fold(`${flag.help}${fallback}`, HELP_WIDTH - FLAG_COLUMN)
        .split('\n')
        .join(`\n${' '.repeat(FLAG_COLUMN)}`);
      return names.length < FLAG_COLUMN - 1
        ? `${names.padEnd(FLAG_COLUMN)}${text}`
        : `${names}\n${' '.repeat(FLAG_COLUMN)}${text}`;
    })
    .join('\n');
}

/** `  -n, --namespace NAME` */
export function flagNames(flag: FlagSpec): string {
  const value = flag.placeholder === undefined ? '' : ` ${flag.placeholder}`;
  // -v is one letter long in kubectl, too.
  if (flag.name.length === 1) return `  -${flag.name}, --${flag.name}${value}`;
  return `  ${flag.short === undefined ? '    ' : `-${flag.short}, `}--${flag.name}${value}`;
}

/** Breaks a paragraph into lines of at most that many columns. */
export function fold(text: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
