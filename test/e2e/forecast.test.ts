import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeIf, kubectl, missing, restore, startEvict } from './support/cluster.ts';

const NAMESPACE = 'evict-forecast';

interface Round {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly hasPressure: boolean;
  /** The forecast in seconds: the most likely, the earliest, the latest; null: none was shown. */
  readonly forecast: readonly [number, number, number] | null;
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60 };

/** `~2m (50s-3m)`, in seconds; the bounds are as wide as the rounding of what is shown. */
function readForecast(text: string): readonly [number, number, number] | null {
  const found = /~(\d+)([sm])(?: \((\d+)([sm])?-(\d+)([sm])\))?$/.exec(text.trim());
  if (found === null) return null;
  const [, about = '', unit = '', from = about, fromUnit, to = about, toUnit = unit] = found;
  const scale = (amount: string, of: string): number => Number(amount) * (SECONDS[of] ?? Number.NaN);
  const rounding = (of: string): number => (SECONDS[of] ?? Number.NaN) / 2;
  const early = found[3] === undefined ? unit : (fromUnit ?? toUnit);
  return [scale(about, unit), scale(from, early) - rounding(early), scale(to, toUnit) + rounding(toUnit)];
}

function roundsOf(output: string, node: string): readonly Round[] {
  const rounds: Round[] = [];
  let at = Number.NaN;
  for (const text of output.split('\n')) {
    if (text.startsWith('at ')) at = Date.parse(text.slice(3));
    if (text.startsWith(`${node} `))
      rounds.push({ at, hasPressure: text.includes('DiskPressure'), forecast: readForecast(text) });
  }
  return rounds;
}

describeIf(missing('cluster', 'kubectl', 'scenarios', 'kubelet'), "a real node's disk fills", () => {
  let node = '';
  beforeAll(() => {
    restore();
    node = kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}');
    kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found');
    kubectl('create', 'namespace', NAMESPACE);
  });
  afterAll(() => {
    kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=false');
    restore();
  });

  test('status -w foresees when the kubelet reports DiskPressure', async () => {
    fill(node);
    const watching = startEvict(['status', '--all', '--watch', '--interval', '5s']);
    let output = '';
    let errors = '';
    watching.stdout?.on('data', chunk => (output += String(chunk)));
    watching.stderr?.on('data', chunk => (errors += String(chunk)));
    try {
      const rounds = (): readonly Round[] => roundsOf(output, node);
      const hasEnded = (): boolean => watching.exitCode !== null || rounds().some(r => r.hasPressure);
      await expect.poll(hasEnded, { timeout: 300_000, interval: 500 }).toBe(true);
      expect(watching.exitCode, errors).toBeNull();
    } finally {
      watching.kill('SIGTERM');
    }
    const rounds = roundsOf(output, node);
    const reached = rounds.find(r => r.hasPressure)?.at ?? Number.NaN;
    const before = rounds.filter(r => r.forecast !== null && r.at < reached - 30_000);
    expect(before.length).toBeGreaterThanOrEqual(3);
    // The kubelet looks at its disk every 10 s, we look every 5 s; the kubelet's own figures are up to 15 s old.
    const slackMs = 30_000;
    for (const { at, forecast } of before) {
      const [, earliest, latest] = forecast ?? [0, 0, 0];
      expect(reached).toBeGreaterThanOrEqual(at + earliest * 1000 - slackMs);
      expect(reached).toBeLessThanOrEqual(at + latest * 1000 + slackMs);
    }
  }, 400_000);
});

/** A pod that writes 6 MiB a second, for good. */
function fill(node: string): void {
  const image = kubectl('get', 'node', node, '-o', 'jsonpath={.status.images[0].names[0]}').trim();
  const write = 'dd if=/dev/zero of=/data/f$i bs=1M count=12 2>/dev/null';
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'filler', namespace: NAMESPACE },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      tolerations: [{ operator: 'Exists' }],
      volumes: [{ name: 'data', emptyDir: {} }],
      containers: [
        {
          name: 'main',
          image,
          imagePullPolicy: 'IfNotPresent',
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
          command: ['/bin/sh', '-c', `i=0; while :; do ${write}; i=$((i+1)); sleep 2; done`],
        },
      ],
    },
  };
  const dir = mkdtempSync(join(tmpdir(), 'evict-forecast-'));
  try {
    const file = join(dir, 'pod.json');
    writeFileSync(file, JSON.stringify(pod));
    kubectl('apply', '--validate=false', '-f', file);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
