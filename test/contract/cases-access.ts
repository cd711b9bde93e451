import { expect } from 'vitest';
import type { ContractCase } from './cases.ts';
import { failure, podPath, type Target } from './target.ts';

const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

function review(spec: object): object {
  return { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
}

function proxyPath(target: Target, path: string, node = target.node): string {
  return `/api/v1/nodes/${node}/proxy/${path}`;
}

/** Who is let in, what the API is made of, and the way to the kubelets. */
export const accessCases: readonly ContractCase[] = [
  {
    name: 'version names itself, also to strangers without credentials',
    run: async target => {
      for (const client of [target.admin, target.anonymous]) {
        const answer = await client.send({ path: '/version' });
        expect(answer.status).toBe(200);
        expect(answer.json).toMatchObject({ major: '1', minor: target.version.split('.')[1] });
        expect(answer.json.gitVersion).toMatch(new RegExp(`^v${target.version.replace('.', '\\.')}\\.`));
      }
    },
  },
  {
    name: 'no credentials: system:anonymous may not list',
    run: async target => {
      const answer = await target.anonymous.send({ path: '/api/v1/nodes' });
      const message =
        'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope';
      expect(answer.json).toEqual(failure(403, 'Forbidden', message, { kind: 'nodes' }));
      expect(answer.status).toBe(403);
    },
  },
  {
    name: 'no credentials: no discovery either',
    run: async target => {
      const answer = await target.anonymous.send({ path: '/api' });
      const message = 'forbidden: User "system:anonymous" cannot get path "/api"';
      expect(answer.json).toEqual(failure(403, 'Forbidden', message, {}));
    },
  },
  {
    name: 'an unknown token is 401 everywhere',
    run: async target => {
      for (const path of ['/api/v1/pods', '/version', '/api']) {
        const answer = await target.stranger.send({ path });
        expect([answer.status, answer.json]).toEqual([401, failure(401, 'Unauthorized', 'Unauthorized')]);
      }
    },
  },
  {
    name: 'viewer: no get of a pod, in the words of RBAC, whether it exists or not',
    run: async target => {
      const answer = await target.viewer.send({ path: podPath(target, 'whatever') });
      const message = `pods "whatever" is forbidden: User "viewer" cannot get resource "pods" in API group "" in the namespace "${target.namespace}"`;
      expect(answer.json).toEqual(failure(403, 'Forbidden', message, { name: 'whatever', kind: 'pods' }));
      expect((await target.viewer.send({ path: '/api/v1/pods?limit=1' })).status).toBe(200);
    },
  },
  {
    name: 'viewer: leases are named with their group',
    run: async target => {
      const answer = await target.viewer.send({
        path: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
      });
      const message =
        'leases.coordination.k8s.io is forbidden: User "viewer" cannot list resource "leases" in API group "coordination.k8s.io" in the namespace "kube-node-lease"';
      expect(answer.json).toEqual(failure(403, 'Forbidden', message, { group: 'coordination.k8s.io', kind: 'leases' }));
    },
  },
  {
    name: 'viewer: nodes/proxy is asked for, for configz and stats alike',
    run: async target => {
      for (const path of ['configz', 'stats/summary']) {
        const answer = await target.viewer.send({ path: proxyPath(target, path) });
        const message = `nodes "${target.node}" is forbidden: User "viewer" cannot get resource "nodes/proxy" in API group "" at the cluster scope`;
        expect(answer.json).toEqual(failure(403, 'Forbidden', message, { name: target.node, kind: 'nodes' }));
      }
    },
  },
  {
    name: 'access review: nodes/proxy for admin and viewer',
    run: async target => {
      const spec = { resourceAttributes: { verb: 'get', resource: 'nodes', subresource: 'proxy' } };
      for (const [client, allowed] of [
        [target.admin, true],
        [target.viewer, false],
      ] as const) {
        const answer = await client.send({ method: 'POST', path: REVIEWS, body: review(spec) });
        expect(answer.status).toBe(201);
        expect(answer.json).toMatchObject({ kind: 'SelfSubjectAccessReview', spec, status: { allowed } });
      }
    },
  },
  {
    name: 'access review: a node named proxy is another question, which viewer may',
    run: async target => {
      const spec = { resourceAttributes: { verb: 'get', resource: 'nodes', name: 'proxy' } };
      const answer = await target.viewer.send({ method: 'POST', path: REVIEWS, body: review(spec) });
      expect(answer.json.status.allowed).toBe(true);
    },
  },
  {
    name: 'access review: of nothing is 422, read is 405',
    run: async target => {
      const empty = await target.admin.send({ method: 'POST', path: REVIEWS, body: review({}) });
      expect([empty.status, empty.json.reason]).toEqual([422, 'Invalid']);
      expect((await target.admin.send({ path: REVIEWS })).status).toBe(405);
    },
  },
  {
    name: 'impersonation: the other user decides',
    run: async target => {
      const headers = { 'Impersonate-User': 'viewer' };
      const answer = await target.admin.send({ path: podPath(target, 'x'), headers });
      expect([answer.status, answer.json.message.includes('User "viewer" cannot get')]).toEqual([403, true]);
      const back = await target.viewer.send({ path: '/api/v1/nodes', headers: { 'Impersonate-User': 'boss' } });
      const message =
        'users "boss" is forbidden: User "viewer" cannot impersonate resource "users" in API group "" at the cluster scope';
      expect(back.json).toEqual(failure(403, 'Forbidden', message, { name: 'boss', kind: 'users' }));
    },
  },
  {
    name: 'discovery: what kubectl needs to know of nodes, pods, events, leases',
    run: async target => {
      const core = await target.admin.send({ path: '/api/v1' });
      const find = (name: string) => core.json.resources.find((entry: { name: string }) => entry.name === name);
      const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
      expect(find('nodes')).toMatchObject({ namespaced: false, kind: 'Node', verbs: all, shortNames: ['no'] });
      expect(find('pods')).toMatchObject({ namespaced: true, kind: 'Pod', verbs: all, shortNames: ['po'] });
      expect(find('events')).toMatchObject({ namespaced: true, kind: 'Event', verbs: all, shortNames: ['ev'] });
      expect(find('namespaces').verbs).not.toContain('deletecollection');
      expect(find('nodes/proxy')).toMatchObject({ kind: 'NodeProxyOptions' });
      const leases = await target.admin.send({ path: '/apis/coordination.k8s.io/v1' });
      expect(leases.json).toMatchObject({ kind: 'APIResourceList', groupVersion: 'coordination.k8s.io/v1' });
      expect((await target.admin.send({ path: '/apis' })).json.kind).toBe('APIGroupList');
      expect((await target.admin.send({ path: '/api' })).json).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    },
  },
  {
    name: 'paths: what the API does not have, and methods it does not allow',
    run: async target => {
      const missing = failure(404, 'NotFound', 'the server could not find the requested resource', {});
      for (const path of [
        '/api/v1/nothings',
        `/api/v1/nodes/${target.node}/configz`,
        '/api/v1/pods/x',
        '/api/v2/x',
        '/api/v1/namespaces/a/nodes',
        '/api/v1/namespaces/a/pods/x/nope',
      ]) {
        const answer = await target.admin.send({ path });
        expect([path, answer.status, answer.json]).toEqual([path, 404, missing]);
      }
      const message = 'the server does not allow this method on the requested resource';
      for (const [method, path] of [
        ['POST', `/api/v1/nodes/${target.node}`],
        ['PUT', '/api/v1/nodes'],
        ['POST', '/api/v1/pods'],
        ['DELETE', '/api/v1/pods'],
        ['DELETE', '/api/v1/namespaces'],
      ] as const) {
        const answer = await target.admin.send({ method, path });
        expect([path, answer.json]).toEqual([path, failure(405, 'MethodNotAllowed', message, {})]);
      }
    },
  },
  {
    name: 'kubelet: configz and the summary are handed through',
    run: async target => {
      const configz = await target.admin.send({ path: proxyPath(target, 'configz') });
      expect([configz.status, Object.keys(configz.json)]).toEqual([200, ['kubeletconfig']]);
      expect(configz.headers['content-type']).toBe('application/json');
      for (const path of ['stats/summary', 'stats%2Fsummary', 'stats/summary?only_cpu_and_memory=false']) {
        const stats = await target.admin.send({ path: proxyPath(target, path) });
        expect([path, stats.status, stats.json?.node?.nodeName]).toEqual([path, 200, target.node]);
      }
    },
  },
  {
    name: "kubelet: its own 404 is text, the API server's is a Status",
    run: async target => {
      const path = await target.admin.send({ path: proxyPath(target, 'no-such-path') });
      expect([path.status, path.text.trim()]).toEqual([404, '404 page not found']);
      expect(path.headers['content-type']).toBe('text/plain; charset=utf-8');
      const node = await target.admin.send({ path: proxyPath(target, 'configz', 'no-such-node') });
      const details = { name: 'no-such-node', kind: 'nodes' };
      expect(node.json).toEqual(failure(404, 'NotFound', 'nodes "no-such-node" not found', details));
    },
  },
];
