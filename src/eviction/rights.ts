import { PURPOSES, type Purpose } from './purposes.ts';

/** One rule of a role, and why it is there. */
export interface Need {
  /** Empty: the core group. */
  readonly group: string;
  /** Plural, with the subresource where it is one: `nodes/proxy`. */
  readonly resource: string;
  readonly verbs: readonly string[];
  /** Only these objects; empty: all. */
  readonly names: readonly string[];
  /** The only namespace it is needed in; null: any that is worked on, or none. */
  readonly namespace: string | null;
  /** Whether the objects live in namespaces, so that a Role is enough for one of them. */
  readonly namespaced: boolean;
  /** What for, as a clause without a full stop. */
  readonly why: string;
  /** What is lost without it, as a clause without a full stop. */
  readonly without: string;
  /** More than the command needs comes with it: sentences; null: it does not. */
  readonly danger: string | null;
}

/** Need with its rarely needed parts left out. */
type Rule = Pick<Need, 'resource' | 'verbs' | 'why' | 'without'> & Partial<Need>;

function rule(part: Rule): Need {
  return { group: '', names: [], namespace: null, namespaced: false, danger: null, ...part };
}

function nodes(without: string, verbs: readonly string[] = ['get', 'list']): Need {
  return rule({
    resource: 'nodes',
    verbs,
    why: 'conditions, versions and labels of the nodes',
    without,
  });
}

function proxy(without: string): Need {
  return rule({
    resource: 'nodes/proxy',
    verbs: ['get'],
    why: "the kubelets' thresholds (configz) and figures (stats/summary)",
    without,
    danger:
      "get on nodes/proxy reaches everything a kubelet serves, on every node: logs, metrics, and on many versions commands in containers (exec through a websocket is a GET). Give it to people who could read the nodes' disks anyway.",
  });
}

function pods(verb: string, why: string, without: string): Need {
  return rule({ resource: 'pods', verbs: [verb], namespaced: true, why, without });
}

function events(why: string, without: string): Need {
  return rule({ resource: 'events', verbs: ['list'], namespaced: true, why, without });
}

const LEASES = rule({
  group: 'coordination.k8s.io',
  resource: 'leases',
  verbs: ['list'],
  namespace: 'kube-node-lease',
  namespaced: true,
  why: 'whether a kubelet is alive',
  without: 'its heartbeat is used, which may be 5 minutes old',
});

/** kubeadm's ConfigMap carried the version in its name up to 1.23. */
export const KUBELET_CONFIG_MAPS: readonly string[] = [
  'kubelet-config',
  ...[20, 21, 22, 23].map(minor => `kubelet-config-1.${minor}`),
];

function configMaps(why: string, without: string): Need {
  return rule({
    resource: 'configmaps',
    verbs: ['get'],
    names: KUBELET_CONFIG_MAPS,
    namespace: 'kube-system',
    namespaced: true,
    why,
    without,
  });
}

const NEEDS: Readonly<Record<Exclude<Purpose, 'all'>, readonly Need[]>> = {
  status: [
    nodes('there is no status at all'),
    proxy('conditions, Evicted pods and ages are still shown'),
    pods('list', 'how many Evicted pods lie about, and on which node', 'they are not counted'),
    events('workloads that are refused again and again (finding hot-loop), cgroup version', 'neither is known'),
    LEASES,
    configMaps(
      'the configuration that kubeadm gives to nodes (finding config-drift)',
      'nodes are compared with one another only',
    ),
    rule({
      resource: 'nodes',
      verbs: ['watch'],
      why: 'changes of nodes at once, on the screen of a terminal',
      without: 'it lists them every 15 seconds instead',
    }),
    pods('watch', 'new Evicted pods at once, on the screen of a terminal', 'it lists them every 15 seconds instead'),
  ],
  purge: [
    pods('list', 'finding Evicted pods', 'there is no purge at all'),
    pods('delete', 'deleting them', 'only --dry-run=client works'),
    pods('get', 'looking again at a pod that changed meanwhile', 'such a pod fails, and stays'),
    pods('watch', 'staying with --watch', '--watch does not work'),
    events(
      'ages since the eviction (--older-than), and the evidence kept with --archive',
      'ages are less exact, and the archive says that the events are missing',
    ),
  ],
  tune: [
    nodes('only -f FILE and --offline work'),
    proxy('only -f FILE and --offline work'),
    configMaps("kubeadm's configuration, for --to kubeadm-configmap", 'that target does not work'),
  ],
  verify: [
    nodes('there is no verification at all'),
    proxy('there is no verification at all'),
    pods('list', 'whether pods are still evicted, with --wait', '--wait cannot tell'),
  ],
  why: [
    nodes('a node is not explained, and a pod without the state of its node', ['get']),
    proxy('thresholds, figures and the next victims are missing'),
    pods('get', 'the pod that is asked about', 'a pod is not explained'),
    pods('list', 'the pods of the node, for the next victims', 'they are missing'),
    events(
      'what was written at the time: usage, reclaim, image garbage collection, reboots',
      'the timeline is missing',
    ),
    LEASES,
  ],
  report: [
    pods('list', 'Evicted pods', 'only events and archives are counted'),
    events(
      'evictions whose pod is gone, and when the others were',
      'evictions whose pod is gone are not counted, and times are less exact',
    ),
  ],
};

