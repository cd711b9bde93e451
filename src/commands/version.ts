import { EXIT } from '../exit-codes.ts';
import type { Command } from './command.ts';

/** `version`: which release this is. */
export const versionCommand: Command<null> = {
  name: 'version',
  summary: 'the version of this program',
  usage: 'version',
  description: ['Prints the version of this program. No cluster is asked.'],
  examples: [{ line: 'version', does: 'which release is installed' }],
  flags: [],
  connects: false,
  parse: () => null,
  run: async (_options, deps) => {
    await deps.io.out.write(`kubectl-evict ${deps.version}\n`);
    return EXIT.ok;
  },
};
