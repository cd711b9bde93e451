import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { manualClock, realClock } from '../../src/simulator/clock.ts';
import { type ClusterWorld, createCluster } from '../../src/simulator/cluster.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { openWorld } from '../../src/simulator/kubelet/world.ts';
import type { NodeAgent } from '../../src/simulator/node-agent.ts';
import { loadGenerated } from '../../src/simulator/scenarios/generated.ts';
import { findScenario } from '../../src/simulator/scenarios/registry.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type Ran, runCommand } from '../support/deps.ts';

const NOW = Date.UTC(2026, 10, 23, 3, 0, 0);

let dir = '';
let files = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'evict-simulated-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function simulator(cluster: ClusterWorld, agents: Iterable<readonly [string, NodeAgent]>): Promise<Simulator> {
  const started = await startSimulator({ cluster, version: '1.36' });
  for (const [name, agent] of agents) started.setAgent(name, agent);
  onTestFinished(() => started.close());
  return started;
}

async function scenario(name: string): Promise<Simulator> {
  const found = findScenario(name);
  if (found === undefined) throw new Error(name);
  const cluster = createCluster({ clock: manualClock(NOW), seed: found.seed });
  const world = openWorld({ cluster, scenario: found });
  onTestFinished(() => world.stop());
  return simulator(
    cluster,
    [...world.nodes].map(([node, { agent }]) => [node, agent] as const),
  );
}

function run(on: Simulator, argv: readonly string[], user = 'admin'): Promise<Ran> {
  files += 1;
  const kubeconfig = join(dir, `kubeconfig-${files}`);
  writeFileSync(kubeconfig, on.kubeconfigFor(user));
  return runCommand([...argv, '--kubeconfig', kubeconfig], { now: NOW });
}

interface Item {
  readonly name: string;
  readonly state: string;
  readonly bindingSignal: string | null;
  readonly evictedPods: number;
  readonly findings: readonly { readonly code: string }[];
}

interface Document {
  readonly summary: Readonly<Record<string, number | null>>;
  readonly items: readonly Item[];
  readonly errors: readonly { readonly what: string; readonly node: string | null; readonly reason: string }[];
}

const document = (ran: Ran): Document => JSON.parse(ran.out) as Document;

describe('500 nodes, of which 50 hang', () => {
  let hanging: ReadonlySet<string>;
  let on: Simulator;
  let ran: Ran;

  beforeAll(async () => {
    const cluster = createCluster({ clock: manualClock(NOW) });
    const { agents } = loadGenerated(cluster, { nodes: 500, pods: 3000, evicted: 700, seed: 7 });
    hanging = new Set([...agents.keys()].filter((_name, i) => i % 10 === 3));
    on = await startSimulator({ cluster, version: '1.36', kubeletHangMs: Number.POSITIVE_INFINITY });
    const silent: NodeAgent = { configz: () => ({ hang: true }), statsSummary: () => ({ hang: true }) };
    for (const [name, agent] of agents) on.setAgent(name, hanging.has(name) ? silent : agent);
    const kubeconfig = join(dir, 'kubeconfig-500');
    writeFileSync(kubeconfig, on.kubeconfigFor('admin'));
    ran = await runCommand(['status', '--all', '-ojson', '--kubelet-timeout', '4s', '--kubeconfig', kubeconfig], {
      now: NOW,
    });
  }, 60_000);
  afterAll(() => on.close());

  test('every node is there; the hanging ones are unknown, with the reason', () => {
    expect(ran.code).toBe(0);
    const { items, errors, summary } = document(ran);
    expect(items).toHaveLength(500);
    expect(new Set(items.filter(i => i.state === 'unknown').map(i => i.name))).toEqual(hanging);
    expect(errors).toHaveLength(100);
    expect(errors.every(e => e.reason === 'timeout')).toBe(true);
    expect(summary).toMatchObject({ nodes: 500, unreadable: 50, evictedPods: 700 });
  });

  test('two requests a kubelet, one to a hanging one, none repeated, never more than the pool at a time', () => {
    const asked = on.requests.filter(r => r.url.includes('/proxy/'));
    expect(asked).toHaveLength(950);
    expect(new Set(asked.map(r => r.url)).size).toBe(950);
    const stats = on.stats();
    // 50 hanging requests in a pool of 64 leave room for the others: one time-out, and no second one. The server may notice
    // the end of a request after the beginning of the next one; the sockets are the bound.
    expect(stats.peakProxy).toBeLessThanOrEqual(64 + 8);
    expect(stats.peakSockets).toBeLessThanOrEqual(64 + 8);
  });

  test('lists are paged, and nothing is asked twice', () => {
    const lists = on.requests
      .filter(r => !r.url.includes('/proxy/'))
      .map(r => r.url.replace(/continue=[^&]+/, 'continue=T'));
    expect(lists.filter(url => url.startsWith('/api/v1/pods')).length).toBe(Math.ceil(700 / 500));
    expect(lists.every(url => !url.startsWith('/api/v1/nodes?') || url.includes('limit=500'))).toBe(true);
  });
});

