import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/commands/definitions/index.ts';
import { flagsOf } from '../../src/commands/register.ts';
import { story } from '../../src/simulator/scenarios/story.ts';
import { runCommand, type TestWorld } from '../support/deps.ts';
import { type StubAnswer, startStub } from '../support/http-stub.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';

/** Nobody is that slow: what has not answered by the end of the test never would. */
const never: TestWorld = { onSleep: () => new Promise(() => {}) };

/** The candidates of the last word, without descriptions, and the directive. */
async function completed(words: readonly string[], world: TestWorld = never): Promise<readonly [string[], number]> {
  const { code, out, err } = await runCommand(['__complete', ...words], world);
  expect(code).toBe(0);
  const lines = out.split('\n');
  expect(lines.pop()).toBe('');
  const directive = /^:(\d+)$/.exec(lines.pop() ?? '')?.[1];
  expect(err).toMatch(/^Completion ended with directive: ShellCompDirective[\w, ]+\n$/);
  return [lines.map(line => line.split('\t')[0] ?? ''), Number(directive)];
}

const NO_FILES = 4;
const NO_SPACE = 2;

describe('words that are known without a cluster', () => {
  test.each<readonly [string, readonly string[], readonly string[], number]>([
    ['every command', [''], [...COMMANDS.map(c => c.name), 'help'], NO_FILES],
    ['a command by its beginning', ['sta'], ['status'], NO_FILES],
    ['two of them', ['ver'], ['verify', 'version'], NO_FILES],
    ['none', ['delete'], [], NO_FILES],
    ['behind a flag of the cluster', ['--context', 'x', 'sta'], ['status'], NO_FILES],
    ['the command of help', ['help', 'pu'], ['purge'], NO_FILES],
    ['nothing behind it', ['help', 'purge', ''], [], NO_FILES],
    ['a command that does not exist', ['stat', ''], [], NO_FILES],
    ['a flag', ['status', '--int'], ['--interval'], NO_FILES],
    ['a flag of the connection', ['status', '--as-'], ['--as-group', '--as-uid'], NO_FILES],
    ['the letters', ['version', '-'], ['--color', '-v', '-h', '--help'], NO_FILES],
    ['one letter', ['purge', '-l'], ['-l'], NO_FILES],
    ['no flag twice', ['status', '--all', '--al'], ['--all-namespaces'], NO_FILES],
    ['no flag twice by its letter', ['status', '-A', '--al'], ['--all'], NO_FILES],
    ['a flag that may be repeated', ['purge', '--include-owner=Job', '--include-o'], ['--include-owner'], NO_FILES],
    ['before the command', ['--'], ['--help', '--version'], NO_FILES],
    ['choices', ['status', '--output', 'y'], ['yaml'], NO_FILES],
    ['choices by the letter', ['status', '-o', ''], ['table', 'wide', 'json', 'yaml', 'name'], NO_FILES],
    ["choices of this command's flag", ['purge', '-o', ''], ['name', 'json', 'yaml'], NO_FILES],
    ['choices behind =', ['status', '--output=y'], ['yaml'], NO_FILES],
    ['choices behind a letter and =', ['status', '-o=y'], ['yaml'], NO_FILES],
    ['a switch behind =', ['status', '--all='], ['true', 'false'], NO_FILES],
    ['targets of tune', ['tune', '--to', 'k'], expect.arrayContaining(['k3s', 'kops', 'kubelet-env']), NO_FILES],
    ['signals', ['tune', '--disable', 'nodefs'], ['nodefs.available', 'nodefs.inodesFree'], NO_FILES],
    ['a list', ['purge', '--cause', 'p'], ['pressure', 'pid'], NO_FILES | NO_SPACE],
    ['a list goes on', ['purge', '--cause', 'pressure,p'], ['pressure,pid'], NO_FILES | NO_SPACE],
    ['a free text', ['status', '--interval', '1'], [], NO_FILES],
    ['a number', ['purge', '--keep='], [], NO_FILES],
    ['an unknown flag', ['status', '--colour='], [], NO_FILES],
    ['files', ['tune', '-f', 'x'], [], 0],
    ['files behind =', ['demo', '--from='], [], 0],
    ['an action', ['demo', ''], ['apply'], NO_FILES],
    ['a file behind it', ['demo', 'apply', ''], [], 0],
    ['files of the connection', ['status', '--kubeconfig', ''], [], 0],
    ['no positional', ['report', ''], [], NO_FILES],
    ['shells', ['completion', ''], ['bash', 'zsh', 'fish', 'powershell'], NO_FILES],
    ['one shell only', ['completion', 'bash', ''], [], NO_FILES],
    ['no flags behind the end of flags', ['version', '--', '--'], [], NO_FILES],
    ['the last word in front', ['--last=sta'], ['status'], NO_FILES],
    ['an empty last word in front', ['--last=', 'status', '-o'], ['table', 'wide', 'json', 'yaml', 'name'], NO_FILES],
    ['no word at all', [], [...COMMANDS.map(c => c.name), 'help'], NO_FILES],
  ])('%s: %j', async (_, words, candidates, directive) => {
    // Looking anything up would fail: there is no kubeconfig.
    expect(await completed(words)).toEqual([candidates, directive]);
  });

  test('says what a candidate is, and leaves it out on request', async () => {
    const summary = COMMANDS.find(c => c.name === 'status')?.summary;
    expect((await runCommand(['__complete', 'stat'])).out).toBe(`status\t${summary}\n:4\n`);
    expect((await runCommand(['__completeNoDesc', 'stat'])).out).toBe('status\n:4\n');
  });
});

