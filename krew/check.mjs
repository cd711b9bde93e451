// node krew/check.mjs [MANIFEST] [ARCHIVE...]: whether a manifest (default: plugin.yaml) is a valid krew v1alpha2 plugin that keeps
// to the rules of krew's index and, given archives, whether digest and name are theirs and the program is in them. Prints each
// fault on a line; exit 1 when there is one.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { load } from 'js-yaml';
import { unpack } from '../scripts/release/archive.mjs';
import { ROOT, sha256 } from './manifest.mjs';

const FIELDS = {
  plugin: ['apiVersion', 'kind', 'metadata', 'spec'],
  metadata: ['name'],
  spec: ['version', 'homepage', 'shortDescription', 'description', 'caveats', 'platforms'],
  platform: ['uri', 'sha256', 'selector', 'bin', 'files'],
  selector: ['matchLabels', 'matchExpressions'],
  expression: ['key', 'operator', 'values'],
};
const SEMVER =
  /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;
const VALUES = { os: ['linux', 'darwin', 'windows'], arch: ['amd64', 'arm64', '386', 'arm', 'ppc64le', 's390x'] };
const LONGEST_SHORT = 50;
const LONGEST_LINE = 80;

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = value => typeof value === 'string' && value.trim() !== '';

/** The faults of a manifest, as sentences; none: krew and its index take it. */
export function faults(manifest) {
  const found = [];
  const must = (holds, sentence) => {
    if (!holds) found.push(sentence);
    return holds;
  };
  const object = (value, name, fields) => {
    if (!must(isObject(value), `${name} must be a map`)) return {};
    for (const key of Object.keys(value))
      must(fields.includes(key), `${name} has a field that krew does not know: ${key}`);
    return value;
  };

  const plugin = object(manifest, 'the manifest', FIELDS.plugin);
  must(
    plugin.apiVersion === 'krew.googlecontainertools.github.com/v1alpha2',
    'apiVersion must be krew.googlecontainertools.github.com/v1alpha2',
  );
  must(plugin.kind === 'Plugin', 'kind must be Plugin');
  const { name } = object(plugin.metadata, 'metadata', FIELDS.metadata);
  must(name === 'evict', 'metadata.name must be evict');
  must(/^[a-z][a-z0-9-]*$/.test(String(name)), 'metadata.name must be lower-case letters, digits and hyphens');

  const spec = object(plugin.spec, 'spec', FIELDS.spec);
  must(isText(spec.version) && SEMVER.test(spec.version), 'spec.version must be a semantic version that begins with v');
  must(isHttps(spec.homepage), 'spec.homepage must be an https address');
  must(isText(spec.description), 'spec.description must be a text');
  must(
    !isText(spec.description) || spec.description.split('\n').every(line => line.length <= LONGEST_LINE),
    `spec.description must be broken into lines of at most ${LONGEST_LINE} characters`,
  );
  must(spec.caveats === undefined || isText(spec.caveats), 'spec.caveats must be a text');
  shortDescription(spec.shortDescription, must);

  const platforms = Array.isArray(spec.platforms) ? spec.platforms : [];
  must(platforms.length > 0, 'spec.platforms must list at least one platform');
  platforms.forEach((platform, i) => {
    checkPlatform(platform, `spec.platforms[${i}]`, must, object);
  });
  return found;
}

function shortDescription(text, must) {
  if (!must(isText(text), 'spec.shortDescription must be a text')) return;
  must(
    text.length <= LONGEST_SHORT,
    `spec.shortDescription must have at most ${LONGEST_SHORT} characters, not ${text.length}`,
  );
  must(!/[\r\n]/.test(text), 'spec.shortDescription must be one line');
  // The submission rules of krew's index: say what it does, and leave out what every entry of the list is.
  must(/^[A-Z][a-z]/.test(text), 'spec.shortDescription must begin with a capital letter');
  must(
    !/\b(kubectl|kubernetes|plugin)\b/i.test(text),
    'spec.shortDescription must not name kubectl, Kubernetes or plugin',
  );
  must(!text.endsWith('.'), 'spec.shortDescription must not end with a full stop');
}

