import { field, isObject, type JsonObject } from '../json.ts';

/** The own field of that name, an empty object unless it is one. */
export function objectField(value: unknown, name: string): JsonObject {
  const found = field(value, name);
  return isObject(found) ? found : {};
}

/** The own field of that name, empty unless it is a list. */
export function listField(value: unknown, name: string): readonly unknown[] {
  const found = field(value, name);
  return Array.isArray(found) ? found : [];
}

/** The own field of that name, null unless it is a string. */
export function textField(value: unknown, name: string): string | null {
  const found = field(value, name);
  return typeof found === 'string' ? found : null;
}

/** The own field of that name, null unless it is a finite number. */
export function numberField(value: unknown, name: string): number | null {
  const found = field(value, name);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}

/** RFC 3339 in UTC with microseconds, as Kubernetes writes `metav1.MicroTime`. */
export function microTimestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}

/** Milliseconds since the epoch; null for a missing or unreadable time. */
export function parseTimestamp(text: string | null): number | null {
  const ms = text === null ? Number.NaN : Date.parse(text);
  return Number.isFinite(ms) ? ms : null;
}
