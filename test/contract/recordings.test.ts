import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SimulatedVersion } from '../../src/simulator/resources.ts';
import { fixture, fixtureText } from '../support/fixtures.ts';
import type { RawAnswer, RawEvent, RawRequest } from './raw-client.ts';
import { loadRecorded, type RecordedWorld, recordedEvents, recordedWorld } from './recorded.ts';
import { normalized, shapeOf } from './shape.ts';

/** A recorded answer and how to get the same from the simulator. */
interface Recording extends RawRequest {
  readonly file: string;
  readonly status: number;
  /** @default admin */
  readonly user?: string;
  readonly prepare?: (world: RecordedWorld) => void;
  /** Runs before the request, for its `TOKEN`. */
  readonly first?: string;
  /** Runs between the two. */
  readonly between?: (world: RecordedWorld) => void;
}

const WRONG_UID = '00000000-0000-4000-8000-000000000000';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const METADATA = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
const FAILED = 'fieldSelector=status.phase%3DFailed';

function options(more: object): { readonly method: 'DELETE'; readonly body: object } {
  return { method: 'DELETE', body: { kind: 'DeleteOptions', apiVersion: 'v1', ...more } };
}

function compact(world: RecordedWorld): void {
  world.simulator.compact();
}

function hang(world: RecordedWorld): void {
  world.simulator.setAgent('k120-node', { configz: () => ({ hang: true }), statsSummary: () => ({ hang: true }) });
}

function kubelet(node: string) {
  return (world: RecordedWorld) => {
    const answer = () => ({ status: 200, contentType: 'application/json', body: '{}' });
    world.simulator.setAgent(node, { configz: answer, statsSummary: answer });
  };
}

function pods120(world: RecordedWorld): void {
  loadRecorded(world, 'Pod', 'pods-evicted.json');
}

const EVICT_REAL = '/api/v1/namespaces/evict-real/pods';
const BYSTANDER = `${EVICT_REAL}/bystander-26483`;
const LIMITED = `${EVICT_REAL}/container-limit-19322`;
const BYSTANDER_UID = '59db09ec-e455-4f34-bd4a-91a0c59a3a97';
const NODE_120 = '/api/v1/nodes/k120-node';

