import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { ClusterError, EvictError, UsageError } from '../../errors.ts';
import { underPressure } from '../../eviction/assess.ts';
import { type EvictionConfig, effectiveConfig, readEvictionConfig } from '../../eviction/config.ts';
import { enumerate } from '../../eviction/human.ts';
import type { NodeFacts, NodeInput, NodeStats, Reading } from '../../eviction/node.ts';
import { nodeOs } from '../../eviction/observe.ts';
import type { PodUsage } from '../../eviction/pod.ts';
import { type EvictionSettings, sameSettings, settingsOf } from '../../eviction/settings.ts';
import type { NodeOs } from '../../eviction/signal.ts';
import { differences } from '../../eviction/verify.ts';
import { atLeast, type KubeletVersion, parseKubeletVersion } from '../../eviction/version.ts';
import { type KubeletDocument, MAX_DOCUMENT_BYTES, readDocument } from '../../kubelet/document.ts';
import { flagMap } from '../../kubelet/flags.ts';
import { clean } from '../../output/clean.ts';
import { askKubelets, mayAskKubelets } from '../kubelets.ts';
import { noProxyRight } from '../reading.ts';
import type { TuneOptions } from './options.ts';

/** A file to change: its bytes as read, and what they say. */
export interface BaseFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly document: KubeletDocument;
}

/** What a change starts from. */
export interface Base {
  readonly kind: 'node' | 'nodes' | 'file' | 'offline';
  /** For a sentence: `node worker-7, configz`. */
  readonly label: string;
  readonly settings: EvictionSettings;
  readonly version: KubeletVersion | null;
  readonly os: NodeOs;
  /** The nodes the change is for, with what could be read of them; empty: none are known. */
  readonly nodes: readonly NodeInput[];
  /** What each pod of the one node uses, by uid; empty where several nodes are looked at, or none. */
  readonly usage: ReadonlyMap<string, PodUsage>;
  /** configz of the node that stands for them all, decoded; null without one. */
  readonly configz: unknown;
  readonly file: BaseFile | null;
  /** What was taken for granted, and what contradicts: sentences for the user. */
  readonly warnings: readonly string[];
}

/** Finds what to start from. @throws UsageError, ClusterError, EvictError */
export async function findBase(options: TuneOptions, cluster: Cluster | null, deps: Deps): Promise<Base> {
  const file = options.file === null ? null : await readBaseFile(options.file, deps);
  if (cluster === null) return file === null ? offlineBase(options) : fileBase(options, file);
  if (options.node === null) return groupBase(options, cluster, deps);
  const base = await findNodeBase(options.node, options, cluster);
  return file === null ? base : withFile(base, file);
}

/** What finding a base needs to know beside where to look. */
export type BaseOptions = Pick<TuneOptions, 'version' | 'os' | 'program' | 'concurrency' | 'kubeletTimeoutMs'>;

/** What one node runs. @throws ClusterError, EvictError */
export async function findNodeBase(name: string, options: BaseOptions, cluster: Cluster): Promise<Base> {
  const nodes = await readNodes(cluster, [(await cluster.node(name)).node], options);
  return nodeBase(options, nodes, 'node');
}

/** Whether a cluster is needed at all. */
export function needsCluster(options: TuneOptions): boolean {
  return options.node !== null || (options.file === null && !options.offline);
}

async function readBaseFile(path: string, deps: Deps): Promise<BaseFile> {
  const bytes =
    path === '-'
      ? new TextEncoder().encode(await deps.io.in.readAll())
      : await deps.files.read(path, MAX_DOCUMENT_BYTES);
  const name = path === '-' ? 'stdin' : path;
  const text = decode(bytes, name);
  const document = readDocument(text, path);
  if (!document.ok) throw new EvictError(`${name}: ${document.error}`, { hint: 'the file is left as it is' });
  return { path, bytes, text, document: document.value };
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new EvictError(`${name} is not UTF-8 text`, { hint: 'the file is left as it is' });
  }
}

function offlineBase(options: TuneOptions): Base {
  const os = options.os ?? 'linux';
  const config = effectiveConfig({ version: options.version, os, configFile: {}, dropIns: [], flags: {} });
  return {
    kind: 'offline',
    label: `the defaults of a ${versionText(options.version)} kubelet on ${os}`,
    settings: settingsOf(config),
    version: options.version,
    os,
    nodes: [],
    usage: new Map(),
    configz: null,
    file: null,
    warnings: [],
  };
}

