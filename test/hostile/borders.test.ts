import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { errorFromAnswer, malformedAnswer } from '../../src/cluster/api-error.ts';
import { clusterConfigFromKube } from '../../src/cluster/cluster-config.ts';
import { resolveTarget } from '../../src/cluster/connection.ts';
import {
  evictedPodFromKube,
  evictionEventFromKube,
  leaseFromKube,
  nodeFromKube,
  statsFromKube,
} from '../../src/cluster/from-kube.ts';
import { textAt } from '../../src/cluster/json.ts';
import { splitLines } from '../../src/cluster/lines.ts';
import { parseListItems } from '../../src/cluster/list-items.ts';
import { apiPath, nodePath } from '../../src/cluster/paths.ts';
import { podFromKube, podUsageFromKube } from '../../src/cluster/pod-from-kube.ts';
import { evictedEventFromKube, evidenceFromKube, tombstoneFromKube } from '../../src/cluster/tombstone-from-kube.ts';
import { createTransport } from '../../src/cluster/transport.ts';
import { watchList } from '../../src/cluster/watch.ts';
import { ClusterError, EvictError } from '../../src/errors.ts';
import { readConfigLayer, readEvictionConfig } from '../../src/eviction/config.ts';
import { decodeEviction } from '../../src/eviction/decode.ts';
import { readDocument } from '../../src/kubelet/document.ts';
import { errorText } from '../../src/output/error-text.ts';
import { run } from '../../src/run.ts';
import { readArchive } from '../../src/world/archive.ts';
import { simulate } from '../../src/world/simulate.ts';
import { testEnvironment, testTarget } from '../support/cluster-access.ts';
import { runCommand, testDeps } from '../support/deps.ts';
import { fixture, fixtureText } from '../support/fixtures.ts';
import { runs } from '../support/fuzz.ts';
import { DAMAGE, damaged, HOSTILE_TEXT, HOSTILE_VALUE, isPolluted, jsonText, OBEYED } from '../support/hostile.ts';
import { startStub } from '../support/http-stub.ts';
import { podObject } from '../support/purge-world.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evict-borders-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const items = (version: 'v1.20' | 'v1.36', name: string): readonly unknown[] =>
  (fixture(version, name) as { readonly items: readonly unknown[] }).items;

/** What was refused says so in a sentence that is fit for a terminal. */
function expectRefusal(error: unknown): void {
  expect(error).toBeInstanceOf(EvictError);
  const text = errorText(error as EvictError);
  expect(text.length).toBeLessThan(5000);
  expect(OBEYED.exec(text), JSON.stringify(text)).toBeNull();
}

