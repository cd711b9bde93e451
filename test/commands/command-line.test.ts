import { describe, expect, test } from 'vitest';
import { normalise } from '../../src/commands/argv.ts';
import { COMMANDS } from '../../src/commands/definitions/index.ts';
import { fold } from '../../src/commands/help.ts';
import { chooseCommand, readArguments } from '../../src/commands/register.ts';
import { statusBody } from '../../src/commands/status/command.ts';
import { runCommand, testDeps } from '../support/deps.ts';

const flags = [
  { name: 'namespace', short: 'n', type: 'string', help: '' },
  { name: 'output', short: 'o', type: 'string', help: '' },
  { name: 'all-namespaces', short: 'A', type: 'boolean', help: '' },
  { name: 'watch', short: 'w', type: 'boolean', help: '' },
  { name: 'as-group', type: 'strings', help: '' },
] as const;

describe('normalise: kubectl’s ways to write a flag', () => {
  test.each<[readonly string[], readonly string[]]>([
    [['-nfoo'], ['--namespace=foo']],
    [['-n=foo'], ['--namespace=foo']],
    [['-n', 'foo'], ['--namespace=foo']],
    [['--namespace', 'foo'], ['--namespace=foo']],
    [['--namespace=foo'], ['--namespace=foo']],
    [['-n', '-weird'], ['--namespace=-weird']],
    [['-Aw'], ['--all-namespaces=true', '--watch=true']],
    [['-wojson'], ['--watch=true', '--output=json']],
    [
      ['-wo', 'json'],
      ['--watch=true', '--output=json'],
    ],
    [['-A=false'], ['--all-namespaces=false']],
    [['-n'], ['--namespace']],
    [
      ['status', 'a', '-n', 'b', 'c'],
      ['status', 'a', '--namespace=b', 'c'],
    ],
    [
      ['--', '-n', 'foo'],
      ['--', '-n', 'foo'],
    ],
    [
      ['-f', '-'],
      ['-f', '-'],
    ],
    [['-'], ['-']],
    [['-Ax'], ['--all-namespaces=true', '-x']],
    [
      ['--unknown', 'foo'],
      ['--unknown', 'foo'],
    ],
    [
      ['--as-group', 'a', '--as-group=b'],
      ['--as-group=a', '--as-group=b'],
    ],
    [['-n='], ['--namespace=']],
  ])('%j', (argv, expected) => {
    expect(normalise(argv, flags)).toEqual(expected);
  });
});

async function options(...argv: readonly string[]) {
  const choice = chooseCommand(['status', ...argv], COMMANDS);
  if (choice.kind !== 'run') throw new Error(choice.kind);
  return statusBody.parse(await readArguments(choice.words, choice.command), testDeps({}, [], []));
}

describe('status options', () => {
  test('defaults', async () => {
    expect(await options()).toMatchObject({
      query: { names: [], selector: null, all: false, nearPercent: null, concurrency: 64, kubeletTimeoutMs: 5000 },
      output: 'table',
      headers: true,
      watch: false,
      intervalMs: 10_000,
      exitCode: false,
      color: 'auto',
      connection: { chunkSize: 500, verbosity: 0 },
    });
  });

  test('a flag given twice: the last one counts; a list keeps all', async () => {
    const read = await options('-ojson', '-o', 'yaml', '--as-group=a', '--as-group', 'b');
    expect(read.output).toBe('yaml');
    expect(read.connection.flags.asGroup).toEqual(['a', 'b']);
  });

  test('node names, with or without the prefix', async () => {
    expect((await options('node/a', 'nodes/b', 'c')).query.names).toEqual(['a', 'b', 'c']);
  });

  test('numbers stay text where text is meant', async () => {
    const read = await options('-n', '5', '--context=0x10', '1e3');
    expect(read.connection.flags).toMatchObject({ namespace: '5', context: '0x10' });
    expect(read.query.names).toEqual(['1e3']);
  });

  test.each([
    ['30', 30_000],
    ['1m30s', 90_000],
    ['0', 0],
    ['500ms', 500],
  ])('--request-timeout %s', async (text, expected) => {
    expect((await options('--request-timeout', text)).connection.flags.requestTimeoutMs).toBe(expected);
  });

  test('--insecure-skip-tls-verify: absent, given and refused are three things', async () => {
    const read = async (...argv: string[]) => (await options(...argv)).connection.flags.insecureSkipTlsVerify;
    expect(await read()).toBeUndefined();
    expect(await read('--insecure-skip-tls-verify')).toBe(true);
    expect(await read('--insecure-skip-tls-verify=false')).toBe(false);
  });
});

