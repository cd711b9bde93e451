import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ManualClock, manualClock } from '../../src/simulator/clock.ts';
import { type Fault, FaultInjector, type FaultRule, type FaultSubject } from '../../src/simulator/faults.ts';
import { seededRandom } from '../../src/simulator/random.ts';
import { parseRequestInfo } from '../../src/simulator/request-info.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type RawClient, rawClient } from '../contract/raw-client.ts';

let simulator: Simulator;
let client: RawClient;
let timers: ManualClock;

beforeEach(async () => {
  timers = manualClock(0);
  simulator = await startSimulator({ tls: false, timers });
  simulator.cluster.upsert('Pod', { metadata: { name: 'a', namespace: 'shop' }, status: { phase: 'Failed' } });
  client = rawClient(simulator.kubeconfigFor('admin'));
});
afterEach(async () => {
  client.close();
  await simulator.close();
});

function inject(fault: Fault, more: Omit<FaultRule, 'fault'> = {}): FaultRule {
  const rule = { fault, ...more };
  simulator.faults.add(rule);
  return rule;
}

describe('what a client gets to see', () => {
  test.each([400, 401, 403, 404, 405, 409, 410, 429, 500, 503, 504])('a Status of %d', async code => {
    inject({ type: 'status', code });
    const answer = await client.send({ path: '/api/v1/pods' });
    expect(answer.status).toBe(code);
    expect(answer.json).toMatchObject({ kind: 'Status', status: 'Failure', code });
    expect(answer.json.reason).not.toBe('Unknown');
  });

  test('429 with Retry-After, as a Status or as text', async () => {
    inject({ type: 'status', code: 429, retryAfterSeconds: 7 }, { times: 1 });
    const first = await client.send({ path: '/api/v1/pods' });
    expect([first.headers['retry-after'], first.json.details.retryAfterSeconds]).toEqual(['7', 7]);
    inject({ type: 'status', code: 429, retryAfterSeconds: 1, text: true }, { times: 1 });
    const second = await client.send({ path: '/api/v1/pods' });
    expect([second.headers['content-type'], second.headers['retry-after']]).toEqual(['text/plain; charset=utf-8', '1']);
    expect(second.text).toContain('Too many requests');
    expect((await client.send({ path: '/api/v1/pods' })).status).toBe(200);
  });

  test('HTML of something in between', async () => {
    inject({ type: 'html' });
    const answer = await client.send({ path: '/api/v1/pods' });
    expect([answer.status, answer.headers['content-type'], answer.json]).toEqual([502, 'text/html', undefined]);
  });

  test.each<Fault>([{ type: 'cut' }, { type: 'cut-body' }, { type: 'cut-body', afterBytes: 5 }])(
    'a cut connection %j',
    async fault => {
      inject(fault);
      await expect(client.send({ path: '/api/v1/pods' })).rejects.toThrow(/socket hang up|aborted|ECONNRESET/);
      simulator.faults.clear();
      expect((await client.send({ path: '/api/v1/pods' })).status).toBe(200);
    },
  );

  test.each<Fault>([{ type: 'truncate' }, { type: 'truncate', bytes: 10 }, { type: 'malformed' }])(
    'a complete answer that is no JSON %j',
    async fault => {
      inject(fault);
      const answer = await client.send({ path: '/api/v1/pods' });
      expect([answer.status, answer.json]).toEqual([200, undefined]);
      expect(answer.text.length).toBeGreaterThan(0);
    },
  );

  test('another Content-Type', async () => {
    inject({ type: 'content-type', contentType: 'text/html' });
    const answer = await client.send({ path: '/api/v1/pods' });
    expect([answer.headers['content-type'], answer.json.kind]).toEqual(['text/html', 'PodList']);
  });

  test('latency, added up, on the clock of the test', async () => {
    inject({ type: 'latency', ms: 1000 });
    inject({ type: 'latency', ms: 500 });
    let answered = false;
    const asked = client.send({ path: '/api/v1/pods' }).then(answer => {
      answered = true;
      return answer;
    });
    await expect.poll(() => simulator.stats().inFlight).toBe(1);
    timers.advance(1499);
    await new Promise(resolve => setImmediate(resolve));
    expect(answered).toBe(false);
    timers.advance(1);
    expect((await asked).status).toBe(200);
  });

  test('silence, until the client gives up', async () => {
    inject({ type: 'hang' });
    const asked = client.send({ path: '/api/v1/pods' });
    await expect.poll(() => simulator.stats().inFlight).toBe(1);
    client.close();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => simulator.stats().inFlight).toBe(0);
    expect(simulator.requests[0]?.status).toBe(0);
  });

  test('a watch cut within its stream', async () => {
    inject({ type: 'cut-body', afterBytes: 20 }, { match: { verb: 'watch' } });
    await expect(client.watch('/api/v1/pods?watch=1', () => false)).rejects.toThrow();
    expect((await client.send({ path: '/api/v1/pods' })).status).toBe(200);
  });
});

