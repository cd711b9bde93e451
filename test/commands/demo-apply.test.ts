import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Demos } from '../../src/deps.ts';
import { healthy } from '../../src/simulator/scenarios/healthy.ts';
import { story } from '../../src/simulator/scenarios/story.ts';
import { simulate } from '../../src/world/simulate.ts';
import { runCommand, type TestWorld } from '../support/deps.ts';
import { startStub } from '../support/http-stub.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';

// `demo apply`: the story to its end, and what it must never touch.

let dir = '';
let open: Simulated;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'evict-apply-'));
  open = await openSimulated(story);
});
afterEach(async () => {
  await open.close();
  rmSync(dir, { recursive: true });
});

const file = (name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};
const run = (argv: readonly string[], world: TestWorld = {}) =>
  runCommand([...argv, '--kubeconfig', open.kubeconfig], { now: open.clock.now(), ...world });
const hardOf = async (node = 'node-3'): Promise<Readonly<Record<string, string>>> => {
  const config = await open.cluster.kubeletConfig(node, 5000);
  return Object.fromEntries(config.evictionHard ?? []);
};
/** Lets the kubelets act, second by second. */
const pass = (seconds: number): void => {
  for (let i = 0; i < seconds; i += 1) open.advance(1000);
};

const CONFIGURATION = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

describe('the story, to its end', () => {
  test('status, tune, apply, verify, purge', async () => {
    expect((await run(['status', '-o', 'name'])).out).toBe('node/node-3\n');
    const tuned = await run(['tune', '--clear', '--restore-defaults']);
    expect(tuned.code, tuned.err).toBe(0);
    expect(tuned.err).toMatch(/DiskPressure clears: .*lifts at most 5m after the restart/);
    const cure = file('cure.yaml', tuned.out);

    const applied = await run(['demo', 'apply', cure]);
    expect(applied).toMatchObject({ code: 0, out: 'node/node-3 restarted (SIMULATED)\n' });
    expect(applied.err).toContain('nodefs.available 10% -> ');
    expect(applied.err).toContain(`kubectl evict verify -f ${cure} node-3 --wait 10m --kubeconfig ${open.kubeconfig}`);

    const { out, code } = await run(['verify', '-f', cure, 'node-3', '--wait', '10m', '-q', '-o', 'json'], {
      onSleep: ms => {
        pass(ms / 1000);
      },
    });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ summary: { nodes: 1, matching: 1 } });
    expect((await run(['status', '-o', 'name'])).out).toBe('');

    pass(30);
    const evicted = (): number => open.simulator.cluster.list('Pod').filter(isEvicted).length;
    expect(evicted()).toBeGreaterThan(10);
    expect(await run(['purge', '-A', '-y'])).toMatchObject({ code: 0 });
    expect(evicted()).toBe(0);
    pass(60);
    expect(evicted()).toBe(0);
    const portal = open.simulator.cluster.list('Pod').filter(pod => pod.metadata.name.startsWith('portal-'));
    expect(portal.map(pod => (pod as { status?: { phase?: string } }).status?.phase)).toEqual(['Running']);
  });

  test.each([
    'kubeletconfiguration',
    '10-kubeadm.conf',
    'systemd-dropin',
    'kubelet-env',
    'flags',
    'kubelet-dropin',
    'kubeadm-patch',
    'k3s',
    'rke2',
    'eks-nodeadm',
    'eks-bootstrap',
    'eksctl',
    'karpenter',
    'bottlerocket',
    'kops',
    'talos',
    'openshift',
  ])('a document for %s is in effect after it, and verify agrees', async target => {
    const tuned = await run([
      'tune',
      '--node',
      'node-3',
      '--nodefs',
      '5%',
      '--memory',
      '250Mi',
      '--to',
      target,
      '-o',
      'json',
    ]);
    expect(tuned.code, tuned.err).toBe(0);
    const { document, settings } = JSON.parse(tuned.out) as { document: string; settings: { evictionHard: object } };
    const name = target.includes('.') ? target : target === 'kubelet-dropin' ? '20.conf' : `${target}.txt`;
    const path = file(name, document);
    expect(await run(['demo', 'apply', path])).toMatchObject({ code: 0 });
    expect(await hardOf()).toEqual(settings.evictionHard);
    expect(await hardOf('node-1')).toMatchObject({ 'nodefs.available': '10%' });
    expect(await run(['verify', '-f', path, 'node-3'])).toMatchObject({ code: 0 });
  });
});