function versionText(version: KubeletVersion | null): string {
  return version === null ? 'current' : `${version.major}.${version.minor}`;
}

/** What a kubelet with this file runs, as far as the file alone can say. */
function effectiveOf(document: KubeletDocument, version: KubeletVersion | null, os: NodeOs): EvictionSettings {
  const { acts, layer, settings } = document;
  return settingsOf(
    effectiveConfig({
      version,
      os,
      configFile: acts === 'file' ? layer : {},
      dropIns: acts === 'merge' ? [layer] : [],
      flags: acts === 'flags' ? settings : {},
    }),
  );
}

function fileBase(options: TuneOptions, file: BaseFile): Base {
  const os = options.os ?? 'linux';
  const { document } = file;
  const warnings: string[] = [];
  if (document.settings.evictionHard === undefined && document.acts !== 'file') {
    warnings.push(
      `${file.path} sets no hard thresholds: the defaults of a ${versionText(options.version)} kubelet are assumed; with --node NODE those in effect count`,
    );
  }
  return {
    kind: 'file',
    label: `${file.path}, ${document.label}`,
    settings: effectiveOf(document, options.version, os),
    version: options.version,
    os,
    nodes: [],
    usage: new Map(),
    configz: null,
    file,
    warnings,
  };
}

/** The node's configuration counts, the file is what is changed; where the two differ, something wins over the file. */
function withFile(base: Base, file: BaseFile): Base {
  const warnings = [...base.warnings];
  const { document, path } = file;
  const says = effectiveOf(document, base.version, base.os);
  // Flags speak for their own fields only; a file also says what it leaves to the defaults.
  const agrees =
    document.acts === 'file'
      ? sameSettings(says, base.settings, base.version)
      : differences({ settings: document.settings, whole: document.acts === 'flags' }, base.settings, base.version)
          .length === 0;
  if (!agrees) {
    warnings.push(
      `${path} says ${hardText(says)}, the node runs ${hardText(base.settings)}: a flag or a drop-in wins over the file, or the kubelet was not restarted`,
    );
  }
  return { ...base, label: `${base.label}; changing ${file.path}, ${file.document.label}`, file, warnings };
}

function hardText(settings: EvictionSettings): string {
  return settings.evictionHard.size === 0 ? 'no hard threshold' : flagMap(settings.evictionHard, '<');
}

/** A node that was read, with its configz as decoded. */
interface ReadNode {
  readonly input: NodeInput;
  readonly configz: Reading<unknown>;
  readonly usage: ReadonlyMap<string, PodUsage>;
}

interface Figures {
  readonly stats: NodeStats;
  readonly usage: ReadonlyMap<string, PodUsage>;
}

async function readNodes(
  cluster: Cluster,
  nodes: readonly NodeFacts[],
  options: BaseOptions,
): Promise<readonly ReadNode[]> {
  const { program, concurrency, kubeletTimeoutMs } = options;
  if ((await mayAskKubelets(cluster, program)) === false) {
    const { message, remedy } = noProxyRight(program, 'tune');
    throw new ClusterError('forbidden', message, { hint: remedy ?? undefined });
  }
  const answers = await askKubelets(nodes, {
    config: name => cluster.tuning.configz(name, kubeletTimeoutMs),
    // One node may be told which pods go first; of thousands their figures would only fill the memory.
    stats: async (name): Promise<Figures> =>
      nodes.length === 1
        ? await cluster.why.summary(name, kubeletTimeoutMs)
        : { stats: await cluster.kubeletStats(name, kubeletTimeoutMs), usage: new Map() },
    concurrency,
    program,
    purpose: 'tune',
  });
  return nodes.flatMap(node => {
    const answer = answers.get(node.name);
    if (answer === undefined) return [];
    const nothing = { ok: true, value: [] } as const;
    const config = configOf(answer.config);
    const lease = { ok: true, value: null } as const;
    const stats = answer.stats.ok ? { ok: true as const, value: answer.stats.value.stats } : answer.stats;
    const input = { node, lease, config, stats, evicted: nothing, events: nothing, cgroup: null };
    return [{ input, configz: answer.config, usage: answer.stats.ok ? answer.stats.value.usage : new Map() }];
  });
}

function configOf(body: Reading<unknown>): Reading<EvictionConfig> {
  if (!body.ok) return body;
  const config = readEvictionConfig(body.value);
  const garbled = config.ok && config.value.unreadable.some(field => field.startsWith('eviction'));
  if (config.ok && !garbled) return config;
  const message = config.ok ? 'its configz holds eviction settings of a wrong type' : config.error;
  return { ok: false, problem: { reason: 'server', message, remedy: null } };
}

