import { describe, expect, test } from 'vitest';
import type { Ran, TestWorld } from '../support/deps.ts';
import {
  bystanders,
  type PurgeDocument,
  type PurgeWorld,
  podObject,
  purgeWorld,
  readArchive,
} from '../support/purge-world.ts';

/** A watch under test: it stays until it is told to stop. */
class Watching {
  readonly #stop = new AbortController();
  readonly #ran: Promise<Ran>;
  #now = Date.now();
  /** How long it was asked to wait, in milliseconds. */
  readonly waits: number[] = [];

  constructor(world: PurgeWorld, flags: readonly string[], more: TestWorld = {}) {
    const onSleep = (ms: number): void => {
      this.waits.push(ms);
      this.#now += ms;
    };
    const options: TestWorld = { ...more, signal: this.#stop.signal, onSleep };
    // Waiting is what makes the time pass here.
    Object.defineProperty(options, 'now', { get: () => this.#now, enumerable: true });
    this.#ran = world.purge(['--watch', ...flags], options);
  }

  async stop(): Promise<Ran> {
    this.#stop.abort();
    return await this.#ran;
  }
}

const gone = (world: PurgeWorld, ...names: readonly string[]) =>
  expect.poll(() => world.pods().filter(name => names.includes(name)), { timeout: 5000 }).toEqual([]);
const KEPT = bystanders().map(pod => pod.metadata.name);

describe('purge --watch', () => {
  test('purges what is there, then what appears, and nothing else', async () => {
    const world = await purgeWorld([podObject('a'), ...bystanders()]);
    const watching = new Watching(world, ['-y']);
    await gone(world, 'a');
    world.cluster.upsert('Pod', podObject('b'));
    world.cluster.upsert('Pod', podObject('c', { owner: 'Job' }));
    world.cluster.patchStatus(
      'Pod',
      { namespace: 'shop', name: 'running-plain' },
      { phase: 'Failed', reason: 'Evicted' },
    );
    world.cluster.upsert('Pod', podObject('d', { namespace: 'media' }));
    await gone(world, 'b', 'running-plain');
    const { code, out } = await watching.stop();
    expect(code).toBe(130);
    expect(out.match(/pod ".*?" deleted/g)?.toSorted()).toEqual([
      'pod "a" deleted',
      'pod "b" deleted',
      'pod "running-plain" deleted',
    ]);
    expect(world.pods().toSorted()).toEqual([...KEPT.filter(name => name !== 'running-plain'), 'c', 'd'].toSorted());
  });

  test('--older-than is the delay', async () => {
    const world = await purgeWorld([podObject('old', { ago: 120 }), podObject('young', { ago: 10 })]);
    const watching = new Watching(world, ['-y', '--older-than', '1h']);
    await gone(world, 'old', 'young');
    await watching.stop();
    // Fifty minutes, give or take the seconds that timestamps lack.
    expect(watching.waits[0]! / 60_000).toBeCloseTo(50, 0);
  });

  test('tells each pod once, also when it has to list anew', async () => {
    const world = await purgeWorld([podObject('a'), podObject('held', { finalizers: ['x/y'] }), ...bystanders()]);
    const watching = new Watching(world, ['-y', '-o', 'json']);
    await gone(world, 'a');
    world.simulator.compact();
    await world.simulator.restart();
    world.cluster.upsert('Pod', podObject('b'));
    await gone(world, 'b');
    const document = JSON.parse((await watching.stop()).out) as PurgeDocument;
    expect(document.items.map(item => `${item.name} ${item.outcome}`).toSorted()).toEqual([
      'a deleted',
      'b deleted',
      'held terminating',
      'mirror kept',
      'of-job kept',
    ]);
    expect(document.summary).toMatchObject({ interrupted: true, evictedInScope: 5 });
  });

  test('archives before it deletes', async () => {
    const world = await purgeWorld([podObject('a')]);
    const path = world.file('a.ndjson');
    const watching = new Watching(world, ['-y', '--archive', path]);
    await gone(world, 'a');
    world.cluster.upsert('Pod', podObject('b'));
    await gone(world, 'b');
    await watching.stop();
    expect(readArchive(path).map(({ pod }) => pod.metadata.name)).toEqual(['a', 'b']);
  });

  test('outlives an outage, and says so', async () => {
    const world = await purgeWorld([podObject('a')]);
    const watching = new Watching(world, ['-y']);
    await gone(world, 'a');
    await world.simulator.stop();
    world.cluster.upsert('Pod', podObject('b'));
    await world.simulator.start();
    await gone(world, 'b');
    const { err } = await watching.stop();
    expect(err).toMatch(/^warning: cannot watch pods/);
    expect(err).toContain('the watch is back');
  });

  test('tries again later what failed for now', async () => {
    const world = await purgeWorld([podObject('a')]);
    world.simulator.faults.add({ match: { method: 'DELETE' }, fault: { type: 'status', code: 503 }, times: 8 });
    const watching = new Watching(world, ['-y']);
    await gone(world, 'a');
    const { err } = await watching.stop();
    expect(err).toContain('error: cannot delete pod shop/a');
    expect(watching.waits).toEqual([60_000]);
  });

  test('a dry run tells each pod once and leaves it', async () => {
    const world = await purgeWorld([podObject('a')]);
    const watching = new Watching(world, ['--dry-run=server']);
    await expect.poll(() => world.simulator.requests.some(r => r.info.verb === 'watch')).toBe(true);
    world.cluster.patch('Pod', { namespace: 'shop', name: 'a' }, { metadata: { labels: { x: 'y' } } });
    world.cluster.upsert('Pod', podObject('b'));
    world.cluster.patch('Pod', { namespace: 'shop', name: 'b' }, { metadata: { labels: { x: 'y' } } });
    world.cluster.upsert('Pod', podObject('end', { owner: 'Job' }));
    const answered = () => world.simulator.requests.filter(r => r.method === 'DELETE' && r.status === 200).length;
    await expect.poll(answered).toBe(2);
    const { out } = await watching.stop();
    expect(
      out
        .split('\n')
        .toSorted()
        .filter(line => line !== ''),
    ).toEqual([
      'pod "a" deleted from shop namespace (server dry run)',
      'pod "b" deleted from shop namespace (server dry run)',
    ]);
    expect(world.pods()).toEqual(['a', 'b', 'end']);
  });

  test('asks once, where somebody is there', async () => {
    const world = await purgeWorld([podObject('a')]);
    const no = await world.purge(['--watch'], { stdin: ['n'] });
    expect([no.code, world.pods()]).toEqual([1, ['a']]);
    const watching = new Watching(world, [], { stdin: ['y'] });
    await gone(world, 'a');
    world.cluster.upsert('Pod', podObject('b'));
    await gone(world, 'b');
    expect((await watching.stop()).code).toBe(130);
  });

  test('without the right to watch it ends with an error', async () => {
    const world = await purgeWorld([podObject('a', { owner: 'Job' })]);
    world.simulator.faults.add({ match: { verb: 'watch' }, fault: { type: 'status', code: 403 } });
    const { code, err } = await world.purge(['--watch', '-y']);
    expect(code).toBe(1);
    expect(err).toContain('error: cannot watch pods');
  });
});
