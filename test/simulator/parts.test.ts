import { X509Certificate } from 'node:crypto';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/simulator/certificates.ts';
import { manualClock } from '../../src/simulator/clock.ts';
import { createCluster } from '../../src/simulator/cluster.ts';
import { decodeContinue, encodeContinue } from '../../src/simulator/continue-token.ts';
import { humanDuration } from '../../src/simulator/human-duration.ts';
import { mergePatch } from '../../src/simulator/json.ts';
import { controlSimulator } from '../../src/simulator/main.ts';
import { isProxyable } from '../../src/simulator/nodes-proxy.ts';
import { decodeProtobuf } from '../../src/simulator/protobuf.ts';
import { parseRequestInfo } from '../../src/simulator/request-info.ts';
import { rawClient } from '../contract/raw-client.ts';

describe('manual clock', () => {
  test('calls what is due in order, with the time it was due at', () => {
    const clock = manualClock(1000);
    const calls: string[] = [];
    clock.after(50, () => calls.push(`b ${clock.now()}`));
    clock.after(10, () => {
      calls.push(`a ${clock.now()}`);
      clock.after(20, () => calls.push(`nested ${clock.now()}`));
    });
    const cancel = clock.after(40, () => calls.push('never'));
    cancel();
    clock.advance(49);
    expect(calls).toEqual(['a 1010', 'nested 1030']);
    clock.advance(1);
    expect(calls.at(-1)).toBe('b 1050');
    expect(() => clock.advance(-1)).toThrow(RangeError);
  });
});

describe('certificates', () => {
  test('are signed by the authority, for loopback and for users with groups', () => {
    const authority = createAuthority();
    const ca = new X509Certificate(authority.certificate);
    expect([ca.ca, ca.verify(ca.publicKey)]).toEqual([true, true]);
    const server = new X509Certificate(authority.issueServer().certificate);
    expect([server.checkIssued(ca), server.verify(ca.publicKey)]).toEqual([true, true]);
    expect([server.checkIP('127.0.0.1'), server.checkHost('localhost')]).toEqual(['127.0.0.1', 'localhost']);
    const client = new X509Certificate(authority.issueClient('jane', ['dev', 'ops']).certificate);
    expect(client.subject.split('\n').sort()).toEqual(['CN=jane', 'O=dev', 'O=ops']);
    expect(client.verify(new X509Certificate(createAuthority().certificate).publicKey)).toBe(false);
  });
});

test.each([
  [-5000, '<invalid>'],
  [-500, '0s'],
  [0, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [150_000, '2m30s'],
  [10 * 60_000, '10m'],
  [179 * 60_000, '179m'],
  [3 * 3_600_000, '3h'],
  [3.5 * 3_600_000, '3h30m'],
  [47 * 3_600_000, '47h'],
  [50 * 3_600_000, '2d2h'],
  [81 * 86_400_000, '81d'],
  [2 * 365 * 86_400_000, '2y'],
  [1000 * 86_400_000, '2y270d'],
  [10 * 365 * 86_400_000, '10y'],
])('the age of %d ms is %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});

describe('continue tokens', () => {
  test('come back as they went', () => {
    const start = fc.string({ minLength: 1 }).filter(text => !text.startsWith('/'));
    fc.assert(
      fc.property(fc.integer({ min: 1 }), start, (revision, text) => {
        expect(decodeContinue(encodeContinue({ revision, start: text }))).toEqual({ revision, start: text });
      }),
    );
  });

  test('whatever else is a 400', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), text => {
        expect(() => decodeContinue(text)).toThrow(/^invalid continue token/);
      }),
    );
  });
});

