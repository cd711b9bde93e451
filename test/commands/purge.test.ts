import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/simulator/objects.ts';
import { type Ran, runCommand } from '../support/deps.ts';
import {
  adminFlags,
  bystanders,
  type PodChange,
  type PurgeDocument,
  type PurgeWorld,
  podObject,
  purgeWorld,
  readArchive,
} from '../support/purge-world.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../docs/schemas/purge-result.json', import.meta.url), 'utf8'),
) as object;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
const validate = ajv.compile(schema);

/** The document that was printed, held to its schema. */
function documentOf(ran: Ran, read: (text: string) => unknown = JSON.parse): PurgeDocument {
  const document = read(ran.out);
  validate(document);
  expect((validate.errors ?? []).map(e => `${e.instancePath} ${e.message}`)).toEqual([]);
  return document as PurgeDocument;
}

const outcomes = (document: PurgeDocument): string[] =>
  document.items.map(item => `${item.name} ${item.outcome}${item.why === null ? '' : ` ${item.why}`}`).toSorted();

const some = (count: number, change: PodChange = {}): KubeObject[] =>
  Array.from({ length: count }, (_, i) => podObject(`web-${String(i).padStart(5, '0')}`, change));

const KEPT = bystanders()
  .map(pod => pod.metadata.name)
  .toSorted();

