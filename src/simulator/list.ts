import { type ApiContext, type ApiRequest, type Reply, renderedReply } from './api.ts';
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts';
import { type ListOptions, parseListOptions } from './list-options.ts';
import { type Form, kindPrefix, metadataOnly, negotiate } from './present.ts';
import type { Resource } from './resources.ts';
import { firstNotBefore } from './sorted-objects.ts';
import { ApiFailure, badRequest, expired } from './status.ts';
import type { StoredObject } from './stored-object.ts';
import { tableColumns, tableRow } from './table.ts';
import { watchResource } from './watch.ts';

/** GET of a resource without a name: a list, or with `watch=true` a watch. */
export function listResource(context: ApiContext, request: ApiRequest, resource: Resource): Reply {
  const form = negotiate(request);
  const options = parseListOptions(resource, request.query, context.version);
  if (options.watch) return watchResource(context, request.info.namespace, resource, options, form);
  const page = selectPage(context, request.info.namespace, resource, options);
  return renderedReply(200, renderPage(context, resource, page, form));
}

/** What of a resource a list shows. */
export interface Page {
  readonly revision: number;
  readonly objects: readonly StoredObject[];
  readonly continueToken: string | undefined;
  /** Only without selectors, as counting would have to read everything else. */
  readonly remaining: number | undefined;
}

/**
 * Selects the objects of a list: at the revision that the options ask for, from the continue token on, up to the limit.
 *
 * @throws ApiFailure 410 when that revision is gone, 504 (500 where it reads from etcd) when it is yet to come
 */
export function selectPage(context: ApiContext, namespace: string, resource: Resource, options: ListOptions): Page {
  const { all, revision, start } = readAt(context, resource, options);
  const prefix = namespace === '' ? '' : `${namespace}/`;
  const end = prefix === '' ? all.length : firstNotBefore(all, `${namespace}0`);
  let at = firstNotBefore(all, `${prefix}${start}`);
  // A list at "0" comes from the watch cache, which knows no limit.
  const limit = options.limit === 0 || options.resourceVersion === '0' ? Infinity : options.limit;
  const objects: StoredObject[] = [];
  while (at < end && objects.length < limit) {
    const object = all[at++];
    if (object !== undefined && (options.selector === undefined || options.selector(object))) objects.push(object);
  }
  // Whether anything behind matches is not looked at: a list with a selector may end with an empty page.
  const last = objects.length < limit ? undefined : objects.at(-1);
  if (at >= end || last === undefined) return { revision, objects, continueToken: undefined, remaining: undefined };
  const slash = context.version === '1.20' || prefix !== '' ? '' : '/';
  return {
    revision,
    objects,
    continueToken: encodeContinue({ revision, start: `${slash}${last.key.slice(prefix.length)}\0` }),
    remaining: options.selector === undefined ? end - at : undefined,
  };
}

interface Reading {
  readonly all: readonly StoredObject[];
  readonly revision: number;
  /** The key to begin with, relative to the list's path; empty for the beginning. */
  readonly start: string;
}

function readAt(context: ApiContext, resource: Resource, options: ListOptions): Reading {
  const { store } = context.cluster;
  if (options.continueToken !== '') return continueAt(context, resource, options);
  const asked = Number(options.resourceVersion);
  if (asked > store.revision) throw tooLarge(options, store.revision);
  const exact = options.match === 'Exact' || (options.match === '' && options.limit > 0 && asked > 0);
  const revision = exact ? asked : store.revision;
  const all = store.at(resource.kind, revision);
  if (all === undefined) throw expired();
  return { all, revision, start: '' };
}

function continueAt(context: ApiContext, resource: Resource, options: ListOptions): Reading {
  const { store } = context.cluster;
  const token = decodeContinue(options.continueToken);
  if (options.resourceVersion !== '') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const revision = token.revision < 0 ? store.revision : token.revision;
  if (revision > store.revision) throw futureRevision();
  const all = store.at(resource.kind, revision);
  if (all === undefined) throw expired(inconsistent(token));
  return { all, revision, start: token.start };
}

function inconsistent(token: ContinueToken): string {
  return encodeContinue({ revision: -1, start: token.start });
}

function tooLarge(options: ListOptions, current: number): ApiFailure {
  // With a limit or Exact the list is read from etcd, which has its own words for it.
  if (options.limit > 0 || options.match === 'Exact') return futureRevision();
  const message = 'Too large resource version';
  return new ApiFailure({
    code: 504,
    message: `Timeout: ${message}: ${options.resourceVersion}, current: ${current}`,
    reason: 'Timeout',
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message }], retryAfterSeconds: 1 },
  });
}

function futureRevision(): ApiFailure {
  return new ApiFailure({ code: 500, message: 'etcdserver: mvcc: required revision is a future revision' });
}

/** The JSON of a list in the form asked for. */
export function renderPage(context: ApiContext, resource: Resource, page: Page, form: Form): readonly Buffer[] {
  // Older servers lose the count on the way to a PartialObjectMetadataList.
  const counted = page.remaining !== undefined && (form.as !== 'metadata' || context.version !== '1.20');
  const metadata = {
    resourceVersion: String(page.revision),
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
    ...(counted ? { remainingItemCount: page.remaining } : {}),
  };
  if (form.as === 'object') return renderItems(resource, metadata, page.objects);
  const value =
    form.as === 'metadata'
      ? {
          kind: 'PartialObjectMetadataList',
          apiVersion: 'meta.k8s.io/v1',
          metadata,
          items: page.objects.map(metadataOnly),
        }
      : {
          kind: 'Table',
          apiVersion: `meta.k8s.io/${form.version}`,
          metadata,
          columnDefinitions: tableColumns(resource.kind, context.version),
          rows: page.objects.map(object =>
            tableRow(object, form, { now: context.cluster.clock.now(), version: context.version }),
          ),
        };
  return [Buffer.from(`${JSON.stringify(value)}\n`)];
}

const COMMA = Buffer.from(',');
const END = Buffer.from(']}\n');

function renderItems(resource: Resource, metadata: object, objects: readonly StoredObject[]): readonly Buffer[] {
  const start = `${kindPrefix(resource, 'List')},"metadata":${JSON.stringify(metadata)},"items":[`;
  const chunks: Buffer[] = [Buffer.from(start)];
  for (const object of objects) {
    if (chunks.length > 1) chunks.push(COMMA);
    chunks.push(...object.chunks);
  }
  chunks.push(END);
  return chunks;
}
