import { describe, expect, test } from 'vitest';
import { defaultEvictionHard } from '../../../src/eviction/signal.ts';
import { parseKubeletVersion } from '../../../src/eviction/version.ts';
import { field, isObject } from '../../../src/simulator/json.ts';
import { kubeletConfigOf } from '../../../src/simulator/kubelet/configz.ts';
import { featuresOf } from '../../../src/simulator/kubelet/features.ts';
import { listField, textField } from '../../../src/simulator/kubelet/fields.ts';
import { nodeObject } from '../../../src/simulator/kubelet/node-object.ts';
import { readPod } from '../../../src/simulator/kubelet/pod.ts';
import { evictedPodStatus, refusedPodStatus, runningPodStatus } from '../../../src/simulator/kubelet/pod-status.ts';
import { startKubelet } from '../../../src/simulator/kubelet/state.ts';
import { statsBody } from '../../../src/simulator/kubelet/stats.ts';
import type { KubeObject } from '../../../src/simulator/objects.ts';
import { disk, GIB, hard, MIB, type NodeOptions } from '../../../src/simulator/scenarios/builders.ts';
import { fixture } from '../../support/fixtures.ts';
import { Bench, pod, shapeOf, spec, T0 } from './support.ts';

type Release = 'v1.20' | 'v1.36';

function recordedPods(release: Release, file: string): KubeObject[] {
  return listField(fixture(release, file), 'items') as KubeObject[];
}

function recordedPod(release: Release, file: string, name: string): KubeObject {
  const found = recordedPods(release, file).find(({ metadata }) => metadata.name.startsWith(name));
  if (found === undefined) throw new Error(`no ${name} in ${file}`);
  return found;
}

/** Numbers and names of containers replaced, so that only the wording is left. */
function wording(message: string | null): string {
  return (message ?? '')
    .replaceAll(/\b\d+(?:Ki|Mi|Gi|k|M)?\b/g, 'N')
    .replaceAll(/Container \S+ /g, 'Container X ')
    .replaceAll(/volume "\S+"/g, 'volume "X"')
    .replaceAll(/\[(Memory|Disk)Pressure\]/g, '[C]');
}

const DISK: Partial<NodeOptions> = {
  config: hard({ 'nodefs.available': '10%' }),
  disks: [disk('root', 100 * GIB, 9 * GIB)],
};
const MEMORY: Partial<NodeOptions> = {
  memory: { capacityBytes: 8 * GIB, systemWorkingSetBytes: 8 * GIB - 90 * MIB, systemRssBytes: GIB },
};
const PIDS: Partial<NodeOptions> = { config: hard({ 'pid.available': '500' }), pids: { max: 1000, system: 502 } };
const CACHE = {
  template: { volumes: [{ name: 'data', sizeLimit: '5Mi' }] },
  usage: { volumes: [{ name: 'data', bytes: 6 * MIB }] },
};
const LIMIT = {
  template: { limits: { 'ephemeral-storage': '5Mi' } },
  usage: { containers: [{ name: 'web', rootfsBytes: 6 * MIB }] },
};

describe('messages are those that were recorded, but for the numbers', () => {
  const versions = { 'v1.20': 'v1.20.2', 'v1.36': 'v1.36.2' } as const;
  test.each<[Release, string, string, Partial<NodeOptions>, Parameters<typeof pod>[1]]>([
    ['v1.20', 'pods-evicted.json', 'bystander', DISK, {}],
    [
      'v1.20',
      'pods-evicted.json',
      'memory-hog',
      MEMORY,
      { template: { requests: { memory: '4Mi' } }, usage: { containers: [{ name: 'web', memoryBytes: 9 * MIB }] } },
    ],
    ['v1.20', 'pods-evicted.json', 'emptydir-limit', {}, CACHE],
    ['v1.20', 'pods-evicted.json', 'pod-limit', {}, LIMIT],
    ['v1.36', 'pods-evicted.json', 'guaranteed', DISK, {}],
    ['v1.36', 'pods-evicted.json', 'emptydir-limit', {}, CACHE],
    ['v1.36', 'pods-evicted.json', 'ephemeral-limit', {}, LIMIT],
    [
      'v1.36',
      'pods-evicted-memory-pid.json',
      'memhog',
      MEMORY,
      { template: { requests: { memory: '4Mi' } }, usage: { containers: [{ name: 'web', memoryBytes: 9 * MIB }] } },
    ],
    ['v1.36', 'pods-evicted-memory-pid.json', 'pidhog', PIDS, {}],
  ])('%s %s %s', (release, file, name, options, podOptions) => {
    const bench = new Bench(spec({ ...options, kubeletVersion: versions[release] }), [pod('web', podOptions)]).advance(
      5,
    );
    const status = recordedPod(release, file, name).status;
    const message = textField(bench.status('web'), 'message');
    expect(message).toMatch(/\. $/);
    expect(wording(message)).toBe(wording(textField(status, 'message')));
  });

  test.each<[Release, string]>([
    ['v1.20', 'late'],
    ['v1.36', 'late'],
  ])('%s: refused (%s), in the status and in the event', (release, name) => {
    const bench = new Bench(spec({ ...DISK, kubeletVersion: versions[release] })).add(pod('web', { phase: 'Pending' }));
    const recorded = textField(recordedPod(release, 'pods-evicted.json', name).status, 'message');
    expect(textField(bench.status('web'), 'message')).toBe(recorded);
    expect(bench.events('Evicted')).toEqual([recorded?.replace(/^Pod (was rejected: )?/, '')]);
  });

  test('the event of an eviction carries the annotations of a recorded one', () => {
    const bench = new Bench(spec(DISK), [pod('web')]);
    const event = bench.effects.find(effect => effect.kind === 'event' && effect.event.reason === 'Evicted');
    const recorded = listField(fixture('v1.36', 'events.json'), 'items').find(
      one => field(one, 'reason') === 'Evicted' && isObject(field(field(one, 'metadata'), 'annotations')),
    );
    expect(event).toMatchObject({
      event: {
        annotations: { ...Object(field(field(recorded, 'metadata'), 'annotations')), offending_containers: 'web' },
      },
    });
  });
});

