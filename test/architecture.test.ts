import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

// The dependency floors of the layout, read from the import statements themselves: see CONTRIBUTING, "Layout and floors".

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const MOST_LINES = 600;

/** One token of a source text; comments and the text of template literals are left out. */
interface Token {
  readonly kind: 'name' | 'string' | 'sign';
  readonly text: string;
}

/** The keywords and signs after which a slash begins a regular expression. */
const BEFORE_REGEX = /^(?:return|typeof|case|in|of|await|yield|void|=>|[=(,:;!&|?{}[+\-*%<>~^])$/;
const PIECES =
  /(?<skip>\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<name>[\p{ID_Start}$_#][\p{ID_Continue}$]*)|(?<string>'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*")|(?<number>\d[\w.]*)|(?<sign>=>|\.\.\.|[\s\S])/uy;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/uy;

/** Splits TypeScript into tokens, as exactly as finding imports and global names needs. */
function tokens(source: string): readonly Token[] {
  const found: Token[] = [];
  // For each open `${`, the number of braces open inside it.
  const templates: number[] = [];
  let at = 0;
  while (at < source.length) {
    const character = source[at];
    if (character === '`' || (character === '}' && templates.at(-1) === 0)) {
      if (character === '}') templates.pop();
      const end = templatePiece(source, at + 1);
      if (end.opens) templates.push(0);
      at = end.at;
      continue;
    }
    if (character === '/' && beginsRegex(source, at, found.at(-1))) {
      REGEX.lastIndex = at;
      at += REGEX.exec(source)?.[0].length ?? 1;
      continue;
    }
    PIECES.lastIndex = at;
    const piece = PIECES.exec(source);
    at = PIECES.lastIndex;
    const { name, string, sign } = piece?.groups ?? {};
    if (name !== undefined) found.push({ kind: 'name', text: name });
    if (string !== undefined) found.push({ kind: 'string', text: string.slice(1, -1) });
    if (sign === undefined) continue;
    found.push({ kind: 'sign', text: sign });
    const depth = templates.at(-1);
    if (depth !== undefined && (sign === '{' || sign === '}')) templates.splice(-1, 1, depth + (sign === '{' ? 1 : -1));
  }
  return found;
}

/** Where the text of a template literal that goes on at `from` ends, and whether an expression opens there. */
function templatePiece(source: string, from: number): { readonly at: number; readonly opens: boolean } {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source[at] === '`') return { at: at + 1, opens: false };
    else if (source[at] === '$' && source[at + 1] === '{') return { at: at + 2, opens: true };
  }
  return { at: source.length, opens: false };
}

function beginsRegex(source: string, at: number, previous: Token | undefined): boolean {
  const next = source[at + 1];
  if (next === '/' || next === '*') return false;
  return previous === undefined || (previous.kind !== 'string' && BEFORE_REGEX.test(previous.text));
}

/** One import: what, and how. */
interface Import {
  readonly target: string;
  /** `types` leaves nothing behind at run time; `dynamic` is `import(...)`. */
  readonly how: 'value' | 'types' | 'dynamic';
}

/** Every static import, `import type`, re-export, dynamic import and import type of a source text. */
function importsOf(source: string): readonly Import[] {
  const all = tokens(source);
  const found: Import[] = [];
  const is = (i: number, text: string): boolean => all[i]?.kind !== 'string' && all[i]?.text === text;
  const target = (i: number): string => (all[i]?.kind === 'string' ? (all[i]?.text ?? '') : '(not a plain string)');
  all.forEach((token, i) => {
    if (token.kind !== 'name' || is(i - 1, '.')) return;
    if (token.text === 'import') {
      // import.meta is no import, and `import('x')` in a type cannot be told from one that is run: both count as run.
      if (is(i + 1, '.')) return;
      if (is(i + 1, '(')) found.push({ target: target(i + 2), how: 'dynamic' });
      else if (all[i + 1]?.kind === 'string') found.push({ target: target(i + 1), how: 'value' });
    }
    const clause = all[i + 1]?.kind === 'string' && token.text === 'from' ? clauseBefore(all, i) : null;
    if (clause !== null) found.push({ target: target(i + 1), how: isTypes(clause) ? 'types' : 'value' });
  });
  return found;
}

/** The words between `import` or `export` and the `from` at `end`; null: it is another `from`. */
function clauseBefore(all: readonly Token[], end: number): readonly string[] | null {
  const words: string[] = [];
  for (let i = end - 1; i >= 0; i -= 1) {
    const token = all[i];
    if (token === undefined || token.kind === 'string') return null;
    if (token.text === 'import' || token.text === 'export') return words.toReversed();
    if (token.kind === 'sign' && !['{', '}', ',', '*'].includes(token.text)) return null;
    words.push(token.text);
  }
  return null;
}

/** `type {...}`, or braces in which every name carries its own `type`. */
function isTypes(clause: readonly string[]): boolean {
  if (clause[0] === 'type' && clause[1] !== ',' && clause.length > 1) return true;
  if (clause[0] !== '{') return false;
  const names = clause
    .slice(1, -1)
    .join(' ')
    .split(',')
    .map(name => name.trim());
  const given = names.filter(name => name !== '');
  return given.length > 0 && given.every(name => /^type \S/.test(name));
}

/** What one floor may import: folders and files of src, packages, `node:`; `types` only as types. */
interface Floor {
  readonly may: readonly string[];
  readonly types?: readonly string[];
}

const EVERYTHING = [
  'eviction',
  'kubelet',
  'cluster',
  'output',
  'commands',
  'simulator',
  'world',
  'run.ts',
  'deps.ts',
  'errors.ts',
  'exit-codes.ts',
  'sleep.ts',
];

/** The table. A floor may always import itself. */
const FLOORS: Readonly<Record<string, Floor>> = {
  eviction: { may: [] },
  kubelet: { may: ['eviction', 'js-yaml'] },
  cluster: {
    may: ['eviction', 'errors.ts', 'sleep.ts', '@kubernetes/client-node', 'js-yaml', 'node:'],
    types: ['deps.ts'],
  },
  output: { may: ['eviction', 'js-yaml', 'get-east-asian-width'] },
  ui: { may: ['eviction', 'output', 'ink', 'react'], types: ['deps.ts'] },
  commands: {
    may: ['eviction', 'kubelet', 'output', 'errors.ts', 'exit-codes.ts', 'p-map'],
    types: ['cluster/port.ts', 'cluster/connection.ts', 'deps.ts'],
  },
  // What help and completion know: read at every start, so nothing but names. What a command does is loaded when it runs.
  'commands/definitions': {
    may: [
      'commands/command.ts',
      'commands/flags.ts',
      'commands/version.ts',
      'eviction/other-reasons.ts',
      'eviction/purposes.ts',
      'eviction/signal-names.ts',
      'kubelet/targets/ids.ts',
    ],
  },
  'commands/register.ts': {
    may: ['eviction', 'output', 'errors.ts', 'commands', 'yargs'],
    types: ['cluster/port.ts', 'deps.ts'],
  },
  simulator: { may: ['eviction', 'node:'] },
  // What Deps promises beside the cluster: files, the simulated cluster.
  world: { may: ['eviction', 'cluster', 'simulator', 'errors.ts', 'node:'], types: ['deps.ts'] },
  'errors.ts': { may: ['exit-codes.ts'] },
  'exit-codes.ts': { may: [] },
  'sleep.ts': { may: ['errors.ts'] },
  'deps.ts': { may: [], types: ['cluster', 'eviction'] },
  'run.ts': { may: ['commands', 'output', 'errors.ts', 'exit-codes.ts'], types: ['deps.ts'] },
  'cli.ts': { may: [...EVERYTHING, 'node:'] },
};

/** The faults of one file of src, each naming the file and what is wrong with it. */
function faults(file: string, source: string): readonly string[] {
  const folder = posix.dirname(file);
  const floorName = [file, folder].find(name => FLOORS[name] !== undefined) ?? file.split('/')[0] ?? '';
  const floor = FLOORS[floorName];
  if (floor === undefined) return [`${file}: belongs to no floor of the table`];
  const found = importsOf(source)
    .filter(entry => !isAllowed(file, floorName, floor, entry))
    .map(({ target, how }) => `${file}: imports ${target} (${how}), which ${floorName} may not`);
  const lines = source.split('\n').length - 1;
  if (lines > MOST_LINES) found.push(`${file}: has ${lines} lines, more than ${MOST_LINES}`);
  if (file !== 'cli.ts' && usesGlobal(source, 'process')) found.push(`${file}: touches process, which only cli.ts may`);
  if (usesGlobal(source, 'console')) found.push(`${file}: uses console; write to the streams that are passed in`);
  return found;
}

function isAllowed(file: string, floorName: string, floor: Floor, { target, how }: Import): boolean {
  if (target === 'node:process') return file === 'cli.ts';
  const place = target.startsWith('.') ? posix.join(posix.dirname(file), target) : target;
  // A screen costs the start-up of every command, unless it is loaded only when it is shown.
  if (file === 'cli.ts' && isIn('ui', place)) return how !== 'value';
  if (floorName === 'commands/definitions' && how === 'dynamic') return isIn('commands', place);
  const own = floorName.endsWith('.ts') ? [] : [floorName];
  const may = how === 'types' ? [...floor.may, ...(floor.types ?? [])] : floor.may;
  return [...own, ...may].some(allowed => isIn(allowed, place));
}

/** Whether a place is what is allowed, or inside it. */
function isIn(allowed: string, place: string): boolean {
  return place === allowed || place.startsWith(allowed.endsWith(':') ? allowed : `${allowed}/`);
}

/** Whether a global is used: as itself or through globalThis; a property or a parameter type of that name is none. */
function usesGlobal(source: string, global: string): boolean {
  const all = tokens(source);
  return all.some((token, i) => {
    if (token.kind !== 'name' || token.text !== global) return false;
    const before = all[i - 1]?.text;
    const after = all[i + 1]?.text;
    if (before === '.') return all[i - 2]?.text === 'globalThis';
    return after === '.' || after === '[' || (after === '?' && all[i + 2]?.text === '.') || before === '=';
  });
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(name => /\.(ts|tsx|mts|js)$/.test(name))
  .map(name => name.replaceAll('\\', '/'))
  .toSorted();

describe('src', () => {
  test('has files, and only TypeScript', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter(name => !/\.tsx?$/.test(name))).toEqual([]);
  });

  test('keeps to the floors', () => {
    expect(files.flatMap(file => faults(file, readFileSync(posix.join(SRC, file), 'utf8')))).toEqual([]);
  });

  test('is understood: every file that mentions an import has one', () => {
    const misread = files.filter(file => {
      const source = readFileSync(posix.join(SRC, file), 'utf8');
      const lines = source.match(/^(?:import|export) .*from '.*';$|^\} from '.*';$|\bimport\('/gm) ?? [];
      return importsOf(source).length < lines.length;
    });
    expect(misread).toEqual([]);
  });
});

describe('reading imports', () => {
  test.each<readonly [string, readonly Import[]]>([
    ["import a from 'x';", [{ target: 'x', how: 'value' }]],
    ["import { a, type B } from 'x';", [{ target: 'x', how: 'value' }]],
    ["import { type A, type B as C } from 'x';", [{ target: 'x', how: 'types' }]],
    ["import type { A } from './x.ts';", [{ target: './x.ts', how: 'types' }]],
    ["import type A from 'x';", [{ target: 'x', how: 'types' }]],
    ["import type, { a } from 'x';", [{ target: 'x', how: 'value' }]],
    ["import type from 'x';", [{ target: 'x', how: 'value' }]],
    ["import * as a from 'x';", [{ target: 'x', how: 'value' }]],
    ["import 'x';", [{ target: 'x', how: 'value' }]],
    ["import {\n  a,\n  b,\n} from 'x';", [{ target: 'x', how: 'value' }]],
    ["export { a } from 'x';", [{ target: 'x', how: 'value' }]],
    ["export * from 'x';", [{ target: 'x', how: 'value' }]],
    ["export type { A } from 'x';", [{ target: 'x', how: 'types' }]],
    ["export type * from 'x';", [{ target: 'x', how: 'types' }]],
    ["const a = await import('x');", [{ target: 'x', how: 'dynamic' }]],
    ["type A = import('x').A;", [{ target: 'x', how: 'dynamic' }]],
    ['import(name);', [{ target: '(not a plain string)', how: 'dynamic' }]],
    [`const a = \`\${await import('x')}\`;`, [{ target: 'x', how: 'dynamic' }]],
    ["const a = `import b from 'x'`;", []],
    ["// import a from 'x';", []],
    ["/* import a from 'x'; */", []],
    ['const a = "import b from \'x\'";', []],
    ["const a = /'/; import b from 'x';", [{ target: 'x', how: 'value' }]],
    ["const a = b / c; import d from 'x'; e / f", [{ target: 'x', how: 'value' }]],
    ['const u = import.meta.url;', []],
    ["const d = { from: 'x' }; Array.from('y');", []],
    [`const a = \`\${{ b: '}' }.b} \${c}\`; import d from 'x';`, [{ target: 'x', how: 'value' }]],
  ])('%s', (source, expected) => {
    expect(importsOf(source)).toEqual(expected);
  });
});

describe('the checker finds', () => {
  test.each<readonly [string, string, string]>([
    ['eviction/a.ts', "import { readFileSync } from 'node:fs';", 'node:fs'],
    ['eviction/a.ts', "import type { Cluster } from '../cluster/port.ts';", '../cluster/port.ts'],
    ['eviction/a.ts', "import { load } from 'js-yaml';", 'js-yaml'],
    ['kubelet/targets/a.ts', "import { x } from '../../cluster/paths.ts';", '../../cluster/paths.ts'],
    ['cluster/a.ts', "export { x } from '../output/clean.ts';", '../output/clean.ts'],
    ['output/a.ts', "const x = await import('node:fs');", 'node:fs'],
    ['commands/a.ts', "import yargs from 'yargs';", 'yargs'],
    ['commands/a.ts', "import { x } from '../cluster/port.ts';", '../cluster/port.ts'],
    ['commands/status/a.ts', "import type { X } from '../../cluster/transport.ts';", '../../cluster/transport.ts'],
    ['commands/a.ts', "import { x } from '../deps.ts';", '../deps.ts'],
    ['commands/a.ts', "export * from '../ui/app.tsx';", '../ui/app.tsx'],
    ['ui/nodes/view.tsx', "import { x } from '../../commands/flags.ts';", '../../commands/flags.ts'],
    ['commands/definitions/a.ts', "import { statusBody } from '../status/command.ts';", '../status/command.ts'],
    ['commands/definitions/a.ts', "import { milliseconds } from '../flag-values.ts';", '../flag-values.ts'],
    ['commands/definitions/a.ts', "const x = await import('../../output/style.ts');", '../../output/style.ts'],
    ['simulator/a.ts', "import { x } from '../cluster/json.ts';", '../cluster/json.ts'],
    ['run.ts', "import { x } from './cluster/port.ts';", './cluster/port.ts'],
    ['cli.ts', "import { mount } from './ui/mount.tsx';", './ui/mount.tsx'],
    ['errors.ts', "import { clean } from './output/clean.ts';", './output/clean.ts'],
    ['eviction/a.ts', "import { x } from '../eviction-extra/b.ts';", '../eviction-extra/b.ts'],
    ['cluster/a.ts', "import process from 'node:process';", 'node:process'],
  ])('in %s: %s', (file, source, target) => {
    expect(faults(file, source)).toEqual([expect.stringMatching(`^${file}: imports ${target} `)]);
  });

  test.each<readonly [string, string, RegExp]>([
    ['cluster/a.ts', 'const home = process.env.HOME;', /touches process/],
    ['cluster/a.ts', 'const { env } = process;', /touches process/],
    ['cluster/a.ts', 'globalThis.process.exit(1);', /touches process/],
    ['cluster/a.ts', `const a = \`\${process.pid}\`;`, /touches process/],
    ['cli.ts', "console.log('x');", /uses console/],
    ['nowhere/a.ts', '', /no floor/],
    ['eviction/a.ts', '\n'.repeat(MOST_LINES + 1), /601 lines/],
  ])('in %s: %j', (file, source, sentence) => {
    expect(faults(file, source)).toEqual([expect.stringMatching(sentence)]);
  });

  test.each([
    ['eviction/a.ts', "import { b } from './b.ts';\nimport type { C } from '../eviction/c.ts';"],
    [
      'commands/register.ts',
      "import yargs from 'yargs';\nimport type { Deps } from '../deps.ts';\nimport './argv.ts';",
    ],
    ['commands/definitions/a.ts', "const body = await import('../status/command.ts');"],
    ['cli.ts', "const ui = await import('./ui/mount.tsx');\nprocess.exitCode = 0;"],
    ['cluster/a.ts', "// process.env\nconst a = 'console.log'; child.process.kill();"],
    ['eviction/a.ts', '\n'.repeat(MOST_LINES)],
  ])('nothing in %s: %j', (file, source) => {
    expect(faults(file, source)).toEqual([]);
  });
});
