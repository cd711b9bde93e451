import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  call,
  cleanEnv,
  type Done,
  describeIf,
  evict,
  KUBECONFIG,
  kubectl,
  missing,
  restore,
  SCENARIOS,
  scenario,
  startEvict,
} from './support/cluster.ts';

// The real kubelet is the judge: it is given what tune wrote, and its configz must be what tune said.

interface Settings {
  readonly evictionHard: Readonly<Record<string, string>>;
  readonly evictionSoft: Readonly<Record<string, string>>;
  readonly evictionSoftGracePeriod: Readonly<Record<string, string>>;
  readonly evictionMinimumReclaim: Readonly<Record<string, string>>;
  readonly evictionPressureTransitionPeriod: string;
  readonly evictionMaxPodGracePeriod: number | null;
}

interface Result {
  readonly settings: Settings;
  readonly document: string;
  readonly whatIf: readonly { readonly clears: readonly string[]; readonly stays: readonly string[] }[];
  readonly changes: readonly object[];
}

const clusterDir = dirname(KUBECONFIG ?? '/nonexistent/x');
let node = '';
let dir = '';

function configz(): Settings {
  const body = JSON.parse(kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/configz`)) as {
    readonly kubeletconfig: Partial<Settings>;
  };
  const { kubeletconfig: config } = body;
  return {
    evictionHard: config.evictionHard ?? {},
    evictionSoft: config.evictionSoft ?? {},
    evictionSoftGracePeriod: config.evictionSoftGracePeriod ?? {},
    evictionMinimumReclaim: config.evictionMinimumReclaim ?? {},
    evictionPressureTransitionPeriod: config.evictionPressureTransitionPeriod ?? '',
    evictionMaxPodGracePeriod: config.evictionMaxPodGracePeriod ?? null,
  };
}

/** Runs tune on the node; what it explains goes to stderr and is not looked at. */
function tune(...args: readonly string[]): Done {
  return evict(['tune', '--node', node, ...args]);
}

function result(...args: readonly string[]): Result {
  const done = tune('-o', 'json', ...args);
  expect(done.code, done.err).toBe(0);
  return JSON.parse(done.out) as Result;
}

/** Restarts the real kubelet with a whole configuration in place of its own. */
function startWithFile(text: string): void {
  writeFileSync(join(clusterDir, 'kubelet.yaml'), text);
  scenario('kubelet', 'config', '--reset');
}

/** Restarts the real kubelet with more flags, as a unit with them would. */
function startWithFlags(flags: readonly string[]): void {
  const script = `
    set -euo pipefail
    DIR=$1; shift
    . "$0"
    load_env
    eval "$(declare -f launch | sed '1s/launch/launch_plain/')"
    more=("$@")
    launch() { launch_plain "$@" "\${more[@]}"; }
    rm -f "$DIR/kubelet-extra.yaml"
    stop kubelet
    start_kubelet
    wait_for 60 "Ready node" node_ready`;
  const lib = join(SCENARIOS ?? '', '..', 'lib.sh');
  const done = call('bash', ['-c', script, lib, clusterDir, ...flags], process.env as Record<string, string>);
  expect(done.code, done.err).toBe(0);
}

function verify(text: string, name: string, ...args: readonly string[]): Done {
  const file = join(dir, name);
  writeFileSync(file, text);
  return evict(['verify', '-f', file, node, ...args]);
}

/** A pod that is never evicted takes all of the node's disk but 7.5 %: pressure that does not end by itself. */
function keepDiskFull(): void {
  // What the evicted pod took may still be there when this one starts: then it waits until that is free.
  const look = 'set -- $(df -m /data | tail -1); [ $4 -lt $(($2 / 2)) ]';
  const fill = `while ${look}; do sleep 1; done; fallocate -l $(($4 - $2 * 75 / 1000))M /data/blobs; sleep infinity`;
  const file = join(dir, 'local-registry.json');
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'local-registry', namespace: 'kube-system' },
    spec: {
      nodeName: node,
      priorityClassName: 'system-node-critical',
      terminationGracePeriodSeconds: 1,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: 'registry',
          image: 'registry.k120.local/busybox:1.35',
          command: ['sh', '-c', fill],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  };
  writeFileSync(file, JSON.stringify(pod));
  kubectl('create', '--validate=false', '-f', file);
}

/** How much of the node's disk is available, 0 to 1. */
function availableShare(): number {
  const done = call('kubectl', ['get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`]);
  if (done.code !== 0) return 0;
  const { node: summary } = JSON.parse(done.out) as {
    readonly node: { readonly fs?: { readonly availableBytes: number; readonly capacityBytes: number } };
  };
  return summary.fs === undefined ? 0 : summary.fs.availableBytes / summary.fs.capacityBytes;
}

