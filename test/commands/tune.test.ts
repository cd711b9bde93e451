import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ran, runCommand, type TestWorld } from '../support/deps.ts';
import { fixture } from '../support/fixtures.ts';
import { type HttpStub, type StubRoute, startStub } from '../support/http-stub.ts';
import { RECORDED_AT, type RecordedParts, recorded, recordedWorld } from '../support/recorded-world.ts';

const NODE = 'k120-node';
const STORY = readFileSync(new URL('../fixtures/targets/story-10-kubeadm.conf', import.meta.url), 'utf8');
const schema = JSON.parse(
  readFileSync(new URL('../../docs/schemas/tune-result.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'evict-tune-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

async function tune(
  argv: readonly string[],
  change: Partial<RecordedParts> = {},
  world: TestWorld = {},
): Promise<Ran & { readonly stub: HttpStub }> {
  const stub = await startStub(recordedWorld(change));
  const ran = await runCommand(['tune', '--server', stub.url, ...argv], { now: RECORDED_AT, ...world });
  return { ...ran, stub };
}

/** Without any cluster. */
const alone = (argv: readonly string[]): Promise<Ran> => runCommand(['tune', ...argv]);

interface Result {
  readonly changes: readonly object[];
  readonly settings: { readonly evictionHard: Readonly<Record<string, string>> };
  readonly whatIf: unknown;
  readonly findings: readonly { readonly code: string }[];
  readonly refusal: string | null;
  readonly document: string | null;
}

function result(ran: Ran): Result {
  const document: unknown = JSON.parse(ran.out);
  validate(document);
  expect(validate.errors).toBeNull();
  return document as Result;
}

describe('the three ways a person types it', () => {
  test('tune --nodefs 5%: the node under pressure, its whole configuration', async () => {
    const { out, err, code } = await tune(['--nodefs', '5%']);
    expect(code).toBe(0);
    expect(load(out)).toMatchObject({
      kind: 'KubeletConfiguration',
      port: expect.any(Number),
      evictionHard: {
        'memory.available': '100Mi',
        'nodefs.available': '5%',
        'nodefs.inodesFree': '5%',
        'imagefs.available': '15%',
      },
    });
    expect(err).toMatch(/^base {6}node k120-node, configz: memory\.available<100Mi/);
    expect(err).toMatch(/^change {4}nodefs\.available {3}10% \(97\.\dMi\) {2}→ {2}5% \(48\.\dMi\)$/m);
    expect(err).toMatch(/^warning {3}single-disk-imagefs-binds: /m);
    expect(err).toMatch(/^verify {4}kubectl evict verify -f kubelet-config\.yaml k120-node --wait 10m$/m);
  });

  test("tune --node N --to 10-kubeadm.conf: kubeadm's drop-in, complete", async () => {
    const { out, code } = await tune(['--node', NODE, '--nodefs', '5%', '--to', '10-kubeadm.conf', '-q']);
    expect(code).toBe(0);
    expect(out).toMatch(/^# compare with `systemctl cat kubelet` first/);
    expect(out).toContain('nodefs.available<5%%,nodefs.inodesFree<5%%,imagefs.available<15%%"');
    expect(out).toContain('ExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS');
  });

  test('tune -f config.yaml --diff: what would change, and no cluster is asked', async () => {
    const path = file(
      'config.yaml',
      '# mine\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nevictionHard:\n  nodefs.available: "10%" # low\n',
    );
    const { out, err, code } = await alone(['-f', path, '--nodefs', '5%', '--diff']);
    expect(code).toBe(0);
    expect(out).toBe(
      `--- ${path}\n+++ ${path} (tuned)\n@@ -2,4 +2,4 @@\n apiVersion: kubelet.config.k8s.io/v1beta1\n kind: KubeletConfiguration\n evictionHard:\n-  nodefs.available: "10%" # low\n+  nodefs.available: "5%" # low\n`,
    );
    expect(err).toContain('what-if   unknown');
  });
});

describe('a file of the user', () => {
  test("the first story's drop-in: one variable and one reference more, memory and inodes kept", async () => {
    const { out, err, code } = await alone([
      '-f',
      file('10-kubeadm.conf', STORY),
      '--nodefs',
      '5%',
      '--kubelet-version',
      '1.20',
    ]);
    expect(code).toBe(0);
    expect(out.split('\n').filter(line => !line.includes('KUBELET_EVICTION_ARGS'))).toEqual(
      STORY.split('\n').filter(line => !line.startsWith('ExecStart=/')),
    );
    expect(out).toContain('memory.available<100Mi,nodefs.available<5%%,nodefs.inodesFree<5%%,imagefs.available<15%%');
    expect(err).toMatch(/defaults of a 1\.20 kubelet are assumed/);
  });

  test('with a node beside it: what the node runs counts, and a contradiction is told', async () => {
    const path = file('config.yaml', 'kind: KubeletConfiguration\nevictionHard: {nodefs.available: "3%"}\n');
    const { out, err, code } = await tune(['--node', NODE, '-f', path, '--imagefs', '5%']);
    expect(code).toBe(0);
    expect(out).toContain('nodefs.available: "10%"');
    expect(err).toMatch(/says nodefs\.available<3%, the node runs memory\.available<100Mi.*wins over the file/);
  });

  test('--write keeps the old file; a second time nothing is left to do', async () => {
    const path = file('kubelet.env', 'KUBELET_EXTRA_ARGS=--v=2\n');
    const first = await alone(['-f', path, '--nodefs', '5%', '--write']);
    expect(first).toMatchObject({ code: 0, out: '' });
    expect(first.err).toContain(`written   ${path}; the old file is kept as ${path}.bak`);
    const written = readFileSync(path, 'utf8');
    expect(written).toMatch(/^KUBELET_EXTRA_ARGS=--v=2 --eviction-hard=.*nodefs\.available<5%/);
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe('KUBELET_EXTRA_ARGS=--v=2\n');
    const second = await alone(['-f', path, '--nodefs', '5%', '--write', '-q']);
    expect(second).toMatchObject({ code: 0, out: '' });
    expect(readFileSync(path, 'utf8')).toBe(written);
    expect(readdirSync(dir).toSorted()).toEqual(['kubelet.env', 'kubelet.env.bak']);
  });

  test.each([
    ['binary', new Uint8Array([0xff, 0xfe, 0x00]), /not UTF-8/],
    ['broken YAML', 'kind: KubeletConfiguration\na: [1\n', /cannot be parsed/],
    ['something else', 'apiVersion: v1\nkind: Pod\n', /no kubelet configuration/],
    ['an alias', 'kind: KubeletConfiguration\nx: &x {memory.available: 1Gi}\nevictionHard: *x\n', /alias/],
    ['numbers for texts', 'kind: KubeletConfiguration\nevictionHard: {memory.available: 100}\n', /wrong type/],
    ['nothing', '', /empty/],
  ])('%s is never touched', async (_, content, reason) => {
    const path = join(dir, 'config.yaml');
    writeFileSync(path, content);
    const { out, err, code } = await alone(['-f', path, '--nodefs', '5%', '--write']);
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toMatch(reason);
    expect(readFileSync(path)).toEqual(Buffer.from(content));
    expect(readdirSync(dir)).toEqual(['config.yaml']);
  });

  test('-o yaml says the same as -o json', async () => {
    const argv = ['--offline', '--nodefs', '5%', '--to', 'flags', '-q'];
    const [json, yaml] = [await alone([...argv, '-o', 'json']), await alone([...argv, '-o', 'yaml'])];
    expect(load(yaml.out)).toEqual(JSON.parse(json.out));
  });
});

describe('refused', () => {
  test.each([
    [['--nodefs', '0'], /must be positive/],
    [['--nodefs', '0%'], /--disable nodefs\.available/],
    [['--nodefs', '100%'], /switches the signal off/],
    [['--nodefs', '5 %'], /is not a percentage/],
    [['--nodefs', '101%'], /must not be above 100%/],
    [['--nodefs', '5%', '--disk', '5%'], /named by two flags: --nodefs and --disk/],
    [['--nodefs', '5%', '--nodefs', '6%'], /--nodefs is given twice/],
    [['--nodefs', '5%', '--disable', 'nodefs.available', '--force'], /--nodefs and --disable/],
    [['--eviction-hard', 'memory.available<1Gi', '--memory', '1Gi'], /named by two flags/],
    [['--eviction-hard', ''], /would switch all eviction off/],
    [['--eviction-hard', 'nodefs.available>5%'], /malformed pair/],
    [['--eviction-hard', 'disk<5%'], /no eviction signal/],
    [['--soft', 'nodefs.available=15%'], /no grace period/],
    [['--soft', 'nodefs.available=15%:90'], /not a duration/],
    [['--soft', 'x'], /SIGNAL=VALUE/],
    [['--min-reclaim', 'nodefs.available=0%'], /minimum reclaim/],
    [['--disable', 'memory'], /--force/],
    [['--transition-period', '0s'], /above zero/],
    [['--max-pod-grace', '-1'], /whole number/],
    [['--kubelet-version', 'x', '--nodefs', '5%'], /expected 1\.29/],
    [['--eviction-hard', 'containerfs.available<5%', '--kubelet-version', '1.28'], /unknown to a kubelet of 1\.28/],
    [[], /no change is asked for/],
    [['--clear'], /--clear and --offline exclude each other|--offline and/],
    [['--nodefs', '5%', '--write'], /--write needs a file/],
    [['--nodefs', '5%', '--fragment', '--to', 'k3s'], /--fragment/],
    [['--nodefs', '5%', '--to', 'chef'], /expected kubeletconfiguration/],
  ])('%j: a usage error, and nothing is written', async (argv, reason) => {
    const { out, err, code } = await alone(['--offline', ...argv]);
    expect({ out, code }).toEqual({ out: '', code: 2 });
    expect(err).toMatch(reason);
  });

  test('a threshold above what is free: no document without --force', async () => {
    const rollback = join(dir, 'rollback.yaml');
    const refused = await tune(['--node', NODE, '--nodefs', '99%', '--rollback', rollback]);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/threshold-above-free/);
    expect(refused.err).toMatch(/^error: not written: on k120-node less is free/m);
    expect(readdirSync(dir)).toEqual([]);
    const asJson = await tune(['--node', NODE, '--nodefs', '99%', '-o', 'json', '-q']);
    expect(asJson.code).toBe(1);
    expect(result(asJson)).toMatchObject({ document: null, refusal: expect.stringContaining('not written') });
    const forced = await tune(['--node', NODE, '--nodefs', '99%', '--force', '-q']);
    expect(forced.code).toBe(0);
    expect(forced.out).toContain('nodefs.available: "99%"');
  });

  test('a target that cannot carry it', async () => {
    const { out, err, code } = await alone(['--offline', '--nodefs', '5%', '--to', 'gke']);
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toMatch(/GKE lets nobody set evictionHard/);
  });

  test('no right to ask kubelets: one sentence, no kubelet is asked', async () => {
    const { out, err, code, stub } = await tune(['--node', NODE, '--nodefs', '5%'], {
      review: { ...recorded('v1.36', 'ssar-denied.json'), status: 201 },
    });
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toMatch(/nodes\/proxy is missing[\s\S]*rbac --for tune/);
    expect(stub.requests.some(r => r.url.includes('/proxy/'))).toBe(false);
  });

  test('a kubelet that does not answer', async () => {
    const { out, err, code } = await tune(['--node', NODE, '--nodefs', '5%'], {
      configz: recorded('v1.20', 'configz-kubelet-down.json', 500),
    });
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toMatch(/read the configuration of node k120-node/);
  });
});

/** A pod of the node that the kubelet may evict, and the kubelet's figures of it. */
function podsOnNode(...names: readonly string[]): readonly StubRoute[] {
  const items = names.map(name => ({
    metadata: { name, namespace: 'shop', uid: name },
    spec: { nodeName: NODE, containers: [{ name: 'c' }] },
    status: { phase: 'Running' },
  }));
  const body = { kind: 'PodList', metadata: {}, items };
  return [{ path: new RegExp(`^/api/v1/pods\\?.*spec\\.nodeName(=|%3D)${NODE}`), answers: [{ body }] }];
}

describe('facts', () => {
  test('where a threshold is met afterwards, the pods that go first are named', async () => {
    const stub = await startStub([...podsOnNode('web', 'db'), ...recordedWorld()]);
    const argv = ['tune', '--server', stub.url, '--node', NODE, '--nodefs', '99%', '--force'];
    const { err, code } = await runCommand(argv, { now: RECORDED_AT });
    expect(code).toBe(0);
    expect(err).toMatch(
      /^what-if {3}evicted first on k120-node, for nodefs\.available: shop\/(web, shop\/db|db, shop\/web)$/m,
    );
    const json = await runCommand([...argv, '-o', 'json', '-q'], { now: RECORDED_AT });
    expect(result(json)).toMatchObject({ firstVictims: { node: NODE, signal: 'nodefs.available', total: 2 } });
  });

  test('without figures the what-if is unknown, and the document is written', async () => {
    const ran = await tune(['--node', NODE, '--nodefs', '5%', '-o', 'json'], {
      stats: recorded('v1.20', 'stats-kubelet-down.json', 500),
    });
    expect(ran.code).toBe(0);
    expect(result(ran)).toMatchObject({ whatIf: 'unknown', refusal: null });
    expect(ran.err).toMatch(/figures of node k120-node could not be read/);
  });

  test('-o json holds the document, the settings and the outlook', async () => {
    const ran = await tune(['--node', NODE, '--disk', '5%', '-o', 'json', '-q']);
    expect(ran.err).toBe('');
    const { changes, settings, whatIf, document } = result(ran);
    expect(changes).toEqual([
      { field: 'evictionHard', signal: 'nodefs.available', from: '10%', to: '5%' },
      { field: 'evictionHard', signal: 'imagefs.available', from: '15%', to: '5%' },
    ]);
    expect(settings.evictionHard['memory.available']).toBe('100Mi');
    expect(whatIf).toMatchObject([{ node: NODE, clears: ['DiskPressure'], stays: [], liftsWithinSeconds: 300 }]);
    expect((load(document ?? '') as { evictionHard: object }).evictionHard).toEqual(settings.evictionHard);
  });

  test('at most two requests to a kubelet', async () => {
    const { stub } = await tune(['--node', NODE, '--nodefs', '5%', '-q']);
    expect(stub.requests.filter(r => r.url.includes('/proxy/'))).toHaveLength(2);
  });

  test('--clear where pressure only lingers: nothing to change, exit 0, no document', async () => {
    const { out, err, code } = await tune(['--node', NODE, '--clear']);
    expect({ out, code }).toEqual({ out: '', code: 0 });
    expect(err).toMatch(/^nothing to change: .*lifts at most 5m/);
  });

  test('--rollback holds what is in effect today, and never overwrites a file', async () => {
    const path = join(dir, 'rollback.yaml');
    expect((await tune(['--node', NODE, '--nodefs', '5%', '-q', '--rollback', path])).code).toBe(0);
    const kept = load(readFileSync(path, 'utf8')) as { readonly evictionHard: object };
    const now = fixture('v1.20', 'configz.json') as { readonly kubeletconfig: { readonly evictionHard: object } };
    expect(kept.evictionHard).toEqual(now.kubeletconfig.evictionHard);
    const again = await tune(['--node', NODE, '--nodefs', '5%', '-q', '--rollback', path]);
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(again.err).toMatch(/exists already/);
  });

  test('names and values of a cluster cannot move the cursor', async () => {
    const node = structuredClone(fixture('v1.20', 'node.json')) as {
      metadata: { name: string };
      status: { nodeInfo: { kubeletVersion: string } };
    };
    node.status.nodeInfo.kubeletVersion = 'v1.20.2\u001b[2J';
    const configz = structuredClone(fixture('v1.20', 'configz.json')) as {
      kubeletconfig: { evictionHard: Record<string, string> };
    };
    configz.kubeletconfig.evictionHard['pid.available\u001b[31m'] = '5%\u0007';
    const { out, err, code } = await tune(['--node', NODE, '--nodefs', '5%'], {
      node: { body: node },
      configz: { body: configz },
    });
    expect(`${out}${err}`).not.toMatch(/[\u0007\u001b]/);
    expect(code).toBe(2);
  });
});

describe("kubeadm's ConfigMap", () => {
  const text = '# by kubeadm\nkind: KubeletConfiguration\nevictionHard:\n  nodefs.available: 10% # low\n';
  const one = (name: string) => ({ metadata: { name, namespace: 'kube-system' }, data: { kubelet: text } });

  test.each<readonly [string, readonly StubRoute[], string]>([
    [
      'of today',
      [
        {
          path: '/api/v1/namespaces/kube-system/configmaps/kubelet-config',
          answers: [{ body: one('kubelet-config') }],
        },
      ],
      'kubelet-config',
    ],
    [
      'with the version in its name, as up to 1.23',
      [
        {
          path: '/api/v1/namespaces/kube-system/configmaps/kubelet-config-1.20',
          answers: [{ body: one('kubelet-config-1.20') }],
        },
        { path: /^\/api\/v1\/namespaces\/kube-system\/configmaps\/kubelet-config/, answers: [{ status: 404 }] },
      ],
      'kubelet-config-1.20',
    ],
  ])('%s', async (_, routes, name) => {
    const stub = await startStub([...routes, ...recordedWorld()]);
    const argv = ['tune', '--server', stub.url, '--node', NODE, '--nodefs', '5%', '--to', 'kubeadm-configmap'];
    const { out, err, code } = await runCommand(argv, { now: RECORDED_AT });
    expect(code, err).toBe(0);
    expect(out).toContain(`  name: ${name}\n`);
    expect(out).toContain('    # by kubeadm\n');
    expect(out).toContain('      nodefs.available: 5% # low\n');
    expect(err).toContain(`patch configmap ${name} --patch-file kubelet-config-map.yaml`);
  });

  test('is never read offline', async () => {
    const { code, err } = await alone(['--offline', '--nodefs', '5%', '--to', 'kubeadm-configmap']);
    expect(code).toBe(1);
    expect(err).toMatch(/was not read/);
  });
});

describe('several nodes', () => {
  const world = (configs: readonly object[]): readonly StubRoute[] => {
    const base = fixture('v1.20', 'node.json') as { readonly metadata: object };
    const nodes = configs.map((_, i) => ({ ...base, metadata: { ...base.metadata, name: `n${i}` } }));
    const rest = recordedWorld({ nodes: { body: { kind: 'NodeList', metadata: {}, items: nodes } } });
    return [
      ...configs.flatMap((evictionHard, i): StubRoute[] => [
        { path: `/api/v1/nodes/n${i}/proxy/configz`, answers: [{ body: { kubeletconfig: { evictionHard } } }] },
        { path: `/api/v1/nodes/n${i}/proxy/stats/summary`, answers: [recorded('v1.20', 'stats-summary.json')] },
      ]),
      ...rest,
    ];
  };

  test('with one configuration: one document for all, and a what-if for each', async () => {
    const same = { 'memory.available': '100Mi', 'nodefs.available': '10%' };
    const stub = await startStub(world([same, same, { ...same, 'memory.available': '102400Ki' }]));
    const ran = await runCommand(['tune', '--server', stub.url, '--nodefs', '5%', '-o', 'json', '-q']);
    expect(ran.code, ran.err).toBe(0);
    expect(result(ran).whatIf).toHaveLength(3);
  });

  test('with different ones: the groups on stderr, exit 2, stdout empty', async () => {
    const stub = await startStub(
      world([{ 'nodefs.available': '10%' }, { 'nodefs.available': '10%' }, { 'nodefs.available': '5%' }]),
    );
    const { out, err, code } = await runCommand(['tune', '--server', stub.url, '--nodefs', '3%']);
    expect({ out, code }).toEqual({ out: '', code: 2 });
    expect(err).toMatch(/^n0, n1: nodefs\.available<10%\nn2: nodefs\.available<5%\nerror: the nodes run 2 different/);
    expect(err).toContain('tune --node n0');
  });
});
