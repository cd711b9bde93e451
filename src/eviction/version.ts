/** The release a kubelet reports in `status.nodeInfo.kubeletVersion`. */
export interface KubeletVersion {
  readonly major: number;
  readonly minor: number;
  /** 0 where the text names none. */
  readonly patch: number;
  /** As reported, suffix of the distribution included; untrusted text. */
  readonly text: string;
}

const VERSION = /^v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?(?!\d)/;

/** Reads `v1.31.4+k3s1`, `v1.29.0-eks-abc`, `1.20`; null for anything else (an unknown version). */
export function parseKubeletVersion(text: string): KubeletVersion | null {
  const match = VERSION.exec(text.trimStart().slice(0, 64));
  if (match === null) return null;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0), text };
}

/** Whether the kubelet is 1.`minor` or newer. An unknown version counts as the newest. */
export function atLeast(version: KubeletVersion | null, minor: number): boolean {
  if (version === null) return true;
  return version.major > 1 || (version.major === 1 && version.minor >= minor);
}
