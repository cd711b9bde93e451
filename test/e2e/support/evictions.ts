import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call, cleanEnv, evict, kubectl, scenario } from './cluster.ts';

// Set-ups in which a real kubelet has to choose: candidates with priorities, requests and real use, and a critical pod that takes
// so much of one resource that every candidate has to go, one after the other.

const NAMESPACE = 'evict-why';
const MI = 1024 ** 2;

/** What the kubelet runs for all set-ups: nothing is met until a filler comes, and conditions lift at once. */
const POD_LIMIT_MI = 900;

/** A pod among which the kubelet chooses. */
export interface Candidate {
  readonly name: string;
  /** `spec.priority` through a PriorityClass of that value. @default none */
  readonly priority?: -10 | 1000;
  readonly requests?: Readonly<Record<string, string>>;
  /** Requests of an init container that does nothing. */
  readonly initRequests?: Readonly<Record<string, string>>;
  /** MiB in the writable layer, in an emptyDir on disk, in an emptyDir in memory, in the log. */
  readonly rootfs?: number;
  readonly volume?: number;
  readonly memory?: number;
  readonly log?: number;
  /** Files in the writable layer. */
  readonly files?: number;
}

/** One choice that a kubelet has to make. */
export interface SetUp {
  readonly name: string;
  readonly signal: string;
  readonly candidates: readonly Candidate[];
  /** The order by the rules, worked out by hand. */
  readonly order: readonly string[];
}

const FILLERS: Readonly<Record<string, string>> = {
  'nodefs.available': 'fallocate -l 600M /data/fill',
  'nodefs.inodesFree': 'cd /data; i=0; while [ $i -lt 7000 ]; do : > f$i; i=$((i+1)); done',
  'memory.available': 'dd if=/dev/zero of=/mem/fill bs=1M count=520',
  'pid.available': 'i=0; while [ $i -lt 1400 ]; do sleep 100000 & i=$((i+1)); done',
};

interface Stats {
  readonly node: { readonly rlimit: { readonly maxpid: number; readonly curproc: number } };
}

/** The one node of the cluster. */
export function nodeName(): string {
  return kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}').trim();
}

