import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  call,
  cleanEnv,
  describeIf,
  evict,
  kubectl,
  missing,
  restore,
  scenario,
  startEvict,
  VIEWER,
} from './support/cluster.ts';

interface Signal {
  readonly signal: string;
  readonly state: string;
  readonly available: number;
  readonly capacity: number;
  readonly hard: { readonly value: string; readonly amount: number } | null;
}

interface Item {
  readonly name: string;
  readonly state: string;
  readonly bindingSignal: string | null;
  readonly pressure: readonly string[];
  readonly evictedPods: number;
  readonly signals: readonly Signal[];
  readonly config: { readonly evictionHard: Readonly<Record<string, string>> };
  readonly findings: readonly { readonly code: string; readonly severity: string }[];
}

interface Document {
  readonly summary: { readonly evictedPods: number; readonly nodes: number };
  readonly items: readonly Item[];
  readonly errors: readonly unknown[];
}

const schema = new URL('../../docs/schemas/node-status-list.json', import.meta.url);
const validate = new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(schema, 'utf8')));

/** The document of a run, valid against its schema. */
function survey(...args: readonly string[]): Document {
  const done = evict(['status', ...args, '-o', 'json']);
  expect(done.err).toBe('');
  expect(done.code).toBe(0);
  const document: unknown = JSON.parse(done.out);
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
  return document as Document;
}

const raw = (path: string): Record<string, never> => JSON.parse(kubectl('get', '--raw', path)) as Record<string, never>;

/** The first node that is Ready: scenarios bring their own. */
function nodeName(): string {
  const ready = kubectl(
    'get',
    'nodes',
    '-o',
    'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}',
  );
  const name = /^(\S+) True$/m.exec(ready)?.[1];
  if (name === undefined) throw new Error(`no ready node: ${ready}`);
  return name;
}

/** Evicted pods by an independent count. */
function countEvicted(): number {
  const pods = JSON.parse(kubectl('get', 'pods', '-A', '-o', 'json')) as {
    readonly items: readonly { readonly status: { readonly phase: string; readonly reason?: string } }[];
  };
  return pods.items.filter(p => p.status.phase === 'Failed' && p.status.reason === 'Evicted').length;
}

describeIf(missing('kubectl', 'cluster'), 'status on a real cluster', () => {
  let node = '';
  beforeAll(() => {
    node = nodeName();
  });

  test('thresholds as in configz, figures as in stats/summary', () => {
    const stats = raw(`/api/v1/nodes/${node}/proxy/stats/summary`);
    const [item] = survey(node).items;
    const config = raw(`/api/v1/nodes/${node}/proxy/configz`) as unknown as {
      readonly kubeletconfig: { readonly evictionHard?: Record<string, string> };
    };
    expect(item?.config.evictionHard).toEqual(config.kubeletconfig.evictionHard);
    const nodefs = item?.signals.find(s => s.signal === 'nodefs.available');
    const fs = (stats as unknown as { node: { fs: { availableBytes: number; capacityBytes: number } } }).node.fs;
    expect(nodefs?.capacity).toBe(fs.capacityBytes);
    expect(Math.abs((nodefs?.available ?? 0) - fs.availableBytes)).toBeLessThanOrEqual(fs.availableBytes * 0.01);
  });

  test('the table, wide, name and yaml forms', () => {
    expect(evict(['status', '--all']).out).toMatch(
      /^NODE +PRESSURE +SIGNAL +AVAILABLE +THRESHOLD +HEADROOM +STATE +EVICTED +SINCE\n/,
    );
    expect(evict(['status', '--all', '-owide']).out).toContain('LAST-SEEN');
    expect(evict(['status', '--all', '-o', 'name']).out).toContain(`node/${node}\n`);
    expect(evict(['status', node, '-oyaml']).out).toMatch(/^apiVersion: kubectl-evict\/v1\nkind: NodeStatusList\n/);
  });

  test('--selector', () => {
    expect(survey('-l', `kubernetes.io/hostname=${node}`).items.map(i => i.name)).toEqual([node]);
    const none = evict(['status', '-l', 'no-such-label', '-o', 'json']);
    expect(none).toMatchObject({ code: 0, err: 'warning: no node matches the selector no-such-label\n' });
    expect((JSON.parse(none.out) as Document).items).toEqual([]);
    expect(evict(['status', '-l', 'a=b=c']).code).toBe(1);
  });

  test('an unknown node', () => {
    const done = evict(['status', 'no-such-node']);
    expect(done.code).toBe(1);
    expect(done.err).toMatch(/no-such-node.*not found/);
  });

  test('a closed pipe ends it quietly', () => {
    const done = spawnSync('bash', ['-c', 'set -o pipefail; kubectl evict status --all -ojson | head -n 1'], {
      env: cleanEnv(),
      encoding: 'utf8',
    });
    expect(done.stdout).toBe('{\n');
    expect(done.stderr).toBe('');
  });

  test('-w goes on until Ctrl-C, and ends with 130', async () => {
    const child = startEvict(['status', '--all', '-w', '-ojson', '--interval', '2s']);
    let out = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.stdout?.on('data', chunk => {
        out += String(chunk);
        if (out.split('\n').length > 2) resolve();
      });
    });
    child.kill('SIGINT');
    const code = await new Promise(resolve => child.once('close', resolve));
    expect(code).toBe(130);
    for (const line of out.trimEnd().split('\n')) expect(JSON.parse(line)).toMatchObject({ kind: 'NodeStatusList' });
  });
});

