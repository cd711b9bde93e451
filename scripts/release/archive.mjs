// Archives whose bytes depend on nothing but their content: no times, no owners, sorted names. An entry is [name, mode, bytes].
import { crc32, deflateRawSync, gunzipSync, gzipSync, inflateRawSync } from 'node:zlib';

const BLOCK = 512;
const byName = ([a], [b]) => (a < b ? -1 : 1);

/** A number as tar writes it: octal digits, ended by a zero byte. */
function octal(value, length) {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

/** One file as a ustar record. @throws Error for a name that is too long for it */
function record([name, mode, bytes]) {
  if (Buffer.byteLength(name) > 100) throw new Error(`the name is too long for this archive: ${name}`);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(bytes.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((a, b) => a + b, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)];
}

/** A .tar.gz. */
export function tarGz(entries) {
  const tar = Buffer.concat([...entries.toSorted(byName).flatMap(record), Buffer.alloc(2 * BLOCK)]);
  const archive = gzipSync(tar, { level: 9 });
  // The byte that names the operating system differs from machine to machine: 255 is "unknown".
  archive[9] = 255;
  return archive;
}

/** 1980-01-01, the earliest that a zip can say. */
const DOS_DATE = 0x21;
const UTF8_NAMES = 0x0800;
const DEFLATED = 8;
const MADE_ON_UNIX = (3 << 8) | 20;

/** A .zip; modes are kept for those who look. */
export function zip(entries) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, mode, bytes] of entries.toSorted(byName)) {
    const packed = deflateRawSync(bytes, { level: 9 });
    const nameBytes = Buffer.from(name);
    // What the entry's own header and the directory say alike.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(UTF8_NAMES, 2);
    common.writeUInt16LE(DEFLATED, 4);
    common.writeUInt16LE(DOS_DATE, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    parts.push(Buffer.from('PK\u0003\u0004'), common, nameBytes, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((0o100000 | mode) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    const made = Buffer.alloc(2);
    made.writeUInt16LE(MADE_ON_UNIX);
    directory.push(Buffer.from('PK\u0001\u0002'), made, common, tail, nameBytes);
    offset += 4 + common.length + nameBytes.length + packed.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listing, end]);
}

/**
 * The files of an archive, as [name, mode, bytes], in their order. Reads what {@link tarGz} and {@link zip} write, and checks it.
 * @throws Error for anything else
 */
export function unpack(fileName, bytes) {
  if (fileName.endsWith('.tar.gz')) return unpackTar(gunzipSync(bytes));
  if (fileName.endsWith('.zip')) return unpackZip(bytes);
  throw new Error(`neither .tar.gz nor .zip: ${fileName}`);
}

function unpackTar(tar) {
  const entries = [];
  const text = (at, length) => tar.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; tar[at] !== 0; ) {
    if (text(at + 257, 6) !== 'ustar' || text(at + 156, 1) !== '0') throw new Error('not a tar of plain files');
    const size = Number.parseInt(text(at + 124, 12), 8);
    const start = at + BLOCK;
    entries.push([text(at, 100), Number.parseInt(text(at + 100, 8), 8), tar.subarray(start, start + size)]);
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

function unpackZip(file) {
  const end = file.lastIndexOf('PK\u0005\u0006');
  if (end < 0) throw new Error('not a zip');
  const entries = [];
  let at = file.readUInt32LE(end + 16);
  for (let i = 0; i < file.readUInt16LE(end + 10); i += 1) {
    const [crc, packed, size] = [16, 20, 24].map(offset => file.readUInt32LE(at + offset));
    const nameLength = file.readUInt16LE(at + 28);
    const name = file.toString('utf8', at + 46, at + 46 + nameLength);
    const local = file.readUInt32LE(at + 42);
    const start = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    const bytes = inflateRawSync(file.subarray(start, start + packed));
    if (bytes.length !== size || crc32(bytes) !== crc) throw new Error(`${name} is damaged`);
    entries.push([name, (file.readUInt32LE(at + 38) >>> 16) & 0o777, bytes]);
    at += 46 + nameLength + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
  }
  return entries;
}
