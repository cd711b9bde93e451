import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { textAt } from '../../src/cluster/json.ts';
import { createTransport, type Transport } from '../../src/cluster/transport.ts';
import { type WatchEvent, watchList } from '../../src/cluster/watch.ts';
import { realClock } from '../../src/simulator/clock.ts';
import { createCluster } from '../../src/simulator/cluster.ts';
import type { KubeObject } from '../../src/simulator/objects.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { testEnvironment, testTarget } from '../support/cluster-access.ts';
import { fixtureText } from '../support/fixtures.ts';
import { startStub } from '../support/http-stub.ts';

const pod = (name: string, phase = 'Failed', reason = 'Evicted'): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: {},
    status: { phase, reason },
  }) as unknown as KubeObject;

let simulator: Simulator;
let transport: Transport;
let stop: AbortController;
let waits: number[];
let events: Follower;

/** What a watch told, as short texts, awaited one after the other. */
class Follower {
  readonly all: string[] = [];
  readonly ended: Promise<void>;
  #changed: () => void = () => {};

  constructor(source: AsyncIterable<WatchEvent<string>>) {
    this.ended = this.#follow(source);
    this.ended.catch(() => this.#changed());
  }

  /** Waits until the text was told at least that often. */
  async until(text: string, times = 1): Promise<void> {
    while (this.all.filter(told => told === text).length < times) {
      await Promise.race([
        this.ended.then(() => Promise.reject(new Error(`ended: ${this.all.join(', ')}`))),
        this.#next(),
      ]);
    }
  }

  #next(): Promise<void> {
    return new Promise(resolve => {
      this.#changed = resolve;
    });
  }

  async #follow(source: AsyncIterable<WatchEvent<string>>): Promise<void> {
    for await (const event of source) {
      this.all.push(
        event.type === 'sync'
          ? `sync ${event.items.toSorted().join('+')}`
          : 'item' in event
            ? `${event.type} ${event.item}`
            : event.type,
      );
      this.#changed();
    }
  }
}

/** Of interest are Evicted pods only. */
const translate = (object: unknown): string | null =>
  textAt(object, 'status', 'reason') === 'Evicted' ? textAt(object, 'metadata', 'name') : null;

function follow(chunkSize = 500): Follower {
  const request = { path: '/api/v1/pods', translate, what: 'watch pods', chunkSize };
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  return new Follower(watchList(transport, request, stop.signal, { sleep, random: () => 0.5 }));
}

async function transportTo(url: string, token = ''): Promise<Transport> {
  const target = testTarget(url, {
    cluster: { name: 'test', server: url, skipTLSVerify: true },
    user: { name: 'tester', token },
  });
  return await createTransport(target, { environment: testEnvironment(), sleep: async () => {} });
}

beforeEach(async () => {
  stop = new AbortController();
  waits = [];
  const cluster = createCluster({ clock: realClock() });
  for (const name of ['a', 'b', 'c']) cluster.upsert('Pod', pod(name));
  cluster.upsert('Pod', pod('running', 'Running', ''));
  simulator = await startSimulator({ cluster });
  transport = await transportTo(simulator.url, simulator.tokenFor('admin'));
});
afterEach(async () => {
  stop.abort();
  transport.close();
  await simulator.close();
});

const watches = () => simulator.requests.filter(request => request.info.verb === 'watch');

test('everything there is, page by page, then every change', async () => {
  events = follow(2);
  await events.until('sync a+b+c');
  simulator.cluster.upsert('Pod', pod('d'));
  simulator.cluster.upsert('Pod', pod('running2', 'Running', ''));
  simulator.cluster.patch('Pod', { namespace: 'shop', name: 'a' }, { metadata: { labels: { x: 'y' } } });
  simulator.cluster.remove('Pod', { namespace: 'shop', name: 'b' });
  simulator.cluster.patchStatus('Pod', { namespace: 'shop', name: 'c' }, { reason: 'Other' });
  simulator.cluster.patchStatus('Pod', { namespace: 'shop', name: 'running' }, { phase: 'Failed', reason: 'Evicted' });
  await events.until('added running');
  expect(events.all).toEqual(['sync a+b+c', 'added d', 'modified a', 'deleted b', 'deleted c', 'added running']);
  const query = new URL(watches()[0]!.url, 'http://x').searchParams;
  expect(Object.fromEntries(query)).toMatchObject({
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: '360',
  });
});

test('ends quietly with its signal', async () => {
  events = follow();
  await events.until('sync a+b+c');
  stop.abort();
  await expect(events.ended).resolves.toBeUndefined();
});

