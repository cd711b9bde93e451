import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../krew/manifest.mjs';
import { tarGz, unpack, zip } from '../scripts/release/archive.mjs';
import { withoutSwitches } from '../scripts/release/executable.mjs';
import { executableFaults, inspect } from '../scripts/release/format.mjs';
import { isMachO, sign, signatureOf } from '../scripts/release/macho.mjs';
import { archiveName, executableName, PLATFORMS, VERSIONS } from '../scripts/release/platforms.mjs';

// The parts of scripts/release that decide. What they build is run by test/e2e/executable.test.ts.

const ENTRIES = [
  ['kubectl-evict', 0o755, Buffer.from('program '.repeat(1000))],
  ['LICENSE', 0o644, Buffer.from('licence')],
  ['empty', 0o644, Buffer.alloc(0)],
] as const;

describe('an archive', () => {
  test.each([
    ['x.tar.gz', tarGz],
    ['x.zip', zip],
  ])('%s gives back what went in, sorted, and is the same each time', (name, pack) => {
    const archive = pack(ENTRIES);
    expect(unpack(name, archive).map(([file, mode, bytes]) => [file, mode, bytes.toString()])).toEqual(
      [...ENTRIES]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([file, mode, bytes]) => [file, mode, bytes.toString()]),
    );
    expect(pack([...ENTRIES].toReversed())).toEqual(archive);
  });

  test('is one that tar unpacks, with its modes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubectl-evict-release-'));
    try {
      writeFileSync(join(folder, 'x.tar.gz'), tarGz(ENTRIES));
      execFileSync('tar', ['-xzf', 'x.tar.gz'], { cwd: folder });
      expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toBe('licence');
      expect(statSync(join(folder, 'kubectl-evict')).mode & 0o777).toBe(0o755);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('damage is found', () => {
    const archive = zip(ENTRIES);
    const at = archive.indexOf('LICENSE') + 'LICENSE'.length + 2;
    archive.writeUInt8(archive.readUInt8(at) ^ 0xff, at);
    expect(() => unpack('x.zip', archive)).toThrow();
    expect(() => unpack('x.tar.gz', Buffer.from('text'))).toThrow();
    expect(() => unpack('x.tar.xz', archive)).toThrow(/neither/);
  });

  test('a name that is too long is an error, not cut', () => {
    expect(() => tarGz([['x'.repeat(101), 0o644, Buffer.alloc(0)]])).toThrow(/too long/);
  });
});

/** A small Mach-O executable: header, __TEXT with one section, __LINKEDIT at the end, and room for a load command. */
function machO(processor = 0x0100000c): Buffer {
  const [text, section, linkedit] = [72, 80, 72];
  const file = Buffer.alloc(20_000, 7);
  file.fill(0, 0, 4096);
  [0xfeedfacf, processor, 0, 2, 2, text + section + linkedit].forEach((word, i) => {
    file.writeUInt32LE(word, i * 4);
  });
  const segment = (at: number, size: number, name: string, start: number, length: number, sections: number) => {
    file.writeUInt32LE(0x19, at);
    file.writeUInt32LE(size, at + 4);
    file.write(name, at + 8);
    file.writeBigUInt64LE(0x4000n, at + 32);
    file.writeBigUInt64LE(BigInt(start), at + 40);
    file.writeBigUInt64LE(BigInt(length), at + 48);
    file.writeUInt32LE(sections, at + 64);
  };
  segment(32, text + section, '__TEXT', 0, 16_384, 1);
  file.writeUInt32LE(4096, 32 + text + 48);
  segment(32 + text + section, linkedit, '__LINKEDIT', 16_384, file.length - 16_384, 0);
  return file;
}

describe('the signature of a Mach-O', () => {
  test('is made where there is none, and covers every byte', () => {
    expect(signatureOf(machO())).toBeNull();
    const signed = sign(machO(), 'kubectl-evict');
    expect(signatureOf(signed)).toEqual({ adhoc: true, coversAll: true, pages: 5, bad: 0 });
    // Apart from the load commands nothing of the program is changed.
    expect(signed.subarray(4096, 20_000)).toEqual(machO().subarray(4096));
  });

  test('takes the place of an older one', () => {
    const once = sign(machO(), 'kubectl-evict');
    expect(sign(once, 'kubectl-evict')).toEqual(once);
    once.writeUInt8(1, 5000);
    expect(signatureOf(sign(once, 'kubectl-evict'))).toMatchObject({ bad: 0 });
  });

  test.each([100, 5000, 19_999])('notices a change at byte %i', at => {
    const signed = sign(machO(), 'kubectl-evict');
    signed.writeUInt8(signed.readUInt8(at) ^ 1, at);
    expect(signatureOf(signed)).toMatchObject({ bad: 1 });
  });

  test('tells the loader where it is', () => {
    const signed = sign(machO(), 'kubectl-evict');
    expect(signed.readUInt32LE(16)).toBe(3);
    const start = signed.readUInt32LE(32 + 152 + 72 + 8);
    expect(start).toBe(20_000);
    expect(signed.readUInt32BE(start)).toBe(0xfade0cc0);
    expect(16_384 + Number(signed.readBigUInt64LE(32 + 152 + 48))).toBe(signed.length);
  });

  test('no room for it is an error', () => {
    const crowded = machO();
    crowded.writeUInt32LE(256, 32 + 72 + 48);
    expect(() => sign(crowded, 'x')).toThrow(/room/);
    expect(() => sign(Buffer.alloc(100), 'x')).toThrow(/not a 64-bit Mach-O/);
    expect(isMachO(Buffer.alloc(0))).toBe(false);
  });
});

