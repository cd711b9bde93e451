import { expect } from 'vitest';
import type { SimulatedVersion } from '../../src/simulator/resources.ts';
import { type RawAnswer, type RawClient, rawClient, strangerClient } from './raw-client.ts';

/** What a contract case runs against: a cluster, its users, and a namespace of its own. */
export interface Target {
  readonly version: SimulatedVersion;
  /** May do everything. */
  readonly admin: RawClient;
  /** May get and list nodes and list pods. */
  readonly viewer: RawClient;
  /** Without credentials. */
  readonly anonymous: RawClient;
  /** With a token that nobody has. */
  readonly stranger: RawClient;
  /** Exists and is empty. */
  readonly namespace: string;
  /** A node whose kubelet answers. */
  readonly node: string;
}

/** Opens the clients and makes the namespace. */
export async function openTarget(
  kubeconfigs: { readonly admin: string; readonly viewer: string },
  facts: { readonly version: SimulatedVersion; readonly namespace: string; readonly node: string },
): Promise<Target> {
  const target: Target = {
    ...facts,
    admin: rawClient(kubeconfigs.admin),
    viewer: rawClient(kubeconfigs.viewer),
    anonymous: strangerClient(kubeconfigs.admin),
    stranger: strangerClient(kubeconfigs.admin, 'not-a-token'),
  };
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: facts.namespace } };
  const made = await target.admin.send({ method: 'POST', path: '/api/v1/namespaces', body });
  expect(made.status, made.text).toBe(201);
  return target;
}

/** Removes the namespace and closes the clients. */
export async function closeTarget(target: Target): Promise<void> {
  await target.admin.send({ method: 'DELETE', path: `/api/v1/namespaces/${target.namespace}` });
  for (const client of [target.admin, target.viewer, target.anonymous, target.stranger]) client.close();
}

/** The path of the pods of the target's namespace, or of one of them. */
export function podPath(target: Target, name?: string): string {
  const pods = `/api/v1/namespaces/${target.namespace}/pods`;
  return name === undefined ? pods : `${pods}/${name}`;
}

/** What a pod for a case looks like. */
export interface PodFacts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  /** Evicted unless `running`, which leaves it Pending and bound to a node without a kubelet. */
  readonly running?: boolean;
}

/** Creates a pod as a kubelet leaves it after an eviction. */
// biome-ignore lint/suspicious/noExplicitAny: the pod as the server answers it
export async function makePod(target: Target, name: string, facts: PodFacts = {}): Promise<any> {
  const { finalizers = [], labels = {}, running = false } = facts;
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels, finalizers },
    spec: { nodeName: 'contract-has-no-kubelet', containers: [{ name: 'main', image: 'none.local/none' }] },
  };
  const created = await createPatiently(target, body);
  expect(created.status, created.text).toBe(201);
  if (running) return created.json;
  const status = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory. ' };
  const patched = await target.admin.send({
    method: 'PATCH',
    path: `${podPath(target, name)}/status`,
    headers: { 'Content-Type': 'application/merge-patch+json' },
    body: { status },
  });
  expect(patched.status, patched.text).toBe(200);
  return patched.json;
}

// In a namespace that was just made there is no service account yet, without which a real server admits no pod.
async function createPatiently(target: Target, body: object): Promise<RawAnswer> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await target.admin.send({ method: 'POST', path: podPath(target), body });
    if (answer.status !== 403 || attempt >= 100) return answer;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** A failure Status, whole. */
export function failure(code: number, reason: string | undefined, message: string, details?: object): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  };
}
