import { parseQuantity, quantityNumber } from './quantity.ts';
import type { Signal } from './signal.ts';

/** Why the kubelet ended or refused a pod: node pressure, refusal at admission under pressure, a storage limit of the pod itself. */
export type EvictionKind = 'pressure' | 'admission' | 'limit';

/** What ran out. `disk` is bytes of a filesystem; DiskPressure, which may also be about inodes, counts as `disk`. */
export type EvictedResource = 'disk' | 'inodes' | 'memory' | 'pid' | 'unknown';

/** An amount as the kubelet wrote it. */
export interface WrittenAmount {
  /** Untrusted text. */
  readonly text: string;
  /** Bytes, inodes or pids; null when the text is no quantity. */
  readonly amount: number | null;
}

/** What a pod or container used, beside what it had requested. */
export interface WrittenUse {
  /** Untrusted text. */
  readonly name: string;
  readonly usage: WrittenAmount;
  /** Null where only the usage was told (an Event's annotations). */
  readonly request: WrittenAmount | null;
}

/** What the kubelet's sentence about an evicted pod says. */
export interface EvictionMessage {
  readonly kind: EvictionKind;
  /** At least one; several when a refusal names several conditions. */
  readonly resources: readonly EvictedResource[];
  /** The words for them in the message: `ephemeral-storage`, `DiskPressure`. Untrusted text. */
  readonly words: readonly string[];
  /** Kubelets up to 1.10 named the filesystem; null: not named. */
  readonly signal: Signal | null;
  /** Of the first met threshold of the same resource; with several met it may not be the one that was handled. */
  readonly threshold: WrittenAmount | null;
  readonly available: WrittenAmount | null;
  /** The limit that was exceeded; `name` is the volume or the container, null for the pod as a whole. */
  readonly limit: {
    readonly of: 'volume' | 'pod' | 'container';
    readonly name: string | null;
    readonly amount: WrittenAmount;
  } | null;
  /** The pod as a whole, where the message tells it. */
  readonly pod: WrittenUse | null;
  /** Containers above their request. */
  readonly containers: readonly WrittenUse[];
  /** What follows the understood part, as it is; empty when everything was understood. Untrusted text. */
  readonly rest: string;
}

/** The start of every node-pressure message, in every version. */
export const PRESSURE_TEXT = 'The node was low on resource: ';

/** Longer messages are not read to their end. */
const MOST = 32_768;

// Sentences end with a full stop and one blank; tools trim the last blank.
const PRESSURE = /The node was low on resource: ([A-Za-z][\w-]*)\.(?: |$)/y;
const THRESHOLD = /Threshold quantity: (\S+), available: (\S+)\.(?: |$)/y;
const POD = /Pod (\S+) was using (\S+), request is (\S+), has larger consumption of [\w-]+\.(?: |$)/y;
const CONTAINER = /Container (\S+) was using (\S+), request is (\S+), has larger consumption of [\w-]+\.(?: |$)/y;
const OLD_CONTAINER = /Container (\S+) was using (\S+), which exceeds its request of (\S+)\.(?: |$)/y;
// The event of a refusal has no prefix, its status has.
const REFUSAL =
  /(?:Pod was rejected: |Pod )?The node had condition: \[([A-Za-z][\w-]*(?: [A-Za-z][\w-]*)*)\]\.(?: |$)/y;
const VOLUME_LIMIT = /Usage of EmptyDir volume "([^\s"]+)" exceeds the limit "([^\s"]+)"\.(?: |$)/y;
const POD_LIMIT = /Pod ephemeral local storage usage exceeds the total limit of containers (\S+)\.(?: |$)/y;
const CONTAINER_LIMIT = /Container (\S+) exceeded its local ephemeral storage limit "([^\s"]+)"\.(?: |$)/y;

const RESOURCES: ReadonlyMap<string, EvictedResource> = new Map([
  ['memory', 'memory'],
  ['ephemeral-storage', 'disk'],
  ['inodes', 'inodes'],
  ['pids', 'pid'],
  ['nodefs', 'disk'],
  ['imagefs', 'disk'],
  ['nodefsInodes', 'inodes'],
  ['imagefsInodes', 'inodes'],
  ['MemoryPressure', 'memory'],
  ['DiskPressure', 'disk'],
  ['PIDPressure', 'pid'],
]);

