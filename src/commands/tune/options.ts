import type { Deps } from '../../deps.ts';
import { UsageError } from '../../errors.ts';
import type { NodeOs } from '../../eviction/signal.ts';
import type { TuneRequest } from '../../eviction/tune.ts';
import { type KubeletVersion, parseKubeletVersion } from '../../eviction/version.ts';
import { TARGET_IDS, type TargetId } from '../../kubelet/targets/ids.ts';
import type { ParsedArgs } from '../command.ts';
import { type ConnectionOptions, colorOf, connectionOptions, kubeletPace } from '../flag-values.ts';
import { asksForChange, requestOf } from './request.ts';

/** Everything `tune` was asked for. */
export interface TuneOptions {
  readonly connection: ConnectionOptions;
  readonly node: string | null;
  /** `-` is stdin. */
  readonly file: string | null;
  readonly offline: boolean;
  readonly os: NodeOs | null;
  readonly version: KubeletVersion | null;
  readonly request: TuneRequest;
  readonly clear: boolean;
  readonly force: boolean;
  readonly to: TargetId | null;
  readonly fragment: boolean;
  readonly diff: boolean;
  readonly write: boolean;
  readonly rollback: string | null;
  readonly output: 'json' | 'yaml' | null;
  readonly quiet: boolean;
  readonly color: 'auto' | 'always' | 'never';
  readonly concurrency: number;
  readonly kubeletTimeoutMs: number;
  readonly program: string;
}

/** Reads the command line. @throws UsageError */
export function parseTune(args: ParsedArgs, deps: Deps): TuneOptions {
  const options: TuneOptions = {
    connection: connectionOptions(args),
    node: args.value('node')?.replace(/^nodes?\//, '') ?? null,
    file: args.value('filename') ?? null,
    offline: args.flag('offline'),
    os: osOf(args.value('os')),
    version: versionOf(args.value('kubelet-version')),
    request: requestOf(args),
    clear: args.flag('clear'),
    force: args.flag('force'),
    to: TARGET_IDS.find(id => id === args.value('to')) ?? null,
    fragment: args.flag('fragment'),
    diff: args.flag('diff'),
    write: args.flag('write'),
    rollback: args.value('rollback') ?? null,
    output: outputOf(args.value('output')),
    quiet: args.flag('quiet'),
    color: colorOf(args),
    ...kubeletPace(args),
    program: deps.program,
  };
  checkBase(options);
  checkOutput(options);
  return options;
}

function osOf(text: string | undefined): NodeOs | null {
  return text === 'linux' || text === 'windows' ? text : null;
}

function outputOf(text: string | undefined): TuneOptions['output'] {
  return text === 'json' || text === 'yaml' ? text : null;
}

function versionOf(text: string | undefined): KubeletVersion | null {
  if (text === undefined) return null;
  const version = parseKubeletVersion(text);
  if (version === null) {
    throw new UsageError(`invalid value ${JSON.stringify(text.slice(0, 100))} for --kubelet-version: expected 1.29`);
  }
  return version;
}

function exclude(a: string, b: string, both: boolean, hint?: string): void {
  if (both) throw new UsageError(`${a} and ${b} exclude each other`, { hint });
}

function checkBase(options: TuneOptions): void {
  const { node, file, offline, clear, request } = options;
  if (node === '' || file === '') throw new UsageError(node === '' ? 'an empty node name' : 'an empty file name');
  exclude('--offline', '--node', offline && node !== null);
  exclude('--offline', '--filename', offline && file !== null);
  exclude('--clear', '--offline', clear && offline, 'only a node can be under pressure');
  if (clear && file !== null && node === null) {
    throw new UsageError('--clear needs a node', { hint: 'add --node NODE: its figures decide' });
  }
  if (!clear && !asksForChange(request)) {
    throw new UsageError('no change is asked for', {
      hint: 'for example --nodefs 5%, or --clear on a node under pressure',
    });
  }
}

function checkOutput(options: TuneOptions): void {
  const { write, file, diff, output, fragment, to } = options;
  if (write && (file === null || file === '-')) {
    throw new UsageError('--write needs a file to replace', { hint: 'name it with -f FILE' });
  }
  exclude('--write', '--diff', write && diff);
  exclude('--write', '--output', write && output !== null);
  exclude('--diff', '--output', diff && output !== null, 'the TuneResult holds the document');
  if (fragment && to !== null && to !== 'kubeletconfiguration') {
    throw new UsageError('--fragment goes with --to kubeletconfiguration only');
  }
}
