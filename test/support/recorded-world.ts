import { fixture, fixtureText } from './fixtures.ts';
import type { StubAnswer, StubRoute } from './http-stub.ts';

/** The moment most of the 1.20 recordings were taken: conditions and leases are fresh then. */
export const RECORDED_AT = Date.parse('2026-11-22T09:53:25Z');

const json = (body: unknown): StubAnswer => ({
  headers: { 'content-type': 'application/json', date: new Date(RECORDED_AT).toUTCString() },
  body,
});

/** An answer of the recorded server with its status. */
export function recorded(version: 'v1.20' | 'v1.36', name: string, status = 200): StubAnswer {
  return { ...json(fixture(version, name)), status };
}

const list = (kind: string, items: readonly unknown[]): unknown => ({
  kind,
  apiVersion: 'v1',
  metadata: { resourceVersion: '9' },
  items,
});

/** What a recorded world is made of; each part can be replaced. */
export interface RecordedParts {
  readonly nodes: StubAnswer;
  readonly node: StubAnswer;
  readonly review: StubAnswer;
  readonly pods: StubAnswer;
  readonly leases: StubAnswer;
  readonly events: StubAnswer;
  readonly configz: StubAnswer;
  readonly stats: StubAnswer;
  /** kubeadm's ConfigMaps. */
  readonly configMap: StubAnswer;
}

const NODE = 'k120-node';

const lease = {
  metadata: { name: NODE, namespace: 'kube-node-lease' },
  spec: { holderIdentity: NODE, renewTime: new Date(RECORDED_AT - 5000).toISOString() },
};

const notFound = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'configmaps "kubelet-config" not found',
  reason: 'NotFound',
  details: { name: 'kubelet-config', kind: 'configmaps' },
  code: 404,
};

/** The recorded events with a reason, as the server would select them. */
function eventsWith(reason: string): unknown {
  const all = fixture('v1.20', 'events.json') as { readonly items: readonly { readonly reason: string }[] };
  return list(
    'EventList',
    all.items.filter(event => event.reason === reason),
  );
}

/** The node of the 1.20 recordings under DiskPressure, as an API server serves it. */
export function recordedWorld(change: Partial<RecordedParts> = {}): readonly StubRoute[] {
  const node = fixture('v1.20', 'node.json');
  const parts: RecordedParts = {
    nodes: json(list('NodeList', [node])),
    node: json(node),
    review: { ...recorded('v1.36', 'ssar-allowed.json'), status: 201 },
    pods: recorded('v1.20', 'pods-failed.json'),
    leases: json(list('LeaseList', [lease])),
    events: json(list('EventList', [])),
    configz: recorded('v1.20', 'configz.json'),
    stats: recorded('v1.20', 'stats-summary-pressure.json'),
    configMap: { ...json(notFound), status: 404 },
    ...change,
  };
  return [
    { path: /^\/api\/v1\/nodes\?/, answers: [parts.nodes] },
    { path: `/api/v1/nodes/${NODE}`, answers: [parts.node] },
    { method: 'POST', path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', answers: [parts.review] },
    { path: /^\/api\/v1\/pods\?/, answers: [parts.pods] },
    { path: /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/kube-node-lease\/leases\?/, answers: [parts.leases] },
    {
      path: /^\/api\/v1\/events\?/,
      answers: [
        request => {
          const reason = /reason%3D(\w+)/.exec(request.url)?.[1] ?? '';
          return change.events === undefined ? json(eventsWith(reason)) : parts.events;
        },
      ],
    },
    { path: /^\/api\/v1\/namespaces\/kube-system\/configmaps\/kubelet-config(-1\.20)?$/, answers: [parts.configMap] },
    { path: `/api/v1/nodes/${NODE}/proxy/configz`, answers: [parts.configz] },
    { path: `/api/v1/nodes/${NODE}/proxy/stats/summary`, answers: [parts.stats] },
  ];
}

/** The recorded text of a file, for tests that damage it. */
export const recordedText = fixtureText;
