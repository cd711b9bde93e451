import type { Forecast } from '../eviction/forecast.ts';

/** `~14m (11-19m)`: when, and within which 80 % interval; empty: not foreseeable. */
export function forecastText(found: Forecast | null): string {
  if (found === null) return '';
  const about = `~${rough(found.seconds)}`;
  const range = forecastRange(found);
  return about === `~${range}` ? about : `${about} (${range})`;
}

/** The interval alone: `11-19m`, `50s-2m`. */
export function forecastRange(found: Forecast | null): string {
  if (found === null) return '';
  const from = rough(found.earliest);
  const to = rough(found.latest);
  if (from === to) return from;
  return from.at(-1) === to.at(-1) ? `${from.slice(0, -1)}-${to}` : `${from}-${to}`;
}

/** A span of time with one unit: a forecast has no second one to give. */
function rough(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)}s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)}h`;
  return `${Math.round(seconds / 86_400)}d`;
}