describe('what goes', () => {
  test('the Evicted pods, and nothing else, in the words of kubectl', async () => {
    const world = await purgeWorld([...some(3), ...bystanders(), podObject('elsewhere', { namespace: 'media' })]);
    const { code, out, err } = await world.purge([]);
    expect(world.pods().toSorted()).toEqual(['elsewhere', ...KEPT].toSorted());
    expect(code).toBe(0);
    expect(out.split('\n').toSorted().join('\n')).toBe(
      [0, 1, 2].map(i => `\npod "web-0000${i}" deleted from shop namespace`).join(''),
    );
    expect(err).toMatchInlineSnapshot(`
      "3 pods deleted, 2 kept
        kept 1: mirror pods: the kubelet would make them anew: shop/mirror
        kept 1: of Job, which may still need them (--include-owner Job): shop/of-job
      "
    `);
  });

  test('every delete is guarded by uid and version, and says how long it is', async () => {
    const world = await purgeWorld(some(2));
    const before = new Map(world.cluster.list('Pod').map(pod => [pod.metadata.name, pod.metadata]));
    await world.purge([]);
    const deletes = world.simulator.requests.filter(request => request.method === 'DELETE');
    expect(deletes).toHaveLength(2);
    for (const { body, info } of deletes) {
      const meta = before.get(info.name ?? '');
      expect(JSON.parse(body)).toEqual({
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        preconditions: { uid: meta?.uid, resourceVersion: meta?.resourceVersion },
      });
    }
  });

  test('all namespaces need a yes where nobody can be asked', async () => {
    const world = await purgeWorld([...some(1), podObject('b', { namespace: 'media' })]);
    const refused = await world.purge(['-A']);
    expect([refused.code, refused.out]).toEqual([2, '']);
    expect(refused.err).toContain('--all-namespaces needs --yes');
    expect(world.simulator.requests).toEqual([]);
    expect((await world.purge(['-A', '-y'])).code).toBe(0);
    expect(world.pods()).toEqual([]);
  });

  test('nothing to do', async () => {
    const world = await purgeWorld(bystanders().slice(0, 3));
    expect(await world.purge([])).toEqual({ code: 0, out: '', err: 'no Evicted pods to delete in shop namespace\n' });
  });

  test.each<[string, readonly string[], readonly string[]]>([
    ['--include-jobs', ['--include-jobs'], ['mirror', 'of-workflow', 'lost', 'shutdown', 'well']],
    ['--include-owner', ['--include-owner', 'workflow'], ['mirror', 'of-job', 'lost', 'shutdown', 'well']],
    ['--include-owner all', ['--include-owner=all'], ['mirror', 'lost', 'shutdown', 'well']],
    ['--include-unmarked', ['--include-unmarked'], ['mirror', 'of-job', 'of-workflow', 'shutdown']],
    ['--reason', ['--reason', 'NodeShutdown,OutOfcpu'], ['mirror', 'of-job', 'of-workflow', 'lost', 'well']],
    [
      '--node',
      ['--node', 'worker-2'],
      ['a', 'b', 'c', 'd', 'mirror', 'of-job', 'of-workflow', 'lost', 'shutdown', 'well'],
    ],
    ['-l', ['-l', 'app=api'], ['a', 'b', 'd', 'mirror', 'of-job', 'of-workflow', 'lost', 'shutdown', 'well']],
    [
      '--cause',
      ['--cause', 'limit,admission,disk'],
      ['a', 'b', 'mirror', 'of-job', 'of-workflow', 'lost', 'shutdown', 'well'],
    ],
    [
      '--older-than',
      ['--older-than', '90m'],
      ['a', 'c', 'd', 'mirror', 'of-job', 'of-workflow', 'lost', 'shutdown', 'well'],
    ],
    ['--keep', ['--keep', '1'], ['a', 'mirror', 'of-job', 'of-workflow', 'lost', 'shutdown', 'well']],
  ])('%s', async (_, flags, stay) => {
    const condition = {
      conditions: [
        {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'TerminationByKubelet',
          message: 'The node was low on resource: memory. ',
        },
      ],
    };
    const world = await purgeWorld([
      podObject('a', { ago: 10 }),
      podObject('b', { ago: 100 }),
      podObject('c', { ago: 20, labels: { app: 'api' }, message: 'Pod The node had condition: [DiskPressure]. ' }),
      podObject('d', { ago: 30, message: 'Usage of EmptyDir volume "c" exceeds the limit "5Mi". ' }),
      podObject('elsewhere', { ago: 120, node: 'worker-2' }),
      podObject('of-job', { owner: 'Job' }),
      podObject('of-workflow', { owner: 'Workflow' }),
      podObject('mirror', { annotations: { 'kubernetes.io/config.mirror': 'x' } }),
      podObject('lost', { reason: '', status: condition }),
      podObject('well', { phase: 'Succeeded', reason: '', status: condition }),
      podObject('shutdown', { reason: 'NodeShutdown' }),
    ]);
    const elsewhere = flags[0] === '--node' || !flags.some(flag => /^(-l|--cause)$/.test(flag)) ? [] : ['elsewhere'];
    const kept = [...stay, ...elsewhere].filter(name => name !== 'shutdown' || flags[0] !== '--reason');
    expect((await world.purge(flags)).code).toBe(0);
    expect(world.pods().toSorted()).toEqual(kept.toSorted());
  });

  test('pods that lack the reason are listed whenever they go', async () => {
    const message = 'The node was low on resource: memory. ';
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message }];
    const world = await purgeWorld([podObject('well', { phase: 'Succeeded', reason: '', status: { conditions } })]);
    const { err } = await world.purge(['--include-unmarked']);
    expect(err).toBe('1 pod deleted\n  without the reason Evicted: 1 pod: shop/well\n');
  });

  test('a finalizer holds a pod: terminating, and left alone the next time', async () => {
    const world = await purgeWorld([podObject('held', { finalizers: ['example.org/x'] })]);
    const first = await world.purge([]);
    expect(first.out).toBe('pod "held" terminating in shop namespace (held by a finalizer)\n');
    expect(first.code).toBe(0);
    const second = await world.purge([]);
    expect(second.out).toBe('');
    expect(second.err).toContain('already being deleted (terminating)');
    expect(world.deletes()).toBe(1);
  });

  test.each([
    ['--limit', ['--limit', '2']],
    ['--max-percent', ['--max-percent', '99']],
  ])('over the cap of %s nothing goes', async (_, flags) => {
    const world = await purgeWorld(some(3));
    const { code, out, err } = await world.purge(flags);
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^nothing was deleted: 3 pods would be deleted, more than/);
    expect(world.pods()).toHaveLength(3);
    expect((await world.purge([flags[0] ?? '', flags[0] === '--limit' ? '3' : '100'])).code).toBe(0);
    expect(world.pods()).toEqual([]);
  });

  test('names are made fit for a terminal', async () => {
    const world = await purgeWorld(some(1));
    const ran = await world.purge(['-n', 'shop\u001b[31m']);
    expect(ran.err).not.toContain('\u001b');
  });
});

