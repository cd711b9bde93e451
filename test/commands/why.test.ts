import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { KubeObject } from '../../src/simulator/objects.ts';
import { findScenario } from '../../src/simulator/scenarios/registry.ts';
import { type Ran, runCommand } from '../support/deps.ts';
import { fixture } from '../support/fixtures.ts';
import { startStub } from '../support/http-stub.ts';
import { podObject } from '../support/purge-world.ts';
import { RECORDED_AT, recorded, recordedWorld } from '../support/recorded-world.ts';
import { openSimulated, type Simulated, type SimulatedOptions } from '../support/simulated.ts';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true, formats: { 'date-time': true } });
const schemaOf = (name: string) =>
  ajv.compile(JSON.parse(readFileSync(new URL(`../../docs/schemas/${name}.json`, import.meta.url), 'utf8')) as object);
const validators = { NodeReport: schemaOf('node-report'), PodEviction: schemaOf('pod-eviction') };

interface Document {
  readonly kind: keyof typeof validators;
  readonly story: readonly string[];
  readonly verdict?: string;
  readonly errors: readonly { readonly what: string; readonly reason: string; readonly remedy: string | null }[];
  readonly [key: string]: unknown;
}

/** The document that was printed, held to its schema. */
function documentOf(ran: Ran, read: (text: string) => unknown = JSON.parse): Document {
  expect(ran).toMatchObject({ code: 0, err: '' });
  const document = read(ran.out) as Document;
  const validate = validators[document.kind];
  validate(document);
  expect((validate.errors ?? []).map(e => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`)).toEqual([]);
  return document;
}

async function open(name: string, options: SimulatedOptions = {}): Promise<Simulated> {
  const scenario = findScenario(name);
  if (scenario === undefined) throw new Error(name);
  const world = await openSimulated(scenario, options);
  world.advance(120_000);
  return world;
}

const why = (world: Simulated, ...args: readonly string[]): Promise<Ran> =>
  runCommand(['why', '--kubeconfig', world.kubeconfig, ...args], { now: world.clock.now() });

describe('the story of the node with the small disk', () => {
  let world: Simulated;
  beforeAll(async () => {
    world = await open('story');
  });
  afterAll(() => world.close());

  test('node, in text', async () => {
    const ran = await why(world, 'node/node-3');
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toMatch(/^node-3 has been under DiskPressure for 9d\.\n/);
    expect(ran.out).toContain(
      'nodefs.available: 448Mi of 5.8Gi (7.5%) available, 146Mi below the hard threshold of 10% (594Mi).',
    );
    expect(ran.out).toContain(
      'even if every pod that can be evicted went, 146Mi would still be missing: eviction cannot end this.',
    );
    expect(ran.out).toMatch(/DaemonSet kube-proxy in kube-system: \d+ of its pods were refused or evicted here within/);
    expect(ran.out).toContain('the DaemonSet controller tries again after a back-off of 1s that doubles up to 15m');
    expect(ran.out).toMatch(/Evicted +\d+ +default\/portal-\S+ and \d+ more: Pod was rejected/);
    expect(ran.out).toContain('  kubectl evict tune --node node-3 --clear\n');
    expect(ran.out).not.toContain('\u001b');
  });

  test('node, as a document, in both forms', async () => {
    const json = documentOf(await why(world, 'node/node-3', '-ojson'));
    expect(json).toMatchObject({
      kind: 'NodeReport',
      node: { name: 'node-3', pressure: ['DiskPressure'], bindingSignal: 'nodefs.available', state: 'BREACHED' },
      layout: 'dedicated-imagefs',
      layoutBy: 'inferred',
      evictionOrder: [{ occasion: 'now', signal: 'nodefs.available', victims: [], spared: [] }],
      errors: [],
    });
    expect(json['loops']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ owner: 'DaemonSet kube-proxy' }),
        expect.objectContaining({ owner: 'DaemonSet weave-net' }),
      ]),
    );
    expect(documentOf(await why(world, 'node/node-3', '-oyaml'), load)).toEqual(json);
  });

  test('a pod that was refused there', async () => {
    const [pod] = await world.cluster.why.tombstonesOn('node-3');
    const argv = [`pod/${pod?.name ?? ''}`, '-n', pod?.namespace ?? ''];
    expect(documentOf(await why(world, ...argv, '-ojson'))).toMatchObject({
      kind: 'PodEviction',
      verdict: 'refused',
      cause: { kind: 'admission', resources: ['disk'] },
      purge: { safe: true },
      node: { name: 'node-3', pressure: ['DiskPressure'] },
    });
    expect((await why(world, ...argv)).out).toMatch(/^the kubelet of node-3 refused/);
  });

  test('a bare name is a pod’s, else a node’s', async () => {
    expect(documentOf(await why(world, 'node-3', '-ojson')).kind).toBe('NodeReport');
    const [pod] = await world.cluster.why.tombstonesOn('node-3');
    expect(documentOf(await why(world, pod?.name ?? '', '-n', pod?.namespace ?? '', '-ojson')).kind).toBe(
      'PodEviction',
    );
  });

  test.each([
    [['nobody'], 'error: no pod nobody in namespace default, and no node of that name\n'],
    [['pod/nobody'], 'error: cannot get pod default/nobody: '],
    [['node/nobody'], 'error: cannot get node nobody: '],
  ])('%j is not found', async (args, sentence) => {
    const ran = await why(world, ...args);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err.startsWith(sentence)).toBe(true);
  });
});

describe('every node and every evicted pod of the mixed cluster', () => {
  test('has a document that keeps to its schema, and a text', async () => {
    const world = await open('mixed');
    onTestFinished(() => world.close());
    for (const name of world.world.nodes.keys()) {
      // Some of these kubelets never answer.
      const brief = ['--kubelet-timeout', '200ms'];
      const ran = await why(world, `node/${name}`, '-ojson', ...brief);
      expect(documentOf({ ...ran, err: '' }).kind).toBe('NodeReport');
      expect((await why(world, `node/${name}`, ...brief)).out).toMatch(new RegExp(`^${name}[ :]`));
    }
    const pods = await world.cluster.evictedPods();
    expect(pods.items.length).toBeGreaterThan(3);
    for (const { namespace, name } of pods.items.slice(0, 25)) {
      const document = documentOf({
        ...(await why(world, `pod/${name}`, '-n', namespace, '-ojson', '--kubelet-timeout', '200ms')),
        err: '',
      });
      expect(['evicted', 'refused']).toContain(document.verdict);
    }
  });
});

describe('what may not be read', () => {
  test('a user without nodes/proxy: no kubelet is asked, and the order is null, not empty', async () => {
    const world = await open('story', { user: 'viewer' });
    onTestFinished(() => world.close());
    const document = documentOf(await why(world, 'node/node-3', '-ojson'));
    expect(document).toMatchObject({ evictionOrder: null, consumers: null, layout: null });
    expect(document.errors.map(e => `${e.what} ${e.reason}`)).toContain('nodes/proxy forbidden');
    expect(world.simulator.requests.filter(r => r.url.includes('/proxy/'))).toEqual([]);
    const text = await why(world, 'node/node-3');
    expect(text.out).toMatch(/^node-3 has been under DiskPressure/);
    expect(text.err).toContain('warning: the right to get nodes/proxy is missing');
    expect(text.err).toContain('"kubectl evict rbac --for why" prints the role');
    const warnings = text.err.split('\n').filter(line => line.startsWith('warning: '));
    expect(new Set(warnings).size).toBe(warnings.length);
  });
});

describe('recorded answers of 1.20', () => {
  const pods = (fixture('v1.20', 'pods-evicted.json') as { readonly items: readonly KubeObject[] }).items;

  async function recordedWhy(pod: KubeObject, ...args: readonly string[]): Promise<Ran> {
    const { namespace = '', name } = pod.metadata;
    const json = (body: unknown) => ({ ...recorded('v1.20', 'node.json'), body });
    const stub = await startStub([
      { path: `/api/v1/namespaces/${namespace}/pods/${name}`, answers: [json(pod)] },
      { path: new RegExp(`^/api/v1/namespaces/${namespace}/events`), answers: [recorded('v1.20', 'events.json')] },
      ...recordedWorld(),
    ]);
    onTestFinished(() => stub.close());
    return runCommand(['why', `pod/${name}`, '-n', namespace, '--server', stub.url, ...args], { now: RECORDED_AT });
  }

  test('every evicted pod is told about', async () => {
    const found = [];
    for (const pod of pods) {
      const document = documentOf(await recordedWhy(pod, '-ojson'));
      found.push([document.verdict, (document['cause'] as { kind: string }).kind, document.errors.length]);
      expect((await recordedWhy(pod)).out).toContain(`${pod.metadata.namespace}/${pod.metadata.name}`);
    }
    expect(found.length).toBeGreaterThan(5);
    expect(new Set(found.map(([verdict, kind]) => `${verdict} ${kind}`))).toEqual(
      new Set(['evicted pressure', 'evicted limit', 'refused admission']),
    );
    expect(found.every(([, , errors]) => errors === 0)).toBe(true);
  });
});

describe('a hostile cluster', () => {
  test('names and messages cannot steer a terminal, and a megabyte is cut', async () => {
    const world = await open('story');
    onTestFinished(() => world.close());
    const message = `The node was low on resource: memory. \u001b[31mred\u202e${'x'.repeat(1_000_000)}`;
    world.simulator.cluster.load('Pod', [podObject('nasty', { namespace: 'default', node: 'node-3', message })]);
    const ran = await why(world, 'pod/nasty');
    expect(ran.code).toBe(0);
    expect(ran.out).not.toMatch(/[\u001b\u202e]/);
    expect(ran.out.length).toBeLessThan(10_000);
    const document = documentOf(await why(world, 'pod/nasty', '-ojson'));
    expect(document.verdict).toBe('evicted');
  });
});

describe('the command line', () => {
  test.each([
    [['why'], 'the name of a pod or a node is missing'],
    [['why', 'deploy/web'], '"deploy" is neither pod nor node'],
    [['why', 'pod/'], 'the name of a pod or a node is missing'],
    [['why', 'pod/a/b'], 'the name of a pod or a node is missing'],
    [['why', 'pod/a', 'pod/b'], 'one name at a time'],
    [['why', 'pod/a', '-A'], 'why looks at one pod or node'],
    [['why', 'node/a', '--signal', 'disk'], 'disk'],
    [['why', 'node/a', '-o', 'wide'], 'wide'],
    [['why', 'a', 'b', 'c'], ''],
  ])('%j', async (argv, sentence) => {
    const ran = await runCommand(argv);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(sentence);
  });

  test('two words are as good as a slash', async () => {
    const world = await open('story');
    onTestFinished(() => world.close());
    expect(documentOf(await why(world, 'nodes', 'node-3', '-ojson')).kind).toBe('NodeReport');
  });
});
