import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Access } from '../../src/cluster/access.ts';
import { createTransport } from '../../src/cluster/transport.ts';
import { CancelledError, type ClusterError } from '../../src/errors.ts';
import { makeAuthority, type TestCertificate } from '../support/certificates.ts';
import { testEnvironment, testTarget } from '../support/cluster-access.ts';
import { startStub } from '../support/http-stub.ts';

const get = { method: 'GET', path: '/x', what: 'get x' } as const;
const authority = makeAuthority();
const certificate = authority.issue({ commonName: 'api', names: ['127.0.0.1', 'api.test'] });
const caData = Buffer.from(authority.cert).toString('base64');

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A CONNECT proxy; `to` replaces the target, so that names need not resolve. */
async function connectProxy(to: number, options: { status?: number; tls?: TestCertificate } = {}) {
  const seen: { target: string | undefined; authorization: string | undefined }[] = [];
  const server = options.tls === undefined ? http.createServer() : https.createServer(options.tls);
  server.on('connect', (request: http.IncomingMessage, client: net.Socket) => {
    seen.push({ target: request.url, authorization: request.headers['proxy-authorization'] });
    if (options.status !== undefined) {
      client.end(`HTTP/1.1 ${options.status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = net.connect(to, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    client.once('close', () => upstream.destroy());
  });
  return { port: await listen(server), seen };
}

/** A SOCKS 5 proxy that asks for `me:pw` when `password`, and answers `reply`. */
async function socksProxy(to: number, options: { password?: boolean; reply?: number } = {}) {
  const seen: string[] = [];
  const server = net.createServer(client => {
    client.on('error', () => undefined);
    const steps: ((data: Buffer) => void)[] = [
      data => {
        client.write(Buffer.from([5, options.password ? (data.includes(2) ? 2 : 0xff) : 0]));
      },
      ...(options.password
        ? [
            (data: Buffer) => {
              const good = data.equals(Buffer.from([1, 2, ...Buffer.from('me'), 2, ...Buffer.from('pw')]));
              client.write(Buffer.from([1, good ? 0 : 1]));
            },
          ]
        : []),
      data => {
        const host = data[3] === 3 ? data.subarray(5, 5 + data[4]!).toString() : [...data.subarray(4, 8)].join('.');
        seen.push(`${host}:${data.readUInt16BE(data.length - 2)}`);
        // The answer comes in pieces, as a network may deliver it.
        client.write(Buffer.from([5, options.reply ?? 0]));
        client.write(Buffer.from([0, 1, 0, 0, 0, 0, 0, 0]));
        if (options.reply) return void client.end();
        client.removeAllListeners('data');
        const upstream = net.connect(to, '127.0.0.1');
        upstream.on('error', () => client.destroy());
        upstream.pipe(client).pipe(upstream);
      },
    ];
    client.on('data', (data: Buffer) => steps.shift()?.(data));
  });
  return { port: await listen(server), seen };
}

async function ask(url: string, proxyUrl: string | undefined, env: Record<string, string> = {}) {
  const cluster: Access['cluster'] = { name: 'c', server: url, skipTLSVerify: url.startsWith('http:'), caData };
  const target = testTarget(url, { cluster, proxyUrl, user: { name: 'u', token: 'bearer-secret' } });
  const transport = await createTransport(target, { environment: testEnvironment({ env }) });
  onTestFinished(() => transport.close());
  return transport;
}

async function failure(promise: Promise<unknown>): Promise<ClusterError> {
  return await promise.then(
    () => expect.unreachable('it must fail'),
    (error: unknown) => error as ClusterError,
  );
}

const routes = [{ path: '/x', answers: [{ body: 'ok' }] }];

describe('CONNECT', () => {
  test('TLS goes through to the server, whose name is checked, over one tunnel', async () => {
    const stub = await startStub(routes, { tls: certificate });
    const proxy = await connectProxy(stub.port);
    const transport = await ask('https://api.test:6443', `http://me:p%40w@127.0.0.1:${proxy.port}`);
    expect((await transport.request(get)).text).toBe('ok');
    await transport.request(get);
    expect(proxy.seen).toEqual([{ target: 'api.test:6443', authorization: `Basic ${btoa('me:p@w')}` }]);
    expect(stub.requests[0]?.headers).toMatchObject({ host: 'api.test:6443', authorization: 'Bearer bearer-secret' });
    expect(stub.requests[0]?.headers['proxy-authorization']).toBeUndefined();
    const other = await ask('https://other.test:6443', `http://127.0.0.1:${proxy.port}`);
    expect(await failure(other.request(get))).toMatchObject({ reason: 'untrusted' });
  });

  test('from the environment, but not for what NO_PROXY excepts or loopback', async () => {
    const stub = await startStub(routes, { tls: certificate });
    const proxy = await connectProxy(stub.port);
    const env = { HTTPS_PROXY: `127.0.0.1:${proxy.port}` };
    await (await ask('https://api.test', undefined, env)).request(get);
    expect(proxy.seen).toHaveLength(1);
    await (await ask(stub.url, undefined, env)).request(get);
    const excepted = await ask('https://api.test', undefined, { ...env, NO_PROXY: '.test' });
    expect((await failure(excepted.request(get))).message).toMatch(/api\.test (is not known|cannot be resolved)/);
    expect(proxy.seen).toHaveLength(1);
  });

  test('through a proxy that itself speaks TLS', async () => {
    const stub = await startStub(routes, { tls: certificate });
    const proxy = await connectProxy(stub.port, { tls: certificate });
    const transport = await ask('https://api.test', `https://127.0.0.1:${proxy.port}`);
    expect((await transport.request(get)).text).toBe('ok');
  });

  test.each([
    [407, /asks for credentials \(407\)/, /proxy URL/],
    [403, /refused to connect \(403\)/, /NO_PROXY/],
  ])('a proxy that answers %i', async (status, message, hint) => {
    const proxy = await connectProxy(1, { status });
    const error = await failure(
      (await ask('https://api.test', `http://me:pw-secret@127.0.0.1:${proxy.port}`)).request(get),
    );
    expect(error.reason).toBe('unreachable');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(`${error.message}${error.hint}${String(error.cause)}`).not.toMatch(/secret/);
  });

  test('a proxy that is not there', async () => {
    const server = net.createServer();
    const port = await listen(server);
    await new Promise(resolve => server.close(resolve));
    const error = await failure((await ask('https://api.test', `http://127.0.0.1:${port}`)).request(get));
    expect(error).toMatchObject({
      reason: 'unreachable',
      message: `cannot get x: the proxy http://127.0.0.1:${port} cannot be reached: ECONNREFUSED`,
    });
  });

  test('a proxy that never answers: time-out and cancelling', async () => {
    const port = await listen(net.createServer());
    const transport = await ask('https://api.test', `http://127.0.0.1:${port}`);
    expect(await failure(transport.request({ ...get, timeoutMs: 50 }))).toMatchObject({ reason: 'timeout' });
    const running = failure(transport.request(get));
    transport.close();
    expect(await running).toBeInstanceOf(CancelledError);
  });
});

test('plain http goes to the proxy as it is', async () => {
  const stub = await startStub([{ path: /^http:\/\/api\.test\/x\?a=1$/, answers: [{ body: 'ok' }] }]);
  const transport = await ask('http://api.test', `http://me:pw@127.0.0.1:${stub.port}`);
  expect((await transport.request({ ...get, query: { a: 1 } })).text).toBe('ok');
  expect(stub.requests[0]?.headers).toMatchObject({
    host: 'api.test',
    'proxy-authorization': `Basic ${btoa('me:pw')}`,
  });
});

describe('SOCKS 5', () => {
  test.each([
    ['socks5', '', {}],
    ['socks5h', '', {}],
    ['socks5', 'me:pw@', { password: true }],
  ])('%s://%s carries TLS, the proxy resolves the name', async (scheme, user, options) => {
    const stub = await startStub(routes, { tls: certificate });
    const proxy = await socksProxy(stub.port, options);
    const transport = await ask('https://api.test:6443', `${scheme}://${user}127.0.0.1:${proxy.port}`);
    expect((await transport.request(get)).text).toBe('ok');
    expect(proxy.seen).toEqual(['api.test:6443']);
  });

  test('an address goes as an address, plain http too', async () => {
    const stub = await startStub(routes);
    const proxy = await socksProxy(stub.port);
    const transport = await ask('http://10.9.8.7:8001', `socks5://127.0.0.1:${proxy.port}`);
    expect((await transport.request(get)).text).toBe('ok');
    expect(proxy.seen).toEqual(['10.9.8.7:8001']);
  });

  test.each<[string, object, RegExp]>([
    ['', { reply: 5 }, /refused to connect: connection refused/],
    ['', { reply: 99 }, /refused to connect: code 99/],
    ['', { password: true }, /asks for credentials/],
    ['me:wrong@', { password: true }, /refused its user name/],
  ])('%j to a proxy with %j', async (user, options, message) => {
    const proxy = await socksProxy(1, options);
    const error = await failure(
      (await ask('https://api.test', `socks5://${user}127.0.0.1:${proxy.port}`)).request(get),
    );
    expect(error.reason).toBe('unreachable');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('wrong');
  });

  test('something else on the port', async () => {
    const port = await listen(net.createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const error = await failure((await ask('https://api.test', `socks5://127.0.0.1:${port}`)).request(get));
    expect(error.message).toContain('does not speak SOCKS 5');
  });
});