describe('dry runs', () => {
  test('of the client send no delete', async () => {
    const world = await purgeWorld(some(2));
    const { code, out, err } = await world.purge(['--dry-run=client', '-A']);
    expect(code).toBe(0);
    expect(out).toContain('pod "web-00000" deleted from shop namespace (dry run)\n');
    expect(err).toBe('2 pods would be deleted\n');
    expect(world.deletes()).toBe(0);
  });

  test('of the server delete nothing', async () => {
    const world = await purgeWorld(some(2));
    const { out } = await world.purge(['--dry-run=server']);
    expect(out).toContain('pod "web-00001" deleted from shop namespace (server dry run)\n');
    expect(world.pods()).toHaveLength(2);
    const bodies = world.simulator.requests.filter(r => r.method === 'DELETE').map(r => JSON.parse(r.body) as object);
    expect(bodies).toEqual([
      expect.objectContaining({ dryRun: ['All'] }),
      expect.objectContaining({ dryRun: ['All'] }),
    ]);
  });

  test('write no archive', async () => {
    const world = await purgeWorld(some(1));
    const path = world.file('a.ndjson');
    await world.purge(['--dry-run=client', '--archive', path]);
    expect(existsSync(path)).toBe(false);
  });
});

describe('somebody at a terminal', () => {
  test('is shown what goes, and asked', async () => {
    const world = await purgeWorld([...some(3), podObject('d', { message: '?', owner: null, node: 'worker-2' })]);
    const { code, out, err } = await world.purge([], { stdin: ['y'] });
    expect(code).toBe(0);
    expect(out.split('\n')).toHaveLength(5);
    expect(err.replace(world.simulator.url, 'URL')).toMatchInlineSnapshot(`
      "4 pods to delete in namespace shop (server URL):
        by cause      3 pressure memory, 1 unknown
        by node       3 worker-1, 1 worker-2
        by namespace  4 shop
        by owner      3 ReplicaSet web-5d9c (shop), 1 none
      Delete these 4 pods? [y/N] 4 pods deleted
      "
    `);
  });

  test.each([['n'], [''], ['yep'], []])('who does not say yes deletes nothing: %j', async (...stdin: string[]) => {
    const world = await purgeWorld(some(3));
    const { code, out } = await world.purge([], { stdin });
    expect([code, out, world.deletes()]).toEqual([1, '', 0]);
  });

  test('need not be asked with -y, nor in a dry run', async () => {
    const world = await purgeWorld(some(1));
    expect((await world.purge(['--dry-run=client', '-A'], { stdin: [] })).code).toBe(0);
    expect((await world.purge(['-A', '-y'], { stdin: [] })).code).toBe(0);
    expect(world.pods()).toEqual([]);
  });
});

describe('documents', () => {
  test('-o json of every outcome', async () => {
    const world = await purgeWorld([...some(2), ...bystanders(), podObject('held', { finalizers: ['x/y'] })]);
    world.simulator.faults.add({
      match: { method: 'DELETE', name: 'web-00001' },
      fault: { type: 'status', code: 403 },
    });
    const ran = await world.purge(['-o', 'json']);
    const document = documentOf(ran);
    expect(ran.code).toBe(1);
    expect(outcomes(document)).toEqual([
      'held terminating',
      'mirror kept mirror',
      'of-job kept owner',
      'web-00000 deleted',
      'web-00001 failed',
    ]);
    expect(document.summary).toMatchObject({ evictedInScope: 5, deleted: 1, terminating: 1, kept: 2, failed: 1 });
    expect(document.errors).toEqual([expect.objectContaining({ what: 'delete pod', reason: 'forbidden' })]);
    expect(JSON.stringify(JSON.parse(ran.out), null, 2)).toBe(ran.out.trimEnd());
  });

  test('-o yaml says the same', async () => {
    const world = await purgeWorld([...some(2), ...bystanders()]);
    const json = documentOf(await world.purge(['-o', 'json', '--dry-run=client']));
    const yaml = documentOf(await world.purge(['-oyaml', '--dry-run=client']), text => load(text));
    expect(outcomes(yaml)).toEqual(outcomes(json));
    expect(yaml.summary).toEqual(json.summary);
  });

  test.each(['json', 'yaml'])('-o %s of nothing', async format => {
    const world = await purgeWorld([]);
    const document = documentOf(await world.purge(['-o', format]), text => load(text));
    expect(document.items).toEqual([]);
  });

  test('-o name', async () => {
    const world = await purgeWorld(some(1));
    expect((await world.purge(['-o', 'name'])).out).toBe('pod/web-00000\n');
  });

  test('of a list that breaks off', async () => {
    const world = await purgeWorld(some(30));
    world.simulator.faults.add({ match: { verb: 'list', continued: true }, fault: { type: 'status', code: 403 } });
    const ran = await world.purge(['-o', 'json', '--chunk-size', '10']);
    const document = documentOf(ran);
    expect(ran.code).toBe(1);
    expect(document.summary).toMatchObject({ deleted: 10 });
    expect(document.errors).toEqual([expect.objectContaining({ what: 'list pods', reason: 'forbidden' })]);
  });
});

