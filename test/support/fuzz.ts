/**
 * How many inputs a property is tried with: the number given, times `EVICT_FUZZ` (a factor; the soak takes a large one, mutation
 * testing a small one), at least 10.
 */
export function runs(usual: number): number {
  const factor = Number(process.env['EVICT_FUZZ'] ?? 1);
  if (!(factor > 0)) throw new Error('EVICT_FUZZ must be a number above 0');
  return Math.max(10, Math.round(usual * factor));
}