describe('the mixed cluster', () => {
  test('every state that a cluster can show is there, and told apart', async () => {
    const on = await scenario('mixed');
    const { items, summary } = document(await run(on, ['status', '--all', '-ojson', '--kubelet-timeout', '3s']));
    expect(items).toHaveLength(40);
    const codes = new Set(items.flatMap(i => i.findings.map(f => f.code)));
    for (const code of [
      'threshold-wiped',
      'config-drift',
      'kubelet-unreadable',
      'stale',
      'single-disk-imagefs-binds',
    ]) {
      expect(codes).toContain(code);
    }
    expect(new Set(items.map(i => i.state)).size).toBeGreaterThanOrEqual(4);
    expect(summary['unreadable']).toBeGreaterThan(0);
  }, 60_000);

  test('as the viewer: no kubelet is asked', async () => {
    const on = await scenario('mixed');
    const { errors } = document(await run(on, ['status', '--all', '-ojson'], 'viewer'));
    expect(on.requests.filter(r => r.url.includes('/proxy/'))).toEqual([]);
    expect(errors.map(e => e.what)).toContain('nodes/proxy');
  });
});

describe('faults on the lists end in the right answer or a clear error', () => {
  const faults: readonly (readonly [string, Fault])[] = [
    ['429', { type: 'status', code: 429, retryAfterSeconds: 1 }],
    ['429 as text', { type: 'status', code: 429, text: true }],
    ['503', { type: 'status', code: 503 }],
    ['500', { type: 'status', code: 500 }],
    ['a cut connection', { type: 'cut' }],
    ['a connection cut in the body', { type: 'cut-body' }],
    ['a truncated body', { type: 'truncate' }],
    ['no JSON', { type: 'malformed' }],
    ['HTML', { type: 'html' }],
  ];

  test.each(faults)('%s, once on each list: waited out, or said', async (_what, fault) => {
    const on = await scenario('story');
    const right = document(await run(on, ['status', '-ojson']));
    on.faults.add({ fault, match: { verb: 'list' }, times: 3 });
    const ran = await run(on, ['status', '-ojson']);
    expect([0, 1]).toContain(ran.code);
    if (ran.code === 1) {
      expect(ran.out).toBe('');
      expect(ran.err).toMatch(/^error: [^\n]+\n/);
      return;
    }
    const { items, errors, summary } = document(ran);
    // What is missing is null and named; what is there is right.
    expect(items.map(i => [i.name, i.bindingSignal])).toEqual(right.items.map(i => [i.name, i.bindingSignal]));
    if (errors.some(e => e.what === 'pods')) expect(summary['evictedPods']).toBeNull();
    else expect(summary['evictedPods']).toBe(right.summary['evictedPods']);
  });

  test('429 and cut connections at 30 %, seeded: fifty runs, never a wrong figure', async () => {
    const on = await scenario('story');
    const right = document(await run(on, ['status', '-ojson']));
    on.faults.add({
      fault: { type: 'status', code: 429, retryAfterSeconds: 1 },
      match: { verb: 'list' },
      probability: 0.15,
    });
    on.faults.add({ fault: { type: 'cut' }, match: { verb: 'list' }, probability: 0.15 });
    for (let i = 0; i < 50; i += 1) {
      const ran = await run(on, ['status', '-ojson']);
      expect(ran.err).not.toContain('internal error');
      if (ran.code !== 0) continue;
      const { summary, errors } = document(ran);
      if (!errors.some(e => e.what === 'pods')) expect(summary['evictedPods']).toBe(right.summary['evictedPods']);
    }
  });
});