const NAMED_SIGNALS: ReadonlyMap<string, Signal> = new Map([
  ['nodefs', 'nodefs.available'],
  ['imagefs', 'imagefs.available'],
  ['nodefsInodes', 'nodefs.inodesFree'],
  ['imagefsInodes', 'imagefs.inodesFree'],
]);

/**
 * Reads a `status.message`, or the message of an `Evicted` event or a DisruptionTarget condition, in every form that kubelets up
 * to 1.36 write (`pkg/kubelet/eviction/helpers.go` `evictionMessage`, `eviction_manager.go`). Null for any other text: it is never
 * guessed at.
 */
export function decodeMessage(text: string): EvictionMessage | null {
  const reader = new Reader(text.slice(0, MOST).trimEnd());
  return pressure(reader) ?? refusal(reader) ?? limit(reader);
}

/** What every form has in common. */
const NOTHING = {
  words: [],
  signal: null,
  threshold: null,
  available: null,
  limit: null,
  pod: null,
  containers: [],
} as const;

function pressure(reader: Reader): EvictionMessage | null {
  const [word] = reader.take(PRESSURE) ?? [];
  if (word === undefined) return null;
  const [threshold, available] = reader.take(THRESHOLD) ?? [];
  const pod = use(reader.take(POD));
  const containers: WrittenUse[] = [];
  for (;;) {
    const container = use(reader.take(CONTAINER) ?? reader.take(OLD_CONTAINER));
    if (container === null) break;
    containers.push(container);
  }
  return {
    ...NOTHING,
    kind: 'pressure',
    resources: [RESOURCES.get(word) ?? 'unknown'],
    words: [word],
    signal: NAMED_SIGNALS.get(word) ?? null,
    threshold: threshold === undefined ? null : writtenAmount(threshold),
    available: available === undefined ? null : writtenAmount(available),
    pod,
    containers,
    rest: reader.rest(),
  };
}

function refusal(reader: Reader): EvictionMessage | null {
  const [list] = reader.take(REFUSAL) ?? [];
  if (list === undefined) return null;
  const words = list.split(' ');
  const resources = [...new Set(words.map(word => RESOURCES.get(word) ?? 'unknown'))];
  return { ...NOTHING, kind: 'admission', resources, words, rest: reader.rest() };
}

function limit(reader: Reader): EvictionMessage | null {
  const found = volumeLimit(reader) ?? podLimit(reader) ?? containerLimit(reader);
  return found === null ? null : { ...NOTHING, kind: 'limit', resources: ['disk'], limit: found, rest: reader.rest() };
}

type Limit = NonNullable<EvictionMessage['limit']>;

function volumeLimit(reader: Reader): Limit | null {
  const [name, amount] = reader.take(VOLUME_LIMIT) ?? [];
  return name === undefined || amount === undefined ? null : { of: 'volume', name, amount: writtenAmount(amount) };
}

function podLimit(reader: Reader): Limit | null {
  const [amount] = reader.take(POD_LIMIT) ?? [];
  return amount === undefined ? null : { of: 'pod', name: null, amount: writtenAmount(amount) };
}

function containerLimit(reader: Reader): Limit | null {
  const [name, amount] = reader.take(CONTAINER_LIMIT) ?? [];
  return name === undefined || amount === undefined ? null : { of: 'container', name, amount: writtenAmount(amount) };
}

function use(groups: readonly string[] | null): WrittenUse | null {
  const [name, usage, request] = groups ?? [];
  if (name === undefined || usage === undefined || request === undefined) return null;
  return { name, usage: writtenAmount(usage), request: writtenAmount(request) };
}

/** A written quantity with its number. */
export function writtenAmount(text: string): WrittenAmount {
  const quantity = parseQuantity(text);
  return { text, amount: quantity.ok ? quantityNumber(quantity.value) : null };
}

/** Takes one sentence after the other off a text. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The groups of the sentence that stands here; null, and nothing taken, when another one does. */
  take(sentence: RegExp): readonly string[] | null {
    sentence.lastIndex = this.#at;
    const match = sentence.exec(this.#text);
    if (match === null) return null;
    this.#at = sentence.lastIndex;
    return match.slice(1);
  }

  rest(): string {
    return this.#text.slice(this.#at).trim();
  }
}
