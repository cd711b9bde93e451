import { healthy } from './healthy.ts';
import { mixed } from './mixed.ts';
import type { Scenario } from './scenario.ts';
import { story } from './story.ts';
import { tombstones } from './tombstones.ts';

/** Every scenario that has a name, in the order in which a list shows them. */
export const SCENARIOS: readonly Scenario[] = [story, tombstones, healthy, mixed];

/** The scenario of that name. */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find(scenario => scenario.name === name);
}
