import { UsageError } from '../../errors.ts';
import { parseThresholdFlag } from '../../eviction/threshold.ts';
import { NO_CHANGE, type TuneRequest } from '../../eviction/tune.ts';
import type { ParsedArgs } from '../command.ts';
import { integer } from '../flag-values.ts';
import { assignmentOf, NamedOnce, SIGNAL_FLAGS, signalOf } from './signals.ts';

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
