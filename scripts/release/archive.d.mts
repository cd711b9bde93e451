/** A file of an archive: name, mode, content. */
export type Entry = readonly [name: string, mode: number, bytes: Buffer];
/** A .tar.gz whose bytes depend on nothing but its entries. */
export function tarGz(entries: readonly Entry[]): Buffer;
/** A .zip whose bytes depend on nothing but its entries. */
export function zip(entries: readonly Entry[]): Buffer;
/** The files of such an archive. @throws Error when it is none, or damaged */
export function unpack(fileName: string, bytes: Buffer): readonly Entry[];
