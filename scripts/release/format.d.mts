import type { MachOSignature } from './macho.mjs';

/** What an executable's header says. */
export type Found =
  | { readonly kind: 'ELF' | 'PE'; readonly machine: string }
  | { readonly kind: 'Mach-O'; readonly machine: string; readonly signature: MachOSignature | null };
/** Kind and machine of an executable. @throws Error for anything else */
export function inspect(bytes: Buffer): Found;
/** The faults of an executable for a platform, as sentences. */
export function executableFaults(
  bytes: Buffer,
  format: { readonly kind: string; readonly machine: string },
): readonly string[];
