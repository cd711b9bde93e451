import net, { type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Target } from '../../src/cluster/connection.ts';
import {
  type ApiRequest,
  createTransport,
  type Transport,
  type TransportOptions,
} from '../../src/cluster/transport.ts';
import { CancelledError, type ClusterError } from '../../src/errors.ts';
import { makeAuthority } from '../support/certificates.ts';
import { testEnvironment, testTarget } from '../support/cluster-access.ts';
import { type StubAnswer, type StubOptions, startStub } from '../support/http-stub.ts';

const get: ApiRequest = { method: 'GET', path: '/x', what: 'get x' };

async function connect(
  target: Target,
  options: Partial<TransportOptions> = {},
): Promise<Transport & { waits: number[] }> {
  const waits: number[] = [];
  const transport = await createTransport(target, {
    environment: testEnvironment(),
    random: () => 0,
    sleep: async ms => {
      waits.push(ms);
    },
    ...options,
  });
  onTestFinished(() => transport.close());
  return Object.assign(transport, { waits });
}

async function serve(
  answers: readonly StubAnswer[],
  options: Partial<TransportOptions> = {},
  stubOptions: StubOptions = {},
) {
  const stub = await startStub([{ path: '/x', answers }], stubOptions);
  return { stub, transport: await connect(testTarget(stub.url), options) };
}

async function failure(promise: Promise<unknown>): Promise<ClusterError> {
  return await promise.then(
    () => expect.unreachable('it must fail'),
    (error: unknown) => error as ClusterError,
  );
}

describe('a request', () => {
  test('sends what an API server needs and reads the answer', async () => {
    const { stub, transport } = await serve([
      { body: { kind: 'NodeList' }, headers: { date: 'Mon, 23 Nov 2026 12:00:03 GMT' } },
    ]);
    const response = await transport.request({ ...get, query: { labelSelector: 'a=b,c', limit: 5, watch: undefined } });
    expect(response.status).toBe(200);
    expect(response.json()).toEqual({ kind: 'NodeList' });
    expect(response.serverTime).toBe(Date.parse('2026-11-23T12:00:03Z'));
    expect(stub.requests[0]).toMatchObject({ method: 'GET', url: '/x?labelSelector=a%3Db%2Cc&limit=5', body: '' });
    expect(stub.requests[0]?.headers).toMatchObject({
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': 'kubectl-evict/0.0.0 (test/test)',
    });
    expect(stub.requests[0]?.headers.authorization).toBeUndefined();
  });

  test('the path of the server URL stays in front', async () => {
    const stub = await startStub([{ path: '/k8s/clusters/c-1/x', answers: [{ body: {} }] }]);
    await (await connect(testTarget(`${stub.url}/k8s/clusters/c-1`))).request(get);
    expect(stub.requests).toHaveLength(1);
  });

  test('a DELETE carries its body with the length, and the connection stays usable', async () => {
    const { stub, transport } = await serve([{ body: {} }], { maxSockets: 1 });
    const body = { preconditions: { uid: 'ü-1' } };
    await transport.request({ ...get, method: 'DELETE', body });
    await transport.request({ ...get, method: 'DELETE', body });
    await transport.request(get);
    expect(stub.requests.map(r => r.method)).toEqual(['DELETE', 'DELETE', 'GET']);
    expect(stub.requests[1]).toMatchObject({
      body: JSON.stringify(body),
      headers: {
        'content-length': String(Buffer.byteLength(JSON.stringify(body))),
        'content-type': 'application/json',
      },
    });
    expect(stub.requests[1]?.headers['transfer-encoding']).toBeUndefined();
    expect(new Set(stub.requests.map(r => r.connection)).size).toBe(1);
  });

  test('gzip is undone', async () => {
    const items = Array.from({ length: 5000 }, (_, i) => `pod-${i}`);
    const { transport } = await serve([{ body: { items }, gzip: true }]);
    expect((await transport.request(get)).json()).toEqual({ items });
  });

  test('at most maxSockets at a time, and waiting is no time-out', async () => {
    let open = 0;
    let peak = 0;
    const gates: (() => void)[] = [];
    const stub = await startStub([
      {
        path: '/x',
        answers: [
          () => {
            open += 1;
            peak = Math.max(peak, open);
            const after = new Promise<void>(resolve => gates.push(resolve)).then(() => {
              open -= 1;
            });
            return { body: {}, after };
          },
        ],
      },
    ]);
    const transport = await connect(testTarget(stub.url), { maxSockets: 3 });
    const all = Promise.all(Array.from({ length: 10 }, () => transport.request(get)));
    for (let i = 0; i < 10; i += 1) {
      await expect.poll(() => gates.length).toBeGreaterThan(i);
      gates[i]?.();
    }
    await all;
    expect(peak).toBe(3);
    expect(new Set(stub.requests.map(r => r.connection)).size).toBeLessThanOrEqual(3);
  });

  test('cut and malformed JSON is an error of the server', async () => {
    const { transport } = await serve([{ body: '{"items":[' }, { body: '<html><title>Login</title></html>' }]);
    for (const text of [/cut off or no JSON/, /web page "Login"/]) {
      const response = await transport.request(get);
      expect(() => response.json()).toThrow(text);
    }
  });

  test('redirects are not followed', async () => {
    const { stub, transport } = await serve([{ status: 302, headers: { location: '/elsewhere' } }]);
    expect(await failure(transport.request(get))).toMatchObject({ reason: 'server', status: 302 });
    expect(stub.requests).toHaveLength(1);
  });
});

