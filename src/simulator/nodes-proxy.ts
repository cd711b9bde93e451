import { isIP } from 'node:net';
import {
  type ApiContext,
  type ApiRequest,
  type BodyReply,
  type DelayedReply,
  failureReply,
  type Reply,
  textReply,
} from './api.ts';
import { field, fieldAt, listAt, textAt } from './json.ts';
import type { Answer } from './node-agent.ts';
import type { KubeObject } from './objects.ts';
import { resourceOf } from './resources.ts';
import { badRequest, notFound } from './status.ts';

/**
 * `nodes/NAME/proxy/PATH`: hands the request to the node's agent. Whatever the kubelet answers is passed on, a kubelet
 * that cannot be reached is a failure of the API server.
 *
 * @throws ApiFailure 404 when there is no such node, 400 when its address must not be proxied to
 */
export function proxyToNode(context: ApiContext, request: ApiRequest): Reply {
  // `https:NAME:PORT` names the scheme and port as well.
  const [first = '', second] = request.info.name.split(':');
  const name = (first === 'http' || first === 'https') && second !== undefined ? second : first;
  const node = context.cluster.get('Node', { name });
  if (node === undefined) throw notFound(resourceOf('Node'), name);
  const path = request.info.rest;
  if (path === '' && !request.info.path.endsWith('/')) return redirect(`${request.info.path}/`);
  const address = addressOf(node);
  if (!isProxyable(address)) throw badRequest('address not allowed');
  const answer = ask(context, name, path);
  if ('hang' in answer) return hangReply(context);
  if ('refuse' in answer) return unreachable(context, `dial tcp ${hostPort(node)}: connect: connection refused`);
  const { body, contentType, status } = answer;
  const headers = { 'Cache-Control': 'no-cache, private', 'Content-Type': contentType };
  return { type: 'body', status, headers, chunks: [typeof body === 'string' ? Buffer.from(body) : body] };
}

function ask(context: ApiContext, name: string, path: string): Answer {
  const agent = context.agents.get(name);
  if (agent === undefined) return { refuse: true };
  if (path === 'configz') return agent.configz();
  const stats = agent.statsSummary();
  if (path === 'stats/summary' || !('status' in stats)) return stats;
  const text = path === 'healthz' ? textReply(200, 'ok') : textReply(404, '404 page not found\n');
  return { status: text.status, contentType: 'text/plain; charset=utf-8', body: Buffer.concat([...text.chunks]) };
}

function hangReply(context: ApiContext): DelayedReply {
  const reply = unreachable(context, 'net/http: TLS handshake timeout');
  return { type: 'delayed', afterMs: context.kubeletHangMs, reply };
}

// apiserver/pkg/util/proxy: an error of the transport became a 503 with a reason after 1.20.
function unreachable(context: ApiContext, why: string): BodyReply {
  const message = `error trying to reach service: ${why}`;
  if (context.version === '1.20') return failureReply({ code: 500, message });
  return failureReply({ code: 503, message, reason: 'ServiceUnavailable' });
}

function redirect(location: string): BodyReply {
  return { type: 'body', status: 301, headers: { Location: location }, chunks: [] };
}

function addressOf(node: KubeObject): string {
  const addresses = listAt(node, 'status.addresses');
  const internal = addresses.find(address => field(address, 'type') === 'InternalIP') ?? addresses[0];
  return textAt(internal, 'address') ?? '';
}

function hostPort(node: KubeObject): string {
  const port = fieldAt(node, 'status.daemonEndpoints.kubeletEndpoint.Port');
  return `${addressOf(node)}:${typeof port === 'number' && port > 0 ? port : 10250}`;
}

/** Whether the API server would connect there: not to itself, nor to link-local or multicast addresses. */
export function isProxyable(address: string): boolean {
  if (isIP(address) === 4) return !/^(127\.|169\.254\.|22[4-9]\.|23\d\.|0\.0\.0\.0$|255\.255\.255\.255$)/.test(address);
  if (isIP(address) === 6) return !/^(::1?$|fe[89ab]|ff)/i.test(address);
  return address !== 'localhost';
}
