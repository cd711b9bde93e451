import type { PurgeState } from '../../eviction/actions.ts';

/** More pods than this are deleted only by somebody who types how many they are. */
export const MOST_BY_ONE_KEY = 100;

/**
 * What the dialog waits for: `listing` the plan; `asking` a yes; `counting` the number of pods, typed; `deleting`; `stopping`
 * what is still in flight; `ended` somebody to leave.
 */
export type PurgeMode = 'listing' | 'asking' | 'counting' | 'deleting' | 'stopping' | 'ended';

/** What it waits for. Who said yes before there was anything to see (`hasty`) has to type the number, too. */
export function modeOf({ phase, preview, stopped }: PurgeState, hasty = false): PurgeMode {
  if (phase === 'deleting') return stopped ? 'stopping' : 'deleting';
  if (phase !== 'asking') return phase;
  return hasty || (preview?.pods.length ?? 0) > MOST_BY_ONE_KEY ? 'counting' : 'asking';
}
