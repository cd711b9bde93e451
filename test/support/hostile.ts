import fc from 'fast-check';

/** Texts that move a cursor, pass for another, leave a folder, or are not what they look like. */
export const HOSTILE_TEXT: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '\u001b[2J\u001b[1;1Howned',
    '\u001b]0;title\u0007',
    '\u001b]8;;http://x\u001b\\link',
    '\u009b31m',
    'a\r\nb\tc',
    '\u202ekcab\u2066',
    '\u2028\u2029\u200b\ufeff\u00ad',
    '\u0000\u0008\u007f',
    '\ud800',
    '',
    '..',
    '../../../api/v1/secrets',
    '%2e%2e%2fsecrets',
    'a%2fb',
    'a/b?x=y#z',
    '__proto__',
    'constructor',
    'x'.repeat(300_000),
    '9999999999999999999999Gi',
    '1e999',
    '-1',
    '９９%',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '+275760-09-13T00:00:00Z',
    '-271821-04-20T00:00:00Z',
    'The node was low on resource: \u001b[31m. Threshold quantity: 1e400, available: -1. ',
    '$(id) `id` ; id',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** Where it stands as a value, {@link jsonText} writes something of that depth. */
export const DEEP = 'nested 50,000 levels deep';

/** A value as JSON; where {@link HOSTILE_VALUE} says so, deeper than any recursion gets. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll(`"${DEEP}"`, `${'{"inner":['.repeat(25_000)}1${']}'.repeat(25_000)}`);
}

/** Values in place of what an API server would send; {@link jsonText} writes them. */
export const HOSTILE_VALUE: fc.Arbitrary<unknown> = fc.oneof(
  HOSTILE_TEXT,
  fc.constantFrom<unknown>(null, true, 0, -1, 0.1, 1e308, -1e308, 2 ** 53, {}, []),
  fc.constant(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as unknown),
  fc.constant(DEEP),
  fc.array(HOSTILE_TEXT, { maxLength: 3 }),
);

/** A change of some places of a JSON value. */
export type Damage = readonly {
  readonly place: number;
  readonly value: unknown;
  readonly how: 'set' | 'drop' | 'rename';
}[];

export const DAMAGE: fc.Arbitrary<Damage> = fc.array(
  fc.record({
    place: fc.nat(),
    value: HOSTILE_VALUE,
    how: fc.constantFrom('set', 'set', 'set', 'drop', 'rename'),
  }),
  { minLength: 1, maxLength: 5 },
);

/** A damaged copy of a JSON value. */
export function damaged(value: unknown, damage: Damage): unknown {
  const copy = structuredClone(value);
  for (const { place, value: wrong, how } of damage) {
    const found = places(copy);
    const at = found[place % Math.max(1, found.length)];
    if (at === undefined) continue;
    const before = at.key in at.parent ? at.parent[at.key] : undefined;
    if (how !== 'set') delete at.parent[at.key];
    if (how === 'set') define(at.parent, at.key, structuredClone(wrong));
    if (how === 'rename')
      define(at.parent, typeof wrong === 'string' && wrong !== DEEP ? wrong.slice(0, 300) : '__proto__', before);
  }
  return copy;
}

/** As JSON.parse sets it: `__proto__` is a key like any other. */
function define(parent: object, key: string, value: unknown): void {
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
}

function places(root: unknown): { readonly parent: Record<string, unknown>; readonly key: string }[] {
  const found: { readonly parent: Record<string, unknown>; readonly key: string }[] = [];
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined && found.length < 5000; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Object.keys(value)) {
      found.push({ parent: value as Record<string, unknown>, key });
      open.push((value as Record<string, unknown>)[key]);
    }
  }
  return found;
}

/** Everything that a terminal obeys, and what changes the direction of text; tabs and line feeds are harmless. */
export const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Whether some key reached the prototype of all objects. */
export function isPolluted(): boolean {
  return 'polluted' in {} || 'polluted' in [] || Object.keys(Object.prototype).length > 0;
}
