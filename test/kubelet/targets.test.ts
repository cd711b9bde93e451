import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { load, YAML11_SCHEMA } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { effectiveConfig, readEvictionConfig } from '../../src/eviction/config.ts';
import { settingsOf, type WrittenSettings } from '../../src/eviction/settings.ts';
import { differences } from '../../src/eviction/verify.ts';
import { parseKubeletVersion } from '../../src/eviction/version.ts';
import { readDocument } from '../../src/kubelet/document.ts';
import { TARGET_IDS, type TargetId } from '../../src/kubelet/targets/ids.ts';
import { targetOf } from '../../src/kubelet/targets/registry.ts';
import { suggestTarget } from '../../src/kubelet/targets/suggest.ts';
import type { TargetInput } from '../../src/kubelet/targets/target.ts';
import { map } from '../support/builders.ts';
import { fixture } from '../support/fixtures.ts';
import { runs } from '../support/fuzz.ts';
import { HOSTILE_TEXT, OBEYED } from '../support/hostile.ts';

const SETTINGS: WrittenSettings = {
  evictionHard: map({
    'memory.available': '100Mi',
    'nodefs.available': '12%',
    'nodefs.inodesFree': '5%',
    'imagefs.available': '15%',
    'imagefs.inodesFree': '5%',
  }),
  evictionSoft: map({ 'nodefs.available': '20%' }),
  evictionSoftGracePeriod: map({ 'nodefs.available': '1m30s' }),
  evictionMaxPodGracePeriod: 30,
};

function input(change: Partial<TargetInput> = {}): TargetInput {
  return {
    settings: SETTINGS,
    changed: new Set(['evictionSoft', 'evictionSoftGracePeriod', 'evictionMaxPodGracePeriod']),
    configz: {
      kind: 'KubeletConfiguration',
      port: 10250,
      clusterDNS: ['10.96.0.10'],
      staticPodURLHeader: { Authorization: ['secret'] },
      fileMode: '0644',
      answer: 'no',
      evictionHard: { 'nodefs.available': '10%' },
    },
    fragment: false,
    version: parseKubeletVersion('v1.31.4'),
    os: 'linux',
    node: {
      name: 'worker-1',
      labels: new Map([
        ['alpha.eksctl.io/cluster-name', 'shop'],
        ['alpha.eksctl.io/nodegroup-name', 'workers'],
        ['topology.kubernetes.io/region', 'eu-north-1'],
      ]),
      osImage: 'Debian GNU/Linux 12 (bookworm)',
      kubeletVersion: 'v1.31.4',
      providerId: '',
    },
    configMap: {
      name: 'kubelet-config',
      text: '# kubeadm\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nclusterDomain: cluster.local\n\nevictionPressureTransitionPeriod: 0s\n',
    },
    ...change,
  };
}

function made(id: TargetId, change: Partial<TargetInput> = {}): string {
  const result = targetOf(id).generate(input(change));
  if (!result.ok) throw new Error(result.error);
  return result.value.text;
}

function refused(id: TargetId, change: Partial<TargetInput>): string {
  const result = targetOf(id).generate(input(change));
  return result.ok ? `not refused: ${result.value.text}` : result.error;
}

// Each file of test/fixtures/targets is the form that the public documentation shows; README.md there names the page.
describe('the golden file of', () => {
  test.each(TARGET_IDS)('%s', async id => {
    const name = id === '10-kubeadm.conf' ? id : `${id}.txt`;
    await expect(made(id)).toMatchFileSnapshot(`../fixtures/targets/${name}`);
    const read = readDocument(made(id), targetOf(id).fileName);
    expect(read.ok && read.value.target).toBe(id);
  });

  test('every target names its source', () => {
    const sources = readFileSync(new URL('../fixtures/targets/README.md', import.meta.url), 'utf8');
    for (const id of TARGET_IDS)
      expect(sources).toMatch(new RegExp(`^\\| \`${id.replaceAll('.', '\\.')}\` \\|.*https://`, 'm'));
  });
});