/** Configures the kubelet, and makes the namespace and the priority classes. */
export function prepare(node: string): void {
  const capacity = kubectl('get', 'node', node, '-o', 'jsonpath={.status.capacity.memory}').trim();
  const stats = JSON.parse(kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/stats/summary`)) as Stats;
  const { maxpid, curproc } = stats.node.rlimit;
  const config = {
    evictionHard: {
      // Compared inside the pods' own limit, too: there it does not matter what else the machine does.
      'memory.available': '400Mi',
      'nodefs.available': '500Mi',
      'nodefs.inodesFree': '60000',
      'imagefs.available': '1%',
      'pid.available': String(maxpid - curproc - 700),
    },
    systemReserved: { memory: `${Number.parseInt(capacity, 10) - POD_LIMIT_MI * 1024}Ki` },
    evictionPressureTransitionPeriod: '1s',
    // Figures and conditions are told at once, not after 60 and 10 seconds.
    volumeStatsAggPeriod: '1s',
    nodeStatusUpdateFrequency: '1s',
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
  };
  const dir = mkdtempSync(join(tmpdir(), 'evict-why-'));
  try {
    const file = join(dir, 'kubelet.yaml');
    // The kit appends it to YAML: one line a field.
    writeFileSync(
      file,
      Object.entries(config)
        .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
        .join(''),
    );
    scenario('kubelet', 'config', file);
  } finally {
    rmSync(dir, { recursive: true });
  }
  // A run that was cut off may have left it.
  call('kubectl', ['delete', 'namespace', NAMESPACE, '--ignore-not-found']);
  kubectl('create', 'namespace', NAMESPACE);
  for (const value of [-10, 1000]) {
    apply({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: classOf(value) }, value });
  }
}

/** Puts everything back as it was. */
export function restore(): void {
  call('kubectl', ['delete', 'priorityclass', classOf(-10), classOf(1000), '--ignore-not-found']);
  call('kubectl', ['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=false']);
  scenario('kubelet', 'config', '--reset');
}

function classOf(value: number): string {
  return value < 0 ? `evict-why-minus-${-value}` : `evict-why-${value}`;
}

function apply(object: object): void {
  const dir = mkdtempSync(join(tmpdir(), 'evict-why-'));
  try {
    const file = join(dir, 'object.json');
    writeFileSync(file, JSON.stringify(object));
    kubectl('apply', '--validate=false', '-f', file);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** The spec of a pod that runs a command and then sleeps, bound to the node without the scheduler. */
function podObject(node: string, name: string, command: string, more: object, container: object = {}): object {
  const image = kubectl('get', 'node', node, '-o', 'jsonpath={.status.images[0].names[0]}').trim();
  const mounts = [
    { name: 'data', mountPath: '/data' },
    { name: 'mem', mountPath: '/mem' },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, labels: { app: 'evict-why' } },
    spec: {
      nodeName: node,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      tolerations: [{ operator: 'Exists' }],
      automountServiceAccountToken: false,
      volumes: [
        { name: 'data', emptyDir: {} },
        { name: 'mem', emptyDir: { medium: 'Memory' } },
      ],
      containers: [
        {
          name: 'main',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/bin/sh', '-c', `${command}; exec sleep infinity`],
          volumeMounts: mounts,
          ...container,
        },
      ],
      ...more,
    },
  };
}

function candidateObject(node: string, candidate: Candidate): object {
  const { rootfs = 0, volume = 0, memory = 0, log = 0, files = 0, priority } = candidate;
  const write = (path: string, count: number): string => `dd if=/dev/zero of=${path} bs=1M count=${count} 2>/dev/null`;
  const commands = [
    rootfs > 0 ? write('/tmp/x', rootfs) : '',
    volume > 0 ? write('/data/x', volume) : '',
    memory > 0 ? write('/mem/x', memory) : '',
    log > 0 ? `dd if=/dev/zero bs=1M count=${log} 2>/dev/null | tr '\\\\000' x | fold -w 200` : '',
    files > 0 ? `i=0; while [ $i -lt ${files} ]; do : > /tmp/f$i; i=$((i+1)); done` : '',
  ].filter(c => c !== '');
  const image = kubectl('get', 'node', node, '-o', 'jsonpath={.status.images[0].names[0]}').trim();
  const init = {
    name: 'init',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/true'],
    resources: { requests: candidate.initRequests ?? {} },
  };
  const more = {
    ...(priority === undefined ? {} : { priorityClassName: classOf(priority) }),
    ...(candidate.initRequests === undefined ? {} : { initContainers: [init] }),
  };
  const command = commands.length === 0 ? 'true' : commands.join('; ');
  return podObject(node, candidate.name, command, more, { resources: { requests: candidate.requests ?? {} } });
}

/** Starts the candidates, and waits until they run. */
export function startCandidates(node: string, candidates: readonly Candidate[]): void {
  const items = candidates.map(candidate => candidateObject(node, candidate));
  apply({ apiVersion: 'v1', kind: 'List', items });
  const names = candidates.map(({ name }) => `pod/${name}`);
  kubectl('wait', '-n', NAMESPACE, '--for=condition=Ready', '--timeout=60s', ...names);
}

/** Starts the critical pod that brings the node below the threshold of a signal. */
export function startFiller(node: string, signal: string): void {
  const command = FILLERS[signal];
  if (command === undefined) throw new Error(`no filler for ${signal}`);
  apply(podObject(node, 'filler', command, { priorityClassName: 'system-node-critical' }));
}

/** A DaemonSet whose pods do nothing. */
export function startDaemonSet(node: string, name: string): void {
  const labels = { app: name };
  const pod = podObject(node, name, 'true', {}) as { readonly spec: object };
  const { nodeName: _node, restartPolicy: _policy, tolerations: _all, ...spec } = pod.spec as Record<string, unknown>;
  apply({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: NAMESPACE },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
}

/** What `why node/N -o json` says, as far as the tests look. */
export interface NodeDocument {
  readonly node: { readonly pressure: readonly string[]; readonly bindingSignal: string | null };
  readonly story: readonly string[];
  readonly next: readonly string[];
  readonly evictionOrder: readonly {
    readonly occasion: string;
    readonly signal: string;
    readonly victims: readonly { readonly namespace: string; readonly name: string; readonly usage: number | null }[];
    readonly spared: readonly { readonly name: string; readonly why: string }[];
  }[];
  readonly loops: readonly { readonly owner: string; readonly namespace: string; readonly count: number }[];
  readonly findings: readonly { readonly code: string }[];
  readonly errors: readonly unknown[];
}

/** `why node/N -o json`. */
export function whyNode(node: string, ...args: readonly string[]): NodeDocument {
  const done = evict(['why', `node/${node}`, '-o', 'json', ...args]);
  if (done.code !== 0 || done.err !== '') throw new Error(`why: ${done.code} ${done.err}`);
  return JSON.parse(done.out) as NodeDocument;
}

/** The predicted order for a signal, by name; empty while the figures of a pod are not in yet. */
export function predicted(node: string, { signal, candidates }: SetUp): readonly string[] {
  const victims = whyNode(node, '--signal', signal).evictionOrder[0]?.victims ?? [];
  const settled = candidates.every(candidate => {
    const usage = victims.find(v => v.name === candidate.name)?.usage ?? null;
    return usage !== null && usage >= leastUse(candidate, signal);
  });
  return settled ? victims.map(v => v.name) : [];
}

function leastUse(candidate: Candidate, signal: string): number {
  const { rootfs = 0, volume = 0, log = 0, memory = 0, files = 0 } = candidate;
  if (signal === 'memory.available') return memory * MI;
  if (signal === 'nodefs.inodesFree') return files;
  return signal === 'pid.available' ? 0 : (rootfs + volume + log) * MI;
}

/** Names of the pods that the kubelet evicted, in the order in which it said so. */
export function evictedInOrder(): readonly string[] {
  const events = JSON.parse(
    kubectl('get', 'events', '-n', NAMESPACE, '--field-selector', 'reason=Evicted', '-o', 'json'),
  ) as {
    readonly items: readonly {
      readonly metadata: { readonly resourceVersion: string };
      readonly involvedObject: { readonly name: string };
    }[];
  };
  return events.items
    .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    .map(event => event.involvedObject.name);
}

/**
 * Ends the pressure: workloads and the pods that run go. What the kubelet evicted must stay until the node is calm: for a pod that
 * is gone from the API it waits half a minute in vain.
 */
export function relieve(): void {
  kubectl('delete', 'daemonsets', '--all', '-n', NAMESPACE, '--wait=false');
  const running = ['--field-selector=status.phase!=Failed', '--grace-period=0', '--force'];
  kubectl('delete', 'pods', '-n', NAMESPACE, ...running);
}

/** Removes what a set-up has left. */
export function clear(): void {
  kubectl('delete', 'pods', '--all', '-n', NAMESPACE, '--grace-period=0', '--force');
  kubectl('delete', 'events', '--all', '-n', NAMESPACE);
}

/** Whether the node is free of pressure, and nothing is met. */
export function isCalm(node: string): boolean {
  const types = ['DiskPressure', 'MemoryPressure', 'PIDPressure'];
  const conditions = JSON.parse(kubectl('get', 'node', node, '-o', 'json')) as {
    readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
  };
  return conditions.status.conditions.every(c => !types.includes(c.type) || c.status === 'False');
}

/** `why pod/NAME -o json` in the namespace of the set-ups. */
export function whyPod(name: string): { readonly [key: string]: unknown } {
  const done = call('kubectl', ['evict', 'why', `pod/${name}`, '-n', NAMESPACE, '-o', 'json'], cleanEnv());
  if (done.code !== 0) throw new Error(`why: ${done.code} ${done.err}`);
  return JSON.parse(done.out) as { readonly [key: string]: unknown };
}
