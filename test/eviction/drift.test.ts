import { describe, expect, test } from 'vitest';
import { clusterConfigFromKube } from '../../src/cluster/cluster-config.ts';
import { nodeFromKube } from '../../src/cluster/from-kube.ts';
import { readEvictionConfig } from '../../src/eviction/config.ts';
import { type ClusterConfig, clusterConfigNames, configDrift } from '../../src/eviction/drift.ts';
import { type InputChange, map, nodeInput } from '../support/builders.ts';
import { fixture } from '../support/fixtures.ts';

const HEAD = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

function configMap(yaml: string, name = 'kubelet-config'): ClusterConfig {
  const found = clusterConfigFromKube(name, { metadata: { name }, data: { kubelet: HEAD + yaml } });
  if (found === null) throw new Error('the test says no KubeletConfiguration');
  return found;
}

/** The recorded node of that version, with what it runs. */
function recorded(version: 'v1.20' | 'v1.36', configz: string, name = 'n') {
  const config = readEvictionConfig(fixture(version, configz));
  if (!config.ok) throw new Error(config.error);
  const node = nodeFromKube(fixture(version, version === 'v1.20' ? 'node.json' : 'node-healthy.json'));
  return { node: { ...node, name }, config: config.value };
}

function built(change: NonNullable<InputChange['config']>, kubeletVersion = 'v1.31.4', name = 'n') {
  const input = nodeInput({ node: { name, kubeletVersion }, config: change });
  if (!input.config.ok) throw new Error('no configuration');
  return { node: input.node, config: input.config.value };
}

describe('the ConfigMap that kubeadm gives to nodes', () => {
  // What kubeadm writes: eviction settings only as zero values, which mean the defaults.
  const kubeadm = 'evictionPressureTransitionPeriod: 0s\nimageMinimumGCAge: 0s\nclusterDNS: [10.96.0.10]\n';

  test.each(['v1.20', 'v1.36'] as const)(
    'a recorded %s kubelet with its defaults is what an untouched one gives',
    version => {
      const config = configMap(kubeadm, version === 'v1.20' ? 'kubelet-config-1.20' : 'kubelet-config');
      expect(configDrift([recorded(version, 'configz.json')], [config])).toEqual(new Map());
    },
  );

  test('a recorded kubelet whose map was replaced by a flag differs, signal by signal', () => {
    const found = configDrift([recorded('v1.36', 'configz-partial.json')], [configMap(kubeadm)]).get('n');
    expect(found).toMatchObject({ code: 'config-drift', severity: 'warning' });
    expect(found?.message).toMatch(/^differs from ConfigMap kube-system\/kubelet-config: /);
    expect(found?.message).toContain('evictionHard memory.available not set (ConfigMap: 100Mi)');
  });

  test.each<[string, string, NonNullable<InputChange['config']>, RegExp | null]>([
    [
      'the same map in other words',
      'evictionHard: {nodefs.available: "5%"}\n',
      { evictionHard: map({ 'nodefs.available': '5%' }) },
      null,
    ],
    [
      'another value',
      'evictionHard: {nodefs.available: "5%"}\n',
      { evictionHard: map({ 'nodefs.available': '7%' }) },
      /evictionHard nodefs\.available 7% \(ConfigMap: 5%\)/,
    ],
    ['an empty map is nothing armed', 'evictionHard: {}\n', { evictionHard: null }, null],
    [
      'defaults merged in',
      'evictionHard: {nodefs.available: "5%"}\nmergeDefaultEvictionSettings: true\n',
      { evictionHard: map({ 'nodefs.available': '5%' }) },
      // 1.31 does not know the field yet.
      null,
    ],
    ['a period in another form', 'evictionPressureTransitionPeriod: 300s\n', {}, null],
    ['another period', 'evictionPressureTransitionPeriod: 30s\n', {}, /TransitionPeriod 5m0s \(ConfigMap: 30s\)/],
    ['a grace period of zero is none', 'evictionMaxPodGracePeriod: 0\n', { evictionMaxPodGracePeriod: null }, null],
    [
      'image garbage collection',
      'imageGCHighThresholdPercent: 70\n',
      {},
      /imageGCHighThresholdPercent 85 \(ConfigMap: 70\)/,
    ],
  ])('%s', (_name, yaml, config, expected) => {
    const found = configDrift([built(config)], [configMap(yaml)]).get('n');
    if (expected === null) expect(found).toBeUndefined();
    else expect(found?.message).toMatch(expected);
  });

  test('a newer kubelet merges the defaults in', () => {
    const yaml = 'evictionHard: {nodefs.available: "5%"}\nmergeDefaultEvictionSettings: true\n';
    const only = built({ evictionHard: map({ 'nodefs.available': '5%' }) }, 'v1.33.0');
    expect(configDrift([only], [configMap(yaml)]).get('n')?.message).toContain('memory.available not set');
  });

  test('one with a version in its name is for kubelets of that version', () => {
    const strict = 'evictionHard: {nodefs.available: "50%"}\n';
    const old = built({}, 'v1.20.2', 'old');
    const other = built({}, 'v1.21.9', 'other');
    const found = configDrift([old, other], [configMap(strict, 'kubelet-config-1.20')]);
    expect([...found.keys()]).toEqual(['old']);
  });

  test('a node that differs from its group, too, has one finding that says both', () => {
    const same = ['a', 'b', 'c'].map(name => built({}, 'v1.31.4', name));
    const other = built({ evictionHard: map({ 'nodefs.available': '1%' }) }, 'v1.31.4', 'd');
    const found = configDrift([...same, other], [configMap(kubeadm)]);
    expect([...found.keys()]).toEqual(['d']);
    expect(found.get('d')?.message).toMatch(/^differs from 3 of 4 nodes of its group .*; differs from ConfigMap /);
  });

  test.each([
    ['no ConfigMap', null],
    ['no key', { data: {} }],
    ['a text that is no YAML', { data: { kubelet: 'a: [' } }],
    ['a number where text belongs', { data: { kubelet: `${HEAD}evictionHard: {nodefs.available: 5}\n` } }],
    ['something else', { data: { kubelet: 'kind: ClusterConfiguration\n' } }],
    ['a list', { data: { kubelet: '- a\n' } }],
    ['a map called data that is a text', { data: 'kubelet' }],
  ])('is nothing to compare with: %s', (_name, object) => {
    expect(clusterConfigFromKube('kubelet-config', object)).toBeNull();
  });

  test('hostile keys stay keys', () => {
    const config = configMap('evictionHard: {"__proto__": "1%", "constructor": "2%"}\n');
    const found = configDrift([built({ evictionHard: null })], [config]).get('n');
    expect(found?.message).toContain('evictionHard __proto__ not set (ConfigMap: 1%)');
  });
});

describe('where it may be', () => {
  test.each([
    [['v1.31.4', 'v1.36.2+k3s1', 'odd'], ['kubelet-config']],
    [
      ['v1.20.2', 'v1.23.1', 'v1.20.9', 'v1.24.0'],
      ['kubelet-config', 'kubelet-config-1.20', 'kubelet-config-1.23'],
    ],
    [[], ['kubelet-config']],
  ])('%j', (versions, names) => {
    expect(clusterConfigNames(versions)).toEqual(names);
  });
});
