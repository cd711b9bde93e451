/** The repository's folder. */
export const ROOT: string;
/** Version (with the v) and address of this release, from package.json. */
export function release(): { readonly version: string; readonly homepage: string };
/** File name of the archive of a release. */
export function archiveName(version: string): string;
/** SHA-256 of some bytes, as 64 hexadecimal digits. */
export function sha256(bytes: Uint8Array): string;
/** Fills a manifest template. @throws Error for a value that is missing, or not used */
export function fill(template: string, values: Readonly<Record<string, string>>): string;