describe('hostile input, through the whole command', () => {
  const control = fc.constantFrom(
    '\u001b[2J',
    '\u001b]0;x\u0007',
    '\u009b31m',
    '\u202e',
    '\u2066',
    '\r',
    '\u0000',
    '\u0085',
  );
  const nasty = fc.array(fc.oneof(fc.string({ maxLength: 8 }), control), { maxLength: 5 }).map(parts => parts.join(''));
  const key = fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'type',
    'status',
    'name',
    'reason',
    'evictionHard',
    'node',
  );
  const junk = fc.letrec(tie => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      nasty,
      fc.integer(),
      fc.double(),
      fc.constantFrom(null, true, 1e308, -1),
      fc.dictionary(key, tie('any'), { maxKeys: 4 }),
      fc.array(tie('any'), { maxLength: 3 }),
    ),
  })).any;
  // The line feed ends lines of our own; everything else that a terminal obeys must not come through.
  const harmful = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

  const body = (value: unknown) => ({ status: 200, contentType: 'application/json', body: JSON.stringify(value) });

  test('nodes, pods, events and kubelets of any shape: no crash, no escape', async () => {
    const cluster = createCluster({ clock: realClock() });
    const on = await simulator(cluster, []);
    let n = 0;
    await fc.assert(
      fc.asyncProperty(junk, junk, junk, nasty, async (status, configz, stats, text) => {
        n += 1;
        const name = `node-${n % 3}`;
        const pressure = {
          type: 'DiskPressure',
          status: 'True',
          reason: text,
          message: text,
          lastTransitionTime: text,
        };
        const info = { kubeletVersion: text, operatingSystem: text, osImage: text, architecture: text };
        cluster.upsert('Node', {
          metadata: { name, labels: { [`l${text}`]: text, 'eks.amazonaws.com/nodegroup': text } },
          status:
            n % 2 === 0 ? { conditions: [pressure, status], nodeInfo: info } : { conditions: status, nodeInfo: status },
        } as never);
        cluster.upsert('Pod', {
          metadata: {
            name: `pod-${n % 5}`,
            namespace: 'default',
            ownerReferences: [{ kind: text, name: text, controller: true, apiVersion: 'v1', uid: 'u' }],
          },
          spec: { nodeName: name, affinity: status },
          status: { phase: 'Failed', reason: 'Evicted', message: text, conditions: status },
        } as never);
        cluster.upsert('Event', {
          metadata: { name: `event-${n % 5}`, namespace: 'default' },
          reason: n % 2 === 0 ? 'Evicted' : 'FailedDaemonPod',
          message: `Found failed daemon pod default/${text} on node ${name}, ${text}`,
          involvedObject: status,
          source: { host: name },
          count: status,
          lastTimestamp: new Date().toISOString(),
        } as never);
        on.setAgent(name, {
          configz: () =>
            body(n % 2 === 0 ? { kubeletconfig: { evictionHard: configz, syncFrequency: '1m' } } : configz),
          statsSummary: () => body(n % 2 === 0 ? { node: stats } : stats),
        });
        for (const argv of [
          ['status'],
          ['status', '--all', '-owide'],
          ['status', name],
          ['status', '--all', '-oyaml'],
        ]) {
          const ran = await run(on, argv);
          expect(ran.code).toBe(0);
          expect(ran.out + ran.err).not.toMatch(harmful);
          expect(ran.err).not.toContain('internal error');
        }
      }),
      { numRuns: 60 },
    );
  });

  test('texts of a megabyte, and JSON a thousand levels deep', async () => {
    const cluster = createCluster({ clock: realClock() });
    const long = 'x\u001b'.repeat(500_000);
    cluster.upsert('Node', {
      metadata: { name: 'huge' },
      status: {
        conditions: [{ type: 'DiskPressure', status: 'True', reason: long, message: long }],
        nodeInfo: { kubeletVersion: long, osImage: long },
      },
    } as never);
    const deep = `${'{"node":'.repeat(1000)}1${'}'.repeat(1000)}`;
    const on = await simulator(cluster, [
      [
        'huge',
        {
          configz: () =>
            body({ kubeletconfig: { evictionHard: { 'nodefs.available': long, [long]: '5%' }, syncFrequency: '1m' } }),
          statsSummary: () => ({ status: 200, contentType: 'application/json', body: deep }),
        },
      ],
    ]);
    for (const argv of [
      ['status', '-owide'],
      ['status', 'huge'],
      ['status', '-ojson'],
    ]) {
      const ran = await run(on, argv);
      expect(ran.code).toBe(0);
      expect(ran.out + ran.err).not.toMatch(harmful);
    }
  });
});