describe('request paths', () => {
  test.each([
    ['GET', '/api/v1/pods', { verb: 'list', resource: 'pods', namespace: '' }],
    ['GET', '/api/v1/pods?watch=true', { verb: 'watch' }],
    ['GET', '/api/v1/pods?watch=false', { verb: 'list' }],
    ['GET', '/api/v1/namespaces', { verb: 'list', resource: 'namespaces', namespace: '' }],
    ['GET', '/api/v1/namespaces/a', { verb: 'get', resource: 'namespaces', name: 'a', namespace: 'a' }],
    ['GET', '/api/v1/namespaces/a/status', { resource: 'namespaces', name: 'a', subresource: 'status' }],
    ['DELETE', '/api/v1/namespaces/a/pods', { verb: 'deletecollection', resource: 'pods', namespace: 'a' }],
    ['PATCH', '/api/v1/namespaces/a/pods/b/status', { verb: 'patch', name: 'b', subresource: 'status' }],
    ['GET', '/apis/coordination.k8s.io/v1/leases', { group: 'coordination.k8s.io', resource: 'leases', verb: 'list' }],
    ['GET', '/api/v1/nodes/n/proxy/stats/summary', { name: 'n', subresource: 'proxy', rest: 'stats/summary' }],
    ['GET', '/api/v1/nodes/n/proxy/stats%2Fsummary', { rest: 'stats/summary' }],
    ['GET', '/api/v1', { isResource: false, verb: 'get' }],
    ['GET', '/apis/coordination.k8s.io/v1', { isResource: false }],
    ['GET', '/version', { isResource: false, path: '/version' }],
    ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Dx', { verb: 'list', name: 'x', named: false }],
  ])('%s %s', (method, url, expected) => {
    const [path = '', query = ''] = url.split('?');
    expect(parseRequestInfo(method, path, new URLSearchParams(query))).toMatchObject(expected);
  });
});

test('merge patches follow RFC 7386', () => {
  expect(mergePatch({ a: 'b', c: { d: 'e', f: 'g' } }, { a: 'z', c: { f: null } })).toEqual({ a: 'z', c: { d: 'e' } });
  expect(mergePatch({ a: [1] }, { a: [2, 3] })).toEqual({ a: [2, 3] });
  expect(mergePatch('x', { a: { b: null, c: 1 } })).toEqual({ a: { c: 1 } });
  expect(mergePatch({ a: 1 }, ['x'])).toEqual(['x']);
});

test.each([
  ['10.0.0.1', true],
  ['127.0.0.1', false],
  ['127.8.9.1', false],
  ['169.254.1.1', false],
  ['224.0.0.1', false],
  ['::1', false],
  ['fe80::1', false],
  ['fd00::1', true],
  ['localhost', false],
  ['', true],
])('the node proxy and the address %s: %s', (address, allowed) => {
  expect(isProxyable(address)).toBe(allowed);
});

describe("kubectl's protobuf", () => {
  const text = (field: number, value: string | Buffer) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([field * 8 + 2, bytes.length]), bytes]);
  };
  const envelope = (raw: Buffer) =>
    Buffer.concat([
      Buffer.from('k8s\0'),
      text(1, Buffer.concat([text(1, 'authorization.k8s.io/v1'), text(2, 'SelfSubjectAccessReview')])),
      text(2, raw),
    ]);

  test('an access review is read', () => {
    const attributes = Buffer.concat([text(2, 'get'), text(3, ''), text(5, 'nodes'), text(6, 'proxy')]);
    const body = envelope(Buffer.concat([text(1, ''), text(2, text(1, attributes)), text(3, Buffer.from([8, 0]))]));
    expect(decodeProtobuf(body, 'SelfSubjectAccessReview')).toEqual({
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'get', resource: 'nodes', subresource: 'proxy' } },
    });
  });

  test('anything at all is read or refused, never a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        expect(decodeProtobuf(Buffer.from(bytes), 'Pod')).toBeUndefined();
        expect(typeof decodeProtobuf(envelope(Buffer.from(bytes.subarray(0, 100))), 'ConfigMap')).toBe('object');
      }),
    );
  });
});

test('in a process of its own it greets, obeys and closes', async () => {
  const input = new PassThrough();
  const output = new PassThrough({ encoding: 'utf8' });
  const lines = output[Symbol.asyncIterator]();
  const nextLine = async () => JSON.parse((await lines.next()).value);
  const cluster = createCluster({ clock: manualClock(0) });
  const finished = controlSimulator({ cluster, tls: false }, { input, output });
  const greeting = await nextLine();
  const client = rawClient(greeting.kubeconfigs.admin);
  expect(client.server).toBe(greeting.url);
  await client.send({ path: '/version' });
  input.write('stats\n');
  expect(await nextLine()).toMatchObject({ requests: 1, byStatus: { 200: 1 } });
  for (const command of ['reset', 'restart', 'compact']) {
    input.write(`${command}\n`);
    expect(await nextLine()).toEqual({ done: command });
  }
  input.write('dance\n');
  expect(await nextLine()).toEqual({ error: 'no command dance' });
  input.write('close\n');
  await finished;
  client.close();
});
