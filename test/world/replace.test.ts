import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { realFiles } from '../../src/world/files.ts';

let dir = '';
let file = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'evict-replace-'));
  file = join(dir, 'config.yaml');
  writeFileSync(file, 'old\n');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('replacing a file', () => {
  test('keeps its mode, and the old one beside it', async () => {
    chmodSync(file, 0o640);
    expect(await realFiles.replace(file, bytes('old\n'), 'new\n')).toBe(`${file}.bak`);
    expect(readFileSync(file, 'utf8')).toBe('new\n');
    expect(statSync(file).mode & 0o7777).toBe(0o640);
    expect(readFileSync(`${file}.bak`, 'utf8')).toBe('old\n');
    expect(readdirSync(dir).toSorted()).toEqual(['config.yaml', 'config.yaml.bak']);
  });

  test('never overwrites a kept one', async () => {
    writeFileSync(`${file}.bak`, 'older\n');
    writeFileSync(`${file}.bak.1`, 'oldest\n');
    expect(await realFiles.replace(file, bytes('old\n'), 'new\n')).toBe(`${file}.bak.2`);
    expect(readFileSync(`${file}.bak`, 'utf8')).toBe('older\n');
    expect(readFileSync(`${file}.bak.2`, 'utf8')).toBe('old\n');
  });

  test('keeps the owner', async () => {
    const { uid, gid } = statSync(file);
    await realFiles.replace(file, bytes('old\n'), 'new\n');
    expect(statSync(file)).toMatchObject({ uid, gid });
  });
});

describe('is refused, and leaves everything as it was', () => {
  const untouched = (): void => {
    expect(readFileSync(file, 'utf8')).toBe('old\n');
    expect(readdirSync(dir).filter(name => name.startsWith('.'))).toEqual([]);
  };

  test('for a symbolic link', async () => {
    const link = join(dir, 'link.yaml');
    symlinkSync(file, link);
    await expect(realFiles.replace(link, bytes('old\n'), 'new\n')).rejects.toThrow(/symbolic link/);
    untouched();
    expect(readdirSync(dir).toSorted()).toEqual(['config.yaml', 'link.yaml']);
  });

  test('when somebody else changed it meanwhile', async () => {
    await expect(realFiles.replace(file, bytes('older\n'), 'new\n')).rejects.toThrow(/changed by somebody else/);
    untouched();
    expect(existsSync(`${file}.bak`)).toBe(false);
  });

  test('for a folder, and for what is not there', async () => {
    await expect(realFiles.replace(dir, bytes(''), 'new\n')).rejects.toThrow(/folder|regular/);
    await expect(realFiles.replace(join(dir, 'none'), bytes(''), 'new\n')).rejects.toThrow(/no such file/);
    untouched();
  });

  // The file system's own refusals: a full one takes the open, and refuses the bytes.
  test.skipIf(!existsSync('/dev/full'))('on a device, even one that takes writes', async () => {
    await expect(realFiles.replace('/dev/full', bytes(''), 'new\n')).rejects.toThrow(/regular file/);
    untouched();
  });
});
