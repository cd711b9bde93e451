import type { Finding } from './findings.ts';
import type { Signal } from './signal.ts';
import type { SignalState } from './signal-report.ts';
import type { SettingChange, TuneRefusal } from './tune.ts';
import type { TuneReport } from './tune-report.ts';
import type { WhatIf } from './tune-what-if.ts';

/** What somebody has put together on a screen so far. */
export interface TuneDraft {
  /** New hard thresholds by signal, as typed. */
  readonly hard: ReadonlyMap<string, string>;
  /** As `--clear`: the smallest change that ends the pressure; what is typed counts over it. */
  readonly clear: boolean;
  /** As `--restore-defaults`. */
  readonly restoreDefaults: boolean;
  /** As `--force`: pods may be evicted at once. */
  readonly force: boolean;
}

/** A draft that changes nothing. */
export const NO_DRAFT: TuneDraft = { hard: new Map(), clear: false, restoreDefaults: false, force: false };

/** A signal whose threshold can be changed, as it is now. */
export interface TuneSignal {
  readonly signal: Signal;
  readonly unit: 'bytes' | 'inodes' | 'pids';
  readonly state: SignalState;
  /** In the unit; null: not observed. */
  readonly available: number | null;
  /** In the unit; null: not observed. */
  readonly capacity: number | null;
  /** The hard threshold as the kubelet runs it; null: none. Untrusted text. */
  readonly threshold: string | null;
}

/** What a draft comes to. */
export interface TuneOutlook {
  /** The hard thresholds afterwards, by signal, as they would be written. */
  readonly thresholds: ReadonlyMap<string, string>;
  /** Empty: nothing would change. */
  readonly changes: readonly SettingChange[];
  /** Why `--clear` chose what it chose. */
  readonly reasons: readonly string[];
  /** Why `--clear` found nothing to do, or nothing that helps; null: it was not asked, or it found something. */
  readonly unclear: string | null;
  /** Why nothing can be written, whatever else is said. */
  readonly refusals: readonly TuneRefusal[];
  /** Null: nobody can say, since there are no figures. */
  readonly whatIf: WhatIf | null;
  readonly findings: readonly Finding[];
  /** Why it is too risky to be written without being asked for; null: it is not. */
  readonly risk: string | null;
}

/** A document, or why there is none. */
export type TuneMade =
  | { readonly ok: true; readonly report: TuneReport; readonly text: string; readonly fileName: string }
  | { readonly ok: false; readonly error: string; readonly hint: string | null };

/** A way of configuring kubelets. */
export interface TuneTargetChoice {
  /** As `--to` takes it. */
  readonly id: string;
  /** Why it fits the node: `k3s, by its version`; null: it is one among others. */
  readonly why: string | null;
}

/** A node as it was when it was asked, and everything that can be planned for it. Nothing in the cluster is changed. */
export interface TuneDesk {
  readonly node: string;
  /** `v1.31.4`; untrusted text. */
  readonly kubeletVersion: string;
  /** The binding one first. */
  readonly signals: readonly TuneSignal[];
  /** What could not be read, and what is taken for granted; sentences. */
  readonly warnings: readonly string[];
  /** The one that fits first. */
  readonly targets: readonly TuneTargetChoice[];
  /** At once, for each key. */
  outlook(draft: TuneDraft): TuneOutlook;
  /** The document that `tune` prints for this draft. @throws an error with a sentence when the cluster has to be asked, and fails */
  make(draft: TuneDraft, target: string): Promise<TuneMade>;
  /** The words behind the program's name that do the same. */
  words(draft: TuneDraft, target: string | null): readonly string[];
  /** Writes a file that must not exist yet. @throws an error with a sentence */
  save(name: string, text: string): Promise<void>;
  /**
   * Restarts the simulated kubelet of the node with the document; null: the cluster is a real one, where this is nobody's to do.
   * @returns what is different now, as sentences
   * @throws an error with a sentence when the kubelet does not come back
   */
  readonly apply: ((name: string, text: string) => Promise<readonly string[]>) | null;
}

/** Begins tuning. */
export interface TuneAction {
  /** Asks the node and its kubelet. @throws an error with a sentence, and perhaps a hint */
  open(node: string): Promise<TuneDesk>;
}
