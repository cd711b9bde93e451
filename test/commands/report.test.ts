import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { type Ran, runCommand, type TestWorld } from '../support/deps.ts';
import { fixture } from '../support/fixtures.ts';
import { type StubAnswer, startStub } from '../support/http-stub.ts';
import { podObject, purgeWorld } from '../support/purge-world.ts';
import { accessTo } from '../support/roles.ts';

interface Group {
  readonly name?: string;
  readonly namespace?: string;
  readonly owner?: { readonly kind: string; readonly name: string } | null;
  readonly ownerKnown?: boolean;
  readonly kind?: string;
  readonly resources?: readonly string[];
  readonly count: number;
  readonly first: string | null;
  readonly last: string | null;
}

interface Ranking {
  readonly groups: readonly Group[];
  readonly others: { readonly groups: number; readonly count: number };
}

interface Document {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly summary: {
    readonly evictions: number;
    readonly sources: Readonly<Record<string, number>>;
    readonly times: Readonly<Record<string, number>>;
    readonly leftOut: Readonly<Record<string, number>>;
    readonly first: string | null;
    readonly last: string | null;
  };
  readonly byOwner: Ranking;
  readonly byNode: Ranking;
  readonly byNamespace: Ranking;
  readonly byCause: Ranking;
  readonly histogram: {
    readonly bucketSeconds: number;
    readonly buckets: readonly { readonly start: string; readonly count: number }[];
  } | null;
  readonly errors: readonly { readonly what: string; readonly reason: string; readonly message: string }[];
}

