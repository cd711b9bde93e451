import type { Cluster, SimulatedKubelet, SimulationCluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { EvictError, UsageError } from '../../errors.ts';
import { underPressure } from '../../eviction/assess.ts';
import { enumerate } from '../../eviction/human.ts';
import { changesBetween } from '../../eviction/tune.ts';
import { parseKubeletVersion } from '../../eviction/version.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { type KubeletDocument, MAX_DOCUMENT_BYTES, readDocument } from '../../kubelet/document.ts';
import { clean } from '../../output/clean.ts';
import { settingsWith } from './effective.ts';

/** Everything `demo apply` was asked for. */
export interface ApplyOptions {
  readonly kind: 'apply';
  /** `-` is stdin. */
  readonly file: string;
  /** Null: the node under pressure. */
  readonly node: string | null;
  /** Null: the demo that is open, else `$KUBECONFIG`. */
  readonly kubeconfig: string | null;
}

/** `demo apply`: restarts a simulated kubelet with a document. */
export async function runApply(options: ApplyOptions, deps: Deps): Promise<ExitCode> {
  const { file } = options;
  const document = await readDocumentFile(file, deps);
  const kubeconfig = options.kubeconfig ?? (await findDemo(deps));
  const cluster = await deps.connect({
    flags: { kubeconfig },
    concurrency: 4,
    chunkSize: 500,
    verbosity: 0,
    signal: deps.signal,
  });
  try {
    const kubelets = await cluster.simulation.kubelets();
    if (kubelets === null) throw notSimulated(cluster);
    const kubelet = await chooseKubelet(kubelets, cluster, options);
    const applied = await applyDocument(document, kubelet, cluster.simulation);
    const { name } = kubelet;
    await deps.io.out.write(`node/${clean(name)} restarted (SIMULATED)\n`);
    const changed = applied.changes.length === 0 ? 'it ran so already' : enumerate(applied.changes);
    await deps.io.err.write(`${clean(`applied   ${document.label}: ${changed}`)}\n`);
    const words = ['verify', '-f', file, name, '--wait', '10m', '--kubeconfig', kubeconfig ?? '$KUBECONFIG'];
    await deps.io.err.write(`${clean(`verify    ${deps.program} ${words.join(' ')}`)}\n`);
    return EXIT.ok;
  } finally {
    cluster.close();
  }
}

/**
 * Restarts a simulated kubelet with a document.
 *
 * @returns what is different now, as sentences; untrusted text
 * @throws EvictError when the kubelet refuses it, and stays down
 */
export async function applyDocument(
  document: KubeletDocument,
  kubelet: SimulatedKubelet,
  simulation: SimulationCluster,
): Promise<{ readonly changes: readonly string[] }> {
  const settings = settingsWith(document, kubelet);
  const refusal = await simulation.restart(kubelet.name, settings);
  if (refusal !== null) {
    throw new EvictError(`the simulated kubelet of ${kubelet.name} did not come back: ${refusal}`, {
      hint: 'as a real one, it stays down until it is given a configuration that it accepts: apply another, for example the file of tune --rollback',
    });
  }
  const version = parseKubeletVersion(kubelet.version);
  const gone = [...kubelet.settings.evictionHard.keys()].filter(signal => !settings.evictionHard.has(signal));
  return {
    changes: [
      ...changesBetween(kubelet.settings, settings, version).map(
        ({ field, signal, from, to }) => `${signal ?? field} ${from ?? 'not set'} -> ${to}`,
      ),
      ...gone.map(signal => `${signal} is not set any more`),
    ],
  };
}

/** As {@link applyDocument}, from a text on a screen. @throws EvictError */
export async function applyText(
  text: string,
  name: string,
  node: string,
  simulation: SimulationCluster,
): Promise<readonly string[]> {
  const document = readDocument(text, name);
  if (!document.ok) throw new EvictError(`${name}: ${document.error}`);
  const kubelet = (await simulation.kubelets())?.find(each => each.name === node);
  if (kubelet === undefined) throw noKubelet();
  return (await applyDocument(document.value, kubelet, simulation)).changes;
}

async function readDocumentFile(file: string, deps: Deps): Promise<KubeletDocument> {
  const text =
    file === '-'
      ? await deps.io.in.readAll()
      : new TextDecoder().decode(await deps.files.read(file, MAX_DOCUMENT_BYTES));
  const document = readDocument(text, file);
  if (!document.ok) throw new EvictError(`${file}: ${document.error}`);
  return document.value;
}

/** The kubeconfig of the one demo that is open; undefined: the one that `$KUBECONFIG` names. The user's own is never read. */
async function findDemo(deps: Deps): Promise<string | undefined> {
  const [only, ...more] = await deps.demos.running();
  if (only !== undefined && more.length === 0) return only;
  if ((deps.env['KUBECONFIG'] ?? '') !== '') return undefined;
  if (only === undefined) {
    throw new EvictError('no demo is open', {
      hint: `start one in another terminal (${deps.program} demo), or name the kubeconfig that demo --serve printed with --kubeconfig`,
    });
  }
  throw new UsageError(`${more.length + 1} demos are open`, {
    hint: `choose one: ${[only, ...more].map(file => `--kubeconfig ${file}`).join(', or ')}`,
  });
}

function notSimulated({ identity }: Cluster): EvictError {
  return new EvictError(`the cluster at ${identity.server} is not a simulated one, and is left alone`, {
    hint: 'demo apply restarts simulated kubelets only; on a real node put the file in its place and restart the kubelet, as tune says',
  });
}

async function chooseKubelet(
  kubelets: readonly SimulatedKubelet[],
  cluster: Cluster,
  options: ApplyOptions,
): Promise<SimulatedKubelet> {
  if (kubelets.length === 0) throw noKubelet();
  if (options.node !== null) {
    const found = kubelets.find(kubelet => kubelet.name === options.node);
    if (found !== undefined) return found;
    throw new EvictError(`the demo has no node ${options.node}`, { hint: `it has ${named(kubelets)}` });
  }
  const pressed = (await cluster.nodes(null)).items.filter(underPressure).map(node => node.name);
  const chosen = kubelets.length === 1 ? kubelets : kubelets.filter(kubelet => pressed.includes(kubelet.name));
  const [only, second] = chosen;
  if (only !== undefined && second === undefined) return only;
  const why = only === undefined ? 'no node is under pressure' : `${chosen.length} nodes are under pressure`;
  throw new UsageError(`${why}: which kubelet is meant?`, {
    hint: `add --node: ${named(chosen.length === 0 ? kubelets : chosen)}`,
  });
}

function noKubelet(): EvictError {
  return new EvictError('this demo shows a snapshot: there is no kubelet in it that could be restarted');
}

function named(kubelets: readonly SimulatedKubelet[]): string {
  const names = kubelets.map(kubelet => kubelet.name);
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : enumerate(names);
}