describe('the rules of a kubelet', () => {
  test.each<readonly [string, string, string, Readonly<Record<string, string>>]>([
    [
      'a file replaces the whole map',
      'config.yaml',
      `${CONFIGURATION}evictionHard:\n  nodefs.available: "5%"\n`,
      { 'nodefs.available': '5%' },
    ],
    [
      'a file without thresholds is the defaults',
      'config.yaml',
      CONFIGURATION,
      {
        'memory.available': '100Mi',
        'nodefs.available': '10%',
        'nodefs.inodesFree': '5%',
        'imagefs.available': '15%',
        'imagefs.inodesFree': '5%',
      },
    ],
    [
      'a drop-in is laid over what is there',
      '20-eviction.conf',
      `${CONFIGURATION}evictionHard:\n  nodefs.available: "5%"\n  memory.available: null\n`,
      { 'nodefs.available': '5%', 'nodefs.inodesFree': '5%' },
    ],
    ['a flag replaces the whole map', 'flags', '--eviction-hard=nodefs.available<5%\n', { 'nodefs.available': '5%' }],
  ])('%s', async (_what, name, text, expected) => {
    expect(await run(['demo', 'apply', file(name, text)])).toMatchObject({ code: 0 });
    expect(await hardOf()).toEqual(expected);
  });

  test.each<readonly [string, string, RegExp]>([
    ['a threshold that cannot be read', 'evictionHard:\n  nodefs.available: "5 %"\n', /nodefs\.available/],
    ['a signal that does not exist', 'evictionHard:\n  disk.available: "5%"\n', /disk\.available/],
    ['a soft threshold without grace period', 'evictionSoft:\n  nodefs.available: "15%"\n', /grace period/],
    ['a duration that is none', 'evictionPressureTransitionPeriod: 5 minutes\n', /evictionPressureTransitionPeriod/],
  ])('%s keeps it down, until one that it accepts', async (_what, fields, why) => {
    const before = await hardOf();
    const broken = await run(['demo', 'apply', file('broken.yaml', CONFIGURATION + fields)]);
    expect(broken).toMatchObject({ code: 1, out: '' });
    expect(broken.err).toMatch(/the simulated kubelet of node-3 did not come back: /);
    expect(broken.err).toMatch(why);
    await expect(hardOf()).rejects.toThrow(/connection refused/);
    pass(45);
    expect((await open.cluster.node('node-3')).node.conditions.find(c => c.type === 'Ready')?.status).toBe('Unknown');

    const old = Object.entries(before).map(([signal, value]) => `  ${signal}: "${value}"\n`);
    const back = file('old.yaml', `${CONFIGURATION}evictionHard:\n${old.join('')}`);
    expect(await run(['demo', 'apply', back, '--node', 'node-3'])).toMatchObject({ code: 0 });
    pass(2);
    expect(await hardOf()).toEqual(before);
    expect((await open.cluster.node('node-3')).node.conditions.find(c => c.type === 'Ready')?.status).toBe('True');
  });

  test('the same once more: said', async () => {
    const path = file('same.yaml', `${CONFIGURATION}evictionHard:\n  nodefs.available: "5%"\n`);
    await run(['demo', 'apply', path]);
    expect((await run(['demo', 'apply', path, '--node', 'node-3'])).err).toContain('it ran so already');
  });
});

describe('which kubelet', () => {
  const cure = () => file('cure.yaml', `${CONFIGURATION}evictionHard:\n  nodefs.available: "5%"\n`);

  test('--node names it', async () => {
    expect((await run(['demo', 'apply', cure(), '--node', 'node-1'])).out).toBe('node/node-1 restarted (SIMULATED)\n');
    expect(await hardOf('node-1')).toEqual({ 'nodefs.available': '5%' });
    expect(await hardOf()).toMatchObject({ 'memory.available': '100Mi' });
  });

  test('one that is not there', async () => {
    const ran = await run(['demo', 'apply', cure(), '--node', 'node-9']);
    expect(ran.code).toBe(1);
    expect(ran.err).toBe('error: the demo has no node node-9\n  try: it has node-1, node-2 and node-3\n');
  });

  test('none under pressure: it must be named', async () => {
    await open.close();
    open = await openSimulated(healthy);
    const ran = await run(['demo', 'apply', cure()]);
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/no node is under pressure: which kubelet is meant\?\n {2}try: add --node: /);
  });
});

