/** An own property of an object of unknown origin; undefined for null and for anything inherited. */
export function own(object: unknown, key: string): unknown {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, key)) return undefined;
  return (object as Record<string, unknown>)[key] ?? undefined;
}

/** The `code` of a Node error (`ENOENT`, `ECONNREFUSED`); '' when it has none. */
export function codeOf(error: unknown): string {
  const code = own(error, 'code');
  return typeof code === 'string' ? code : '';
}
