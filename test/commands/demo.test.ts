import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SimulatedCluster } from '../../src/deps.ts';
import { simulate } from '../../src/world/simulate.ts';
import { runCommand } from '../support/deps.ts';

let dir = '';
let story: SimulatedCluster;
let kubeconfig = '';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'evict-demo-'));
  story = await simulate({ kind: 'scenario', name: 'story' }, 'test');
  kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, story.kubeconfig);
});
afterAll(async () => {
  await story.close();
  rmSync(dir, { recursive: true });
});

const onStory = (...argv: readonly string[]) => runCommand([...argv, '--kubeconfig', kubeconfig]);

describe('the story', () => {
  test('status tells it: which signal, which threshold, the loop, the wiped thresholds', async () => {
    const { code, out, err } = await onStory('status');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^node-3 +DiskPressure +nodefs\.available +448Mi \(7\.5%\) +<10% +-146Mi +BREACHED/m);
    for (const code of ['breached', 'threshold-wiped', 'no-min-reclaim']) expect(out).toContain(`${code}: `);
    expect(out).toMatch(/hot-loop: .*portal/);
  });

  test('status -o json has the threshold to the byte', async () => {
    const { out } = await onStory('status', '-ojson');
    const { items } = JSON.parse(out) as { items: { signals: { signal: string; hard: { amount: number } }[] }[] };
    expect(items[0]?.signals.find(s => s.signal === 'nodefs.available')?.hard.amount).toBe(622_770_267);
  });
});

test('only who has the kubeconfig may read a simulated cluster', async () => {
  const token = /"token": "([^"]+)"/.exec(story.kubeconfig)?.[1] ?? '';
  expect(token.length).toBeGreaterThanOrEqual(32);
  const another = await simulate({ kind: 'scenario', name: 'healthy' }, 'test');
  expect(another.kubeconfig).not.toContain(token);
  await another.close();
  const { code, err } = await runCommand([
    'status',
    '-s',
    story.server,
    '--insecure-skip-tls-verify',
    '--token',
    'token-of-admin',
  ]);
  expect(code).toBe(1);
  expect(err).toContain('does not accept the credentials');
});

describe('demo', () => {
  const ended = () => {
    const controller = new AbortController();
    return {
      controller,
      run: (...argv: readonly string[]) =>
        runCommand(['demo', ...argv], { signal: controller.signal, env: { KUBECONFIG: '/nonexistent/never-read' } }),
    };
  };

  test('says SIMULATED, shows the status, serves until Ctrl-C', async () => {
    const { controller, run } = ended();
    const running = run();
    controller.abort();
    const { code, err } = await running;
    expect(code).toBe(130);
    expect(err).toMatch(/^SIMULATED cluster at https:\/\/127\.0\.0\.1:\d+: /);
  });

  test('--serve prints a kubeconfig and nothing else on stdout', async () => {
    const { controller, run } = ended();
    const running = run('--serve', '--scenario', 'healthy');
    controller.abort();
    const { out } = await running;
    expect(JSON.parse(out)).toMatchObject({ apiVersion: 'v1', kind: 'Config' });
  });

  test.each([
    [['--from', '/nonexistent/file'], 1, /cannot read \/nonexistent\/file: no such file/],
    [['--scenario', 'nope'], 2, /expected story, tombstones, healthy, mixed/],
    [['--from', 'a', '--scenario', 'story'], 2, /exclude each other/],
  ] as const)('%j', async (argv, code, message) => {
    const ran = await ended().run(...argv);
    expect(ran.code).toBe(code);
    expect(ran.err).toMatch(message);
  });

  test.each([
    ['not JSON', 'hello', /is not JSON/],
    ['another kind', '{"kind":"NodeStatusList"}', /its kind is not Snapshot/],
    ['no time', '{"kind":"Snapshot","metadata":{}}', /when it was taken/],
    ['no lists', '{"kind":"Snapshot","metadata":{"takenAt":"2026-11-23T00:00:00Z"},"nodes":{}}', /nodes is not a list/],
    [
      'a nameless node',
      '{"kind":"Snapshot","metadata":{"takenAt":"2026-11-23T00:00:00Z"},"nodes":[{}],"leases":[],"pods":[],"events":[]}',
      /without a name/,
    ],
  ])('what is no snapshot: %s', async (_what, text, message) => {
    const file = join(dir, 'none.json');
    writeFileSync(file, text);
    const ran = await ended().run('--from', file);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toMatch(message);
  });
});

