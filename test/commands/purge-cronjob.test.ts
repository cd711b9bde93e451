import { loadAll } from 'js-yaml';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cronJobApiVersion } from '../../src/output/cronjob-manifest.ts';
import { DEFAULT_USERS } from '../../src/simulator/auth.ts';
import type { SimulatedVersion } from '../../src/simulator/resources.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { type Ran, runCommand } from '../support/deps.ts';
import { podObject, purgeWorld } from '../support/purge-world.ts';
import { accessTo, type Role } from '../support/roles.ts';

interface CronJob {
  readonly apiVersion: string;
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly schedule: string;
    readonly jobTemplate: {
      readonly spec: {
        readonly template: {
          readonly spec: {
            readonly serviceAccountName: string;
            readonly containers: readonly { readonly image: string; readonly args: readonly string[] }[];
          };
        };
      };
    };
  };
}

const IMAGE = 'registry.example/kubectl-evict:1.2@sha256:ab';

/** `purge --print-cronjob` with these flags, against a simulated server of that version. */
async function print(argv: readonly string[], version: SimulatedVersion = '1.36'): Promise<Ran> {
  const simulator = await startSimulator({ version, users: DEFAULT_USERS });
  onTestFinished(() => simulator.close());
  const ran = await runCommand([
    'purge',
    ...accessTo(simulator, null),
    '--print-cronjob',
    '17 * * * *',
    '--image',
    IMAGE,
    ...argv,
  ]);
  // Nothing is looked at, let alone deleted.
  expect(simulator.requests.map(request => request.url)).toEqual(['/version']);
  return ran;
}

function manifests(ran: Ran) {
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
  const [account, role, binding, cronJob] = loadAll(ran.out) as [
    Role,
    Role,
    Role & { subjects: object[]; roleRef: object },
    CronJob,
  ];
  return { account, role, binding, cronJob, container: cronJob.spec.jobTemplate.spec.template.spec.containers[0] };
}

