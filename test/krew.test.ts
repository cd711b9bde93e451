import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveFaults, faults } from '../krew/check.mjs';
import { archiveName, fill, ROOT, release, sha256 } from '../krew/manifest.mjs';

type Json = Record<string, unknown>;

const manifestText = readFileSync(join(ROOT, 'plugin.yaml'), 'utf8');
const valid = (): Json => load(manifestText) as Json;
const spec = (manifest: Json): Json => manifest['spec'] as Json;
const platform = (manifest: Json): Json => (spec(manifest)['platforms'] as Json[])[0] ?? {};
const selector = (manifest: Json): Json => platform(manifest)['selector'] as Json;

describe('plugin.yaml', () => {
  test('is valid', () => {
    expect(faults(valid())).toEqual([]);
  });

  test('is of the version in package.json', () => {
    expect(spec(valid())['version']).toBe(release().version);
    expect(platform(valid())['uri']).toMatch(new RegExp(`/${release().version}/${archiveName(release().version)}$`));
  });

  test('says what the template says', () => {
    const template = readFileSync(join(ROOT, 'krew', 'plugin.template.yaml'), 'utf8');
    const { version, homepage } = release();
    const { uri, sha256: digest } = platform(valid());
    expect(load(fill(template, { version, homepage, uri: String(uri), sha256: String(digest) }))).toEqual(valid());
  });
});

describe('the check of a manifest', () => {
  test.each<readonly [string, (manifest: Json) => void, RegExp]>([
    ['another apiVersion', m => Object.assign(m, { apiVersion: 'v1' }), /apiVersion/],
    ['another kind', m => Object.assign(m, { kind: 'Index' }), /kind/],
    ['another name', m => Object.assign(m, { metadata: { name: 'kubectl-evict' } }), /metadata\.name/],
    ['no metadata', m => delete m['metadata'], /metadata must be a map/],
    ['a field krew does not know', m => Object.assign(spec(m), { license: 'Apache-2.0' }), /license/],
    ['no version', m => delete spec(m)['version'], /version/],
    ['a version without v', m => Object.assign(spec(m), { version: '0.1.0' }), /version/],
    ['a version of two parts', m => Object.assign(spec(m), { version: 'v0.1' }), /version/],
    ['a version with a leading zero', m => Object.assign(spec(m), { version: 'v0.01.0' }), /version/],
    ['a version that is a number', m => Object.assign(spec(m), { version: 1 }), /version/],
    ['no short description', m => delete spec(m)['shortDescription'], /shortDescription/],
    ['a long short description', m => Object.assign(spec(m), { shortDescription: 'x'.repeat(51) }), /at most 50/],
    ['a sentence for a short description', m => Object.assign(spec(m), { shortDescription: 'See it.' }), /full stop/],
    ['two lines for a short description', m => Object.assign(spec(m), { shortDescription: 'a\nb' }), /one line/],
    ['no description', m => delete spec(m)['description'], /spec\.description/],
    ['a homepage without TLS', m => Object.assign(spec(m), { homepage: 'http://example.org' }), /homepage/],
    ['no platforms', m => Object.assign(spec(m), { platforms: [] }), /at least one platform/],
    ['a platform that is none', m => Object.assign(spec(m), { platforms: ['linux'] }), /platforms\[0\] must be a map/],
    [
      'an uri without TLS',
      m => Object.assign(platform(m), { uri: 'http://example.org/a.tar.gz' }),
      /uri must be an https/,
    ],
    [
      'an archive krew cannot unpack',
      m => Object.assign(platform(m), { uri: 'https://example.org/a.tar.xz' }),
      /tar\.gz or/,
    ],
    ['no digest', m => delete platform(m)['sha256'], /64 hexadecimal/],
    ['a short digest', m => Object.assign(platform(m), { sha256: 'abc' }), /64 hexadecimal/],
    ['a digest in capitals', m => Object.assign(platform(m), { sha256: 'A'.repeat(64) }), /64 hexadecimal/],
    ['no bin', m => delete platform(m)['bin'], /bin must name/],
    ['another bin', m => Object.assign(platform(m), { bin: 'evict' }), /bin must be kubectl-evict/],
    [
      'a bin outside the archive',
      m => Object.assign(platform(m), { bin: '../kubectl-evict.js' }),
      /inside the archive/,
    ],
    ['empty files', m => Object.assign(platform(m), { files: [] }), /files must be left out/],
    ['files without to', m => Object.assign(platform(m), { files: [{ from: '*' }] }), /from and to/],
    ['no selector', m => delete platform(m)['selector'], /selector must be a map/],
    ['an empty selector', m => Object.assign(platform(m), { selector: {} }), /select something/],
    ['another label', m => Object.assign(platform(m), { selector: { matchLabels: { cpu: 'x' } } }), /cpu/],
    ['an unknown os', m => Object.assign(platform(m), { selector: { matchLabels: { os: 'macos' } } }), /os=macos/],
    [
      'an unknown operator',
      m => Object.assign(selector(m), { matchExpressions: [{ key: 'os', operator: 'Exists', values: ['linux'] }] }),
      /Exists/,
    ],
    [
      'an expression about something else',
      m => Object.assign(selector(m), { matchExpressions: [{ key: 'toString', operator: 'In', values: ['linux'] }] }),
      /toString/,
    ],
    [
      'an expression without values',
      m => Object.assign(selector(m), { matchExpressions: [{ key: 'os', operator: 'In', values: [] }] }),
      /needs values/,
    ],
  ])('finds %s', (_name, damage, sentence) => {
    const manifest = valid();
    damage(manifest);
    expect(faults(manifest)).toEqual(expect.arrayContaining([expect.stringMatching(sentence)]));
  });

  test.each([null, undefined, 'text', 7, [], {}])('survives %j', manifest => {
    expect(faults(manifest).length).toBeGreaterThan(0);
  });

  test('takes files, labels and a pre-release, too', () => {
    const manifest = valid();
    Object.assign(spec(manifest), { version: 'v1.2.3-rc.1+build.5' });
    Object.assign(platform(manifest), {
      files: [{ from: '*', to: '.' }],
      selector: { matchLabels: { os: 'windows', arch: 'amd64' } },
      bin: 'bin/kubectl-evict.exe',
    });
    expect(faults(manifest)).toEqual([]);
  });

  test('compares the digest with the archive', () => {
    const bytes = Buffer.from('an archive');
    const manifest = valid();
    const name = archiveName(release().version);
    expect(archiveFaults(manifest, name, bytes)).toEqual([expect.stringContaining(sha256(bytes))]);
    Object.assign(platform(manifest), { sha256: sha256(bytes) });
    expect(archiveFaults(manifest, name, bytes)).toEqual([]);
    expect(archiveFaults(manifest, 'other.tar.gz', bytes)).toEqual(['no platform is installed from other.tar.gz']);
  });
});

