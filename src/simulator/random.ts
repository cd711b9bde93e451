/** A source of numbers in [0, 1); the same seed gives the same numbers. */
export type Random = () => number;

/** A small pseudo-random generator (mulberry32). Good for simulations, not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function hex(random: Random, digits: number): string {
  let text = '';
  for (let at = 0; at < digits; at += 4) {
    text += Math.floor(random() * 65536)
      .toString(16)
      .padStart(4, '0');
  }
  return text;
}

/** A version 4 UUID. */
export function randomUuid(random: Random): string {
  const variant = '89ab'.charAt(Math.floor(random() * 4));
  const tail = hex(random, 8);
  return `${hex(random, 8)}-${hex(random, 4)}-4${tail.slice(0, 3)}-${variant}${tail.slice(4, 7)}-${hex(random, 12)}`;
}

/** The five characters that `generateName` appends: no vowels, nothing that looks like another character. */
export function randomSuffix(random: Random): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  let text = '';
  while (text.length < 5) text += alphabet.charAt(Math.floor(random() * alphabet.length));
  return text;
}