/** Does something to the world when the first pod is gone, while the delete of `name` is on its way. */
function meanwhile(world: PurgeWorld, name: string, act: () => void): void {
  world.simulator.faults.add({ match: { method: 'DELETE', name }, fault: { type: 'latency', ms: 150 }, times: 1 });
  const end = world.cluster.onChange(change => {
    if (change.type !== 'DELETED') return;
    end();
    act();
  });
}

describe('what happens meanwhile', () => {
  test('a pod that was re-created under the same name survives', async () => {
    const world = await purgeWorld([podObject('a'), podObject('b', { owner: 'StatefulSet' })]);
    meanwhile(world, 'b', () => {
      world.cluster.remove('Pod', { namespace: 'shop', name: 'b' });
      world.cluster.upsert('Pod', podObject('b', { owner: 'StatefulSet', phase: 'Running', reason: '' }));
    });
    const { code, out, err } = await world.purge([]);
    expect([code, out]).toEqual([0, 'pod "a" deleted from shop namespace\n']);
    expect(err).toContain('pod "b" in shop namespace has been replaced by another of that name, which stays\n');
    expect(world.pods()).toEqual(['b']);
  });

  test('a label that was edited: read again, and gone', async () => {
    const world = await purgeWorld([podObject('a'), podObject('b')]);
    meanwhile(world, 'b', () => {
      world.cluster.patch('Pod', { namespace: 'shop', name: 'b' }, { metadata: { labels: { x: 'y' } } });
    });
    const path = world.file('a.ndjson');
    const { code, out } = await world.purge(['--archive', path]);
    expect(code).toBe(0);
    expect(out).toContain('pod "b" deleted');
    expect(world.pods()).toEqual([]);
    // The evidence of what was deleted is what it was in the end.
    expect(readArchive(path).findLast(({ pod }) => pod.metadata.name === 'b')?.pod.metadata.labels).toMatchObject({
      x: 'y',
    });
  });

  test('a pod that is no longer evicted stays', async () => {
    const world = await purgeWorld([podObject('a'), podObject('b')]);
    meanwhile(world, 'b', () => {
      world.cluster.patchStatus('Pod', { namespace: 'shop', name: 'b' }, { reason: 'Error' });
    });
    const { code, err } = await world.purge([]);
    expect(code).toBe(0);
    expect(err).toContain('pod "b" in shop namespace has changed and is no longer selected: kept\n');
    expect(world.pods()).toEqual(['b']);
  });

  test('a pod that somebody else deleted is gone', async () => {
    const world = await purgeWorld([podObject('a'), podObject('b')]);
    meanwhile(world, 'b', () => world.cluster.remove('Pod', { namespace: 'shop', name: 'b' }));
    const { code, err } = await world.purge([]);
    expect(code).toBe(0);
    expect(err).toContain('pod "b" in shop namespace is already gone\n');
  });

  test('a continue token that expires: none is missed, none is told twice', async () => {
    const world = await purgeWorld([...some(35), ...bystanders()]);
    world.simulator.faults.add({
      match: { verb: 'list', continued: true },
      skip: 1,
      times: 1,
      fault: { type: 'status', code: 410 },
    });
    const document = documentOf(await world.purge(['-o', 'json', '--chunk-size', '10']));
    expect(world.pods().toSorted()).toEqual(KEPT);
    expect(new Set(document.items.map(item => item.uid)).size).toBe(document.items.length);
    expect(document.summary).toMatchObject({ deleted: 35, kept: 2, evictedInScope: 37 });
  });

  test('a delete that was done before its answer was lost counts as deleted', async () => {
    const world = await purgeWorld(some(1));
    world.simulator.faults.add({ match: { method: 'DELETE' }, times: 1, fault: { type: 'cut-body', afterBytes: 1 } });
    expect((await world.purge([])).out).toBe('pod "web-00000" deleted from shop namespace\n');
    expect(world.deletes()).toBe(2);
  });

  test('a proxy that answers 200 in place of the API server is not believed', async () => {
    const world = await purgeWorld(some(1));
    world.simulator.faults.add({ match: { method: 'DELETE' }, fault: { type: 'html', code: 200 } });
    const { code, out } = await world.purge([]);
    expect([code, out]).toEqual([1, '']);
    expect(world.pods()).toHaveLength(1);
  });
});