describe('filling the template', () => {
  test('a value that is missing is an error', () => {
    expect(() => fill('sha256: <sha256>', {})).toThrow('sha256');
    expect(() => fill('<toString>', {})).toThrow('toString');
  });

  test('a value that is not used is an error', () => {
    expect(() => fill('nothing', { sha256: 'x' })).toThrow('sha256');
  });
});

describe('the scripts', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kubectl-evict-krew-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const script = (name: string, ...args: readonly string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'krew', name), ...args], { encoding: 'utf8' });

  test('render takes the digest from the archive, check confirms it, and a changed archive is noticed', () => {
    const archive = join(folder, archiveName(release().version));
    const manifest = join(folder, 'evict.yaml');
    writeFileSync(archive, 'one');
    expect(script('render.mjs', archive, manifest)).toMatchObject({ status: 0, stderr: '' });
    expect(platform(load(readFileSync(manifest, 'utf8')) as Json)['sha256']).toBe(sha256(Buffer.from('one')));
    expect(script('check.mjs', manifest, archive)).toMatchObject({ status: 0, stdout: `${manifest}: valid\n` });

    writeFileSync(archive, 'two');
    const changed = script('check.mjs', manifest, archive);
    expect(changed.status).toBe(1);
    expect(changed.stderr).toContain(sha256(Buffer.from('two')));
  });

  test('render refuses an archive of another version', () => {
    const archive = join(folder, archiveName('v9.9.9'));
    writeFileSync(archive, 'x');
    expect(script('render.mjs', archive, join(folder, 'no.yaml'))).toMatchObject({ status: 1 });
  });

  test('check prints every fault', () => {
    const manifest = join(folder, 'broken.yaml');
    writeFileSync(manifest, dump({ ...valid(), kind: 'Index', apiVersion: 'v1' }));
    const { status, stderr } = script('check.mjs', manifest);
    expect(status).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  test('archive packs the plugin so that tar and node can run it', () => {
    // A small stand-in for dist/: the real one belongs to the build, which other tests may be replacing.
    const copy = join(folder, 'copy');
    mkdirSync(join(copy, 'dist', 'chunks'), { recursive: true });
    mkdirSync(join(copy, 'krew'));
    for (const name of ['archive.mjs', 'manifest.mjs']) {
      writeFileSync(join(copy, 'krew', name), readFileSync(join(ROOT, 'krew', name)));
    }
    writeFileSync(join(copy, 'LICENSE'), 'licence');
    writeFileSync(join(copy, 'package.json'), readFileSync(join(ROOT, 'package.json')));
    writeFileSync(join(copy, 'dist', 'chunks', 'a.js'), 'export const word = "packed";\n');
    writeFileSync(
      join(copy, 'dist', 'kubectl-evict.js'),
      'import { word } from "./chunks/a.js";\nprocess.stdout.write(word);\n',
    );
    const pack = (into: string) =>
      execFileSync(process.execPath, [join(copy, 'krew', 'archive.mjs'), into], { encoding: 'utf8' });
    const first = pack(join(folder, 'first')).split('  ')[0];
    expect(pack(join(folder, 'second')).split('  ')[0]).toBe(first);

    const name = archiveName(release().version);
    expect(sha256(readFileSync(join(folder, 'first', name)))).toBe(first);
    const unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    execFileSync('tar', ['-xzf', join(folder, 'first', name), '-C', unpacked]);
    expect(readFileSync(join(unpacked, 'LICENSE'), 'utf8')).toBe('licence');
    expect(execFileSync(process.execPath, [join(unpacked, 'kubectl-evict.js')], { encoding: 'utf8' })).toBe('packed');
  });
});
