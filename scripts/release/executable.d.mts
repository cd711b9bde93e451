/** Bundles the program into one file. */
export function bundleOneFile(outfile: string): Promise<{ readonly metafile: object }>;
/** Bun without the environment variables that turn it into something else. @throws Error when it does not know one of them */
export function withoutSwitches(bytes: Buffer): Buffer;
/** Builds the executable of a platform. @throws Error when that runtime does not exist for it */
export function buildExecutable(runtime: 'bun' | 'node', id: string, main: string): Buffer;
