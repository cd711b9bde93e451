/** A runtime that an executable carries. */
export type Runtime = 'bun' | 'node';
/** The package that carries a runtime. */
export interface RuntimePackage {
  readonly name: string;
  readonly integrity: string;
}
/** A platform that a release is built for. */
export interface Platform {
  readonly krew: { readonly os: string; readonly arch: string };
  readonly format: { readonly kind: string; readonly machine: string };
  readonly bun: RuntimePackage;
  /** Absent: Node is not there for it as a package. */
  readonly node?: RuntimePackage;
}
/** The versions of the runtimes. */
export const VERSIONS: Readonly<Record<Runtime, string>>;
/** By id: `linux-x64`. */
export const PLATFORMS: Readonly<Record<string, Platform>>;
/** The platform this process runs on. @throws Error when none is built for it */
export function hostPlatform(): string;
/** What the executable is called on a platform. */
export function executableName(id: string): string;
/** File name of a platform's archive; `version` with its v. */
export function archiveName(version: string, id: string): string;
