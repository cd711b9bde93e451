import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Command, FlagSpec } from '../src/commands/command.ts';
import { COMMANDS } from '../src/commands/definitions/index.ts';
import { CONNECTION_FLAGS, GLOBAL_FLAGS } from '../src/commands/flags.ts';
import { flagNames } from '../src/commands/help.ts';
import { chooseCommand, readArguments } from '../src/commands/register.ts';
import { UsageError } from '../src/errors.ts';
import { FINDING_CODES } from '../src/eviction/findings.ts';
import type { SignalState } from '../src/eviction/signal-report.ts';
import { EXIT } from '../src/exit-codes.ts';
import { roleManifest } from '../src/output/rbac-manifest.ts';
import { testDeps } from './support/deps.ts';

// What README promises, against the program. UPDATE_DOCS=1 rewrites the generated blocks instead of complaining.

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PROGRAM = 'kubectl evict';

function read(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8');
}

function readme(): string {
  return read('README.md');
}

/** What stands between the two marks of a generated block; null: there is no such block. */
function block(text: string, name: string): string | null {
  return new RegExp(`<!-- begin ${name} -->\n([\\s\\S]*?)<!-- end ${name} -->`).exec(text)?.[1] ?? null;
}

/** A Markdown table as the formatter leaves it: cells padded to their column. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c, i) => c.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  const [head = [], ...body] = rows;
  return [head, widths.map(width => '-'.repeat(width)), ...body].map(line).join('');
}

function flagTable(flags: readonly FlagSpec[]): string {
  const rows = flags.map(flag => [
    `\`${flagNames(flag).trim()}\``,
    flag.help.replaceAll('|', '\\|'),
    flag.fallback === undefined ? '' : `\`${flag.fallback}\``,
  ]);
  return `\n${markdownTable([['flag', 'meaning', 'default'], ...rows])}\n`;
}

/** How a command is called, with its own flags and examples: the help page without what its document says better. */
function usageOf(command: Command): string {
  const examples = command.examples.map(e => `kubectl evict ${e.line}   # ${e.does}\n`).join('');
  const more = command.connects
    ? '[Flags to reach a cluster, and those of every command](../flags.md).\n\n'
    : '[Flags of every command](../flags.md#of-every-command).\n\n';
  const own = command.flags.length === 0 ? '\n' : flagTable(command.flags);
  return `\n## Usage\n\n\`\`\`\nkubectl evict ${command.usage}\n\`\`\`\n${own}${more}\`\`\`sh\n${examples}\`\`\`\n\n`;
}

/** The generated blocks: document, name, content. */
const GENERATED: readonly (readonly [string, string, string])[] = [
  ['docs/flags.md', 'connection flags', flagTable(CONNECTION_FLAGS)],
  ['docs/flags.md', 'common flags', flagTable(GLOBAL_FLAGS)],
  ['docs/commands/rbac.md', 'role', `\n\`\`\`yaml\n${roleManifest('status', PROGRAM)}\`\`\`\n\n`],
  ...COMMANDS.map(c => [`docs/commands/${c.name}.md`, `usage of ${c.name}`, usageOf(c)] as const),
];

