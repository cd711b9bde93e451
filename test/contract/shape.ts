/** The keys of an answer, level by level, with the types of what is no object; lists show what their items have together. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [value.map(shapeOf).reduce(merge)];
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

function merge(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b)) {
    const all = [...a, ...b];
    return all.length === 0 ? [] : [all.reduce(merge)];
  }
  if (!isRecord(a) || !isRecord(b)) return a;
  const both = Object.entries(b).map(([key, value]) => [key, key in a ? merge(a[key], value) : value]);
  return { ...a, ...Object.fromEntries(both) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A Status with what differs from one cluster to the next made the same: uids, versions, addresses, tokens. */
export function normalized(value: unknown): unknown {
  const text = JSON.stringify(value, (key, inner) => (key === 'continue' ? decodeToken(String(inner)) : inner))
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID')
    .replaceAll(/\(\d+\)/g, '(VERSION)')
    .replaceAll(/current: \d+/g, 'current: VERSION')
    .replaceAll(/too old resource version: \d+/g, 'too old resource version: VERSION')
    .replaceAll(/dial tcp [\d.]+:\d+/g, 'dial tcp ADDRESS');
  return JSON.parse(text);
}

function decodeToken(token: string): unknown {
  const { rv, ...rest } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  return { ...rest, rv: rv === -1 ? 'any' : 'VERSION' };
}
