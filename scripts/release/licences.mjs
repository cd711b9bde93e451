// The licences of the libraries in a bundle, from what the bundler says went in.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { root } from '../bundle.mjs';

/** The folder of the package that a bundled file belongs to; null: one of our own. */
function packageOf(input) {
  const path = resolve(root, input);
  if (!path.includes('/node_modules/')) return null;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    // Inner package.json files only say of which kind the modules are.
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name !== undefined) return folder;
    if (folder === dirname(folder)) throw new Error(`no package has ${input}`);
  }
}

/**
 * Name, version, licence and the licence's text of each library of a bundle, by name. A library that brings no text is told by its
 * name and author.
 * @throws Error for a library that names no licence
 */
export function bundledLicences(metafile) {
  const used = Object.values(metafile.outputs).flatMap(output =>
    Object.entries(output.inputs).flatMap(([input, { bytesInOutput }]) => (bytesInOutput > 0 ? [input] : [])),
  );
  const folders = new Set(used.map(input => packageOf(input.replaceAll('\\', '/'))));
  folders.delete(null);
  return [...folders]
    .map(folder => {
      const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      if (typeof license !== 'string') throw new Error(`${name} names no licence`);
      const file = readdirSync(folder).find(entry => /^(licen[cs]e|copying)(\.(md|txt|mit))?$/i.test(entry));
      const by = typeof author === 'string' ? author : author?.name;
      const text =
        file === undefined
          ? `Copyright (c) ${by ?? `the authors of ${name}`}\n`
          : readFileSync(join(folder, file), 'utf8');
      return { name, version, license, text };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The file THIRD-PARTY-LICENSES.txt: the runtime first, then every library. */
export function licenceFile(runtimeText, libraries) {
  const line = '-'.repeat(80);
  const sections = libraries.map(
    ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text.trim()}\n`,
  );
  return [
    'What is inside this program beside its own code, and under which licences.\n',
    ...(runtimeText === null ? [] : [runtimeText]),
    ...sections,
  ].join(`\n${line}\n\n`);
}