describeIf(missing('kubectl', 'cluster', 'viewer'), 'a user who may only list nodes and pods', () => {
  test('sees what may be seen, asks no kubelet, and learns which right is missing', () => {
    const done = evict(['status', '--all', '-v6'], { KUBECONFIG: VIEWER ?? '' });
    expect(done.code).toBe(0);
    expect(done.out).toContain('no right: nodes/proxy');
    expect(done.err).not.toContain('/proxy/');
    expect(done.err).toContain('warning: the right to get nodes/proxy is missing');
    expect(done.err).toContain('kubectl evict rbac --for status');
  });
});

describeIf(missing('kubectl', 'cluster', 'scenarios'), 'while a real kubelet evicts', () => {
  let node = '';
  beforeAll(() => {
    restore();
    node = nodeName();
  });
  afterAll(restore);

  test('evict-real disk: the node is listed with its Evicted pods, and recovering once the disk is free again', async () => {
    expect(survey().items).toEqual([]);
    scenario('evict-real', 'disk');
    const { items, summary } = survey();
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ name: node, pressure: ['DiskPressure'] });
    expect(items[0]?.evictedPods).toBe(countEvicted());
    expect(summary.evictedPods).toBe(countEvicted());
    expect(items[0]?.evictedPods).toBeGreaterThanOrEqual(2);
    // The evicted pod's disk space is free within seconds, the kubelet's figures follow; the condition stays for the
    // transition period.
    await expect.poll(() => survey().items[0]?.state, { timeout: 60_000, interval: 500 }).toBe('recovering');
    expect(survey().items[0]?.findings.map(f => f.code)).toContain('recovering');
    expect(evict(['status']).out).toMatch(
      new RegExp(`^${node} +DiskPressure +imagefs\\.available .* recovering `, 'm'),
    );
  });

  test('evict-real threshold: BREACHED, with the threshold that the kubelet runs', () => {
    restore();
    scenario('evict-real', 'threshold');
    const [item] = survey().items;
    expect(item).toMatchObject({ state: 'BREACHED', bindingSignal: 'nodefs.available', pressure: ['DiskPressure'] });
    const nodefs = item?.signals.find(s => s.signal === 'nodefs.available');
    expect(nodefs?.hard?.value).toBe('99.9%');
    const stats = raw(`/api/v1/nodes/${node}/proxy/stats/summary`) as unknown as {
      node: { fs: { availableBytes: number } };
    };
    const free = stats.node.fs.availableBytes;
    expect(Math.abs((nodefs?.available ?? 0) - free)).toBeLessThanOrEqual(free * 0.01);
    expect(item?.findings).toContainEqual(expect.objectContaining({ code: 'breached', severity: 'error' }));
    expect(evict(['status', '--exit-code']).code).toBe(3);
    expect(evict(['status', '-o', 'name']).out).toBe(`node/${node}\n`);
  });

  test('a kubelet configured with one threshold only: the rest is told to be unprotected', () => {
    restore();
    const dir = mkdtempSync(join(tmpdir(), 'evict-'));
    try {
      const file = join(dir, 'one.yaml');
      writeFileSync(file, 'evictionHard:\n  nodefs.available: "5%"\n');
      scenario('kubelet', 'config', file);
    } finally {
      rmSync(dir, { recursive: true });
    }
    const [item] = survey(node).items;
    const states = Object.fromEntries((item?.signals ?? []).map(s => [s.signal, s.state]));
    expect(states).toMatchObject({
      'memory.available': 'UNPROTECTED',
      'nodefs.available': 'ok',
      'nodefs.inodesFree': 'UNPROTECTED',
      'imagefs.available': 'covered',
      'pid.available': 'none',
    });
    expect(item?.findings).toContainEqual(expect.objectContaining({ code: 'threshold-wiped', severity: 'error' }));
    scenario('kubelet', 'config', '--reset');
  });

  test('a stopped kubelet: the row says so, exit 0', () => {
    scenario('kubelet', 'stop');
    try {
      const done = evict(['status', node]);
      expect(done.code).toBe(0);
      expect(done.out).toMatch(new RegExp(`^${node} .*kubelet unreachable .*unknown`, 'm'));
      expect(done.out).toContain('kubelet-unreadable');
      expect(evict(['status', node, '--exit-code']).code).toBe(3);
    } finally {
      scenario('kubelet', 'start');
    }
  });
});

