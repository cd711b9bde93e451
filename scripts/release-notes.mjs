// Prints the notes of a release: its section of CHANGELOG.md.
//   node scripts/release-notes.mjs v0.1.0
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * The text below `## X.Y.Z (DATE)`, up to the next release.
 * @param {string} changelog
 * @param {string} version without the v
 * @returns {string | null} null: there is no such section, or nothing in it
 */
export function notesOf(changelog, version) {
  const sections = changelog.split(/^## /m).slice(1);
  const found = sections.find(section => section.split(/[\s(]/, 1)[0] === version);
  const text = found?.slice(found.indexOf('\n') + 1).trim() ?? '';
  return text === '' ? null : `${text}\n`;
}

/**
 * What keeps a tag from being released; null: nothing.
 * @param {string} tag
 * @param {{ version: string, changelog: string }} facts
 */
export function refusal(tag, { version, changelog }) {
  if (tag !== `v${version}`) return `the tag is ${tag}, but package.json has ${version}`;
  if (notesOf(changelog, version) === null) return `CHANGELOG.md has no section "## ${version} (DATE)"`;
  return null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const changelog = await readFile(join(root, 'CHANGELOG.md'), 'utf8');
  const why = refusal(process.argv[2] ?? '', { version, changelog });
  if (why === null) {
    process.stdout.write(notesOf(changelog, version) ?? '');
  } else {
    process.stderr.write(`${why}\n`);
    process.exitCode = 1;
  }
}
