import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realClock } from '../../src/simulator/clock.ts';
import { createCluster } from '../../src/simulator/cluster.ts';
import type { KubeObject } from '../../src/simulator/objects.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { runCommand } from '../support/deps.ts';

const SECRET = 'pl4nted-s3cret';

let on: Simulator;
let dir = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'evict-secrets-'));
  const cluster = createCluster({ clock: realClock() });
  const annotations = { 'example.com/token': SECRET, 'kubectl.kubernetes.io/last-applied-configuration': SECRET };
  const node: KubeObject = {
    metadata: { name: 'node-1', annotations, labels: { 'example.com/key': SECRET } },
    spec: { providerID: 'kind://node-1' },
    status: {
      conditions: [{ type: 'DiskPressure', status: 'True', lastTransitionTime: new Date().toISOString() }],
      nodeInfo: { kubeletVersion: 'v1.31.0', operatingSystem: 'linux', machineID: SECRET },
      addresses: [{ type: 'InternalIP', address: SECRET }],
    },
  };
  cluster.upsert('Node', node);
  const container = {
    name: 'main',
    image: `registry.example/${SECRET}:1`,
    command: ['run', `--password=${SECRET}`],
    env: [{ name: 'PASSWORD', value: SECRET }],
  };
  cluster.upsert('Pod', {
    metadata: { name: 'web-1', namespace: 'shop', annotations, labels: { token: SECRET } },
    spec: { nodeName: 'node-1', containers: [container], volumes: [{ name: 'v', secret: { secretName: SECRET } }] },
    status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory. ' },
  });
  cluster.upsert('Event', {
    metadata: { name: 'e', namespace: 'shop', annotations },
    reason: 'Evicted',
    message: 'The node was low on resource: memory. ',
    involvedObject: { kind: 'Pod', name: 'web-1', namespace: 'shop' },
  });
  on = await startSimulator({ cluster, users: [{ name: 'admin', token: SECRET, groups: ['system:masters'] }] });
  const answer = (body: unknown) => ({ status: 200, contentType: 'application/json', body: JSON.stringify(body) });
  on.setAgent('node-1', {
    configz: () =>
      answer({
        kubeletconfig: {
          evictionHard: { 'memory.available': '100Mi' },
          syncFrequency: '1m',
          staticPodURLHeader: { Authorization: [SECRET] },
          providerID: SECRET,
        },
      }),
    statsSummary: () =>
      answer({ node: { nodeName: 'node-1', memory: { availableBytes: 1e9, workingSetBytes: 1e9 }, secret: SECRET } }),
  });
  writeFileSync(join(dir, 'kubeconfig'), on.kubeconfigFor('admin'));
});
afterAll(async () => {
  await on.close();
  rmSync(dir, { recursive: true });
});

describe('planted in the kubeconfig, in environments, commands, annotations and labels', () => {
  const commands: readonly (readonly string[])[] = [
    ['status'],
    ['status', '-ojson'],
    ['status', '-oyaml', '--all'],
    ['status', 'node-1'],
    ['status', 'no-such-node'],
    ['status', '-l', 'a=b=c'],
    ['snapshot', '-o', '-', '--all'],
    ['status', '--token', SECRET],
    ['status', '--token', `${SECRET}-wrong`],
    ['status', '--server', 'https://127.0.0.1:9'],
  ];

  test.each(commands.flatMap(argv => ['0', '1', '6', '10'].map(v => [argv, v] as const)))(
    '%j -v=%s',
    async (argv, v) => {
      const { out, err } = await runCommand([...argv, `-v=${v}`, '--kubeconfig', join(dir, 'kubeconfig')]);
      expect(out + err).not.toBe('');
      expect(out).not.toContain(SECRET);
      expect(err).not.toContain(SECRET);
    },
  );

  test('and the secret is there to be found: it is how the server is asked', async () => {
    await runCommand(['status', '--kubeconfig', join(dir, 'kubeconfig')]);
    expect(on.requests.at(-1)?.user).toBe('admin');
  });
});
