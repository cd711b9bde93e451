import { expect } from 'vitest';
import type { ContractCase } from './cases.ts';
import { failure, makePod, podPath, type Target } from './target.ts';

const WRONG_UID = '00000000-0000-4000-8000-000000000000';

function options(more: object): object {
  return { kind: 'DeleteOptions', apiVersion: 'v1', ...more };
}

async function remove(target: Target, name: string, body?: unknown, query = '') {
  const path = `${podPath(target, name)}${query}`;
  return target.admin.send({ method: 'DELETE', path, ...(body === undefined ? {} : { body }) });
}

async function exists(target: Target, name: string): Promise<boolean> {
  return (await target.admin.send({ path: podPath(target, name) })).status === 200;
}

/** DELETE in all its forms. */
export const deleteCases: readonly ContractCase[] = [
  {
    name: 'delete: another uid is a 409 that names both, the pod stays',
    run: async target => {
      const pod = await makePod(target, 'other-uid');
      const answer = await remove(target, 'other-uid', options({ preconditions: { uid: WRONG_UID } }));
      const message = `Operation cannot be fulfilled on Pod "other-uid": the UID in the precondition (${WRONG_UID}) does not match the UID in record (${pod.metadata.uid}). The object might have been deleted and then recreated`;
      expect(answer.json).toEqual(failure(409, 'Conflict', message, { name: 'other-uid', kind: 'Pod' }));
      expect([answer.status, await exists(target, 'other-uid')]).toEqual([409, true]);
    },
  },
  {
    name: 'delete: another resourceVersion is a 409 that names both, the pod stays',
    run: async target => {
      const { metadata } = await makePod(target, 'other-version');
      const preconditions = { uid: metadata.uid, resourceVersion: '1' };
      const answer = await remove(target, 'other-version', options({ preconditions }));
      const message = `Operation cannot be fulfilled on Pod "other-version": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
      expect(answer.json).toEqual(failure(409, 'Conflict', message, { name: 'other-version', kind: 'Pod' }));
      expect([answer.status, await exists(target, 'other-version')]).toEqual([409, true]);
    },
  },
  {
    name: 'delete: right preconditions; a Failed pod is gone at once, the answer is the pod',
    run: async target => {
      const { metadata } = await makePod(target, 'right');
      const preconditions = { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
      const answer = await remove(target, 'right', options({ preconditions }));
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({ kind: 'Pod', apiVersion: 'v1', status: { reason: 'Evicted' } });
      expect(answer.json.metadata).toMatchObject({ uid: metadata.uid, deletionGracePeriodSeconds: 0 });
      expect(answer.json.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
      const steps = Number(answer.json.metadata.resourceVersion) - Number(metadata.resourceVersion);
      expect(steps).toBeGreaterThanOrEqual(target.version === '1.20' ? 1 : 2);
      const again = await remove(target, 'right', options({ preconditions }));
      const details = { name: 'right', kind: 'pods' };
      expect(again.json).toEqual(failure(404, 'NotFound', 'pods "right" not found', details));
    },
  },
  {
    name: 'delete: dryRun in the body keeps the pod, unchanged',
    run: async target => {
      const { metadata } = await makePod(target, 'dry-body');
      const answer = await remove(target, 'dry-body', options({ dryRun: ['All'] }));
      expect(answer.status).toBe(200);
      expect(answer.json.metadata).toMatchObject({
        resourceVersion: metadata.resourceVersion,
        deletionGracePeriodSeconds: 0,
      });
      const kept = await target.admin.send({ path: podPath(target, 'dry-body') });
      expect(kept.json.metadata.resourceVersion).toBe(metadata.resourceVersion);
      expect(kept.json.metadata.deletionTimestamp).toBeUndefined();
    },
  },
  {
    name: 'delete: dryRun in the query without a body keeps the pod',
    run: async target => {
      await makePod(target, 'dry-query');
      const answer = await remove(target, 'dry-query', undefined, '?dryRun=All');
      expect([answer.status, await exists(target, 'dry-query')]).toEqual([200, true]);
    },
  },
  {
    name: 'delete: dryRun in the query beside a body is not read, the pod is gone',
    run: async target => {
      await makePod(target, 'dry-ignored');
      const answer = await remove(target, 'dry-ignored', options({}), '?dryRun=All');
      expect([answer.status, await exists(target, 'dry-ignored')]).toEqual([200, false]);
    },
  },
  {
    name: 'delete: a dryRun that is not All is 422, a body that is no DeleteOptions is not obeyed',
    run: async target => {
      await makePod(target, 'odd-options');
      const odd = await remove(target, 'odd-options', options({ dryRun: ['Some'] }));
      const message = 'Unsupported value: []string{"Some"}: supported values: "All"';
      expect(odd.status).toBe(422);
      if (target.version === '1.20') {
        expect(odd.json.details.causes).toEqual([{ reason: 'FieldValueNotSupported', message, field: 'dryRun' }]);
      }
      expect((await remove(target, 'odd-options', '{bad')).status).toBeGreaterThanOrEqual(400);
      expect((await remove(target, 'odd-options', { kind: 'Pod', apiVersion: 'v1' })).status).toBeGreaterThanOrEqual(
        400,
      );
      expect(await exists(target, 'odd-options')).toBe(true);
    },
  },
  {
    name: 'delete: a finalizer keeps the pod Terminating until it is taken off',
    run: async target => {
      await makePod(target, 'held', { finalizers: ['contract.test/hold'] });
      const first = await remove(target, 'held');
      expect([first.status, first.json.metadata.deletionGracePeriodSeconds]).toEqual([200, 0]);
      const second = await remove(target, 'held');
      expect(second.json.metadata.resourceVersion).toBe(first.json.metadata.resourceVersion);
      expect(await exists(target, 'held')).toBe(true);
      const freed = await target.admin.send({
        method: 'PATCH',
        path: podPath(target, 'held'),
        headers: { 'Content-Type': 'application/merge-patch+json' },
        body: { metadata: { finalizers: null } },
      });
      expect([freed.status, await exists(target, 'held')]).toEqual([200, false]);
    },
  },
  {
    name: 'delete: a running pod gets its grace period, and none when asked so',
    run: async target => {
      await makePod(target, 'running', { running: true });
      const first = await remove(target, 'running');
      expect(first.json.metadata.deletionGracePeriodSeconds).toBe(30);
      expect(await exists(target, 'running')).toBe(true);
      const second = await remove(target, 'running');
      expect(second.json.metadata.resourceVersion).toBe(first.json.metadata.resourceVersion);
      const now = await remove(target, 'running', options({ gracePeriodSeconds: 0 }));
      expect(now.json.metadata.deletionGracePeriodSeconds).toBe(0);
      expect(await exists(target, 'running')).toBe(false);
    },
  },
  {
    name: 'delete: other kinds answer with a Status of success',
    run: async target => {
      const path = `/api/v1/namespaces/${target.namespace}/configmaps`;
      const made = await target.admin.send({ method: 'POST', path, body: { metadata: { name: 'gone' } } });
      const answer = await target.admin.send({ method: 'DELETE', path: `${path}/gone` });
      expect(answer.json).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: 'gone', kind: 'configmaps', uid: made.json.metadata.uid },
      });
    },
  },
  {
    name: 'deletecollection: the list as it was, only what is selected, and not in a dry run',
    run: async target => {
      await makePod(target, 'many-a', { labels: { many: 'yes' } });
      await makePod(target, 'many-b', { labels: { many: 'yes' } });
      await makePod(target, 'many-c', { labels: { many: 'no' } });
      const path = `${podPath(target)}?labelSelector=many%3Dyes`;
      const dry = await target.admin.send({ method: 'DELETE', path: `${path}&dryRun=All` });
      expect([dry.status, dry.json.kind, dry.json.items.length]).toEqual([200, 'PodList', 2]);
      expect(await exists(target, 'many-a')).toBe(true);
      await target.admin.send({ method: 'DELETE', path });
      const left = await Promise.all(['many-a', 'many-b', 'many-c'].map(name => exists(target, name)));
      expect(left).toEqual([false, false, true]);
    },
  },
  {
    name: 'delete: bodies over one connection are each read',
    run: async target => {
      await makePod(target, 'one-after-other');
      for (let round = 0; round < 3; round += 1) {
        const answer = await remove(target, 'one-after-other', options({ preconditions: { uid: WRONG_UID } }));
        expect(answer.status).toBe(409);
      }
    },
  },
];