test('goes on from where it was when the connection breaks', async () => {
  events = follow();
  await events.until('sync a+b+c');
  simulator.cluster.upsert('Pod', pod('d'));
  await events.until('added d');
  await simulator.stop();
  await events.until('down');
  simulator.cluster.upsert('Pod', pod('e'));
  await simulator.start();
  await events.until('added e');
  expect(events.all).toEqual(['sync a+b+c', 'added d', 'down', 'up', 'added e']);
  // The pauses grow.
  expect(waits.every((ms, i) => i === 0 || ms >= waits[i - 1]!)).toBe(true);
});

test('an outage is told once, however long', async () => {
  events = follow();
  await events.until('sync a+b+c');
  simulator.faults.add({ match: { verb: 'watch' }, fault: { type: 'status', code: 503 }, times: 6 });
  await simulator.restart();
  await events.until('up');
  expect(events.all.filter(told => told === 'down')).toHaveLength(1);
  expect(waits.length).toBeGreaterThanOrEqual(6);
});

test('lists anew when its position was forgotten (410 as an event, with HTTP 200)', async () => {
  events = follow();
  await events.until('sync a+b+c');
  await simulator.stop();
  await events.until('down');
  simulator.cluster.remove('Pod', { namespace: 'shop', name: 'a' });
  simulator.compact();
  await simulator.start();
  await events.until('sync b+c');
  expect(events.all).toEqual(['sync a+b+c', 'down', 'up', 'sync b+c']);
});

test.each([
  ['cut in the middle of a line', { type: 'cut-body', afterBytes: 300 }],
  ['no JSON', { type: 'malformed' }],
] as const)('a stream that is %s is resumed without loss', async (_, fault) => {
  simulator.faults.add({ match: { verb: 'watch' }, fault, times: 3 });
  events = follow();
  await events.until('sync a+b+c');
  for (let i = 0; i < 30; i += 1) simulator.cluster.upsert('Pod', pod(`n${i}`));
  await events.until('added n29');
  const added = events.all.filter(told => told.startsWith('added'));
  expect(added).toEqual(Array.from({ length: 30 }, (_unused, i) => `added n${i}`));
});

test('bookmarks move the position on', async () => {
  await simulator.close();
  const list = { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '5' }, items: [] };
  const line = (type: string, version: string): string =>
    `${JSON.stringify({ type, object: { kind: 'Pod', metadata: { resourceVersion: version, uid: 'u', name: 'x' } } })}\n`;
  const stub = await startStub([
    { path: /\/api\/v1\/pods\?limit/, answers: [{ body: list }] },
    {
      path: /watch=true/,
      answers: [
        { body: line('BOOKMARK', '17') },
        { body: line('SOMETHING-NEW', '18') },
        { after: new Promise(() => {}) },
      ],
    },
  ]);
  transport.close();
  transport = await transportTo(stub.url);
  events = follow();
  await expect.poll(() => stub.requests.length).toBe(4);
  const versions = stub.requests.map(r => new URL(r.url, 'http://x').searchParams.get('resourceVersion'));
  expect(versions).toEqual([null, '5', '17', '18']);
  expect(events.all).toEqual(['sync ']);
});

describe('at the start', () => {
  test.each([401, 403, 503])('a list answered with %d is an error', async code => {
    simulator.faults.add({ match: { verb: 'list' }, fault: { type: 'status', code } });
    await expect(follow().ended).rejects.toMatchObject({ status: code });
  });

  test('a watch that is forbidden is an error', async () => {
    simulator.faults.add({ match: { verb: 'watch' }, fault: { type: 'status', code: 403 } });
    await expect(follow().ended).rejects.toMatchObject({ reason: 'forbidden' });
  });

  test('a watch that fails for now is tried again', async () => {
    simulator.faults.add({ match: { verb: 'watch' }, fault: { type: 'status', code: 503 }, times: 2 });
    events = follow();
    await events.until('up');
    expect(events.all).toEqual(['sync a+b+c', 'down', 'up']);
  });
});

test.each(['v1.20', 'v1.36'] as const)('the recorded watch of %s is read to its end', async version => {
  await simulator.close();
  const recorded = fixtureText(version, 'watch.ndjson');
  const list = { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [] };
  const stub = await startStub([
    { path: /\/api\/v1\/pods\?limit/, answers: [{ body: list }] },
    { path: /watch=true/, answers: [{ body: recorded }, { after: new Promise(() => {}) }] },
  ]);
  transport.close();
  transport = await transportTo(stub.url);
  events = follow();
  await expect.poll(() => stub.requests.length).toBe(3);
  const lines = recorded
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string; object: { metadata: { resourceVersion: string } } });
  const last = new URL(stub.requests[2]!.url, 'http://x').searchParams.get('resourceVersion');
  expect(last).toBe(lines.at(-1)?.object.metadata.resourceVersion);
  const evicted = new Set(
    lines.filter(({ object }) => translate(object) !== null).map(({ object }) => translate(object)),
  );
  expect(new Set(events.all.filter(told => told.startsWith('added')).map(told => told.slice(6)))).toEqual(evicted);
});
