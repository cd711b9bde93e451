import { expect } from 'vitest';
import type { ContractCase } from './cases.ts';
import type { RawEvent } from './raw-client.ts';
import { failure, makePod, podPath, type Target } from './target.ts';

function watchPath(target: Target, label: string, more: string): string {
  return `${podPath(target)}?watch=1&labelSelector=${encodeURIComponent(`case=${label}`)}&${more}`;
}

/** Waits until the server's cache, which answers "any version" and may lag behind, has the pod as it is now. */
async function untilCached(target: Target, name: string): Promise<void> {
  const { resourceVersion } = (await target.admin.send({ path: podPath(target, name) })).json.metadata;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const cached = await target.admin.send({ path: `${podPath(target, name)}?resourceVersion=0` });
    if (cached.json.metadata.resourceVersion === resourceVersion) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`the server's cache never saw version ${resourceVersion} of pod ${name}`);
}

async function revisionOf(target: Target): Promise<string> {
  return (await target.admin.send({ path: `${podPath(target)}?limit=1` })).json.metadata.resourceVersion;
}

function story(events: readonly RawEvent[]): string[] {
  return events.map(({ object, type }) => `${type} ${object.metadata.name ?? ''}`.trim());
}

function atLeast(count: number): (events: readonly RawEvent[]) => boolean {
  return events => events.length >= count;
}

/** Watches: what they tell, where they begin and how they end. */
export const watchCases: readonly ContractCase[] = [
  {
    name: 'watch: from a version on, a Failed pod goes as MODIFIED and DELETED',
    run: async target => {
      const revision = await revisionOf(target);
      await makePod(target, 'watched', { labels: { case: 'watched' } });
      await target.admin.send({ method: 'DELETE', path: podPath(target, 'watched') });
      const path = watchPath(target, 'watched', `resourceVersion=${revision}&timeoutSeconds=10`);
      const events = await target.admin.watch(path, atLeast(4));
      expect(story(events)).toEqual(['ADDED watched', 'MODIFIED watched', 'MODIFIED watched', 'DELETED watched']);
      expect(events[0]?.object).toMatchObject({ kind: 'Pod', apiVersion: 'v1' });
      for (const event of events.slice(2)) expect(event.object.metadata.deletionGracePeriodSeconds).toBe(0);
      const versions = events.map(event => Number(event.object.metadata.resourceVersion));
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
      expect(new Set(versions).size).toBe(4);
      const resumed = await target.admin.watch(
        watchPath(target, 'watched', `resourceVersion=${versions[1]}&timeoutSeconds=10`),
        atLeast(2),
      );
      expect(resumed).toEqual(events.slice(2));
    },
  },
  {
    name: 'watch: with a field selector a pod that turns Failed is ADDED',
    run: async target => {
      const revision = await revisionOf(target);
      await makePod(target, 'turning', { labels: { case: 'turning' } });
      await target.admin.send({ method: 'DELETE', path: podPath(target, 'turning') });
      const more = `resourceVersion=${revision}&timeoutSeconds=10&fieldSelector=status.phase%3DFailed`;
      const events = await target.admin.watch(watchPath(target, 'turning', more), atLeast(3));
      expect(story(events)).toEqual(['ADDED turning', 'MODIFIED turning', 'DELETED turning']);
    },
  },
  {
    name: 'watch: with a field selector a pod that ceases to match is DELETED',
    run: async target => {
      const revision = await revisionOf(target);
      await makePod(target, 'leaving', { labels: { case: 'leaving' } });
      const more = `resourceVersion=${revision}&timeoutSeconds=10&fieldSelector=status.phase%3DPending`;
      const events = await target.admin.watch(watchPath(target, 'leaving', more), atLeast(2));
      expect(story(events)).toEqual(['ADDED leaving', 'DELETED leaving']);
      expect(events[1]?.object.status.phase).toBe('Pending');
    },
  },
  {
    name: 'watch: without a version it begins with what is there, and ends after its time',
    run: async target => {
      await makePod(target, 'there', { labels: { case: 'there' } });
      await untilCached(target, 'there');
      for (const more of ['timeoutSeconds=1', 'timeoutSeconds=1&resourceVersion=0']) {
        const events = await target.admin.watch(watchPath(target, 'there', more), () => false);
        expect(story(events)).toEqual(['ADDED there']);
      }
    },
  },
  {
    name: 'watch: as tables, columns only with the first',
    run: async target => {
      const revision = await revisionOf(target);
      await makePod(target, 'tabled', { labels: { case: 'tabled' } });
      const answer = await target.admin.send({
        path: watchPath(target, 'tabled', `resourceVersion=${revision}&timeoutSeconds=1`),
        headers: { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      });
      const events: RawEvent[] = answer.text
        .trim()
        .split('\n')
        .map(line => JSON.parse(line));
      expect(events.map(({ object, type }) => [type, object.kind, object.rows.length])).toEqual([
        ['ADDED', 'Table', 1],
        ['MODIFIED', 'Table', 1],
      ]);
      expect(events.map(({ object }) => (object.columnDefinitions ?? []).length > 0)).toEqual([true, false]);
    },
  },
  {
    name: 'watch: a bookmark is an object with nothing but a version',
    run: async target => {
      // A real server sends one about every minute.
      const more = 'allowWatchBookmarks=true&timeoutSeconds=100&resourceVersion=';
      const revision = await revisionOf(target);
      await makePod(target, 'marked', { labels: { case: 'marked' } });
      const events = await target.admin.watch(watchPath(target, 'marked', `${more}${revision}`), list =>
        list.some(({ type }) => type === 'BOOKMARK'),
      );
      const bookmark = events.find(({ type }) => type === 'BOOKMARK');
      const metadata = target.version === '1.20' ? { creationTimestamp: null } : {};
      expect(bookmark?.object).toEqual({
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { resourceVersion: expect.stringMatching(/^\d+$/), ...metadata },
        spec: { containers: null },
        status: {},
      });
    },
  },
  {
    name: 'watch: resourceVersionMatch is for lists',
    run: async target => {
      const answer = await target.admin.send({
        path: `${podPath(target)}?watch=1&resourceVersion=5&resourceVersionMatch=NotOlderThan`,
      });
      const message = 'Forbidden: resourceVersionMatch is forbidden for watch';
      expect(answer.json).toEqual(
        failure(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: ${message}`, {
          group: 'meta.k8s.io',
          kind: 'ListOptions',
          causes: [{ reason: 'FieldValueForbidden', message, field: 'resourceVersionMatch' }],
        }),
      );
    },
  },
  {
    name: 'streaming list: not known to 1.20',
    versions: ['1.20'],
    run: async target => {
      const answer = await target.admin.send({
        path: `${podPath(target)}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
      });
      expect([answer.status, answer.json.details.causes.length]).toEqual([422, 2]);
    },
  },
  {
    name: 'streaming list: what is there, then the bookmark that says so',
    versions: ['1.36'],
    run: async target => {
      await makePod(target, 'streamed', { labels: { case: 'streamed' } });
      const more =
        'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=10';
      const events = await target.admin.watch(watchPath(target, 'streamed', more), atLeast(2));
      expect(story(events)).toEqual(['ADDED streamed', 'BOOKMARK']);
      expect(events[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    },
  },
];
