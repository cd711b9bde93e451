import { type ChildProcess, spawn } from 'node:child_process';
import { CancelledError, ClusterError } from '../errors.ts';
import type { Access, ExecSpec } from './access.ts';
import type { Environment } from './connection.ts';
import { configError } from './kubeconfig.ts';
import { isWithin } from './measure.ts';
import { readNamedFile } from './named-file.ts';
import { codeOf, own } from './own.ts';

/** What a plugin gave: a token, or a client certificate with its key, or both. Secret. */
export interface ExecCredential {
  readonly token: string | undefined;
  /** PEM. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** Milliseconds since the epoch; null: good until the server refuses it. */
  readonly expiresAt: number | null;
}

/** Everything a plugin's run depends on. */
export interface ExecContext {
  readonly environment: Environment;
  readonly cluster: Access['cluster'];
  readonly proxyUrl: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** For a plugin that cannot ask anybody; one that can may take its time. @default 5 minutes */
  readonly timeoutMs?: number | undefined;
}

const MAX_OUTPUT_BYTES = 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 5 * 60_000;

/**
 * Runs a credential plugin (client.authentication.k8s.io v1 and v1beta1) once. Its output is never part of a message.
 *
 * @throws ClusterError `config` when it cannot be started, `unauthorized` when it fails or answers nonsense, `timeout`; CancelledError.
 */
export async function runExecPlugin(spec: ExecSpec, context: ExecContext): Promise<ExecCredential> {
  const interactive = spec.interactiveMode !== 'Never' && context.environment.stdinIsTTY;
  if (spec.interactiveMode === 'Always' && !interactive) {
    throw configError(
      `the exec plugin ${spec.command} needs a terminal to ask for credentials, and stdin is none`,
      'run it in a terminal once, or use other credentials here',
    );
  }
  const env = {
    ...context.environment.env,
    ...Object.fromEntries(spec.env.map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: JSON.stringify(await execInfo(spec, context, interactive)),
  };
  const output = await collect(spec, env, interactive, context);
  return readCredential(spec, output);
}

async function execInfo(spec: ExecSpec, context: ExecContext, interactive: boolean): Promise<unknown> {
  return {
    kind: 'ExecCredential',
    apiVersion: spec.apiVersion,
    spec: { ...(spec.provideClusterInfo ? { cluster: await clusterInfo(spec, context) } : {}), interactive },
  };
}

async function clusterInfo(spec: ExecSpec, { cluster, proxyUrl }: ExecContext): Promise<unknown> {
  const authority =
    cluster.caData ??
    (cluster.caFile && (await readNamedFile(cluster.caFile, 'certificate authority')).toString('base64'));
  if (!isWithin(spec.clusterConfig, 100, 10_000)) {
    throw configError(
      `the extension client.authentication.k8s.io/exec of cluster "${cluster.name}" is too large for the exec plugin ${spec.command}`,
      'it may hold 10,000 values, 100 levels deep, with every alias written out',
    );
  }
  return {
    server: cluster.server,
    ...(cluster.tlsServerName ? { 'tls-server-name': cluster.tlsServerName } : {}),
    ...(cluster.skipTLSVerify && cluster.server.startsWith('https:') ? { 'insecure-skip-tls-verify': true } : {}),
    ...(authority ? { 'certificate-authority-data': authority } : {}),
    ...(proxyUrl ? { 'proxy-url': proxyUrl } : {}),
    ...(spec.clusterConfig === undefined ? {} : { config: spec.clusterConfig }),
  };
}

function collect(
  spec: ExecSpec,
  env: Record<string, string | undefined>,
  interactive: boolean,
  context: ExecContext,
): Promise<string> {
  const { signal, environment } = context;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new CancelledError());
    // A prompt has no line end, so a plugin that may ask gets the terminal itself.
    const stderr = interactive ? 'inherit' : 'pipe';
    const child = spawn(spec.command, [...spec.args], {
      cwd: environment.cwd,
      env: env as Record<string, string>,
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', stderr],
      windowsHide: true,
    });
    const timeoutMs = context.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timer = interactive
      ? undefined
      : setTimeout(() => {
          stop(
            new ClusterError('timeout', `the exec plugin ${spec.command} did not answer within ${timeoutMs / 1000} s`),
          );
        }, timeoutMs);
    const onAbort = (): void => stop(new CancelledError());
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      act();
    };
    const stop = (error: Error): void => {
      settle(() => reject(error));
      kill(child);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_OUTPUT_BYTES) chunks.push(chunk);
      else stop(failed(spec, 'wrote more than 1 MiB'));
    });
    forwardLines(child, environment);
    child.once('error', error => settle(() => reject(notStarted(spec, error))));
    child.once('close', (code, killedBy) => {
      settle(() => {
        if (code === 0) return resolve(Buffer.concat(chunks).toString('utf8'));
        reject(failed(spec, code === null ? `was ended by ${String(killedBy)}` : `failed with exit code ${code}`));
      });
    });
  });
}

