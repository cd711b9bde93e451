import { type ConfigLayer, type EvictionConfig, effectiveConfig } from './config.ts';
import type { Finding } from './findings.ts';
import type { NodeFacts } from './node.ts';
import { nodeOs } from './observe.ts';
import { type KubeletVersion, parseKubeletVersion } from './version.ts';

/** The labels by which platforms group nodes that are meant to be alike; the first one present counts. */
const GROUP_LABELS = [
  'eks.amazonaws.com/nodegroup',
  'karpenter.sh/nodepool',
  'cloud.google.com/gke-nodepool',
  'kubernetes.azure.com/agentpool',
  'alpha.eksctl.io/nodegroup-name',
] as const;

/** The nodes a node is compared with: those with the same group text. */
export interface NodeGroup {
  /** The label's value (or OS, architecture and kubelet version), with where it comes from: `nodegroup=web`. Untrusted. */
  readonly name: string;
}

/** The group of a node: its node pool by label, else OS, architecture and kubelet version. */
export function nodeGroup(node: NodeFacts): NodeGroup {
  for (const label of GROUP_LABELS) {
    const value = node.labels.get(label);
    if (value !== undefined && value !== '') return { name: `${label}=${value}` };
  }
  return { name: `${node.operatingSystem}/${node.architecture} ${node.kubeletVersion}` };
}

/** A node whose configuration was read. */
export interface ConfiguredNode {
  readonly node: NodeFacts;
  readonly config: EvictionConfig;
}

/** What kubeadm gives to nodes: a ConfigMap of kube-system, with the KubeletConfiguration in it. Untrusted. */
export interface ClusterConfig {
  /** `kubelet-config`; before 1.24 with the version, `kubelet-config-1.20`. */
  readonly name: string;
  readonly layer: ConfigLayer;
  readonly imageGCHighThresholdPercent: number | null;
  readonly imageGCLowThresholdPercent: number | null;
}

/** The names under which kubeadm may keep the configuration of kubelets of these versions, the one of today first. */
export function clusterConfigNames(versions: readonly string[]): readonly string[] {
  const minors = versions.flatMap(text => {
    const version = parseKubeletVersion(text);
    return version !== null && version.major === 1 && version.minor < 24 ? [version.minor] : [];
  });
  return ['kubelet-config', ...new Set(minors.toSorted((a, b) => a - b).map(minor => `kubelet-config-1.${minor}`))];
}

/**
 * The `config-drift` findings, by node name: nodes whose eviction configuration differs from that of the majority of their
 * group, or from what kubeadm gives to nodes. A group speaks only with at least three nodes read and one configuration on more
 * than half of them.
 */
export function configDrift(
  nodes: readonly ConfiguredNode[],
  clusterConfigs: readonly ClusterConfig[] = [],
): ReadonlyMap<string, Finding> {
  const sentences = new Map<string, string[]>();
  const say = (node: string, sentence: string): void => {
    const before = sentences.get(node);
    if (before === undefined) sentences.set(node, [sentence]);
    else before.push(sentence);
  };
  for (const [group, members] of groupsOf(nodes)) {
    const majority = majorityOf(members);
    if (majority === null) continue;
    for (const { node, config } of members) {
      const differences = differing(settings(config), majority.settings, 'group');
      if (differences.length === 0) continue;
      const alike = `${majority.count} of ${members.length} nodes of its group (${group})`;
      say(node.name, `differs from ${alike}: ${differences.join(', ')}`);
    }
  }
  for (const entry of nodes) {
    const wanted = clusterConfigFor(entry.node, clusterConfigs);
    if (wanted === null) continue;
    const differences = differing(asDefaulted(entry.config), wantedSettings(wanted, entry.node), 'ConfigMap');
    if (differences.length === 0) continue;
    say(entry.node.name, `differs from ConfigMap kube-system/${wanted.name}: ${differences.join(', ')}`);
  }
  return new Map([...sentences].map(([node, said]) => [node, driftFinding(said)]));
}

function groupsOf(nodes: readonly ConfiguredNode[]): ReadonlyMap<string, readonly ConfiguredNode[]> {
  const groups = new Map<string, ConfiguredNode[]>();
  for (const entry of nodes) {
    const name = nodeGroup(entry.node).name;
    const members = groups.get(name);
    if (members === undefined) groups.set(name, [entry]);
    else members.push(entry);
  }
  return groups;
}