/** How many Evicted pods lie about. */
function evicted(): number {
  const pods = JSON.parse(kubectl('get', 'pods', '-A', '-o', 'json')) as {
    readonly items: readonly { readonly status: { readonly reason?: string } }[];
  };
  return pods.items.filter(pod => pod.status.reason === 'Evicted').length;
}

describeIf(missing('kubectl', 'cluster', 'scenarios'), 'tune, with a real kubelet as the judge', () => {
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'evict-tune-'));
    copyFileSync(join(clusterDir, 'kubelet.yaml'), join(dir, 'kubelet.yaml'));
    restore();
    node = kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}');
  });
  afterAll(() => {
    copyFileSync(join(dir, 'kubelet.yaml'), join(clusterDir, 'kubelet.yaml'));
    restore();
    scenario('kubelet', 'config', '--reset');
    rmSync(dir, { recursive: true });
  });

  const FILES: readonly (readonly string[])[] = [
    ['--nodefs', '5%'],
    ['--disk', '7.25%', '--memory', '200Mi', '--nodefs-inodes', '3%', '--pid', '500', '--imagefs-inodes', '2%'],
    ['--soft', 'nodefs=20%:1m30s', '--soft', 'memory=300Mi:90s', '--max-pod-grace', '45', '--transition-period', '90s'],
    ['--min-reclaim', 'nodefs=50Mi', '--min-reclaim', 'imagefs=1%'],
    ['--disable', 'imagefs.available', '--disable', 'memory', '--force'],
    ['--restore-defaults', '--nodefs', '.5%'],
    ['--eviction-hard', 'memory.available<1e8, nodefs.available<0x1p3%,imagefs.available<100m'],
  ];

  test.each(FILES.map(args => [args.join(' '), args] as const))('KubeletConfiguration: %s', (_, args) => {
    const planned = result(...args);
    startWithFile(planned.document);
    expect(configz()).toEqual(planned.settings);
    expect(verify(planned.document, 'new.yaml')).toMatchObject({ code: 0 });
    expect(result(...args).changes).toEqual([]);
  });

  test('a configuration that the node does not run is told apart, with exit code 3', () => {
    const other = tune('--nodefs', '33%', '-q').out;
    const done = verify(other, 'other.yaml');
    expect(done.code).toBe(3);
    expect(done.out).toMatch(/MISMATCH .*nodefs\.available .*wanted 33%/);
    const document = JSON.parse(verify(other, 'other.yaml', '-o', 'json').out) as { readonly summary: object };
    expect(document.summary).toEqual({ nodes: 1, matching: 0, differing: 1, unknown: 0 });
  });

  test('the rollback brings back what was', () => {
    const before = configz();
    const file = join(dir, 'rollback.yaml');
    const planned = result('--nodefs', '4%', '--soft', 'nodefs=25%:1m', '--rollback', file);
    startWithFile(planned.document);
    expect(configz()).not.toEqual(before);
    startWithFile(readFileSync(file, 'utf8'));
    expect(configz()).toEqual(before);
  });

  const FLAGS: readonly (readonly string[])[] = [
    ['--nodefs', '5%'],
    [
      '--soft',
      'nodefs=20%:1m30s',
      '--max-pod-grace',
      '45',
      '--transition-period',
      '90s',
      '--min-reclaim',
      'nodefs=50Mi',
    ],
  ];

  test.each(FLAGS.map(args => [args.join(' '), args] as const))('the flag line: %s', (_, args) => {
    startWithFile(readFileSync(join(dir, 'kubelet.yaml'), 'utf8'));
    const planned = result('--to', 'flags', ...args);
    startWithFlags(planned.document.trim().split(' '));
    expect(configz()).toEqual(planned.settings);
    expect(verify(planned.document, 'kubelet.flags')).toMatchObject({ code: 0 });
    const unit = tune('-q', '--to', '10-kubeadm.conf', ...args).out;
    expect(verify(unit, '10-kubeadm.conf')).toMatchObject({ code: 0 });
  });

  test('a file that a flag wins over: told', () => {
    const file = join(dir, 'kubelet.yaml');
    const done = evict(['tune', '--node', node, '-f', file, '--nodefs', '6%', '--diff']);
    expect(done.code).toBe(0);
    expect(done.err).toMatch(/a flag or a drop-in wins over the file/);
    expect(done.out).toMatch(/^\+.*nodefs\.available: "6%"$/m);
  });

  test('the story: a disk that stays full, status, why, the smallest change, the restart, verify --wait, purge', async () => {
    // A first attempt may have left pods and pressure.
    kubectl('delete', 'pod', '-n', 'kube-system', 'local-registry', '--ignore-not-found');
    restore();
    startWithFile(readFileSync(join(dir, 'kubelet.yaml'), 'utf8'));
    scenario('evict-real', 'disk');
    keepDiskFull();
    try {
      // What the evicted pods took is free again before the registry has taken it.
      await expect.poll(evicted, { timeout: 60_000, interval: 1000 }).toBeGreaterThan(2);
      const fill = { timeout: 90_000, interval: 1000 };
      await expect.poll(() => Math.abs(availableShare() - 0.074) < 0.01, fill).toBe(true);
      expect(evict(['why', `node/${node}`]).out).toContain('never evicted: kube-system/local-registry (critical)');
      expect(evict(['status', '-o', 'name']).out).toBe(`node/${node}\n`);

      // One disk, two signals: lowering one of them ends nothing.
      const timid = result('--nodefs', '1%');
      expect(timid.whatIf[0]).toMatchObject({ clears: [], stays: ['DiskPressure'] });
      expect(tune('--nodefs', '50%', '-q')).toMatchObject({ code: 1, out: '' });

      const cured = result('--clear');
      expect(cured.whatIf[0]).toMatchObject({ clears: ['DiskPressure'], stays: [] });
      const file = join(dir, 'cure.yaml');
      writeFileSync(file, cured.document);
      const guard = startEvict(['verify', '-f', file, node, '--wait', '2m']);
      let said = '';
      guard.stderr?.on('data', chunk => {
        said += String(chunk);
      });
      const ended = new Promise(done => guard.once('close', done));
      await expect.poll(() => said, { timeout: 20_000 }).toMatch(/wanted \d+%; .*DiskPressure/);
      startWithFile(cured.document);
      expect(await ended, said).toBe(0);
      expect(said).toMatch(/runs the new configuration\n/);
      expect(evict(['status', '-o', 'name']).out).toBe('');
      expect(configz()).toEqual(cured.settings);
      expect(evicted()).toBeGreaterThan(2);
      expect(evict(['purge', '-A', '-y'])).toMatchObject({ code: 0 });
      expect(evicted()).toBe(0);
      expect(kubectl('get', 'pod', '-n', 'kube-system', 'local-registry', '-o', 'jsonpath={.status.phase}')).toBe(
        'Running',
      );
    } finally {
      // A kubelet with the old thresholds would find the disk full, and refuse what comes next.
      kubectl('delete', 'pod', '-n', 'kube-system', 'local-registry', '--ignore-not-found');
      await expect.poll(availableShare, { timeout: 90_000, interval: 1000 }).toBeGreaterThan(0.5);
    }
  }, 400_000);

  test('a kubelet that does not come back ends the wait early, and the rollback is named', () => {
    const file = join(dir, 'any.yaml');
    writeFileSync(file, 'evictionHard:\n  nodefs.available: "2%"\n');
    scenario('kubelet', 'stop');
    try {
      const done = evict([
        'verify',
        '-f',
        file,
        node,
        '--wait',
        '3m',
        '--return-within',
        '6s',
        '--rollback',
        'old.yaml',
      ]);
      expect(done.code).toBe(1);
      expect(done.err).toMatch(/did not come back within 6s: .*put old\.yaml back/);
    } finally {
      scenario('kubelet', 'start');
    }
  });

  test('without the right to ask kubelets: said, exit 1, stdout empty', () => {
    const done = evict(['tune', '--node', node, '--nodefs', '5%'], {
      KUBECONFIG: join(clusterDir, 'viewer.kubeconfig'),
    });
    expect(done).toMatchObject({ code: 1, out: '' });
    expect(done.err).toMatch(/nodes\/proxy|get nodes/);
  });
});

describeIf(missing('kubectl'), 'tune without a cluster', () => {
  test('-f and --offline ask nobody', () => {
    const done = call(
      'kubectl',
      ['evict', 'tune', '--offline', '--nodefs', '5%', '--to', 'flags', '-q'],
      cleanEnv({ KUBECONFIG: '/nonexistent' }),
    );
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toMatch(/^--eviction-hard=.*nodefs\.available<5%/);
  });
});
