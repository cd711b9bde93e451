import { linkSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLines } from '../../src/world/line-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evict-lines-'));
  path = join(folder, 'a.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function add(lines: string, append = false): Promise<void> {
  const file = await openLines(path, { append });
  await file.append(lines);
  await file.close();
}

test('a new file has mode 0600 and grows by lines', async () => {
  const file = await openLines(path, { append: false });
  await file.append('{"a":1}\n');
  expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n');
  await file.append('{"b":"ü"}\n{"c":3}\n');
  await file.append('{"d":4}\n');
  await file.close();
  expect(readFileSync(path, 'utf8')).toBe('{"a":1}\n{"b":"ü"}\n{"c":3}\n{"d":4}\n');
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
});

describe('an existing file', () => {
  test('is refused', async () => {
    writeFileSync(path, '');
    await expect(openLines(path, { append: false })).rejects.toMatchObject({
      hint: expect.stringContaining('append') as string,
    });
  });

  test.each([
    ['whole lines', '{"a":1}\n{"b":2}\n', '{"a":1}\n{"b":2}\n'],
    ['a torn last line', '{"a":1}\n{"b":', '{"a":1}\n'],
    ['nothing but a torn line', '{"a"', ''],
    ['nothing', '', ''],
    ['a torn line longer than a block', `{"a":1}\n{"b":"${'x'.repeat(200_000)}`, '{"a":1}\n'],
    ['a last line longer than a block', `{"a":"${'x'.repeat(200_000)}"}\n`, `{"a":"${'x'.repeat(200_000)}"}\n`],
  ])('is added to: %s', async (_, content, kept) => {
    writeFileSync(path, content);
    await add('{"new":1}\n', true);
    expect(readFileSync(path, 'utf8')).toBe(`${kept}{"new":1}\n`);
  });

  test.each([
    ['a text', 'Dear diary,\nnothing happened.\n'],
    ['a text without end', 'secret'],
    ['a list', '[1,2]\n'],
    ['a document', '{\n  "a": 1\n}\n'],
  ])('that is no archive is left as it is: %s', async (_, content) => {
    writeFileSync(path, content);
    await expect(openLines(path, { append: true })).rejects.toThrow(/no archive/);
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  test('that is something else is refused', async () => {
    const real = join(folder, 'real');
    writeFileSync(real, '{}\n');
    symlinkSync(real, path);
    await expect(openLines(path, { append: true })).rejects.toThrow(/symbolic link/);
    await expect(openLines(path, { append: false })).rejects.toThrow();
    rmSync(path);
    linkSync(real, path);
    await expect(openLines(path, { append: true })).rejects.toThrow(/hard link/);
    rmSync(path);
    mkdirSync(path);
    await expect(openLines(path, { append: true })).rejects.toThrow(/folder/);
    expect(readFileSync(real, 'utf8')).toBe('{}\n');
  });
});

test('a folder that is not there', async () => {
  await expect(openLines(join(folder, 'no', 'a'), { append: false })).rejects.toThrow(/no such file or folder/);
});

test('after a failure nothing more is taken', async () => {
  const file = await openLines(path, { append: false });
  await file.close();
  await expect(file.append('{"a":1}\n')).rejects.toThrow(/cannot write/);
  await expect(file.append('{"b":1}\n')).rejects.toThrow(/cannot write/);
});
