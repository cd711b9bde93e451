import { CancelledError, ClusterError } from '../errors.ts';
import type { Reading, ReadProblem } from '../eviction/node.ts';
import type { Purpose } from '../eviction/purposes.ts';

/** A reading, with the error itself for those who must throw it on. */
export type Attempt<T> = Reading<T> & { readonly cause?: unknown };

/** What keeps every kubelet from being asked. */
export function noProxyRight(program: string, purpose: Purpose = 'status'): ReadProblem {
  return {
    reason: 'forbidden',
    message: 'the right to get nodes/proxy is missing, so no kubelet was asked for its thresholds and figures',
    remedy: rightsRemedy('get nodes/proxy', program, purpose),
  };
}

function rightsRemedy(right: string, program: string, purpose: Purpose = 'status'): string {
  return `ask for the right to ${right}; "${program} rbac --for ${purpose}" prints the role`;
}

/**
 * A reading instead of a rejection; only interruption and our own bugs still reject. `right`: what a 403 says is missing;
 * `purpose`: whose role has it.
 */
export async function read<T>(
  promise: Promise<T>,
  right: string,
  program: string,
  purpose: Purpose = 'status',
): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await promise };
  } catch (error) {
    if (error instanceof CancelledError || !(error instanceof ClusterError)) throw error;
    const remedy = error.reason === 'forbidden' ? rightsRemedy(right, program, purpose) : (error.hint ?? null);
    return { ok: false, problem: { reason: error.reason, message: error.message, remedy }, cause: error };
  }
}