describe('an interruption', () => {
  test.each([[[]], [['--keep', '1']]])('stops the sending, waits, and tells: %j', async flags => {
    const world = await purgeWorld(some(300));
    const stop = new AbortController();
    let gone = 0;
    world.cluster.onChange(change => {
      if (change.type === 'DELETED') gone += 1;
      if (gone === 20) stop.abort();
    });
    const ran = await world.purge(['-o', 'json', ...flags], { signal: stop.signal });
    const document = documentOf(ran);
    expect(ran.code).toBe(130);
    expect(document.summary['interrupted']).toBe(true);
    expect(gone).toBeGreaterThanOrEqual(20);
    expect(gone).toBeLessThan(150);
    expect(document.summary['deleted']).toBe(gone);
    expect(world.pods()).toHaveLength(300 - gone);
  });

  test('before anything was done', async () => {
    const world = await purgeWorld(some(3));
    const stop = new AbortController();
    stop.abort();
    const ran = await world.purge(['-o', 'json'], { signal: stop.signal });
    expect(ran.code).toBe(130);
    expect(documentOf(ran).items).toEqual([]);
    expect(world.pods()).toHaveLength(3);
  });

  test('in the question', async () => {
    const world = await purgeWorld(some(3));
    const ran = await world.purge(['--limit', '9', '-o', 'json'], { stdin: [] });
    expect(documentOf(ran).summary).toMatchObject({ deleted: 0, refusal: 'you said no' });
  });
});

describe('the archive', () => {
  test('keeps each pod with its events before its delete is sent', async () => {
    const world = await purgeWorld([...some(25), ...bystanders()]);
    world.cluster.upsert('Event', {
      metadata: { name: 'e1', namespace: 'shop' },
      involvedObject: {
        kind: 'Pod',
        name: 'web-00003',
        namespace: 'shop',
        uid: world.cluster.get('Pod', { namespace: 'shop', name: 'web-00003' })?.metadata.uid,
      },
      reason: 'Evicted',
    } as unknown as KubeObject);
    const path = world.file('a.ndjson');
    const missing: string[] = [];
    world.cluster.onChange(change => {
      const { name } = change.object.metadata;
      if (change.type === 'DELETED' && !readFileSync(path, 'utf8').includes(`"name":"${name}"`)) missing.push(name);
    });
    const before = new Map(world.cluster.list('Pod').map(pod => [pod.metadata.uid, pod]));
    expect((await world.purge(['--archive', path, '--chunk-size', '10'])).code).toBe(0);
    const archived = readArchive(path);
    expect(missing).toEqual([]);
    expect(archived).toHaveLength(25);
    for (const { kind, pod, events } of archived) {
      expect(kind).toBe('ArchivedPod');
      expect(pod).toEqual({ ...before.get(pod.metadata.uid), apiVersion: 'v1', kind: 'Pod' });
      expect(events).toHaveLength(pod.metadata.name === 'web-00003' ? 1 : 0);
    }
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    // Events are read once for a namespace, not once for a pod.
    expect(world.simulator.requests.filter(r => r.info.resource === 'events')).toHaveLength(1);
  });

  test('with a plan first', async () => {
    const world = await purgeWorld([...some(25), ...bystanders()]);
    const path = world.file('a.ndjson');
    const { code } = await world.purge(['--archive', path, '--chunk-size', '10', '--keep', '5']);
    expect(code).toBe(0);
    expect(readArchive(path)).toHaveLength(20);
    expect(world.pods()).toHaveLength(5 + KEPT.length);
  });

  test('tells why there are no events', async () => {
    const world = await purgeWorld(some(1));
    world.simulator.faults.add({ match: { resource: 'events' }, fault: { type: 'status', code: 403 } });
    const path = world.file('a.ndjson');
    expect((await world.purge(['--archive', path])).code).toBe(0);
    expect(readArchive(path)).toEqual([
      expect.objectContaining({ events: null, eventsError: expect.stringContaining('list events') as string }),
    ]);
  });

  test('an existing file is refused before anything is asked', async () => {
    const world = await purgeWorld(some(1));
    const path = world.file('a.ndjson');
    writeFileSync(path, '{}\n');
    const { code, err } = await world.purge(['--archive', path]);
    expect(code).toBe(1);
    expect(err).toContain('it exists already\n  try: choose another name, or add to it with --archive-append');
    expect([readFileSync(path, 'utf8'), world.simulator.requests]).toEqual(['{}\n', []]);
  });

  test('--archive-append cuts a torn line and goes on', async () => {
    const world = await purgeWorld(some(1));
    const path = world.file('a.ndjson');
    writeFileSync(path, '{"kind":"ArchivedPod","pod":{"metadata":{"name":"old"}}}\n{"kind":"Arch');
    expect((await world.purge(['--archive', path, '--archive-append'])).code).toBe(0);
    expect(readArchive(path).map(({ pod }) => pod.metadata.name)).toEqual(['old', 'web-00000']);
  });

  test('never through a symbolic link', async () => {
    const world = await purgeWorld(some(1));
    writeFileSync(world.file('real'), '{}\n');
    symlinkSync(world.file('real'), world.file('link'));
    for (const flags of [[], ['--archive-append']]) {
      expect((await world.purge(['--archive', world.file('link'), ...flags])).code).toBe(1);
    }
    symlinkSync(world.file('nowhere'), world.file('dangling'));
    expect((await world.purge(['--archive', world.file('dangling')])).code).toBe(1);
    expect(existsSync(world.file('nowhere'))).toBe(false);
    expect(world.pods()).toHaveLength(1);
  });

  test('that cannot be written any more stops the deleting', async () => {
    const world = await purgeWorld(some(30));
    const { testDeps } = await import('../support/deps.ts');
    const { run } = await import('../../src/run.ts');
    const { EvictError } = await import('../../src/errors.ts');
    const out: string[] = [];
    const err: string[] = [];
    const deps = testDeps({}, out, err);
    let batches = 0;
    const append = async (): Promise<void> => {
      batches += 1;
      if (batches === 2) throw new EvictError('cannot write a.ndjson: the disk is full');
    };
    const files = { ...deps.files, openLines: async () => ({ append, close: async () => {} }) };
    const access = [...adminFlags(world.simulator), '-n', 'shop'];
    const code = await run(['purge', ...access, '--archive', 'x', '--chunk-size', '10'], { ...deps, files });
    expect(code).toBe(1);
    expect(err.join('')).toContain('error: cannot write a.ndjson: the disk is full');
    // The first page was archived; of the second one nothing may go.
    expect(world.pods()).toHaveLength(20);
  });
});

