// What the manifest's scripts share: where things are, and how it is made. Node's own modules only.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { archiveName, PLATFORMS } from '../scripts/release/platforms.mjs';

/** The repository's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Name, version and address of this release, from package.json. */
export function release() {
  const { version, repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return { version: `v${version}`, homepage: repository.url.replace(/^git\+/, '').replace(/\.git$/, '') };
}

/** Address of an archive of a release. */
export function archiveUri({ version, homepage }, name) {
  return `${homepage}/releases/download/${version}/${name}`;
}

/**
 * What the template's blanks stand for, given the digest of each platform's archive.
 * @throws Error when a platform has none
 */
export function templateValues({ version, homepage }, digestOf) {
  const values = { version, homepage };
  for (const [id, { krew }] of Object.entries(PLATFORMS)) {
    const name = archiveName(version, id);
    values[`${krew.os}-${krew.arch}-uri`] = archiveUri({ version, homepage }, name);
    values[`${krew.os}-${krew.arch}-sha256`] = digestOf(name);
  }
  return values;
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
  const text = template.replace(/<([\w-]+)>/g, (_whole, name) => {
    if (!Object.hasOwn(values, name)) throw new Error(`the template asks for ${name}, which is not known`);
    used.add(name);
    return values[name];
  });
  const unused = Object.keys(values).filter(name => !used.has(name));
  if (unused.length > 0) throw new Error(`the template does not use ${unused.join(', ')}`);
  return text;
}
