/** The little of ASN.1's distinguished encoding that an X.509 certificate needs. */

/** One element: a tag, the length and the content. */
export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([...content]);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

/** An ordered collection. */
export function sequence(...content: readonly Uint8Array[]): Buffer {
  return element(0x30, ...content);
}

/** An unordered collection. */
export function set(...content: readonly Uint8Array[]): Buffer {
  return element(0x31, ...content);
}

/** A non-negative integer, given as its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const minimal = bytes.subarray(start);
  // A leading one bit would make it negative.
  return (minimal[0] ?? 0) >= 0x80 ? element(0x02, Buffer.from([0]), minimal) : element(0x02, minimal);
}

/** A truth value. */
export function boolean(value: boolean): Buffer {
  return element(0x01, Buffer.from([value ? 0xff : 0]));
}

/** Bytes as they are. */
export function octetString(content: Uint8Array): Buffer {
  return element(0x04, content);
}

/** @param unusedBits bits at the end of the last byte that do not count, 0 to 7 */
export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return element(0x03, Buffer.from([unusedBits]), content);
}

/** Text. */
export function utf8String(text: string): Buffer {
  return element(0x0c, Buffer.from(text));
}

/** @param text `YYMMDDhhmmssZ`; years from 50 on are of the last century */
export function utcTime(text: string): Buffer {
  return element(0x17, Buffer.from(text));
}

/** @param dotted the identifier as in `2.5.4.3` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** An explicit context tag around an element. */
export function context(number: number, content: Uint8Array): Buffer {
  return element(0xa0 + number, content);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.from([0x80 + bytes.length, ...bytes]);
}

function base128(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest % 128) + 128);
  return bytes;
}
