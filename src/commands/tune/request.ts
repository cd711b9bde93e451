import { UsageError } from '../../errors.ts';
import { parseThresholdFlag } from '../../eviction/threshold.ts';
import { NO_CHANGE, type TuneRequest } from '../../eviction/tune.ts';
import type { FlagSpec, ParsedArgs } from '../command.ts';
import { integer } from '../flags.ts';
import { assignmentOf, NamedOnce, SIGNAL_FLAGS, signalOf } from './signals.ts';

function threshold(name: string, help: string): FlagSpec {
  return { name, type: 'strings', placeholder: 'VALUE', help };
}

/** The flags that say what is to change. */
export const CHANGE_FLAGS: readonly FlagSpec[] = [
  threshold('nodefs', 'hard threshold of nodefs.available: 5% or 1Gi'),
  threshold('nodefs-inodes', 'hard threshold of nodefs.inodesFree'),
  threshold('imagefs', 'hard threshold of imagefs.available'),
  threshold('imagefs-inodes', 'hard threshold of imagefs.inodesFree'),
  threshold('disk', 'hard threshold of nodefs.available and imagefs.available together'),
  threshold('memory', 'hard threshold of memory.available: 200Mi'),
  threshold('pid', 'hard threshold of pid.available'),
  {
    name: 'eviction-hard',
    type: 'strings',
    placeholder: 'LIST',
    help: "hard thresholds in the kubelet's own syntax, merged into what is there: nodefs.available<5%,memory.available<200Mi",
  },
  {
    name: 'soft',
    type: 'strings',
    placeholder: 'SIGNAL=VALUE:GRACE',
    help: 'a soft threshold with its grace period: nodefs.available=15%:1m30s; may be repeated',
  },
  {
    name: 'min-reclaim',
    type: 'strings',
    placeholder: 'SIGNAL=VALUE',
    help: 'minimum reclaim of a signal: nodefs.available=500Mi; may be repeated',
  },
  { name: 'transition-period', type: 'string', placeholder: 'DURATION', help: 'evictionPressureTransitionPeriod: 5m' },
  {
    name: 'max-pod-grace',
    type: 'string',
    placeholder: 'SECONDS',
    help: 'evictionMaxPodGracePeriod: how long pods may take to end when a soft threshold is met',
  },
  {
    name: 'disable',
    type: 'strings',
    placeholder: 'SIGNAL',
    help: 'switch a signal off (writes "0%"); memory and nodefs need --force; may be repeated',
  },
  { name: 'restore-defaults', type: 'boolean', help: 'arm again what the kubelet arms by default and is not armed' },
];

/** Reads the change flags. @throws UsageError */
export function requestOf(args: ParsedArgs): TuneRequest {
  const once = new NamedOnce();
  const grace = args.value('max-pod-grace');
  return {
    ...NO_CHANGE,
    hard: hardOf(args, once),
    soft: softOf(args),
    minReclaim: minReclaimOf(args),
    transitionPeriod: args.value('transition-period') ?? null,
    maxPodGrace: grace === undefined ? null : integer('max-pod-grace', grace, 0, 86_400),
    disable: args.values('disable').map(text => {
      const signal = signalOf(text);
      once.name(signal, '--disable');
      return signal;
    }),
    restoreDefaults: args.flag('restore-defaults'),
  };
}

function hardOf(args: ParsedArgs, once: NamedOnce): ReadonlyMap<string, string> {
  const hard = new Map<string, string>();
  const set = (signal: string, value: string, flag: string): void => {
    once.name(signal, flag);
    hard.set(signal, value);
  };
  for (const [name, signal] of SIGNAL_FLAGS) {
    for (const value of args.values(name)) set(signal, value, `--${name}`);
  }
  for (const value of args.values('disk')) {
    set('nodefs.available', value, '--disk');
    set('imagefs.available', value, '--disk');
  }
  for (const text of args.values('eviction-hard')) {
    const pairs = parseThresholdFlag(text);
    if (!pairs.ok) throw new UsageError(`invalid value for --eviction-hard: ${pairs.error}`);
    if (pairs.value.size === 0) {
      throw new UsageError('--eviction-hard is empty, which would switch all eviction off', {
        hint: 'name the thresholds to change, or --disable SIGNAL',
      });
    }
    for (const [signal, value] of pairs.value) set(signal, value, '--eviction-hard');
  }
  return hard;
}

function softOf(args: ParsedArgs): TuneRequest['soft'] {
  const once = new NamedOnce();
  const soft = new Map<string, { value: string; grace: string }>();
  for (const text of args.values('soft')) {
    const [signal, rest] = assignmentOf('soft', text);
    const colon = rest.lastIndexOf(':');
    if (colon < 0) {
      throw new UsageError(`--soft ${JSON.stringify(text.slice(0, 100))} has no grace period`, {
        hint: `for example --soft ${signal}=15%:1m30s`,
      });
    }
    once.name(signal, '--soft');
    soft.set(signal, { value: rest.slice(0, colon), grace: rest.slice(colon + 1) });
  }
  return soft;
}

function minReclaimOf(args: ParsedArgs): ReadonlyMap<string, string> {
  const once = new NamedOnce();
  const map = new Map<string, string>();
  for (const text of args.values('min-reclaim')) {
    const [signal, value] = assignmentOf('min-reclaim', text);
    once.name(signal, '--min-reclaim');
    map.set(signal, value);
  }
  return map;
}

/** Whether a request asks for anything. */
export function asksForChange(request: TuneRequest): boolean {
  const { hard, soft, minReclaim, disable, transitionPeriod, maxPodGrace, restoreDefaults } = request;
  const some = hard.size + soft.size + minReclaim.size + disable.length > 0;
  return some || transitionPeriod !== null || maxPodGrace !== null || restoreDefaults;
}
