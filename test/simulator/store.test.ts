import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../../src/simulator/clock.ts';
import { createCluster, type WorldChange } from '../../src/simulator/cluster.ts';
import { Store } from '../../src/simulator/store.ts';
import type { StoredObject } from '../../src/simulator/stored-object.ts';

function keys(objects: readonly StoredObject[] | undefined): string[] | undefined {
  return objects?.map(({ key }) => key);
}

function put(store: Store, name: string, data: string): void {
  const metadata = { name, namespace: 'a' };
  store.put('ConfigMap', { metadata, data: { data } }, metadata);
}

const step = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  data: fc.constantFrom('1', '2', undefined),
});

describe('history', () => {
  test('every revision can be read again as it was, by key', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const store = new Store();
        const states = new Map<number, readonly string[]>();
        const now = () => store.list('ConfigMap').map(({ key, object }) => `${key}=${JSON.stringify(object['data'])}`);
        for (const { data, name } of steps) {
          if (data === undefined) store.remove('ConfigMap', `a/${name}`);
          else put(store, name, data);
          states.set(store.revision, now());
          // Some states are kept as snapshots, others have to be worked out from the events.
          if (store.revision % 3 === 0) store.at('ConfigMap', store.revision);
        }
        for (const [revision, state] of states) {
          const read = store.at('ConfigMap', revision)?.map(o => `${o.key}=${JSON.stringify(o.object['data'])}`);
          expect(read).toEqual(state);
        }
      }),
    );
  });

  test('the events since a revision lead from there to the present', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.nat(), (steps, cut) => {
        const store = new Store();
        let from = store.revision;
        let state = new Map<string, StoredObject>();
        for (const [index, { data, name }] of steps.entries()) {
          if (index === cut % steps.length) {
            from = store.revision;
            state = new Map(store.list('ConfigMap').map(object => [object.key, object]));
          }
          if (data === undefined) store.remove('ConfigMap', `a/${name}`);
          else put(store, name, data);
        }
        for (const { object, type } of store.since('ConfigMap', from) ?? []) {
          if (type === 'DELETED') state.delete(object.key);
          else state.set(object.key, object);
        }
        expect([...state.keys()].sort()).toEqual(keys(store.list('ConfigMap')));
      }),
    );
  });

  test('it is bounded: events that were dropped cannot be asked for', () => {
    const store = new Store({ events: 8, snapshots: 2 });
    const start = store.revision;
    for (let round = 0; round < 40; round += 1) put(store, 'a', String(round));
    expect(store.since('ConfigMap', start)).toBeUndefined();
    expect(store.at('ConfigMap', start)).toBeUndefined();
    expect(store.since('ConfigMap', store.revision - 8)).toHaveLength(8);
    expect(store.oldest('ConfigMap')).toBeGreaterThan(start);
  });

  test('a compaction takes past states, a restart takes events', () => {
    const store = new Store();
    put(store, 'a', '1');
    const before = store.revision;
    store.at('ConfigMap', before);
    put(store, 'a', '2');
    store.compact();
    expect([store.at('ConfigMap', before), store.since('ConfigMap', before)?.length]).toEqual([undefined, 1]);
    store.dropHistory();
    expect(store.since('ConfigMap', before)).toBeUndefined();
    expect(keys(store.at('ConfigMap', store.revision))).toEqual(['a/a']);
  });

  test('keys sort as in etcd: by bytes, namespace and name as one', () => {
    const store = new Store();
    for (const namespace of ['a', 'a-b', 'ab']) {
      const metadata = { name: 'x', namespace };
      store.put('ConfigMap', { metadata }, metadata);
    }
    expect(keys(store.list('ConfigMap'))).toEqual(['a-b/x', 'a/x', 'ab/x']);
  });
});

