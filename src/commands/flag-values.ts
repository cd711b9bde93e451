import type { ConnectionFlags } from '../cluster/connection.ts';
import { UsageError } from '../errors.ts';
import { parseDuration } from '../eviction/duration.ts';
import type { ParsedArgs } from './command.ts';

/** How many kubelets are asked at a time, and how long each may take. */
export interface KubeletPace {
  readonly concurrency: number;
  readonly kubeletTimeoutMs: number;
}

/** Reads the flags of {@link KubeletPace}. @throws UsageError */
export function kubeletPace(args: ParsedArgs): KubeletPace {
  const limits = { least: 1, most: 600_000, seconds: true };
  return {
    concurrency: integer('concurrency', args.value('concurrency') ?? '64', 1, 256),
    kubeletTimeoutMs: milliseconds('kubelet-timeout', args.value('kubelet-timeout') ?? '5s', limits),
  };
}

/** How to reach the cluster, how to speak to it, and where. */
export interface ConnectionOptions {
  readonly flags: ConnectionFlags;
  readonly chunkSize: number;
  readonly verbosity: number;
}

/** Reads the connection flags. @throws UsageError */
export function connectionOptions(args: ParsedArgs): ConnectionOptions {
  if (args.flag('all-namespaces') && args.value('namespace') !== undefined) {
    throw new UsageError('--all-namespaces and --namespace exclude each other', { hint: 'give -A or -n, not both' });
  }
  const timeout = args.value('request-timeout');
  return {
    flags: {
      kubeconfig: args.value('kubeconfig'),
      context: args.value('context'),
      cluster: args.value('cluster'),
      user: args.value('user'),
      namespace: args.value('namespace'),
      server: args.value('server'),
      as: args.value('as'),
      asGroup: args.values('as-group'),
      asUid: args.value('as-uid'),
      token: args.value('token'),
      certificateAuthority: args.value('certificate-authority'),
      clientCertificate: args.value('client-certificate'),
      clientKey: args.value('client-key'),
      // Absent must stay absent: only then does the kubeconfig's own value count.
      insecureSkipTlsVerify:
        args.value('insecure-skip-tls-verify') === undefined ? undefined : args.flag('insecure-skip-tls-verify'),
      tlsServerName: args.value('tls-server-name'),
      requestTimeoutMs: timeout === undefined ? undefined : milliseconds('request-timeout', timeout, { seconds: true }),
    },
    chunkSize: integer('chunk-size', args.value('chunk-size') ?? '500', 0, 1_000_000),
    verbosity: integer('v', args.value('v') ?? '0', 0, 10),
  };
}

/** `--color`. */
export function colorOf(args: ParsedArgs): 'auto' | 'always' | 'never' {
  const value = args.value('color');
  return value === 'always' || value === 'never' ? value : 'auto';
}

/** The connection flags as they would be typed again. A token is left out: it is nobody's business on a screen. */
export function spokenFlags(flags: ConnectionFlags): readonly string[] {
  const texts: readonly (readonly [string, string | undefined])[] = [
    ['kubeconfig', flags.kubeconfig],
    ['context', flags.context],
    ['cluster', flags.cluster],
    ['user', flags.user],
    ['server', flags.server],
    ['as', flags.as],
    ...(flags.asGroup ?? []).map(group => ['as-group', group] as const),
    ['as-uid', flags.asUid],
    ['certificate-authority', flags.certificateAuthority],
    ['client-certificate', flags.clientCertificate],
    ['client-key', flags.clientKey],
    ['tls-server-name', flags.tlsServerName],
  ];
  const spoken = texts.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  return flags.insecureSkipTlsVerify === true ? [...spoken, '--insecure-skip-tls-verify'] : spoken;
}

/** A whole number within bounds. @throws UsageError */
export function integer(name: string, text: string, least: number, most: number): number {
  const value = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalid(name, text, `a whole number from ${least} to ${most}`);
}

/** A percentage: a number from 0 to 100, with or without the sign. @throws UsageError */
export function percent(name: string, text: string): number {
  const digits = text.endsWith('%') ? text.slice(0, -1) : text;
  const value = /^\d{1,3}(\.\d{1,6})?$/.test(digits) ? Number(digits) : Number.NaN;
  if (value >= 0 && value <= 100) return value;
  throw invalid(name, text, 'a percentage from 0 to 100');
}

/**
 * A Go duration that is not negative, in milliseconds; with `seconds` a bare number is seconds, as kubectl reads timeouts.
 * @throws UsageError
 */
export function milliseconds(
  name: string,
  text: string,
  limits: { readonly least?: number; readonly most?: number; readonly seconds?: boolean } = {},
): number {
  const most = limits.most ?? 2_000_000_000;
  const least = limits.least ?? 0;
  const parsed = parseDuration(limits.seconds && /^\d{1,7}$/.test(text) ? `${text}s` : text);
  const value = parsed.ok ? Number(parsed.value.ns / 1_000_000n) : Number.NaN;
  if (value >= least && value <= most) return value;
  const bounds = least > 0 ? `, at least ${least / 1000}s` : '';
  throw invalid(name, text, `a duration such as 10s, 1m30s or 2h${bounds}`);
}

function invalid(name: string, text: string, expected: string): UsageError {
  const flag = name.length === 1 ? `-${name}` : `--${name}`;
  return new UsageError(`invalid value ${JSON.stringify(text.slice(0, 100))} for ${flag}: expected ${expected}`);
}