const schema = JSON.parse(
  readFileSync(new URL('../../docs/schemas/eviction-report.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);

/** The document, which must be of its schema. */
function parsed(ran: Ran): Document {
  const document = JSON.parse(ran.out) as Document;
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  return document;
}

const events = (reason: string) => {
  const all = fixture('v1.20', 'events.json') as { readonly items: readonly { readonly reason: string }[] };
  return { kind: 'EventList', metadata: {}, items: all.items.filter(event => event.reason === reason) };
};
const forbidden = (what: string): StubAnswer => ({
  status: 403,
  body: {
    kind: 'Status',
    status: 'Failure',
    reason: 'Forbidden',
    message: `${what} is forbidden: User "u" cannot list resource "${what}"`,
    code: 403,
  },
});

/** `report` against recorded answers. */
async function report(
  argv: readonly string[],
  answers: { readonly pods?: StubAnswer; readonly events?: StubAnswer } = {},
  world: TestWorld = {},
): Promise<Ran & { readonly urls: readonly string[] }> {
  const stub = await startStub([
    {
      path: /^\/api\/v1\/(namespaces\/\w+\/)?pods\?/,
      answers: [answers.pods ?? { body: fixture('v1.20', 'pods-failed.json') }],
    },
    { path: /^\/api\/v1\/(namespaces\/\w+\/)?events\?/, answers: [answers.events ?? { body: events('Evicted') }] },
  ]);
  const ran = await runCommand(['report', '--server', stub.url, ...argv], world);
  return { ...ran, urls: stub.requests.map(request => request.url) };
}

const archived = (name: string, change: Parameters<typeof podObject>[1] = {}, uid = `uid-${name}`) => {
  const pod = podObject(name, change);
  Object.assign(pod.metadata, { uid });
  return `${JSON.stringify({ apiVersion: 'kubectl-evict/v1', kind: 'ArchivedPod', pod, events: [] })}\n`;
};

describe('report of a recorded cluster', () => {
  test('counts its Evicted pods, each once, and events whose pod is gone', async () => {
    const ran = await report(['-A', '-o', 'json']);
    const document = parsed(ran);
    expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
    // Counted in the recordings by hand (jq): 35 Evicted pods, and the uids of Evicted events that no pod has.
    const pods = fixture('v1.20', 'pods-failed.json') as {
      items: { metadata: { uid: string }; status: { reason?: string } }[];
    };
    const uids = new Set(pods.items.filter(p => p.status.reason === 'Evicted').map(p => p.metadata.uid));
    const gone = new Set(
      (events('Evicted').items as unknown as { involvedObject: { uid: string } }[])
        .map(e => e.involvedObject.uid)
        .filter(uid => !uids.has(uid)),
    );
    expect(uids.size).toBe(35);
    expect(document.summary.sources).toEqual({ pod: 35, unmarked: 0, archive: 0, event: gone.size });
    expect(document.summary.evictions).toBe(35 + gone.size);
    expect(document.byNode.groups.map(g => g.name)).toEqual(['k120-node']);
  });

  test('asks for ended pods and Evicted events, and nothing else', async () => {
    const { urls } = await report(['-n', 'shop']);
    expect(urls.map(url => decodeURIComponent(url))).toEqual([
      '/api/v1/namespaces/shop/events?fieldSelector=reason=Evicted&limit=500',
      '/api/v1/namespaces/shop/pods?fieldSelector=status.phase!=Running,status.phase!=Pending&limit=500',
    ]);
  });

  test('the table', async () => {
    const now = Date.UTC(2026, 10, 23, 12);
    const at = (hours: number) => new Date(now - hours * 3_600_000).toISOString();
    const pod = (name: string, hours: number, change: Parameters<typeof podObject>[1] = {}) => {
      const object = podObject(name, {
        ...change,
        status: {
          conditions: [
            { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', lastTransitionTime: at(hours) },
          ],
        },
      });
      Object.assign(object.metadata, { uid: name, creationTimestamp: at(100) });
      return object;
    };
    const items = [
      ...Array.from({ length: 6 }, (_, i) => pod(`a${i}`, 3)),
      pod('b', 1, { owner: null, node: 'worker-2' }),
      pod('c', 20, {
        namespace: 'media',
        owner: 'DaemonSet',
        message: 'Pod was rejected: The node had condition: [DiskPressure]. ',
      }),
    ];
    const body = { kind: 'PodList', metadata: {}, items };
    const none = { body: { kind: 'EventList', metadata: {}, items: [] } };
    const ran = await report(['-A', '--top', '2'], { pods: { body }, events: none }, { now });
    expect(ran.out).toMatchInlineSnapshot(`
      "8 evictions in all namespaces: 8 Evicted pods
      from 2026-11-22 16:00 to 2026-11-23 11:00 UTC

      CAUSE             EVICTIONS   SHARE   LAST
      pressure memory           7   87.5%   2026-11-23 11:00
      admission disk            1   12.5%   2026-11-22 16:00

      OWNER                 NAMESPACE   EVICTIONS   SHARE   LAST
      ReplicaSet web-5d9c   shop                6     75%   2026-11-23 09:00
      DaemonSet web-5d9c    media               1   12.5%   2026-11-22 16:00
      and 1 more, with 1 eviction (--top 0 shows all)

      NODE       EVICTIONS   SHARE   LAST
      worker-1           7   87.5%   2026-11-23 09:00
      worker-2           1   12.5%   2026-11-23 11:00

      NAMESPACE   EVICTIONS   SHARE   LAST
      shop                7   87.5%   2026-11-23 11:00
      media               1   12.5%   2026-11-22 16:00

      FROM (UTC)         EVICTIONS   in each 1h
      2026-11-22 16:00           1   ########
      2026-11-22 17:00           0
      2026-11-22 18:00           0
      2026-11-22 19:00           0
      2026-11-22 20:00           0
      2026-11-22 21:00           0
      2026-11-22 22:00           0
      2026-11-22 23:00           0
      2026-11-23 00:00           0
      2026-11-23 01:00           0
      2026-11-23 02:00           0
      2026-11-23 03:00           0
      2026-11-23 04:00           0
      2026-11-23 05:00           0
      2026-11-23 06:00           0
      2026-11-23 07:00           0
      2026-11-23 08:00           0
      2026-11-23 09:00           6   #################################################
      2026-11-23 10:00           0
      2026-11-23 11:00           1   ########
      "
    `);
  });

  test('-o yaml holds the same document', async () => {
    const world = { now: Date.UTC(2026, 10, 22, 10) };
    const [yaml, json] = [await report(['-A', '-oyaml'], {}, world), await report(['-A', '-ojson'], {}, world)];
    const drop = (text: string) => text.replaceAll(/127\.0\.0\.1:\d+/g, 'server');
    expect(load(drop(yaml.out))).toEqual(JSON.parse(drop(json.out)));
  });

  test('nobody was evicted', async () => {
    const none = { body: { kind: 'PodList', metadata: {}, items: [] } };
    const ran = await report(['-n', 'quiet'], {
      pods: none,
      events: { body: { kind: 'EventList', metadata: {}, items: [] } },
    });
    expect(ran).toMatchObject({ code: 0, err: '', out: '0 evictions in namespace quiet\n' });
  });
});

describe('what may not be read', () => {
  test('no events: the pods are counted, and the missing right is named', async () => {
    const ran = await report(['-A'], { events: forbidden('events') });
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^35 evictions in all namespaces: 35 Evicted pods\n/);
    expect(ran.err).toMatch(
      /^warning: cannot list events: forbidden.*\n {4}try: ask for the right to list events; "kubectl evict rbac --for report" prints the role\n$/,
    );
  });

  test('no pods: the events are counted', async () => {
    const ran = await report(['-A', '-ojson'], { pods: forbidden('pods') });
    const document = parsed(ran);
    expect(ran.code).toBe(0);
    expect(document.errors).toEqual([expect.objectContaining({ what: 'pods', reason: 'forbidden' })]);
    expect(document.summary.sources).toMatchObject({ pod: 0 });
    expect(document.summary.evictions).toBe(document.summary.sources['event']);
    expect(document.byOwner.groups.every(g => g.ownerKnown === false)).toBe(true);
  });

  test('neither: an error', async () => {
    const ran = await report(['-A'], { pods: forbidden('pods'), events: forbidden('events') });
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toMatch(/^error: cannot list pods: forbidden/);
  });

  test('a list that breaks off leaves figures missing: exit 1', async () => {
    const ran = await report(['-A', '-ojson'], { pods: { status: 500, body: 'etcd is away' } });
    expect(ran.code).toBe(1);
    expect(parsed(ran).errors).toMatchObject([{ what: 'pods', reason: 'server' }]);
  });
});

describe('archives', () => {
  const input = [archived('a'), archived('b', { node: 'worker-2' }), archived('c', { namespace: 'media' })];

  test('from stdin, without any cluster', async () => {
    const ran = await runCommand(['report', '-f', '-', '-ojson'], { input });
    const document = parsed(ran);
    expect(document.metadata).toMatchObject({ server: null, context: null, namespace: null, files: ['-'] });
    expect(document.summary).toMatchObject({ evictions: 3, sources: { archive: 3 } });
    expect(document.byNamespace.groups.map(g => [g.name, g.count])).toEqual([
      ['shop', 2],
      ['media', 1],
    ]);
  });

  test('-n chooses from it', async () => {
    const document = parsed(await runCommand(['report', '-f', '-', '-n', 'media', '-ojson'], { input }));
    expect(document.summary.evictions).toBe(1);
  });

  test('pods that were not evicted are in it for another reason, and do not count', async () => {
    const other = archived('d', { reason: 'NodeShutdown' });
    expect(parsed(await runCommand(['report', '-f-', '-ojson'], { input: [...input, other] })).summary.evictions).toBe(
      3,
    );
  });

  test('with --live an eviction that is in both counts once', async () => {
    const pods = fixture('v1.20', 'pods-failed.json') as {
      items: { metadata: { uid: string }; status: { reason?: string } }[];
    };
    const known = pods.items.find(p => p.status.reason === 'Evicted')?.metadata.uid ?? '';
    const lines = [...input, archived('known', {}, known)];
    const events = { body: { kind: 'EventList', metadata: {}, items: [] } };
    const ran = await report(['-A', '--live', '-f', '-', '-ojson'], { events }, { input: lines });
    expect(parsed(ran).summary.sources).toMatchObject({ pod: 35, archive: 3 });
  });

  test('a torn end is told, a broken line in between is an error, a file that is no archive is refused', async () => {
    const torn = await runCommand(['report', '-f', '-', '-ojson'], { input: [...input, input[0]?.slice(0, 99) ?? ''] });
    expect({ code: torn.code, errors: parsed(torn).errors.map(e => e.message) }).toEqual({
      code: 0,
      errors: ['line 4 of stdin is cut off, and is left out'],
    });
    const broken = await runCommand(['report', '-f', '-', '-ojson'], {
      input: [input[0] ?? '', 'x\n', input[1] ?? ''],
    });
    expect({ code: broken.code, evictions: parsed(broken).summary.evictions }).toEqual({ code: 1, evictions: 2 });
    const other = await runCommand(['report', '-f', '-'], { input: ['apiVersion: v1\n', 'kind: Pod\n'] });
    expect(other).toMatchObject({ code: 1, out: '' });
    expect(other.err).toMatch(/^error: stdin is no archive: its first line is no JSON\n {2}try: /);
  });

  test('--since leaves out what is older', async () => {
    const lines = [archived('new', { ago: 30 }), archived('old', { ago: 300 })];
    const document = parsed(await runCommand(['report', '-f', '-', '--since', '2h', '-ojson'], { input: lines }));
    expect(document.summary).toMatchObject({ evictions: 1, leftOut: { older: 1, timeUnknown: 0 } });
  });

  test('hostile texts: no crash, and nothing of them on a terminal', async () => {
    const evil = '\u001b[31m\u202e\u0000__proto__';
    const lines = [
      archived(evil, { namespace: evil, node: evil, owner: evil, message: `${evil}${'x'.repeat(1_000_000)}` }),
    ];
    const ran = await runCommand(['report', '-f', '-'], { input: lines, stdoutIsTTY: true });
    expect(ran.code).toBe(0);
    expect(ran.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(parsed(await runCommand(['report', '-f-', '-ojson'], { input: lines })).byNode.groups[0]?.name).toBe(evil);
  });
});

describe('the command line', () => {
  test.each([
    [['--live'], /--live needs --filename/],
    [['-f', ''], /empty file name/],
    [['-f', '-', '-f', '-'], /once/],
    [['--print-alert', '-o', 'json'], /--print-alert and --output/],
    [['--print-alert', '--since', '1h'], /--print-alert and --since/],
    [['--since', 'yesterday'], /for --since/],
    [['--since', '0s'], /for --since/],
    [['--top', '-1'], /for --top/],
    [['-A', '-n', 'x'], /exclude each other/],
  ])('%j is refused', async (argv, sentence) => {
    const ran = await runCommand(['report', ...argv]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(sentence);
  });
});

describe('against an independent count (jq)', () => {
  const hasJq = spawnSync('jq', ['--version']).status === 0;
  if (!hasJq) process.stderr.write('SKIPPED: report against jq: no jq on PATH\n');
  const COUNT = 12_500;

  const MESSAGES = [
    'The node was low on resource: memory. Container main was using 1Gi, which exceeds its request of 0. ',
    'The node was low on resource: ephemeral-storage. Threshold quantity: 5, available: 4. ',
    'The node was low on resource: inodes. ',
    'Pod The node had condition: [DiskPressure]. ',
    'Pod was rejected: The node had condition: [MemoryPressure]. ',
    'Usage of EmptyDir volume "cache" exceeds the limit "1Gi". ',
    'Something nobody wrote.',
  ];

  function* pods(count: number) {
    for (let i = 0; i < count; i += 1) {
      const pod = podObject(`pod-${i}`, {
        namespace: `team-${i % 7}`,
        node: `worker-${(i * i) % 41}`,
        owner: i % 13 === 0 ? null : (['ReplicaSet', 'StatefulSet', 'DaemonSet'][i % 3] ?? 'ReplicaSet'),
        message: MESSAGES[i % MESSAGES.length] ?? '',
        ago: (i * 37) % (9 * 24 * 60),
        ...(i % 5 === 0
          ? {
              status: {
                conditions: [
                  {
                    type: 'DisruptionTarget',
                    status: 'True',
                    reason: 'TerminationByKubelet',
                    lastTransitionTime: new Date(Date.now() - ((i * 37) % 10_000) * 60_000)
                      .toISOString()
                      .replace(/\.\d+/, ''),
                  },
                ],
              },
            }
          : {}),
      });
      const created = new Date(Date.now() - 30 * 86_400_000).toISOString().replace(/\.\d+/, '');
      Object.assign(pod.metadata, { creationTimestamp: created });
      yield pod;
    }
    for (let i = 0; i < 300; i += 1)
      yield podObject(`other-${i}`, { reason: ['Error', 'NodeShutdown', ''][i % 3] ?? '' });
  }

  /** Knows nothing of the program: the rules of the reference, in jq. */
  const PROGRAM = `
    def evicted: select(.status.phase == "Failed" and ((.status.reason // "") | ascii_downcase) == "evicted");
    def res: {memory: "memory", "ephemeral-storage": "disk", inodes: "inodes", pids: "pid", DiskPressure: "disk", MemoryPressure: "memory", PIDPressure: "pid"}[.] // "unknown";
    def cause: (.status.message // "") as $m
      | if ($m | test("^The node was low on resource: ")) then "pressure " + ($m | capture("resource: (?<r>[^.]+)\\\\.").r | res)
        elif ($m | test("The node had condition: \\\\[")) then "admission " + ($m | capture("\\\\[(?<r>[^\\\\]]+)\\\\]").r | res)
        elif ($m | test("exceeds the limit|exceeds the total limit|exceeded its local")) then "limit disk"
        else "unknown unknown" end;
    def at: ([.status.conditions[]? | select(.type == "DisruptionTarget") | .lastTransitionTime][0]
      // ([.metadata.managedFields[] | select(.manager == "kubelet") | .time] | max)) | fromdateiso8601;
    def owner: (.metadata.ownerReferences[0] // null) | if . == null then "" else .kind + " " + .name end;
    def tally(f): group_by(f) | map({key: (.[0] | f), count: length, first: (map(.at) | min), last: (map(.at) | max)});
    [.[] | evicted | {node: .spec.nodeName, namespace: .metadata.namespace, owner: (.metadata.namespace + " " + owner), cause: cause, at: at}]
    | {total: length, node: tally(.node), namespace: tally(.namespace), owner: tally(.owner), cause: tally(.cause),
       buckets: (group_by(.at / $width | floor) | map({start: ((.[0].at / $width | floor) * $width), count: length}))}`;

  interface Counted {
    readonly total: number;
    readonly node: readonly Tally[];
    readonly namespace: readonly Tally[];
    readonly owner: readonly Tally[];
    readonly cause: readonly Tally[];
    readonly buckets: readonly { readonly start: number; readonly count: number }[];
  }
  interface Tally {
    readonly key: string;
    readonly count: number;
    readonly first: number;
    readonly last: number;
  }

  function jq(file: string, filter: string, width: number): Counted {
    const done = spawnSync('jq', ['-n', '--argjson', 'width', String(width), `${filter} | ${PROGRAM}`, file], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    expect(done.stderr).toBe('');
    return JSON.parse(done.stdout) as Counted;
  }

  const tallied = (ranking: Ranking, key: (group: Group) => string): readonly Tally[] =>
    ranking.groups
      .map(g => ({
        key: key(g),
        count: g.count,
        first: Date.parse(g.first ?? '') / 1000,
        last: Date.parse(g.last ?? '') / 1000,
      }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));

  function same(document: Document, counted: Counted): void {
    const byKey = (tallies: readonly Tally[]) => tallies.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    expect(document.summary.evictions).toBe(counted.total);
    expect(tallied(document.byNode, g => g.name ?? '')).toEqual(byKey(counted.node));
    expect(tallied(document.byNamespace, g => g.name ?? '')).toEqual(byKey(counted.namespace));
    expect(tallied(document.byCause, g => `${g.kind} ${g.resources?.join('+')}`)).toEqual(byKey(counted.cause));
    expect(
      tallied(document.byOwner, g => `${g.namespace} ${g.owner ? `${g.owner.kind} ${g.owner.name}` : ''}`),
    ).toEqual(byKey(counted.owner));
    const filled = (document.histogram?.buckets ?? []).filter(b => b.count > 0);
    expect(filled.map(b => ({ start: Date.parse(b.start) / 1000, count: b.count }))).toEqual(counted.buckets);
  }

  /** The program's report of the cluster's pods, and jq's. */
  async function reportOf(count: number) {
    const world = await purgeWorld(pods(count), { tls: true });
    const access = accessTo(world.simulator, 'admin');
    const live = parsed(await runCommand(['report', '-A', ...access, '-ojson']));
    const objects = world.cluster.list('Pod').map(pod => `${JSON.stringify(pod)}\n`);
    writeFileSync(world.file('pods.ndjson'), objects.join(''));
    const counted = jq(world.file('pods.ndjson'), '[inputs]', live.histogram?.bucketSeconds ?? 0);
    return { world, access, live, counted };
  }

  test.skipIf(!hasJq)(
    `${COUNT} simulated Evicted pods`,
    async () => {
      const { live, counted } = await reportOf(COUNT);
      expect(counted.total).toBe(COUNT);
      expect(live.byCause.groups.length).toBe(MESSAGES.length);
      same(live, counted);
    },
    120_000,
  );

  test.skipIf(!hasJq)(
    'the archive that purge writes tells the same as the pods did',
    async () => {
      const { world, access, live, counted } = await reportOf(1500);
      same(live, counted);
      const archive = world.file('evicted.ndjson');
      const purged = await runCommand(['purge', '-A', '-y', '--archive', archive, ...access]);
      expect(purged.code).toBe(0);
      const offline = parsed(await runCommand(['report', '-f', archive, '-ojson']));
      expect(offline.summary).toMatchObject({ evictions: 1500, sources: { archive: 1500 } });
      same(offline, jq(archive, '[inputs.pod]', offline.histogram?.bucketSeconds ?? 0));
      expect(offline.byOwner).toEqual(live.byOwner);
      expect(offline.histogram).toEqual(live.histogram);
    },
    120_000,
  );
});