describe('which demo', () => {
  const cure = () => file('cure.yaml', `${CONFIGURATION}evictionHard:\n  nodefs.available: "5%"\n`);
  const running = (...files: readonly string[]): Demos => ({
    announce: async () => ({ file: null, withdraw: async () => {} }),
    running: async () => files,
  });
  const apply = (world: TestWorld) => runCommand(['demo', 'apply', cure()], { now: open.clock.now(), ...world });

  test('the one that is open needs no flag', async () => {
    const ran = await apply({ demos: running(open.kubeconfig), env: { KUBECONFIG: '/nonexistent/never-read' } });
    expect(ran).toMatchObject({ code: 0, out: 'node/node-3 restarted (SIMULATED)\n' });
  });

  test('none is open, but $KUBECONFIG names one', async () => {
    expect(await apply({ env: { KUBECONFIG: open.kubeconfig } })).toMatchObject({ code: 0 });
  });

  test("none at all: the user's own kubeconfig is not looked at", async () => {
    const home = mkdtempSync(join(dir, 'home-'));
    writeFileSync(join(home, 'config'), readFileSync(open.kubeconfig));
    const ran = await apply({ homeDir: home });
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/^error: no demo is open\n/);
  });

  test('several: they are listed', async () => {
    const ran = await apply({ demos: running('/run/a', '/run/b') });
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('2 demos are open\n  try: choose one: --kubeconfig /run/a, or --kubeconfig /run/b\n');
  });

  test('a snapshot has no kubelets', async () => {
    const taken = await run(['snapshot', '-o', '-', '--all']);
    const kept = await simulate({ kind: 'snapshot', snapshot: JSON.parse(taken.out) }, 'test');
    try {
      const ran = await runCommand(['demo', 'apply', cure(), '--kubeconfig', file('kept', kept.kubeconfig)]);
      expect(ran.code).toBe(1);
      expect(ran.err).toContain('this demo shows a snapshot');
    } finally {
      await kept.close();
    }
  });

  test.each([
    ['that knows no such path', 404, '{"kind":"Status","reason":"NotFound","code":404}'],
    ['that lets nobody ask', 403, '{"kind":"Status","reason":"Forbidden","code":403}'],
    ['that answers everything with a page', 200, '<html>welcome</html>'],
    ['that answers with some JSON', 200, '{"kind":"APIVersions","items":[{"name":"node-3"}]}'],
  ])('a server %s is left alone', async (_what, status, body) => {
    const stub = await startStub([{ path: '/simulated/kubelets', answers: [{ status, body }] }]);
    const ran = await runCommand(['demo', 'apply', cure(), '--kubeconfig', file('other', kubeconfigFor(stub.url))]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/is not a simulated one, and is left alone/);
    expect(stub.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /simulated/kubelets']);
  });

  test('a server elsewhere is not even asked', async () => {
    const text = readFileSync(open.kubeconfig, 'utf8');
    const path = file('elsewhere', text.replace(/https:\/\/127\.0\.0\.1:\d+/, 'https://cluster.invalid:6443'));
    const ran = await runCommand(['demo', 'apply', cure(), '--kubeconfig', path]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('the cluster at https://cluster.invalid:6443 is not a simulated one');
  });
});

test.each([
  [['apply'], /needs the file/],
  [['apply', ''], /needs the file/],
  [['apply', 'a', 'b'], /takes at most 2/],
  [['aply', 'cure.yaml'], /unexpected argument "aply"/],
  [['apply', 'a', '--serve'], /--serve goes with demo only/],
  [['--node', 'a'], /--node goes with demo apply FILE only/],
  [['--kubeconfig', 'a'], /--kubeconfig goes with demo apply FILE only/],
] as const)('demo %j', async (argv, message) => {
  const ran = await runCommand(['demo', ...argv]);
  expect(ran.code).toBe(2);
  expect(ran.err).toMatch(message);
});

function isEvicted(pod: object): boolean {
  return (pod as { status?: { reason?: string } }).status?.reason === 'Evicted';
}

function kubeconfigFor(server: string): string {
  const clusters = [{ name: 'other', cluster: { server } }];
  const contexts = [{ name: 'other', context: { cluster: 'other', user: 'me' } }];
  const users = [{ name: 'me', user: {} }];
  return JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'other', clusters, contexts, users });
}