test('every flag with a value says what completes it, or is one that nobody can know', () => {
  const free =
    'selector near interval concurrency kubelet-timeout server as as-group as-uid token tls-server-name request-timeout chunk-size v older-than keep limit max-percent since top print-cronjob image kubelet-version eviction-hard soft min-reclaim transition-period max-pod-grace wait return-within nodefs nodefs-inodes imagefs imagefs-inodes disk memory pid'.split(
      ' ',
    );
  const silent = COMMANDS.flatMap(command =>
    flagsOf(command)
      .filter(flag => flag.type !== 'boolean' && flag.choices === undefined && flag.completes === undefined)
      .map(flag => flag.name),
  );
  expect(silent.filter(name => !free.includes(name))).toEqual([]);
});

describe('names of a cluster', () => {
  let simulated: Simulated;
  let nodes: string[] = [];
  beforeAll(async () => {
    simulated = await openSimulated(story);
    nodes = [...(await simulated.cluster.names.nodes())].toSorted();
  });
  afterAll(() => simulated.close());

  const on = (...words: string[]) => completed(['--kubeconfig', simulated.kubeconfig, ...words]);

  test('there are nodes to complete', () => {
    expect(nodes).toContain('node-3');
  });

  test('nodes, but none twice', async () => {
    expect(await on('status', '')).toEqual([nodes, NO_FILES]);
    expect(await on('status', 'node-3', 'node-')).toEqual([nodes.filter(n => n !== 'node-3'), NO_FILES]);
    expect(await on('status', '--', 'node-3')).toEqual([['node-3'], NO_FILES]);
    expect(await on('verify', '-f', 'x', 'node-3')).toEqual([['node-3'], NO_FILES]);
    expect(await on('tune', '--node', 'node-3')).toEqual([['node-3'], NO_FILES]);
    expect(await on('purge', '--node=node-3')).toEqual([['node-3'], NO_FILES]);
  });

  test('the demo has nothing to do with the cluster of the user, but with one that is named', async () => {
    const before = simulated.simulator.requests.length;
    const world = { ...never, env: { KUBECONFIG: simulated.kubeconfig } };
    expect(await completed(['demo', 'apply', 'x', '--node', 'node-3'], world)).toEqual([[], NO_FILES]);
    expect(await completed(['demo', 'apply', 'x', '--node=node-3'], world)).toEqual([[], NO_FILES]);
    expect(simulated.simulator.requests.length).toBe(before);
    expect(await on('demo', 'apply', 'x', '--node', 'node-3')).toEqual([['node-3'], NO_FILES]);
  });

  test('namespaces', async () => {
    const [found] = await on('purge', '-n', '');
    expect(found).toEqual(expect.arrayContaining(['default', 'kube-system']));
    expect(await on('purge', '--namespace=kube-s')).toEqual([['kube-system'], NO_FILES]);
  });

  test('pods and nodes for why, in each of its forms', async () => {
    const [pods] = await on('why', '-n', 'kube-system', 'pod/');
    expect(pods.length).toBeGreaterThan(0);
    expect(pods.every(name => name.startsWith('pod/'))).toBe(true);
    expect(await on('why', 'node/node-3')).toEqual([['node/node-3'], NO_FILES]);
    expect(await on('why', 'node-3')).toEqual([['node-3'], NO_FILES]);
    expect(await on('why', 'node', 'node-3')).toEqual([['node-3'], NO_FILES]);
    expect(await on('why', 'po', '-n', 'kube-system', '')).toEqual([pods.map(p => p.slice(4)), NO_FILES]);
    expect(await on('why', 'svc', '')).toEqual([[], NO_FILES]);
    expect(await on('why', 'pod', 'x', '')).toEqual([[], NO_FILES]);
    const [everything] = await on('why', '-n', 'kube-system', '');
    expect(everything).toEqual([...nodes.map(n => `node/${n}`), ...pods].toSorted());
  });

  test('names of the kubeconfig ask no cluster', async () => {
    const before = simulated.simulator.requests.length;
    expect(await on('status', '--context', '')).toEqual([['admin@simulated'], NO_FILES]);
    expect(await on('status', '--cluster=s')).toEqual([['simulated'], NO_FILES]);
    expect(await on('status', '--user', 'a')).toEqual([['admin'], NO_FILES]);
    expect(simulated.simulator.requests.length).toBe(before);
  });

  test('only names are asked for, page by page', async () => {
    await on('status', '');
    const last = simulated.simulator.requests.at(-1);
    expect(last).toMatchObject({ method: 'GET', url: '/api/v1/nodes?limit=500', status: 200 });
  });
});

