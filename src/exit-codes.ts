/**
 * The exit codes, a promise to scripts. Nothing else in the program names a number.
 */
export const EXIT = {
  /** Done, or nothing to do; also when some kubelets or rights were missing and `errors[]` says so. */
  ok: 0,
  /** An error, some items failed, a refused cap or risk, "no" at the prompt; with `--exit-code`: state unknown. */
  error: 1,
  /** The command line was wrong; nothing was asked of any cluster. */
  usage: 2,
  /** With `--exit-code`: a finding of severity warning or above. `verify`: a node does not run what the file says. */
  findings: 3,
  /** Interrupted (Ctrl-C, SIGTERM). */
  interrupted: 130,
} as const;

/** One of the codes in {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