/** Ends the plugin for good, without waiting for children of its own that hold its output open. */
function kill(child: ChildProcess): void {
  child.kill('SIGTERM');
  child.stdout?.destroy();
  child.stderr?.destroy();
  const last = setTimeout(() => child.kill('SIGKILL'), 2000);
  last.unref();
  child.once('exit', () => clearTimeout(last));
  child.unref();
}

/** At most 64 KiB of what a plugin complains, line by line. */
function forwardLines(child: ChildProcess, environment: Environment): void {
  let rest = '';
  let left = 64 * 1024;
  const stream = child.stderr;
  stream?.setEncoding('utf8');
  stream?.on('data', (text: string) => {
    rest += text.slice(0, Math.max(0, left));
    left -= text.length;
    const lines = rest.split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) environment.warn(line);
  });
  stream?.once('end', () => {
    if (rest !== '') environment.warn(rest);
  });
}

function readCredential(spec: ExecSpec, output: string): ExecCredential {
  let answer: unknown;
  try {
    answer = JSON.parse(output);
  } catch {
    throw failed(spec, 'did not answer with JSON');
  }
  if (own(answer, 'kind') !== 'ExecCredential') throw failed(spec, 'did not answer with an ExecCredential');
  if (own(answer, 'apiVersion') !== spec.apiVersion) {
    throw failed(spec, `answered with another apiVersion than ${spec.apiVersion}`);
  }
  const status = own(answer, 'status');
  const text = (key: string): string | undefined => {
    const value = own(status, key);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const token = text('token')?.trim();
  const certificate = text('clientCertificateData');
  const key = text('clientKeyData');
  if ((certificate === undefined) !== (key === undefined)) {
    throw failed(spec, 'gave a client certificate without key, or a key without certificate');
  }
  if (token === undefined && certificate === undefined) throw failed(spec, 'gave neither token nor client certificate');
  return { token, certificate, key, expiresAt: readExpiry(spec, text('expirationTimestamp')) };
}

function readExpiry(spec: ExecSpec, text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw failed(spec, 'gave an expirationTimestamp that is no time');
  return time;
}

function notStarted(spec: ExecSpec, error: unknown): ClusterError {
  const code = codeOf(error);
  if (code !== 'ENOENT') {
    return configError(
      `the exec plugin ${spec.command} cannot be run: ${code || 'unknown error'}`,
      'check its permissions',
    );
  }
  const hint = spec.installHint?.trim() || 'install it, or put its folder into PATH';
  return configError(`the exec plugin ${spec.command} named in the kubeconfig was not found`, hint);
}

function failed(spec: ExecSpec, why: string): ClusterError {
  return new ClusterError('unauthorized', `cannot get credentials: the exec plugin ${spec.command} ${why}`, {
    hint: "log in again with your provider's tool, or run the plugin by hand to see what it says",
  });
}