/** The command lines of the plugin in a Markdown text, without prompt, comment, pipe and redirection. */
function commandLines(markdown: string): readonly string[] {
  const fenced = [...markdown.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].flatMap(m => (m[1] ?? '').split('\n'));
  const inline = [...markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(m => m[1] ?? '');
  return [...fenced, ...inline].flatMap(line => {
    const found = /^\s*(?:\$ )?(?:.*&& )?(?:kubectl evict|npm start --)(?: (.*))?$/.exec(line);
    if (found === null) return [];
    return [(found[1] ?? '').replace(/\s(?:\||>|2>|#|&&).*$/, '').trim()];
  });
}

/** Splits a line as a shell does, as far as README needs it: blanks and single quotes. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(m => m[1] ?? m[2] ?? '');
}

/** Reads a command line to the end, as the program does. @throws UsageError */
async function understand(line: string): Promise<string> {
  const choice = chooseCommand(words(line), COMMANDS);
  if (choice.kind === 'run') {
    const body = await choice.command.load();
    body.parse(await readArguments(choice.words, choice.command), testDeps({ stdin: [] }, [], []));
  }
  return choice.kind;
}

/** The first column of the table under a heading, without code marks. */
function firstColumn(markdown: string, heading: string): readonly string[] {
  const section = markdown.split(/^## /m).find(part => part.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter(line => line.startsWith('|'));
  return rows
    .slice(2)
    .flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`|(\d+)/g)].map(m => m[1] ?? m[2] ?? ''));
}

describe('generated blocks', () => {
  test.each(GENERATED)('%s: "%s" is what the program says', (document, name, expected) => {
    const text = read(document);
    const found = block(text, name);
    expect(found, `${document} has no block "${name}"`).not.toBeNull();
    if (process.env['UPDATE_DOCS'] === '1' && found !== null && found !== expected) {
      const mark = `<!-- begin ${name} -->\n`;
      writeFileSync(
        join(ROOT, document),
        text.replace(`${mark}${found}`, () => `${mark}${expected}`),
      );
    }
    expect(block(read(document), name), 'UPDATE_DOCS=1 npm test rewrites it').toBe(expected);
  });
});

describe('README', () => {
  test('shows commands', () => {
    expect(commandLines(readme()).length).toBeGreaterThan(8);
  });

  test('names every exit code, and no other', () => {
    expect(firstColumn(readme(), 'Exit codes').map(Number)).toEqual(Object.values(EXIT).toSorted((a, b) => a - b));
  });

  test('names every state, and no other', () => {
    const states: Record<SignalState, true> = {
      ok: true,
      near: true,
      soft: true,
      BREACHED: true,
      recovering: true,
      covered: true,
      UNPROTECTED: true,
      none: true,
      unknown: true,
    };
    expect(firstColumn(read('docs/findings.md'), 'States')).toEqual(Object.keys(states));
  });

  test('names every finding that status can show, and no other', () => {
    // Only a planned change can put a threshold above what is free now.
    const shown = FINDING_CODES.filter(code => code !== 'threshold-above-free');
    expect(firstColumn(read('docs/findings.md'), 'Findings').toSorted()).toEqual([...shown].toSorted());
  });

  test('names every command, and none that does not exist', () => {
    const table = firstColumn(readme(), 'Commands').map(usage => usage.split(' ')[0]);
    expect(table).toEqual(COMMANDS.map(c => c.name));
  });

  test('has its two lines for a fresh clone', () => {
    const lines = readme().split('\n');
    expect(lines).toContain('npm ci && npm start -- status');
    expect(lines).toContain('npm ci && npm test');
  });
});

const PAGES = [
  ...readdirSync(join(ROOT, 'docs')).map(name => `docs/${name}`),
  ...readdirSync(join(ROOT, 'docs', 'commands')).map(name => `docs/commands/${name}`),
].filter(name => name.endsWith('.md'));
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'krew/README.md', ...PAGES];
const records = readdirSync(join(ROOT, 'docs', 'adr')).map(name => `docs/adr/${name}`);

describe.each([...DOCUMENTS, ...records])('%s', document => {
  const text = readFileSync(join(ROOT, document), 'utf8');

  test('links to files that exist', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(m => m[1] ?? '');
    expect(links.filter(link => !existsSync(join(ROOT, dirname(document), link)))).toEqual([]);
  });

  test('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(m => m[1] ?? '');
    expect(named.filter(name => !Object.hasOwn(scripts, name))).toEqual([]);
  });
});

describe.each(['README.md', ...PAGES])('the command lines of %s', document => {
  test.each(['version', ...new Set(commandLines(read(document)))])('kubectl evict %s', async line => {
    // A bare name of the program, as in a sentence, is the help page; capitals stand for something.
    if (/^[A-Z]+( |$)|<TAB>$/.test(line) || isSynopsis(line)) return;
    expect(await understand(line)).toBe(line === '' || line.includes('help') ? 'help' : 'run');
  });
});

/** How a command is called in general is nothing that somebody types. */
function isSynopsis(line: string): boolean {
  return COMMANDS.some(command => command.usage === line || command.usage.startsWith(`${line} |`));
}

describe('decision records', () => {
  test.each(records)('%s has status, context, options and outcome', document => {
    const headings = [...readFileSync(join(ROOT, document), 'utf8').matchAll(/^## (.*)$/gm)].map(m => m[1]);
    expect(headings).toEqual(['Status', 'Context', 'Options', 'Outcome']);
  });
});

describe('the checks themselves notice', () => {
  test.each([
    ['$ kubectl evict status --al', /unknown flag/],
    ['kubectl evict status --concurrency 500 | head', /1 to 256/],
    ['kubectl evict drain -A', /unknown command/],
    ['npm ci && npm start -- status -o xml', /xml/],
  ])('%s', async (line, sentence) => {
    const [found = ''] = commandLines(`\`\`\`sh\n${line}\n\`\`\`\n`);
    const error = await understand(found).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toMatch(sentence);
  });

  test('a command line in a sentence, and none in the output of a command', () => {
    expect(commandLines('Run `kubectl evict rbac --for status` first.')).toEqual(['rbac --for status']);
    expect(commandLines('```\n  try: "kubectl evict rbac" prints it\n```\n')).toEqual([]);
  });

  test('a block that differs', () => {
    expect(block('<!-- begin x -->\nold\n<!-- end x -->', 'x')).toBe('old\n');
    expect(block('nothing', 'x')).toBeNull();
  });
});
