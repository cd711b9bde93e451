import { type ApiContext, type ApiRequest, jsonReply, type Reply } from './api.ts';
import { parseObject } from './body.ts';
import type { JsonObject } from './json.ts';
import type { KubeletControl } from './node-agent.ts';
import { resourceOf } from './resources.ts';
import { badRequest, methodNotAllowed, notFound } from './status.ts';

/** A path that no API server has: by it a client tells a simulated cluster from a real one. */
const KUBELETS = '/simulated/kubelets';

/** The fields that may be set from outside. */
const FIELDS: ReadonlySet<string> = new Set([
  'evictionHard',
  'evictionSoft',
  'evictionSoftGracePeriod',
  'evictionMinimumReclaim',
  'evictionPressureTransitionPeriod',
  'evictionMaxPodGracePeriod',
  'mergeDefaultEvictionSettings',
]);

/**
 * What a simulated cluster answers beside the API, to its administrator: `GET /simulated/kubelets` lists the kubelets that can be
 * restarted, `PUT /simulated/kubelets/NAME` restarts one with other eviction fields, and says whether it came back.
 *
 * @returns undefined for every other path
 * @throws ApiFailure 400 for a field that is none of the eviction, 404 for a node without such a kubelet, 405
 */
export function aboutTheSimulation(context: ApiContext, request: ApiRequest): Reply | undefined {
  const { path } = request.info;
  if (path === KUBELETS) {
    if (request.method !== 'GET') throw methodNotAllowed();
    const items = [...context.agents].flatMap(([name, { control }]) =>
      control === undefined ? [] : [kubeletDocument(name, control, null)],
    );
    return jsonReply(200, { apiVersion: 'kubectl-evict/v1', kind: 'SimulatedKubeletList', items });
  }
  if (!path.startsWith(`${KUBELETS}/`)) return undefined;
  if (request.method !== 'PUT') throw methodNotAllowed();
  const name = path.slice(KUBELETS.length + 1);
  const control = context.agents.get(name)?.control;
  if (control === undefined) throw notFound(resourceOf('Node'), name);
  const fields = parseObject(request.body, request.headers['content-type'], 'SimulatedKubelet');
  const stray = Object.keys(fields).find(field => !FIELDS.has(field));
  if (stray !== undefined) throw badRequest(`${JSON.stringify(stray.slice(0, 100))} is no eviction setting`);
  const error = control.restart(fields);
  return jsonReply(200, {
    apiVersion: 'kubectl-evict/v1',
    kind: 'SimulatedKubelet',
    ...kubeletDocument(name, control, error),
  });
}

/** A kubelet as a client sees it. `error`: why it did not come back. */
function kubeletDocument(name: string, control: KubeletControl, error: string | null): JsonObject {
  const configuration = Object.entries(control.configuration()).filter(([field]) => FIELDS.has(field));
  return {
    name,
    kubeletVersion: control.kubeletVersion,
    os: control.os,
    running: control.isRunning(),
    configuration: Object.fromEntries(configuration),
    error,
  };
}