describe('the world', () => {
  function world() {
    return createCluster({ clock: manualClock(Date.UTC(2026, 10, 22, 9, 30)), seed: 3 });
  }

  test('upsert completes what is missing, keeps uid and creation time, and writes only changes', () => {
    const cluster = world();
    const changes: WorldChange[] = [];
    const stop = cluster.onChange(change => changes.push(change));
    const first = cluster.upsert('Pod', { metadata: { name: 'p' }, status: { phase: 'Running' } });
    expect(first.metadata).toMatchObject({ namespace: 'default', creationTimestamp: '2026-11-22T09:30:00Z' });
    const again = cluster.upsert('Pod', { metadata: { name: 'p' }, status: { phase: 'Running' } });
    expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const next = cluster.upsert('Pod', { metadata: { name: 'p' }, status: { phase: 'Failed' } });
    expect(next.metadata.uid).toBe(first.metadata.uid);
    expect(cluster.remove('Pod', { name: 'p' })).toBe(true);
    expect(cluster.remove('Pod', { name: 'p' })).toBe(false);
    stop();
    cluster.upsert('Node', { metadata: { name: 'n' } });
    expect(changes.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  test('patches merge, null removes, name and uid stay', () => {
    const cluster = world();
    const { uid } = cluster.upsert('Node', {
      metadata: { name: 'n', labels: { a: '1' } },
      status: { a: 1, b: 2 },
    }).metadata;
    cluster.patchStatus('Node', { name: 'n' }, { a: null, c: { d: 1 } });
    const patched = cluster.patch('Node', { name: 'n' }, { metadata: { name: 'other', uid: 'x', labels: { b: '2' } } });
    expect(patched).toMatchObject({ metadata: { name: 'n', uid, labels: { a: '1', b: '2' } } });
    expect(patched?.status).toEqual({ b: 2, c: { d: 1 } });
    expect(cluster.patchStatus('Node', { name: 'none' }, {})).toBeUndefined();
  });

  test('pods are found by their node, also after they moved or went', () => {
    const cluster = world();
    const pod = (name: string, nodeName: string) => ({ metadata: { name }, spec: { nodeName } });
    for (const name of ['a', 'b', 'c']) cluster.upsert('Pod', pod(name, 'n1'));
    cluster.upsert('Pod', pod('b', 'n2'));
    cluster.remove('Pod', { name: 'c' });
    const on = (nodeName: string) => cluster.list('Pod', { nodeName }).map(({ metadata }) => metadata.name);
    expect([on('n1'), on('n2'), on('n3')]).toEqual([['a'], ['b'], []]);
  });

  test('objects that come with their JSON are like others', () => {
    const cluster = world();
    const tail = Buffer.from('"spec":{"nodeName":"n1"},"status":{"phase":"Failed"}}');
    const fields = { 'status.phase': 'Failed', 'spec.nodeName': 'n1' };
    cluster.load('Pod', [
      { metadata: { name: 'a', namespace: 'x' }, tail, fields },
      { metadata: { name: 'b', namespace: 'x' }, tail, fields },
    ]);
    expect(cluster.get('Namespace', { name: 'x' })).toBeDefined();
    expect(cluster.list('Pod', { nodeName: 'n1' })).toHaveLength(2);
    expect(cluster.get('Pod', { name: 'a', namespace: 'x' })).toMatchObject({ status: { phase: 'Failed' } });
    const [stored] = cluster.store.list('Pod');
    expect(JSON.parse(Buffer.concat([...(stored?.chunks ?? [])]).toString())).toEqual(stored?.object);
    cluster.patchStatus('Pod', { name: 'a', namespace: 'x' }, { reason: 'Evicted' });
    expect(cluster.store.get('Pod', 'x/a')?.field('status.phase')).toBe('Failed');
    expect(() => cluster.load('Pod', [{ metadata: { name: 'a', namespace: 'x' } }])).toThrow(/exists already/);
  });

  test('the same seed gives the same uids', () => {
    const uid = () => world().upsert('Pod', { metadata: { name: 'p' } }).metadata.uid;
    expect(uid()).toBe(uid());
    expect(uid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
