import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { EvictError } from '../../errors.ts';
import { assessNode } from '../../eviction/assess.ts';
import type { Instant, NodeInput } from '../../eviction/node.ts';
import { isCopy, type SignalReport, type SignalState } from '../../eviction/signal-report.ts';
import { NO_CHANGE } from '../../eviction/tune.ts';
import type {
  TuneAction,
  TuneDesk,
  TuneDraft,
  TuneMade,
  TuneOutlook,
  TuneSignal,
  TuneTargetChoice,
} from '../../eviction/tune-action.ts';
import { TARGET_IDS, type TargetId } from '../../kubelet/targets/ids.ts';
import { targetOf } from '../../kubelet/targets/registry.ts';
import { suggestTarget } from '../../kubelet/targets/suggest.ts';
import { shellWord } from '../../output/shell.ts';
import { type Base, type BaseOptions, findNodeBase } from './base.ts';
import { type DecideOptions, type Decision, decide } from './decide.ts';
import { produce } from './produce.ts';
import { SIGNAL_FLAGS } from './signals.ts';

/** Restarts the simulated kubelet of a node with a document. @returns what is different now */
export type ApplyTuned = (node: string, name: string, text: string) => Promise<readonly string[]>;

/** Figures of a node are used for that long without being read again. */
const FRESH_MS = 15_000;

/** What a desk is opened with. */
export interface DeskOptions {
  readonly program: string;
  readonly kubeletTimeoutMs: number;
  /** The connection flags as the user gave them, for the command lines that are offered. */
  readonly flags: readonly string[];
  /** Null: the cluster is a real one. */
  readonly apply: ApplyTuned | null;
}

/** Tuning for a screen: by the same steps as the command. */
export function screenTuning(cluster: Cluster, options: DeskOptions, deps: Deps): TuneAction {
  return {
    open: async node => {
      const { program, kubeletTimeoutMs } = options;
      const asked: BaseOptions = { version: null, os: null, program, kubeletTimeoutMs, concurrency: 2 };
      const look = (): Promise<Base> => findNodeBase(node, asked, cluster);
      const base = await look();
      const input = base.nodes[0];
      if (input === undefined) throw new EvictError(`node ${node} could not be read`);
      return new Desk(base, look, input, cluster, options, deps);
    },
  };
}

class Desk implements TuneDesk {
  readonly node: string;
  readonly kubeletVersion: string;
  readonly signals: readonly TuneSignal[];
  readonly warnings: readonly string[];
  readonly targets: readonly TuneTargetChoice[];
  readonly apply: TuneDesk['apply'];
  readonly #look: () => Promise<Base>;
  #base: Base;
  /** When the base was read, on our clock. */
  #readAt: Instant;
  readonly #cluster: Cluster;
  readonly #program: string;
  readonly #flags: readonly string[];
  readonly #deps: Deps;

  constructor(
    base: Base,
    look: () => Promise<Base>,
    input: NodeInput,
    cluster: Cluster,
    { apply, flags, program }: DeskOptions,
    deps: Deps,
  ) {
    const { node } = input;
    this.node = node.name;
    this.kubeletVersion = node.kubeletVersion;
    this.signals = signalsOf(base, input, deps.clock.now());
    this.warnings = base.warnings;
    this.targets = targetChoices(base);
    this.apply = apply === null ? null : (name, text) => apply(node.name, name, text);
    this.#look = look;
    this.#base = base;
    this.#readAt = deps.clock.now();
    this.#cluster = cluster;
    this.#program = program;
    this.#flags = flags;
    this.#deps = deps;
  }