const RECORDINGS_120: readonly Recording[] = [
  { file: 'anonymous.json', status: 403, user: 'nobody', path: '/api/v1/nodes' },
  { file: 'unauthorized.json', status: 401, user: 'stranger', path: '/api/v1/nodes' },
  { file: 'forbidden.json', status: 403, user: 'viewer', path: `${NODE_120}/proxy/configz` },
  { file: 'forbidden-stats.json', status: 403, user: 'viewer', path: `${NODE_120}/proxy/stats/summary` },
  { file: 'forbidden-get-pod.json', status: 403, user: 'viewer', path: `${EVICT_REAL}/late-11914` },
  { file: 'delete-forbidden.json', status: 403, user: 'viewer', method: 'DELETE', path: LIMITED },
  { file: 'bad-field-selector.json', status: 400, path: `${EVICT_REAL}?fieldSelector=status.reason%3DEvicted` },
  { file: 'configz-kubelet-down.json', status: 500, path: `${NODE_120}/proxy/configz` },
  { file: 'stats-kubelet-down.json', status: 500, path: `${NODE_120}/proxy/stats/summary` },
  { file: 'configz-kubelet-hangs.json', status: 500, path: `${NODE_120}/proxy/configz`, prepare: hang },
  { file: 'configz-node-not-found.json', status: 404, path: '/api/v1/nodes/no-such-node/proxy/configz' },
  {
    file: 'kubelet-path-not-found.txt',
    status: 404,
    path: `${NODE_120}/proxy/no-such-path`,
    prepare: kubelet('k120-node'),
  },
  { file: 'healthz.txt', status: 200, path: `${NODE_120}/proxy/healthz`, prepare: kubelet('k120-node') },
  { file: 'version.json', status: 200, path: '/version' },
  { file: 'node-healthy.json', status: 200, path: NODE_120 },
  {
    file: 'nodes.json',
    status: 200,
    path: '/api/v1/nodes',
    prepare: world => loadRecorded(world, 'Node', 'nodes.json'),
  },
  {
    file: 'events.json',
    status: 200,
    path: '/api/v1/events',
    prepare: world => loadRecorded(world, 'Event', 'events.json'),
  },
  { file: 'pods-evicted.json', status: 200, path: `${EVICT_REAL}?${FAILED}`, prepare: pods120 },
  {
    file: 'pods-table.json',
    status: 200,
    path: `${EVICT_REAL}?${FAILED}`,
    headers: { Accept: TABLE },
    prepare: pods120,
  },
  { file: 'pods-page-1.json', status: 200, path: `${EVICT_REAL}?limit=2`, prepare: pods120 },
  {
    file: 'pods-page-2.json',
    status: 200,
    path: `${EVICT_REAL}?limit=2&continue=TOKEN`,
    first: `${EVICT_REAL}?limit=2`,
    prepare: pods120,
  },
  {
    file: 'pods-metadata-only.json',
    status: 200,
    path: `${EVICT_REAL}?limit=2`,
    headers: { Accept: METADATA },
    prepare: pods120,
  },
  {
    file: 'continue-expired.json',
    status: 410,
    path: `${EVICT_REAL}?limit=2&continue=TOKEN`,
    first: `${EVICT_REAL}?limit=2`,
    // The recorded list began with the only pod before this one.
    prepare: world => {
      loadRecorded(world, 'Pod', 'pods-failed.json');
      for (const { metadata } of world.cluster.list('Pod')) {
        if (metadata.name < 'exit-1') world.cluster.remove('Pod', metadata);
      }
      world.cluster.upsert('Pod', { metadata: { name: 'disk', namespace: 'evict-real' } });
    },
    between: compact,
  },
  { file: 'continue-garbage.json', status: 400, path: `${EVICT_REAL}?limit=2&continue=garbage` },
  {
    file: 'list-old-version.json',
    status: 410,
    path: `${EVICT_REAL}?limit=2&resourceVersion=1&resourceVersionMatch=Exact`,
  },
  {
    file: 'delete-precondition-conflict.json',
    status: 409,
    path: BYSTANDER,
    ...options({ preconditions: { uid: WRONG_UID } }),
    prepare: pods120,
  },
  {
    file: 'delete-precondition-version-conflict.json',
    status: 409,
    path: BYSTANDER,
    ...options({ preconditions: { uid: BYSTANDER_UID, resourceVersion: '1' } }),
    prepare: pods120,
  },
  {
    file: 'delete-dry-run.json',
    status: 200,
    path: BYSTANDER,
    ...options({ dryRun: ['All'], preconditions: { uid: BYSTANDER_UID } }),
    prepare: pods120,
  },
  {
    file: 'delete-ok.json',
    status: 200,
    path: BYSTANDER,
    ...options({ preconditions: { uid: BYSTANDER_UID } }),
    prepare: pods120,
  },
  { file: 'delete-not-found.json', status: 404, method: 'DELETE', path: BYSTANDER },
  {
    file: 'delete-query-dry-run-ignored.json',
    status: 200,
    path: `${LIMITED}?dryRun=All`,
    ...options({}),
    prepare: pods120,
  },
  {
    file: 'deletecollection-dry-run.json',
    status: 200,
    method: 'DELETE',
    path: `${EVICT_REAL}?${FAILED}&dryRun=All`,
    prepare: world => loadRecorded(world, 'Pod', 'deletecollection-dry-run.json'),
  },
];

const SHOP = '/api/v1/namespaces/shop/pods';
const WRITER_UID = 'ba2b26b7-5d9c-447f-8326-26e5c4068f65';
const NODE_136 = '/api/v1/nodes/k136-node1';
const REVIEW: RawRequest = {
  method: 'POST',
  path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  body: {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb: 'get', resource: 'nodes', subresource: 'proxy' } },
  },
};

function pods136(world: RecordedWorld): void {
  loadRecorded(world, 'Pod', 'pods-evicted.json');
}

function writer(world: RecordedWorld): void {
  loadRecorded(world, 'Pod', 'delete-dryrun.json');
}

