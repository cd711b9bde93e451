// node krew/archive.mjs FOLDER: packs dist/ into FOLDER/kubectl-evict-VERSION.tar.gz and prints its digest. The same input and
// the same Node give the same bytes: no times, no owners, sorted names. Run `npm run build` first.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { archiveName, ROOT, release, sha256 } from './manifest.mjs';

const BLOCK = 512;

/** A number as tar writes it: octal digits, ended by a zero byte. */
function octal(value, length) {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

/** One file as a ustar record. */
function record(name, mode, bytes) {
  if (Buffer.byteLength(name) > 100) throw new Error(`the name is too long for this archive: ${name}`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(bytes.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((a, b) => a + b, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** What goes into the archive: name, mode, bytes. */
function contents() {
  const dist = join(ROOT, 'dist');
  const read = path => readFileSync(join(dist, path));
  const chunks = readdirSync(join(dist, 'chunks')).toSorted();
  // Without this, older versions of Node take a .js file for CommonJS.
  const scope = `${JSON.stringify({ name: 'kubectl-evict', version: release().version.slice(1), type: 'module' }, null, 2)}\n`;
  return [
    ['LICENSE', 0o644, readFileSync(join(ROOT, 'LICENSE'))],
    ...chunks.map(name => [`chunks/${name}`, 0o644, read(join('chunks', name))]),
    ['kubectl-evict.js', 0o755, read('kubectl-evict.js')],
    ['package.json', 0o644, Buffer.from(scope)],
  ];
}

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write('usage: node krew/archive.mjs FOLDER\n');
  process.exit(2);
}
const tar = Buffer.concat([...contents().map(file => record(...file)), Buffer.alloc(2 * BLOCK)]);
const archive = gzipSync(tar, { level: 9 });
// The byte that names the operating system differs from machine to machine: 255 is "unknown".
archive[9] = 255;
mkdirSync(folder, { recursive: true });
const path = join(folder, archiveName(release().version));
writeFileSync(path, archive);
process.stdout.write(`${sha256(archive)}  ${path}\n`);
