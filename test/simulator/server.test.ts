import { once } from 'node:events';
import { get } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/simulator/certificates.ts';
import { manualClock } from '../../src/simulator/clock.ts';
import { renderKubeconfig } from '../../src/simulator/kubeconfig.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import { type RawClient, rawClient } from '../contract/raw-client.ts';

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function start(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; client: RawClient }> {
  const simulator = await startSimulator({ tls: false, ...options });
  open.push(() => simulator.close());
  const client = rawClient(simulator.kubeconfigFor('admin'));
  open.push(() => client.close());
  return { simulator, client };
}

function pod(name: string, phase = 'Failed') {
  return { metadata: { name, namespace: 'shop' }, spec: { nodeName: 'n1' }, status: { phase } };
}

describe('connections', () => {
  test('certificates of its own authority name the user, others are 401', async () => {
    const { simulator } = await start({ tls: true });
    const own = rawClient(simulator.kubeconfigFor('viewer', { auth: 'certificate' }));
    const foreign = renderKubeconfig({
      server: simulator.url,
      authority: simulator.authority,
      user: 'admin',
      credentials: createAuthority().issueClient('admin', ['system:masters']),
    });
    const other = rawClient(foreign);
    open.push(() => {
      own.close();
      other.close();
    });
    expect((await own.send({ path: '/api/v1/nodes' })).status).toBe(200);
    const denied = await own.send({ path: '/api/v1/events' });
    expect(denied.json.message).toContain('User "viewer" cannot list resource "events"');
    expect((await other.send({ path: '/api/v1/nodes' })).status).toBe(401);
  });

  test('a restart ends watches, and they cannot resume', async () => {
    const { client, simulator } = await start();
    simulator.cluster.upsert('Pod', pod('a'));
    const { revision } = simulator.cluster.store;
    const path = `/api/v1/pods?watch=1&resourceVersion=${revision}`;
    const watching = client.watch(path, () => false);
    await expect.poll(() => simulator.stats().inFlight).toBe(1);
    await simulator.restart();
    await expect(watching).rejects.toThrow();
    const [event] = await client.watch(path, () => false);
    expect(event).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    expect((await client.send({ path: '/api/v1/pods' })).json.items).toHaveLength(1);
  });

  test('stopped it refuses connections, started again it has the same address', async () => {
    const { client, simulator } = await start();
    const { url } = simulator;
    await simulator.stop();
    await expect(client.send({ path: '/version' })).rejects.toThrow(/ECONNREFUSED/);
    await simulator.start();
    expect(simulator.url).toBe(url);
    expect((await client.send({ path: '/version' })).status).toBe(200);
  });

  test('it counts requests, sockets and what is in flight, and forgets on demand', async () => {
    const timers = manualClock(0);
    const { client, simulator } = await start({ timers, kubeletHangMs: 5000 });
    for (const name of ['n1', 'n2', 'n3']) {
      simulator.cluster.upsert('Node', {
        metadata: { name },
        status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
      });
      simulator.setAgent(name, { configz: () => ({ hang: true }), statsSummary: () => ({ hang: true }) });
    }
    const asked = ['n1', 'n2', 'n3'].map(name => client.send({ path: `/api/v1/nodes/${name}/proxy/configz` }));
    await expect.poll(() => simulator.stats().inFlight).toBe(3);
    expect(simulator.stats()).toMatchObject({ peakProxy: 3, peakInFlight: 3, openSockets: 3 });
    timers.advance(5000);
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(503);
    const stats = simulator.stats();
    expect(stats).toMatchObject({ requests: 3, inFlight: 0, peakSockets: 3 });
    expect(stats.byStatus.get(503)).toBe(3);
    expect(stats.busy).toBeGreaterThanOrEqual(0);
    expect(stats.busy).toBeLessThanOrEqual(1);
    simulator.resetStats();
    expect(simulator.stats()).toMatchObject({ requests: 0, peakInFlight: 0 });
    expect(simulator.requests).toEqual([]);
  });

  test('the log keeps who asked what, with the body', async () => {
    const { client, simulator } = await start();
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] };
    await client.send({ method: 'DELETE', path: '/api/v1/namespaces/shop/pods/x?y=z', body });
    expect(simulator.requests).toMatchObject([
      {
        method: 'DELETE',
        url: '/api/v1/namespaces/shop/pods/x?y=z',
        info: { verb: 'delete', resource: 'pods', namespace: 'shop', name: 'x' },
        user: 'admin',
        body: JSON.stringify(body),
        status: 404,
        faulted: false,
      },
    ]);
  });

  test('large answers are compressed for those who ask for it', async () => {
    const { simulator } = await start();
    const message = 'x'.repeat(200_000);
    simulator.cluster.upsert('Pod', { ...pod('big'), status: { phase: 'Failed', message } });
    const headers = { Authorization: `Bearer ${simulator.tokenFor('admin')}`, 'Accept-Encoding': 'gzip' };
    const request = get(`${simulator.url}/api/v1/pods`, { headers });
    const [response] = await once(request, 'response');
    response.resume();
    expect(response.headers['content-encoding']).toBe('gzip');
    expect(Number(response.headers['content-length'])).toBeLessThan(10_000);
  });
});

