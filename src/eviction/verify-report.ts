import type { SurveyError } from './survey.ts';
import type { NodeVerification, Wanted } from './verify.ts';

/** Everything `verify` found out. Texts may be untrusted. */
export interface VerifyReport {
  readonly file: string;
  /** What the file is: `a KubeletConfiguration`. */
  readonly label: string;
  readonly wanted: Wanted;
  /** By name. */
  readonly nodes: readonly NodeVerification[];
  readonly errors: readonly SurveyError[];
  /** Seconds that were spent waiting; null: nobody asked to wait. */
  readonly waitedSeconds: number | null;
  /** Why the wait ended early or in vain; null: it did not. */
  readonly verdict: string | null;
}
