import { open } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { load, YAML11_SCHEMA, YAMLException } from 'js-yaml';
import { ClusterError } from '../errors.ts';
import { codeOf, own } from './own.ts';

/** Files above this size are refused, in bytes. */
export const MAX_KUBECONFIG_BYTES = 4 * 1024 * 1024;

/** One named cluster, user or context, and where it stands; relative paths in it are relative to `folder`. */
export interface Entry {
  readonly kind: 'cluster' | 'user' | 'context';
  readonly name: string;
  readonly file: string;
  readonly folder: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The merged contents of one or more kubeconfig files. */
export interface Kubeconfig {
  /** The files that existed. */
  readonly files: readonly string[];
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
  readonly contexts: ReadonlyMap<string, Entry>;
  readonly currentContext: string | undefined;
}

/** A failure before any request: nothing usable is configured. */
export function configError(message: string, hint?: string): ClusterError {
  return new ClusterError('config', message, { hint });
}

/**
 * The files of a `$KUBECONFIG` list: empty pieces and repetitions dropped, relative ones taken from the working directory.
 */
export function splitKubeconfigList(list: string, cwd: string): string[] {
  const pieces = list.split(delimiter).filter(piece => piece !== '');
  return [...new Set(pieces.map(piece => resolve(cwd, piece)))];
}

/**
 * Reads and merges kubeconfig files as client-go does: missing files are skipped, empty ones are fine, the first file to name
 * an entry or the current context wins.
 *
 * @throws ClusterError `config` for a file that is unreadable, too large, not YAML or not a kubeconfig.
 */
export async function loadKubeconfig(
  files: readonly string[],
  options: { readonly mustExist: boolean },
): Promise<Kubeconfig> {
  const merged = {
    files: [] as string[],
    clusters: new Map<string, Entry>(),
    users: new Map<string, Entry>(),
    contexts: new Map<string, Entry>(),
    currentContext: undefined as string | undefined,
  };
  for (const file of files) {
    const text = await readKubeconfig(file, options.mustExist);
    if (text === undefined) continue;
    merged.files.push(file);
    const root = parseKubeconfig(text, file);
    addEntries(merged.clusters, root, 'cluster', file);
    addEntries(merged.users, root, 'user', file);
    addEntries(merged.contexts, root, 'context', file);
    const current = own(root, 'current-context');
    if (merged.currentContext === undefined && typeof current === 'string' && current !== '') {
      merged.currentContext = current;
    }
  }
  return merged;
}

/**
 * A text field of an entry; an empty one counts as absent.
 *
 * @throws ClusterError `config` when YAML reads the value as something else (a number, a boolean): kubectl refuses it too.
 */
export function textField(entry: Entry, key: string, parent: unknown = entry.fields): string | undefined {
  const value = own(parent, key);
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  throw wrongType(entry, key, 'a string: put it in quotes');
}

/** A boolean field of an entry; absent is false. @throws ClusterError `config` for another type. */
export function booleanField(entry: Entry, key: string, parent: unknown = entry.fields): boolean {
  const value = own(parent, key);
  if (value === undefined) return false;
  if (typeof value !== 'boolean') throw wrongType(entry, key, 'true or false');
  return value;
}

/** A list of texts; absent is empty. @throws ClusterError `config` for another type (an unquoted `y` is a boolean in YAML 1.1). */
export function textListField(entry: Entry, key: string, parent: unknown = entry.fields): string[] {
  const value = own(parent, key);
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every(item => typeof item === 'string')) {
    throw wrongType(entry, key, 'a list of strings: put each in quotes');
  }
  return value;
}

/** A path field, made absolute from the folder of the file it stands in. */
export function pathField(entry: Entry, key: string): string | undefined {
  const value = textField(entry, key);
  return value === undefined ? undefined : absolute(entry.folder, value);
}

/** A path as seen from a folder. */
export function absolute(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/** A wrong type in an entry, named without its value, which may be a secret. */
export function wrongType(entry: Entry, key: string, expected: string): ClusterError {
  return configError(`${entry.file}: ${entry.kind} "${entry.name}": ${key} must be ${expected}`);
}

async function readKubeconfig(file: string, mustExist: boolean): Promise<string | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      return await readAtMost(handle, file);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (!mustExist) return undefined;
      throw configError(`kubeconfig ${file} does not exist`, 'check --kubeconfig');
    }
    throw configError(`kubeconfig ${file} cannot be read: ${code || 'unknown error'}`, 'check its permissions');
  }
}

async function readAtMost(handle: Awaited<ReturnType<typeof open>>, file: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Not stat: the file may be a pipe, as in --kubeconfig <(command).
  for await (const chunk of handle.createReadStream({ autoClose: false })) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_KUBECONFIG_BYTES) throw configError(`kubeconfig ${file} is larger than 4 MiB`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseKubeconfig(text: string, file: string): Record<string, unknown> {
  if (isBlankYaml(text)) return {};
  let root: unknown;
  try {
    // kubectl reads YAML 1.1, and takes the last of two equal keys.
    root = load(text, { schema: YAML11_SCHEMA, json: true, maxDepth: 100, maxTotalMergeKeys: 10_000 });
  } catch (error) {
    throw configError(`kubeconfig ${file} is not valid YAML${yamlPlace(error)}`);
  }
  if (root === null || root === undefined) return {};
  if (typeof root !== 'object' || Array.isArray(root)) throw configError(`${file} is not a kubeconfig`);
  const kind = own(root, 'kind');
  if (kind !== undefined && kind !== 'Config') {
    throw configError(`${file} is not a kubeconfig: its kind is not Config`);
  }
  return root as Record<string, unknown>;
}

function isBlankYaml(text: string): boolean {
  return text.split('\n').every(line => /^\s*(#.*)?$/.test(line) || /^(---|\.\.\.)\s*(#.*)?$/.test(line));
}

/** The library's message quotes the source, which may be a secret: only its reason and the line are shown. */
function yamlPlace(error: unknown): string {
  if (!(error instanceof YAMLException)) return '';
  const line = error.mark?.line;
  return `${line === undefined ? '' : ` (line ${line + 1})`}: ${error.reason.replace(/["'`].*/s, '').trimEnd()}`;
}

function addEntries(into: Map<string, Entry>, root: Record<string, unknown>, kind: Entry['kind'], file: string): void {
  const list = own(root, `${kind}s`);
  if (list === undefined) return;
  if (!Array.isArray(list)) throw configError(`kubeconfig ${file}: ${kind}s must be a list`);
  for (const item of list) {
    const name = own(item, 'name');
    if (typeof name !== 'string') throw configError(`kubeconfig ${file}: an entry of ${kind}s has no name`);
    const fields = own(item, kind) ?? {};
    if (typeof fields !== 'object' || Array.isArray(fields)) {
      throw configError(`kubeconfig ${file}: ${kind} "${name}" is not an object`);
    }
    if (!into.has(name)) {
      into.set(name, { kind, name, file, folder: dirname(file), fields: fields as Record<string, unknown> });
    }
  }
}
