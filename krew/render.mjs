// node krew/render.mjs ARCHIVE [MANIFEST]: fills krew/plugin.template.yaml for that archive and writes the manifest (default:
// plugin.yaml). The digest is always that of the file given, never typed in.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { archiveName, fill, ROOT, release, sha256 } from './manifest.mjs';

const [archive, manifest = join(ROOT, 'plugin.yaml')] = process.argv.slice(2);
if (archive === undefined) {
  process.stderr.write('usage: node krew/render.mjs ARCHIVE [MANIFEST]\n');
  process.exit(2);
}

const { version, homepage } = release();
if (basename(archive) !== archiveName(version)) {
  process.stderr.write(`error: ${archive} is not the archive of this version, ${archiveName(version)}\n`);
  process.exit(1);
}
const template = readFileSync(join(ROOT, 'krew', 'plugin.template.yaml'), 'utf8');
const text = fill(template, {
  version,
  homepage,
  uri: `${homepage}/releases/download/${version}/${archiveName(version)}`,
  sha256: sha256(readFileSync(archive)),
});
const note = [
  '# Made by krew/render.mjs from krew/plugin.template.yaml: see krew/README.md before you edit it.',
  '# The digest is that of the archive it was made for; the address answers once that archive is released.',
];
writeFileSync(manifest, `${note.join('\n')}\n${text}`);