describe('what it is sent', () => {
  test('keys such as __proto__ are keys, in bodies, patches, labels and selectors', async () => {
    const { client, simulator } = await start();
    const path = '/api/v1/namespaces/default/configmaps';
    const body = '{"metadata":{"name":"a","labels":{"__proto__":"l","constructor":"c"}},"data":{"__proto__":"evil"}}';
    const made = await client.send({ method: 'POST', path, body });
    expect([made.status, made.text.includes('"data":{"__proto__":"evil"}')]).toEqual([201, true]);
    const headers = { 'Content-Type': 'application/merge-patch+json' };
    const patch = '{"data":{"__proto__":{"polluted":"yes"},"toString":null}}';
    const patched = await client.send({ method: 'PATCH', path: `${path}/a`, headers, body: patch });
    expect(patched.text).toContain('"__proto__":{"polluted":"yes"}');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    const list = async (selector: string) =>
      (await client.send({ path: `${path}?labelSelector=${encodeURIComponent(selector)}` })).json.items.length;
    expect([await list('constructor=c'), await list('toString'), await list('__proto__=l')]).toEqual([1, 0, 1]);
    expect(simulator.cluster.get('ConfigMap', { name: 'a' })).toBeDefined();
  });

  test.each([
    ['/api/v1/pods/%zz', 400],
    ['/%2e%2e/etc/passwd', 404],
    ['/api/v1/namespaces//pods', 200],
    ['/api/v1//pods', 404],
    ['/api/v1/namespaces/a/pods/b/c/d', 404],
    [`/api/v1/pods?labelSelector=${'a'.repeat(10_000)}`, 200],
    ['/api/v1/pods?fieldSelector=%5C%5C', 400],
  ])('odd path %s', async (path, status) => {
    const { client } = await start();
    expect((await client.send({ path })).status).toBe(status);
  });

  test('a body of more than 3 MiB is 413', async () => {
    const { client } = await start();
    const body = JSON.stringify({ metadata: { name: 'a' }, data: { a: 'x'.repeat(3_200_000) } });
    const answer = await client.send({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', body });
    expect([answer.status, answer.json.reason]).toEqual([413, 'RequestEntityTooLarge']);
  });

  test('objects with wrong types are listed, selected and printed', async () => {
    const { client, simulator } = await start();
    const odd = { spec: 'none', status: [{ phase: 7 }] } as unknown as { spec: object; status: object };
    simulator.cluster.upsert('Pod', { metadata: { name: 'odd', namespace: 'shop' }, ...odd });
    simulator.cluster.upsert('Node', { metadata: { name: 'odd' }, status: { conditions: 'x', addresses: [null] } });
    simulator.cluster.upsert('Event', { metadata: { name: 'odd', namespace: 'shop' }, involvedObject: 3 });
    const headers = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    for (const path of ['/api/v1/pods', '/api/v1/nodes', '/api/v1/events']) {
      const answer = await client.send({ path, headers });
      expect([answer.status, answer.json.rows.length]).toEqual([200, 1]);
    }
    const selected = await client.send({ path: '/api/v1/pods?fieldSelector=status.phase%3DFailed' });
    expect(selected.json.items).toEqual([]);
    expect((await client.send({ path: '/api/v1/nodes/odd/proxy/configz' })).status).toBe(503);
  });
});

describe('the way to a kubelet', () => {
  test('what it answers is handed through, whatever it is', async () => {
    const { client, simulator } = await start();
    const address = { type: 'InternalIP', address: '10.0.0.1' };
    simulator.cluster.upsert('Node', { metadata: { name: 'n1' }, status: { addresses: [address] } });
    const text = 'text/plain; charset=utf-8';
    simulator.setAgent('n1', {
      configz: () => ({ status: 405, contentType: text, body: 'Debug endpoints are disabled.\n' }),
      statsSummary: () => ({ status: 200, contentType: 'application/json', body: Buffer.from('{"node":') }),
    });
    const configz = await client.send({ path: '/api/v1/nodes/n1/proxy/configz' });
    expect([configz.status, configz.headers['content-type'], configz.text]).toEqual([
      405,
      text,
      'Debug endpoints are disabled.\n',
    ]);
    const stats = await client.send({ path: '/api/v1/nodes/https:n1:10250/proxy/stats/summary' });
    expect([stats.status, stats.text]).toEqual([200, '{"node":']);
    const bare = await client.send({ path: '/api/v1/nodes/n1/proxy' });
    expect([bare.status, bare.headers['location']]).toEqual([301, '/api/v1/nodes/n1/proxy/']);
    simulator.setAgent('n1', undefined);
    const dead = await client.send({ path: '/api/v1/nodes/n1/proxy/configz' });
    expect(dead.json.message).toBe(
      'error trying to reach service: dial tcp 10.0.0.1:10250: connect: connection refused',
    );
  });
});

describe('watches and the clock', () => {
  test('bookmarks come at their times and the watch ends at its own', async () => {
    const timers = manualClock(0);
    const { client, simulator } = await start({ timers, bookmarkMs: 60_000 });
    const watching = client.watch(
      '/api/v1/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=150&resourceVersion=0',
      () => false,
    );
    await expect.poll(() => simulator.stats().inFlight).toBe(1);
    timers.advance(149_000);
    simulator.cluster.upsert('Pod', pod('late'));
    timers.advance(1000);
    const events = await watching;
    expect(events.map(({ type }) => type)).toEqual(['BOOKMARK', 'BOOKMARK', 'BOOKMARK', 'ADDED']);
  });

  test('a watch whose client has gone is forgotten', async () => {
    const timers = manualClock(0);
    const { client, simulator } = await start({ timers });
    simulator.cluster.upsert('Pod', pod('a'));
    const events = await client.watch('/api/v1/pods?watch=1&resourceVersion=0', list => list.length > 0);
    expect(events).toHaveLength(1);
    await expect.poll(() => simulator.stats().inFlight).toBe(0);
    simulator.cluster.upsert('Pod', pod('b'));
    expect(simulator.requests[0]).toMatchObject({ status: 200, bytes: expect.any(Number) });
    expect(simulator.stats().bytes).toBeGreaterThan(100);
  });
});