function driftFinding(sentences: readonly string[]): Finding {
  return {
    code: 'config-drift',
    severity: 'warning',
    signals: [],
    message: sentences.join('; '),
    remedy: 'bring the node to the configuration it is meant to have, or recreate it from its source',
  };
}

/** The unversioned ConfigMap counts for every node, one with a version for the kubelets of that version. */
function clusterConfigFor(node: NodeFacts, configs: readonly ClusterConfig[]): ClusterConfig | null {
  const names = clusterConfigNames([node.kubeletVersion]);
  return configs.find(config => names.includes(config.name)) ?? null;
}

/** Defaults of `SetDefaults_KubeletConfiguration`, which configz always shows. */
const DEFAULT_IMAGE_GC = { high: 85, low: 80 } as const;

/** What a kubelet that is started with the ConfigMap as its `--config` file, and nothing else, runs. */
function wantedSettings(wanted: ClusterConfig, node: NodeFacts): ReadonlyMap<string, string> {
  const version: KubeletVersion | null = parseKubeletVersion(node.kubeletVersion);
  const os = nodeOs(node.operatingSystem);
  const effective = effectiveConfig({ version, os, configFile: wanted.layer, dropIns: [], flags: {} });
  const { imageGCHighThresholdPercent, imageGCLowThresholdPercent } = wanted;
  return asDefaulted({ ...effective, imageGCHighThresholdPercent, imageGCLowThresholdPercent });
}

/** With the scalars that a kubelet fills in by itself. */
function asDefaulted(config: EvictionSettings): ReadonlyMap<string, string> {
  return settings({
    ...config,
    evictionMaxPodGracePeriod: config.evictionMaxPodGracePeriod ?? 0,
    imageGCHighThresholdPercent: config.imageGCHighThresholdPercent ?? DEFAULT_IMAGE_GC.high,
    imageGCLowThresholdPercent: config.imageGCLowThresholdPercent ?? DEFAULT_IMAGE_GC.low,
  });
}

interface Majority {
  readonly settings: ReadonlyMap<string, string>;
  readonly count: number;
}

function majorityOf(members: readonly ConfiguredNode[]): Majority | null {
  if (members.length < 3) return null;
  const tally = new Map<string, { settings: ReadonlyMap<string, string>; count: number }>();
  for (const { config } of members) {
    const map = settings(config);
    const key = JSON.stringify([...map].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const entry = tally.get(key);
    if (entry === undefined) tally.set(key, { settings: map, count: 1 });
    else entry.count += 1;
  }
  const best = [...tally.values()].find(entry => entry.count * 2 > members.length);
  return best ?? null;
}

/** The fields that are compared. */
type EvictionSettings = Pick<
  EvictionConfig,
  | 'evictionHard'
  | 'evictionSoft'
  | 'evictionSoftGracePeriod'
  | 'evictionMinimumReclaim'
  | 'evictionPressureTransitionPeriod'
  | 'evictionMaxPodGracePeriod'
  | 'imageGCHighThresholdPercent'
  | 'imageGCLowThresholdPercent'
>;

/** Every eviction setting as one flat map, so that a difference can be named. */
function settings(config: EvictionSettings): ReadonlyMap<string, string> {
  const flat = new Map<string, string>();
  const maps = {
    evictionHard: config.evictionHard,
    evictionSoft: config.evictionSoft,
    evictionSoftGracePeriod: config.evictionSoftGracePeriod,
    evictionMinimumReclaim: config.evictionMinimumReclaim,
  };
  for (const [field, map] of Object.entries(maps)) {
    for (const [key, value] of map ?? []) flat.set(`${field} ${key}`, value);
  }
  const scalars = {
    evictionPressureTransitionPeriod: config.evictionPressureTransitionPeriod,
    evictionMaxPodGracePeriod: config.evictionMaxPodGracePeriod,
    imageGCHighThresholdPercent: config.imageGCHighThresholdPercent,
    imageGCLowThresholdPercent: config.imageGCLowThresholdPercent,
  };
  for (const [field, value] of Object.entries(scalars)) {
    if (value !== null) flat.set(field, String(value));
  }
  return flat;
}

function differing(
  own: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
  whose: string,
): readonly string[] {
  const keys = [...new Set([...own.keys(), ...wanted.keys()])].toSorted();
  return keys
    .filter(key => own.get(key) !== wanted.get(key))
    .map(key => `${key} ${own.get(key) ?? 'not set'} (${whose}: ${wanted.get(key) ?? 'not set'})`);
}