describe('statuses have the shape of recorded ones', () => {
  const place = (release: Release, podIp: string | null) => ({
    hostIp: '10.0.0.1',
    podIp,
    startedAtMs: T0,
    features: featuresOf(parseKubeletVersion(release === 'v1.20' ? 'v1.20.2' : 'v1.36.2')),
  });

  test.each<[Release, string, 'killed' | 'lost' | 'zero', boolean, boolean]>([
    ['v1.36', 'guaranteed', 'killed', true, true],
    ['v1.36', 'emptydir-limit', 'killed', false, false],
    ['v1.36', 'ephemeral-limit', 'killed', false, false],
    ['v1.36', 'front-vzfpp', 'lost', true, true],
    ['v1.20', 'bystander', 'killed', true, true],
    ['v1.20', 'pod-limit', 'killed', false, true],
  ])('%s %s (%s)', (release, name, exit, nodePressure, hasIp) => {
    const recorded = recordedPod(release, 'pods-evicted.json', name);
    const message = textField(recorded.status, 'message') ?? '';
    const status = evictedPodStatus(readPod(recorded), place(release, hasIp ? '10.1.1.1' : null), {
      message,
      finishedAtMs: T0,
      exit,
      nodePressure,
    });
    expect(shapeOf(status)).toEqual(shapeOf(recorded.status));
    const types = (of: unknown) =>
      listField(of, 'conditions').map(one => [field(one, 'type'), field(one, 'status'), field(one, 'reason')]);
    expect(types(status)).toEqual(types(recorded.status));
  });

  test.each<[Release, string]>([
    ['v1.20', 'late'],
    ['v1.36', 'late'],
  ])('%s refused', release => {
    const recorded = recordedPod(release, 'pods-evicted.json', 'late');
    const status = refusedPodStatus(
      readPod(recorded),
      textField(recorded.status, 'message') ?? '',
      T0,
      place(release, null).features,
    );
    expect(shapeOf(status)).toEqual(shapeOf(recorded.status));
  });

  test('v1.36 running', () => {
    const recorded = recordedPod('v1.36', 'pods-all.json', 'critical');
    const shape = shapeOf(runningPodStatus(readPod(recorded), place('v1.36', '10.1.1.1')));
    // The recorded one has a memory limit of the pod level, set by the runtime.
    expect({ ...Object(shape), resources: null }).toEqual({ ...Object(shapeOf(recorded.status)), resources: null });
  });
});

describe('configz', () => {
  test.each<[Release, string, readonly string[], readonly string[]]>([
    ['v1.20', 'v1.20.2', ['tlsCertFile', 'tlsPrivateKeyFile', 'cgroupRoot'], ['staticPodPath']],
    [
      'v1.36',
      'v1.36.2',
      ['tlsCertFile', 'tlsPrivateKeyFile', 'cgroupRoot'],
      ['staticPodPath', 'clusterDNS', 'clusterDomain'],
    ],
  ])('%s names the fields of the recorded one', (release, kubeletVersion, onlyThere, onlyHere) => {
    const recorded = field(fixture(release, 'configz.json'), 'kubeletconfig') as object;
    const ours = Object.keys(kubeletConfigOf(spec({ kubeletVersion, config: {} })));
    expect(ours.filter(key => !onlyHere.includes(key)).sort()).toEqual(
      Object.keys(recorded)
        .filter(key => !onlyThere.includes(key))
        .sort(),
    );
    const order = (keys: readonly string[]) => keys.filter(key => ours.includes(key) && key in recorded);
    expect(order(ours)).toEqual(order(Object.keys(recorded)));
  });

  test.each(['v1.20.2', 'v1.29.4', 'v1.36.2'])('%s shows its defaults, and an absent map is absent', kubeletVersion => {
    const shown = kubeletConfigOf(spec({ kubeletVersion, config: {} }))['evictionHard'];
    expect(shown).toEqual(Object.fromEntries(defaultEvictionHard('linux', parseKubeletVersion(kubeletVersion))));
    expect(kubeletConfigOf(spec({ kubeletVersion, config: { evictionHard: null } }))).not.toHaveProperty(
      'evictionHard',
    );
    expect(kubeletConfigOf(spec({ kubeletVersion, config: { evictionHard: {} } }))).not.toHaveProperty('evictionHard');
  });
});