/** The rules of a role for a purpose. For `all` those with the same objects are one rule. */
export function needsOf(purpose: Purpose): readonly Need[] {
  return purpose === 'all' ? mergedNeeds() : NEEDS[purpose];
}

/** The purposes beside `all` with their rules. */
export function needsByPurpose(): readonly (readonly [Exclude<Purpose, 'all'>, readonly Need[]])[] {
  return PURPOSES.flatMap(purpose => (purpose === 'all' ? [] : [[purpose, NEEDS[purpose]] as const]));
}

/** In the order in which rules name them. */
const VERBS = ['get', 'list', 'watch', 'delete'];

function mergedNeeds(): readonly Need[] {
  const merged = new Map<string, Need>();
  for (const [purpose, needs] of needsByPurpose()) {
    for (const need of needs) {
      const key = `${need.group}/${need.resource}`;
      const before = merged.get(key);
      const verbs = VERBS.filter(verb => need.verbs.includes(verb) || before?.verbs.includes(verb));
      const why = before === undefined ? purpose : withPurpose(before.why, purpose);
      merged.set(key, { ...(before ?? need), verbs, why, without: '' });
    }
  }
  return [...merged.values()];
}

function withPurpose(list: string, purpose: string): string {
  return list.split(', ').includes(purpose) ? list : `${list}, ${purpose}`;
}

/** One question to the server: a single verb on a single kind of object. */
export interface AccessQuestion {
  /** The commands that ask for it: what for, and what each loses without it. */
  readonly neededBy: readonly { readonly command: Purpose; readonly why: string; readonly without: string }[];
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** Empty: the object itself. */
  readonly subresource: string;
  /** Null: any. */
  readonly name: string | null;
  /** Null: all of them, or the objects live in none. */
  readonly namespace: string | null;
}

/**
 * What to ask, so that every rule of a role is covered; the same question once.
 *
 * @param namespace where the objects are that live in namespaces; null: everywhere
 */
export function accessQuestions(purpose: Purpose, namespace: string | null): readonly AccessQuestion[] {
  const asked = new Map<string, AccessQuestion>();
  for (const [of, needs] of needsByPurpose()) {
    if (purpose !== 'all' && purpose !== of) continue;
    for (const question of needs.flatMap(need => questionsOf(need, of, namespace))) {
      const { verb, group, resource, subresource, name } = question;
      const key = [verb, group, resource, subresource, name ?? '', question.namespace ?? ''].join('/');
      const before = asked.get(key);
      asked.set(
        key,
        before === undefined ? question : { ...before, neededBy: [...before.neededBy, ...question.neededBy] },
      );
    }
  }
  return [...asked.values()];
}

function questionsOf(need: Need, of: Purpose, namespace: string | null): readonly AccessQuestion[] {
  const [resource = '', subresource = ''] = need.resource.split('/');
  const where = need.namespace ?? (need.namespaced ? namespace : null);
  // Of several names the first is the one in use today.
  const [name = null] = need.names;
  const { group, why, without } = need;
  return need.verbs.map(verb => ({
    neededBy: [{ command: of, why, without }],
    verb,
    group,
    resource,
    subresource,
    name,
    namespace: where,
  }));
}
