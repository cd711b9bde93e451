import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CancelledError } from '../src/errors.ts';
import { FINDING_CODES } from '../src/eviction/findings.ts';
import type { ExitCode } from '../src/exit-codes.ts';
import { run } from '../src/run.ts';
import { story } from '../src/simulator/scenarios/story.ts';
import { testDeps } from './support/deps.ts';
import { openSimulated, type Simulated } from './support/simulated.ts';

// Every command line that README shows is run, in order, and what README shows as its output is compared in shape.
//
// In front of each fenced block with command lines stands what they need: <!-- try: story --> a simulated cluster (with
// `OTHER=NAME` behind it for names in output of another cluster), <!-- try: nothing --> none. A block without it fails the test.
// Commands in a sentence need the story.

const README = fileURLToPath(new URL('../README.md', import.meta.url));

/** One command line, and what README says about it. */
interface Shown {
  readonly line: string;
  /** Behind a `#`. */
  readonly comment: string;
  /** Behind a `>`. */
  readonly into: string | null;
  /** Behind a `|`. */
  readonly pipe: string | null;
  /** What is shown below it. */
  readonly output: readonly string[];
}

/** A fenced block with command lines; commands in sentences make one of their own. */
interface Block {
  readonly place: number;
  readonly needs: 'story' | 'nothing' | null;
  /** What stands for a name of the simulated cluster. */
  readonly names: ReadonlyMap<string, string>;
  readonly shown: readonly Shown[];
}

const COMMAND = /^(?:\$ )?(?:.*&& )?(?:kubectl evict|npm start --)(?: (?<words>.*))?$/;