const RECORDINGS_136: readonly Recording[] = [
  { file: 'anonymous-forbidden.json', status: 403, user: 'nobody', path: NODE_136 },
  { file: 'unauthorized.json', status: 401, user: 'stranger', path: NODE_136 },
  { file: 'forbidden.json', status: 403, user: 'viewer', path: `${NODE_136}/proxy/configz` },
  { file: 'forbidden-stats.json', status: 403, user: 'viewer', path: `${NODE_136}/proxy/stats/summary` },
  {
    file: 'forbidden-configz-subresource-only.json',
    status: 403,
    user: 'configz-reader',
    path: `${NODE_136}/proxy/configz`,
  },
  {
    file: 'forbidden-configz-stats-subresources.json',
    status: 403,
    user: 'configz-reader',
    path: `${NODE_136}/proxy/stats/summary`,
  },
  { file: 'delete-forbidden.json', status: 403, user: 'viewer', path: `${SHOP}/late-burstable`, ...options({}) },
  { file: 'ssar-allowed.json', status: 201, user: 'operator', ...REVIEW },
  { file: 'ssar-denied.json', status: 201, user: 'viewer', ...REVIEW },
  {
    file: 'fieldselector-unsupported.json',
    status: 400,
    user: 'operator',
    path: '/api/v1/pods?fieldSelector=status.reason%3DEvicted',
  },
  { file: 'configz-kubelet-down.json', status: 503, user: 'operator', path: `${NODE_136}/proxy/configz` },
  { file: 'configz-kubelet-down-notready.json', status: 503, user: 'operator', path: `${NODE_136}/proxy/configz` },
  { file: 'stats-summary-kubelet-down.json', status: 503, user: 'operator', path: `${NODE_136}/proxy/stats/summary` },
  {
    file: 'configz-address-not-allowed.json',
    status: 400,
    user: 'operator',
    path: '/api/v1/nodes/k136-loopback/proxy/configz',
    prepare: world => {
      const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] };
      world.cluster.upsert('Node', { metadata: { name: 'k136-loopback' }, status });
    },
  },
  {
    file: 'configz-node-not-found.json',
    status: 404,
    user: 'operator',
    path: '/api/v1/nodes/no-such-node/proxy/configz',
  },
  { file: 'configz-subpath-not-an-api.json', status: 404, path: `${NODE_136}/configz` },
  {
    file: 'configz-wrong-path.txt',
    status: 404,
    user: 'operator',
    path: `${NODE_136}/proxy/configzz`,
    prepare: kubelet('k136-node1'),
  },
  { file: 'version.json', status: 200, path: '/version' },
  { file: 'node-healthy.json', status: 200, user: 'operator', path: NODE_136 },
  {
    file: 'nodes-list.json',
    status: 200,
    path: '/api/v1/nodes',
    prepare: world => loadRecorded(world, 'Node', 'nodes-list.json'),
  },
  {
    file: 'events-evicted.json',
    status: 200,
    path: '/api/v1/events?fieldSelector=reason%3DEvicted',
    prepare: world => {
      loadRecorded(world, 'Event', 'events-evicted.json');
      world.cluster.upsert('Event', { metadata: { name: 'other', namespace: 'shop' }, reason: 'Pulled' });
    },
  },
  { file: 'pods-evicted.json', status: 200, path: `/api/v1/pods?${FAILED}`, prepare: pods136 },
  {
    file: 'pods-all.json',
    status: 200,
    path: '/api/v1/pods',
    prepare: world => loadRecorded(world, 'Pod', 'pods-all.json'),
  },
  {
    file: 'pods-table.json',
    status: 200,
    path: `/api/v1/pods?${FAILED}`,
    headers: { Accept: TABLE },
    prepare: pods136,
  },
  {
    file: 'pods-table-includeobject.json',
    status: 200,
    user: 'operator',
    path: '/api/v1/namespaces/batch/pods?includeObject=Object',
    headers: { Accept: TABLE },
    prepare: world => {
      loadRecorded(world, 'Pod', 'pods-table-includeobject.json');
      world.clock.advance(Date.parse('2026-11-22T09:46:56.5Z') - world.clock.now());
    },
  },
  {
    file: 'pods-metadata-only.json',
    status: 200,
    path: `${SHOP}?${FAILED}`,
    headers: { Accept: METADATA },
    prepare: pods136,
  },
  {
    file: 'continue-expired.json',
    status: 410,
    user: 'operator',
    path: `/api/v1/pods?${FAILED}&limit=20&continue=TOKEN`,
    first: `/api/v1/pods?${FAILED}&limit=20`,
    prepare: world => {
      loadRecorded(world, 'Pod', 'pods-page1.json');
      loadRecorded(world, 'Pod', 'pods-page2.json');
    },
    between: compact,
  },
  { file: 'continue-invalid.json', status: 400, user: 'operator', path: '/api/v1/pods?limit=20&continue=garbage' },
  {
    file: 'list-rv-expired.json',
    status: 410,
    user: 'operator',
    path: '/api/v1/pods?resourceVersion=2&resourceVersionMatch=Exact&limit=5',
  },
  { file: 'list-rv-too-large.json', status: 504, user: 'operator', path: '/api/v1/pods?resourceVersion=999999999' },
  {
    file: 'delete-precondition-conflict.json',
    status: 409,
    user: 'operator',
    path: `${SHOP}/writer`,
    ...options({ preconditions: { uid: WRONG_UID } }),
    prepare: writer,
  },
  {
    file: 'delete-precondition-rv-conflict.json',
    status: 409,
    user: 'operator',
    path: `${SHOP}/writer`,
    ...options({ preconditions: { uid: WRITER_UID, resourceVersion: '1' } }),
    prepare: writer,
  },
  {
    file: 'delete-dryrun.json',
    status: 200,
    user: 'operator',
    path: `${SHOP}/writer`,
    ...options({ preconditions: { uid: WRITER_UID }, dryRun: ['All'] }),
    prepare: writer,
  },
  {
    file: 'delete-ok.json',
    status: 200,
    user: 'operator',
    path: `${SHOP}/writer`,
    ...options({ preconditions: { uid: WRITER_UID } }),
    prepare: writer,
  },
  { file: 'delete-not-found.json', status: 404, user: 'operator', path: `${SHOP}/writer`, ...options({}) },
  {
    file: 'delete-query-dryrun-no-body.json',
    status: 200,
    user: 'operator',
    method: 'DELETE',
    path: `${SHOP}/late-burstable?dryRun=All`,
    prepare: world => loadRecorded(world, 'Pod', 'delete-query-dryrun-no-body.json'),
  },
  {
    file: 'delete-query-dryrun-with-body.json',
    status: 200,
    user: 'operator',
    path: `${SHOP}/late-besteffort?dryRun=All`,
    ...options({ preconditions: { uid: 'b8f4e76c-64f0-455a-bc71-bb412dc0e026' } }),
    prepare: world => loadRecorded(world, 'Pod', 'delete-query-dryrun-with-body.json'),
  },
  {
    file: 'watch-streaming-list-invalid.json',
    status: 422,
    user: 'operator',
    path: '/api/v1/namespaces/batch/pods?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&timeoutSeconds=8',
  },
];