describe('--print-cronjob', () => {
  test('in a namespace: everything is there, and may do no more than it does', async () => {
    const { account, role, binding, cronJob, container } = manifests(
      await print(['-n', 'shop', '--older-than', '24h']),
    );
    for (const object of [account, role, binding, cronJob]) expect(object.metadata.namespace).toBe('shop');
    expect([role.kind, binding.kind]).toEqual(['Role', 'RoleBinding']);
    expect(role.rules.map(rule => [rule.resources, rule.verbs])).toEqual([
      [['pods'], ['list']],
      [['pods'], ['delete']],
      [['pods'], ['get']],
      [['events'], ['list']],
    ]);
    expect(binding.subjects).toEqual([{ kind: 'ServiceAccount', name: account.metadata.name, namespace: 'shop' }]);
    expect(cronJob.spec.jobTemplate.spec.template.spec.serviceAccountName).toBe(account.metadata.name);
    expect(cronJob.spec.schedule).toBe('17 * * * *');
    expect(container?.image).toBe(IMAGE);
    expect(container?.args).toEqual(['purge', '--namespace=shop', '--yes', '--older-than=24h']);
  });

  test('for all namespaces: a ClusterRole; without ages no events', async () => {
    const { role, binding, container } = manifests(await print(['-A']));
    expect([role.kind, binding.kind]).toEqual(['ClusterRole', 'ClusterRoleBinding']);
    expect(role.metadata.namespace).toBeUndefined();
    expect(role.rules.flatMap(rule => rule.resources)).not.toContain('events');
    expect(container?.args).toEqual(['purge', '--all-namespaces', '--yes']);
  });

  test('every filter is passed on, as text that no YAML reads otherwise', async () => {
    const filters = [
      '--selector=app in (a,b)',
      '--node=true',
      '--cause=memory,disk',
      '--older-than=1h',
      '--keep=3',
      '--limit=100',
      '--max-percent=50',
      '--reason=NodeShutdown',
      '--dry-run=server',
      '--include-owner=Workflow',
      '--include-owner=TaskRun',
      '--include-jobs',
      '--include-unmarked',
    ];
    expect(manifests(await print(['-A', ...filters])).container?.args.slice(3)).toEqual(filters);
    expect(manifests(await print(['-A', '-l', 'a=$(X)'])).container?.args.at(-1)).toBe('--selector=a=$$(X)');
  });

  test('batch/v1beta1 where the server knows nothing newer', async () => {
    expect(manifests(await print(['-n', 'shop'], '1.20')).cronJob.apiVersion).toBe('batch/v1beta1');
    expect(manifests(await print(['-n', 'shop'], '1.36')).cronJob.apiVersion).toBe('batch/v1');
  });

  test.each([
    ['v1.20.2', 'batch/v1beta1'],
    ['v1.21.0-eks-1', 'batch/v1'],
    ['v1.36.2', 'batch/v1'],
    ['v2.1.0', 'batch/v1'],
    ['', 'batch/v1'],
    ['odd', 'batch/v1'],
  ])('a server %s', (version, expected) => {
    expect(cronJobApiVersion(version)).toBe(expected);
  });

  test('where no cluster answers: batch/v1, and a warning', async () => {
    const argv = ['purge', '--print-cronjob', '@daily', '--image', 'x'];
    const away = await runCommand([...argv, '-n', 'shop', '--server', 'http://127.0.0.1:9']);
    expect(away).toMatchObject({ code: 0, out: expect.stringContaining('apiVersion: batch/v1\n') as string });
    expect(away.err).toMatch(/^warning: the version of the cluster is not known/);
    const nowhere = await runCommand([...argv, '-A']);
    expect(nowhere).toMatchObject({ code: 0, out: expect.stringContaining('namespace: default\n') as string });
    // The context's namespace, where there is no context.
    expect((await runCommand(argv)).code).toBe(1);
  });

  test.each([
    [['--print-cronjob', '17 * * * *'], /needs --image/],
    [['--image', 'x'], /--image needs --print-cronjob/],
    [['--print-cronjob', 'hourly', '--image', 'x'], /five fields/],
    [['--print-cronjob', '* * * *', '--image', 'x'], /five fields/],
    [['--print-cronjob', '* * * * *\nx: y', '--image', 'x'], /five fields/],
    [['--print-cronjob', '@daily', '--image', 'a b'], /for --image/],
    [['--print-cronjob', '@daily', '--image', 'x\n# y'], /for --image/],
    [['--print-cronjob', '@daily', '--image', 'x', '--archive', 'f'], /--print-cronjob and --archive/],
    [['--print-cronjob', '@daily', '--image', 'x', '--watch'], /--print-cronjob and --watch/],
    [['--print-cronjob', '@daily', '--image', 'x', '--older-than', 'soon'], /for --older-than/],
  ])('%j is refused', async (argv, sentence) => {
    const ran = await runCommand(['purge', '-A', ...argv]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(sentence);
  });

  test("the job's own arguments, with its own rights, do the purge", async () => {
    const { role, container } = manifests(await print(['-n', 'shop', '--older-than', '24h', '--cause', 'memory']));
    const old = 3 * 24 * 60;
    const pods = [
      podObject('old', { ago: old }),
      podObject('young', { ago: 5 }),
      podObject('disk', { ago: old, message: 'The node was low on resource: inodes. ' }),
      podObject('elsewhere', { ago: old, namespace: 'media' }),
    ];
    const rules = role.rules.map(rule => ({ ...rule, namespaces: ['shop'] }));
    const world = await purgeWorld(pods, { tls: true, users: [{ name: 'job', rules }] });
    const ran = await runCommand([...(container?.args ?? []), ...accessTo(world.simulator, 'job')]);
    expect(ran.code).toBe(0);
    expect(world.pods()).toEqual(['elsewhere', 'disk', 'young']);
  });
});
