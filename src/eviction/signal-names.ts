/** Every signal, in the order in which they are shown. */
export const SIGNALS = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'containerfs.available',
  'containerfs.inodesFree',
  'pid.available',
  'allocatableMemory.available',
] as const;

/** A quantity the kubelet watches; the key of the eviction maps (`pkg/kubelet/eviction/api/types.go`). */
export type Signal = (typeof SIGNALS)[number];