test.each([
  ['Mon, 23 Nov 2026 11:00:00 GMT', '2026-11-23T11:00:00Z'],
  ['Tue, 24 Nov 2026 12:00:00 GMT', '2026-11-24T12:00:00Z'],
  ['Tue, 24 Nov 2026 12:00:01 GMT', null],
  ['Fri, 31 Dec 9999 23:59:59 GMT', null],
  ['Thu, 01 Jan 1970 00:00:00 GMT', '1970-01-01T00:00:00Z'],
  ['soon', null],
])('the Date header %j is believed when it is at most a day ahead', async (date, time) => {
  const { transport } = await serve([{ body: 'ok', headers: { date } }]);
  expect((await transport.request(get)).serverTime).toBe(time === null ? null : Date.parse(time));
});

describe('limits', () => {
  test.each([false, true])('a body over maxBytes is refused (gzip: %s)', async gzip => {
    const { transport } = await serve([{ body: 'x'.repeat(2_000_000), gzip }, { body: 'ok' }]);
    const error = await failure(transport.request({ ...get, maxBytes: 1024 * 1024 }));
    expect(error).toMatchObject({ reason: 'too-large', message: 'cannot get x: the answer is larger than 1 MiB' });
    expect((await transport.request(get)).text).toBe('ok');
  });

  test.each([
    ['', false],
    [', gzip', true],
  ])('of an answer that is not 2xx only the first MiB is taken%s', async (_what, gzip) => {
    const { stub, transport } = await serve([
      { status: 403, body: `no ${'x'.repeat(64 * 1024 * 1024)}`, gzip },
      { status: 200, body: 'ok' },
    ]);
    const error = await failure(transport.request(get));
    expect(error).toMatchObject({ reason: 'forbidden', status: 403 });
    expect(error.message.length).toBeLessThan(1000);
    expect((await transport.request(get)).text).toBe('ok');
    expect(stub.requests).toHaveLength(2);
  });

  test('the same in place of a stream', async () => {
    const { transport } = await serve([{ status: 503, headers: { 'retry-after': '7' }, body: 'x'.repeat(8_000_000) }]);
    const error = await failure(transport.stream({ path: '/x', what: 'watch x' }));
    expect(error).toMatchObject({ status: 503, retryAfterSeconds: 7 });
  });

  test.each(['never', 'stall'] as const)(
    'a server that falls silent (%s) is given up after the time-out',
    async fault => {
      const { stub, transport } = await serve([{ fault, body: 'abcdef' }]);
      const error = await failure(transport.request({ ...get, timeoutMs: 60 }));
      expect(error).toMatchObject({
        reason: 'timeout',
        message: `cannot get x: no answer from ${stub.url} within 0.06 s`,
      });
      expect(stub.requests).toHaveLength(1);
      await expect.poll(() => stub.openConnections()).toBe(0);
    },
  );

  test('the default comes from the options, else from --request-timeout', async () => {
    const stub = await startStub([{ path: '/x', answers: [{ fault: 'never' }] }]);
    const target = testTarget(stub.url, {}, { requestTimeoutMs: 50 });
    expect((await failure((await connect(target)).request(get))).message).toContain('0.05 s');
    expect((await failure((await connect(target, { requestTimeoutMs: 40 })).request(get))).message).toContain('0.04 s');
  });

  test.each(['never', 'stall'] as const)(
    'the signal ends a running request (%s) and one that waits in line',
    async fault => {
      const { stub, transport } = await serve([{ fault, body: 'abcdef' }], { maxSockets: 1 });
      const stop = new AbortController();
      const running = failure(transport.request({ ...get, signal: stop.signal }));
      const waiting = failure(transport.request({ ...get, signal: stop.signal }));
      await expect.poll(() => stub.requests.length).toBe(1);
      stop.abort();
      expect(await running).toBeInstanceOf(CancelledError);
      expect(await waiting).toBeInstanceOf(CancelledError);
      expect(await failure(transport.request({ ...get, signal: stop.signal }))).toBeInstanceOf(CancelledError);
      expect(stub.requests).toHaveLength(1);
      await expect.poll(() => stub.openConnections()).toBe(0);
    },
  );

  test('close ends everything', async () => {
    const { stub, transport } = await serve([{ fault: 'never' }]);
    const running = failure(transport.request(get));
    await expect.poll(() => stub.requests.length).toBe(1);
    transport.close();
    expect(await running).toBeInstanceOf(CancelledError);
    expect(await failure(transport.request(get))).toBeInstanceOf(CancelledError);
    await expect.poll(() => stub.openConnections()).toBe(0);
  });
});