describeIf(missing('kubectl'), 'bad worlds', () => {
  const sentence = /^error: [^\n]+\n {2}try: [^\n]+\n$/;

  test('no kubeconfig', () => {
    const done = evict(['status'], { KUBECONFIG: '' });
    expect(done).toMatchObject({ code: 1, out: '' });
    expect(done.err).toMatch(sentence);
  });

  test('nobody listens', () => {
    const done = evict(['status', '-s', 'https://127.0.0.1:9'], { KUBECONFIG: '' });
    expect(done).toMatchObject({ code: 1, out: '' });
    expect(done.err).toMatch(sentence);
  });

  test('an unknown flag', () => {
    const done = evict(['status', '--frob']);
    expect(done).toMatchObject({ code: 2, out: '' });
    expect(done.err).toBe('error: unknown flag: --frob\nSee "kubectl evict status --help".\n');
  });

  test('called without kubectl, too', () => {
    expect(call('kubectl-evict', ['version'], cleanEnv())).toMatchObject({ code: 0, err: '' });
  });
});

describeIf(missing('kubectl', 'cluster'), 'bad credentials and certificates', () => {
  const server = (): string => kubectl('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}').trim();

  test('an expired or unknown token', () => {
    const done = evict(['status', '-s', server(), '--token', 'expired', '--insecure-skip-tls-verify'], {
      KUBECONFIG: '',
    });
    expect(done.code).toBe(1);
    expect(done.err).toMatch(/^error: [^\n]*(unauthorized|credentials)[^\n]*\n {2}try: [^\n]+\n$/i);
    expect(done.err).not.toContain('expired --');
  });

  test('an untrusted certificate', () => {
    const done = evict(['status', '-s', server()], { KUBECONFIG: '' });
    expect(done.code).toBe(1);
    expect(done.err).toMatch(/^error: [^\n]*certificate[^\n]*\n {2}try: [^\n]+\n$/);
  });
});

describe('the harness', () => {
  test('says why it skips', () => {
    expect(missing()).toBeNull();
  });
});
