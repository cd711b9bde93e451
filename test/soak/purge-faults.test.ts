import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Fault, FaultMatch } from '../../src/simulator/faults.ts';
import {
  bystanders,
  type PurgeDocument,
  type PurgeWorld,
  podObject,
  purgeWorld,
  readArchive,
} from '../support/purge-world.ts';

// Every fault the simulator has, at every step of a purge, seldom and often.

const FAULTS: readonly Fault[] = [
  { type: 'latency', ms: 2, jitterMs: 5 },
  ...[400, 401, 403, 404, 405, 409, 410, 500, 503, 504].map(code => ({ type: 'status', code }) as const),
  { type: 'status', code: 429, retryAfterSeconds: 1 },
  { type: 'status', code: 429, retryAfterSeconds: 1, text: true },
  { type: 'html' },
  { type: 'html', code: 200 },
  { type: 'cut' },
  { type: 'cut-body' },
  { type: 'cut-body', afterBytes: 5 },
  { type: 'truncate' },
  { type: 'malformed' },
  { type: 'content-type', contentType: 'text/plain' },
];

const STEPS: Readonly<Record<string, FaultMatch>> = {
  list: { verb: 'list', resource: 'pods' },
  'next page': { verb: 'list', resource: 'pods', continued: true },
  get: { verb: 'get', resource: 'pods' },
  delete: { method: 'DELETE' },
  events: { resource: 'events' },
};

const EVICTED = 120;
/** Deletes that a fault was in the way of, over all tests of this file. */
let faulted = 0;

async function start(evicted: number): Promise<PurgeWorld> {
  const pods = Array.from({ length: evicted }, (_, i) => podObject(`web-${i}`));
  return await purgeWorld([...pods, ...bystanders()]);
}

/** Purges, and holds what is left, what was told and what was archived against each other. */
async function purgeAndCheck(world: PurgeWorld, flags: readonly string[]): Promise<PurgeDocument> {
  const uids = (): Map<string, string> =>
    new Map(world.cluster.list('Pod').map(pod => [pod.metadata.uid ?? '', pod.metadata.name]));
  const before = uids();
  const path = world.file(`archive-${Math.random()}`);
  const ran = await world.purge(['-o', 'json', '--archive', path, ...flags]);
  const document = JSON.parse(ran.out) as PurgeDocument;
  const after = uids();

  const told = new Map(document.items.map(item => [item.uid, item.outcome]));
  expect(told.size, 'none is told of twice').toBe(document.items.length);
  const archived = new Set((existsSync(path) ? readArchive(path) : []).map(({ pod }) => pod.metadata.uid));
  const listBroke = document.errors.some(error => error.what === 'list pods');
  for (const [uid, name] of before) {
    const outcome = told.get(uid);
    if (!name.startsWith('web-')) {
      expect(after.has(uid), `${name} stays`).toBe(true);
      continue;
    }
    if (!after.has(uid)) {
      expect(archived.has(uid), `${name} is archived`).toBe(true);
      expect(['deleted', 'failed', 'gone'], `${name} is told of`).toContain(outcome);
    } else if (outcome === undefined) expect(listBroke, `${name} stays, and nobody tells`).toBe(true);
    else expect(outcome, `${name} stays`).toBe('failed');
  }
  const failures = document.items.some(item => item.outcome === 'failed') || listBroke;
  expect(ran.code).toBe(failures || document.errors.some(e => e.what === 'archive') ? 1 : 0);
  faulted += world.simulator.requests.filter(request => request.method === 'DELETE' && request.faulted).length;
  return document;
}

/** So that the step is taken at all: labels of some pods are edited while the purge runs, each pod once. */
function editWhilePurging(world: PurgeWorld): void {
  let next = 0;
  world.cluster.onChange(change => {
    if (change.type !== 'DELETED') return;
    const name = `web-${EVICTED - 1 - next}`;
    next += 1;
    if (next < EVICTED / 2) {
      world.cluster.patch('Pod', { namespace: 'shop', name }, { metadata: { labels: { edited: 'yes' } } });
    }
  });
}

describe.each(Object.entries(STEPS))('at %s', (step, match) => {
  describe.each([0.01, 0.3])('with probability %d', probability => {
    test.each(FAULTS)('%j', async fault => {
      const world = await start(EVICTED);
      if (step === 'get') editWhilePurging(world);
      const rule = { match, fault, probability };
      world.simulator.faults.add(rule);
      await purgeAndCheck(world, ['--chunk-size', '20']);
      if (probability > 0.1 && step !== 'events') expect(world.simulator.faults.count(rule)).toBeGreaterThan(0);
      // Once the trouble is over, a second run does the rest.
      world.simulator.faults.clear();
      await purgeAndCheck(world, ['--chunk-size', '20']);
      expect(world.pods().filter(name => name.startsWith('web-'))).toEqual([]);
    });
  });
});

describe('a server that does not answer', () => {
  test.each(Object.entries(STEPS))('at %s', async (_, match) => {
    const world = await start(30);
    world.simulator.faults.add({ match, fault: { type: 'hang' }, probability: 0.1, times: 3 });
    await purgeAndCheck(world, ['--chunk-size', '10', '--request-timeout', '300ms']);
    world.simulator.faults.clear();
    await purgeAndCheck(world, ['--chunk-size', '10']);
    expect(world.pods().filter(name => name.startsWith('web-'))).toEqual([]);
  });
});

describe('everything at once, in the large', () => {
  test.each(Array.from({ length: 14 }, (_, i) => i))('round %i', { timeout: 120_000 }, async seed => {
    const pods = Array.from({ length: 2500 }, (_, i) => podObject(`web-${i}`));
    const world = await purgeWorld([...pods, ...bystanders()], { seed: seed + 1 });
    for (const fault of FAULTS) {
      if (fault.type === 'latency' || (fault.type === 'status' && fault.code < 429)) continue;
      world.simulator.faults.add({ match: { method: 'DELETE' }, fault, probability: 0.12 });
      world.simulator.faults.add({ match: { verb: 'list', resource: 'pods' }, fault, probability: 0.01 });
    }
    const document = await purgeAndCheck(world, []);
    expect(document.items.length).toBeGreaterThan(400);
  });
});

test('those were more than 100,000 deletes with a fault in their way', () => {
  expect(faulted).toBeGreaterThan(100_000);
});