describe('retries', () => {
  const ok: StubAnswer = { body: 'ok' };

  test.each<[string, StubAnswer, number[]]>([
    ['429', { status: 429, headers: { 'retry-after': '2' } }, [2000]],
    ['429 with a date', { status: 429, headers: { 'retry-after': 'Mon, 23 Nov 2026 12:00:10 GMT' } }, [10_000]],
    ['429 asking for an hour', { status: 429, headers: { 'retry-after': '3600' } }, [30_000]],
    ['429 without a word', { status: 429 }, [125]],
    ['500', { status: 500 }, [125]],
    ['503', { status: 503, headers: { 'retry-after': '1' } }, [1000]],
    ['504 with details', { status: 504, body: { kind: 'Status', details: { retryAfterSeconds: 3 } } }, [3000]],
    ['a reset', { fault: 'reset' }, [125]],
    ['a closed connection', { fault: 'before' }, [125]],
    ['a cut body', { fault: 'middle', body: 'x'.repeat(5000) }, [125]],
    ['a cut gzip body', { fault: 'middle', body: { a: 'x'.repeat(5000) }, gzip: true }, [125]],
  ])('%s is tried again', async (_name, bad, waits) => {
    const { transport } = await serve([bad, ok]);
    expect((await transport.request(get)).text).toBe('ok');
    expect(transport.waits).toEqual(waits);
  });

  test('a wait is told, unless the request has somebody of its own to tell', async () => {
    const told: [string, number][] = [];
    const bad = { status: 429, headers: { 'retry-after': '2' } };
    const { transport } = await serve([bad, ok, bad, ok], {
      onWait: (error, ms) => void told.push([(error as ClusterError).reason, ms]),
    });
    await transport.request(get);
    expect(told).toEqual([['throttled', 2000]]);
    const own: Error[] = [];
    await transport.request({ ...get, onRetry: error => void own.push(error) });
    expect(own).toHaveLength(1);
    expect(told).toHaveLength(1);
  });

  test('at most five times, with growing waits', async () => {
    const { stub, transport } = await serve([{ status: 503 }]);
    expect(await failure(transport.request(get))).toMatchObject({ reason: 'server', status: 503 });
    expect(stub.requests).toHaveLength(6);
    expect(transport.waits).toEqual([125, 250, 500, 1000, 2000]);
  });

  test.each<[string, StubAnswer]>([
    ['429', { status: 429 }],
    ['503', { status: 503 }],
    ['a reset', { fault: 'reset' }],
    ['a cut body', { fault: 'middle', body: 'x'.repeat(5000) }],
  ])('never after %s when told so', async (_name, bad) => {
    const { stub, transport } = await serve([bad]);
    await failure(transport.request({ ...get, retry: 'never' }));
    expect(stub.requests).toHaveLength(1);
  });

  test.each([400, 403, 404, 405, 409, 410, 422, 501])('never after %i', async status => {
    const { stub, transport } = await serve([{ status }]);
    expect((await failure(transport.request(get))).status).toBe(status);
    expect(stub.requests).toHaveLength(1);
  });

  test.each<[string, Partial<ApiRequest>, StubAnswer, number]>([
    ['a POST after 503', { method: 'POST' }, { status: 503 }, 1],
    ['a POST after a reset', { method: 'POST' }, { fault: 'reset' }, 1],
    ['a POST after a cut answer', { method: 'POST' }, { fault: 'middle', body: 'xxxxxx' }, 1],
    ['a POST after 429', { method: 'POST' }, { status: 429 }, 2],
    ['an idempotent POST after 503', { method: 'POST', idempotent: true }, { status: 503 }, 2],
    ['an idempotent POST after a reset', { method: 'POST', idempotent: true }, { fault: 'reset' }, 2],
    ['a DELETE after 503', { method: 'DELETE' }, { status: 503 }, 2],
  ])('%s', async (_name, more, bad, sent) => {
    const { stub, transport } = await serve([bad, ok]);
    await transport.request({ ...get, body: { a: 1 }, ...more }).catch(() => undefined);
    expect(stub.requests).toHaveLength(sent);
  });

  test('a refused connection is final at first, and a restart once the server has answered', async () => {
    const { stub, transport } = await serve([ok]);
    await transport.request(get);
    await stub.close();
    expect(await failure(transport.request(get))).toMatchObject({ reason: 'unreachable' });
    expect(transport.waits).toHaveLength(5);
    const fresh = await connect(testTarget(stub.url));
    expect(await failure(fresh.request(get))).toMatchObject({
      message: `cannot get x: ${stub.url} refused the connection`,
    });
    expect(fresh.waits).toHaveLength(0);
  });

  test('waiting is cancelled by the signal', async () => {
    const stub = await startStub([{ path: '/x', answers: [{ status: 429, headers: { 'retry-after': '30' } }] }]);
    const transport = await createTransport(testTarget(stub.url), { environment: testEnvironment() });
    onTestFinished(() => transport.close());
    const stop = new AbortController();
    const running = failure(transport.request({ ...get, signal: stop.signal }));
    await expect.poll(() => stub.requests.length).toBe(1);
    stop.abort();
    expect(await running).toBeInstanceOf(CancelledError);
  });
});