describe('a kubeconfig', () => {
  const WHOLE = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    clusters: [
      {
        name: 'c',
        cluster: {
          server: 'https://one:6443',
          'certificate-authority': 'ca.crt',
          'tls-server-name': 'n',
          'proxy-url': 'http://proxy:1',
          extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { a: 1 } }],
        },
      },
    ],
    users: [
      {
        name: 'u',
        user: {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1',
            command: 'aws',
            args: ['a'],
            env: [{ name: 'A', value: 'b' }],
            interactiveMode: 'Never',
            provideClusterInfo: true,
          },
          as: 'x',
          'as-groups': ['g'],
          'as-user-extra': { k: ['v'] },
        },
      },
      { name: 'o', user: { 'auth-provider': { name: 'oidc', config: { 'id-token': 'a.b.c' } } } },
    ],
    contexts: [
      { name: 'a', context: { cluster: 'c', user: 'u', namespace: 'team' } },
      { name: 'b', context: { cluster: 'c', user: 'o' } },
    ],
  };

  async function resolve(content: string | Uint8Array, context?: string): Promise<'resolved' | 'refused'> {
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, content);
    writeFileSync(join(folder, 'ca.crt'), '');
    try {
      await resolveTarget({ kubeconfig, context }, testEnvironment({ cwd: folder }));
      return 'resolved';
    } catch (error) {
      expectRefusal(error);
      return 'refused';
    } finally {
      expect(isPolluted()).toBe(false);
    }
  }

  test('with damage anywhere is taken or refused, never a crash', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(DAMAGE, fc.constantFrom(undefined, 'b'), async (damage, context) => {
        seen.add(await resolve(jsonText(damaged(WHOLE, damage)), context));
      }),
      { numRuns: runs(300) },
    );
    expect(seen).toEqual(new Set(['resolved', 'refused']));
  });

  test('of any bytes, and with bytes in its middle that are no UTF-8', async () => {
    const text = Buffer.from(JSON.stringify(WHOLE, null, 1));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.nat(text.length), async (bytes, at) => {
        await resolve(bytes);
        await resolve(Buffer.concat([text.subarray(0, at), bytes, text.subarray(at)]));
      }),
      { numRuns: runs(150) },
    );
  });

  test.each([
    [
      'aliases of aliases',
      `a: &a [x, x]\n${'bcdefghijklmnopqrstuvwxyz'.replace(/./g, (k, i: number) => `${k}: &${k} [*${'abcdefghijklmnopqrstuvwxyz'[i]}, *${'abcdefghijklmnopqrstuvwxyz'[i]}]\n`)}`,
    ],
    ['deep flow', `users: ${'['.repeat(100_000)}`],
    [
      'merges of merges',
      `a: &a {${Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join(', ')}}\nb: {<<: [${Array(5000).fill('*a').join(', ')}]}`,
    ],
  ])('that is a bomb: %s', async (_what, text) => {
    expect(await resolve(text)).toBe('refused');
  });
});

