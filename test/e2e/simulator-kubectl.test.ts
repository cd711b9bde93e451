import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realClock } from '../../src/simulator/clock.ts';
import { createCluster } from '../../src/simulator/cluster.ts';
import type { KubeObject } from '../../src/simulator/objects.ts';
import type { SimulatedVersion } from '../../src/simulator/resources.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { fixture, fixtureText } from '../support/fixtures.ts';

const run = promisify(execFile);

async function hasKubectl(): Promise<boolean> {
  try {
    await run('kubectl', ['version', '--client']);
    return true;
  } catch {
    return false;
  }
}

const available = await hasKubectl();

function items(version: SimulatedVersion, file: string): readonly KubeObject[] {
  // biome-ignore lint/suspicious/noExplicitAny: a recorded list
  return (fixture(`v${version}`, file) as any).items;
}

describe.each<[SimulatedVersion, string, string]>([
  ['1.20', 'nodes.json', 'k120-node'],
  ['1.36', 'nodes-list.json', 'k136-node1'],
])('kubectl and the simulator of %s', (version, nodes, node) => {
  if (!available) {
    test.skip('skipped: there is no kubectl on the PATH', () => {});
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'simulator-kubectl-'));
  let simulator: Simulator;

  const kubectl = async (user: string, ...args: readonly string[]): Promise<string> => {
    const env = { PATH: process.env['PATH'], HOME: folder };
    try {
      const options = { env };
      const { stderr, stdout } = await run('kubectl', [`--kubeconfig=${join(folder, user)}`, ...args], options);
      return stdout + stderr;
    } catch (error) {
      if (!(error instanceof Error) || !('stderr' in error) || !('stdout' in error)) throw error;
      return `${String(error.stdout)}${String(error.stderr)}`;
    }
  };

  beforeAll(async () => {
    const cluster = createCluster({ clock: realClock() });
    for (const object of items(version, nodes)) cluster.upsert('Node', object);
    for (const object of items(version, 'pods-evicted.json')) cluster.upsert('Pod', object);
    for (const object of items(version, 'events.json')) cluster.upsert('Event', object);
    simulator = await startSimulator({ cluster, version });
    const body = fixtureText(`v${version}`, 'configz.json');
    const answer = () => ({ status: 200, contentType: 'application/json', body });
    simulator.setAgent(node, { configz: answer, statsSummary: answer });
    writeFileSync(join(folder, 'admin'), simulator.kubeconfigFor('admin'));
    writeFileSync(join(folder, 'certificate'), simulator.kubeconfigFor('admin', { auth: 'certificate' }));
    writeFileSync(join(folder, 'viewer'), simulator.kubeconfigFor('viewer', { auth: 'certificate' }));
  });
  afterAll(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true });
  });

  test('get nodes, with a token and with a certificate', async () => {
    const line = new RegExp(`^${node} +Ready +<none> .* v${version.replace('.', '\\.')}`, 'm');
    for (const user of ['admin', 'certificate']) expect(await kubectl(user, 'get', 'nodes')).toMatch(line);
  });

  test('get pods, all and failed, in pages', async () => {
    const count = simulator.cluster.list('Pod').length;
    const lines = (text: string) => text.trim().split('\n');
    expect(lines(await kubectl('admin', 'get', 'pods', '-A', '--no-headers'))).toHaveLength(count);
    const failed = ['get', 'pods', '-A', '--field-selector=status.phase=Failed', '--chunk-size=7', '-o', 'name'];
    expect(lines(await kubectl('admin', ...failed))).toHaveLength(count);
    expect(await kubectl('admin', 'get', 'pods', '-A')).toMatch(/ 0\/1 +Evicted /);
  });

  test('get events, namespaces, api-resources', async () => {
    expect(await kubectl('admin', 'get', 'events', '-A')).toMatch(/Warning +Evicted /);
    expect(await kubectl('admin', 'get', 'ns')).toMatch(/kube-node-lease +Active/);
    expect(await kubectl('admin', 'api-resources')).toMatch(/leases .* coordination\.k8s\.io\/v1 +true +Lease/);
  });

  test('get --raw configz', async () => {
    const text = await kubectl('admin', 'get', '--raw', `/api/v1/nodes/${node}/proxy/configz`);
    expect(Object.keys(JSON.parse(text))).toEqual(['kubeletconfig']);
  });

  test('auth can-i asks for the subresource', async () => {
    const question = ['auth', 'can-i', 'get', 'nodes', '--subresource=proxy'];
    expect(await kubectl('admin', ...question)).toMatch(/^yes$/m);
    expect(await kubectl('viewer', ...question)).toMatch(/^no$/m);
    expect(await kubectl('viewer', 'get', 'events')).toContain('User "viewer" cannot list resource "events"');
  });

  test('create, label, annotate and delete', async () => {
    expect(await kubectl('admin', 'create', 'namespace', 'made')).toBe('namespace/made created\n');
    expect(await kubectl('admin', '-n', 'made', 'create', 'configmap', 'c', '--from-literal=a=b')).toBe(
      'configmap/c created\n',
    );
    expect(await kubectl('admin', '-n', 'made', 'run', 'p', '--image=none')).toBe('pod/p created\n');
    expect(await kubectl('admin', 'label', 'node', node, 'a=b')).toBe(`node/${node} labeled\n`);
    expect(await kubectl('admin', '-n', 'made', 'annotate', 'pod', 'p', 'x=y')).toBe('pod/p annotated\n');
    expect(await kubectl('admin', '-n', 'made', 'delete', 'pod', 'p')).toBe('pod "p" deleted\n');
    expect(await kubectl('admin', 'delete', 'namespace', 'made')).toBe('namespace "made" deleted\n');
    expect(await kubectl('admin', '-n', 'made', 'get', 'configmaps')).toContain('No resources found');
  });

  test('get pods -w shows a pod go', async () => {
    const [pod] = simulator.cluster.list('Pod');
    const { name = '', namespace = '' } = pod?.metadata ?? {};
    const args = [
      `--kubeconfig=${join(folder, 'admin')}`,
      '-n',
      namespace,
      'get',
      'pods',
      '-w',
      '--output-watch-events',
    ];
    const watching = spawn('kubectl', args, { env: { PATH: process.env['PATH'], HOME: folder } });
    let text = '';
    watching.stdout.on('data', chunk => {
      text += String(chunk);
    });
    try {
      await expect.poll(() => text).toContain(`ADDED      ${name} `);
      await expect.poll(() => simulator.requests.some(({ info }) => info.verb === 'watch')).toBe(true);
      expect(await kubectl('admin', '-n', namespace, 'delete', 'pod', name)).toBe(`pod "${name}" deleted\n`);
      await expect.poll(() => text).toMatch(new RegExp(`MODIFIED +${name} .*\\nDELETED +${name} `));
    } finally {
      watching.kill();
    }
  });
});