describe('warnings', () => {
  test('pods that are made again and again', async () => {
    const world = await purgeWorld([
      ...some(3, { ago: 2, owner: 'DaemonSet' }).map(pod => ({
        ...pod,
        metadata: { ...pod.metadata, creationTimestamp: new Date(Date.now() - 300_000).toISOString() },
      })),
      podObject('old', { ago: 100, node: 'worker-9' }),
    ]);
    const { err } = await world.purge([]);
    expect(err).toMatch(
      /^warning: still making Evicted pods: shop\/DaemonSet web-5d9c \(3 in the last 15 minutes\) and node worker-1 \(3 in the last 15 minutes\)/,
    );
  });

  test('ages without the right to events', async () => {
    const world = await purgeWorld(some(2));
    world.simulator.faults.add({ match: { resource: 'events' }, fault: { type: 'status', code: 403 } });
    const { code, err } = await world.purge(['--older-than', '30m']);
    expect(code).toBe(0);
    expect(err).toContain('error: cannot list events');
    expect(world.pods()).toEqual([]);
  });
});

describe('the command line', () => {
  test.each([
    [['--keep', '-1'], /--keep: expected a whole number/],
    [['--cause', 'disk,cpu'], /"cpu" for --cause: expected some of pressure/],
    [['--cause', ''], /"" for --cause/],
    [['--reason', 'Evicted'], /"evicted" for --reason: expected some of AppArmor/],
    [['--older-than', '1 hour'], /--older-than: expected a duration/],
    [['--dry-run=maybe'], /--dry-run: expected none, client, server/],
    [['--dry-run'], /flag needs a value: --dry-run/],
    [['--archive-append'], /--archive-append needs --archive/],
    [['--watch'], /--watch needs --yes/],
    [['--watch', '-y', '--keep', '1'], /--watch and --keep exclude each other/],
    [['--watch', '-y', '--include-unmarked'], /--watch and --include-unmarked exclude each other/],
    [['--watch', '-y', '--max-percent', '5'], /--watch and --max-percent exclude each other/],
    [['-A', '-n', 'x'], /exclude each other/],
    [['pod-1'], /unexpected argument "pod-1": purge takes none/],
    [['--include-owner='], /an empty kind/],
  ])('%j is refused', async (argv, sentence) => {
    const { code, out, err } = await runCommand(['purge', '--server', 'http://127.0.0.1:1', ...argv]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(sentence);
  });
});