describe('what an API server sends', () => {
  test('every reader takes every damaged object', () => {
    const readers: readonly (readonly [unknown, (value: unknown) => unknown])[] = [
      [fixture('v1.20', 'node.json'), nodeFromKube],
      [fixture('v1.36', 'stats-summary.json'), value => [statsFromKube(value), podUsageFromKube(value)]],
      [fixture('v1.20', 'configz-soft.json'), value => [readEvictionConfig(value), readConfigLayer(value)]],
      [
        items('v1.20', 'pods-evicted.json')[0],
        value => [evictedPodFromKube(value), podFromKube(value), decodeEviction(tombstoneFromKube(value))],
      ],
      [
        items('v1.36', 'events.json')[0],
        value => [evictionEventFromKube(value), evidenceFromKube(value), evictedEventFromKube(value)],
      ],
      [{ metadata: { name: 'n' }, spec: { renewTime: '2026-11-22T09:00:00.123456Z' } }, leaseFromKube],
      [{ data: { kubelet: 'kind: KubeletConfiguration\nevictionHard: {}\n' } }, v => clusterConfigFromKube('x', v)],
    ];
    fc.assert(
      fc.property(fc.nat(readers.length - 1), DAMAGE, fc.boolean(), (which, damage, whole) => {
        const [object, read] = readers[which]!;
        expect(read(object)).not.toBeNull();
        const value: unknown = JSON.parse(jsonText(whole ? damage[0]!.value : damaged(object, damage)));
        read(value);
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: runs(1500) },
    );
  });

  test('a page of a list is read as JSON.parse reads it, or not at all', () => {
    const text = fixtureText('v1.20', 'pods-page-1.json').slice(0, 6000);
    fc.assert(
      fc.property(HOSTILE_TEXT, fc.nat(text.length), fc.nat(30), (junk, at, gone) => {
        const mended = `${text.slice(0, at)}${junk.slice(0, 50)}${text.slice(at + gone)}`;
        for (const page of [mended, `{"items":[{"a":${JSON.stringify(junk)}}${mended.slice(0, 20)}]}`]) {
          const ours = attempt(() => parseListItems(page, item => item)?.items ?? null);
          const plain = attempt(() => (JSON.parse(page) as { items: unknown }).items);
          if (ours !== null && ours !== 'refused') expect(ours).toEqual(plain);
        }
      }),
      { numRuns: runs(1000) },
    );
  });

  test('lines of a watch: events, or an end with a reason', async () => {
    const pod = items('v1.20', 'pods-evicted.json')[0];
    const list = { kind: 'PodList', metadata: { resourceVersion: '1' }, items: [] };
    const world = { lines: '', watches: 0, stop: new AbortController() };
    const stub = await startStub([
      { path: /limit=/, answers: [{ body: list }] },
      {
        path: /watch=/,
        answers: [
          () => {
            // The second watch: the first one's lines have all been read.
            world.watches += 1;
            if (world.watches > 1) world.stop.abort();
            return { body: world.lines };
          },
        ],
      },
    ]);
    const transport = await createTransport(testTarget(stub.url), { environment: testEnvironment() });
    onTestFinished(() => transport.close());
    const line = fc.tuple(DAMAGE, fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR', '__proto__'));
    let told = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(line, HOSTILE_TEXT), { minLength: 1, maxLength: 6 }), async lines => {
        world.lines = lines
          .map(l => (typeof l === 'string' ? l : jsonText({ type: l[1], object: damaged(pod, l[0]) })))
          .join('\n');
        world.watches = 0;
        world.stop = new AbortController();
        const { stop } = world;
        const request = {
          path: '/api/v1/pods',
          what: 'watch pods',
          chunkSize: 500,
          translate: (o: unknown) => textAt(o, 'metadata', 'name'),
        };
        const sleep = async (): Promise<void> => stop.abort();
        for await (const event of watchList(transport, request, stop.signal, { sleep })) {
          told += 1;
          if (event.type === 'down') expectRefusal(event.error);
        }
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: runs(100) },
    );
    expect(told).toBeGreaterThan(runs(100));
  });

  test('its refusals become one sentence, whatever they hold', () => {
    const context = {
      what: 'list nodes',
      server: 'https://a',
      credential: 'token',
      clientCertificate: undefined,
      now: 0,
    };
    const status = fixture('v1.20', 'forbidden.json');
    const body = fc.oneof(
      HOSTILE_TEXT,
      DAMAGE.map(damage => jsonText(damaged(status, damage))),
      HOSTILE_TEXT.map(text => `<html><head><title>${text}</title></head></html>`),
      HOSTILE_TEXT.map(message =>
        jsonText({ kind: 'Status', message, reason: message, details: { retryAfterSeconds: message } }),
      ),
    );
    const header = fc.oneof(HOSTILE_TEXT, fc.constant('120'));
    fc.assert(
      fc.property(
        body,
        fc.constantFrom(302, 400, 401, 403, 404, 409, 410, 429, 500, 503, 999),
        header,
        (text, code, h) => {
          const answer = { status: code, text, headers: { 'retry-after': h, 'content-type': h, location: h } };
          for (const error of [errorFromAnswer(context, answer), malformedAnswer(context, answer)])
            expectRefusal(error);
        },
      ),
      { numRuns: runs(1000) },
    );
  });

  test('bytes that are no UTF-8 are text all the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async bytes => {
        for await (const line of splitLines(once(Buffer.from(bytes)), 1000, 'watch pods')) {
          expect(line.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: runs(200) },
    );
  });
});

test('a name leads nowhere but to its own path', () => {
  fc.assert(
    fc.property(fc.oneof(HOSTILE_TEXT, fc.string(), fc.stringMatching(/^[a-z0-9.%/-]{1,20}$/)), name => {
      const base = 'https://api:6443';
      for (const make of [() => nodePath(name), () => apiPath('api', 'v1', 'nodes', name.slice(0, 5000))]) {
        let path: string;
        try {
          path = make();
        } catch (error) {
          // A lone surrogate has no encoding.
          if (!(error instanceof URIError)) expectRefusal(error);
          continue;
        }
        expect(new URL(path, base).pathname).toBe(path);
        expect(path.split('/')).toHaveLength(5);
        expect(path.startsWith('/api/v1/nodes/')).toBe(true);
      }
    }),
    { numRuns: runs(2000) },
  );
});

