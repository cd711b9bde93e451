import { expect } from 'vitest';
import type { ContractCase } from './cases.ts';
import { failure, makePod, podPath, type Target } from './target.ts';

const MERGE = { 'Content-Type': 'application/merge-patch+json' };
const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

function configMaps(target: Target, name?: string): string {
  const path = `/api/v1/namespaces/${target.namespace}/configmaps`;
  return name === undefined ? path : `${path}/${name}`;
}

function post(target: Target, body: unknown, headers: Readonly<Record<string, string>> = {}, query = '') {
  return target.admin.send({ method: 'POST', path: `${configMaps(target)}${query}`, body, headers });
}

/** Creating and changing, as far as tests and kubectl need it. */
export const writeCases: readonly ContractCase[] = [
  {
    name: 'create: completed, 201; twice is 409',
    run: async target => {
      const body = { metadata: { name: 'made', labels: { a: 'b' } }, data: { k: 'v' } };
      const made = await post(target, body);
      expect([made.status, made.json.kind, made.json.apiVersion]).toEqual([201, 'ConfigMap', 'v1']);
      expect(made.json.metadata).toMatchObject({ name: 'made', namespace: target.namespace, labels: { a: 'b' } });
      expect(made.json.metadata.uid).toMatch(/^[0-9a-f]{8}-/);
      expect(made.json.metadata.managedFields).toMatchObject([{ manager: 'contract', operation: 'Update' }]);
      const details = { name: 'made', kind: 'configmaps' };
      expect((await post(target, body)).json).toEqual(
        failure(409, 'AlreadyExists', 'configmaps "made" already exists', details),
      );
    },
  },
  {
    name: 'create: generateName, and a dry run that leaves nothing',
    run: async target => {
      const made = await post(target, { metadata: { generateName: 'gen-' } });
      expect(made.json.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
      const dry = await post(target, { metadata: { name: 'dry' } }, {}, '?dryRun=All');
      expect(dry.status).toBe(201);
      expect((await target.admin.send({ path: configMaps(target, 'dry') })).status).toBe(404);
    },
  },
  {
    name: 'create: what is refused',
    run: async target => {
      const path = '/api/v1/namespaces/contract-does-not-exist/configmaps';
      const nowhere = await target.admin.send({ method: 'POST', path, body: { metadata: { name: 'a' } } });
      expect([nowhere.status, nowhere.json.message]).toEqual([404, 'namespaces "contract-does-not-exist" not found']);
      const nameless = await post(target, { metadata: {} });
      expect([nameless.status, nameless.json.message]).toEqual([
        422,
        'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
      ]);
      expect((await post(target, { metadata: { name: 'A_B' } })).status).toBe(422);
      const elsewhere = await post(target, { metadata: { name: 'b', namespace: 'other' } });
      expect(elsewhere.json).toEqual(
        failure(
          400,
          'BadRequest',
          'the namespace of the provided object does not match the namespace sent on the request',
        ),
      );
      expect((await post(target, { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'b' } })).status).toBe(400);
      expect((await post(target, '{bad')).status).toBe(400);
      expect((await post(target, '{}', { 'Content-Type': 'text/plain' })).status).toBe(415);
    },
  },
  {
    name: 'patch: null removes, the rest is merged; nothing new is no write',
    run: async target => {
      await post(target, { metadata: { name: 'patched', labels: { x: 'y' } }, data: { a: 'b' } });
      const patch = async (body: object) =>
        target.admin.send({ method: 'PATCH', path: configMaps(target, 'patched'), headers: MERGE, body });
      const first = await patch({ metadata: { labels: { x: null, z: '1' } } });
      expect([first.status, first.json.metadata.labels, first.json.data]).toEqual([200, { z: '1' }, { a: 'b' }]);
      const second = await patch({ metadata: { labels: { z: '1' } } });
      expect(second.json.metadata.resourceVersion).toBe(first.json.metadata.resourceVersion);
      const stale = await patch({ metadata: { resourceVersion: '1' } });
      const message = `Operation cannot be fulfilled on configmaps "patched": ${MODIFIED}`;
      expect(stale.json).toEqual(failure(409, 'Conflict', message, { name: 'patched', kind: 'configmaps' }));
    },
  },
  {
    name: 'patch: of what is not there is 404, of a kind that is not known is 415',
    run: async target => {
      const path = configMaps(target, 'not-there');
      expect((await target.admin.send({ method: 'PATCH', path, headers: MERGE, body: {} })).status).toBe(404);
      const odd = await target.admin.send({ method: 'PATCH', path, body: {} });
      expect(odd.json.reason).toBe('UnsupportedMediaType');
    },
  },
  {
    name: 'update: replaces, unless it names another version',
    run: async target => {
      await post(target, { metadata: { name: 'replaced', labels: { x: 'y' } }, data: { a: 'b' } });
      const put = (body: object) => target.admin.send({ method: 'PUT', path: configMaps(target, 'replaced'), body });
      const stale = await put({ metadata: { name: 'replaced', resourceVersion: '1' } });
      expect([stale.status, stale.json.reason]).toEqual([409, 'Conflict']);
      const done = await put({ metadata: { name: 'replaced' }, data: { c: 'd' } });
      expect([done.status, done.json.data, done.json.metadata.labels]).toEqual([200, { c: 'd' }, undefined]);
    },
  },
  {
    name: 'status: only its subresource writes it',
    run: async target => {
      await makePod(target, 'status-only');
      const answer = await target.admin.send({
        method: 'PATCH',
        path: podPath(target, 'status-only'),
        headers: MERGE,
        body: { status: { phase: 'Running' }, metadata: { labels: { touched: 'yes' } } },
      });
      expect([answer.json.status.phase, answer.json.metadata.labels]).toEqual(['Failed', { touched: 'yes' }]);
      const read = await target.admin.send({ path: `${podPath(target, 'status-only')}/status` });
      expect([read.status, read.json.status.reason]).toEqual([200, 'Evicted']);
    },
  },
];
