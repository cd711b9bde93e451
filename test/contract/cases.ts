import type { SimulatedVersion } from '../../src/simulator/resources.ts';
import { accessCases } from './cases-access.ts';
import { deleteCases } from './cases-delete.ts';
import { listCases } from './cases-list.ts';
import { watchCases } from './cases-watch.ts';
import { writeCases } from './cases-write.ts';
import type { Target } from './target.ts';

/** One thing that a cluster and the simulator have to do alike. */
export interface ContractCase {
  readonly name: string;
  /** The versions it holds for. @default all */
  readonly versions?: readonly SimulatedVersion[];
  /** Asks the target and expects; works only in the target's namespace, with names of its own. */
  readonly run: (target: Target) => Promise<void>;
}

/** The whole contract. */
export const CONTRACT: readonly ContractCase[] = [
  ...accessCases,
  ...listCases,
  ...deleteCases,
  ...watchCases,
  ...writeCases,
];

/** The cases that a server of this version has to fulfil. */
export function contractOf(version: SimulatedVersion): readonly ContractCase[] {
  return CONTRACT.filter(({ versions }) => versions === undefined || versions.includes(version));
}
