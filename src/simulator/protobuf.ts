import type { JsonObject } from './json.ts';

/** How the fields of a message are named and read, by their number. */
type Schema = Readonly<Record<number, readonly [name: string, type: 'text' | 'map' | Schema]>>;

const OBJECT_META: Schema = {
  1: ['name', 'text'],
  2: ['generateName', 'text'],
  3: ['namespace', 'text'],
  11: ['labels', 'map'],
  12: ['annotations', 'map'],
};

const RESOURCE_ATTRIBUTES: Schema = {
  1: ['namespace', 'text'],
  2: ['verb', 'text'],
  3: ['group', 'text'],
  4: ['version', 'text'],
  5: ['resource', 'text'],
  6: ['subresource', 'text'],
  7: ['name', 'text'],
};

// The kinds that kubectl sends in this form: `auth can-i`, `create namespace`, `create configmap`.
const SCHEMAS: Readonly<Record<string, Schema>> = {
  SelfSubjectAccessReview: {
    2: [
      'spec',
      {
        1: ['resourceAttributes', RESOURCE_ATTRIBUTES],
        2: [
          'nonResourceAttributes',
          {
            1: ['path', 'text'],
            2: ['verb', 'text'],
          },
        ],
      },
    ],
  },
  Namespace: { 1: ['metadata', OBJECT_META] },
  ConfigMap: {
    1: ['metadata', OBJECT_META],
    2: ['data', 'map'],
  },
};

const ENVELOPE: Schema = {
  1: [
    'typeMeta',
    {
      1: ['apiVersion', 'text'],
      2: ['kind', 'text'],
    },
  ],
};

/** The media type of Kubernetes' protobuf. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/**
 * Reads an object in Kubernetes' protobuf encoding: four magic bytes and an envelope around the message. Fields that the
 * simulator has no use for are left out.
 *
 * @returns undefined when it is no such message, or of a kind that is not known here
 */
export function decodeProtobuf(body: Buffer, kind: string): JsonObject | undefined {
  const schema = Object.hasOwn(SCHEMAS, kind) ? SCHEMAS[kind] : undefined;
  if (schema === undefined || body.subarray(0, 4).toString('latin1') !== 'k8s\0') return undefined;
  const raw = fieldsOf(body.subarray(4)).find(([number]) => number === 2)?.[1];
  if (raw === undefined) return undefined;
  const { typeMeta } = decode(ENVELOPE, body.subarray(4));
  return { ...(typeof typeMeta === 'object' ? typeMeta : {}), ...decode(schema, raw) };
}

function decode(schema: Schema, bytes: Buffer): JsonObject {
  const values = new Map<string, unknown>();
  for (const [number, content] of fieldsOf(bytes)) {
    const known = schema[number];
    if (known === undefined) continue;
    const [name, type] = known;
    if (type === 'text') values.set(name, content.toString('utf8'));
    else if (type === 'map') values.set(name, withEntry(values.get(name), content));
    else values.set(name, decode(type, content));
  }
  return Object.fromEntries([...values].filter(([, value]) => value !== ''));
}

function withEntry(map: unknown, content: Buffer): object {
  const entry = new Map(fieldsOf(content).map(([number, value]) => [number, value.toString('utf8')]));
  const before = typeof map === 'object' && map !== null ? Object.entries(map) : [];
  return Object.fromEntries([...before, [entry.get(1) ?? '', entry.get(2) ?? '']]);
}

/** The length-delimited fields of a message in their order; numbers and fixed fields are skipped. */
function fieldsOf(bytes: Buffer): (readonly [number, Buffer])[] {
  const fields: (readonly [number, Buffer])[] = [];
  let at = 0;
  while (at < bytes.length) {
    const [tag, afterTag] = varint(bytes, at);
    const wire = tag % 8;
    at = afterTag;
    if (wire === 2) {
      const [length, start] = varint(bytes, at);
      fields.push([Math.floor(tag / 8), bytes.subarray(start, start + length)]);
      at = start + length;
    } else if (wire === 0) at = varint(bytes, at)[1];
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else return fields;
  }
  return fields;
}

function varint(bytes: Buffer, start: number): readonly [value: number, next: number] {
  let value = 0;
  let scale = 1;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) break;
  }
  return [value, at];
}
