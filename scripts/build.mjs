// Builds dist/: the plugin as ES modules, one chunk a command, nothing left to install. See docs/adr/0001.
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { bundle, root } from './bundle.mjs';
import { bundledLicences, licenceFile } from './release/licences.mjs';

const quiet = process.argv.includes('--quiet');

// Beside its place, and moved there whole: a build that fails leaves the old one as it is.
const scratch = await mkdtemp(join(root, '.dist-'));
try {
  const outdir = relative(root, scratch);
  const result = await bundle({ outdir, chunkNames: 'chunks/[name]-[hash]', splitting: true });
  const outputs = Object.fromEntries(
    Object.entries(result.metafile.outputs).map(([path, output]) => [path.replace(outdir, 'dist'), output]),
  );
  const entry = join(scratch, 'kubectl-evict.js');
  await chmod(entry, 0o755);
  // What went where, for the test that says what each command loads; not part of the package.
  await writeFile(join(scratch, 'meta.json'), JSON.stringify({ ...result.metafile, outputs }));
  await writeFile(join(scratch, 'THIRD-PARTY-LICENSES.txt'), licenceFile(null, bundledLicences(result.metafile)));
  // The names kubectl looks for, in a folder that can be put on PATH.
  await mkdir(join(scratch, 'bin'));
  await symlink('../kubectl-evict.js', join(scratch, 'bin', 'kubectl-evict'));
  const completer = 'kubectl_complete-evict';
  await copyFile(join(root, 'scripts', completer), join(scratch, completer));
  await chmod(join(scratch, completer), 0o755);
  await symlink(`../${completer}`, join(scratch, 'bin', completer));

  const out = join(root, 'dist');
  await rm(out, { recursive: true, force: true });
  await rename(scratch, out);
  await chmod(out, 0o755);

  if (!quiet) {
    for (const [path, { bytes }] of Object.entries(outputs)) {
      process.stdout.write(`${String(bytes).padStart(9)}  ${path}\n`);
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