function nodeBase(options: BaseOptions, nodes: readonly ReadNode[], kind: 'node' | 'nodes'): Base {
  const first = nodes[0];
  if (first === undefined) throw new EvictError('no node could be read');
  const { config, node, stats } = first.input;
  if (!config.ok) {
    const hint = config.problem.remedy ?? `without its configuration: ${options.program} tune -f FILE, or --offline`;
    throw new EvictError(`read the configuration of node ${node.name}: ${config.problem.message}`, { hint });
  }
  const warnings: string[] = [];
  if (!stats.ok) warnings.push(`the figures of node ${node.name} could not be read: ${stats.problem.message}`);
  const names = nodes.map(n => n.input.node.name);
  const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : enumerate(names);
  const body = first.configz.ok ? first.configz.value : null;
  return {
    kind,
    label: `${names.length === 1 ? 'node' : 'nodes'} ${shown}, configz`,
    settings: settingsOf(config.value),
    version: options.version ?? oldest(nodes.map(n => parseKubeletVersion(n.input.node.kubeletVersion))),
    os: options.os ?? nodeOs(node.operatingSystem),
    nodes: nodes.map(n => n.input),
    usage: nodes.length === 1 ? first.usage : new Map(),
    configz: innerConfig(body),
    file: null,
    warnings,
  };
}

function innerConfig(body: unknown): unknown {
  const isObject = typeof body === 'object' && body !== null;
  return isObject && Object.hasOwn(body, 'kubeletconfig') ? (body as { kubeletconfig: unknown }).kubeletconfig : body;
}

/** What the oldest kubelet refuses, nobody may be given. */
function oldest(versions: readonly (KubeletVersion | null)[]): KubeletVersion | null {
  return versions.reduce((a, b) => (a === null || (b !== null && !atLeast(b, a.minor)) ? b : a), versions[0] ?? null);
}

/** Without a node or a file: the nodes under pressure, else all; they must run one configuration. */
async function groupBase(options: TuneOptions, cluster: Cluster, deps: Deps): Promise<Base> {
  const all = (await cluster.nodes(null)).items;
  const pressed = all.filter(underPressure);
  const chosen = pressed.length > 0 ? pressed : all;
  if (chosen.length === 0) throw new EvictError('the cluster has no nodes', { hint: 'use -f FILE or --offline' });
  const nodes = await readNodes(cluster, chosen, options);
  const readable = nodes.filter(n => n.input.config.ok);
  if (readable.length === 0) return nodeBase(options, nodes, 'nodes');
  const groups = groupNodes(readable);
  if (groups.length > 1) {
    for (const line of groupLines(groups)) await deps.io.err.write(`${clean(line)}\n`);
    throw differentConfigurations(groups, options);
  }
  const unread = nodes.length - readable.length;
  const base = nodeBase(options, readable, readable.length === 1 ? 'node' : 'nodes');
  return unread === 0
    ? base
    : { ...base, warnings: [...base.warnings, `${unread} more nodes could not be asked what they run`] };
}

function settingsOfNode(node: ReadNode): EvictionSettings | null {
  return node.input.config.ok ? settingsOf(node.input.config.value) : null;
}

function groupNodes(nodes: readonly ReadNode[]): readonly (readonly ReadNode[])[] {
  const groups: { readonly settings: EvictionSettings; readonly nodes: ReadNode[] }[] = [];
  for (const node of nodes) {
    const settings = settingsOfNode(node);
    if (settings === null) continue;
    const group = groups.find(g => sameSettings(g.settings, settings, null));
    if (group === undefined) groups.push({ settings, nodes: [node] });
    else group.nodes.push(node);
  }
  return groups.map(group => group.nodes);
}

function groupLines(groups: readonly (readonly ReadNode[])[]): readonly string[] {
  return groups.map(group => {
    const names = group.map(n => n.input.node.name);
    const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')}, ... (${names.length} nodes)` : names.join(', ');
    const [first] = group;
    const settings = first === undefined ? null : settingsOfNode(first);
    return `${shown}: ${settings === null ? '?' : hardText(settings)}`;
  });
}

function differentConfigurations(groups: readonly (readonly ReadNode[])[], options: TuneOptions): UsageError {
  const example = groups[0]?.[0]?.input.node.name ?? 'NODE';
  return new UsageError(`the nodes run ${groups.length} different configurations (listed above)`, {
    hint: `choose one: ${options.program} tune --node ${example} ...`,
  });
}
