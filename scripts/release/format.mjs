// What an executable is, read from its header: enough to see that a platform's archive holds a program for that platform.
import { isMachO, signatureOf } from './macho.mjs';

const ELF_MACHINES = new Map([
  [62, 'x64'],
  [183, 'arm64'],
]);
const PE_MACHINES = new Map([
  [0x8664, 'x64'],
  [0xaa64, 'arm64'],
]);
const MACH_MACHINES = new Map([
  [0x01000007, 'x64'],
  [0x0100000c, 'arm64'],
]);
const PE_CONSOLE = 3;
const MACH_EXECUTE = 2;

/**
 * Kind (`ELF`, `PE`, `Mach-O`) and machine of an executable; of a Mach-O also its signature, every page hashed anew.
 * @throws Error for anything that is not a 64-bit executable of these kinds
 */
export function inspect(bytes) {
  if (bytes.toString('latin1', 0, 4) === '\u007fELF') {
    if (bytes[4] !== 2 || bytes[5] !== 1) throw new Error('not a 64-bit little-endian ELF file');
    return { kind: 'ELF', machine: known(ELF_MACHINES, bytes.readUInt16LE(18)) };
  }
  if (bytes.toString('latin1', 0, 2) === 'MZ') {
    const at = bytes.readUInt32LE(0x3c);
    if (bytes.toString('latin1', at, at + 4) !== 'PE\0\0') throw new Error('not a PE file');
    if (bytes.readUInt16LE(at + 24) !== 0x20b) throw new Error('not a 64-bit PE file');
    if (bytes.readUInt16LE(at + 24 + 68) !== PE_CONSOLE) throw new Error('not a console program');
    return { kind: 'PE', machine: known(PE_MACHINES, bytes.readUInt16LE(at + 4)) };
  }
  if (isMachO(bytes)) {
    if (bytes.readUInt32LE(12) !== MACH_EXECUTE) throw new Error('not an executable Mach-O file');
    return { kind: 'Mach-O', machine: known(MACH_MACHINES, bytes.readUInt32LE(4)), signature: signatureOf(bytes) };
  }
  throw new Error('neither ELF nor PE nor Mach-O');
}

function known(machines, code) {
  const machine = machines.get(code);
  if (machine === undefined) throw new Error(`an unknown machine: 0x${code.toString(16)}`);
  return machine;
}

/** The faults of an executable for a platform, as sentences; none: it is what it should be, and signed where it must be. */
export function executableFaults(bytes, { kind, machine }) {
  let found;
  try {
    found = inspect(bytes);
  } catch (error) {
    return [error.message];
  }
  const faults = [];
  if (found.kind !== kind || found.machine !== machine) {
    faults.push(`it is ${found.kind} for ${found.machine}, not ${kind} for ${machine}`);
  }
  if (found.kind !== 'Mach-O') return faults;
  const { signature } = found;
  if (signature === null) faults.push('it is not signed');
  else if (!signature.coversAll) faults.push('its signature does not cover the whole file');
  else if (signature.bad > 0) faults.push(`${signature.bad} of ${signature.pages} pages are not what was signed`);
  return faults;
}
