import { type Random, seededRandom } from '../random.ts';

/** A 32-bit number that depends on every character of the text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Noise from -1 to 1 that is a pure function of both numbers, so that a script can be evaluated at any time. */
export function noiseAt(seed: number, index: number): number {
  return seededRandom((seed ^ Math.imul(index | 0, 0x9e3779b1)) >>> 0)() * 2 - 1;
}

/** Lower-case hexadecimal digits. */
export function hexDigits(random: Random, length: number): string {
  let digits = '';
  while (digits.length < length) {
    digits += Math.floor(random() * 4_294_967_296)
      .toString(16)
      .padStart(8, '0');
  }
  return digits.slice(0, length);
}
