import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Role, roleOf, ruleText } from '../support/roles.ts';
import { call, cleanEnv, type Done, describeIf, evict, kubectl, missing } from './support/cluster.ts';

/** Everything here is called that, and goes at the end. */
const NAME = `evict-rbac-${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'evict-rbac-'));
const userConfig = join(folder, 'user.kubeconfig');

function apply(object: object): void {
  const file = join(folder, 'object.json');
  writeFileSync(file, JSON.stringify(object));
  kubectl('apply', '-f', file);
}

/** A token of a ServiceAccount, as a pod of it would have. */
function tokenOf(account: string): string {
  const file = join(folder, 'request.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }));
  const path = `/api/v1/namespaces/${NAME}/serviceaccounts/${account}/token`;
  const answer = JSON.parse(kubectl('create', '--raw', path, '-f', file)) as {
    readonly status: { readonly token: string };
  };
  return answer.status.token;
}

/** A kubeconfig for the cluster under test with that token, and nothing of the administrator's. */
function writeKubeconfig(path: string, token: string): void {
  const admin = JSON.parse(kubectl('config', 'view', '--raw', '--minify', '-o', 'json')) as {
    readonly clusters: readonly object[];
  };
  const [cluster] = admin.clusters;
  const context = { cluster: (cluster as { name: string }).name, user: 'fresh', namespace: NAME };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [cluster],
    users: [{ name: 'fresh', user: { token } }],
    contexts: [{ name: 'fresh', context }],
    'current-context': 'fresh',
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
}

/** Runs the plugin as the fresh user. */
function asUser(...args: readonly string[]): Done {
  return evict(args, { KUBECONFIG: userConfig });
}

/** The rights the user lacks, by the server's own answer. */
function lacking(purpose: string): readonly string[] {
  const done = asUser('rbac', '--check', '--for', purpose, '-o', 'json');
  const review = JSON.parse(done.out) as {
    readonly items: readonly { verb: string; resource: string; subresource: string; allowed: boolean | null }[];
  };
  return review.items
    .filter(item => item.allowed !== true)
    .map(({ verb, resource, subresource }) => `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`)
    .toSorted();
}

/** Gives the user these rules, and waits until the server knows. */
async function grant(role: Role, rules: Role['rules'], purpose: string): Promise<void> {
  apply({ ...role, metadata: { name: NAME }, rules });
  const gone = role.rules.filter(rule => !rules.includes(rule));
  const expected = gone.flatMap(rule => rule.verbs.flatMap(verb => rule.resources.map(r => `${verb} ${r}`))).toSorted();
  await expect.poll(() => lacking(purpose), { timeout: 20_000, interval: 100 }).toEqual(expected);
}

function printed(purpose: string): Role {
  return roleOf(evict(['rbac', '--for', purpose]).out);
}

/** An Evicted pod that no node knows of. */
function evictedPod(name: string): void {
  const container = { name: 'main', image: 'none' };
  apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAME },
    spec: { schedulerName: 'nobody', containers: [container] },
  });
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+/, '');
  const disruption = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', lastTransitionTime };
  const message = 'The node was low on resource: memory. ';
  const status = { phase: 'Failed', reason: 'Evicted', message, conditions: [disruption] };
  const patch = JSON.stringify({ status });
  kubectl('-n', NAME, 'patch', 'pod', name, '--subresource=status', '--type=merge', '-p', patch);
}

const errorsOf = (done: Done): readonly string[] =>
  (JSON.parse(done.out) as { readonly errors: readonly { readonly what: string }[] }).errors.map(error => error.what);

/** What a command says of a right: on stderr, or in its document. */
const said = (done: Done): string => `${done.err}${done.out}`;

let node = '';
const tuned = join(folder, 'tuned.yaml');

/** A run of a command: how, and what is to be seen with every right and without each rule. */
interface Trial {
  readonly run: () => Done;
  readonly whole: (done: Done) => void;
  /** By rule; `unchanged` is a right that this run has no use for. */
  readonly without: Readonly<Record<string, 'unchanged' | ((done: Done) => void)>>;
}

const fails = (right: RegExp) => (done: Done) => {
  expect(done.code).toBe(1);
  expect(said(done)).toMatch(right);
};
const degrades = (what: string) => (done: Done) => {
  expect(done.code).toBe(0);
  expect(errorsOf(done)).toEqual([what]);
};
const names = (right: RegExp) => (done: Done) => {
  expect(done.code).toBe(0);
  expect(said(done)).toMatch(right);
};

const TRIALS: Readonly<Record<string, Trial>> = {
  status: {
    run: () => asUser('status', node, '-o', 'json'),
    whole: done => {
      expect({ code: done.code, err: done.err }).toEqual({ code: 0, err: '' });
      expect(errorsOf(done)).toEqual([]);
    },
    without: {
      'get,list nodes': fails(/cannot get node [^\n]*forbidden/),
      'get nodes/proxy': degrades('nodes/proxy'),
      'list pods': degrades('pods'),
      'list events': degrades('events'),
      'list leases': degrades('leases'),
      'get configmaps': 'unchanged',
      'watch nodes': 'unchanged',
      'watch pods': 'unchanged',
    },
  },
  purge: {
    run: () => {
      evictedPod('web-1');
      const archive = join(folder, 'archive.ndjson');
      rmSync(archive, { force: true });
      return asUser('purge', '-y', '--older-than', '0s', '--archive', archive, '-o', 'json');
    },
    whole: done => {
      expect(done.code).toBe(0);
      expect(JSON.parse(done.out)).toMatchObject({ summary: { deleted: 1, failed: 0 }, errors: [] });
      expect(readFileSync(join(folder, 'archive.ndjson'), 'utf8')).not.toContain('eventsError');
    },
    without: {
      'list pods': fails(/cannot list pods[^\n]*forbidden/),
      'delete pods': fails(/cannot delete pod [^\n]*forbidden/),
      // Only a pod that changes in between is read again.
      'get pods': 'unchanged',
      'watch pods': 'unchanged',
      'list events': done => {
        expect(done.code).toBe(0);
        expect(errorsOf(done)).toEqual(['list events']);
        expect(JSON.parse(done.out)).toMatchObject({ summary: { deleted: 1 } });
        expect(readFileSync(join(folder, 'archive.ndjson'), 'utf8')).toMatch(
          /"eventsError":"cannot list events[^"]*forbidden/,
        );
      },
    },
  },
  tune: {
    run: () => asUser('tune', '--node', node, '--nodefs', '4%', '--to', 'kubeadm-configmap'),
    whole: done => {
      expect(done.code).toBe(0);
      expect(done.out).toContain('nodefs.available');
    },
    without: {
      'get,list nodes': fails(/cannot get node [^\n]*forbidden/),
      'get nodes/proxy': fails(/right to get nodes\/proxy is missing/),
      'get configmaps': fails(/cannot get configmap [^\n]*forbidden/),
    },
  },
  verify: {
    run: () => asUser('verify', '-f', tuned, node, '-o', 'json'),
    whole: done => expect(done.code).toBe(0),
    without: {
      'get,list nodes': done => {
        expect(done.code).toBe(1);
        expect(said(done)).toMatch(/nodes[^\n]*forbidden|forbidden[^\n]*nodes/);
      },
      'get nodes/proxy': done => {
        expect(done.code).not.toBe(0);
        expect(said(done)).toMatch(/right to get nodes\/proxy/);
      },
      'list pods': 'unchanged',
    },
  },
  why: {
    run: () => asUser('why', `node/${node}`, '-o', 'json'),
    whole: done => {
      expect(done.code).toBe(0);
      expect(errorsOf(done)).toEqual([]);
    },
    without: {
      'get nodes': fails(/cannot get node [^\n]*forbidden/),
      'get nodes/proxy': names(/right to get nodes\/proxy/),
      'get pods': 'unchanged',
      'list pods': names(/cannot list pods [^\n]*forbidden/),
      'list events': names(/cannot list events[^\n]*forbidden/),
      'list leases': names(/cannot list leases[^\n]*forbidden/),
    },
  },
  report: {
    run: () => {
      evictedPod('web-2');
      return asUser('report', '-o', 'json');
    },
    whole: done => {
      expect(done.code).toBe(0);
      expect(errorsOf(done)).toEqual([]);
      const { summary } = JSON.parse(done.out) as { readonly summary: { readonly sources: { readonly pod: number } } };
      expect(summary.sources.pod).toBeGreaterThan(0);
    },
    without: {
      'list pods': degrades('pods'),
      'list events': degrades('events'),
    },
  },
};

describeIf(missing('kubectl', 'cluster'), 'with exactly the printed role, bound to a fresh user', () => {
  /** Older kubeadm clusters, and ones that kubeadm did not make, have no such ConfigMap. */
  let madeConfigMap = false;

  beforeAll(() => {
    kubectl('create', 'namespace', NAME);
    kubectl('-n', NAME, 'create', 'serviceaccount', 'fresh');
    writeKubeconfig(userConfig, tokenOf('fresh'));
    apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: NAME },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: 'fresh', namespace: NAME }],
    });
    const ready = kubectl(
      'get',
      'nodes',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}',
    );
    node = /^(\S+) True$/m.exec(ready)?.[1] ?? '';
    if (!kubectl('-n', 'kube-system', 'get', 'configmaps', '-o', 'name').includes('/kubelet-config')) {
      madeConfigMap = true;
      const kubelet = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
      const metadata = { name: 'kubelet-config', namespace: 'kube-system' };
      apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { kubelet } });
    }
    const document = evict(['tune', '--node', node, '--restore-defaults', '--fragment']);
    const configz = JSON.parse(kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/configz`)) as {
      readonly kubeletconfig: { readonly evictionHard: object };
    };
    expect(document.code).toBe(0);
    const hard = { evictionHard: configz.kubeletconfig.evictionHard };
    const head = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' };
    writeFileSync(tuned, JSON.stringify({ ...head, ...hard }));
  });
  afterAll(() => {
    kubectl('delete', 'namespace', NAME, '--wait=false');
    for (const kind of ['clusterrolebinding', 'clusterrole']) kubectl('delete', kind, NAME, '--ignore-not-found');
    if (madeConfigMap) kubectl('-n', 'kube-system', 'delete', 'configmap', 'kubelet-config');
    rmSync(folder, { recursive: true });
  });

  describe.each(Object.entries(TRIALS))('%s', (purpose, trial) => {
    test('works, and without each single rule loses what the role says', async () => {
      const role = printed(purpose);
      expect(role.rules.map(ruleText)).toEqual(Object.keys(trial.without));
      await grant(role, role.rules, purpose);
      trial.whole(trial.run());
      for (const rule of role.rules) {
        await grant(
          role,
          role.rules.filter(other => other !== rule),
          purpose,
        );
        const done = trial.run();
        const expected = trial.without[ruleText(rule)] ?? 'unchanged';
        try {
          if (expected === 'unchanged') trial.whole(done);
          else expected(done);
        } catch (error) {
          throw new Error(`without ${ruleText(rule)}: exit ${done.code}\n${done.err}${done.out.slice(0, 2000)}`, {
            cause: error,
          });
        }
      }
    });
  });

  test('purge --watch needs its rule, and says so', async () => {
    const role = printed('purge');
    await grant(
      role,
      role.rules.filter(rule => ruleText(rule) !== 'watch pods'),
      'purge',
    );
    const done = asUser('purge', '-y', '--watch');
    expect(done.code).toBe(1);
    expect(said(done)).toMatch(/cannot watch pods[^\n]*forbidden/);
  });

  test('the role for everything does everything', async () => {
    const role = printed('all');
    await grant(role, role.rules, 'all');
    for (const trial of Object.values(TRIALS)) trial.whole(trial.run());
  });

  test('a Role in one namespace is enough to purge and report there', async () => {
    await grant(printed('purge'), [], 'purge');
    for (const purpose of ['purge', 'report']) {
      apply(roleOf(evict(['rbac', '--for', purpose, '-n', NAME]).out));
      const name = `kubectl-evict-${purpose}`;
      kubectl('-n', NAME, 'create', 'rolebinding', name, `--role=${name}`, `--serviceaccount=${NAME}:fresh`);
    }
    const check = () => asUser('rbac', '--check', '--for', 'purge', '-n', NAME, '--no-headers').out;
    await expect.poll(check, { timeout: 20_000, interval: 100 }).not.toMatch(/ no /);
    TRIALS['report']?.whole(TRIALS['report'].run());
    expect(asUser('purge', '-y').code).toBe(0);
    expect(asUser('report', '-A').code).toBe(1);
  });
});

