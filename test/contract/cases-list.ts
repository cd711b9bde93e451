import { expect } from 'vitest';
import type { ContractCase } from './cases.ts';
import { failure, makePod, podPath, type Target } from './target.ts';

// Lists of a namespace see the pods of all cases, so each case looks at its own by a label.
function own(label: string): string {
  return `labelSelector=${encodeURIComponent(`case=${label}`)}`;
}

async function makePods(target: Target, label: string, names: readonly string[]): Promise<void> {
  for (const name of names) await makePod(target, `${label}-${name}`, { labels: { case: label, name } });
}

function names(list: { readonly items: readonly { readonly metadata: { readonly name: string } }[] }): string[] {
  return list.items.map(item => item.metadata.name);
}

async function expect422(target: Target, query: string, message: string, reason = 'FieldValueForbidden') {
  const answer = await target.admin.send({ path: `${podPath(target)}?${query}` });
  const field = 'resourceVersionMatch';
  expect(answer.json).toEqual(
    failure(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
      group: 'meta.k8s.io',
      kind: 'ListOptions',
      causes: [{ reason, message, field }],
    }),
  );
}

const COLUMNS: readonly (readonly [path: string, columns: readonly string[]])[] = [
  [
    '/api/v1/nodes',
    [
      'Name string 0',
      'Status string 0',
      'Roles string 0',
      'Age string 0',
      'Version string 0',
      'Internal-IP string 1',
      'External-IP string 1',
      'OS-Image string 1',
      'Kernel-Version string 1',
      'Container-Runtime string 1',
    ],
  ],
  [
    '/api/v1/events',
    [
      'Last Seen string 0',
      'Type string 0',
      'Reason string 0',
      'Object string 0',
      'Subobject string 1',
      'Source string 1',
      'Message string 0',
      'First Seen string 1',
      'Count string 1',
      'Name string 1',
    ],
  ],
  ['/api/v1/namespaces', ['Name string 0', 'Status string 0', 'Age string 0']],
  ['/api/v1/configmaps', ['Name string 0', 'Data string 0', 'Age string 0']],
  ['/apis/coordination.k8s.io/v1/leases', ['Name string 0', 'Holder string 0', 'Age string 0']],
];

