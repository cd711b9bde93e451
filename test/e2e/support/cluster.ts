import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

/** What a program printed, and how it ended. */
export interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The administrator's kubeconfig of the cluster under test; undefined: there is none. */
export const KUBECONFIG = process.env['EVICT_E2E_KUBECONFIG'] || undefined;

/** A folder with `evict-real` and `kubelet`, which make a real kubelet evict; undefined: there is none. */
export const SCENARIOS = process.env['EVICT_E2E_SCENARIOS'] || undefined;

/** The kubeconfig beside the administrator's of a user who may only list nodes and pods. */
export const VIEWER = KUBECONFIG === undefined ? undefined : join(dirname(KUBECONFIG), 'viewer.kubeconfig');

/** The folder with the program under test: `dist/bin`, or that of an executable. */
export const PROGRAM_DIR = process.env['EVICT_PROGRAM_DIR'] || join(root, 'dist', 'bin');

/** A clean environment: the built plugin first on PATH, nothing of the user's. */
export function cleanEnv(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: [PROGRAM_DIR, process.env['PATH'] ?? ''].join(delimiter),
    HOME: '/nonexistent',
    LANG: 'C.UTF-8',
    ...(KUBECONFIG === undefined ? {} : { KUBECONFIG }),
    ...more,
  };
}

/** Runs a program to its end. */
export function call(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = cleanEnv(),
): Done {
  const done = spawnSync(program, [...args], {
    env: { ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 170_000,
  });
  if (done.error) throw done.error;
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** `kubectl evict ARGS`, as a user types it. */
export function evict(args: readonly string[], env: Readonly<Record<string, string>> = {}): Done {
  return call('kubectl', ['evict', ...args], cleanEnv(env));
}

/** `kubectl ARGS`, which must work. */
export function kubectl(...args: readonly string[]): string {
  const done = call('kubectl', args);
  if (done.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${done.err}`);
  return done.out;
}

/** Runs one of the scenario scripts; it must work. */
export function scenario(name: string, ...args: readonly string[]): void {
  if (SCENARIOS === undefined || KUBECONFIG === undefined) throw new Error('no scenarios here');
  const done = call(join(SCENARIOS, name), args, {
    ...process.env,
    EVICT_CLUSTER_DIR: dirname(KUBECONFIG),
  } as Record<string, string>);
  if (done.code !== 0) throw new Error(`${name} ${args.join(' ')}: ${done.out}${done.err}`);
}

/**
 * Ends whatever the scenarios did to the node. On a busy machine the kubelet's restart and the end of the pressure take longer
 * than the script waits, so it gets three attempts; each starts anew.
 */
export function restore(): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      scenario('evict-real', '--restore');
      return;
    } catch (error) {
      if (attempt === 3) throw error;
      process.stderr.write(`evict-real --restore, attempt ${attempt}: ${String(error)}\n`);
    }
  }
}

/** Starts the plugin and leaves it running. */
export function startEvict(args: readonly string[]): ChildProcess {
  return spawn('kubectl', ['evict', ...args], { env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Why tests that need `what` cannot run here; null: they can. */
export function missing(
  ...what: readonly ('cluster' | 'scenarios' | 'kubectl' | 'viewer' | 'kubelet' | 'static')[]
): string | null {
  // Pods made by hand stay only where no controller removes those of unknown nodes; such a cluster has no kubelet.
  const isStatic = process.env['EVICT_E2E_STATIC'] === '1';
  if (what.includes('static') && !isStatic) return 'EVICT_E2E_STATIC does not say that hand-made pods stay there';
  if (what.includes('kubelet') && isStatic) return 'EVICT_E2E_STATIC says that there is no kubelet';
  if (what.includes('cluster') && KUBECONFIG === undefined) return 'EVICT_E2E_KUBECONFIG names no real cluster';
  if (what.includes('scenarios') && SCENARIOS === undefined) return 'EVICT_E2E_SCENARIOS names no scenario scripts';
  if (what.includes('viewer') && (VIEWER === undefined || !isReadable(VIEWER))) return 'no viewer.kubeconfig';
  if (what.includes('kubectl') && spawnSync('kubectl', ['version', '--client']).error) return 'no kubectl on PATH';
  return null;
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** A group of tests, or one skipped test that tells the reason. */
export function describeIf(reason: string | null, name: string, body: () => void): void {
  if (reason === null) {
    describe(name, body);
    return;
  }
  process.stderr.write(`SKIPPED: ${name}: ${reason}\n`);
  describe(name, () => {
    test.skip(`skipped: ${reason}`, () => {});
  });
}
