import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDemos } from '../../src/world/demos.ts';
import { simulate } from '../../src/world/simulate.ts';

// How `demo apply` finds the demo in another terminal.

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'evict-demos-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const demos = () => openDemos({ XDG_RUNTIME_DIR: dir });
/** Those below the folder of the test: a demo of whoever runs the tests may be open, too. */
const running = async () => (await demos().running()).filter(file => file.startsWith(dir));
const start = () => simulate({ kind: 'scenario', name: 'healthy' }, 'test');

describe('a demo', () => {
  test('is found while it runs, by its user alone, and not afterwards', async () => {
    const one = await start();
    const announced = await demos().announce(one.kubeconfig);
    const { file } = announced;
    expect(dirname(file ?? '')).toBe(join(dir, 'kubectl-evict'));
    expect(statSync(file ?? '').mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file ?? '')).mode & 0o777).toBe(0o700);
    expect(await running()).toEqual([file]);
    await announced.withdraw();
    expect(await running()).toEqual([]);
    expect(readdirSync(join(dir, 'kubectl-evict'))).toEqual([]);
    await one.close();
  });

  test('two are both found', async () => {
    const all = [await start(), await start()];
    const files = [];
    for (const { kubeconfig } of all) files.push((await demos().announce(kubeconfig)).file);
    expect(new Set(await running())).toEqual(new Set(files));
    for (const one of all) await one.close();
  });

  test('what a killed one left behind is removed', async () => {
    const one = await start();
    const { file } = await demos().announce(one.kubeconfig);
    await one.close();
    expect(await running()).toEqual([]);
    expect(existsSync(file ?? '')).toBe(false);
  });

  test('another server on the port of a killed one is not taken for it', async () => {
    const [one, other] = [await start(), await start()];
    const kubeconfig = one.kubeconfig.replaceAll(one.server, other.server);
    const { file } = await demos().announce(kubeconfig);
    expect(await running()).toEqual([]);
    expect(existsSync(file ?? '')).toBe(false);
    for (const each of [one, other]) await each.close();
  });
});

describe('what somebody else may have put there', () => {
  const folder = () => join(dir, 'kubectl-evict');

  test('a folder that others can enter is not used', async () => {
    mkdirSync(folder());
    chmodSync(folder(), 0o777);
    const one = await start();
    const announced = await demos().announce(one.kubeconfig);
    const { file } = announced;
    expect(file === null || !file.startsWith(dir)).toBe(true);
    expect(readdirSync(folder())).toEqual([]);
    await announced.withdraw();
    await one.close();
  });

  test('nor a symbolic link to a folder', async () => {
    mkdirSync(join(dir, 'elsewhere'), { mode: 0o700 });
    symlinkSync(join(dir, 'elsewhere'), folder());
    const one = await start();
    const announced = await demos().announce(one.kubeconfig);
    expect(readdirSync(join(dir, 'elsewhere'))).toEqual([]);
    await announced.withdraw();
    await one.close();
  });

  test.each<readonly [string, (text: string) => string, number, string]>([
    ['a file that others can read', text => text, 0o644, 'demo-0123456789abcdef.kubeconfig'],
    ['a file of another name', text => text, 0o600, 'mine.kubeconfig'],
    [
      'a server elsewhere',
      text => text.replace(/https:\/\/127\.0\.0\.1:\d+/, 'https://10.0.0.1:6443'),
      0o600,
      'demo-0123456789abcdef.kubeconfig',
    ],
    ['no JSON', () => 'apiVersion: v1', 0o600, 'demo-0123456789abcdef.kubeconfig'],
    ['nothing', () => '', 0o600, 'demo-0123456789abcdef.kubeconfig'],
  ])('%s is passed over, and kept', async (_what, change, mode, name) => {
    const one = await start();
    mkdirSync(folder(), { mode: 0o700 });
    writeFileSync(join(folder(), name), change(one.kubeconfig), { mode });
    expect(await running()).toEqual([]);
    expect(readdirSync(folder())).toEqual([name]);
    await one.close();
  });
});