describe('which requests it happens to', () => {
  function subject(method: string, url: string, user = 'admin'): FaultSubject {
    const [path = '', text = ''] = url.split('?');
    const query = new URLSearchParams(text);
    const info = parseRequestInfo(method, path, query);
    if (info === undefined) throw new Error(`cannot be parsed: ${path}`);
    return { method, info, query, user };
  }

  const LIST = subject('GET', '/api/v1/namespaces/shop/pods?limit=5&continue=x');

  test.each<[FaultRule['match'], boolean]>([
    [{}, true],
    [{ method: 'GET', verb: 'list', resource: 'pods', namespace: 'shop', user: 'admin', continued: true }, true],
    [{ method: 'DELETE' }, false],
    [{ verb: 'watch' }, false],
    [{ resource: 'nodes' }, false],
    [{ namespace: 'other' }, false],
    [{ user: 'viewer' }, false],
    [{ continued: false }, false],
    [{ path: /shop/ }, true],
    [{ path: /^\/apis/ }, false],
  ])('%j: %s', (match, happens) => {
    const injector = new FaultInjector(seededRandom(1));
    injector.add({ match: match ?? {}, fault: { type: 'cut' } });
    expect(injector.decide(LIST).fault !== undefined).toBe(happens);
  });

  test('subresources are named with a slash', () => {
    const injector = new FaultInjector(seededRandom(1));
    injector.add({ match: { resource: 'nodes/proxy', name: 'n1' }, fault: { type: 'hang' } });
    expect(injector.decide(subject('GET', '/api/v1/nodes/n1/proxy/configz')).fault).toEqual({ type: 'hang' });
    expect(injector.decide(subject('GET', '/api/v1/nodes/n2/proxy/configz')).fault).toBeUndefined();
    expect(injector.decide(subject('GET', '/api/v1/nodes/n1')).fault).toBeUndefined();
  });

  test('skip and times count the requests that match', () => {
    const injector = new FaultInjector(seededRandom(1));
    const rule: FaultRule = { fault: { type: 'cut' }, skip: 2, times: 2 };
    injector.add(rule);
    const hits = Array.from({ length: 6 }, () => injector.decide(LIST).fault !== undefined);
    expect(hits).toEqual([false, false, true, true, false, false]);
    expect(injector.count(rule)).toBe(2);
  });

  test('the first that applies happens; taken away, the next one does', () => {
    const injector = new FaultInjector(seededRandom(1));
    const lift = injector.add({ fault: { type: 'cut' } });
    injector.add({ fault: { type: 'malformed' } });
    expect(injector.decide(LIST).fault?.type).toBe('cut');
    lift();
    expect(injector.decide(LIST).fault?.type).toBe('malformed');
  });

  test('the same seed gives the same faults, another one others', () => {
    const run = (seed: number) => {
      const injector = new FaultInjector(seededRandom(seed));
      injector.add({ fault: { type: 'cut' }, probability: 0.3 });
      return Array.from({ length: 200 }, () => injector.decide(LIST).fault !== undefined);
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
    const share = run(7).filter(Boolean).length / 200;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.45);
  });
});
