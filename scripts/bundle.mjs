// How the sources become bundles: what is left out, and how built-ins are taken. Used by build.mjs (chunks) and binary.mjs (one
// file for an executable). See docs/adr/0001 and 0004.
import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The repository's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

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
  // What yargs takes from its surroundings for help pages and messages: ours are our own, only its parser is used.
  shim: 'export default {};',
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
    stub(/\/platform-shims\/esm\.mjs$/, 'shim', 'yargs');
    stub(/^react-devtools-core$/, 'devtools', 'ink');
    bundle.onLoad({ filter: /.*/, namespace: 'stub' }, ({ path }) => ({ contents: STUBS[path], loader: 'js' }));
    // The package's index pulls in everything; its KubeConfig lives in one module.
    bundle.onResolve({ filter: /^@kubernetes\/client-node$/ }, () => ({
      path: join(modules, '@kubernetes/client-node/dist/config.js'),
    }));
  },
};

/** Libraries that few users of client-node need (OpenID Connect, the old cloud providers): loaded when they are used. */
const lazy = {
  name: 'lazy',
  setup(bundle) {
    const load = (filter, statement, use, instead) =>
      bundle.onLoad({ filter }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (!text.includes(statement)) throw new Error(`${path} no longer says: ${statement}`);
        return { contents: text.replace(statement, '').replace(use, instead), loader: 'js' };
      });
    load(
      /client-node\/dist\/oidc_auth\.js$/,
      "import * as oidc from 'openid-client';",
      /\boidc\./g,
      "(await import('openid-client')).",
    );
    // It would read configuration files on the program's behalf; an executable has no address to look from.
    load(
      /yargs-parser\/build\/lib\/index\.js$/,
      "import { createRequire } from 'node:module';",
      /\bcreateRequire\b/g,
      'undefined',
    );
    load(
      /client-node\/dist\/(azure|gcp)_auth\.js$/,
      "import * as jsonpath from 'jsonpath-plus';",
      /\bjsonpath\./g,
      "require('jsonpath-plus').",
    );
  },
};

/** Name, version and the rest of package.json. */
export async function readPackage() {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
}

/**
 * Bundles the program. `options` are esbuild's, on top of what every form shares. Returns esbuild's result with its metafile.
 * @throws Error when something is in the bundle that must not be
 */
export async function bundle(options) {
  const { version } = await readPackage();
  const result = await build({
    absWorkingDir: root,
    entryPoints: { 'kubectl-evict': 'src/cli.ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    jsx: 'automatic',
    ...options,
    define: {
      VERSION: JSON.stringify(version),
      SELF_CONTAINED: 'false',
      'process.env.NODE_ENV': '"production"',
      'process.env.DEV': '"false"',
      ...options.define,
    },
    plugins: [builtins, stubs, lazy],
  });
  const forbidden = Object.keys(result.metafile.inputs).filter(path =>
    /client-node\/dist\/gen\/(models|apis)\/|node_modules\/(undici|socks|hpagent|cliui|y18n)\//.test(path),
  );
  if (forbidden.length > 0) throw new Error(`in the bundle, but must not be: ${forbidden.slice(0, 3).join(', ')}`);
  return result;
}
