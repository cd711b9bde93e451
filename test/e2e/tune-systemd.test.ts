import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WrittenSettings } from '../../src/eviction/settings.ts';
import { patchEnvFile } from '../../src/kubelet/env-patch.ts';
import { EVICTION_FLAGS, flagWords } from '../../src/kubelet/flags.ts';
import { patchUnit } from '../../src/kubelet/unit-patch.ts';
import { map } from '../support/builders.ts';
import { runCommand } from '../support/deps.ts';
import { ENV_FILE, UNIT_FILE } from '../support/kubelet-files.ts';
import { describeIf } from './support/cluster.ts';
import { SYSTEMD_ARGV, systemdArgv } from './support/judges.ts';

const SETTINGS: WrittenSettings = {
  evictionHard: map({
    'memory.available': '100Mi',
    'nodefs.available': '5%',
    'imagefs.available': '7.25%',
    'pid.available': '1k',
  }),
  evictionSoft: map({ 'nodefs.available': '15%' }),
  evictionSoftGracePeriod: map({ 'nodefs.available': '1m30s' }),
};

const WORDS = ((): readonly string[] => {
  const words = flagWords(SETTINGS);
  if (!words.ok) throw new Error(words.error);
  return words.value;
})();

/** The unit that a drop-in without a command belongs to. */
const BASE = '[Service]\nExecStart=/usr/bin/kubelet --base $KUBELET_EXTRA_ARGS\n';

function argvOf(files: Readonly<Record<string, string>>): readonly string[] {
  const argv = systemdArgv(files);
  if ('refused' in argv) throw new Error(`systemd refuses: ${argv.refused}\n${JSON.stringify(files)}`);
  return argv;
}

const isEviction = (word: string): boolean => EVICTION_FLAGS.some(flag => word.startsWith(`--${flag}=`));

/** What systemd runs with the patched file: everything as before, and each flag with the intended value last. */
function check(before: readonly string[], after: readonly string[]): void {
  const rest = (words: readonly string[]): readonly string[] =>
    words.filter(
      word =>
        !EVICTION_FLAGS.some(
          flag =>
            ['eviction-hard', 'eviction-soft', 'eviction-soft-grace-period'].includes(flag) &&
            word.startsWith(`--${flag}=`),
        ),
    );
  expect(rest(after)).toEqual(rest(before));
  for (const word of WORDS) {
    const flag = `${word.split('=', 1)[0]}=`;
    expect(after.filter(isEviction).findLast(w => w.startsWith(flag))).toBe(word);
  }
}

const STORY = readFileSync(new URL('../fixtures/targets/story-10-kubeadm.conf', import.meta.url), 'utf8');
const MISSING = SYSTEMD_ARGV === undefined ? 'no real systemd can be asked (EVICT_SYSTEMD_ARGV)' : null;

describeIf(MISSING, 'a real systemd runs the intended command', () => {
  test('the first story', () => {
    const patched = patchUnit(STORY, SETTINGS);
    if (!patched.ok) throw new Error(patched.error);
    const dropIn = 'kubelet.service.d/10-kubeadm.conf';
    const before = argvOf({ 'kubelet.service': BASE, [dropIn]: STORY });
    const after = argvOf({ 'kubelet.service': BASE, [dropIn]: patched.value.text });
    expect(after).toEqual([...before, ...WORDS]);
  });

  test.each([
    ['10-kubeadm.conf', 'kubelet.service.d/10-kubeadm.conf'],
    ['systemd-dropin', 'kubelet.service.d/20-eviction.conf'],
    ['kubelet-env', 'root/etc/default/kubelet'],
  ])('what tune writes for %s', async (target, place) => {
    const { out, code } = await runCommand([
      'tune',
      '--offline',
      '--nodefs',
      '5%',
      '--soft',
      'nodefs=15%:1m',
      '-q',
      '--to',
      target,
    ]);
    expect(code).toBe(0);
    const unit = '[Service]\nEnvironmentFile=-/etc/default/kubelet\nExecStart=/usr/bin/kubelet $KUBELET_EXTRA_ARGS\n';
    const argv = argvOf({ 'kubelet.service': unit, [place]: out });
    const flags = await runCommand([
      'tune',
      '--offline',
      '--nodefs',
      '5%',
      '--soft',
      'nodefs=15%:1m',
      '-q',
      '--to',
      'flags',
    ]);
    expect(argv.filter(isEviction)).toEqual(flags.out.trim().split(' '));
  });

  test('15 generated units', () => {
    for (const text of fc.sample(UNIT_FILE, { numRuns: 15, seed: 7 })) {
      const patched = patchUnit(text, SETTINGS);
      if (!patched.ok) throw new Error(`${patched.error}\n${text}`);
      const files = (unit: string): Record<string, string> =>
        /ExecStart=/.test(text)
          ? { 'kubelet.service': unit }
          : { 'kubelet.service': BASE, 'kubelet.service.d/20-x.conf': unit };
      check(argvOf(files(text)), argvOf(files(patched.value.text)));
    }
  });

  test('8 generated env files', () => {
    const unit =
      '[Service]\nEnvironmentFile=/etc/default/kubelet\nExecStart=/usr/bin/kubelet $OTHER $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS\n';
    for (const text of fc.sample(ENV_FILE, { numRuns: 8, seed: 11 })) {
      const patched = patchEnvFile(text, SETTINGS);
      if (!patched.ok) throw new Error(`${patched.error}\n${text}`);
      const files = (env: string): Record<string, string> => ({
        'kubelet.service': unit,
        'root/etc/default/kubelet': env,
      });
      check(argvOf(files(text)), argvOf(files(patched.value)));
    }
  });
});

describe('the harness', () => {
  test('knows whether it has a judge', () => {
    expect(MISSING === null).toBe(SYSTEMD_ARGV !== undefined);
  });
});
