import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { EvictError, UsageError } from '../../errors.ts';
import type { TuneReport } from '../../eviction/tune-report.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { clean } from '../../output/clean.ts';
import { toJson, toYaml } from '../../output/documents.ts';
import { errorText } from '../../output/error-text.ts';
import { choosePaint } from '../../output/style.ts';
import { tuneResult } from '../../output/tune-document.ts';
import { tuneExplanation } from '../../output/tune-explanation.ts';
import { unifiedDiff } from '../../output/unified-diff.ts';
import type { Command } from '../command.ts';
import { type Base, findBase, needsCluster } from './base.ts';
import { decide } from './decide.ts';
import { makeDocuments } from './documents.ts';
import { parseTune, TUNE_FLAGS, type TuneOptions } from './options.ts';
import { firstVictims } from './victims.ts';

/** `tune`: the configuration change, complete, checked before it is made. */
export const tuneCommand: Command<TuneOptions> = {
  name: 'tune',
  summary: 'the configuration with new thresholds: complete, for the way the node is managed, and what it will do',
  usage: 'tune [--node NODE | -f FILE | --offline] CHANGES [--to TARGET] [flags]',
  description: [
    "Writes the kubelet configuration with changed eviction thresholds to stdout: KubeletConfiguration, systemd unit or drop-in, or the form of a distribution. --eviction-hard and evictionHard replace the whole map, so every document carries all the thresholds in effect with the change applied. On stderr it says what will happen, by the nodes' present figures, and how to apply and verify it. Nothing is changed in the cluster or on a node.",
    'It starts from what a node runs (--node), from a file (-f; comments, order and everything else stay byte for byte), from defaults (--offline), or from the nodes under pressure. A change that would evict pods at once is refused without --force, and so is a value that the kubelet would not start with.',
  ],
  examples: [
    { line: 'tune --nodefs 5%', does: 'for the nodes under pressure, as KubeletConfiguration' },
    {
      line: 'tune --node worker-7 --nodefs 5% --to 10-kubeadm.conf > 10-kubeadm.conf',
      does: "kubeadm's drop-in, complete",
    },
    { line: 'tune -f /var/lib/kubelet/config.yaml --nodefs 5% --diff', does: 'what would change in a file' },
    { line: 'tune --node worker-7 --clear', does: 'the smallest change that ends the pressure' },
    { line: 'tune -f kubelet.yaml --node worker-7 --restore-defaults --write', does: 'arm what a partial map wiped' },
  ],
  connects: true,
  flags: TUNE_FLAGS,
  parse: parseTune,
  run: runTune,
};

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
  const decision = decide(base, options, deps.clock.now());
  if (decision.kind !== 'change') {
    if (decision.kind === 'nothing') {
      await deps.io.err.write(`nothing to change: ${clean(decision.reason)}\n`);
      return EXIT.ok;
    }
    throw new EvictError(`no threshold ends the pressure: ${decision.reason}`, { hint: 'free some of it first' });
  }
  if (decision.refusals.length > 0) throw refusedRequest(decision.refusals);
  const configMap = options.to === 'kubeadm-configmap' && cluster ? await cluster.tuning.kubeletConfigMap() : null;
  const victims = await firstVictims(cluster, base, decision, options.program);
  const made = makeDocuments(base, decision, options, configMap, victims);
  if (!made.ok) throw new EvictError(made.error, { hint: made.hint });
  const { report, today } = made;
  if (!options.quiet) await explain(report, options, deps);
  if (report.refusal !== null && options.output === null) {
    throw new EvictError(report.refusal, { hint: 'free space first, choose another value, or add --force' });
  }
  if (report.refusal === null && options.rollback !== null) await deps.files.create(options.rollback, today);
  await deliver(report, today, base, options, deps);
  return report.refusal === null ? EXIT.ok : EXIT.error;
}

function refusedRequest(refusals: readonly { readonly message: string; readonly hint: string | null }[]): UsageError {
  const [first] = refusals;
  const more =
    refusals.length > 1
      ? ` (and ${refusals.length - 1} more: ${refusals
          .slice(1)
          .map(r => r.message)
          .join('; ')})`
      : '';
  return new UsageError(`${first?.message ?? 'refused'}${more}`, { hint: first?.hint ?? undefined });
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
