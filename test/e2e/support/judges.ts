import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KUBECONFIG } from './cluster.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A setting of the cluster under test, from the file beside its kubeconfig. */
export function clusterSetting(name: string): string | undefined {
  if (KUBECONFIG === undefined) return undefined;
  const file = join(dirname(KUBECONFIG), 'cluster.env');
  if (!existsSync(file)) return undefined;
  const line = new RegExp(`^(?:export )?${name}=['"]?([^'"\\n]*)`, 'm').exec(readFileSync(file, 'utf8'));
  return line?.[1];
}

/** A real kubelet to ask for its verdict; undefined: there is none. */
export const KUBELET: string | undefined = [
  process.env['EVICT_KUBELET'],
  `${clusterSetting('BIN') ?? ''}/kubelet`,
].find(path => path !== undefined && path !== '/kubelet' && existsSync(path));

/** The script that prints the argv which a real systemd runs; undefined: it cannot run here. */
export const SYSTEMD_ARGV: string | undefined = findArgv();

function findArgv(): string | undefined {
  const script = process.env['EVICT_SYSTEMD_ARGV'] ?? resolve(root, '../shared/systemd/argv');
  if (!existsSync(script)) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'evict-argv-'));
  try {
    writeFileSync(join(dir, 'kubelet.service'), '[Service]\nExecStart=/usr/bin/kubelet\n');
    return spawnSync(script, [dir], { encoding: 'utf8' }).status === 0 ? script : undefined;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The argv that systemd runs for the files of a folder as `/etc/systemd/system`, or what it says against them. */
export function systemdArgv(files: Readonly<Record<string, string>>): readonly string[] | { readonly refused: string } {
  const dir = mkdtempSync(join(tmpdir(), 'evict-argv-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(dir, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    const done = spawnSync(SYSTEMD_ARGV ?? '', ['-0', dir], { encoding: 'utf8' });
    return done.status === 0 ? done.stdout.split('\0').slice(0, -1) : { refused: done.stderr };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** What a kubelet says to a configuration when it starts: null: it accepts the thresholds; else its last words. */
export type KubeletVerdict = string | null;

/**
 * Starts the real kubelet with these fields, alone and without a container runtime: it reads the thresholds, then gives up for want
 * of a runtime. What it gives up for is the verdict.
 */
export async function kubeletVerdict(fields: object): Promise<KubeletVerdict> {
  const dir = mkdtempSync(join(tmpdir(), 'evict-kubelet-'));
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    port: 20_999,
    healthzPort: 0,
    failSwapOn: false,
    enforceNodeAllocatable: [],
    cgroupsPerQOS: false,
    ...fields,
  };
  try {
    const file = join(dir, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    const args = [
      `--config=${file}`,
      `--root-dir=${join(dir, 'root')}`,
      `--cert-dir=${join(dir, 'pki')}`,
      '--container-runtime=remote',
      `--container-runtime-endpoint=unix://${join(dir, 'none.sock')}`,
    ];
    const log = await new Promise<string>((done, fail) => {
      execFile(KUBELET ?? '', args, { timeout: 30_000, maxBuffer: 1 << 26 }, (error, _out, err) => {
        if (error !== null && typeof error.code === 'string') fail(error);
        else done(err);
      });
    });
    const last = /^F\d{4} .*?\] (.*)$/m.exec(log)?.[1];
    if (last === undefined) throw new Error(`the kubelet did not end as expected: ${log.slice(-500)}`);
    return last.includes('get remote runtime typed version failed') ? null : last;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
