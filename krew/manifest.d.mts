/** The repository's folder. */
export const ROOT: string;
/** A release: version (with the v) and address. */
export interface Release {
  readonly version: string;
  readonly homepage: string;
}
/** This release, from package.json. */
export function release(): Release;
/** Address of an archive of a release. */
export function archiveUri(release: Release, name: string): string;
/** What the template's blanks stand for, given the digest of each platform's archive by its file name. */
export function templateValues(release: Release, digestOf: (name: string) => string): Readonly<Record<string, string>>;
/** SHA-256 of some bytes, as 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array): string;
/** Fills a manifest template. @throws Error for a value that is missing, or not used */
export function fill(template: string, values: Readonly<Record<string, string>>): string;
