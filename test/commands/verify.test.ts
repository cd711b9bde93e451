import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Ran, runCommand, type TestWorld } from '../support/deps.ts';
import { fixture } from '../support/fixtures.ts';
import { type StubAnswer, type StubRoute, startStub } from '../support/http-stub.ts';
import { RECORDED_AT, type RecordedParts, recorded, recordedWorld } from '../support/recorded-world.ts';

const NODE = 'k120-node';
const schema = JSON.parse(
  readFileSync(new URL('../../docs/schemas/verify-result.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'evict-verify-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function verify(
  text: string,
  argv: readonly string[],
  change: Partial<RecordedParts> = {},
  world: TestWorld = {},
  more: readonly StubRoute[] = [],
): Promise<Ran> {
  const path = join(dir, 'wanted.yaml');
  writeFileSync(path, text);
  const stub = await startStub([...more, ...recordedWorld(change)]);
  // Spreading would freeze a clock that runs.
  return runCommand(
    ['verify', '-f', path, '--server', stub.url, ...argv],
    'now' in world ? world : { ...world, now: RECORDED_AT },
  );
}

const SAME =
  'kind: KubeletConfiguration\nevictionHard: {memory.available: 102400Ki, nodefs.available: 10.0%, nodefs.inodesFree: 5%, imagefs.available: 15%}\n';
const OTHER = 'kind: KubeletConfiguration\nevictionHard: {memory.available: 100Mi, nodefs.available: 5%}\n';
const healthy = recorded('v1.20', 'node-healthy.json');

describe('one look', () => {
  test('the same by meaning: exit 0', async () => {
    const { out, code, err } = await verify(SAME, [NODE]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^NODE +RESULT +READY +PRESSURE +DIFFERENCES\nk120-node +match +yes +DiskPressure +-\n$/);
  });

  test('other values, and thresholds that the file would wipe: exit 3', async () => {
    const { out, code } = await verify(OTHER, [NODE]);
    expect(code).toBe(3);
    expect(out).toContain(
      'nodefs.available 10%, wanted 5%; nodefs.inodesFree 5%, wanted none; imagefs.available 15%, wanted none',
    );
  });

  test('a fragment speaks for its own signals only', async () => {
    expect((await verify('evictionHard:\n  nodefs.available: 10%\n', ['--all'])).code).toBe(0);
  });

  test('-o json', async () => {
    const { out } = await verify(OTHER, ['-l', 'a=b', '-o', 'json']);
    const document = JSON.parse(out) as { readonly items: readonly object[] };
    validate(document);
    expect(validate.errors).toBeNull();
    expect(document).toMatchObject({ kind: 'VerifyResult', summary: { nodes: 1, differing: 1 }, errors: [] });
    expect(document.items[0]).toMatchObject({ node: NODE, matches: false, ready: true, newEvictions: null });
  });

  test.each<readonly [string, Partial<RecordedParts>, RegExp]>([
    ['a kubelet that does not answer', { configz: recorded('v1.20', 'configz-kubelet-down.json', 500) }, /unknown/],
    [
      'a missing right',
      { review: { ...recorded('v1.36', 'ssar-denied.json'), status: 201 } },
      /nodes\/proxy is missing[\s\S]*rbac --for verify/,
    ],
  ])('%s: exit 1', async (_, change, text) => {
    const { out, err, code } = await verify(OTHER, [NODE], change);
    expect(code).toBe(1);
    expect(out + err).toMatch(text);
  });

  test('an unknown node does not hide the others, and is exit 1', async () => {
    const gone: StubRoute = {
      path: '/api/v1/nodes/gone',
      answers: [recorded('v1.36', 'configz-node-not-found.json', 404)],
    };
    const { out, err, code } = await verify(SAME, [NODE, 'gone'], {}, {}, [gone]);
    expect(code).toBe(1);
    expect(out).toContain(`${NODE} `);
    expect(err).toMatch(/not found/);
  });

  test.each([
    [['-f', 'x'], /which nodes/],
    [['-f', 'x', 'n', '--all'], /exclude/],
    [['n'], /needs a file/],
    [['-f', 'x', 'n', '--rollback', 'y'], /--rollback needs --wait/],
    [['-f', 'x', 'n', '--wait', '1'], /duration/],
  ])('%j is a usage error', async (argv, reason) => {
    const { code, err, out } = await runCommand(['verify', ...argv]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(reason);
  });

  test.each([
    ['kind: Pod\n', /no kubelet configuration/],
    ['kind: KubeletConfiguration\nport: 1\n', /nothing to verify/],
  ])('%j', async (text, reason) => {
    const path = join(dir, 'x.yaml');
    writeFileSync(path, text);
    const { code, err } = await runCommand(['verify', '-f', path, 'n', '--server', 'http://127.0.0.1:1']);
    expect(code).toBe(1);
    expect(err).toMatch(reason);
  });
});

/** Time that passes only while somebody sleeps. */
function passing(onRound: (round: number) => void = () => {}): TestWorld & { readonly rounds: () => number } {
  let now = RECORDED_AT;
  let round = 0;
  return {
    get now() {
      return now;
    },
    onSleep: ms => {
      now += ms;
      round += 1;
      onRound(round);
    },
    rounds: () => round,
  };
}

const configz = (evictionHard: object): StubAnswer => ({ body: { kubeletconfig: { evictionHard } } });
const after = { 'memory.available': '100Mi', 'nodefs.available': '5%' };
const before = { 'memory.available': '100Mi', 'nodefs.available': '10%' };

/** The answers of a kubelet, one a look. */
const kubelet = (...answers: readonly StubAnswer[]): StubRoute => ({
  path: `/api/v1/nodes/${NODE}/proxy/configz`,
  answers,
});
const nodes = (...answers: readonly StubAnswer[]): StubRoute => ({ path: `/api/v1/nodes/${NODE}`, answers });
const pods = (...names: readonly (readonly string[])[]): StubRoute => ({
  path: /^\/api\/v1\/pods\?/,
  answers: names.map(list => ({
    body: {
      kind: 'PodList',
      metadata: {},
      items: list.map(uid => ({
        metadata: { name: uid, namespace: 'a', uid },
        spec: { nodeName: NODE },
        status: { phase: 'Failed', reason: 'Evicted' },
      })),
    },
  })),
});

describe('--wait', () => {
  test('ends when the node runs the file, is Ready, and nothing is evicted any more', async () => {
    const world = passing();
    const ran = await verify(OTHER, [NODE, '--wait', '10m'], {}, world, [
      kubelet(configz(before), configz(after)),
      nodes(recorded('v1.20', 'node.json'), recorded('v1.20', 'node.json'), healthy),
      pods(['old'], ['old', 'new'], ['old', 'new', 'newer'], ['old', 'new', 'newer']),
    ]);
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/match +yes/);
    // Pressure for two looks, an eviction in the third, quiet in the fourth.
    expect(world.rounds()).toBe(3);
    expect(ran.err.split('\n').filter(Boolean)).toEqual([
      '0s     k120-node: runs nodefs.available 10%, wanted 5%; DiskPressure',
      '5s     k120-node: runs the new configuration; DiskPressure; 1 pods evicted since the wait began',
      '10s    k120-node: runs the new configuration; 2 pods evicted since the wait began',
    ]);
  });

  test('ends early when the kubelet does not come back, and names the rollback', async () => {
    const world = passing();
    const down = recorded('v1.20', 'configz-kubelet-down.json', 500);
    const ran = await verify(
      OTHER,
      [NODE, '--wait', '1h', '--return-within', '1m', '--rollback', 'old.conf', '-q'],
      {},
      world,
      [kubelet(configz(before), down)],
    );
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(
      /^error: the kubelet of k120-node did not come back within 60s: .*put old\.conf back and restart the kubelet\n$/,
    );
    expect(world.rounds()).toBe(13);
  });

  test('a kubelet that is away for a moment is waited for', async () => {
    const down = recorded('v1.20', 'configz-kubelet-down.json', 500);
    const ran = await verify(OTHER, [NODE, '--wait', '1h', '-q'], {}, passing(), [
      kubelet(configz(before), down, down, configz(after)),
      nodes(healthy),
    ]);
    expect(ran).toMatchObject({ code: 0, err: '' });
  });

  test('never the new configuration: exit 3 at the end', async () => {
    const ran = await verify(OTHER, [NODE, '--wait', '20s', '-q'], {}, passing(), [
      kubelet(configz(before)),
      nodes(healthy),
    ]);
    expect(ran.code).toBe(3);
    expect(ran.err).toMatch(/^error: after 20s not there yet: k120-node \(runs nodefs\.available 10%, wanted 5%\)\n$/);
  });

  test('pressure that stays: exit 1 at the end', async () => {
    const ran = await verify(OTHER, [NODE, '--wait', '20s', '-q'], {}, passing(), [kubelet(configz(after))]);
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/not there yet: .*DiskPressure/);
  });

  test('an API server that is away for a moment is waited for', async () => {
    const ran = await verify(OTHER, [NODE, '--wait', '1h', '-q'], {}, passing(), [
      kubelet(configz(after)),
      nodes(
        { status: 503, body: 'down' },
        { status: 503 },
        { status: 503 },
        { status: 503 },
        { status: 503 },
        { status: 503 },
        healthy,
      ),
    ]);
    expect(ran.code).toBe(0);
    expect(ran.err).toMatch(/^warning: /);
  });

  test('Ctrl-C ends it with 130', async () => {
    const controller = new AbortController();
    const world = { ...passing(), signal: controller.signal, onSleep: () => controller.abort() };
    const ran = await verify(OTHER, [NODE, '--wait', '1h', '-q'], {}, world, [kubelet(configz(before))]);
    expect(ran.code).toBe(130);
  });

  test('the recorded world is what these tests think it is', () => {
    expect(fixture('v1.20', 'node.json')).toMatchObject({ metadata: { name: NODE } });
  });
});