describe('files', () => {
  test('an archive: each line is a pod or an error', async () => {
    const whole = {
      apiVersion: 'kubectl-evict/v1',
      kind: 'ArchivedPod',
      pod: podObject('web'),
      events: items('v1.36', 'events.json').slice(0, 2),
    };
    let pods = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(DAMAGE, HOSTILE_TEXT, fc.uint8Array({ maxLength: 30 })), { maxLength: 6 }),
        async lines => {
          const bytes = lines.flatMap(line => [
            typeof line === 'string'
              ? Buffer.from(line)
              : line instanceof Uint8Array
                ? line
                : Buffer.from(jsonText(damaged(whole, line))),
            Buffer.from('\n'),
          ]);
          for await (const entry of readArchive('-', Readable.from(bytes), new AbortController().signal)) {
            if (!entry.ok) continue;
            pods += 1;
            decodeEviction(entry.pod, entry.evidence);
          }
          expect(isPolluted()).toBe(false);
        },
      ),
      { numRuns: runs(200) },
    );
    expect(pods).toBeGreaterThan(runs(20));
  });

  test('a configuration for tune: read or refused', () => {
    const whole = {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      evictionHard: { 'memory.available': '100Mi' },
      evictionSoft: {},
      evictionMinimumReclaim: { 'nodefs.available': '1Gi' },
      authentication: { x509: { clientCAFile: '/x' } },
    };
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(DAMAGE, damage => {
        const document = readDocument(jsonText(damaged(whole, damage)), 'config.yaml');
        seen.add(document.ok);
        if (!document.ok) {
          expect(document.error.length).toBeLessThan(5000);
          return;
        }
        const patched = document.value.patch?.({ evictionHard: new Map([['memory.available', '200Mi']]) });
        if (patched?.ok) expect(readDocument(patched.value.text, 'config.yaml').ok).toBe(true);
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: runs(500) },
    );
    expect(seen.size).toBe(2);
  });

  test('a snapshot: every command on it answers, or it is refused', { timeout: 600_000 }, async () => {
    const { out } = await withScenario(config => runCommand(['snapshot', '--all', '-o', '-', '--kubeconfig', config]));
    const whole = JSON.parse(out) as { nodes: unknown[] };
    expect(whole.nodes.length).toBeGreaterThan(1);
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(DAMAGE, async damage => {
        const file = join(folder, 'snapshot.json');
        writeFileSync(file, jsonText(damaged(whole, damage)));
        const stop = new AbortController();
        const [printed, said]: [string[], string[]] = [[], []];
        let code: number | null = null;
        const running = run(['demo', '--from', file, '--plain'], testDeps({ signal: stop.signal }, printed, said));
        void running.then(exit => {
          code = exit;
        });
        await expect
          .poll(() => code !== null || said.join('').includes('until Ctrl-C'), { timeout: 20_000 })
          .toBe(true);
        stop.abort();
        const ran = { code: await running, out: printed.join(''), err: said.join('') };
        expect(ran.err).not.toContain('internal error');
        expect(OBEYED.exec(ran.out + ran.err), JSON.stringify(ran)).toBeNull();
        expect(isPolluted()).toBe(false);
        seen.add(ran.code === 130 ? 'shown' : 'refused');
      }),
      { numRuns: runs(15) },
    );
    expect(seen).toContain('shown');
  });
});

async function withScenario<T>(use: (kubeconfig: string) => Promise<T>): Promise<T> {
  const simulated = await simulate({ kind: 'scenario', name: 'story' }, 'test');
  try {
    const file = join(folder, 'scenario');
    writeFileSync(file, simulated.kubeconfig);
    return await use(file);
  } finally {
    await simulated.close();
  }
}

function attempt<T>(act: () => T): T | 'refused' {
  try {
    return act();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return 'refused';
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes;
}

test('what stands for all of that is hostile indeed', () => {
  const seen = fc.sample(HOSTILE_VALUE, 500).map(value => jsonText(value));
  expect(seen.some(text => text.includes('__proto__'))).toBe(true);
  expect(seen.some(text => text.length > 100_000)).toBe(true);
  expect(seen.some(text => OBEYED.test(String(JSON.parse(text))))).toBe(true);
  expect(new ClusterError('config', 'x')).toBeInstanceOf(EvictError);
});
