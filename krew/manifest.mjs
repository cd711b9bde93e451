// What the packaging scripts share: where things are, and how the manifest is made. Node's own modules only.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Name, version and address of this release, from package.json. */
export function release() {
  const { version, repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return { version: `v${version}`, homepage: repository.url.replace(/^git\+/, '').replace(/\.git$/, '') };
}

/** File name of the archive of a release: the same for every platform it runs on. */
export function archiveName(version) {
  return `kubectl-evict-${version}.tar.gz`;
}

/** SHA-256 of some bytes, as 64 hexadecimal digits. */
export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Fills a manifest template. `<name>` stands for a value; one without a value, or a value that is not used, is an error: the
 * manifest must never ship with a blank or a wrong digest.
 */
export function fill(template, values) {
  const used = new Set();
  const text = template.replace(/<(\w+)>/g, (_whole, name) => {
    if (!Object.hasOwn(values, name)) throw new Error(`the template asks for ${name}, which is not known`);
    used.add(name);
    return values[name];
  });
  const unused = Object.keys(values).filter(name => !used.has(name));
  if (unused.length > 0) throw new Error(`the template does not use ${unused.join(', ')}`);
  return text;
}
