import { isObject } from './json.ts';
import type { ObjectMeta } from './objects.ts';

/** Who writes, and when: what an entry of managedFields says. */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  /** RFC 3339. */
  readonly time: string;
  readonly subresource?: string;
}

/**
 * The managedFields after a write: the writer's earlier entry is replaced. Lists count as one field, which is coarser
 * than the real server's bookkeeping.
 *
 * @param written what the writer set: the whole object of a POST, the patch of a PATCH
 */
export function recordWriter(meta: ObjectMeta, writer: Writer, written: object): readonly object[] {
  const { apiVersion, manager, subresource, time } = writer;
  const others = (meta.managedFields ?? []).filter(
    entry => !isObject(entry) || entry['manager'] !== manager || entry['subresource'] !== subresource,
  );
  const entry = {
    manager,
    operation: 'Update',
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsOf(written),
    ...(subresource === undefined ? {} : { subresource }),
  };
  return [...others, entry];
}

/** The name under which a client writes: the query's `fieldManager`, else the first part of its User-Agent. */
export function managerOf(query: URLSearchParams, userAgent: string | undefined): string {
  const named = query.get('fieldManager') ?? '';
  if (named !== '') return named;
  return (userAgent ?? '').split('/', 1)[0]?.trim() || 'unknown';
}

/** The `f:` tree of an object's fields, without those that nobody manages. */
export function fieldsOf(value: object): object {
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    if (UNMANAGED.includes(key)) return [];
    const isTree = isObject(inner) && Object.keys(inner).length > 0;
    if (!isTree) return [[`f:${key}`, {}] as const];
    const fields = fieldsOf(inner);
    if (Object.keys(fields).length === 0) return [];
    return [[`f:${key}`, ALWAYS_THERE.includes(key) ? fields : { '.': {}, ...fields }] as const];
  });
  return Object.fromEntries(entries);
}

// What can be absent as a whole is managed as a whole, too: that is the `.` entry.
const ALWAYS_THERE = ['metadata', 'spec', 'status'];

const UNMANAGED = [
  'apiVersion',
  'kind',
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'managedFields',
  'generation',
  'selfLink',
];
