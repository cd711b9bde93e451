import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { WrittenSettings } from '../../src/eviction/settings.ts';
import { isEnvFile, readEnvFile } from '../../src/kubelet/env-file.ts';
import { patchEnvFile, settingsOfEnvFile } from '../../src/kubelet/env-patch.ts';
import { commandWords, isUnit, readService } from '../../src/kubelet/unit.ts';
import { patchUnit, settingsOfUnit } from '../../src/kubelet/unit-patch.ts';
import { map } from '../support/builders.ts';

const HARD: WrittenSettings = { evictionHard: map({ 'memory.available': '100Mi', 'nodefs.available': '5%' }) };
const FLAG = '--eviction-hard=memory.available<100Mi,nodefs.available<5%';
const UNIT_FLAG = FLAG.replace('%', '%%');

const STORY = readFileSync(new URL('../fixtures/targets/story-10-kubeadm.conf', import.meta.url), 'utf8');

function patch(text: string, settings = HARD): string {
  const result = patchUnit(text, settings);
  if (!result.ok) throw new Error(result.error);
  const again = patchUnit(result.value.text, settings);
  expect(again.ok && again.value.text).toBe(result.value.text);
  return result.value.text;
}

const argv = (text: string): readonly string[] | undefined => commandWords(readService(text))?.map(word => word.text);

describe('the first story', () => {
  const patched = patch(STORY);

  test('every line stays, one variable and one reference are added', () => {
    const added = `Environment="KUBELET_EVICTION_ARGS=${UNIT_FLAG}"`;
    const lines = patched.split('\n');
    expect(lines.filter(line => line !== added)).toEqual(
      STORY.split('\n').map(line => (line.startsWith('ExecStart=/') ? `${line} $KUBELET_EVICTION_ARGS` : line)),
    );
    expect(lines.filter(line => line === added)).toHaveLength(1);
  });

  test('the kubelet gets the flag with single percent signs', () => {
    expect(argv(patched)).toEqual([...(argv(STORY) ?? []), FLAG]);
    expect(settingsOfUnit(patched)).toEqual({ ok: true, value: HARD });
  });
});

describe('an eviction flag is replaced where it stands', () => {
  test.each([
    [
      'in ExecStart',
      '[Service]\nExecStart=/usr/bin/kubelet --a --eviction-hard=nodefs.available<10%% --b\n',
      `[Service]\nExecStart=/usr/bin/kubelet --a ${UNIT_FLAG} --b\n`,
    ],
    [
      'as two words',
      '[Service]\nExecStart=/usr/bin/kubelet --eviction-hard nodefs.available<10%%\n',
      `[Service]\nExecStart=/usr/bin/kubelet ${UNIT_FLAG.replace('=', ' ')}\n`,
    ],
    [
      'on a continued line',
      '[Service]\nExecStart=/usr/bin/kubelet \\\n # no\n --eviction-hard=pid.available<1 \\\n --z\n',
      `[Service]\nExecStart=/usr/bin/kubelet \\\n # no\n ${UNIT_FLAG} \\\n --z\n`,
    ],
    [
      'in a variable',
      '[Service]\nEnvironment="A=--x --eviction-hard= --y" B=1\nExecStart=/usr/bin/kubelet $A\n',
      `[Service]\nEnvironment="A=--x ${UNIT_FLAG} --y" B=1\nExecStart=/usr/bin/kubelet $A\n`,
    ],
    [
      'within quotes of its own',
      '[Service]\nEnvironment="A=\'--eviction-hard=pid.available<1\' --y"\nExecStart=/usr/bin/kubelet $A\n',
      `[Service]\nEnvironment="A='${UNIT_FLAG}' --y"\nExecStart=/usr/bin/kubelet $A\n`,
    ],
    [
      'the last of two',
      '[Service]\nExecStart=/usr/bin/kubelet --eviction-hard=nodefs.available<9%% --eviction-hard=nodefs.available<8%%\n',
      `[Service]\nExecStart=/usr/bin/kubelet --eviction-hard=nodefs.available<9%% ${UNIT_FLAG}\n`,
    ],
    [
      'in the variable in effect, not the one that was reset',
      '[Service]\nEnvironment="A=--eviction-hard=pid.available<1"\nEnvironment=\nEnvironment="A=--eviction-hard=pid.available<2"\nExecStart=/usr/bin/kubelet $A\n',
      `[Service]\nEnvironment="A=--eviction-hard=pid.available<1"\nEnvironment=\nEnvironment="A=${UNIT_FLAG}"\nExecStart=/usr/bin/kubelet $A\n`,
    ],
    [
      'a lone percent sign, as people write it',
      '[Service]\nExecStart=/usr/bin/kubelet --eviction-hard=nodefs.available<10%\n',
      `[Service]\nExecStart=/usr/bin/kubelet ${UNIT_FLAG}\n`,
    ],
  ])('%s', (_, before, after) => {
    expect(patch(before)).toBe(after);
  });
});

