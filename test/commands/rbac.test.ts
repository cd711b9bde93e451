import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PURPOSES, type Purpose } from '../../src/eviction/purposes.ts';
import { roleManifest } from '../../src/output/rbac-manifest.ts';
import type { SimulatedUser } from '../../src/simulator/auth.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { type Ran, runCommand } from '../support/deps.ts';
import { accessTo, roleOf, ruleText } from '../support/roles.ts';

interface Review {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly summary: Readonly<Record<string, number>>;
  readonly items: readonly {
    readonly verb: string;
    readonly resource: string;
    readonly subresource: string;
    readonly namespace: string | null;
    readonly allowed: boolean | null;
  }[];
}

const schema = JSON.parse(
  readFileSync(new URL('../../docs/schemas/access-review.json', import.meta.url), 'utf8'),
) as object;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema);

function parsed(ran: Ran): Review {
  const document = JSON.parse(ran.out) as Review;
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  return document;
}

/** `rbac --check` as a user with these rules. */
async function check(argv: readonly string[], user: Omit<SimulatedUser, 'name'>): Promise<Ran> {
  const simulator = await startSimulator({ users: [{ name: 'somebody', ...user }] });
  onTestFinished(() => simulator.close());
  return runCommand(['rbac', '--check', ...accessTo(simulator, 'somebody'), ...argv]);
}

const denied = (review: Review) =>
  review.items
    .filter(item => item.allowed !== true)
    .map(({ verb, resource, subresource }) => `${verb} ${resource}${subresource && `/${subresource}`}`);

describe('a role', () => {
  test.each(PURPOSES)('for %s: YAML as the API takes it, each rule with a comment', purpose => {
    const text = roleManifest(purpose, 'kubectl evict');
    const role = roleOf(text);
    expect(role.kind).toBe('ClusterRole');
    expect(role.rules.length).toBeGreaterThan(1);
    expect(text.split('\n').filter(line => line.length > 140)).toEqual([]);
    const lines = text.split('\n');
    lines.forEach((line, i) => {
      if (line.startsWith('  - ')) expect(lines[i - 1]).toMatch(/^ {2}# /);
    });
  });

  test('without a cluster, and for status by default', async () => {
    expect(await runCommand(['rbac'])).toEqual({ code: 0, err: '', out: roleManifest('status', 'kubectl evict') });
  });

  test('in one namespace, for what needs no node', async () => {
    const { out } = await runCommand(['rbac', '--for', 'purge', '-n', 'shop']);
    expect(roleOf(out)).toMatchObject({ kind: 'Role', metadata: { name: 'kubectl-evict-purge', namespace: 'shop' } });
    // Without quotes these would be no texts.
    for (const name of ['true', '123', 'null']) {
      expect(roleOf((await runCommand(['rbac', '--for=report', '-n', name])).out).metadata.namespace).toBe(name);
    }
  });

  test.each([
    [['--for', 'status', '-n', 'shop'], /in no namespace/],
    [['-o', 'json'], /--output needs --check/],
    [['--for', 'demo'], /expected status, purge, tune/],
    [['-A', '-n', 'x'], /exclude each other/],
  ])('%j is refused', async (argv, sentence) => {
    const ran = await runCommand(['rbac', ...argv]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(sentence);
  });
});

describe('--check', () => {
  test.each(PURPOSES)('with exactly the printed role for %s nothing is missing', async purpose => {
    const { rules } = roleOf(roleManifest(purpose, 'kubectl evict'));
    const ran = await check(['--for', purpose, '-ojson'], { rules });
    expect(ran).toMatchObject({ code: 0, err: '' });
    const review = parsed(ran);
    expect(denied(review)).toEqual([]);
    expect(review.metadata).toMatchObject({ purpose, namespace: null });
  });

  const removals = PURPOSES.flatMap((purpose: Purpose) => {
    const { rules } = roleOf(roleManifest(purpose, 'kubectl evict'));
    return rules.map((rule, i) => [purpose, ruleText(rule), i] as const);
  });

  test.each(removals)('without a rule of %s, that one is missing: %s', async (purpose, _text, index) => {
    const { rules } = roleOf(roleManifest(purpose, 'kubectl evict'));
    const review = parsed(await check(['--for', purpose, '-ojson'], { rules: rules.filter((_, i) => i !== index) }));
    const gone = rules[index];
    const expected = gone?.verbs.flatMap(verb => gone.resources.map(resource => `${verb} ${resource}`)) ?? [];
    expect(denied(review).toSorted()).toEqual(expected.toSorted());
    expect(review.summary['denied']).toBe(gone?.verbs.length);
  });

  test('the table says what is lost', async () => {
    const { out, code } = await check(['--for', 'report'], { rules: [{ verbs: ['list'], resources: ['pods'] }] });
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "RIGHT         ALLOWED   FOR      WITHOUT IT
      list pods     yes       report   -
      list events   no        report   evictions whose pod is gone are not counted, and times are less exact
      "
    `);
  });

  test('in a namespace: a right there is enough, one elsewhere is not', async () => {
    const rules = [{ verbs: ['list'], resources: ['pods', 'events'], namespaces: ['shop'] }];
    expect(denied(parsed(await check(['--for', 'report', '-n', 'shop', '-ojson'], { rules })))).toEqual([]);
    expect(denied(parsed(await check(['--for', 'report', '-n', 'media', '-ojson'], { rules })))).toHaveLength(2);
    expect(denied(parsed(await check(['--for', 'report', '-ojson'], { rules })))).toHaveLength(2);
  });

  test('the right to get nodes is not mistaken for the one to their kubelets', async () => {
    const review = parsed(
      await check(['--for', 'tune', '-ojson'], { rules: [{ verbs: ['get', 'list'], resources: ['nodes'] }] }),
    );
    expect(denied(review)).toEqual(['get nodes/proxy', 'get configmaps']);
  });

  test('yaml holds the same', async () => {
    const yaml = await check(['--for', 'report', '-oyaml'], {});
    expect(load(yaml.out)).toMatchObject({ kind: 'AccessReview', summary: { allowed: 0, denied: 2, unknown: 0 } });
  });

  test('a server that is not there is an error', async () => {
    const ran = await runCommand(['rbac', '--check', '--server', 'http://127.0.0.1:9']);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.err).toMatch(/refused the connection/);
  });

  test('who may not even ask gets unknowns', async () => {
    const simulator = await startSimulator();
    onTestFinished(() => simulator.close());
    const ran = await runCommand(['rbac', '--check', '--for', 'report', '-ojson', ...accessTo(simulator, null)]);
    expect(ran.code).toBe(0);
    expect(parsed(ran).summary).toEqual({ allowed: 0, denied: 0, unknown: 2 });
  });
});
