import { ClusterError } from '../errors.ts';
import type { EvictionEvidence } from '../eviction/decode.ts';
import { textAt } from './json.ts';
import { listPages } from './paging.ts';
import { apiPath } from './paths.ts';
import type {
  DeleteAnswer,
  DeleteOptions,
  DeleteTarget,
  ListedTombstone,
  PodQuery,
  PodRef,
  PurgeCluster,
  TombstonePage,
} from './purge-port.ts';
import { MAX_EVENTS } from './reader.ts';
import { evidenceFromKube, isApiObject, isHeld, tombstoneFromKube } from './tombstone-from-kube.ts';
import type { Transport } from './transport.ts';
import { watchList } from './watch.ts';

/** What a delete answers with: the object's metadata is all that is looked at. */
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';
/** Whole objects are read in smaller pages, for two pages are held at a time. */
const MOST_OBJECTS = 100;
/** A delete whose answer cannot be read is sent again at most this often. */
const MAX_UNREADABLE = 5;

/** What purge needs of the cluster behind a transport. */
export function purgeCluster(transport: Transport, chunkSize: number | undefined): PurgeCluster {
  return {
    tombstones: (query, signal) => tombstones(transport, query, chunkSize, signal),
    watchTombstones: (query, signal) =>
      watchList(
        transport,
        { ...requestOf(query), what: 'watch pods', chunkSize, translate: tombstoneFromKube },
        signal,
      ),
    tombstone: (ref, signal) => tombstone(transport, ref, signal),
    evidence: (namespace, signal) => evidence(transport, namespace, chunkSize, signal),
    podEvents: (namespace, signal) => podEvents(transport, namespace, chunkSize, signal),
    deletePod: (target, options) => deletePod(transport, target, options),
  };
}

function podPath({ namespace, name }: PodRef): string {
  return apiPath('api', 'v1', 'namespaces', namespace, 'pods', name);
}

function collection(namespace: string | null, plural: string): string {
  return namespace === null ? apiPath('api', 'v1', plural) : apiPath('api', 'v1', 'namespaces', namespace, plural);
}

function requestOf(query: PodQuery) {
  // status.reason is no field selector, so the phase is what the server can choose by.
  const phases = query.succeeded ? ['status.phase!=Running', 'status.phase!=Pending'] : ['status.phase=Failed'];
  const fields = query.node === null ? phases : [...phases, `spec.nodeName=${query.node}`];
  return {
    path: collection(query.namespace, 'pods'),
    query: { fieldSelector: fields.join(','), labelSelector: query.selector ?? undefined },
    what: query.namespace === null ? 'list pods' : `list pods in namespace ${query.namespace}`,
  };
}

/**
 * Page by page. When the list has to start again, what was told already is left out: the server lists in the order of namespace
 * and name, so a position is enough to know it.
 */
