/** A JSON object of unknown content. */
export type JsonObject = { readonly [key: string]: unknown };

/** Whether the value is an object that is no list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object's own field, undefined where the value is no object or has no such field of its own. */
export function field(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The value at a dotted path, undefined where the path ends early. */
export function fieldAt(value: unknown, path: string): unknown {
  let at = value;
  for (const name of path.split('.')) at = field(at, name);
  return at;
}

/** The string at a dotted path; undefined when there is something else, or nothing. */
export function textAt(value: unknown, path: string): string | undefined {
  const found = fieldAt(value, path);
  return typeof found === 'string' ? found : undefined;
}

/** The list at a dotted path; empty when there is something else, or nothing. */
export function listAt(value: unknown, path: string): readonly unknown[] {
  const found = fieldAt(value, path);
  return Array.isArray(found) ? found : [];
}

/** A JSON merge patch (RFC 7386). Neither argument changes; a key such as `__proto__` is a key like any other. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map<string, unknown>(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

/** The object without the fields named. */
export function omit(object: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !names.includes(key)));
}

/** RFC 3339 in whole seconds, UTC: how Kubernetes writes `metav1.Time`. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
