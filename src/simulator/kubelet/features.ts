import { atLeast, type KubeletVersion } from '../../eviction/version.ts';

/**
 * What differs between kubelet releases in what they write. The ends (1.20 and 1.36) are recorded; releases in between
 * follow the change named with each field.
 */
export interface KubeletFeatures {
  /** Before 1.22 the status of an evicted pod is replaced; later the container statuses are kept (kubernetes#105358). */
  readonly keepsStatus: boolean;
  /** `DisruptionTarget`, "Threshold quantity" in messages and "Pod was rejected: ": on by default from 1.26. */
  readonly disruptionTarget: boolean;
  /** A hard eviction waits for the pod's own grace period: 1.22 to 1.30 (kubernetes#115819). */
  readonly waitsFullGrace: boolean;
  /** Soft evictions take the smaller of `evictionMaxPodGracePeriod` and the pod's own: from 1.31. */
  readonly softGraceIsMinimum: boolean;
  /** After reclaiming images the minimum reclaim must be reached, too. Not in 1.20; the release is not known. */
  readonly reclaimChecksMinimum: boolean;
  /** `PodReadyToStartContainers` and `hostIPs`: beta from 1.29. */
  readonly sandboxCondition: boolean;
  /** `containerFs` in stats: from 1.29. */
  readonly containerFs: boolean;
  /** `swap` in stats: from 1.29. */
  readonly swapStats: boolean;
  /** `psi` and `io` in stats: beta from 1.34. */
  readonly psiStats: boolean;
  /** `volumeMounts` and `user` in container statuses: from 1.31. */
  readonly statusMounts: boolean;
  /** `resources` and `allocatedResources` in statuses: beta from 1.33. */
  readonly statusResources: boolean;
  /** `observedGeneration` in pod statuses and conditions: beta from 1.34. */
  readonly observedGeneration: boolean;
  /** `reportingComponent` of events is filled in; about 1.28. */
  readonly reportingComponent: boolean;
  /** Events name the node by `apiVersion`, not by a uid equal to its name. Known for 1.36 only. */
  readonly nodeEventWithoutUid: boolean;
  /** `managedFields` entries name the subresource: from 1.22. */
  readonly managedSubresource: boolean;
  /** "Attempted to free" instead of "Wanted to free" in FreeDiskSpaceFailed; about 1.26. */
  readonly newImageGcMessage: boolean;
  /** Windows measures commit memory: from 1.31 (kubernetes#122922). */
  readonly windowsCommitMemory: boolean;
}

/** The forms a kubelet of that version writes; an unknown version counts as the newest. */
export function featuresOf(version: KubeletVersion | null): KubeletFeatures {
  const from = (minor: number): boolean => atLeast(version, minor);
  return {
    keepsStatus: from(22),
    disruptionTarget: from(26),
    waitsFullGrace: from(22) && !from(31),
    softGraceIsMinimum: from(31),
    reclaimChecksMinimum: from(22),
    sandboxCondition: from(29),
    containerFs: from(29),
    swapStats: from(29),
    psiStats: from(34),
    statusMounts: from(31),
    statusResources: from(33),
    observedGeneration: from(34),
    reportingComponent: from(28),
    nodeEventWithoutUid: from(36),
    managedSubresource: from(22),
    newImageGcMessage: from(26),
    windowsCommitMemory: from(31),
  };
}