describe('a new variable', () => {
  test.each([
    [
      'behind the last one',
      '[Service]\nEnvironment=A=1\nExecStart=/usr/bin/kubelet $A\n',
      `[Service]\nEnvironment=A=1\nEnvironment="KUBELET_EVICTION_ARGS=${UNIT_FLAG}"\nExecStart=/usr/bin/kubelet $A $KUBELET_EVICTION_ARGS\n`,
    ],
    [
      'in front of a reset ExecStart',
      '[Service]\nExecStart=\nExecStart=/usr/bin/kubelet',
      `[Service]\nEnvironment="KUBELET_EVICTION_ARGS=${UNIT_FLAG}"\nExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_EVICTION_ARGS`,
    ],
    [
      'in the file’s line breaks',
      '[Service]\r\nExecStart=/usr/bin/kubelet\r\n',
      `[Service]\r\nEnvironment="KUBELET_EVICTION_ARGS=${UNIT_FLAG}"\r\nExecStart=/usr/bin/kubelet $KUBELET_EVICTION_ARGS\r\n`,
    ],
    [
      'within the user’s own, without ExecStart',
      '[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--x"\n',
      `[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--x ${UNIT_FLAG}"\n`,
    ],
    [
      'with the quotes it needs',
      '[Service]\nEnvironment=KUBELET_EXTRA_ARGS=--x\n',
      `[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--x ${UNIT_FLAG}"\n`,
    ],
    [
      'in a file without the section',
      '[Unit]\nDescription=x\n',
      `[Unit]\nDescription=x\n[Service]\nEnvironment="KUBELET_EXTRA_ARGS=${UNIT_FLAG}"\n`,
    ],
  ])('%s', (_, before, after) => {
    expect(patch(before)).toBe(after);
  });

  test('is told to be without effect where nothing refers to it', () => {
    const result = patchUnit(
      '[Service]\nEnvironmentFile=-/etc/default/kubelet\nEnvironment=KUBELET_EXTRA_ARGS=\n',
      HARD,
    );
    expect(result.ok && result.value.notes).toEqual([
      expect.stringContaining('no ExecStart='),
      expect.stringContaining('EnvironmentFile='),
    ]);
  });
});

describe('refused with the reason', () => {
  test.each([
    ['a shell', '[Service]\nExecStart=/bin/sh -c "exec kubelet --x"\n', /does not run the kubelet/],
    ['an open quote', '[Service]\nEnvironment="A=1\nExecStart=/usr/bin/kubelet\n', /quote/],
    ['an open quote in ExecStart', '[Service]\nExecStart=/usr/bin/kubelet "--x\n', /quote/],
    [
      'a value put together',
      `[Service]\nEnvironment=V=pid.available<1\nExecStart=/usr/bin/kubelet --eviction-hard=\${V}\n`,
      /safely/,
    ],
  ])('%s', (_, text, reason) => {
    const result = patchUnit(text, HARD);
    expect(result.ok ? result.value.text : result.error).toMatch(reason);
  });
});

