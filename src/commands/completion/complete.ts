import type { Cluster } from '../../cluster/port.ts';
import type { Deps } from '../../deps.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { clean } from '../../output/clean.ts';
import type { Command } from '../command.ts';
import { connectionOptions } from '../flag-values.ts';
import { type Candidate, type Expected, expect } from './candidates.ts';

/** The longest that somebody waits for a completion, in milliseconds. */
const MOST_WAIT_MS = 2000;

/** What a shell is to do with the candidates, as cobra's shell scripts read it: a sum of bits. */
const DIRECTIVES = [
  [2, 'ShellCompDirectiveNoSpace'],
  [4, 'ShellCompDirectiveNoFileComp'],
] as const;
const [[NO_SPACE], [NO_FILES]] = DIRECTIVES;

/**
 * Answers a shell, or kubectl: one candidate a line (`TEXT<TAB>WHAT IT IS`), and `:DIRECTIVE` at the end. `--last=WORD` in front
 * gives the last word for shells that cannot pass an empty one. Whatever goes wrong, it answers quickly and complains about nothing.
 */
export async function complete(
  argv: readonly string[],
  commands: readonly Command[],
  deps: Deps,
  withAbout = true,
): Promise<ExitCode> {
  const first = argv[0];
  const words = first?.startsWith('--last=') ? [...argv.slice(1), first.slice('--last='.length)] : argv;
  const expected = expect(words, commands);
  const found = [...expected.candidates, ...(await lookUp(expected, deps))];
  const lines = found.map(({ text, about }) => (withAbout && about ? `${text}\t${clean(about)}` : text));
  const directive = (expected.noSpace ? NO_SPACE : 0) + (expected.files ? 0 : NO_FILES);
  await deps.io.out.write([...lines, `:${directive}`, ''].join('\n'));
  await deps.io.err.write(`Completion ended with directive: ${directiveName(directive)}\n`);
  return EXIT.ok;
}

function directiveName(directive: number): string {
  const names = DIRECTIVES.filter(([bit]) => (directive & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? 'ShellCompDirectiveDefault' : names.join(', ');
}

/** The names that fit; none when they cannot be had in time. */
async function lookUp(expected: Expected, deps: Deps): Promise<readonly Candidate[]> {
  if (expected.names === null) return [];
  const stop = new AbortController();
  const late = deps.clock.sleep(MOST_WAIT_MS, stop.signal).then(
    () => [],
    () => [],
  );
  try {
    const names = await Promise.race([namesOf(expected, deps, AbortSignal.any([deps.signal, stop.signal])), late]);
    const fit = names.filter(name => isPlain(name) && name.startsWith(expected.prefix));
    return [...new Set(fit)]
      .filter(name => !expected.given.includes(name))
      .toSorted()
      .map(text => ({ text }));
  } catch {
    // No kubeconfig, no cluster, no right: there is nothing to offer, and nobody who asked for a reason.
    return [];
  } finally {
    stop.abort();
  }
}

/** A word that no shell reads as anything but itself: others are not offered, for they could be run as a command. */
function isPlain(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.@:/+=,-]*$/.test(name) && name.length <= 500;
}

async function namesOf(expected: Expected, deps: Deps, signal: AbortSignal): Promise<readonly string[]> {
  const { flags } = connectionOptions(expected.args);
  switch (expected.names) {
    case 'context':
      return (await deps.kubeconfigNames(flags)).contexts;
    case 'cluster':
      return (await deps.kubeconfigNames(flags)).clusters;
    case 'user':
      return (await deps.kubeconfigNames(flags)).users;
    default: {
      const cluster = await deps.connect({ flags, concurrency: 2, chunkSize: 500, verbosity: 0, signal, quiet: true });
      try {
        return await clusterNames(cluster, expected);
      } finally {
        cluster.close();
      }
    }
  }
}

async function clusterNames(cluster: Cluster, { names, prefix }: Expected): Promise<readonly string[]> {
  const { names: lists, identity } = cluster;
  if (names === 'namespace') return await lists.namespaces();
  if (names === 'node') return await lists.nodes();
  if (names === 'pod') return await lists.pods(identity.namespace);
  const wantsPods = !prefix.startsWith('node/');
  const wantsNodes = !prefix.startsWith('pod/');
  // One of them may be forbidden.
  const [pods, nodes] = await Promise.all([
    wantsPods ? lists.pods(identity.namespace).catch(() => []) : [],
    wantsNodes ? lists.nodes().catch(() => []) : [],
  ]);
  const named = [...pods.map(name => `pod/${name}`), ...nodes.map(name => `node/${name}`)];
  // Bare names, too, once somebody begins to type one; before that they would say everything twice.
  return prefix === '' ? named : [...named, ...pods, ...nodes];
}
