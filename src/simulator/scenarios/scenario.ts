import type { ContainerExit, NodeSpec } from '../kubelet/spec.ts';
import type { WorkloadSpec } from '../kubelet/workload.ts';
import type { SimulatedVersion } from '../resources.ts';

/** Evicted pods that are there at the start. Times are milliseconds ago. */
export interface TombstoneSpec {
  /** Name and namespace of the workload whose pods they were. */
  readonly of: string;
  readonly namespace: string;
  readonly node: string;
  readonly count: number;
  /** How they were evicted: by a threshold, for a storage limit, or refused. */
  readonly form: 'pressure' | 'limit' | 'refused';
  /** `status.message`, final blank included. */
  readonly message: string;
  /** They are spread evenly between these ages. */
  readonly newestMs: number;
  readonly oldestMs: number;
  /** The release that wrote them. @default that of the node */
  readonly kubeletVersion?: string;
  /** @default killed */
  readonly exit?: ContainerExit;
}

/** An event of the time before the scenario. Times are milliseconds ago. */
export interface PastEvent {
  readonly node: string;
  /** Absent: the event is about the node. */
  readonly pod?: { readonly namespace: string; readonly name: string };
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A cluster and what happens in it: a plain value. */
export interface Scenario {
  readonly name: string;
  /** One sentence for a list of scenarios. */
  readonly title: string;
  /** The release of the control plane. */
  readonly serverVersion: SimulatedVersion;
  /** Decides generated names and uids. */
  readonly seed: number;
  readonly nodes: readonly NodeSpec[];
  readonly workloads: readonly WorkloadSpec[];
  readonly tombstones?: readonly TombstoneSpec[];
  readonly events?: readonly PastEvent[];
  /** `--terminated-pod-gc-threshold`. @default 12500 */
  readonly terminatedPodCeiling?: number;
}