async function* tombstones(
  transport: Transport,
  query: PodQuery,
  chunkSize: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<TombstonePage, void, undefined> {
  let last = '';
  let skipTo = '';
  const translate = (object: unknown): ListedTombstone => ({
    facts: tombstoneFromKube(object),
    object: query.objects === true ? withKind(object) : null,
  });
  const limit = query.objects === true ? Math.min(chunkSize || MOST_OBJECTS, MOST_OBJECTS) : chunkSize;
  for await (const page of listPages(transport, { ...requestOf(query), limit, signal, translate })) {
    if (page.restarted) skipTo = last;
    const items: ListedTombstone[] = [];
    for (const listed of page.items as readonly ListedTombstone[]) {
      const { facts } = listed;
      const position = `${facts.namespace}/${facts.name}`;
      if (skipTo !== '' && position <= skipTo) continue;
      last = position;
      items.push(listed);
    }
    yield { items, serverTime: page.serverTime };
  }
}

/** The items of a list do not say what they are. */
function withKind(object: unknown): object {
  return { apiVersion: 'v1', kind: 'Pod', ...(object as object) };
}

async function tombstone(transport: Transport, ref: PodRef, signal: AbortSignal): Promise<ListedTombstone> {
  const what = `get pod ${ref.namespace}/${ref.name}`;
  const object = (await transport.request({ method: 'GET', path: podPath(ref), signal, what })).json();
  if (!isApiObject(object)) throw new ClusterError('server', `cannot ${what}: the server did not answer with a pod`);
  return { facts: tombstoneFromKube(object), object: withKind(object) };
}

async function evidence(
  transport: Transport,
  namespace: string | null,
  chunkSize: number | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, EvictionEvidence>> {
  const found = new Map<string, EvictionEvidence>();
  const query = { fieldSelector: 'reason=Evicted' };
  const request = { path: collection(namespace, 'events'), query, what: 'list events', limit: chunkSize, signal };
  for await (const page of listPages(transport, request)) {
    for (const event of page.items) {
      const one = evidenceFromKube(event);
      if (one !== null) found.set(one.uid, one.evidence);
    }
    if (found.size >= MAX_EVENTS) break;
  }
  return found;
}

async function podEvents(
  transport: Transport,
  namespace: string,
  chunkSize: number | undefined,
  signal: AbortSignal,
): Promise<{ readonly byPod: ReadonlyMap<string, readonly object[]>; readonly cut: boolean }> {
  const what = `list events in namespace ${namespace}`;
  const query = { fieldSelector: 'involvedObject.kind=Pod' };
  let byPod = new Map<string, object[]>();
  let count = 0;
  for await (const page of listPages(transport, {
    path: collection(namespace, 'events'),
    query,
    what,
    limit: chunkSize,
    signal,
  })) {
    if (page.restarted) byPod = new Map();
    for (const event of page.items) {
      const uid = textAt(event, 'involvedObject', 'uid');
      const events = byPod.get(uid);
      if (events === undefined) byPod.set(uid, [event as object]);
      else events.push(event as object);
    }
    count += page.items.length;
    if (count >= MAX_EVENTS) return { byPod, cut: true };
  }
  return { byPod, cut: false };
}

/** Sends one guarded delete. See {@link PurgeCluster.deletePod}. */
async function deletePod(transport: Transport, target: DeleteTarget, options: DeleteOptions): Promise<DeleteAnswer> {
  // True once an attempt failed that may have deleted the pod all the same.
  let inDoubt = false;
  for (let again = MAX_UNREADABLE; ; again -= 1) {
    try {
      const response = await transport.request({
        method: 'DELETE',
        path: podPath(target),
        accept: METADATA,
        body: {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: target.uid, resourceVersion: target.resourceVersion },
          // The server reads no query parameters beside a body: a dry run must be asked for in here.
          ...(options.dryRun ? { dryRun: ['All'] } : {}),
        },
        noMore: options.noMore,
        onRetry: error => {
          inDoubt ||= !(error instanceof ClusterError && error.reason === 'throttled');
          options.onRetry?.(error);
        },
        what: `delete pod ${target.namespace}/${target.name}`,
      });
      const answer = response.json();
      if (isApiObject(answer)) return isHeld(answer) ? 'terminating' : 'deleted';
      throw unreadable(target);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      const answer = refusalOf(error, target, inDoubt && !options.dryRun);
      if (answer !== null) return answer;
      if (!isUnreadable(error) || again <= 0 || options.noMore.aborted) throw error;
      inDoubt = true;
      options.onRetry?.(error);
    }
  }
}

function unreadable({ namespace, name }: PodRef): ClusterError {
  const message = `cannot delete pod ${namespace}/${name}: something else than the API server answered in its place`;
  return new ClusterError('server', message, { status: 200 });
}

/** A 2xx answer that is not the API's: nobody knows what was done. */
function isUnreadable({ reason, status }: ClusterError): boolean {
  return reason === 'server' && status !== undefined && status < 300;
}

/** What a 404 or 409 means for the pod; null: it does not speak of it. */
function refusalOf(error: ClusterError, { name }: PodRef, inDoubt: boolean): DeleteAnswer | null {
  const status = error.apiStatus;
  // A 404 of a proxy, or of a path that does not exist, says nothing about the pod.
  if (error.reason === 'not-found' && status?.name === name) return inDoubt ? 'deleted' : 'gone';
  if (error.reason !== 'conflict') return null;
  if (!/UID in the precondition/.test(status?.message ?? '')) return 'changed';
  return inDoubt ? 'deleted' : 'replaced';
}
