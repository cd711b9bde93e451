// Ad-hoc signatures of Mach-O executables (64 bit, little endian): macOS on arm64 ends a program that carries none. Made after
// Apple's open headers (mach-o/loader.h, xnu's cs_blobs.h): one CodeDirectory with a SHA-256 of every page, as linkers write it.
import { createHash } from 'node:crypto';

const MAGIC_64 = 0xfeedfacf;
const HEADER = 32;
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
/** The version with execSeg fields. */
const CODE_DIRECTORY_VERSION = 0x20400;
const CODE_DIRECTORY_BYTES = 88;
const FLAGS_ADHOC_LINKER_SIGNED = 0x20002;
const EXECSEG_MAIN_BINARY = 1n;
const SHA256_TYPE = 2;
const HASH_BYTES = 32;
const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;
/** Pages in memory are larger on arm64; segments are rounded up to them. */
const VM_PAGE = 0x4000n;

const align = (value, to) => Math.ceil(value / to) * to;
const sha256 = bytes => createHash('sha256').update(bytes).digest();

/** Whether these are the bytes of such a file. */
export function isMachO(bytes) {
  return bytes.length > HEADER && bytes.readUInt32LE(0) === MAGIC_64;
}

/** Where what a signature needs stands: byte offsets of load commands, and what they say. */
function layout(bytes) {
  if (!isMachO(bytes)) throw new Error('not a 64-bit Mach-O file');
  const commands = bytes.readUInt32LE(16);
  const end = HEADER + bytes.readUInt32LE(20);
  const found = { commands, end, text: null, linkedit: null, signature: null, firstSection: bytes.length };
  for (let i = 0, at = HEADER; i < commands; i += 1) {
    const command = bytes.readUInt32LE(at);
    if (command === LC_CODE_SIGNATURE) found.signature = at;
    if (command === LC_SEGMENT_64) {
      const name = bytes.toString('latin1', at + 8, at + 24).replace(/\0+$/, '');
      if (name === '__TEXT') found.text = at;
      if (name === '__LINKEDIT') found.linkedit = at;
      for (let s = 0; s < bytes.readUInt32LE(at + 64); s += 1) {
        const offset = bytes.readUInt32LE(at + 72 + s * 80 + 48);
        if (offset > 0) found.firstSection = Math.min(found.firstSection, offset);
      }
    }
    at += bytes.readUInt32LE(at + 4);
  }
  if (found.text === null || found.linkedit === null) throw new Error('a Mach-O file without __TEXT or __LINKEDIT');
  return found;
}

/**
 * The file with an ad-hoc signature in place of the one it has, if any.
 * @throws Error where there is no room for the load command, or __LINKEDIT is not the end of the file
 */
export function sign(original, identifier) {
  const { commands, end, text, linkedit, signature, firstSection } = layout(original);
  const linkeditStart = Number(original.readBigUInt64LE(linkedit + 40));
  const linkeditEnd = linkeditStart + Number(original.readBigUInt64LE(linkedit + 48));
  const codeEnd = signature === null ? original.length : original.readUInt32LE(signature + 8);
  if (codeEnd < linkeditStart || linkeditEnd > original.length)
    throw new Error('__LINKEDIT is not the end of the file');
  const room = signature ?? end;
  if (signature === null && end + 16 > firstSection) throw new Error('no room for LC_CODE_SIGNATURE');

  const codeLimit = align(codeEnd, 16);
  const name = Buffer.from(`${identifier}\0`);
  const slots = Math.ceil(codeLimit / PAGE);
  const hashOffset = CODE_DIRECTORY_BYTES + name.length;
  const directoryBytes = hashOffset + slots * HASH_BYTES;
  const blobBytes = align(20 + directoryBytes, 16);

  const file = Buffer.alloc(codeLimit + blobBytes);
  original.copy(file, 0, 0, codeEnd);
  file.writeUInt32LE(LC_CODE_SIGNATURE, room);
  file.writeUInt32LE(16, room + 4);
  file.writeUInt32LE(codeLimit, room + 8);
  file.writeUInt32LE(blobBytes, room + 12);
  if (signature === null) {
    file.writeUInt32LE(commands + 1, 16);
    file.writeUInt32LE(end + 16 - HEADER, 20);
  }
  const linkeditBytes = BigInt(file.length - linkeditStart);
  file.writeBigUInt64LE(linkeditBytes, linkedit + 48);
  file.writeBigUInt64LE(((linkeditBytes + VM_PAGE - 1n) / VM_PAGE) * VM_PAGE, linkedit + 32);

  const blob = file.subarray(codeLimit);
  [SUPER_BLOB, 20 + directoryBytes, 1, 0, 20].forEach((word, i) => {
    blob.writeUInt32BE(word, i * 4);
  });
  const directory = blob.subarray(20);
  const words = [
    CODE_DIRECTORY,
    directoryBytes,
    CODE_DIRECTORY_VERSION,
    FLAGS_ADHOC_LINKER_SIGNED,
    hashOffset,
    CODE_DIRECTORY_BYTES,
    0,
    slots,
    codeLimit,
  ];
  words.forEach((word, i) => {
    directory.writeUInt32BE(word, i * 4);
  });
  [HASH_BYTES, SHA256_TYPE, 0, PAGE_BITS].forEach((byte, i) => {
    directory.writeUInt8(byte, 36 + i);
  });
  directory.writeBigUInt64BE(file.readBigUInt64LE(text + 40), 64);
  directory.writeBigUInt64BE(file.readBigUInt64LE(text + 48), 72);
  directory.writeBigUInt64BE(EXECSEG_MAIN_BINARY, 80);
  name.copy(directory, CODE_DIRECTORY_BYTES);
  for (let slot = 0; slot < slots; slot += 1) {
    const page = file.subarray(slot * PAGE, Math.min((slot + 1) * PAGE, codeLimit));
    sha256(page).copy(directory, hashOffset + slot * HASH_BYTES);
  }
  return file;
}

/**
 * What the signature says, with every page hashed anew; null: there is none.
 * @throws Error when it is not a signature as this program knows them (one SHA-256 CodeDirectory)
 */
export function signatureOf(file) {
  const { signature } = layout(file);
  if (signature === null) return null;
  const start = file.readUInt32LE(signature + 8);
  const blob = file.subarray(start, start + file.readUInt32LE(signature + 12));
  if (blob.readUInt32BE(0) !== SUPER_BLOB) throw new Error('not a signature');
  let directory = null;
  for (let i = 0; i < blob.readUInt32BE(8); i += 1) {
    if (blob.readUInt32BE(12 + i * 8) === 0) directory = blob.subarray(blob.readUInt32BE(16 + i * 8));
  }
  if (directory === null || directory.readUInt32BE(0) !== CODE_DIRECTORY) throw new Error('no code directory');
  if (directory.readUInt8(37) !== SHA256_TYPE) throw new Error('not hashed with SHA-256');
  const page = 1 << directory.readUInt8(39);
  const [hashes, slots, limit] = [16, 28, 32].map(at => directory.readUInt32BE(at));
  let bad = 0;
  for (let slot = 0; slot < slots; slot += 1) {
    const at = hashes + slot * HASH_BYTES;
    const wanted = directory.subarray(at, at + HASH_BYTES);
    if (!sha256(file.subarray(slot * page, Math.min((slot + 1) * page, limit))).equals(wanted)) bad += 1;
  }
  return {
    adhoc: (directory.readUInt32BE(12) & 2) !== 0,
    coversAll: limit === start && slots === Math.ceil(limit / page),
    pages: slots,
    bad,
  };
}
