import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { describeIf, evict, kubectl, missing, PROGRAM_DIR, restore, scenario, startEvict } from './support/cluster.ts';

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly managedFields?: readonly { readonly manager: string; readonly time: string }[];
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly phase: string; readonly reason?: string; readonly message?: string };
}

interface Document {
  readonly items: readonly {
    readonly name: string;
    readonly uid: string;
    readonly outcome: string;
    readonly evictedAt: string | null;
  }[];
  readonly summary: Readonly<Record<string, unknown>>;
}

/** 2,000 in CI; `EVICT_E2E_PODS=10000` for the large one. */
const PODS = process.env['EVICT_E2E_PODS'] ?? '2000';
const KIND = 'k120.local/kind';
const SET = ['--mixed', '--owners', '--events', '--bulk'];

/** Newer clients leave `managedFields` out unless told. */
const MANAGED = kubectlKnows('--show-managed-fields') ? ['--show-managed-fields'] : [];

const podsOf = (...scope: readonly string[]): readonly Pod[] =>
  (JSON.parse(kubectl('get', 'pods', ...scope, '-o', 'json', ...MANAGED)) as { readonly items: readonly Pod[] }).items;
const kindOf = (pod: Pod): string => pod.metadata.labels?.[KIND] ?? '';
const isEvicted = (pod: Pod): boolean => pod.status.phase === 'Failed' && pod.status.reason === 'Evicted';
/** Being there; what only a finalizer holds is as good as gone. */
const present = (pods: readonly Pod[]): Set<string> =>
  new Set(pods.filter(pod => pod.metadata.deletionTimestamp === undefined).map(pod => pod.metadata.uid));
const archivedUids = (path: string): Set<string> => {
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return new Set(lines.map(line => (JSON.parse(line) as { readonly pod: Pod }).pod.metadata.uid));
};

function ended(child: ChildProcess): Promise<{ readonly code: number | null; readonly out: string }> {
  let out = '';
  child.stdout?.on('data', chunk => {
    out += String(chunk);
  });
  return new Promise(resolve => child.once('close', code => resolve({ code, out })));
}

/** Resolves when the child has printed that many lines. */
function lines(child: ChildProcess, count: number): Promise<void> {
  let seen = 0;
  return new Promise(resolve => {
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString().split('\n').length - 1;
      if (seen >= count) resolve();
    });
    child.once('close', () => resolve());
  });
}

