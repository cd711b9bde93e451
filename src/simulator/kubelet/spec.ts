import type { PressureCondition, Signal } from '../../eviction/signal.ts';
import type { JsonObject } from '../json.ts';

/**
 * What a kubelet does when it is asked, and whether it reports.
 * - `serving`: all is well
 * - `stopped`: the process is gone: connections are refused, no lease, no eviction
 * - `unreachable`: the machine is cut off: connections hang, no lease
 * - `hanging`: it lives and reports, but its port never answers
 * - `debugging-off`: started with `enableDebuggingHandlers: false`: 405
 */
export type KubeletMode = 'serving' | 'stopped' | 'unreachable' | 'hanging' | 'debugging-off';

/** A disk of a node at the moment its kubelet starts, with everything that lies on it then. */
export interface DiskSpec {
  readonly name: string;
  readonly capacityBytes: number;
  readonly freeBytes: number;
  /** Blocks that only root may use: neither used nor free. @default 0 */
  readonly reservedBytes?: number;
  /** Null where the filesystem reports none (Windows). */
  readonly inodes: number | null;
  readonly inodesFree: number | null;
}

/** Where images and dead containers can be given back before pods are evicted. */
export interface ReclaimableSpec {
  readonly deadContainerBytes: number;
  readonly deadContainerInodes: number;
  readonly unusedImageBytes: number;
  readonly unusedImageInodes: number;
}

/** Which quantity a script moves: a disk of that name, memory outside pods, processes outside pods. */
export type ScriptTarget = { readonly disk: string } | 'memory' | 'pids';

/** One thing that happens to a node; times are milliseconds after the scenario's start. */
export type ScriptStep =
  | {
      /** Usage that grows (or, negative, shrinks) evenly, with noise that does not add up. */
      readonly kind: 'ramp';
      readonly target: ScriptTarget;
      /** Bytes (processes for `pids`) per second. */
      readonly perSecond: number;
      readonly inodesPerSecond?: number;
      readonly fromMs: number;
      readonly untilMs?: number;
      /** Largest deviation in bytes or processes. */
      readonly noise?: number;
    }
  | {
      /** Usage that changes at once by that amount; negative frees. */
      readonly kind: 'jump';
      readonly target: ScriptTarget;
      readonly amount: number;
      readonly inodes?: number;
      readonly atMs: number;
    }
  | { readonly kind: 'mode'; readonly mode: KubeletMode; readonly atMs: number };

/** What the Node object says about the machine. */
export interface NodeIdentity {
  readonly address: string;
  readonly osImage: string;
  readonly kernelVersion: string;
  readonly containerRuntime: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly providerID?: string;
  readonly images: readonly { readonly names: readonly string[]; readonly sizeBytes: number }[];
  /** Age of the Node object at the scenario's start. */
  readonly ageMs: number;
}

/** What happened to the node before the scenario starts; all times are "milliseconds ago". */
export interface NodeHistory {
  /** Conditions that were True already: since when, and when a threshold was last met. */
  readonly pressure?: readonly {
    readonly condition: PressureCondition;
    readonly sinceMs: number;
    readonly lastMetMs: number;
  }[];
  /** Signals whose thresholds were met and stay so until the minimum reclaim is reached. */
  readonly met?: readonly Signal[];
  /** How long the kubelet has been silent. */
  readonly silentMs?: number;
}

/** A node and its kubelet: data only. */
export interface NodeSpec {
  readonly name: string;
  readonly os: 'linux' | 'windows';
  /** As in `status.nodeInfo`, with the distribution's suffix. */
  readonly kubeletVersion: string;
  /**
   * The KubeletConfiguration in effect, as `/configz` shows it: files and flags are merged already. Fields left out have
   * the defaults of that version; null removes one.
   */
  readonly config: JsonObject;
  readonly disks: readonly DiskSpec[];
  /** The disk behind each filesystem of the kubelet. */
  readonly filesystems: { readonly nodefs: string; readonly imagefs: string; readonly containerfs: string };
  /** Bytes; the system's share is what runs outside pods. */
  readonly memory: {
    readonly capacityBytes: number;
    readonly systemWorkingSetBytes: number;
    readonly systemRssBytes: number;
  };
  /** Null where no limit is reported (Windows). */
  readonly pids: { readonly max: number; readonly system: number } | null;
  readonly reclaimable?: ReclaimableSpec;
  readonly imageBytes: number;
  readonly cpus: number;
  readonly script?: readonly ScriptStep[];
  readonly identity: NodeIdentity;
  readonly history?: NodeHistory;
  /** @default serving */
  readonly mode?: KubeletMode;
  /** The node lifecycle controller ignores the node, as when the controller manager is down. */
  readonly unwatched?: boolean;
}

/** What one container uses. Bytes, inodes, processes. */
export interface ContainerUsage {
  readonly rootfsBytes: number;
  readonly rootfsInodes: number;
  readonly logsBytes: number;
  readonly logsInodes: number;
  readonly memoryBytes: number;
  readonly rssBytes: number;
  readonly processes: number;
}

/** How the use of one thing grows, counted from the start of the pod. */
export interface Growth {
  readonly what: 'rootfs' | 'logs' | 'memory' | 'processes' | 'volume';
  /** Name of the container, or of the volume. */
  readonly of: string;
  readonly perSecond: number;
  readonly inodesPerSecond?: number;
  /** Growth stops when it has added this much. */
  readonly atMost?: number;
}

/** How a container of an evicted pod ends. */
export type ContainerExit =
  /** killed: exit code 137, reason Error */
  | 'killed'
  /** leaves with code 0 on SIGTERM: the pod ends as Succeeded, without a reason */
  | 'zero'
  /** gone before it could be looked at: ContainerStatusUnknown */
  | 'lost';

/** What a pod uses, from its start on. Containers that are not named use {@link IDLE_CONTAINER}. */
export interface UsageProfile {
  readonly containers?: readonly ({ readonly name: string } & Partial<ContainerUsage>)[];
  readonly volumes?: readonly { readonly name: string; readonly bytes: number; readonly inodes?: number }[];
  readonly growth?: readonly Growth[];
  /** @default killed */
  readonly exit?: ContainerExit;
}

/** A container that does nothing: the figures of a sleeping shell. */
export const IDLE_CONTAINER: ContainerUsage = {
  rootfsBytes: 28_672,
  rootfsInodes: 10,
  logsBytes: 0,
  logsInodes: 1,
  memoryBytes: 348_160,
  rssBytes: 53_248,
  processes: 1,
};
