import { UsageError } from '../../errors.ts';
import type { Signal } from '../../eviction/signal.ts';

/** The short names that flags and `SIGNAL=` arguments take beside the kubelet's own. */
const SHORT: ReadonlyMap<string, Signal> = new Map([
  ['nodefs', 'nodefs.available'],
  ['nodefs-inodes', 'nodefs.inodesFree'],
  ['imagefs', 'imagefs.available'],
  ['imagefs-inodes', 'imagefs.inodesFree'],
  ['memory', 'memory.available'],
  ['pid', 'pid.available'],
]);

/** The flags that set the hard threshold of one signal, by name. */
export const SIGNAL_FLAGS: ReadonlyMap<string, Signal> = SHORT;

/** A signal as typed: the kubelet's name, or a short one. Whether it exists is the kubelet's to say. */
export function signalOf(text: string): string {
  return SHORT.get(text) ?? text;
}

/** Remembers which flag named a signal: two flags about one threshold contradict each other. */
export class NamedOnce {
  readonly #flags = new Map<string, string>();

  /** @throws UsageError when the same threshold was named before */
  name(key: string, flag: string): void {
    const other = this.#flags.get(key);
    if (other !== undefined) {
      const both = other === flag ? `${flag} is given twice` : `${other} and ${flag} both set it`;
      throw new UsageError(`${key} is named by two flags: ${both}`, { hint: 'give each signal once' });
    }
    this.#flags.set(key, flag);
  }
}

/** `SIGNAL=REST`. @throws UsageError */
export function assignmentOf(flag: string, text: string): readonly [signal: string, rest: string] {
  const equals = text.indexOf('=');
  if (equals > 0) return [signalOf(text.slice(0, equals)), text.slice(equals + 1)];
  throw new UsageError(`invalid value ${JSON.stringify(text.slice(0, 100))} for --${flag}: expected SIGNAL=VALUE`);
}