describe('a wrong command line: exit 2, one sentence, nothing done', () => {
  test.each<[string, RegExp]>([
    ['status --foo', /^error: unknown flag: --foo\n/],
    ['status --contxt x', /unknown flag: --contxt\n {2}try: did you mean --context\?/],
    ['--tokne secret status', /^error: unknown flag: --tokne\n/],
    ['status -x', /unknown flag: -x/],
    ['stauts', /unknown command "stauts"\n {2}try: did you mean status\?/],
    ['drain', /unknown command "drain"/],
    ['status --near abc', /invalid value "abc" for --near: expected a percentage from 0 to 100/],
    ['status --near 101', /invalid value "101" for --near/],
    ['status --near -1', /invalid value "-1" for --near/],
    ['status --near', /flag needs a value: --near/],
    ['status -o xml', /invalid value "xml" for --output: expected table, wide, json, yaml, name/],
    ['status --color blue', /expected auto, always, never/],
    ['status --concurrency 0', /expected a whole number from 1 to 256/],
    ['status --concurrency 257', /expected a whole number from 1 to 256/],
    ['status --concurrency 1.5', /expected a whole number/],
    ['status --interval 1s -w', /expected a duration such as .* at least 2s/],
    ['status --interval 5s', /--interval needs --watch/],
    ['status --kubelet-timeout 1d', /expected a duration/],
    ['status -A -n foo', /--all-namespaces and --namespace exclude each other/],
    ['status a --all', /NODE and --all exclude each other/],
    ['status --all a', /NODE and --all exclude each other/],
    ['status -l a=b --all', /--selector and --all exclude each other/],
    ['status --plain -ojson', /--plain and --output json exclude each other/],
    ['status --all=maybe', /invalid value "maybe" for --all: expected true or false/],
    ['status --chunk-size -5', /invalid value "-5" for --chunk-size/],
    ['version now', /unexpected argument "now": version takes none/],
    ['rbac --for everything', /expected status/],
    ['--foo', /unknown flag: --foo/],
    ['help nothing', /unknown command "nothing"/],
  ])('%s', async (line, message) => {
    // The address is nobody's: a request would be another error, with exit code 1.
    const { code, out, err } = await runCommand(line.split(' '), { env: { KUBECONFIG: '/nonexistent' } });
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(message);
    expect(err).toMatch(/See "kubectl evict( \w+)? --help"\.\n$/);
    expect(err).not.toMatch(/^ +at /m);
  });

  test('hostile words are quoted', async () => {
    const { err } = await runCommand(['status', '--near', '\u001b[31m5']);
    expect(err).not.toContain('\u001b');
  });
});

/** The words of an example, as a shell would pass them: without redirection, quotes removed. */
function wordsOf(line: string): readonly string[] {
  const command = line.split(/ [>|] /, 1)[0] ?? '';
  return (command.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map(word => word.replace(/^(['"])(.*)\1$/, '$2'));
}

describe('help', () => {
  test('of the program: without a command, exit 0, and what it never does comes first', async () => {
    const { code, out } = await runCommand([]);
    expect(code).toBe(0);
    expect(out.split('\n').slice(0, 4).join('\n')).toContain('kubectl evict never evicts a running pod');
    for (const command of COMMANDS) expect(out).toContain(`\n  ${command.name} `);
    expect((await runCommand(['--help'])).out).toBe(out);
    expect((await runCommand(['help'])).out).toBe(out);
    expect((await runCommand(['-h'])).out).toBe(out);
  });

  test.each(COMMANDS.map(c => c.name))('of %s: flags, examples, within 100 columns', async name => {
    const { code, out } = await runCommand([name, '--help']);
    expect(code).toBe(0);
    expect((await runCommand(['help', name])).out).toBe(out);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
    const command = COMMANDS.find(c => c.name === name);
    for (const flag of command?.flags ?? []) expect(out).toContain(`--${flag.name}`);
  });

  test('every example is a right command line', async () => {
    for (const command of COMMANDS) {
      for (const example of command.examples) {
        const choice = chooseCommand(wordsOf(example.line), COMMANDS);
        if (choice.kind !== 'run') throw new Error(`${example.line}: ${choice.kind}`);
        const body = await choice.command.load();
        body.parse(await readArguments(choice.words, choice.command), testDeps({}, [], []));
      }
    }
  });

  test('the program is called by the name it was installed under', async () => {
    const { out } = await runCommand(['status', '--help'], { program: 'kubectl nodepressure' });
    expect(out).toContain('kubectl nodepressure status');
    expect(out).not.toContain('kubectl evict');
  });

  test('version', async () => {
    expect((await runCommand(['version'])).out).toBe('kubectl-evict 0.0.0-test\n');
    expect((await runCommand(['--version'])).out).toBe('kubectl-evict 0.0.0-test\n');
  });
});

describe('no cluster to talk to', () => {
  test('nothing configured', async () => {
    const { code, out, err } = await runCommand(['status']);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^error: [^\n]+\n {2}try: [^\n]+\n$/);
    expect(err).not.toContain('localhost:8080');
  });

  test('nobody listens', async () => {
    const { code, err } = await runCommand(['status', '--server', 'http://127.0.0.1:9']);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: [^\n]*127\.0\.0\.1:9[^\n]*\n {2}try: /);
  });
});

test('fold breaks at blanks only', () => {
  expect(fold('aa bb cc', 5)).toBe('aa bb\ncc');
  expect(fold('abcdefgh', 3)).toBe('abcdefgh');
});