  outlook(draft: TuneDraft): TuneOutlook {
    const now = this.#deps.clock.now();
    const found = decide(this.#base, requestOf(draft), now);
    if (found.kind === 'change') return outlookOf(found, null);
    // What is typed beside --clear still has an outlook.
    const rest = decide(this.#base, requestOf({ ...draft, clear: false }), now);
    if (rest.kind !== 'change') throw new EvictError(rest.reason);
    return outlookOf(rest, found.reason);
  }

  async make(draft: TuneDraft, target: string): Promise<TuneMade> {
    const to = idOf(target);
    const options = { ...requestOf(draft), to, fragment: false, program: this.#program };
    try {
      await this.#lookAgain();
      const produced = await produce(this.#base, options, this.#cluster, this.#deps.clock.now());
      if (produced.kind === 'nothing') return { ok: false, error: produced.reason, hint: null };
      const { report } = produced;
      if (report.document === null) return { ok: false, error: report.refusal ?? 'nothing was written', hint: null };
      const verify = [report.verify, ...this.#flags.map(shellWord)].join(' ');
      return { ok: true, report: { ...report, verify }, text: report.document, fileName: targetOf(to).fileName };
    } catch (error) {
      if (!(error instanceof EvictError)) throw error;
      return { ok: false, error: error.message, hint: error.hint ?? null };
    }
  }

  /** A document is judged by what the node is now, not by what it was when the dialog was opened. */
  async #lookAgain(): Promise<void> {
    const now = this.#deps.clock.now();
    if (now - this.#readAt < FRESH_MS) return;
    this.#base = await this.#look();
    this.#readAt = now;
  }

  words(draft: TuneDraft, target: string | null): readonly string[] {
    const flagOf = new Map([...SIGNAL_FLAGS].map(([flag, signal]): [string, string] => [signal, flag]));
    const hard = [...draft.hard].flatMap(([signal, value]) => {
      const flag = flagOf.get(signal);
      return flag === undefined ? ['--eviction-hard', `${signal}<${value}`] : [`--${flag}`, value];
    });
    return [
      'tune',
      '--node',
      this.node,
      ...hard,
      ...(draft.clear ? ['--clear'] : []),
      ...(draft.restoreDefaults ? ['--restore-defaults'] : []),
      ...(draft.force ? ['--force'] : []),
      ...(target === null || target === DEFAULT_TARGET ? [] : ['--to', target]),
    ];
  }

  save(name: string, text: string): Promise<void> {
    return this.#deps.files.create(name, text);
  }
}

const DEFAULT_TARGET: TargetId = 'kubeletconfiguration';

function idOf(target: string): TargetId {
  return TARGET_IDS.find(id => id === target) ?? DEFAULT_TARGET;
}

function requestOf({ clear, force, hard, restoreDefaults }: TuneDraft): DecideOptions {
  return { request: { ...NO_CHANGE, hard, restoreDefaults }, clear, force };
}

function outlookOf(decision: Decision, unclear: string | null): TuneOutlook {
  const { findings, plan, reasons, refusals, risk, whatIf } = decision;
  const { changes, settings } = plan;
  return {
    thresholds: settings.evictionHard,
    changes,
    reasons,
    unclear,
    refusals,
    whatIf: whatIf?.[0] ?? null,
    findings,
    risk,
  };
}

/** The most urgent first; those of one urgency in their usual order. */
const URGENCY: readonly SignalState[] = ['BREACHED', 'soft', 'recovering', 'near', 'UNPROTECTED'];

function signalsOf(base: Base, input: NodeInput, now: Instant): readonly TuneSignal[] {
  const report = assessNode(input, { now });
  const rank = ({ signal, state }: SignalReport): number => {
    if (signal === report.binding) return -1;
    const at = URGENCY.indexOf(state);
    return at < 0 ? URGENCY.length : at;
  };
  return report.signals
    .filter(each => !isCopy(each) && isWritable(each))
    .toSorted((a, b) => rank(a) - rank(b))
    .map(({ signal, info, observation, state }) => ({
      signal,
      unit: info.unit,
      state,
      available: observation?.available ?? null,
      capacity: observation?.capacity ?? null,
      threshold: base.settings.evictionHard.get(signal) ?? null,
    }));
}

/** The kubelet derives the thresholds of the others itself. */
function isWritable({ signal }: SignalReport): boolean {
  return !signal.startsWith('containerfs.') && signal !== 'allocatableMemory.available';
}

/** The way that fits the node, kubeadm's where nothing tells, and then all the others. */
function targetChoices({ nodes }: Base): readonly TuneTargetChoice[] {
  const node = nodes[0]?.node;
  const suggestion = node === undefined ? null : suggestTarget(node);
  const first = suggestion?.target ?? DEFAULT_TARGET;
  return [
    { id: first, why: suggestion?.why ?? null },
    ...TARGET_IDS.filter(id => id !== first).map(id => ({ id, why: null })),
  ];
}
