import { describe, expect, test } from 'vitest';
import { mixed } from '../../src/simulator/scenarios/mixed.ts';
import { story } from '../../src/simulator/scenarios/story.ts';
import { runCommand } from '../support/deps.ts';
import { openSimulated } from '../support/simulated.ts';

describe('status -w', () => {
  test('tells when a disk that fills will reach its threshold, once it has seen enough', async () => {
    const simulated = await openSimulated(mixed);
    const stop = new AbortController();
    let looks = 0;
    const { code, out } = await runCommand(
      [
        'status',
        'kubeadm-filling',
        '-w',
        '--no-headers',
        '--kubeconfig',
        simulated.kubeconfig,
        '--kubelet-timeout=300ms',
      ],
      {
        signal: stop.signal,
        onSleep: () => {
          looks += 1;
          if (looks === 10) stop.abort();
          else simulated.advance(20_000);
        },
      },
    );
    await simulated.close();
    expect(code).toBe(130);
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    // Five samples are too few; the sixth is there 100 s in.
    expect(lines.slice(0, 5).every(line => line.endsWith('   -'))).toBe(true);
    // 273 s until 9 Gi of 60 are left; 180 s have passed.
    const told = /~(\d+)s \((?:\d+-)?\d+s\)$|~(\d+)s$|~(\d)m/.exec(lines.at(-1) ?? '');
    expect(told, lines.at(-1)).not.toBeNull();
    const seconds = Number(told?.[1] ?? told?.[2] ?? Number(told?.[3]) * 60);
    expect(seconds).toBeGreaterThan(60);
    expect(seconds).toBeLessThan(130);
  });

  test('once, there is no such column', async () => {
    const simulated = await openSimulated(mixed);
    const { out } = await runCommand(['status', '--kubeconfig', simulated.kubeconfig, '--kubelet-timeout', '100ms']);
    await simulated.close();
    expect(out).not.toContain('FORECAST');
  });
});

describe('the screen', () => {
  const argv = (extra: readonly string[]): readonly string[] => ['status', ...extra];

  test.each<readonly [readonly string[], Readonly<Record<string, string>>, boolean]>([
    [[], {}, true],
    [['--all'], {}, true],
    [['--near', '10'], {}, true],
    [['node-1'], {}, true],
    [['--plain'], {}, false],
    [['-o', 'json'], {}, false],
    [['-otable'], {}, false],
    [['--exit-code'], {}, false],
    [['--no-headers'], {}, false],
    [[], { TERM: 'dumb' }, false],
  ])('%j with %j opens it: %j', async (extra, env, expected) => {
    const simulated = await openSimulated(story);
    let opened = 0;
    await runCommand([...argv(extra), '--kubeconfig', simulated.kubeconfig], {
      env,
      stdin: [],
      stdoutIsTTY: true,
      openScreen: async () => {
        opened += 1;
        return 'quit';
      },
    });
    await simulated.close();
    expect(opened).toBe(expected ? 1 : 0);
  });

  test('needs both ends of a terminal', async () => {
    const simulated = await openSimulated(story);
    const { out } = await runCommand(['status', '--kubeconfig', simulated.kubeconfig], { stdoutIsTTY: true });
    await simulated.close();
    expect(out).toContain('under pressure');
  });

  test('never gets a token, but all other connection flags', async () => {
    const simulated = await openSimulated(story);
    let flags: readonly string[] = [];
    await runCommand(['status', '--kubeconfig', simulated.kubeconfig, '--token', 'very-secret', '--as', 'jane'], {
      stdin: [],
      stdoutIsTTY: true,
      openScreen: async screen => {
        flags = screen.command.flags;
        return 'quit';
      },
    });
    await simulated.close();
    expect(flags).toEqual(['--kubeconfig', simulated.kubeconfig, '--as', 'jane']);
  });
});