describe('what a target refuses', () => {
  test.each<readonly [TargetId, Partial<TargetInput>, RegExp]>([
    ['gke', { changed: new Set(['evictionHard']) }, /GKE lets nobody set evictionHard: set a soft threshold/],
    ['gke', { settings: { ...SETTINGS, evictionSoft: map({ 'nodefs.available': '5%' }) } }, /10% to 50%/],
    ['gke', { settings: { evictionSoft: map({ 'memory.available': '50Mi' }) } }, /100Mi/],
    ['aks', { settings: { evictionHard: map({ 'nodefs.available': '5%' }) } }, /at least 10%.*larger OS disk/],
    ['aks', { settings: { evictionHard: map({ 'memory.available': '1%' }) } }, /100Mi or 2%/],
    [
      'karpenter',
      {
        settings: { ...SETTINGS, evictionMinimumReclaim: map({ 'nodefs.available': '1Gi' }) },
        changed: new Set(['evictionMinimumReclaim']),
      },
      /no place for evictionMinimumReclaim/,
    ],
    [
      'bottlerocket',
      {
        settings: { ...SETTINGS, evictionPressureTransitionPeriod: '1m0s' },
        changed: new Set(['evictionPressureTransitionPeriod']),
      },
      /no place for/,
    ],
    ['kubelet-dropin', { version: parseKubeletVersion('1.27') }, /1\.28/],
    ['kubeadm-patch', { version: parseKubeletVersion('1.24') }, /1\.25/],
    ['10-kubeadm.conf', { version: parseKubeletVersion('1.7.5') }, /-f 10-kubeadm\.conf/],
    ['kubeadm-configmap', { configMap: null }, /ConfigMap/],
    ...['a: 1\rkind: Secret\n', 'a: "\u202e"\n', 'a: \u0085b\n', 'a: "\u001b[2J"\n', 'a: \u007fb\n'].map(
      text => ['kubeadm-configmap', { configMap: { name: 'kubelet-config', text } }, /not seen/] as const,
    ),
    ['kubeletconfiguration', { configz: null }, /--fragment/],
    ['flags', { settings: { evictionHard: map({ 'nodefs.available': '5% $(reboot)' }) } }, /cannot stand in a flag/],
  ])('%s %j', (id, change, reason) => {
    expect(refused(id, change)).toMatch(reason);
  });

  test('what it cannot carry, but was set before, is told', () => {
    const settings = { ...SETTINGS, evictionMinimumReclaim: map({ 'nodefs.available': '1Gi' }) };
    const result = targetOf('karpenter').generate(input({ settings }));
    expect(result.ok && result.value.notes[0]).toMatch(/no place for evictionMinimumReclaim/);
    expect(result.ok && result.value.text).not.toContain('evictionMinimumReclaim');
  });
});

describe('a whole configuration', () => {
  const text = made('kubeletconfiguration');

  test('leaves out what may be secret, and says so', () => {
    expect(text).not.toContain('secret');
    const result = targetOf('kubeletconfiguration').generate(input());
    expect(result.ok && result.value.notes.join()).toContain('staticPodURLHeader');
  });

  test('keeps texts texts for a YAML 1.1 reader', () => {
    expect(text).toContain('fileMode: "0644"');
    expect(text).toContain('answer: "no"');
  });

  test('writes texts so that a terminal shows and a reader finds them as they are', () => {
    // An API server sends no half characters.
    const text = HOSTILE_TEXT.map(t => t.toWellFormed());
    fc.assert(
      fc.property(fc.dictionary(text, fc.array(text)), fields => {
        const configz = { ...fields, answer: 'no', port: 10250 };
        const yaml = made('kubeletconfiguration', { configz });
        expect(OBEYED.exec(yaml)).toBeNull();
        expect(load(yaml, { schema: YAML11_SCHEMA })).toMatchObject(configz);
      }),
      { numRuns: runs(30) },
    );
  });

  test('a fragment says in its first line that it is one', () => {
    expect(made('kubeletconfiguration', { fragment: true }).split('\n')[0]).toBe(
      '# merge, do not replace: these are the eviction fields only',
    );
  });

  test('the names of nodes and labels cannot break out of a document', () => {
    const node = {
      name: 'x\nevil: 1',
      labels: new Map([['alpha.eksctl.io/cluster-name', '$(reboot)']]),
      osImage: '',
      kubeletVersion: '',
      providerId: '',
    };
    expect(made('kubeletconfiguration', { node })).not.toContain('evil');
    expect(made('eks-bootstrap', { node })).toContain('bootstrap.sh CLUSTER_NAME');
  });
});

