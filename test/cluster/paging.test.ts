import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ListPage, listPages } from '../../src/cluster/paging.ts';
import { createTransport } from '../../src/cluster/transport.ts';
import { CancelledError } from '../../src/errors.ts';
import { testEnvironment, testTarget } from '../support/cluster-access.ts';
import { type SeenRequest, type StubAnswer, startStub } from '../support/http-stub.ts';

const request = { path: '/api/v1/pods', what: 'list pods' };

function recorded(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

async function serve(answers: readonly (StubAnswer | ((r: SeenRequest) => StubAnswer))[]) {
  const stub = await startStub([{ path: request.path, answers }]);
  const transport = await createTransport(testTarget(stub.url), {
    environment: testEnvironment(),
    sleep: async () => undefined,
  });
  onTestFinished(() => transport.close());
  return { stub, transport, urls: () => stub.requests.map(r => r.url) };
}

async function all(pages: AsyncIterable<ListPage>): Promise<ListPage[]> {
  const list: ListPage[] = [];
  for await (const page of pages) list.push(page);
  return list;
}

const page = (items: unknown[], next?: string, more: object = {}): StubAnswer => ({
  body: {
    kind: 'PodList',
    metadata: { resourceVersion: '9', ...(next === undefined ? {} : { continue: next }), ...more },
    items,
  },
});
const gone: StubAnswer = { status: 410, body: recorded('v1.36/continue-expired.json') };

test('follows the continue token, with limit and selectors on every page', async () => {
  const { transport, urls } = await serve([page([1, 2], 't/1', { remainingItemCount: 3 }), page([3], 't2'), page([4])]);
  const pages = await all(
    listPages(transport, { ...request, limit: 2, query: { fieldSelector: 'status.phase=Failed' } }),
  );
  expect(pages.map(p => [p.items, p.resourceVersion, p.remainingItemCount, p.restarted])).toEqual([
    [[1, 2], '9', 3, false],
    [[3], '9', null, false],
    [[4], '9', null, false],
  ]);
  expect(urls()).toEqual([
    '/api/v1/pods?fieldSelector=status.phase%3DFailed&limit=2',
    '/api/v1/pods?fieldSelector=status.phase%3DFailed&limit=2&continue=t%2F1',
    '/api/v1/pods?fieldSelector=status.phase%3DFailed&limit=2&continue=t2',
  ]);
});

test('recorded pages of a 1.36', async () => {
  const { transport } = await serve([
    { body: recorded('v1.36/pods-page1.json') },
    { body: recorded('v1.36/pods-page2.json') },
    page([]),
  ]);
  const pages = await all(listPages(transport, { ...request, limit: 20 }));
  expect(pages[0]?.items).toHaveLength(20);
  expect(pages[0]?.resourceVersion).toBe(pages[1]?.resourceVersion);
});

test.each([
  [undefined, 'limit=500'],
  [0, ''],
])('limit %j', async (limit, query) => {
  const { transport, urls } = await serve([page([])]);
  expect(await all(listPages(transport, { ...request, limit }))).toHaveLength(1);
  expect(urls()).toEqual([`/api/v1/pods${query === '' ? '' : `?${query}`}`]);
});

test('items: null is an empty list', async () => {
  const { transport } = await serve([{ body: { kind: 'PodList', metadata: {}, items: null } }]);
  expect(await all(listPages(transport, request))).toMatchObject([{ items: [], resourceVersion: '' }]);
});

describe('an expired token', () => {
  test('starts the whole list again, and says so once', async () => {
    const { transport, urls } = await serve([page([1], 'a'), gone, page([1, 2], 'b'), page([3])]);
    const pages = await all(listPages(transport, { ...request, limit: 1 }));
    expect(pages.map(p => [p.items, p.restarted])).toEqual([
      [[1], false],
      [[1, 2], true],
      [[3], false],
    ]);
    expect(urls().map(url => new URL(url, 'http://x').searchParams.get('continue'))).toEqual([null, 'a', null, 'b']);
  });

  test('three times, then it is the answer', async () => {
    const { transport, stub } = await serve([r => (r.url.includes('continue') ? gone : page([1], 'a'))]);
    const pages: ListPage[] = [];
    const run = async (): Promise<void> => {
      for await (const p of listPages(transport, request)) pages.push(p);
    };
    await expect(run()).rejects.toMatchObject({ reason: 'expired', status: 410 });
    expect(pages.map(p => p.restarted)).toEqual([false, true, true, true]);
    expect(stub.requests).toHaveLength(8);
  });

  test('410 on a first page is the answer', async () => {
    const { transport, stub } = await serve([gone]);
    await expect(all(listPages(transport, request))).rejects.toMatchObject({ reason: 'expired' });
    expect(stub.requests).toHaveLength(1);
  });
});

test('a page that fails for a moment is asked again, not the whole list', async () => {
  const { transport, urls } = await serve([
    page([1], 'a'),
    { status: 503 },
    { fault: 'middle', body: 'x'.repeat(100) },
    page([2]),
  ]);
  expect((await all(listPages(transport, request))).map(p => p.items)).toEqual([[1], [2]]);
  expect(urls().filter(url => url.includes('continue=a'))).toHaveLength(3);
});

test.each<[string, unknown]>([
  ['no list', { kind: 'Pod', metadata: {} }],
  ['a number', 7],
  ['null', 'null'],
  ['items of a wrong type', { kind: 'PodList', metadata: {}, items: { a: 1 } }],
  ['a kind of a wrong type', { kind: ['PodList'], metadata: {}, items: [] }],
  ['no metadata', { kind: 'PodList', items: [] }],
  ['inherited fields', '{"__proto__":{"kind":"PodList","metadata":{},"items":[]}}'],
])('%s is an error of the server', async (_name, body) => {
  const { transport } = await serve([{ body }]);
  await expect(all(listPages(transport, request))).rejects.toMatchObject({ reason: 'server' });
});

test('a server that gives the same token for ever is stopped', async () => {
  const { transport, stub } = await serve([page([1], 'a')]);
  await expect(all(listPages(transport, request))).rejects.toThrow(/pages without an end/);
  expect(stub.requests).toHaveLength(2);
});

test('the signal ends it', async () => {
  const { transport } = await serve([page([1], 'a'), { fault: 'never' }]);
  const stop = new AbortController();
  const pages = listPages(transport, { ...request, signal: stop.signal });
  await pages.next();
  const second = pages.next();
  stop.abort();
  await expect(second).rejects.toThrow(CancelledError);
});
