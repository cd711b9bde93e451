/** What a signature says, with every page hashed anew. */
export interface MachOSignature {
  readonly adhoc: boolean;
  /** It covers every byte before itself. */
  readonly coversAll: boolean;
  readonly pages: number;
  /** Pages whose hash is another. */
  readonly bad: number;
}
/** Whether these are the bytes of a 64-bit Mach-O file. */
export function isMachO(bytes: Buffer): boolean;
/** The file with an ad-hoc signature. @throws Error where there is no room for one */
export function sign(original: Buffer, identifier: string): Buffer;
/** What its signature says; null: there is none. @throws Error for a signature of another kind */
export function signatureOf(file: Buffer): MachOSignature | null;