/** Lists: selectors, pages, versions, forms. */
export const listCases: readonly ContractCase[] = [
  {
    name: 'list: kind, version, items without kind, in order of names',
    run: async target => {
      await makePods(target, 'order', ['b', 'a', 'c']);
      const answer = await target.admin.send({ path: `${podPath(target)}?${own('order')}` });
      expect(answer.json).toMatchObject({ kind: 'PodList', apiVersion: 'v1' });
      expect(Object.keys(answer.json.metadata)).toEqual(['resourceVersion']);
      expect(names(answer.json)).toEqual(['order-a', 'order-b', 'order-c']);
      for (const item of answer.json.items) expect(Object.keys(item)).toEqual(['metadata', 'spec', 'status']);
    },
  },
  {
    name: 'list: a namespace that does not exist is empty',
    run: async target => {
      const answer = await target.admin.send({ path: '/api/v1/namespaces/contract-does-not-exist/pods' });
      expect([answer.status, answer.json.items]).toEqual([200, []]);
    },
  },
  {
    name: 'field selectors: phase, node and name select; reason is refused',
    run: async target => {
      await makePods(target, 'fields', ['failed']);
      await makePod(target, 'fields-pending', { labels: { case: 'fields' }, running: true });
      const list = async (selector: string) => {
        const query = `${own('fields')}&fieldSelector=${encodeURIComponent(selector)}`;
        return target.admin.send({ path: `${podPath(target)}?${query}` });
      };
      expect(names((await list('status.phase=Failed')).json)).toEqual(['fields-failed']);
      expect(names((await list('status.phase!=Failed')).json)).toEqual(['fields-pending']);
      expect(names((await list('metadata.name==fields-failed')).json)).toEqual(['fields-failed']);
      expect(names((await list('spec.nodeName=elsewhere')).json)).toEqual([]);
      expect(names((await list('status.phase=Failed,spec.nodeName=contract-has-no-kubelet')).json)).toHaveLength(1);
      const refused = await list('status.reason=Evicted');
      expect(refused.json).toEqual(failure(400, 'BadRequest', 'field label not supported: status.reason'));
      const odd = await list('foo');
      expect(odd.json).toEqual(failure(400, 'BadRequest', "invalid selector: 'foo'; can't understand 'foo'"));
    },
  },
  {
    name: 'field selectors: resources without labels of their own say which there are',
    run: async target => {
      const answer = await target.admin.send({ path: '/api/v1/configmaps?fieldSelector=x%3Dy' });
      const message = '"x" is not a known field selector: only "metadata.name", "metadata.namespace"';
      expect(answer.json).toEqual(failure(400, 'BadRequest', message));
    },
  },
  {
    name: 'label selectors: equality, sets, existence',
    run: async target => {
      await makePods(target, 'labels', ['a', 'b', 'c']);
      const list = async (selector: string) => {
        const query = `labelSelector=${encodeURIComponent(`case=labels,${selector}`)}`;
        return names((await target.admin.send({ path: `${podPath(target)}?${query}` })).json);
      };
      expect(await list('name in (a,c)')).toEqual(['labels-a', 'labels-c']);
      expect(await list('name notin (a)')).toEqual(['labels-b', 'labels-c']);
      expect(await list('name!=a,name==b')).toEqual(['labels-b']);
      expect(await list('!name')).toEqual([]);
      expect(await list('name')).toHaveLength(3);
      expect(await list('other!=x')).toHaveLength(3);
    },
  },
  {
    name: 'label selectors: what cannot be parsed is 400',
    run: async target => {
      for (const selector of ['a===b', 'a in ', 'a in (b']) {
        const query = `labelSelector=${encodeURIComponent(selector)}`;
        const answer = await target.admin.send({ path: `${podPath(target)}?${query}` });
        expect([selector, answer.status, answer.json.reason]).toEqual([selector, 400, 'BadRequest']);
        expect(answer.json.message).toMatch(/^unable to parse requirement: found '/);
      }
    },
  },
  {
    name: 'pages: without a selector the rest is counted, the revision stays',
    run: async target => {
      const first = await target.admin.send({ path: '/api/v1/namespaces?limit=2' });
      expect(first.json.items).toHaveLength(2);
      expect(first.json.metadata.remainingItemCount).toBeGreaterThanOrEqual(1);
      const token = encodeURIComponent(first.json.metadata.continue);
      const second = await target.admin.send({ path: `/api/v1/namespaces?limit=500&continue=${token}` });
      expect(second.json.items).toHaveLength(first.json.metadata.remainingItemCount);
      expect(second.json.metadata).toEqual({ resourceVersion: first.json.metadata.resourceVersion });
    },
  },
  {
    name: 'pages: with a selector the rest is not counted',
    run: async target => {
      await makePods(target, 'uncounted', ['a', 'b', 'c']);
      const answer = await target.admin.send({ path: `${podPath(target)}?limit=2&${own('uncounted')}` });
      expect(Object.keys(answer.json.metadata)).toEqual(['resourceVersion', 'continue']);
      expect(names(answer.json)).toEqual(['uncounted-a', 'uncounted-b']);
    },
  },
  {
    name: 'pages: later pages show the state of the first one',
    run: async target => {
      await makePods(target, 'frozen', ['a', 'b', 'c', 'e']);
      const path = `${podPath(target)}?limit=2&${own('frozen')}`;
      const first = await target.admin.send({ path });
      await target.admin.send({ method: 'DELETE', path: podPath(target, 'frozen-c') });
      await makePods(target, 'frozen', ['d']);
      const token = encodeURIComponent(first.json.metadata.continue);
      const second = await target.admin.send({ path: `${path}&continue=${token}` });
      expect([names(first.json), names(second.json)]).toEqual([
        ['frozen-a', 'frozen-b'],
        ['frozen-c', 'frozen-e'],
      ]);
      expect(second.json.metadata.resourceVersion).toBe(first.json.metadata.resourceVersion);
      expect(names((await target.admin.send({ path: `${podPath(target)}?${own('frozen')}` })).json)).toEqual([
        'frozen-a',
        'frozen-b',
        'frozen-d',
        'frozen-e',
      ]);
    },
  },
  {
    name: 'pages: with a selector the last one may be empty, as only keys are counted',
    run: async target => {
      await makePods(target, 'exact', ['a', 'b']);
      await makePod(target, 'zz-behind-all-others');
      const path = `${podPath(target)}?limit=2&${own('exact')}`;
      const first = await target.admin.send({ path });
      const token = encodeURIComponent(first.json.metadata.continue);
      const second = await target.admin.send({ path: `${path}&continue=${token}` });
      expect([names(first.json).length, names(second.json).length]).toEqual([2, 0]);
      expect(second.json.metadata.continue).toBeUndefined();
    },
  },
  {
    name: 'pages: a list at "0" is the whole list',
    run: async target => {
      await makePods(target, 'zero', ['a', 'b']);
      const path = `${podPath(target)}?limit=1&resourceVersion=0&${own('zero')}`;
      const answer = await target.admin.send({ path });
      expect([names(answer.json).length, answer.json.metadata.continue]).toEqual([2, undefined]);
    },
  },
  {
    name: 'pages: tokens that are none',
    run: async target => {
      const list = async (query: string) => (await target.admin.send({ path: `${podPath(target)}?${query}` })).json;
      const why = 'invalid continue token: continue key is not valid:';
      expect(await list('limit=1&continue=garbage')).toEqual(
        failure(400, 'BadRequest', `${why} invalid character '\\u0081' looking for beginning of value`),
      );
      expect(await list('continue=!!')).toEqual(
        failure(400, 'BadRequest', `${why} illegal base64 data at input byte 0`),
      );
      const token = Buffer.from('{"v":"meta.k8s.io/v1","rv":2,"start":"a\\u0000"}').toString('base64url');
      expect(await list(`continue=${token}&resourceVersion=5`)).toEqual(
        failure(400, 'BadRequest', 'specifying resource version is not allowed when using continue'),
      );
    },
  },
  {
    name: 'versions: one that is yet to come is a timeout to be retried',
    run: async target => {
      const answer = await target.admin.send({ path: `${podPath(target)}?resourceVersion=999999999` });
      const message = 'Too large resource version';
      expect([answer.status, answer.headers['retry-after']]).toEqual([504, '1']);
      expect(answer.json.message).toMatch(/^Timeout: Too large resource version: 999999999, current: \d+$/);
      expect(answer.json.details).toEqual({
        causes: [{ reason: 'ResourceVersionTooLarge', message }],
        retryAfterSeconds: 1,
      });
    },
  },
  {
    name: 'versions: one that is no number is a 500 without a reason',
    versions: ['1.20'],
    run: async target => {
      const answer = await target.admin.send({ path: `${podPath(target)}?resourceVersion=abc` });
      const message = 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax';
      expect(answer.json).toEqual(failure(500, undefined, message));
    },
  },
  {
    name: 'versions: what does not go with resourceVersionMatch',
    run: async target => {
      const forbidden = 'Forbidden: resourceVersionMatch';
      await expect422(
        target,
        'resourceVersionMatch=Exact',
        `${forbidden} is forbidden unless resourceVersion is provided`,
      );
      await expect422(
        target,
        'resourceVersionMatch=Exact&resourceVersion=0',
        `${forbidden} "exact" is forbidden for resourceVersion "0"`,
      );
    },
  },
  {
    name: 'options: numbers that are none',
    run: async target => {
      for (const query of ['limit=x', 'watch=1&timeoutSeconds=x']) {
        const answer = await target.admin.send({ path: `${podPath(target)}?${query}` });
        expect(answer.json).toEqual(failure(400, 'BadRequest', 'strconv.ParseInt: parsing "x": invalid syntax'));
      }
      expect((await target.admin.send({ path: `${podPath(target)}?limit=-1` })).status).toBe(200);
    },
  },
  {
    name: 'forms: PartialObjectMetadataList has no status',
    run: async target => {
      await makePods(target, 'meta', ['a']);
      const Accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
      const answer = await target.admin.send({ path: `${podPath(target)}?${own('meta')}`, headers: { Accept } });
      expect(answer.json).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
      expect(answer.json.items).toHaveLength(1);
      expect(Object.keys(answer.json.items[0])).toEqual(['kind', 'apiVersion', 'metadata']);
    },
  },
  {
    name: 'forms: Table, with the object as asked',
    run: async target => {
      await makePods(target, 'table', ['a']);
      const Accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
      const list = async (more: string) =>
        (await target.admin.send({ path: `${podPath(target)}?${own('table')}${more}`, headers: { Accept } })).json;
      const table = await list('');
      expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
      const columns = table.columnDefinitions.map((column: { name: string }) => column.name);
      expect(columns.slice(0, 5)).toEqual(['Name', 'Ready', 'Status', 'Restarts', 'Age']);
      expect(table.rows[0].cells.slice(0, 3)).toEqual(['table-a', '0/1', 'Evicted']);
      expect(table.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'table-a' } });
      expect((await list('&includeObject=None')).rows[0].object).toBeNull();
      const whole = (await list('&includeObject=Object')).rows[0].object;
      expect(whole).toMatchObject({ kind: 'Pod', apiVersion: 'v1', status: { reason: 'Evicted' } });
    },
  },
  {
    name: 'forms: the columns of the other kinds',
    run: async target => {
      const headers = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
      for (const [path, columns] of COLUMNS) {
        const table = await target.admin.send({ path: `${path}?limit=1`, headers });
        const shown = table.json.columnDefinitions.map(
          (column: { readonly name: string; readonly type: string; readonly priority: number }) =>
            `${column.name} ${column.type} ${column.priority}`,
        );
        expect([path, shown]).toEqual([path, columns]);
      }
    },
  },
  {
    name: 'forms: one object as a table, and a cell for each column',
    run: async target => {
      const headers = { Accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
      const path = `/api/v1/namespaces/${target.namespace}`;
      const table = await target.admin.send({ path, headers });
      expect(table.json.rows).toHaveLength(1);
      expect(table.json.rows[0].cells.slice(0, 2)).toEqual([target.namespace, 'Active']);
      const node = await target.admin.send({ path: `/api/v1/nodes/${target.node}`, headers });
      expect(node.json.rows[0].cells[0]).toBe(target.node);
      expect(node.json.rows[0].cells).toHaveLength(node.json.columnDefinitions.length);
      const Accept = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
      const metadata = await target.admin.send({ path, headers: { Accept } });
      expect(Object.keys(metadata.json)).toEqual(['kind', 'apiVersion', 'metadata']);
    },
  },
  {
    name: 'forms: what cannot be had is 406',
    run: async target => {
      const get = (Accept: string) => target.admin.send({ path: podPath(target), headers: { Accept } });
      expect([(await get('text/html')).status, (await get('text/html')).json.reason]).toEqual([406, 'NotAcceptable']);
      expect((await get('application/json;as=Table;v=v2;g=meta.k8s.io')).status).toBe(406);
      expect((await get('text/html, */*')).status).toBe(200);
    },
  },
];