describe('which target fits a node', () => {
  const node = (change: object): Parameters<typeof suggestTarget>[0] => ({
    name: 'n',
    labels: new Map(),
    osImage: 'Debian GNU/Linux 12 (bookworm)',
    kubeletVersion: 'v1.31.4',
    providerId: '',
    ...change,
  });
  const label = (key: string): ReadonlyMap<string, string> => new Map([[key, 'x']]);

  test.each<readonly [object, TargetId | undefined]>([
    [{}, undefined],
    [{ kubeletVersion: 'v1.31.4+k3s1' }, 'k3s'],
    [{ kubeletVersion: 'v1.31.4+rke2r1' }, 'rke2'],
    [{ osImage: 'Talos (v1.8.0)' }, 'talos'],
    [{ osImage: 'Red Hat Enterprise Linux CoreOS 416.94' }, 'openshift'],
    [{ labels: label('node.openshift.io/os_id') }, 'openshift'],
    [{ kubeletVersion: 'v1.31.4-gke.100' }, 'gke'],
    [{ labels: label('kubernetes.azure.com/agentpool') }, 'aks'],
    [
      {
        kubeletVersion: 'v1.31.4-eks-abc',
        labels: new Map([
          ['karpenter.sh/nodepool', 'x'],
          ['karpenter.k8s.aws/ec2nodeclass', 'x'],
        ]),
      },
      'karpenter',
    ],
    [{ kubeletVersion: 'v1.31.4-eks-abc', osImage: 'Bottlerocket OS 1.20' }, 'bottlerocket'],
    [{ labels: label('kops.k8s.io/instancegroup') }, 'kops'],
    [{ kubeletVersion: 'v1.31.4-eks-abc', labels: label('alpha.eksctl.io/nodegroup-name') }, 'eksctl'],
    [{ kubeletVersion: 'v1.29.0-eks-abc', osImage: 'Amazon Linux 2' }, 'eks-bootstrap'],
    [{ kubeletVersion: 'v1.31.4-eks-abc', osImage: 'Amazon Linux 2023.5' }, 'eks-nodeadm'],
  ])('%j: %s', (change, target) => {
    expect(suggestTarget(node(change))?.target).toBe(target);
  });
});

// What a real kubelet 1.36 made of these drop-ins, held against the documents that carry them.
describe('verify agrees with the recorded merging of drop-ins', () => {
  const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
  test.each([
    ['configz-dropin.json', 'evictionHard: {memory.available: 512Mi, nodefs.available: "6%"}', true],
    ['configz-dropin-base-unset.json', 'evictionHard: {nodefs.available: "6%"}', true],
    ['configz-dropin-merge-in-base.json', 'evictionHard: {imagefs.available: "3%"}', true],
    ['configz-dropin-no-config-file.json', 'evictionHard: {nodefs.available: "6%"}', true],
    ['configz-dropin-two.json', 'evictionHard: {memory.available: 600Mi, pid.available: "5%"}', true],
    ['configz-dropin-two.json', 'evictionHard: {memory.available: 300Mi}', false],
    ['configz-dropin-and-flag.json', 'evictionHard: {memory.available: 300Mi}', false],
  ])('%s with %s: %s', (name, fields, matches) => {
    const document = readDocument(`${head}${fields}\n`, '10-evict.conf');
    const config = readEvictionConfig(fixture('v1.36', name));
    if (!document.ok || !config.ok) throw new Error('unreadable');
    expect(document.value.acts).toBe('merge');
    const found = differences({ settings: document.value.settings, whole: false }, settingsOf(config.value), null);
    expect(found.length === 0).toBe(matches);
  });

  test('a complete drop-in made by tune holds over every recorded base', () => {
    const text = made('kubelet-dropin');
    const document = readDocument(text, '90-eviction.conf');
    if (!document.ok) throw new Error(document.error);
    for (const file of [{}, { evictionHard: map({ 'nodefs.available': '7%' }) }, { evictionHard: null }]) {
      const config = effectiveConfig({
        version: null,
        os: 'linux',
        configFile: file,
        dropIns: [document.value.layer],
        flags: {},
      });
      expect(settingsOf(config).evictionHard).toEqual(SETTINGS.evictionHard);
    }
  });
});