describeIf(missing('kubectl', 'cluster'), 'purge --print-cronjob on a real server', () => {
  const place = mkdtempSync(join(tmpdir(), 'evict-cronjob-'));
  const file = join(place, 'cronjob.yaml');
  const namespace = `${NAME}-job`;
  beforeAll(() => void kubectl('create', 'namespace', namespace));
  afterAll(() => {
    kubectl('delete', 'namespace', namespace, '--wait=false');
    rmSync(place, { recursive: true });
  });

  function print(...args: readonly string[]): readonly { readonly kind: string }[] {
    const done = evict([
      'purge',
      '--print-cronjob',
      '17 * * * *',
      '--image',
      'registry.example/kubectl-evict:1',
      ...args,
    ]);
    expect({ code: done.code, err: done.err }).toEqual({ code: 0, err: '' });
    writeFileSync(file, done.out);
    return loadAll(done.out) as { kind: string }[];
  }

  test.each([['-A'], ['-n', namespace, '--older-than', '24h', '--keep', '3']])('is accepted: %s %s', (...args) => {
    const documents = print(...args);
    const accepted = kubectl('apply', '--dry-run=server', '-f', file).trimEnd().split('\n');
    expect(accepted).toHaveLength(documents.length);
    for (const line of accepted) expect(line).toMatch(/ created \(server dry run\)$/);
  });

  test("its arguments, run with its ServiceAccount's token, do the purge and nothing beyond", async () => {
    const documents = print('-n', namespace);
    const job = documents.at(-1) as unknown as {
      spec: {
        jobTemplate: { spec: { template: { spec: { serviceAccountName: string; containers: { args: string[] }[] } } } };
      };
    };
    for (const document of documents.slice(0, -1)) {
      const one = join(place, 'one.json');
      writeFileSync(one, JSON.stringify(document));
      kubectl('apply', '-f', one);
    }
    const pod = join(place, 'pod.json');
    for (const name of ['gone', 'stays']) {
      const spec = { schedulerName: 'nobody', containers: [{ name: 'main', image: 'none' }] };
      writeFileSync(pod, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec }));
      kubectl('apply', '-f', pod);
      const status = { phase: 'Failed', reason: name === 'gone' ? 'Evicted' : 'Error' };
      kubectl(
        '-n',
        namespace,
        'patch',
        'pod',
        name,
        '--subresource=status',
        '--type=merge',
        '-p',
        JSON.stringify({ status }),
      );
    }
    const { serviceAccountName, containers } = job.spec.jobTemplate.spec.template.spec;
    const request = join(place, 'request.json');
    writeFileSync(request, JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }));
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccountName}/token`;
    const { status } = JSON.parse(kubectl('create', '--raw', path, '-f', request)) as { status: { token: string } };
    const config = join(place, 'job.kubeconfig');
    writeKubeconfig(config, status.token);
    // As the container does it: the program itself, its arguments, and nothing else.
    const run = () => call('kubectl-evict', containers[0]?.args ?? [], cleanEnv({ KUBECONFIG: config }));
    // The binding takes a moment.
    const may = () =>
      call('kubectl-evict', ['rbac', '--check', '--for', 'purge', '-n', namespace], cleanEnv({ KUBECONFIG: config }));
    await expect.poll(() => may().out, { timeout: 20_000, interval: 100 }).toMatch(/^delete pods\b.* yes /m);
    const done = run();
    expect(done.out).toBe(`pod "gone" deleted from ${namespace} namespace\n`);
    expect(kubectl('-n', namespace, 'get', 'pods', '-o', 'name')).toBe('pod/stays\n');
  });
});
