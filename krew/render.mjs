// node krew/render.mjs [FOLDER] [MANIFEST]: fills krew/plugin.template.yaml for the archives of a release (default: release/) and
// writes the manifest (default: plugin.yaml). The digests are always those of the files, never typed in.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fill, ROOT, release, sha256, templateValues } from './manifest.mjs';

const [folder = join(ROOT, 'release'), manifest = join(ROOT, 'plugin.yaml')] = process.argv.slice(2);
const template = readFileSync(join(ROOT, 'krew', 'plugin.template.yaml'), 'utf8');
let text;
try {
  text = fill(
    template,
    templateValues(release(), name => sha256(readFileSync(join(folder, name)))),
  );
} catch (error) {
  process.stderr.write(`error: ${error.message}\nnpm run build:release makes the archives of every platform\n`);
  process.exit(1);
}
const note = [
  '# Made by krew/render.mjs from krew/plugin.template.yaml: see krew/README.md before you edit it.',
  '# The digests are those of the archives of the last npm run build:release; the addresses answer once they are released.',
];
writeFileSync(manifest, `${note.join('\n')}\n${text}`);
