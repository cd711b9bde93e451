/**
 * Whether a decoded value is at most that deep and holds at most that many values. Aliases of YAML make a tree of any size, or a
 * ring, of a few lines, and a recursive writer fails on deep JSON; this neither recurses nor sees more than `most` values.
 */
export function isWithin(value: unknown, depth: number, most: number): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let seen = 0; seen < most; seen += 1) {
    const next = open.pop();
    if (next === undefined) return true;
    if (next.depth > depth) return false;
    if (typeof next.value !== 'object' || next.value === null) continue;
    for (const inner of Object.values(next.value)) open.push({ value: inner, depth: next.depth + 1 });
  }
  return open.length === 0;
}
