import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { call, cleanEnv, describeIf } from './support/cluster.ts';

// Writes that fail or are cut: at every moment the file is the old one or the new one, whole.

const OLD = `# ${'x'.repeat(3000)}\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n`;
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'evict-write-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const mayMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

/** Runs a script in a mount namespace of its own, with `$D` on a small tmpfs that holds the file. */
function onSmallDisk(script: string): { readonly code: number | null; readonly out: string; readonly err: string } {
  writeFileSync(join(dir, 'old.yaml'), OLD);
  const setUp = `set -eu; O=${dir}/old.yaml; mount -t tmpfs -o size=16k tmpfs /mnt; D=/mnt/d; mkdir $D; cp $O $D/config.yaml;`;
  return call('unshare', ['-m', 'bash', '-c', `${setUp} ${script}`], cleanEnv());
}

const TUNE = 'kubectl evict tune -f $D/config.yaml --nodefs 5% -q --write';

describeIf(mayMount ? null : 'mounting needs root', 'a file system that refuses', () => {
  test('a full disk', () => {
    const { out, err, code } = onSmallDisk(
      `head -c 100000 /dev/zero > $D/filler || true; ${TUNE} || echo "code $?"; cmp $O $D/config.yaml && echo intact; ls -A $D`,
    );
    expect(code).toBe(0);
    expect(err).toMatch(/cannot write \/mnt\/d\/config\.yaml: the disk is full/);
    expect(out).toBe('code 1\nintact\nconfig.yaml\nfiller\n');
  });

  test('a read-only one', () => {
    const { out, err } = onSmallDisk(
      `mount -o remount,ro /mnt; ${TUNE} || echo "code $?"; cmp $O $D/config.yaml && echo intact; ls -A $D`,
    );
    expect(err).toMatch(/cannot write \/mnt\/d\/config\.yaml: the file system is read-only/);
    expect(out).toBe('code 1\nintact\nconfig.yaml\n');
  });
});

describeIf(null, 'a program that is killed', () => {
  test('in whatever moment, leaves the old file or the new one', async () => {
    const file = join(dir, 'config.yaml');
    writeFileSync(file, OLD);
    expect(call('kubectl-evict', ['tune', '-f', file, '--nodefs', '5%', '-q', '--write'], cleanEnv()).code).toBe(0);
    const whole = readFileSync(file, 'utf8');
    expect(whole.startsWith(OLD)).toBe(true);
    const ends = new Set<string>();
    for (let i = 0; i < 25; i += 1) {
      rmSync(dir, { recursive: true });
      dir = mkdtempSync(join(tmpdir(), 'evict-write-'));
      const path = join(dir, 'config.yaml');
      writeFileSync(path, OLD);
      const child = spawn('kubectl-evict', ['tune', '-f', path, '--nodefs', '5%', '-q', '--write'], {
        env: cleanEnv(),
        stdio: 'ignore',
      });
      // From before it starts to write until after it has ended.
      const timer = setTimeout(() => child.kill('SIGKILL'), 60 + i * 12);
      await new Promise(done => child.once('close', done));
      clearTimeout(timer);
      const left = readFileSync(path, 'utf8');
      expect([OLD, whole]).toContain(left);
      ends.add(left === OLD ? 'old' : 'new');
      if (left === whole) expect(readdirSync(dir)).toContain('config.yaml.bak');
    }
    expect(ends.has('new')).toBe(true);
  });
});