describe('TLS', () => {
  const authority = makeAuthority();
  const server = authority.issue({ commonName: 'api', names: ['127.0.0.1', 'kubernetes'] });
  const caData = Buffer.from(authority.cert).toString('base64');
  const ok = [{ path: '/x', answers: [{ body: 'ok' }] }];
  const start = async (tls: StubOptions['tls'] = server) => await startStub(ok, { tls });
  const target = (url: string, cluster: object, user: object = {}): Target =>
    testTarget(url, {
      cluster: { name: 'c', server: url, skipTLSVerify: false, ...cluster },
      user: { name: 'u', ...user },
    });

  test('the authority of the kubeconfig is enough, over one connection', async () => {
    const stub = await start();
    const transport = await connect(target(stub.url, { caData }));
    await transport.request(get);
    await transport.request(get);
    expect(stub.requests.map(r => r.connection)).toEqual([1, 1]);
  });

  test('a context without user still uses the authority and the server name', async () => {
    const stub = await start(authority.issue({ commonName: 'x', names: ['inner'] }));
    const url = stub.url;
    const access = {
      cluster: { name: 'c', server: url, skipTLSVerify: false, caData, tlsServerName: 'inner' },
      user: { name: '' },
    };
    expect((await (await connect(testTarget(url, access))).request(get)).text).toBe('ok');
  });

  test.each<[string, StubOptions['tls'], object, string, RegExp]>([
    ['unknown authority', server, {}, 'untrusted', /signed by an unknown authority/],
    [
      'a rebuilt authority',
      server,
      { caData: Buffer.from(makeAuthority().cert).toString('base64') },
      'untrusted',
      /another authority of the same name/,
    ],
    [
      'another authority',
      server,
      { caData: Buffer.from(makeAuthority('stranger').cert).toString('base64') },
      'untrusted',
      /unknown authority/,
    ],
    [
      'expired',
      authority.issue({
        commonName: 'api',
        names: ['127.0.0.1'],
        notBefore: new Date('2020-01-01'),
        notAfter: new Date('2021-01-01'),
      }),
      { caData },
      'untrusted',
      /has expired/,
    ],
    [
      'not yet valid',
      authority.issue({
        commonName: 'api',
        names: ['127.0.0.1'],
        notBefore: new Date('2120-01-01'),
        notAfter: new Date('2121-01-01'),
      }),
      { caData },
      'untrusted',
      /not valid yet/,
    ],
    [
      'wrong name',
      authority.issue({ commonName: 'api', names: ['other'] }),
      { caData },
      'untrusted',
      /for another name/,
    ],
    ['wrong tls-server-name', server, { caData, tlsServerName: 'nope' }, 'untrusted', /for another name/],
    [
      'an authority that is no PEM',
      server,
      { caData: Buffer.from('garbage').toString('base64') },
      'config',
      /certificate authority is not valid PEM/,
    ],
  ])('%s', async (_name, tls, cluster, reason, message) => {
    const stub = await start(tls);
    const error = await failure((await connect(target(stub.url, cluster))).request(get));
    expect(error.reason).toBe(reason);
    expect(error.message).toMatch(message);
    expect(stub.requests).toHaveLength(0);
  });

  test('checks are off only when told so', async () => {
    const stub = await start(authority.issue({ commonName: 'api', names: ['other'] }));
    expect((await (await connect(target(stub.url, { skipTLSVerify: true }))).request(get)).text).toBe('ok');
  });

  test('a client certificate is shown', async () => {
    const client = authority.issue({ commonName: 'ann' });
    const user = {
      certData: Buffer.from(client.cert).toString('base64'),
      keyData: Buffer.from(client.key).toString('base64'),
    };
    const stub = await start({ ...server, clientAuthority: authority.cert, requireClient: true });
    await (await connect(target(stub.url, { caData }, user))).request(get);
    expect(stub.requests[0]?.clientName).toBe('ann');
    const other = makeAuthority().issue({ commonName: 'eve' });
    const wrong = {
      certData: Buffer.from(other.cert).toString('base64'),
      keyData: Buffer.from(other.key).toString('base64'),
    };
    const error = await failure((await connect(target(stub.url, { caData }, wrong))).request(get));
    expect(['unauthorized', 'unreachable']).toContain(error.reason);
  });

  test('a key that does not fit its certificate is explained', async () => {
    const [a, b] = [authority.issue({ commonName: 'a' }), authority.issue({ commonName: 'b' })];
    const user = { certData: Buffer.from(a.cert).toString('base64'), keyData: Buffer.from(b.key).toString('base64') };
    const stub = await start();
    const error = await failure((await connect(target(stub.url, { caData }, user))).request(get));
    expect(error).toMatchObject({
      reason: 'config',
      message: 'the client key does not belong to the client certificate',
    });
  });

  test('plain HTTP on the port', async () => {
    const stub = await startStub([{ path: /.*/, answers: [{ body: 'x' }] }]);
    const error = await failure((await connect(target(stub.url.replace('http:', 'https:'), { caData }))).request(get));
    expect(error).toMatchObject({ reason: 'untrusted', hint: expect.stringContaining('http://') });
  });

  test('TLS on a plain HTTP address', async () => {
    const stub = await start();
    const url = stub.url.replace('https:', 'http:');
    const error = await failure((await connect(testTarget(url))).request(get));
    expect(error.reason).toBe('unreachable');
  });
});

describe('no server', () => {
  test('a name that does not resolve', async () => {
    const error = await failure((await connect(testTarget('http://no-such-host.invalid'))).request(get));
    expect(error.reason).toBe('unreachable');
    expect(error.message).toMatch(/no-such-host\.invalid is not known|cannot be resolved/);
  });

  test('something else speaks on the port', async () => {
    const server = net.createServer(socket => socket.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise(resolve => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const error = await failure((await connect(testTarget(`http://127.0.0.1:${port}`))).request(get));
    expect(error).toMatchObject({ reason: 'unreachable', message: expect.stringContaining('does not speak HTTP') });
  });

  test('a broken gzip body', async () => {
    const body = gzipSync('x'.repeat(1000)).subarray(0, 20);
    const { transport } = await serve([{ body, headers: { 'content-encoding': 'gzip' } }]);
    expect(await failure(transport.request(get))).toMatchObject({ reason: 'server' });
  });
});
