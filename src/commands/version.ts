import { EXIT } from '../exit-codes.ts';
import type { CommandBody } from './command.ts';

/** What `version` and `--version` do. */
export const versionBody: CommandBody<null> = {
  parse: () => null,
  run: async (_options, deps) => {
    await deps.io.out.write(`kubectl-evict ${deps.version}\n`);
    return EXIT.ok;
  },
};