describe('words as systemd reads them', () => {
  test.each<readonly [string, readonly string[] | undefined]>([
    ['[Service]\nExecStart=/k/kubelet --a="b c" \'d e\' f\\x20g\n', ['/k/kubelet', '--a=b c', 'd e', 'f g']],
    [
      `[Service]\nEnvironment="A=1 2" B=3\nExecStart=/k/kubelet $A \${A} x\${B}y $$ $C \${C}\n`,
      ['/k/kubelet', '1', '2', '1 2', 'x3y', '$', ''],
    ],
    ['[Service]\nExecStart=/k/kubelet a\\\n   b\\\n;c\n d\n', ['/k/kubelet', 'a', 'b', 'd']],
    ['[Other]\nExecStart=/x\n[Service]\nExecStart=/k/kubelet\nExecStart=\n', undefined],
  ])('%j', (text, expected) => {
    expect(argv(text)).toEqual(expected);
  });

  test.each([
    ['[Service]', true],
    ['# c\n\n; d\n[Unit]\nX=1\n', true],
    ['A=1\n', false],
    ['a: 1\n[Service]\n', false],
    ['', false],
  ])('%j is a unit: %s', (text, expected) => {
    expect(isUnit(text)).toBe(expected);
  });
});

describe('env files', () => {
  test.each([
    ['a new variable', 'A=1', `A=1\nKUBELET_EXTRA_ARGS=${FLAG}\n`],
    ['in an empty one', 'KUBELET_EXTRA_ARGS=\n', `KUBELET_EXTRA_ARGS=${FLAG}\n`],
    ['within double quotes', 'KUBELET_EXTRA_ARGS="--a"\n', `KUBELET_EXTRA_ARGS="--a ${FLAG}"\n`],
    ['within single quotes', "KUBELET_EXTRA_ARGS='--a'\n", `KUBELET_EXTRA_ARGS='--a ${FLAG}'\n`],
    ['unquoted', 'KUBELET_EXTRA_ARGS=--a  \n# x\n', `KUBELET_EXTRA_ARGS=--a ${FLAG}  \n# x\n`],
    ['over two lines', 'KUBELET_EXTRA_ARGS=--a \\\n --b\n', `KUBELET_EXTRA_ARGS=--a \\\n --b ${FLAG}\n`],
    ['where the flag stands', 'X="--a --eviction-hard=nodefs.available<9% --b"\nY=1\n', `X="--a ${FLAG} --b"\nY=1\n`],
    [
      'in the last of two',
      'KUBELET_EXTRA_ARGS=--a\nKUBELET_EXTRA_ARGS=--b\n',
      `KUBELET_EXTRA_ARGS=--a\nKUBELET_EXTRA_ARGS=--b ${FLAG}\n`,
    ],
    ['CRLF', 'KUBELET_EXTRA_ARGS=--a\r\nB=1\r\n', `KUBELET_EXTRA_ARGS=--a ${FLAG}\r\nB=1\r\n`],
  ])('%s', (_, before, after) => {
    const result = patchEnvFile(before, HARD);
    expect(result).toEqual({ ok: true, value: after });
    expect(patchEnvFile(after, HARD)).toEqual(result);
    expect(settingsOfEnvFile(after)).toEqual({ ok: true, value: HARD });
  });

  test.each([['A="b c"  \nB=\'d"e\'f\nC= g h  \nD="a\\"b\\nc"\n', { A: 'b c', B: 'd"ef', C: 'g h', D: 'a"b\\nc' }]])(
    '%j',
    (text, expected) => {
      expect(Object.fromEntries(readEnvFile(text).map(e => [e.name, e.value.text]))).toEqual(expected);
    },
  );

  test.each([
    ['# c\nA=1\n', true],
    ['A=1 \\\n 2\n', true],
    ['# c\n', false],
    ['A=1\n- b\n', false],
    ['a: b=c\n', false],
  ])('%j is one: %s', (text, expected) => {
    expect(isEnvFile(text)).toBe(expected);
  });
});
