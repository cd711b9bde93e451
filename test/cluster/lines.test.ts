import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitLines } from '../../src/cluster/lines.ts';

async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer, void, undefined> {
  let start = 0;
  for (const cut of [...cuts.map(c => c % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)) {
    yield bytes.subarray(start, cut);
    start = cut;
  }
}

async function linesOf(text: string, cuts: readonly number[] = [], most = 1000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(pieces(Buffer.from(text), cuts), most, 'watch pods')) lines.push(line);
  return lines;
}

test.each([
  ['', []],
  ['a\n', ['a']],
  ['a\nb\n', ['a', 'b']],
  ['a\r\n\n \nb\n', ['a\r', 'b']],
  ['a\nhalf', ['a']],
])('%j', async (text, lines) => {
  expect(await linesOf(text)).toEqual(lines);
});

test('wherever the bytes are cut, within a character too', async () => {
  const text = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).map(s => `x${s.replace(/\n/g, '')}`));
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat()), async (lines, cuts) => {
      expect(await linesOf(lines.map(line => `${line}\n`).join(''), cuts, 1e6)).toEqual(
        lines.map(line => line.toWellFormed()),
      );
    }),
  );
});

test('a line without end is refused', async () => {
  await expect(linesOf('x'.repeat(2000), [500, 900, 1400])).rejects.toMatchObject({ reason: 'too-large' });
});
