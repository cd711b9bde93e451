import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atLeast, parseKubeletVersion } from '../../src/eviction/version.ts';

describe('parseKubeletVersion', () => {
  test.each([
    ['v1.31.4+k3s1', 1, 31, 4],
    ['v1.29.0-eks-abc', 1, 29, 0],
    ['v1.27.3-gke.100', 1, 27, 3],
    ['v1.36.0-alpha.1.23+abcdef', 1, 36, 0],
    ['1.20', 1, 20, 0],
    ['v1.20.2', 1, 20, 2],
    ['1.30+', 1, 30, 0],
    ['v2.0.0', 2, 0, 0],
  ])('%s', (text, major, minor, patch) => {
    expect(parseKubeletVersion(text)).toEqual({ major, minor, patch, text });
  });

  test.each(['', 'v1', 'latest', 'v1.', 'x1.20', '-1.20', 'v12345.1', '1.123456', '1'.repeat(1_000_000)])(
    'is unknown: %#',
    text => {
      expect(parseKubeletVersion(text)).toBeNull();
    },
  );

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        parseKubeletVersion(text);
      }),
    );
  });
});

describe('atLeast', () => {
  test.each([
    ['v1.28.15', 29, false],
    ['v1.29.0', 29, true],
    ['v1.30.1', 29, true],
    ['v2.0.0', 29, true],
    ['v0.99.0', 29, false],
    ['unknown', 99, true],
  ])('%s against 1.%i: %s', (text, minor, answer) => {
    expect(atLeast(parseKubeletVersion(text), minor)).toBe(answer);
  });
});
