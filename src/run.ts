import type { Command } from './commands/command.ts';
import { COMMANDS } from './commands/definitions/index.ts';
import { commandHelp, programHelp } from './commands/help.ts';
import { chooseCommand, readArguments } from './commands/register.ts';
import { versionBody } from './commands/version.ts';
import type { Deps } from './deps.ts';
import { CancelledError, EvictError, UsageError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { clean } from './output/clean.ts';
import { errorText } from './output/error-text.ts';

/** Runs a command line. The one place where errors become text and codes; never rejects. */
export async function run(argv: readonly string[], deps: Deps): Promise<ExitCode> {
  let command: Command | null = null;
  try {
    // Asked by shells and by kubectl, not by people: no help page knows it.
    if (argv[0] === '__complete' || argv[0] === '__completeNoDesc') {
      const { complete } = await import('./commands/completion/complete.ts');
      return await complete(argv.slice(1), COMMANDS, deps, argv[0] === '__complete');
    }
    const choice = chooseCommand(argv, COMMANDS);
    if (choice.kind === 'version') return await versionBody.run(null, deps);
    command = choice.command;
    if (choice.kind === 'help') {
      const text = command === null ? programHelp(deps.program, COMMANDS) : commandHelp(deps.program, command);
      await deps.io.out.write(text);
      return EXIT.ok;
    }
    const args = await readArguments(choice.words, choice.command);
    const body = await choice.command.load();
    return await body.run(body.parse(args, deps), deps);
  } catch (error) {
    const code = error instanceof EvictError ? error.exitCode : EXIT.error;
    // Where nothing can be told any more, the code still tells.
    return await report(error, argv, command, deps).catch(() => code);
  }
}

async function report(error: unknown, argv: readonly string[], command: Command | null, deps: Deps): Promise<ExitCode> {
  if (error instanceof CancelledError) return EXIT.interrupted;
  const verbose = argv.some(word => /^(-v|--v)(=?[1-9]|$)/.test(word));
  if (error instanceof EvictError) {
    await deps.io.err.write(errorText(error));
    if (error instanceof UsageError) {
      const page = command === null ? `${deps.program} --help` : `${deps.program} ${command.name} --help`;
      await deps.io.err.write(`See "${page}".\n`);
    } else if (verbose) {
      await deps.io.err.write(causes(error));
    }
    return error.exitCode;
  }
  // Not foreseen: a bug of ours. One sentence, and the details for the report on request.
  const message = error instanceof Error ? error.message : String(error);
  const hint = verbose ? undefined : 'run it again with -v=1 for details, and report it';
  await deps.io.err.write(errorText({ message: `internal error: ${message}`, hint }));
  if (verbose && error instanceof Error) {
    for (const line of (error.stack ?? '').split('\n')) await deps.io.err.write(`${clean(line)}\n`);
  }
  return EXIT.error;
}

function causes(error: Error): string {
  let text = '';
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    text += errorText({ message: `caused by ${cause.name}: ${cause.message}` }, 'warning');
  }
  return text;
}