describe('snapshot', () => {
  test('keeps what status shows: the same rows from the file as from the cluster', async () => {
    const file = join(dir, 'night.json');
    const made = await onStory('snapshot', '-o', file);
    expect(made).toMatchObject({ code: 0, out: `${file}\n` });
    expect(made.err).toMatch(/^kept: nodes 3, kubelets 1, evicted pods \d+, events \d+\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const kept = await simulate({ kind: 'snapshot', snapshot: JSON.parse(readFileSync(file, 'utf8')) }, 'test');
    try {
      writeFileSync(join(dir, 'kept'), kept.kubeconfig);
      const rows = async (config: string) => {
        const { out } = await runCommand(['status', '--no-headers', '--kubeconfig', config]);
        // The number of evicted pods and the age grow while the story goes on.
        return out.replace(/BREACHED.*/, 'BREACHED');
      };
      expect(await rows(join(dir, 'kept'))).toBe(await rows(kubeconfig));
      const { out, err } = await runCommand(['status', '--kubeconfig', join(dir, 'kept')]);
      expect(err).toBe('');
      expect(out).not.toContain('stale');
    } finally {
      await kept.close();
    }
  });

  test('a month later it still shows the night it was taken', async () => {
    const { out: text } = await onStory('snapshot', '-o', '-');
    const snapshot = JSON.parse(text) as { metadata: { takenAt: string } };
    const kept = await simulate({ kind: 'snapshot', snapshot }, 'test');
    try {
      writeFileSync(join(dir, 'kept'), kept.kubeconfig);
      const later = Date.parse(snapshot.metadata.takenAt) + 30 * 86_400_000;
      const { out } = await runCommand(['status', '--kubeconfig', join(dir, 'kept')], { now: later });
      expect(out).toMatch(/^node-3 +DiskPressure .* BREACHED +\d+ +9d$/m);
    } finally {
      await kept.close();
    }
  });

  test('of a file that could not be written nothing is left behind', async () => {
    const { realFiles } = await import('../../src/world/files.ts');
    await expect(realFiles.create(join(dir, 'x'.repeat(300)), 'text')).rejects.toThrow(/cannot write/);
    await expect(realFiles.create(join(dir, 'kubeconfig'), 'text')).rejects.toThrow(/exists already/);
    expect(readdirSync(dir).filter(name => name.startsWith('.'))).toEqual([]);
  });

  test('the errors in the file name neither addresses nor users', async () => {
    const { out } = await onStory('snapshot', '-o', '-', '--kubelet-timeout', '1ms', '--all');
    const { errors } = JSON.parse(out) as { errors: object[] };
    for (const error of errors) expect(Object.keys(error)).toEqual(['what', 'node', 'reason']);
  });

  test('an existing file stays as it is', async () => {
    const file = join(dir, 'mine.txt');
    writeFileSync(file, 'mine');
    const { code, err } = await onStory('snapshot', '-o', file);
    expect(code).toBe(1);
    expect(err).toBe(
      `error: cannot write ${file}: it exists already\n  try: choose another name: an existing file is never overwritten\n`,
    );
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('-o - is stdout', async () => {
    const { out } = await onStory('snapshot', '-o', '-', '--all');
    const document = JSON.parse(out) as { kind: string; kubelets: Record<string, unknown>; errors: unknown[] };
    expect(document.kind).toBe('Snapshot');
    expect(Object.keys(document.kubelets).toSorted()).toEqual(['node-1', 'node-2', 'node-3']);
    expect(document.errors).toEqual([]);
  });

  test('a folder that is not there', async () => {
    const { code, err } = await onStory('snapshot', '-o', join(dir, 'no', 'such', 'file'));
    expect(code).toBe(1);
    expect(err).toContain('no such file or folder');
  });
});
