import { EXIT, type ExitCode } from './exit-codes.ts';

/** What every expected failure carries beside its sentence. */
export interface ErrorDetails {
  /** What the user can try, as one sentence or a command; printed on a line of its own. */
  readonly hint?: string | undefined;
  /** The error underneath, kept for `-v`; never printed otherwise. */
  readonly cause?: unknown;
}

/**
 * Trouble that the program expects and can explain. The message is one sentence: what failed, on which object, why.
 * It may hold text from a cluster or a file: whoever prints it cleans it first.
 */
export class EvictError extends Error {
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(message: string, details: ErrorDetails & { readonly exitCode?: ExitCode } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? EXIT.error;
  }
}

/** The command line is wrong. Exit code 2; nothing was done. */
export class UsageError extends EvictError {
  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { ...details, exitCode: EXIT.usage });
  }
}

/**
 * Why a cluster (or a kubelet behind it) did not give what was asked:
 *
 * - `config`: no usable kubeconfig, context or credential, before any request
 * - `unreachable`: no connection, a cut connection, a name that does not resolve
 * - `timeout`: connected or not, no answer in time
 * - `untrusted`: the TLS handshake failed (unknown authority, wrong name, expired certificate)
 * - `unauthorized` 401, `forbidden` 403, `not-found` 404, `conflict` 409, `expired` 410, `invalid` other 4xx
 * - `throttled`: 429 after all retries
 * - `server`: 5xx, or an answer that is not what the API promises (HTML of a proxy, cut JSON)
 * - `too-large`: the answer exceeds the size the program is built for
 */
export type ClusterReason =
  | 'config'
  | 'unreachable'
  | 'timeout'
  | 'untrusted'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'expired'
  | 'invalid'
  | 'throttled'
  | 'server'
  | 'too-large';

/** A failure of, or on the way to, a cluster. */
export class ClusterError extends EvictError {
  readonly reason: ClusterReason;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** The `code`-independent Kubernetes Status body, where there was one; untrusted text. */
  readonly apiStatus: ApiStatus | undefined;
  /** Seconds the server asked to wait, not capped. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    reason: ClusterReason,
    message: string,
    details: ErrorDetails & {
      readonly status?: number | undefined;
      readonly apiStatus?: ApiStatus | undefined;
      readonly retryAfterSeconds?: number | undefined;
    } = {},
  ) {
    super(message, details);
    this.reason = reason;
    this.status = details.status;
    this.apiStatus = details.apiStatus;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** The parts of a `metav1.Status` that decide something. Untrusted text. */
export interface ApiStatus {
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly code: number | undefined;
  /** `metadata.continue`: with a 410 on a list, a token to go on with at a newer version. */
  readonly continue: string | undefined;
  /** `details.causes[].field`/`reason` pairs are not kept; `details.name` and `details.kind` are. */
  readonly kind: string | undefined;
  readonly name: string | undefined;
}

/** The user or the caller stopped the work. Exit code 130. */
export class CancelledError extends EvictError {
  constructor(message = 'interrupted', details: ErrorDetails = {}) {
    super(message, { ...details, exitCode: EXIT.interrupted });
  }
}
