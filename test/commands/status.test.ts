import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { type Ran, runCommand, type TestWorld } from '../support/deps.ts';
import { fixture } from '../support/fixtures.ts';
import { type HttpStub, startStub } from '../support/http-stub.ts';
import { RECORDED_AT, type RecordedParts, recorded, recordedWorld } from '../support/recorded-world.ts';

const NODE = 'k120-node';

async function status(
  argv: readonly string[],
  change: Partial<RecordedParts> = {},
  world: TestWorld = {},
): Promise<Ran & { readonly stub: HttpStub }> {
  const stub = await startStub(recordedWorld(change));
  const ran = await runCommand(['status', '--server', stub.url, ...argv], { now: RECORDED_AT, ...world });
  return { ...ran, stub };
}

const paths = (stub: HttpStub): string[] => stub.requests.map(r => `${r.method} ${r.url.split('?')[0]}`).toSorted();

interface Document {
  readonly kind: string;
  readonly summary: Readonly<Record<string, unknown>>;
  readonly items: readonly {
    readonly name: string;
    readonly state: string;
    readonly bindingSignal: string;
    readonly evictedPods: number | null;
    readonly freshness: { readonly source: string; readonly stale: boolean };
    readonly signals: readonly { readonly signal: string; readonly state: string; readonly available: number | null }[];
    readonly findings: readonly { readonly code: string }[];
  }[];
  readonly errors: readonly { readonly what: string; readonly node: string | null; readonly reason: string }[];
}

const parsed = (ran: Ran): Document => JSON.parse(ran.out) as Document;

const down = { ...recorded('v1.20', 'configz-kubelet-down.json', 500) };
const denied = recorded('v1.20', 'forbidden.json', 403);
const mayNot = { ...recorded('v1.36', 'ssar-denied.json'), status: 201 };
const healthyNodes = recorded('v1.20', 'nodes.json');