describe('what the outside world says is not trusted', () => {
  const world: TestWorld = never;
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'evict-completion-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const HOSTILE = [
    '$(touch /tmp/x)',
    '`id`',
    'a;b',
    'a b',
    "a'b",
    'a"b',
    'a\\nb',
    'a\n:0',
    'a\tb',
    '\u001b[31mred',
    '\u202egnp',
    '-rf',
    '~root',
    '>x',
    'a|b',
    'a&b',
    'a*',
    '{a,b}',
    '!a',
    '#a',
    '',
    'x'.repeat(600),
  ];

  test('a name that a shell could run, or a terminal obey, is not offered', async () => {
    const items = ['good-1', ...HOSTILE, 'good-2.example'].map(name => ({ metadata: { name } }));
    const stub = await startStub([
      { path: /^\/api\/v1\/nodes/, answers: [{ body: { kind: 'PartialObjectMetadataList', metadata: {}, items } }] },
    ]);
    expect(await completed(['-s', stub.url, 'status', ''], world)).toEqual([['good-1', 'good-2.example'], NO_FILES]);
  });

  test('nor such a name of the kubeconfig', async () => {
    const names = ['arn:aws:eks:eu-1:1:cluster/a', 'me@example.org', ...HOSTILE];
    const kubeconfig = join(dir, 'hostile');
    writeFileSync(kubeconfig, JSON.stringify({ contexts: names.map(name => ({ name, context: {} })) }));
    const [found] = await completed(['--kubeconfig', kubeconfig, 'status', '--context', ''], world);
    expect(found).toEqual(['arn:aws:eks:eu-1:1:cluster/a', 'me@example.org']);
  });

  test.each<readonly [string, StubAnswer]>([
    [
      'a right is missing',
      { status: 403, body: { kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403 } },
    ],
    ['the answer is no list', { body: '<html>' }],
    ['names are not texts', { body: { kind: 'NodeList', metadata: {}, items: [{ metadata: { name: 1 } }, null, {}] } }],
    ['the connection is cut', { fault: 'before' }],
  ])('nothing is offered or said when %s', async (_, answer) => {
    const stub = await startStub([{ path: /./, answers: [answer] }]);
    expect(await completed(['-s', stub.url, 'status', ''], world)).toEqual([[], NO_FILES]);
  });

  test('why offers nodes where pods are forbidden', async () => {
    const items = [{ metadata: { name: 'node-1' } }];
    const stub = await startStub([
      { path: /pods/, answers: [{ status: 403 }] },
      { path: /nodes/, answers: [{ body: { kind: 'NodeList', metadata: {}, items } }] },
    ]);
    expect(await completed(['-s', stub.url, 'why', ''], world)).toEqual([['node/node-1'], NO_FILES]);
  });

  test('a credential plugin is not given the terminal, and what it complains is not told', async () => {
    const seen = join(dir, 'seen');
    const plugin = join(dir, 'plugin');
    writeFileSync(
      plugin,
      `#!/bin/sh\necho "$KUBERNETES_EXEC_INFO" > '${seen}'\ncat >> '${seen}'\necho password: >&2\nexit 1\n`,
    );
    chmodSync(plugin, 0o755);
    const kubeconfig = join(dir, 'plugged');
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'IfAvailable' };
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
        users: [{ name: 'u', user: { exec } }],
      }),
    );
    // Somebody sits at a terminal; even so nobody is asked.
    const answer = await completed(['--kubeconfig', kubeconfig, 'status', ''], { ...world, stdin: ['secret'] });
    expect(answer).toEqual([[], NO_FILES]);
    expect(JSON.parse(readFileSync(seen, 'utf8'))).toMatchObject({ spec: { interactive: false } });
  });
});

describe('nothing to offer, and nothing said', () => {
  test('without a kubeconfig', async () => {
    expect(await completed(['status', ''])).toEqual([[], NO_FILES]);
    expect(await completed(['status', '--context', ''])).toEqual([[], NO_FILES]);
  });

  test('with words that contradict each other', async () => {
    expect(await completed(['why', '-A', '-n', 'x', ''])).toEqual([[], NO_FILES]);
    expect(await completed(['status', '--request-timeout', 'soon', ''])).toEqual([[], NO_FILES]);
  });

  test('when the cluster does not answer in time', async () => {
    const silent = createServer(() => {});
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const waits: number[] = [];
    const words = ['-s', `http://127.0.0.1:${port}`, 'status', ''];
    const world = { onSleep: (ms: number) => void waits.push(ms) };
    expect(await completed(words, world)).toEqual([[], NO_FILES]);
    expect(waits).toEqual([2000]);
    await new Promise(resolve => silent.close(resolve));
  });
});