function kubectlKnows(flag: string): boolean {
  return spawnSync('kubectl', ['get', '--help'], { encoding: 'utf8' }).stdout?.includes(flag) ?? false;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evict-e2e-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeIf(
  missing('kubectl', 'cluster', 'scenarios', 'static'),
  'purge of pods as 1.20 and 1.26+ kubelets leave them',
  () => {
    let before: readonly Pod[] = [];
    beforeEach(() => {
      scenario('fake-evicted', '--delete');
      scenario('fake-evicted', PODS, ...SET);
      before = podsOf('-A', '-l', KIND);
    });
    afterEach(() => scenario('fake-evicted', '--delete'));

    /** Purges and expects that exactly the chosen pods are gone. */
    function purgeExactly(flags: readonly string[], chosen: (pod: Pod) => boolean, code = 0): void {
      const done = evict(['purge', '-A', '-y', ...flags]);
      expect(done.code, done.err).toBe(code);
      const after = present(podsOf('-A', '-l', KIND));
      const gone = before.filter(pod => !after.has(pod.metadata.uid)).map(pod => pod.metadata.uid);
      expect(new Set(gone)).toEqual(new Set(before.filter(chosen).map(pod => pod.metadata.uid)));
    }

    test('exactly those labelled evicted go', () => {
      expect(before.filter(pod => kindOf(pod) === 'evicted').length).toBeGreaterThan(Number(PODS) / 2);
      // kubectl shows many of them under another word.
      const shown = kubectl('get', 'pods', '-A', '-l', `${KIND}=evicted`, '--no-headers');
      expect(shown).toMatch(/ Error /);
      expect(shown).toMatch(/ Completed /);
      purgeExactly([], pod => kindOf(pod) === 'evicted');
      // And nothing is left to do.
      expect(evict(['purge', '-A', '-y']).out).toBe('');
    });

    test('--include-owner and --include-jobs', () => {
      const owner = (pod: Pod): string => pod.metadata.ownerReferences?.[0]?.kind ?? '';
      purgeExactly(
        ['--include-jobs', '--include-owner', 'Workflow'],
        pod => kindOf(pod) === 'evicted' || (kindOf(pod) === 'kept' && /^(Job|Workflow)$/.test(owner(pod))),
      );
    });

    test('--include-unmarked', () => {
      purgeExactly(['--include-unmarked', '--include-owner', 'all'], pod => {
        const isMirror = pod.metadata.labels?.['k120.local/case'] === 'mirror';
        return kindOf(pod) === 'evicted' || kindOf(pod) === 'unmarked' || (kindOf(pod) === 'kept' && !isMirror);
      });
    });

    test('--cause', () => {
      purgeExactly(
        ['--cause', 'pressure,memory'],
        pod =>
          kindOf(pod) === 'evicted' && (pod.status.message ?? '').startsWith('The node was low on resource: memory.'),
      );
    });

    test('--older-than, by an independent reading of the times', () => {
      const first = JSON.parse(evict(['purge', '-A', '-y', '--dry-run=client', '-o', 'json']).out) as Document;
      const times = first.items.filter(i => i.outcome === 'deleted').map(i => Date.parse(i.evictedAt ?? ''));
      const middle = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
      const minutes = Math.round((Date.now() - middle) / 60_000) + 0.5;
      // With --bulk the kubelet's last write is the eviction, to the second.
      const written = (pod: Pod): number =>
        Math.max(
          ...(pod.metadata.managedFields ?? []).filter(f => f.manager === 'kubelet').map(f => Date.parse(f.time)),
        );
      const limit = Date.now() - minutes * 60_000;
      const near = before.filter(pod => Math.abs(written(pod) - limit) < 20_000).map(pod => pod.metadata.uid);
      const done = evict(['purge', '-A', '-y', '--older-than', `${minutes}m`]);
      expect(done.code, done.err).toBe(0);
      const after = present(podsOf('-A', '-l', KIND));
      const wrong = before.filter(pod => {
        const wanted = kindOf(pod) === 'evicted' && written(pod) <= limit;
        return after.has(pod.metadata.uid) === wanted && !near.includes(pod.metadata.uid);
      });
      expect(wrong.map(pod => `${pod.metadata.name} ${new Date(written(pod)).toISOString()}`)).toEqual([]);
      expect(after.size).toBeLessThan(before.length);
    });

    test('--keep', () => {
      const key = (pod: Pod): string => {
        const [owner] = pod.metadata.ownerReferences ?? [];
        return `${pod.metadata.namespace} ${owner?.kind} ${owner?.name}`;
      };
      const groups = new Map<string, number>();
      for (const pod of before) {
        if (kindOf(pod) === 'evicted' && pod.metadata.deletionTimestamp === undefined) {
          groups.set(key(pod), (groups.get(key(pod)) ?? 0) + 1);
        }
      }
      const done = evict(['purge', '-A', '-y', '--keep', '2']);
      expect(done.code, done.err).toBe(0);
      const left = podsOf('-A', '-l', `${KIND}=evicted`).filter(pod => pod.metadata.deletionTimestamp === undefined);
      const counts = new Map<string, number>();
      for (const pod of left) counts.set(key(pod), (counts.get(key(pod)) ?? 0) + 1);
      for (const [group, count] of groups) expect(counts.get(group), group).toBe(Math.min(2, count));
      const after = present(podsOf('-A', '-l', KIND));
      expect(before.filter(pod => kindOf(pod) !== 'evicted' && !after.has(pod.metadata.uid))).toEqual([]);
    });

    test('caps: over one, nothing goes', () => {
      purgeExactly(['--limit', '10'], () => false, 1);
      purgeExactly(['--max-percent', '10'], () => false, 1);
      purgeExactly(['--limit', PODS, '--max-percent', '100'], pod => kindOf(pod) === 'evicted');
    });

    test('dry runs of both kinds delete nothing', () => {
      for (const mode of ['client', 'server']) {
        const done = evict(['purge', '-A', `--dry-run=${mode}`]);
        expect(done.code).toBe(0);
        expect(done.out).toContain('dry run)');
      }
      expect(present(podsOf('-A', '-l', KIND)).size).toBe(present(before).size);
    });

    test('in a pipe, with its end closed early', () => {
      const line = 'kubectl evict purge -A -y | head -n 3';
      const done = spawnSync('bash', ['-c', `set -o pipefail; ${line}`], { encoding: 'utf8', env: envOf() });
      expect(done.status).toBe(0);
      expect(done.stdout).toMatch(/^(pod ".*" (deleted from|terminating in) .* namespace.*\n){3}$/);
      expect(done.stderr).not.toMatch(/EPIPE|internal/);
    });

    test('Ctrl-C: a whole document, exit 130; run again for the rest', async () => {
      const path = join(folder, `int-${Date.now()}.ndjson`);
      const child = startEvict(['purge', '-A', '-y', '-o', 'json', '--archive', path]);
      const end = ended(child);
      await lines(child, 3000);
      process.kill(child.pid ?? 0, 'SIGINT');
      const { code, out } = await end;
      expect(code).toBe(130);
      const document = JSON.parse(out) as Document;
      expect(document.summary['interrupted']).toBe(true);
      const after = new Set(podsOf('-A', '-l', KIND).map(pod => pod.metadata.uid));
      for (const item of document.items) {
        if (item.outcome === 'deleted') expect(after.has(item.uid)).toBe(false);
      }
      const told = new Set(document.items.map(item => item.uid));
      expect(before.filter(pod => !after.has(pod.metadata.uid) && !told.has(pod.metadata.uid))).toEqual([]);
      expect(evict(['purge', '-A', '-y', '--archive', path, '--archive-append']).code).toBe(0);
      expect([...present(podsOf('-A', '-l', `${KIND}=evicted`))]).toEqual([]);
    });

    test('kill -9 at any moment loses no evidence', async () => {
      const path = join(folder, `kill-${Date.now()}.ndjson`);
      let torn = 0;
      for (let round = 0; round < 12; round += 1) {
        const child = startEvict(['purge', '-A', '-y', '--chunk-size', '50', '--archive', path, '--archive-append']);
        const end = ended(child);
        await lines(child, 1 + round * 13);
        child.kill('SIGKILL');
        await end;
        if (!readFileSync(path, 'utf8').endsWith('\n')) torn += 1;
        const archived = archivedUids(path);
        const after = new Set(podsOf('-A', '-l', KIND).map(pod => pod.metadata.uid));
        const lost = before.filter(pod => !after.has(pod.metadata.uid) && !archived.has(pod.metadata.uid));
        expect(lost.map(pod => pod.metadata.name)).toEqual([]);
      }
      expect(evict(['purge', '-A', '-y', '--archive', path, '--archive-append']).code).toBe(0);
      const archived = archivedUids(path);
      expect(before.filter(pod => kindOf(pod) === 'evicted' && !archived.has(pod.metadata.uid))).toEqual([]);
      process.stderr.write(`kill -9: ${torn} of 12 left a torn line\n`);
    });

    test('a full disk stops the deleting', context => {
      const small = join(folder, 'small');
      mkdirSync(small);
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'none', small]).status !== 0) {
        context.skip('cannot mount a small filesystem here');
      }
      try {
        const path = join(small, 'a.ndjson');
        const done = evict(['purge', '-A', '-y', '--chunk-size', '50', '--archive', path]);
        expect(done.code).toBe(1);
        expect(done.err).toContain('the disk is full');
        const archived = archivedUids(path);
        const after = new Set(podsOf('-A', '-l', KIND).map(pod => pod.metadata.uid));
        const gone = before.filter(pod => !after.has(pod.metadata.uid));
        expect(gone.length).toBeGreaterThan(0);
        expect(gone.length).toBeLessThan(400);
        expect(gone.filter(pod => !archived.has(pod.metadata.uid))).toEqual([]);
      } finally {
        spawnSync('umount', [small]);
      }
    });
  },
);