/** The parts of a command line, as a shell divides them; a `#`, `>` or `|` needs a blank before it. */
function shownOf(line: string, output: readonly string[]): Shown | null {
  const words = COMMAND.exec(line)?.groups?.['words'];
  if (words === undefined) return null;
  const [command = '', ...comment] = words.split(/\s+# /);
  const [piped = '', pipe = null] = command.split(' | ');
  const [plain = '', into = null] = piped.split(/\s+> /);
  return { line: plain.trim(), comment: comment.join(' # '), into: into?.trim() ?? null, pipe, output };
}

function blocksOf(markdown: string): readonly Block[] {
  const fenced = [...markdown.matchAll(/(?:<!-- try: (?<needs>[^>]*) -->\n\n)?^```\w*\n(?<body>[\s\S]*?)^```/gm)];
  const blocks = fenced.flatMap(match => {
    const { needs, body = '' } = match.groups ?? {};
    const lines = body.split('\n').slice(0, -1);
    const starts = lines.flatMap((line, i) => (COMMAND.test(line) ? [i] : []));
    const shown = starts.flatMap((start, i) => {
      const found = shownOf(
        lines[start] ?? '',
        lines[start]?.startsWith('$ ') ? lines.slice(start + 1, starts[i + 1]) : [],
      );
      return found === null ? [] : [found];
    });
    const [what, ...names] = needs?.split(' ') ?? [];
    const place = markdown.slice(0, match.index).split('\n').length;
    const pairs = names.map(pair => pair.split('=') as [string, string]);
    const known: Block['needs'] = what === 'story' || what === 'nothing' ? what : null;
    return shown.length === 0 ? [] : [{ place, needs: known, names: new Map(pairs), shown }];
  });
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '');
  const inline = [...prose.matchAll(/`(kubectl evict [a-z][^`<]*)`/g)].flatMap(m => shownOf(m[1] ?? '', []) ?? []);
  const spoken = inline.filter(({ line }) => !/[A-Z]{3,}/.test(line));
  return [...blocks, { place: 0, needs: 'story', names: new Map(), shown: spoken }];
}

interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Runs a line to its end; what would go on for ever is ended by Ctrl-C once it has told something. */
async function runLine(
  argv: readonly string[],
  simulated: Simulated,
  { kubeconfig, answers }: { readonly kubeconfig: string | null; readonly answers: boolean },
): Promise<Ran & { ended: boolean }> {
  const out: string[] = [];
  const err: string[] = [];
  const stop = new AbortController();
  let waits = 0;
  const world = {
    signal: stop.signal,
    env: kubeconfig === null ? {} : { KUBECONFIG: kubeconfig },
    ...(answers ? { stdin: ['y'] } : {}),
  };
  const deps = testDeps(world, out, err);
  const code = await run(argv, {
    ...deps,
    clock: {
      now: () => simulated.clock.now(),
      sleep: async (ms, signal) => {
        simulated.advance(ms);
        waits += 1;
        // Whoever waits for a configuration waits for somebody who restarts the kubelet with it.
        if (argv[0] === 'verify' && waits === 1) await restartKubelet(argv, kubeconfig);
        if (waits > 200 || (argv.includes('-w') && waits > 2)) stop.abort();
        await new Promise(resolve => setImmediate(resolve));
        if (signal.aborted) throw new CancelledError();
      },
    },
    io: {
      ...deps.io,
      err: {
        ...deps.io.err,
        write: async text => {
          err.push(text);
          if (text.includes('until Ctrl-C')) stop.abort();
        },
      },
    },
  });
  return { code, out: out.join(''), err: err.join(''), ended: stop.signal.aborted };
}

/** What a person does on the node while `verify -f FILE NODE --wait` watches, here with `demo apply`. */
async function restartKubelet(verify: readonly string[], kubeconfig: string | null): Promise<void> {
  const file = verify[verify.indexOf('-f') + 1] ?? '';
  const node = verify[verify.indexOf('-f') + 2] ?? '';
  const argv = ['demo', 'apply', file, '--node', node, '--kubeconfig', kubeconfig ?? ''];
  const err: string[] = [];
  expect(await run(argv, testDeps({}, [], err)), err.join('')).toBe(0);
}

const blank = (line: string): string => line.trim().replaceAll(/\s+/g, ' ');
const isHeader = (line: string): boolean => /^[A-Z][A-Z-]*(?: [A-Z-]+)?(?: {2,}[A-Z][A-Z -]*)+$/.test(line.trimEnd());

/** What of an output README is held to: its headings, the kinds of findings, the keys of an object. */
function faults(shown: Shown, actual: string, names: ReadonlyMap<string, string>): readonly string[] {
  const lines = actual.split('\n').map(blank);
  const known = (line: string): boolean => {
    const finding = /^ {2}(?:error|warning|info) {2,}([a-z-]+): /.exec(line)?.[1];
    if (finding !== undefined) return (FINDING_CODES as readonly string[]).includes(finding);
    if (isHeader(line)) return lines.includes(blank(line));
    const title = /^findings on (\S+)$/.exec(line)?.[1];
    if (title !== undefined) return lines.includes(`findings on ${names.get(title) ?? title}`);
    const summary = summaryOf(line);
    return summary === null || lines.some(l => summaryOf(l) === summary);
  };
  return shown.output.filter(line => !known(line));
}

/** `1 of 3 nodes under pressure; ...`, whatever the numbers. */
function summaryOf(line: string): string | null {
  if (!/^(?:none|\d+) of \d+ nodes? under pressure/.test(line)) return null;
  return line
    .replaceAll(/\bnone\b|\d[\d,]*/g, '#')
    .replaceAll(/\b(node|pod)s\b/g, '$1')
    .replace(/ under pressure[^;]*;/, ';');
}

const blocks = blocksOf(readFileSync(README, 'utf8'));
// Files lie in a folder of the test, and stay for the blocks below.
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evict-readme-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function argvOf(line: string, names: ReadonlyMap<string, string>): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)]
    .map(m => m[1] ?? m[2] ?? '')
    .map(word => names.get(word.replace(/^node\//, '')) ?? word)
    .map(word => (/^[\w.-]+\.(?:ya?ml|json|ndjson|conf|kubeconfig)$/.test(word) ? join(folder, word) : word));
}

test('README shows commands, in blocks that say what they need', () => {
  expect(blocks.flatMap(b => b.shown).length).toBeGreaterThan(20);
  expect(blocks.filter(b => b.needs === null).map(b => `line ${b.place}`)).toEqual([]);
});

describe.each(blocks.map(block => [block.place, block] as const))('README, line %i', (_, block) => {
  let simulated: Simulated;
  beforeAll(async () => {
    simulated = await openSimulated(story);
  });
  afterAll(() => simulated.close());

  test.each(block.shown.map(shown => [shown.line, shown] as const))('kubectl evict %s', async (_line, shown) => {
    const kubeconfig = block.needs === 'nothing' ? null : simulated.kubeconfig;
    const answers = shown.output.some(line => line.endsWith('[y/N] y'));
    const ran = await runLine(argvOf(shown.line, block.names), simulated, { kubeconfig, answers });
    const told = [...shown.comment.matchAll(/exit (\d)(?: or (\d))?/g)].flatMap(m => [m[1], m[2]]).map(Number);
    const allowed = [0, ...told, ...(ran.ended ? [130] : [])];
    expect(allowed, `${ran.out}${ran.err}`).toContain(ran.code);
    expect(ran.out + ran.err).not.toBe('');
    if (shown.into !== null) {
      expect(ran.out).not.toBe('');
      writeFileSync(join(folder, shown.into), ran.out);
    }
    expect(faults(shown, ran.out + ran.err, block.names)).toEqual([]);
  });
});

test('docs/json.md shows a signal with the keys that a signal has', async () => {
  const page = readFileSync(fileURLToPath(new URL('../docs/json.md', import.meta.url)), 'utf8');
  const shown = JSON.parse(/^\{\n[\s\S]*?^\}$/m.exec(page)?.[0] ?? '') as { hard: object };
  const simulated = await openSimulated(story);
  const { out } = await runLine(['status', '-o', 'json'], simulated, {
    kubeconfig: simulated.kubeconfig,
    answers: false,
  });
  await simulated.close();
  const { items } = JSON.parse(out) as { items: { signals: { signal: string; hard: object }[] }[] };
  const actual = items[0]?.signals.find(s => s.signal === 'nodefs.available');
  expect(Object.keys(shown)).toEqual(Object.keys(actual ?? {}));
  expect(Object.keys(shown.hard)).toEqual(Object.keys(actual?.hard ?? {}));
});

describe('the checks themselves notice', () => {
  const markdown = [
    '<!-- try: story a=b -->\n\n```\n$ kubectl evict status a   # exit 3\nNODE   PRESSURE\na      -\n$ kubectl evict why a | head\n```\n',
    '```sh\nkubectl evict report > x.txt\n```\n',
    'Say `kubectl evict rbac --check`, or `kubectl evict COMMAND --help`.\n',
  ].join('\n');

  test('blocks, lines, outputs, and a block that says nothing of its needs', () => {
    const [first, second, spoken] = blocksOf(markdown);
    expect(first).toMatchObject({ needs: 'story', names: new Map([['a', 'b']]) });
    expect(first?.shown).toEqual([
      { line: 'status a', comment: 'exit 3', into: null, pipe: null, output: ['NODE   PRESSURE', 'a      -'] },
      { line: 'why a', comment: '', into: null, pipe: 'head', output: [] },
    ]);
    expect(second).toMatchObject({ needs: null, shown: [{ line: 'report', into: 'x.txt' }] });
    expect(spoken?.shown.map(s => s.line)).toEqual(['rbac --check']);
  });

  test.each([
    ['NODE   STATE', 'NODE   SIGNAL   STATE\n'],
    ['  error     no-such-code: x', ''],
    ['findings on n', 'findings on m\n'],
    ['1 of 2 nodes under pressure; 3 evicted pods', '1 of 2 nodes under pressure; 3 pods\n'],
  ])('%j is not what %j has', (line, actual) => {
    const shown: Shown = { line: '', comment: '', into: null, pipe: null, output: [line] };
    expect(faults(shown, actual, new Map())).toEqual([line]);
  });
});