describe('status, as a table', () => {
  test('a node under pressure: its row, its findings, one summary line', async () => {
    const { code, out, err } = await status([]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "NODE        PRESSURE       SIGNAL              AVAILABLE       THRESHOLD   HEADROOM   STATE        EVICTED   SINCE
      k120-node   DiskPressure   imagefs.available   953Mi (97.9%)   <15%        807Mi      recovering   35        19s

      findings on k120-node
        info      recovering: DiskPressure is still True though no threshold is crossed any more: it lifts at most 5m after the last time one was (evictionPressureTransitionPeriod)
                  -> wait; if it returns, free more or look at what fills it again
        info      single-disk-imagefs-binds: nodefs and imagefs are one filesystem (by its numbers), and imagefs.available<15% is reached before nodefs.available (10%): changing nodefs alone has no effect
                  -> change nodefs.available and imagefs.available together

      1 of 1 node under pressure; 35 evicted pods in the cluster (PodGC begins above 12,500, by default)
      "
    `);
  });

  test('nobody under pressure', async () => {
    const { code, out, err, stub } = await status([], { nodes: healthyNodes });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^none of 1 node under pressure; 35 evicted pods in the cluster/);
    // Nothing to explain: no kubelet, no lease and no event is asked for.
    expect(paths(stub)).toEqual([
      'GET /api/v1/nodes',
      'GET /api/v1/pods',
      'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    ]);
  });

  test('a named node shows every signal', async () => {
    const { out } = await status([NODE]);
    for (const signal of ['memory.available', 'nodefs.inodesFree', 'imagefs.available', 'pid.available']) {
      expect(out).toContain(`\n${signal}`);
    }
    expect(out).toContain('covered by nodefs.inodesFree');
    expect(out).toContain(
      'conditions: MemoryPressure False, DiskPressure True for 19s, PIDPressure False, Ready True for 61s\n',
    );
    expect(out).toContain('settings: evictionPressureTransitionPeriod 5m0s, imageGCHighThresholdPercent 85');
  });

  test('-o wide adds columns', async () => {
    const { out } = await status(['-owide']);
    expect(out.split('\n')[0]).toMatch(/SINCE +VERSION +OS +LAST-SEEN +FINDINGS +GROUP$/);
    expect(out).toContain('v1.20.2   linux/amd64');
  });

  test('--no-headers leaves the rows', async () => {
    const { out } = await status(['--no-headers']);
    expect(out).toMatch(/^k120-node +DiskPressure[^\n]+\n$/);
  });

  test('-o name', async () => {
    expect((await status(['-o', 'name'])).out).toBe('node/k120-node\n');
  });

  test('colour only where it was asked for', async () => {
    const csi = '\u001b[';
    expect((await status([])).out).not.toContain(csi);
    expect((await status([], {}, { stdoutIsTTY: true })).out).toContain(csi);
    expect((await status(['--color=never'], {}, { stdoutIsTTY: true })).out).not.toContain(csi);
    expect((await status([], {}, { stdoutIsTTY: true, env: { NO_COLOR: '1' } })).out).not.toContain(csi);
    expect((await status(['--color', 'always'])).out).toContain(csi);
  });
});

describe('status, for programs', () => {
  test('-o json is one document with the facts of the recording', async () => {
    const document = parsed(await status(['-o', 'json']));
    expect(document.kind).toBe('NodeStatusList');
    expect(document.errors).toEqual([]);
    const [item] = document.items;
    expect(item).toMatchObject({
      name: NODE,
      state: 'recovering',
      evictedPods: 35,
      freshness: { source: 'lease', stale: false },
    });
    expect(item?.signals.find(s => s.signal === 'nodefs.available')?.available).toBe(998_850_560);
  });

  test('-o yaml holds the same document', async () => {
    const stub = await startStub(recordedWorld());
    const [yaml, json] = await Promise.all(
      ['-oyaml', '-ojson'].map(format => runCommand(['status', format, '--server', stub.url], { now: RECORDED_AT })),
    );
    expect(load(yaml?.out ?? '')).toEqual(JSON.parse(json?.out ?? ''));
  });

  test('-w -o json prints one document a line, round after round, and ends with 130', async () => {
    const controller = new AbortController();
    let rounds = 0;
    const waits: number[] = [];
    const { out, code } = await status(
      ['-w', '-ojson', '--interval', '3s'],
      {},
      {
        signal: controller.signal,
        onSleep: ms => {
          waits.push(ms);
          rounds += 1;
          if (rounds === 3) controller.abort();
        },
      },
    );
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ kind: 'NodeStatusList' });
    expect(waits).toEqual([3000, 3000, 3000]);
    expect(code).toBe(130);
  });

  test('a watch outlives a round that fails', async () => {
    const controller = new AbortController();
    const stub = await startStub([
      {
        path: /^\/api\/v1\/nodes\?/,
        answers: [healthyNodes, { status: 403, body: fixture('v1.20', 'forbidden.json') }, healthyNodes],
      },
      ...recordedWorld(),
    ]);
    let rounds = 0;
    const { out, err } = await runCommand(['status', '-w', '--server', stub.url], {
      now: RECORDED_AT,
      signal: controller.signal,
      onSleep: () => {
        rounds += 1;
        if (rounds === 3) controller.abort();
      },
    });
    expect(out.match(/none of 1 node/g)).toHaveLength(2);
    expect(err.match(/^error: cannot list nodes: forbidden/gm)).toHaveLength(1);
  });

  test.each<[string, readonly string[], Partial<RecordedParts>, number]>([
    ['only notes', ['--exit-code'], {}, 0],
    ['healthy', ['--exit-code', '--all'], { nodes: healthyNodes }, 0],
    ['a dead kubelet is a warning', ['--exit-code'], { configz: down, stats: down }, 3],
    ['a dead kubelet without --exit-code', [], { configz: down, stats: down }, 0],
    ['no right to ask: unknown', ['--exit-code'], { review: mayNot }, 1],
    ['no right to ask without --exit-code', [], { review: mayNot }, 0],
  ])('exit code: %s', async (_what, argv, change, code) => {
    expect((await status(argv, change)).code).toBe(code);
  });
});

describe('what may not be read', () => {
  test('no right to nodes/proxy: no kubelet is asked, the right is named, everything else is there', async () => {
    const ran = await status([], { review: mayNot });
    expect(paths(ran.stub).filter(path => path.includes('/proxy/'))).toEqual([]);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^k120-node +DiskPressure +no right: nodes\/proxy +- +- +- +unknown +35/m);
    expect(ran.err).toBe(
      'warning: the right to get nodes/proxy is missing, so no kubelet was asked for its thresholds and figures\n' +
        '    try: ask for the right to get nodes/proxy; "kubectl evict rbac --for status" prints the role\n',
    );
  });

  test.each<[keyof RecordedParts, string, (document: Document) => unknown]>([
    ['pods', 'pods', d => [d.items[0]?.evictedPods, d.summary['evictedPods']]],
    ['events', 'events', () => []],
    ['leases', 'leases', d => (d.items[0]?.freshness.source === 'heartbeat' ? [] : ['lease'])],
  ])('without the right to list %s only what needs it is missing', async (part, what, lost) => {
    const ran = await status(['-ojson'], { [part]: denied });
    const document = parsed(ran);
    expect(document.errors).toMatchObject([{ what, node: null, reason: 'forbidden' }]);
    expect(lost(document)).toEqual(part === 'pods' ? [null, null] : []);
    expect(document.items[0]?.bindingSignal).toBe('imagefs.available');
    expect(ran.code).toBe(0);
  });

  test('the table says which right the Evicted pods need', async () => {
    const { out, err } = await status([], { pods: denied });
    expect(out).toMatch(/recovering +forbidden /);
    expect(err).toContain('list pods; "kubectl evict rbac --for status"');
  });

  test('a dead kubelet: the row says so, it is asked twice and never again', async () => {
    const { out, stub } = await status([], { configz: down, stats: down });
    expect(out).toMatch(/^k120-node +DiskPressure +kubelet unreachable +- +- +- +unknown/m);
    expect(out).toContain('kubelet-unreadable');
    expect(paths(stub).filter(path => path.includes('/proxy/'))).toEqual([
      `GET /api/v1/nodes/${NODE}/proxy/configz`,
      `GET /api/v1/nodes/${NODE}/proxy/stats/summary`,
    ]);
  });

  test('a hanging kubelet costs its own time-out only', async () => {
    const { out } = await status(['--kubelet-timeout', '50ms'], { stats: { fault: 'never' } });
    expect(out).toContain('kubelet-unreadable: stats/summary could not be read');
  });

  test('configz with a garbled map is no empty map', async () => {
    const body = { kubeletconfig: { evictionHard: { 'nodefs.available': 10 }, syncFrequency: '1m' } };
    const document = parsed(await status(['-ojson'], { configz: { body } }));
    expect(document.items[0]?.state).toBe('unknown');
    expect(document.items[0]?.findings.map(f => f.code)).not.toContain('eviction-off');
  });

  test('an unknown node is an error, the others are shown', async () => {
    const stub = await startStub([
      { path: '/api/v1/nodes/nope', answers: [recorded('v1.20', 'configz-node-not-found.json', 404)] },
      ...recordedWorld(),
    ]);
    const ran = await runCommand(['status', 'nope', NODE, '--server', stub.url], { now: RECORDED_AT });
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/^k120-node /m);
    expect(ran.err).toMatch(/^error: .*nope.*not found/m);
  });

  test('a name that is none never becomes a path', async () => {
    const { code, err, stub } = await status(['../../secrets']);
    expect(code).toBe(1);
    expect(err).toContain('"../../secrets" is not a node name');
    expect(stub.requests.filter(r => r.url.includes('secrets'))).toEqual([]);
  });
});

describe('the server in trouble', () => {
  test.each<[string, Partial<RecordedParts>]>([
    ['401', { nodes: recorded('v1.20', 'unauthorized.json', 401) }],
    ['403 on nodes', { nodes: denied }],
    [
      'HTML of a proxy',
      { nodes: { status: 502, headers: { 'content-type': 'text/html' }, body: '<html>Bad Gateway</html>' } },
    ],
    ['a body cut in the middle', { nodes: { fault: 'middle', body: fixture('v1.20', 'nodes.json') } }],
    ['nothing', { nodes: { fault: 'before' } }],
    ['no JSON', { nodes: { body: 'hello' } }],
    ['no list', { nodes: { body: [] } }],
  ])('%s: one sentence, exit 1, nothing on stdout', async (_what, change) => {
    const { code, out, err } = await status([], change);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(/^error: [^\n]+\n( {2}try: [^\n]+\n)?$/);
    expect(err).not.toMatch(/internal error|\bat .*\.ts:/);
  });

  test('429 and 503 on the way are waited out, which is told once', async () => {
    const stub = await startStub([
      {
        path: /^\/api\/v1\/nodes\?/,
        answers: [{ status: 429, headers: { 'retry-after': '1' } }, { status: 503 }, healthyNodes],
      },
      ...recordedWorld(),
    ]);
    const ran = await runCommand(['status', '--server', stub.url], { now: RECORDED_AT });
    expect(ran).toMatchObject({
      code: 0,
      err: 'warning: the API server has too much to do (429): waiting as it asks\n',
    });
  });

  test('an expired list starts again, and counts nothing twice', async () => {
    const pods = fixture('v1.20', 'pods-failed.json') as { items: unknown[] };
    const page = (items: unknown[], next?: string) => ({
      body: { kind: 'PodList', metadata: { resourceVersion: '7', continue: next }, items },
    });
    const stub = await startStub([
      {
        path: /^\/api\/v1\/pods\?/,
        answers: [
          page(pods.items.slice(0, 5), 'a'),
          recorded('v1.20', 'continue-expired.json', 410),
          page(pods.items.slice(0, 9), 'b'),
          page(pods.items.slice(9)),
        ],
      },
      ...recordedWorld(),
    ]);
    const ran = await runCommand(['status', '-ojson', '--server', stub.url], { now: RECORDED_AT });
    expect(parsed(ran).summary['evictedPods']).toBe(35);
  });

  test('ages are told on the server’s clock', async () => {
    const wrong = RECORDED_AT + 3 * 3_600_000;
    const document = parsed(await status(['-ojson'], {}, { now: wrong }));
    expect(document.items[0]?.freshness.stale).toBe(false);
  });
});

describe('--near', () => {
  test('also shows nodes that come close, and reads all of them', async () => {
    // imagefs: 979 MB available of 1021 MB, threshold 15 %: headroom 83 %.
    const close = parsed(await status(['--near', '84', '-ojson'], { nodes: healthyNodes }));
    expect(close.items.map(i => i.state)).toEqual(['near']);
    const far = parsed(await status(['--near', '50', '-ojson'], { nodes: healthyNodes }));
    expect(far.items).toEqual([]);
    expect(far.summary['near']).toBe(0);
  });
});

describe('what is no node does not count as a healthy one', () => {
  const nodes = (...items: readonly unknown[]) => ({ nodes: { body: { kind: 'NodeList', metadata: {}, items } } });

  test.each<[string, Partial<RecordedParts>]>([
    ['an empty object', nodes({})],
    ['null', nodes(null)],
    ['a name with a line feed and an escape', nodes({ metadata: { name: 'evil\u001b[2J\nnode/ok' } })],
    ['a list of pods', { nodes: { body: { kind: 'PodList', metadata: {}, items: [] } } }],
  ])('%s', async (_what, change) => {
    for (const argv of [[], ['--all'], ['--all', '-o', 'name']]) {
      const { code, out, err } = await status(argv, change);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(/^error: [^\n]+/);
    }
  });

  test('another node than the one that was asked for', async () => {
    const { code, out, err } = await status([NODE], { node: { body: { metadata: { name: 'other' } } } });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('answered with another node, other');
  });

  test('a node that reports no pressure condition at all is unknown', async () => {
    const { out } = await status([], nodes({ metadata: { name: NODE }, status: { conditions: [] } }));
    expect(out).toMatch(/^k120-node +Unknown/m);
    expect(out).toContain('none of 1 node under pressure, 1 unknown');
  });

  test('conditions that contradict each other: the worse one counts', async () => {
    const condition = (state: string) => ({ type: 'DiskPressure', status: state });
    const { out } = await status(
      [],
      nodes({ metadata: { name: NODE }, status: { conditions: [condition('False'), condition('True')] } }),
    );
    expect(out).toContain('1 of 1 node under pressure');
  });
});

describe('unreadable kubelets', () => {
  test('--near: a node that could not be read might be near, and is shown', async () => {
    const { out } = await status(['--near', '10'], { nodes: healthyNodes, configz: down, stats: down });
    expect(out).toMatch(/^k120-node +- +kubelet unreachable/m);
    expect(out).toContain('1 unreadable');
  });

  test('a refusal of the kubelet itself is not the user’s missing right', async () => {
    const refused = {
      status: 403,
      headers: { 'content-type': 'text/plain' },
      body: 'Forbidden (user=kube-apiserver-kubelet-client)',
    };
    const { out, err } = await status([], { configz: refused, stats: refused });
    expect(err).toBe('');
    expect(out).toContain('kubelet-unreadable');
    expect(out).toContain('the kubelet refuses the API server (403)');
  });

  test('its time-out names the right flag', async () => {
    const { out } = await status([NODE, '--kubelet-timeout', '50ms'], { stats: { fault: 'never' } });
    expect(out).toContain('no answer of the kubelet within 0.05 s');
    expect(out).toContain('--kubelet-timeout');
  });
});

test('a soft threshold that is crossed is the one that is shown', async () => {
  const { out } = await status([], { configz: recorded('v1.20', 'configz-soft.json') });
  expect(out).toMatch(/^k120-node +DiskPressure +nodefs\.available +953Mi \(97\.9%\) +<98% soft +-[0-9.]+Mi +soft /m);
});

test('a selector that matches nothing is said', async () => {
  const { code, err } = await status(['-l', 'no=such'], {
    nodes: { body: { kind: 'NodeList', metadata: {}, items: [] } },
  });
  expect(code).toBe(0);
  expect(err).toBe('warning: no node matches the selector no=such\n');
});

describe('text from a cluster', () => {
  const evil = '\u001b[31mred\u0007\u202egnp.exe\u009b2J\r\n\u2028x';

  test('reaches neither a table nor an error raw, and is escaped in JSON and YAML', async () => {
    const node = structuredClone(fixture('v1.20', 'node.json')) as Record<string, Record<string, unknown>>;
    const info = node['status']?.['nodeInfo'] as Record<string, string>;
    info['osImage'] = evil;
    info['kubeletVersion'] = evil;
    const body = { kind: 'NodeList', metadata: {}, items: [node] };
    for (const argv of [['-owide'], ['-ojson'], ['-oyaml']]) {
      const { out, err } = await status(argv, {
        nodes: { body },
        pods: { status: 403, body: { kind: 'Status', reason: 'Forbidden', message: evil } },
      });
      expect(out + err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e]/);
    }
    const json = await status(['-ojson'], { nodes: { body } });
    expect(JSON.stringify(JSON.parse(json.out))).toContain(JSON.stringify(evil).slice(1, -1));
  });
});
