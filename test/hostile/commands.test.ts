import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { runCommand } from '../support/deps.ts';
import { fixture } from '../support/fixtures.ts';
import { runs } from '../support/fuzz.ts';
import { DAMAGE, type Damage, DEEP, damaged, isPolluted, jsonText, OBEYED } from '../support/hostile.ts';
import { type StubAnswer, startStub } from '../support/http-stub.ts';
import { RECORDED_AT, type RecordedParts, recordedWorld } from '../support/recorded-world.ts';

// Whole commands against an API server that answers with damaged recordings: no crash, nothing a terminal obeys on stdout or
// stderr, no request that leaves the API.

const COMMANDS: readonly (readonly string[])[] = [
  ['status', '--all'],
  ['status', '--all', '-owide'],
  ['status', '--all', '-ojson'],
  ['status', '--all', '-oyaml'],
  ['status', '--all', '-oname'],
  ['why', 'node/k120-node'],
  ['why', 'node/k120-node', '-ojson'],
  ['report', '-A'],
  ['report', '-A', '-ojson'],
  ['purge', '-A', '--dry-run=client'],
  ['purge', '-A', '--dry-run=client', '-ojson'],
  ['purge', '-A', '--dry-run=client', '--keep', '1', '-oname'],
  ['tune', '--node', 'k120-node', '--disk', '5%'],
  ['tune', '--node', 'k120-node', '--disk', '5%', '-ojson'],
  ['tune', '--node', 'k120-node', '--disk', '5%', '--to', 'kubeadm-configmap'],
  ['snapshot', '--all', '-o', '-'],
];

const folder = join(tmpdir(), 'evict-hostile-none');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Changes = Readonly<Partial<Record<keyof RecordedParts, Damage>>>;

const answer = (body: unknown, status = 200): StubAnswer => ({
  status,
  headers: { 'content-type': 'application/json', date: new Date(RECORDED_AT).toUTCString() },
  body: jsonText(body),
});

const list = (kind: string, ...items: readonly unknown[]): unknown => ({
  kind,
  apiVersion: 'v1',
  metadata: { resourceVersion: '9' },
  items,
});

const NODE = fixture('v1.20', 'node.json');
const PODS = (fixture('v1.20', 'pods-failed.json') as { readonly items: readonly unknown[] }).items.slice(0, 6);
const EVENTS = (fixture('v1.20', 'events.json') as { readonly items: readonly unknown[] }).items.slice(0, 6);
const WHOLE: Readonly<Record<string, unknown>> = {
  nodes: list('NodeList', NODE),
  node: NODE,
  pods: list('PodList', ...PODS),
  leases: list('LeaseList', {
    metadata: { name: 'k120-node', namespace: 'kube-node-lease' },
    spec: { holderIdentity: 'k120-node', renewTime: new Date(RECORDED_AT - 5000).toISOString() },
  }),
  events: list('EventList', ...EVENTS),
  configz: fixture('v1.20', 'configz.json'),
  stats: fixture('v1.20', 'stats-summary-pressure.json'),
  configMap: {
    metadata: { name: 'kubelet-config', namespace: 'kube-system' },
    data: { kubelet: 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n' },
  },
};

const CHANGES: fc.Arbitrary<Changes> = fc.record(
  Object.fromEntries(Object.keys(WHOLE).map(part => [part, DAMAGE])) as Record<keyof RecordedParts, typeof DAMAGE>,
  { requiredKeys: [] },
);

function partsOf(changes: Changes): Partial<RecordedParts> {
  const parts = Object.entries(WHOLE).map(([part, whole]) => {
    const damage = changes[part as keyof RecordedParts];
    return [part, answer(damage === undefined ? whole : damaged(whole, damage))];
  });
  return Object.fromEntries(parts) as Partial<RecordedParts>;
}

const notThere = answer({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }, 404);

describe('an API server that answers with damaged objects', () => {
  test.each(COMMANDS.map(argv => [argv.join(' '), argv] as const))('%s', { timeout: 600_000 }, async (_line, argv) => {
    const world = { parts: partsOf({}) };
    const latest = (part: keyof RecordedParts) => () => world.parts[part] ?? notThere;
    const stub = await startStub([
      { path: /^\/api\/v1\/nodes\?/, answers: [latest('nodes')] },
      { path: /^\/api\/v1\/nodes\/[^/]+$/, answers: [latest('node')] },
      { path: /^\/api\/v1\/pods\?/, answers: [latest('pods')] },
      { path: /\/leases\?/, answers: [latest('leases')] },
      { path: /^\/api\/v1\/(namespaces\/[^/]+\/)?events\?/, answers: [latest('events')] },
      { path: /\/proxy\/configz$/, answers: [latest('configz')] },
      { path: /\/proxy\/stats\/summary/, answers: [latest('stats')] },
      { path: /\/configmaps\/kubelet-config$/, answers: [latest('configMap')] },
      ...recordedWorld().filter(route => route.method === 'POST'),
      { path: /^/, answers: [notThere] },
    ]);
    onTestFinished(() => stub.close());
    // Undamaged, the command has its answer: what follows is about the damage.
    const sound = await runCommand([...argv, '--server', stub.url], { now: RECORDED_AT, homeDir: folder });
    expect(sound.code, sound.err).toBe(0);
    await fc.assert(
      fc.asyncProperty(CHANGES, async changes => {
        world.parts = partsOf(changes);
        const { code, out, err } = await runCommand([...argv, '--server', stub.url], {
          now: RECORDED_AT,
          homeDir: folder,
        });
        expect(err).not.toContain('internal error');
        expect([0, 1, 2]).toContain(code);
        expect(OBEYED.exec(out), JSON.stringify(out.slice(0, 2000))).toBeNull();
        expect(OBEYED.exec(err), JSON.stringify(err.slice(0, 2000))).toBeNull();
        expect(isPolluted()).toBe(false);
      }),
      { numRuns: runs(15) },
    );
    for (const { method, url } of stub.requests) {
      expect(['GET', 'POST']).toContain(method);
      const path = url.split('?', 1)[0] ?? '';
      expect(path).toMatch(/^\/(api|apis|version)(\/[A-Za-z0-9._:~%-]+)*$/);
      expect(path.toLowerCase()).not.toMatch(/\.\.|%2e|%2f|%00|secrets/);
    }
  });
});

test('the sentences of an API server are cleaned, too', async () => {
  const message = 'no \u001b[2J\u001b]0;x\u0007\u202e\u009b1m way';
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: message, code: 403 };
  for (const body of [status, message, `<html><title>${message}</title></html>`]) {
    const stub = await startStub([{ path: /^/, answers: [{ status: 403, body }] }]);
    for (const argv of COMMANDS) {
      const { code, out, err } = await runCommand([...argv, '--server', stub.url], { homeDir: folder });
      expect(code).toBe(1);
      expect(OBEYED.exec(out + err), JSON.stringify(out + err)).toBeNull();
    }
  }
});

test('a configz that is nested too deeply to be written again is refused by tune', async () => {
  const configz = answer({ kubeletconfig: { evictionHard: {}, authentication: DEEP } });
  const stub = await startStub([...recordedWorld({ configz }), { path: /^/, answers: [notThere] }]);
  const argv = ['tune', '--node', 'k120-node', '--disk', '5%', '--server', stub.url];
  const { code, out, err } = await runCommand(argv, { now: RECORDED_AT, homeDir: folder });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain('configz of node k120-node is no configuration');
});
