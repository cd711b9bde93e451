import type { Deps } from '../../deps.ts';
import { UsageError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { CommandBody, ParsedArgs } from '../command.ts';
import { SHELLS } from '../definitions/completion.ts';
import { completionScript, type Shell } from './scripts.ts';

/** What `completion` does: it prints a script. */
export const completionBody: CommandBody<Shell> = { parse: parseShell, run: printScript };

function parseShell(args: ParsedArgs): Shell {
  const [given] = args.positionals;
  const shell = SHELLS.find(name => name === given);
  if (shell !== undefined) return shell;
  const what =
    given === undefined
      ? 'completion needs the name of a shell'
      : `no script for ${JSON.stringify(given.slice(0, 100))}`;
  throw new UsageError(what, { hint: `choose one of ${SHELLS.join(', ')}` });
}

async function printScript(shell: Shell, deps: Deps): Promise<ExitCode> {
  await deps.io.out.write(completionScript(shell, deps.program));
  return EXIT.ok;
}
