/** The faults of a manifest, as sentences; none: krew and its index take it. */
export function faults(manifest: unknown): readonly string[];
/** The faults of a manifest against one archive that it names. */
export function archiveFaults(manifest: unknown, fileName: string, bytes: Uint8Array): readonly string[];