// The moments at which the tables were taken: their ages count from there.
const MOMENTS = { '1.20': '2026-11-22T09:53:25.5Z', '1.36': '2026-11-22T09:34:11.5Z' } as const;

async function ask(world: RecordedWorld, recording: Recording): Promise<RawAnswer> {
  const client = world.client(recording.user ?? 'admin');
  if (recording.first === undefined) return client.send(recording);
  const page = await client.send({ path: recording.first });
  recording.between?.(world);
  return client.send({ ...recording, path: recording.path.replace('TOKEN', page.json.metadata.continue) });
}

// biome-ignore lint/suspicious/noExplicitAny: recorded and simulated answers of all kinds
function expectAlike(simulated: any, recorded: any): void {
  if (recorded.kind === 'Status') {
    expect(normalized(simulated)).toEqual(normalized(recorded));
    return;
  }
  expect(shapeOf(simulated)).toEqual(shapeOf(recorded));
  if (recorded.items !== undefined) expect(withoutVersions(simulated.items)).toEqual(withoutVersions(recorded.items));
  if (recorded.rows === undefined) return;
  const cells = (table: { rows: readonly { cells: unknown }[] }) => table.rows.map(row => row.cells);
  expect(cells(simulated)).toEqual(cells(recorded));
  const columns = (table: { columnDefinitions: readonly Record<string, unknown>[] }) =>
    table.columnDefinitions.map(column => ({ ...column, description: '' }));
  expect(columns(simulated)).toEqual(columns(recorded));
}

function withoutVersions(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === 'resourceVersion' ? undefined : inner)));
}

describe.each([
  ['1.20', RECORDINGS_120],
  ['1.36', RECORDINGS_136],
] as const)('the recordings of %s', (version, recordings) => {
  let world: RecordedWorld;

  beforeEach(async () => {
    world = await recordedWorld(version, MOMENTS[version]);
    loadRecorded(world, 'Node', 'node-healthy.json');
  });
  afterEach(() => world.close());

  test.each(recordings)('$file', async recording => {
    recording.prepare?.(world);
    const answer = await ask(world, recording);
    expect(answer.status, answer.text.slice(0, 300)).toBe(recording.status);
    if (recording.file.endsWith('.txt')) {
      expect(answer.text).toBe(fixtureText(`v${version}`, recording.file));
      return;
    }
    expect(answer.headers['content-type']).toBe('application/json');
    expectAlike(answer.json, fixture(`v${version}`, recording.file));
  });

  test('watch-expired.ndjson', async () => {
    const path = '/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=2&timeoutSeconds=10';
    const events = await world.client('operator').watch(path, () => false);
    expect(normalized(events)).toEqual(normalized(recordedEvents(version, 'watch-expired.ndjson')));
  });
});

