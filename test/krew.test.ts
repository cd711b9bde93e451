import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { dump, load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveFaults, faults } from '../krew/check.mjs';
import { fill, ROOT, release, sha256, templateValues } from '../krew/manifest.mjs';
import { tarGz, zip } from '../scripts/release/archive.mjs';
import { archiveName, executableName, PLATFORMS } from '../scripts/release/platforms.mjs';

type Json = Record<string, unknown>;

const manifestText = readFileSync(join(ROOT, 'plugin.yaml'), 'utf8');
const valid = (): Json => load(manifestText) as Json;
const spec = (manifest: Json): Json => manifest['spec'] as Json;
const platforms = (manifest: Json): Json[] => spec(manifest)['platforms'] as Json[];
const platform = (manifest: Json): Json => platforms(manifest)[0] ?? {};
const template = (): string => readFileSync(join(ROOT, 'krew', 'plugin.template.yaml'), 'utf8');
const selector = (manifest: Json): Json => platform(manifest)['selector'] as Json;

describe('plugin.yaml', () => {
  test('is valid', () => {
    expect(faults(valid())).toEqual([]);
  });

  test('is of the version in package.json', () => {
    expect(spec(valid())['version']).toBe(release().version);
  });

  test('says what the template says, of every platform that is built', () => {
    const digests = new Map(
      platforms(valid()).map(({ uri, sha256: digest }) => [basename(String(uri)), String(digest)]),
    );
    const values = templateValues(release(), name => digests.get(name) ?? `no ${name}`);
    expect(load(fill(template(), values))).toEqual(valid());
    expect(platforms(valid())).toHaveLength(Object.keys(PLATFORMS).length);
    expect(new Set(digests.values()).size).toBe(digests.size);
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
    ['an .exe elsewhere than on Windows', m => Object.assign(platform(m), { bin: 'kubectl-evict.exe' }), /on Windows/],
    ['a name in capitals', m => Object.assign(m, { metadata: { name: 'Evict' } }), /lower-case/],
    [
      'a description that names kubectl',
      m => Object.assign(spec(m), { shortDescription: 'A kubectl tool' }),
      /name kubectl/,
    ],
    ['a description in lower case', m => Object.assign(spec(m), { shortDescription: 'shows it' }), /capital/],
    [
      'a description in one long line',
      m => Object.assign(spec(m), { description: 'x '.repeat(60) }),
      /lines of at most/,
    ],
    ['another bin', m => Object.assign(platform(m), { bin: 'evict' }), /bin must be kubectl-evict/],
    ['a bin outside the archive', m => Object.assign(platform(m), { bin: '../kubectl-evict' }), /inside the archive/],
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

  test('looks into the archive', () => {
    const manifest = valid();
    const name = basename(String(platform(manifest)['uri']));
    const licence = ['LICENSE', 0o644, Buffer.from('licence')] as const;
    const program = (mode: number) => ['kubectl-evict', mode, Buffer.from('program')] as const;
    const bytes = tarGz([licence, program(0o755)]);
    expect(archiveFaults(manifest, name, bytes)).toEqual([expect.stringContaining(sha256(bytes))]);
    const against = (archive: Buffer) => {
      Object.assign(platform(manifest), { sha256: sha256(archive) });
      return archiveFaults(manifest, name, archive);
    };
    expect(against(bytes)).toEqual([]);
    expect(against(tarGz([licence]))).toEqual([`${name} has no kubectl-evict`]);
    expect(against(tarGz([licence, program(0o644)]))).toEqual([`kubectl-evict in ${name} is not executable`]);
    expect(against(tarGz([program(0o755)]))).toEqual([expect.stringContaining('no LICENSE')]);
    expect(against(Buffer.from('text'))).toEqual([expect.stringContaining(name)]);
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

  test('render takes the digests from the archives, check confirms them, and a changed archive is noticed', () => {
    const names = Object.keys(PLATFORMS).map(id => archiveName(release().version, id));
    const archive = (id: string, text: string) => {
      const name = executableName(id);
      const entries = [['LICENSE', 0o644, Buffer.from('licence')] as const, [name, 0o755, Buffer.from(text)] as const];
      return name.endsWith('.exe') ? zip(entries) : tarGz(entries);
    };
    for (const id of Object.keys(PLATFORMS)) {
      writeFileSync(join(folder, archiveName(release().version, id)), archive(id, id));
    }
    const manifest = join(folder, 'evict.yaml');
    expect(script('render.mjs', folder, manifest)).toMatchObject({ status: 0, stderr: '' });
    const paths = names.map(name => join(folder, name));
    expect(script('check.mjs', manifest, ...paths)).toMatchObject({
      status: 0,
      stdout: `${manifest}: valid\n`,
      stderr: '',
    });

    const other = archive('windows-x64', 'another');
    writeFileSync(join(folder, archiveName(release().version, 'windows-x64')), other);
    const changed = script('check.mjs', manifest, ...paths);
    expect(changed.status).toBe(1);
    expect(changed.stderr).toContain(sha256(other));

    rmSync(join(folder, archiveName(release().version, 'darwin-arm64')));
    expect(script('render.mjs', folder, manifest)).toMatchObject({ status: 1, stdout: '' });
  });

  test('check prints every fault', () => {
    const manifest = join(folder, 'broken.yaml');
    writeFileSync(manifest, dump({ ...valid(), kind: 'Index', apiVersion: 'v1' }));
    const { status, stderr } = script('check.mjs', manifest);
    expect(status).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });
});