function elf(machine: number): Buffer {
  const file = Buffer.alloc(64);
  file.write('\u007fELF\u0002\u0001', 0, 'latin1');
  file.writeUInt16LE(machine, 18);
  return file;
}

function pe(machine: number, subsystem = 3): Buffer {
  const file = Buffer.alloc(256);
  file.write('MZ');
  file.writeUInt32LE(64, 0x3c);
  file.write('PE\0\0', 64, 'latin1');
  file.writeUInt16LE(machine, 68);
  file.writeUInt16LE(0x20b, 88);
  file.writeUInt16LE(subsystem, 88 + 68);
  return file;
}

describe('what an executable is', () => {
  test.each([
    ['ELF x64', elf(62), { kind: 'ELF', machine: 'x64' }],
    ['ELF arm64', elf(183), { kind: 'ELF', machine: 'arm64' }],
    ['PE x64', pe(0x8664), { kind: 'PE', machine: 'x64' }],
    ['PE arm64', pe(0xaa64), { kind: 'PE', machine: 'arm64' }],
    ['Mach-O arm64', machO(), { kind: 'Mach-O', machine: 'arm64', signature: null }],
    ['Mach-O x64', machO(0x01000007), { kind: 'Mach-O', machine: 'x64', signature: null }],
  ])('%s', (_name, bytes, expected) => {
    expect(inspect(bytes)).toEqual(expected);
  });

  test.each<readonly [string, Buffer, { readonly kind: string; readonly machine: string }, RegExp]>([
    ['another machine', elf(62), { kind: 'ELF', machine: 'arm64' }, /ELF for x64, not ELF for arm64/],
    ['another kind', pe(0x8664), { kind: 'ELF', machine: 'x64' }, /PE for x64/],
    ['an unknown machine', elf(3), { kind: 'ELF', machine: 'x64' }, /unknown machine/],
    ['a script', Buffer.from('#!/bin/sh\n'), { kind: 'ELF', machine: 'x64' }, /neither/],
    ['a Windows program without console', pe(0x8664, 2), { kind: 'PE', machine: 'x64' }, /console/],
    ['an unsigned Mach-O', machO(), { kind: 'Mach-O', machine: 'arm64' }, /not signed/],
  ])('fault: %s', (_name, bytes, format, sentence) => {
    expect(executableFaults(bytes, format)).toEqual([expect.stringMatching(sentence)]);
  });

  test('no fault, and one after a change', () => {
    const signed = sign(machO(), 'kubectl-evict');
    const format = { kind: 'Mach-O', machine: 'arm64' };
    expect(executableFaults(signed, format)).toEqual([]);
    signed.writeUInt8(0, 5000);
    expect(executableFaults(signed, format)).toEqual([expect.stringMatching(/^1 of 5 pages/)]);
  });
});

describe('Bun', () => {
  test('loses its switches, every one, and nothing else', () => {
    const bytes = Buffer.from('a BUN_OPTIONS\0b BUN_BE_BUN\0c BUN_OPTIONS BUN_INSPECT');
    const without = withoutSwitches(bytes);
    expect(without.toString()).toBe('a BUN_\u0001PTIONS\0b BUN_\u0001E_BUN\0c BUN_\u0001PTIONS BUN_INSPECT');
    expect(without).toHaveLength(bytes.length);
  });

  test('one that does not know them is refused', () => {
    expect(() => withoutSwitches(Buffer.from('BUN_OPTIONS'))).toThrow(/BUN_BE_BUN/);
  });
});

describe('the platforms', () => {
  test('Node is the one that is built and tested with, by version and digest', () => {
    const read = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
    const { optionalDependencies } = read('tools/node/package.json');
    const { packages } = read('package-lock.json');
    const pinned = Object.values(PLATFORMS).flatMap(({ node }) => (node === undefined ? [] : [node]));
    expect(Object.fromEntries(pinned.map(({ name }) => [name, VERSIONS.node]))).toEqual(optionalDependencies);
    for (const { name, integrity } of pinned) {
      expect(packages[`node_modules/${name}`]).toMatchObject({ version: VERSIONS.node, integrity });
    }
  });

  test('names', () => {
    expect(Object.keys(PLATFORMS).map(id => [archiveName('v1.2.3', id), executableName(id)])).toEqual([
      ['kubectl-evict-v1.2.3-linux-amd64.tar.gz', 'kubectl-evict'],
      ['kubectl-evict-v1.2.3-linux-arm64.tar.gz', 'kubectl-evict'],
      ['kubectl-evict-v1.2.3-darwin-amd64.tar.gz', 'kubectl-evict'],
      ['kubectl-evict-v1.2.3-darwin-arm64.tar.gz', 'kubectl-evict'],
      ['kubectl-evict-v1.2.3-windows-amd64.zip', 'kubectl-evict.exe'],
      ['kubectl-evict-v1.2.3-windows-arm64.zip', 'kubectl-evict.exe'],
    ]);
  });
});