describe('stats/summary', () => {
  const summary = (options: Partial<NodeOptions>) =>
    JSON.parse(statsBody(new Bench(spec(options), [pod('web')]).state, T0)) as { node: object; pods: object[] };

  test('v1.36: node and pod have the fields of the recorded ones', () => {
    const recorded = fixture('v1.36', 'stats-summary.json');
    const ours = summary({});
    expect(shapeOf(ours.node)).toEqual(shapeOf(field(recorded, 'node')));
    expect(shapeOf(ours.pods[0])).toEqual(shapeOf(listField(recorded, 'pods')[0]));
  });

  test('v1.20: the node has the fields of the recorded one', () => {
    expect(shapeOf(summary({ kubeletVersion: 'v1.20.2' }).node)).toEqual(
      shapeOf(field(fixture('v1.20', 'stats-summary.json'), 'node')),
    );
  });

  test.each([
    ['v1.28.9', false],
    ['v1.29.0', true],
  ])('containerFs in %s: %s', (kubeletVersion, present) => {
    expect(JSON.stringify(summary({ kubeletVersion })).includes('"containerFs"')).toBe(present);
  });

  test('Windows: no inodes, no rlimit; commit memory from 1.31', () => {
    const windows = {
      os: 'windows',
      pids: null,
      disks: [disk('root', 100 * GIB, 50 * GIB, { inodes: null, inodesFree: null })],
    } as const;
    const text = JSON.stringify(summary({ ...windows, kubeletVersion: 'v1.33.3' }).node);
    expect(text).not.toMatch(/inodes|rlimit|psi/);
    expect(text).toContain('windows-global-commit-memory');
    expect(JSON.stringify(summary({ ...windows, kubeletVersion: 'v1.30.1' }))).not.toContain(
      'windows-global-commit-memory',
    );
  });

  test('the numbers are those that the conditions were made of', () => {
    const bench = new Bench(
      spec({ script: [{ kind: 'ramp', target: { disk: 'root' }, perSecond: MIB, fromMs: 0 }] }),
    ).advance(25);
    const { node } = JSON.parse(statsBody(bench.state, bench.now)) as {
      node: { fs: { availableBytes: number; time: string } };
    };
    expect(node.fs).toMatchObject({ time: '2026-11-22T10:00:20Z', availableBytes: 50 * GIB - 20 * MIB });
  });
});

describe('the Node object', () => {
  const recordedConditions = (release: Release, file: string) =>
    listField(field(fixture(release, file), 'status'), 'conditions').map(one => [
      field(one, 'type'),
      field(one, 'status'),
      field(one, 'reason'),
      field(one, 'message'),
    ]);
  const ours = (options: Partial<NodeOptions>) => {
    const { state } = new Bench(spec(options));
    return listField(field(nodeObject(state, T0), 'status'), 'conditions').map(one => [
      field(one, 'type'),
      field(one, 'status'),
      field(one, 'reason'),
      field(one, 'message'),
    ]);
  };

  test.each<[Release, string, Partial<NodeOptions>]>([
    ['v1.20', 'node.json', DISK],
    ['v1.20', 'node-healthy.json', {}],
    ['v1.36', 'node.json', DISK],
    ['v1.36', 'node-memorypressure.json', MEMORY],
    ['v1.36', 'node-healthy.json', {}],
  ])('%s %s: the same conditions', (release, file, options) => {
    expect(ours(options)).toEqual(recordedConditions(release, file));
  });

  test('allocatable is what the recorded kubelet computed from the same capacity', () => {
    const recorded = field(fixture('v1.20', 'node.json'), 'status');
    const started = startKubelet(
      spec({
        kubeletVersion: 'v1.20.2',
        config: {},
        cpus: 2,
        disks: [disk('root', 1_020_702_720, 800_000_000)],
        imageBytes: 0,
        memory: { capacityBytes: 24_684_096 * 1024, systemWorkingSetBytes: GIB, systemRssBytes: GIB },
      }),
      [],
      T0,
    );
    if (!started.ok) throw new Error(started.error);
    const { status } = nodeObject(started.value, T0);
    expect(field(status, 'capacity')).toEqual(field(recorded, 'capacity'));
    expect(field(status, 'allocatable')).toEqual(field(recorded, 'allocatable'));
  });
});
