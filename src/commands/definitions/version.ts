import type { Command } from '../command.ts';
import { versionBody } from '../version.ts';

/** `version`: which release this is. */
export const versionCommand: Command<null> = {
  name: 'version',
  summary: 'the version of this program',
  usage: 'version',
  description: ['Prints the version of this program. No cluster is asked.'],
  examples: [{ line: 'version', does: 'which release is installed' }],
  flags: [],
  connects: false,
  // The one that is there at once: --version is this, too.
  load: async () => versionBody,
};