function envOf(): Record<string, string> {
  const kubeconfig = process.env['EVICT_E2E_KUBECONFIG'] ?? '';
  return { PATH: `${PROGRAM_DIR}:${process.env['PATH'] ?? ''}`, HOME: '/nonexistent', KUBECONFIG: kubeconfig };
}

/** A Failed pod with the reason Evicted, made through the API. */
function makeEvicted(namespace: string, name: string): Pod {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { nodeName: 'nowhere', containers: [{ name: 'main', image: 'x' }] },
  };
  apply(['create', '-f', '-'], pod);
  const status = { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory. ' };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
  const current = JSON.parse(kubectl('get', 'pod', '-n', namespace, name, '-o', 'json')) as Pod;
  apply(['replace', '--raw', path, '-f', '-'], { ...current, status });
  return JSON.parse(kubectl('get', 'pod', '-n', namespace, name, '-o', 'json')) as Pod;
}

function apply(args: readonly string[], object: object): void {
  const done = spawnSync('kubectl', [...args], { input: JSON.stringify(object), encoding: 'utf8', env: envOf() });
  if (done.status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${done.stderr}`);
}

describeIf(missing('kubectl', 'cluster'), 'races on a real API server', () => {
  const namespace = `evict-race-${process.pid}`;
  beforeAll(async () => {
    kubectl('create', 'namespace', namespace);
    const account = (): string =>
      kubectl('get', 'serviceaccount', '-n', namespace, 'default', '--ignore-not-found', '-o', 'name');
    await vi.waitFor(() => expect(account()).not.toBe(''), { timeout: 20_000, interval: 200 });
  });
  afterAll(() => void kubectl('delete', 'namespace', namespace, '--wait=false'));

  /** Stops the plugin between its list and its deletes: the archive's file is a pipe that nobody reads yet. */
  async function between(
    act: () => void,
    flags: readonly string[] = [],
  ): Promise<{ code: number | null; out: string }> {
    const child = startEvict(['purge', '-n', namespace, '--limit', '5', '-v=6', '-o', 'json', ...flags]);
    const end = ended(child);
    // The list is told when it has come; the stop comes before the event loop has turned to the deletes or right after.
    await new Promise<void>(resolve => {
      child.stderr?.on('data', chunk => String(chunk).includes('GET /api/v1/') && resolve());
    });
    process.kill(child.pid ?? 0, 'SIGSTOP');
    try {
      act();
    } finally {
      process.kill(child.pid ?? 0, 'SIGCONT');
    }
    return await end;
  }

  test('a pod replaced under the same name survives', async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < 10 && !outcomes.includes('replaced'); round += 1) {
      const old = makeEvicted(namespace, 'db-0');
      let young: Pod | undefined;
      const { out } = await between(() => {
        kubectl('delete', 'pod', '-n', namespace, 'db-0', '--ignore-not-found', '--wait=true');
        young = makeEvicted(namespace, 'db-0');
      });
      const document = JSON.parse(out) as Document;
      expect(document.items.map(item => item.uid)).toEqual([old.metadata.uid]);
      outcomes.push(document.items[0]?.outcome ?? '');
      // Whatever came first, the new pod is there.
      expect(kubectl('get', 'pod', '-n', namespace, 'db-0', '-o', 'jsonpath={.metadata.uid}')).toBe(
        young?.metadata.uid,
      );
      kubectl('delete', 'pod', '-n', namespace, 'db-0');
    }
    expect(outcomes).toContain('replaced');
  });

  test('an edited label: read again, and gone', async () => {
    let edited = 0;
    for (let round = 0; round < 10 && edited === 0; round += 1) {
      const pod = makeEvicted(namespace, 'web-0');
      let didEdit = false;
      const { code, out } = await between(() => {
        const done = evictLabel(pod.metadata.name);
        didEdit = done;
      });
      expect(code).toBe(0);
      const document = JSON.parse(out) as Document;
      expect(document.items.map(item => `${item.uid} ${item.outcome}`)).toEqual([`${pod.metadata.uid} deleted`]);
      expect(kubectl('get', 'pods', '-n', namespace, '-o', 'name')).toBe('');
      if (didEdit) edited += 1;
    }
    expect(edited).toBe(1);
  });

  function evictLabel(name: string): boolean {
    const args = ['label', 'pod', '-n', namespace, name, 'edited=yes'];
    return spawnSync('kubectl', args, { encoding: 'utf8', env: envOf() }).status === 0;
  }
});

describeIf(missing('kubectl'), 'a second Ctrl-C', () => {
  test('ends at once, whatever is in flight', async () => {
    const pod = {
      metadata: { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '1' },
      status: { phase: 'Failed', reason: 'Evicted' },
    };
    const list = { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [pod] };
    let onDelete = (): void => {};
    const isDeleting = new Promise<void>(resolve => {
      onDelete = resolve;
    });
    const server = createServer((request, response) => {
      // A delete is never answered.
      if (request.method === 'DELETE') onDelete();
      else response.setHeader('content-type', 'application/json').end(JSON.stringify(list));
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const child = startEvict(['purge', '-n', 'shop', '-s', `http://127.0.0.1:${port}`]);
      const end = new Promise<string | null>(resolve => child.once('close', (_, signal) => resolve(signal)));
      await isDeleting;
      child.kill('SIGINT');
      // The first one waits for the delete: it is still there when the second one comes.
      const early = await Promise.race([end.then(() => true), new Promise(resolve => setTimeout(resolve, 500, false))]);
      expect(early).toBe(false);
      child.kill('SIGINT');
      expect(await end).toBe('SIGINT');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describeIf(missing('kubectl', 'cluster', 'scenarios', 'kubelet'), 'purge after real evictions', () => {
  beforeAll(() => {
    for (const what of [['failed'], ['limits'], ['disk'], ['flood', '20']]) scenario('evict-real', ...what);
  }, 300_000);
  afterAll(restore, 300_000);

  test('what the kubelet evicted, refused and limited goes; what failed otherwise stays', () => {
    const before = podsOf('-n', 'evict-real');
    const evicted = before.filter(isEvicted);
    const message = (pattern: RegExp): number => evicted.filter(pod => pattern.test(pod.status.message ?? '')).length;
    expect(message(/^The node was low on resource/)).toBeGreaterThan(0);
    expect(message(/The node had condition/)).toBeGreaterThan(0);
    expect(message(/limit/)).toBeGreaterThan(2);
    const others = before.filter(pod => pod.status.phase === 'Failed' && !isEvicted(pod)).map(pod => pod.metadata.uid);
    expect(others.length).toBeGreaterThan(2);

    const document = JSON.parse(evict(['purge', '-n', 'evict-real', '-o', 'json']).out) as Document;
    const after = new Set(podsOf('-n', 'evict-real').map(pod => pod.metadata.uid));
    expect(evicted.filter(pod => after.has(pod.metadata.uid)).map(pod => pod.metadata.name)).toEqual([]);
    for (const uid of others) expect(after.has(uid)).toBe(true);
    // Only what was on its way out already may end before the list comes to it.
    const told = new Set(document.items.map(item => item.uid));
    const untold = evicted.filter(pod => !told.has(pod.metadata.uid) && pod.metadata.deletionTimestamp === undefined);
    expect(untold.map(pod => pod.metadata.name)).toEqual([]);
    process.stderr.write(`real: ${evicted.length} evicted gone, ${others.length} other failed pods stay\n`);
  });
});
