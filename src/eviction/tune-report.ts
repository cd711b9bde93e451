import type { Finding } from './findings.ts';
import type { EvictionSettings } from './settings.ts';
import type { Signal } from './signal.ts';
import type { TunePlan } from './tune.ts';
import type { WhatIf } from './tune-what-if.ts';

/** The pods that go first on a node where a threshold is met after a change. Untrusted texts. */
export interface FirstVictims {
  readonly node: string;
  readonly signal: Signal;
  /** `namespace/name`, the first goes first; only the first few. */
  readonly pods: readonly string[];
  /** How many pods could be evicted. */
  readonly total: number;
}

/** Everything `tune` found out: what the explanation, the document and the screens show. Texts may be untrusted. */
export interface TuneReport {
  readonly base: {
    readonly kind: 'node' | 'nodes' | 'file' | 'offline';
    readonly label: string;
    readonly nodes: readonly string[];
    readonly file: string | null;
    /** As reported or given; null: taken for the newest. */
    readonly kubeletVersion: string | null;
    readonly os: string;
    readonly settings: EvictionSettings;
  };
  readonly plan: TunePlan;
  /** Why `--clear` chose what it chose. */
  readonly reasons: readonly string[];
  /** For each node with figures; null: there are none, so nobody can say. */
  readonly whatIf: readonly WhatIf[] | null;
  /** Null: no threshold is met afterwards, or nobody can say. */
  readonly victims: FirstVictims | null;
  /** Findings on the result, of all nodes, each once. */
  readonly findings: readonly Finding[];
  readonly warnings: readonly string[];
  /** Where the document belongs: a target's name and its place. */
  readonly target: string;
  readonly place: string;
  readonly apply: readonly string[];
  readonly verify: string;
  /** Why there is no document; null: there is one. */
  readonly refusal: string | null;
  readonly document: string | null;
}
