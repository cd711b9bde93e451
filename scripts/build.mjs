// Builds dist/: the plugin as ES modules, one chunk a command, nothing left to install. See docs/adr/0001.
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'dist');
const quiet = process.argv.includes('--quiet');
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

const modules = join(root, 'node_modules');
function absentClass(name) {
  return `export class ${name} { constructor() { throw new Error("${name} is not part of this build"); } }`;
}

/** Modules of our libraries that we never run, with what stands in for them. */
const STUBS = {
  // Only the typed API classes and watches need these: a megabyte of generated models, and an HTTP stack of its own.
  gen: 'export const createConfiguration = absent, ServerConfiguration = absent; function absent() { throw new Error("not part of this build"); }',
  undici: 'export class Agent {} export class ProxyAgent {}',
  // Proxies are reached through tunnels of our own (src/cluster/tunnel.ts); KubeConfig is never told of them.
  proxies: ['SocksClient', 'SocksProxyAgent', 'HttpProxyAgent', 'HttpsProxyAgent'].map(absentClass).join(' '),
  // yargs lays out help with these, 35 ms of start-up; our help pages are our own.
  layout:
    'export default text => typeof text === "string" ? text.length : { div() {}, span() {}, toString: () => "" };',
  devtools: 'export default {}; export const initialize = () => {}, connectToDevTools = () => {};',
};

/**
 * node:https as an ES module import evaluates every lazy getter, and with them Node's own undici (about 40 ms): take the
 * built-in itself instead.
 */
const builtins = {
  name: 'builtins',
  setup(bundle) {
    const names = new Set(builtinModules.flatMap(name => [name, `node:${name}`]));
    bundle.onResolve({ filter: /.*/ }, ({ path, namespace, kind }) =>
      names.has(path) && namespace !== 'builtin' && kind !== 'entry-point'
        ? { path: path.startsWith('node:') ? path : `node:${path}`, namespace: 'builtin' }
        : undefined,
    );
    bundle.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

const stubs = {
  name: 'stubs',
  setup(bundle) {
    const stub = (filter, name, importedBy) =>
      bundle.onResolve({ filter }, ({ importer }) =>
        importer.includes(`node_modules/${importedBy}/`) ? { path: name, namespace: 'stub' } : undefined,
      );
    stub(/^undici$/, 'undici', '@kubernetes/client-node');
    stub(/\/gen\/index\.js$/, 'gen', '@kubernetes/client-node');
    stub(/^(socks|socks-proxy-agent|hpagent)$/, 'proxies', '@kubernetes/client-node');
    stub(/^(cliui|string-width)$/, 'layout', 'yargs');
    stub(/^react-devtools-core$/, 'devtools', 'ink');
    bundle.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({ contents: STUBS[path], loader: 'js' }));
    // The package's index pulls in everything; its KubeConfig lives in one module.
    bundle.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({
      path: join(modules, '@kubernetes/client-node/dist/config.js'),
    }));
  },
};

await rm(out, { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: { 'kubectl-evict': 'src/cli.ts' },
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  jsx: 'automatic',
  define: {
    VERSION: JSON.stringify(version),
    'process.env.NODE_ENV': '"production"',
    'process.env.DEV': '"false"',
  },
  plugins: [builtins, stubs],
});

const inputs = Object.keys(result.metafile.inputs);
const forbidden = inputs.filter(path =>
  /client-node\/dist\/gen\/(models|apis)\/|node_modules\/(undici|socks|hpagent|cliui)\//.test(path),
);
if (forbidden.length > 0) throw new Error(`in the bundle, but must not be: ${forbidden.slice(0, 3).join(', ')}`);

// The name kubectl looks for, in a folder that can be put on PATH.
const entry = join(out, 'kubectl-evict.js');
await chmod(entry, 0o755);
// What went where, for the test that says what each command loads; not part of the package.
await writeFile(join(out, 'meta.json'), JSON.stringify(result.metafile));
await mkdir(join(out, 'bin'));
await symlink('../kubectl-evict.js', join(out, 'bin', 'kubectl-evict'));

if (!quiet) {
  for (const [path, { bytes }] of Object.entries(result.metafile.outputs)) {
    process.stdout.write(`${String(bytes).padStart(9)}  ${path}\n`);
  }
}