function checkPlatform(value, name, must, object) {
  const platform = object(value, name, FIELDS.platform);
  must(isHttps(platform.uri), `${name}.uri must be an https address`);
  must(
    /\.(tar\.gz|zip)$/.test(String(platform.uri)),
    `${name}.uri must end in .tar.gz or .zip: krew unpacks nothing else`,
  );
  must(/^[0-9a-f]{64}$/.test(String(platform.sha256)), `${name}.sha256 must be 64 hexadecimal digits in lower case`);
  must(isText(platform.bin), `${name}.bin must name a file`);
  // krew links the file under its own name for the plugin; this rule keeps the archive usable without krew.
  must(
    /^(?:[\w.-]+\/)*kubectl-evict(\.exe)?$/.test(String(platform.bin)),
    `${name}.bin must be kubectl-evict or kubectl-evict.exe`,
  );
  const selectsWindows = platform.selector?.matchLabels?.os === 'windows';
  must(
    String(platform.bin).endsWith('.exe') === selectsWindows,
    `${name}.bin must end in .exe on Windows, and nowhere else`,
  );
  must(!String(platform.bin).split('/').includes('..'), `${name}.bin must stay inside the archive`);
  checkFiles(platform.files, `${name}.files`, must);
  checkSelector(platform.selector, `${name}.selector`, must, object);
}

function checkFiles(files, name, must) {
  if (files === undefined) return;
  if (!must(Array.isArray(files) && files.length > 0, `${name} must be left out or not be empty`)) return;
  for (const file of files) must(isText(file?.from) && isText(file?.to), `${name}: each entry needs from and to`);
}

function checkSelector(value, name, must, object) {
  const selector = object(value, name, FIELDS.selector);
  const labels =
    selector.matchLabels === undefined ? {} : object(selector.matchLabels, `${name}.matchLabels`, ['os', 'arch']);
  const expressions = Array.isArray(selector.matchExpressions) ? selector.matchExpressions : [];
  must(Object.keys(labels).length + expressions.length > 0, `${name} must select something`);
  const known = (key, wanted) => Object.hasOwn(VALUES, key) && VALUES[key].includes(wanted);
  for (const [key, wanted] of Object.entries(labels))
    must(known(key, wanted), `${name}: no platform has ${key}=${wanted}`);
  for (const entry of expressions) {
    const { key, operator, values } = object(entry, `${name}.matchExpressions`, FIELDS.expression);
    must(Object.hasOwn(VALUES, String(key)), `${name}: the key must be os or arch, not ${key}`);
    must(operator === 'In' || operator === 'NotIn', `${name}: the operator must be In or NotIn, not ${operator}`);
    if (!must(Array.isArray(values) && values.length > 0, `${name}: ${key} needs values`)) continue;
    for (const wanted of values) must(known(key, wanted), `${name}: no platform has ${key}=${wanted}`);
  }
}

function isHttps(text) {
  return isText(text) && URL.canParse(text) && new URL(text).protocol === 'https:';
}

/** The faults of a manifest against one archive that it names: another digest, or a program that is not in it or not executable. */
export function archiveFaults(manifest, fileName, bytes) {
  const platforms = (manifest?.spec?.platforms ?? []).filter(p => String(p?.uri).endsWith(`/${fileName}`));
  if (platforms.length === 0) return [`no platform is installed from ${fileName}`];
  const digest = sha256(bytes);
  const found = platforms
    .filter(platform => platform.sha256 !== digest)
    .map(platform => `${fileName} has the digest ${digest}, the manifest says ${platform.sha256}`);
  let entries;
  try {
    entries = unpack(fileName, bytes);
  } catch (error) {
    return [...found, `${fileName}: ${error.message}`];
  }
  const names = entries.map(([name]) => name);
  if (!names.includes('LICENSE')) found.push(`${fileName} has no LICENSE, which krew wants in every archive`);
  for (const { bin } of platforms) {
    const program = entries.find(([name]) => name === bin);
    if (program === undefined) found.push(`${fileName} has no ${bin}`);
    else if ((program[1] & 0o111) === 0) found.push(`${bin} in ${fileName} is not executable`);
  }
  return found;
}

function main([path = join(ROOT, 'plugin.yaml'), ...archives]) {
  const manifest = load(readFileSync(path, 'utf8'));
  const found = faults(manifest);
  for (const archive of archives) found.push(...archiveFaults(manifest, basename(archive), readFileSync(archive)));
  for (const fault of found) process.stderr.write(`${path}: ${fault}\n`);
  if (found.length === 0) process.stdout.write(`${path}: valid\n`);
  return found.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = main(process.argv.slice(2));
