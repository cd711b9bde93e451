import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { EvictError } from '../../errors.ts';
import type { TuneReport } from '../../eviction/tune-report.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { clean } from '../../output/clean.ts';
import { toJson, toYaml } from '../../output/documents.ts';
import { errorText } from '../../output/error-text.ts';
import { choosePaint } from '../../output/style.ts';
import { tuneResult } from '../../output/tune-document.ts';
import { tuneExplanation } from '../../output/tune-explanation.ts';
import { unifiedDiff } from '../../output/unified-diff.ts';
import type { CommandBody } from '../command.ts';
import { type Base, findBase, needsCluster } from './base.ts';
import { parseTune, type TuneOptions } from './options.ts';
import { produce } from './produce.ts';

/** What `tune` does. */
export const tuneBody: CommandBody<TuneOptions> = { parse: parseTune, run: runTune };

async function runTune(options: TuneOptions, deps: Deps): Promise<ExitCode> {
  const { connection } = options;
  const open = needsCluster(options) || (options.to === 'kubeadm-configmap' && !options.offline);
  const cluster = open
    ? await deps.connect({
        flags: connection.flags,
        concurrency: options.concurrency,
        chunkSize: connection.chunkSize,
        verbosity: connection.verbosity,
        signal: deps.signal,
      })
    : null;
  try {
    return await tune(options, cluster, deps);
  } finally {
    cluster?.close();
  }
}

async function tune(options: TuneOptions, cluster: Cluster | null, deps: Deps): Promise<ExitCode> {
  const base = await findBase(options, needsCluster(options) ? cluster : null, deps);
  const produced = await produce(base, options, cluster, deps.clock.now());
  if (produced.kind === 'nothing') {
    await deps.io.err.write(`nothing to change: ${clean(produced.reason)}\n`);
    return EXIT.ok;
  }
  const { report, today } = produced;
  if (!options.quiet) await explain(report, options, deps);
  if (report.refusal !== null && options.output === null) {
    throw new EvictError(report.refusal, { hint: 'free space first, choose another value, or add --force' });
  }
  if (report.refusal === null && options.rollback !== null) await deps.files.create(options.rollback, today);
  await deliver(report, today, base, options, deps);
  return report.refusal === null ? EXIT.ok : EXIT.error;
}

async function explain(report: TuneReport, options: TuneOptions, deps: Deps): Promise<void> {
  const paint = choosePaint(options.color, deps.env, deps.io.err.isTTY);
  await deps.io.err.write(tuneExplanation(report, paint));
}

/** stdout carries one thing: the document, the difference, the result, or, with --write, nothing. */
async function deliver(report: TuneReport, today: string, base: Base, options: TuneOptions, deps: Deps): Promise<void> {
  if (options.output !== null) {
    const result = tuneResult(report);
    await deps.io.out.write(options.output === 'json' ? toJson(result) : toYaml(result));
    return;
  }
  const document = report.document ?? '';
  if (options.write && base.file !== null) {
    if (document === base.file.text) {
      await deps.io.err.write(
        errorText({ message: `${base.file.path} says so already, and is left as it is` }, 'warning'),
      );
      return;
    }
    const kept = await deps.files.replace(base.file.path, base.file.bytes, document);
    if (!options.quiet) await deps.io.err.write(`written   ${base.file.path}; the old file is kept as ${kept}\n`);
    return;
  }
  const name = base.file === null || base.file.path === '-' ? report.target : base.file.path;
  await deps.io.out.write(
    options.diff ? unifiedDiff(today, document, { old: name, new: `${name} (tuned)` }) : document,
  );
}