describe.each(['1.20', '1.36'] as const)('after a compaction, %s', version => {
  test('an expired token offers another one, which goes on with what is there now', async () => {
    const world = await recordedWorld(version, MOMENTS[version]);
    try {
      const recorded = fixture(`v${version}`, 'continue-inconsistent.json');
      loadRecorded(world, 'Pod', 'continue-inconsistent.json');
      const client = world.client('admin');
      const path = '/api/v1/pods?limit=1';
      const first = await client.send({ path });
      world.simulator.compact();
      const gone = await client.send({ path: `${path}&continue=${first.json.metadata.continue}` });
      expect(gone.status).toBe(410);
      const next = await client.send({ path: `${path}&continue=${gone.json.metadata.continue}` });
      expect(next.status).toBe(200);
      expect(Number(next.json.metadata.resourceVersion)).toBeGreaterThan(Number(first.json.metadata.resourceVersion));
      // biome-ignore lint/suspicious/noExplicitAny: a recorded list
      const { items } = recorded as any;
      expect(withoutVersions([...first.json.items, ...next.json.items])).toEqual(withoutVersions(items.slice(0, 2)));
    } finally {
      await world.close();
    }
  });
});

interface Replay {
  readonly version: SimulatedVersion;
  /** What was watched. */
  readonly path: string;
  /** The recorded watch that is played to the simulator. */
  readonly played: string;
  /** The recorded watch that the simulator has to show. */
  readonly file: string;
}

describe('recorded watches, played again', () => {
  let world: RecordedWorld | undefined;
  afterEach(() => world?.close());

  test('watch-streaming-list.ndjson', async () => {
    world = await recordedWorld('1.36', MOMENTS['1.36']);
    const recorded = recordedEvents('1.36', 'watch-streaming-list.ndjson');
    for (const { object, type } of recorded) if (type === 'ADDED') world.cluster.upsert('Pod', object);
    const path =
      '/api/v1/namespaces/batch/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=8';
    const events = await world.client('operator').watch(path, list => list.length >= recorded.length);
    expect(withoutVersions(events)).toEqual(withoutVersions(recorded));
  });

  test.each<Replay>([
    { version: '1.20', path: `${EVICT_REAL}?watch=1`, played: 'watch.ndjson', file: 'watch.ndjson' },
    { version: '1.36', path: `${SHOP}?watch=1`, played: 'watch.ndjson', file: 'watch.ndjson' },
    {
      version: '1.36',
      path: `${SHOP}?watch=1&${FAILED}`,
      played: 'watch.ndjson',
      file: 'watch-fieldselector-failed.ndjson',
    },
  ])('$version $path', async ({ file, path, played, version }) => {
    world = await recordedWorld(version, MOMENTS[version]);
    const { cluster } = world;
    const script = recordedEvents(version, played).filter(({ type }) => type !== 'BOOKMARK');
    const seen = new Set<string>();
    for (const { object, type } of script) {
      if (!seen.has(object.metadata.name) && type !== 'ADDED') {
        cluster.upsert('Pod', { ...object, status: { phase: 'Running' } });
      }
      seen.add(object.metadata.name);
    }
    const wanted = recordedEvents(version, file);
    const kinds = wanted.filter(({ type }) => type !== 'BOOKMARK');
    const bookmarked = (events: readonly RawEvent[]) =>
      events.filter(({ type }) => type !== 'BOOKMARK').length >= kinds.length && events.at(-1)?.type === 'BOOKMARK';
    const revision = cluster.store.revision;
    const watching = world
      .client('admin')
      .watch(`${path}&allowWatchBookmarks=true&timeoutSeconds=20&resourceVersion=${revision}`, bookmarked);
    for (const { object, type } of script) {
      if (type === 'DELETED') cluster.remove('Pod', object.metadata);
      else cluster.upsert('Pod', object);
    }
    const events = await watching;
    const line = ({ object, type }: RawEvent) => [type, object.metadata.name, withoutVersions(object.status)];
    expect(events.filter(({ type }) => type !== 'BOOKMARK').map(line)).toEqual(kinds.map(line));
    expect(withoutVersions(events.at(-1))).toEqual(withoutVersions(wanted.at(-1)));
  });
});
