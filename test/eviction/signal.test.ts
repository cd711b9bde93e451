import { describe, expect, test } from 'vitest';
import { defaultEvictionHard, isSignal, type NodeOs, signalInfo } from '../../src/eviction/signal.ts';
import { SIGNALS } from '../../src/eviction/signal-names.ts';
import { parseKubeletVersion } from '../../src/eviction/version.ts';

describe('signals', () => {
  test('stand in display order', () => {
    expect(SIGNALS).toEqual([
      'memory.available',
      'nodefs.available',
      'nodefs.inodesFree',
      'imagefs.available',
      'imagefs.inodesFree',
      'containerfs.available',
      'containerfs.inodesFree',
      'pid.available',
      'allocatableMemory.available',
    ]);
  });

  test.each([
    ['memory.available', 'memory', 'MemoryPressure', null, 'bytes'],
    ['nodefs.available', 'ephemeral-storage', 'DiskPressure', 'nodefs', 'bytes'],
    ['nodefs.inodesFree', 'inodes', 'DiskPressure', 'nodefs', 'inodes'],
    ['imagefs.available', 'ephemeral-storage', 'DiskPressure', 'imagefs', 'bytes'],
    ['imagefs.inodesFree', 'inodes', 'DiskPressure', 'imagefs', 'inodes'],
    ['containerfs.available', 'ephemeral-storage', 'DiskPressure', 'containerfs', 'bytes'],
    ['containerfs.inodesFree', 'inodes', 'DiskPressure', 'containerfs', 'inodes'],
    ['pid.available', 'pids', 'PIDPressure', null, 'pids'],
    ['allocatableMemory.available', 'memory', 'MemoryPressure', null, 'bytes'],
  ] as const)('%s', (signal, resource, condition, filesystem, unit) => {
    expect(signalInfo(signal)).toEqual({ signal, resource, condition, filesystem, unit });
  });

  test.each([
    ['memory.available', 'v1.20.2', true],
    ['allocatableMemory.available', 'v1.20.2', true],
    ['containerfs.available', 'v1.28.9', false],
    ['containerfs.available', 'v1.29.0', true],
    ['containerfs.inodesFree', 'v1.28.9', false],
    ['containerfs.inodesFree', '?', true],
    ['Memory.available', '?', false],
    [' memory.available', '?', false],
    ['memory.inodesFree', '?', false],
    ['__proto__', '?', false],
    ['constructor', '?', false],
    ['', '?', false],
  ])('isSignal(%j) on %s: %s', (text, version, known) => {
    expect(isSignal(text, parseKubeletVersion(version))).toBe(known);
  });
});

describe('defaultEvictionHard', () => {
  const old = { 'memory.available': '100Mi', 'nodefs.available': '10%', 'imagefs.available': '15%' };
  const linux = { ...old, 'nodefs.inodesFree': '5%' };
  test.each<[NodeOs, string, Record<string, string>]>([
    ['linux', 'v1.20.2', linux],
    ['linux', 'v1.29.9', linux],
    ['linux', 'v1.30.0', { ...linux, 'imagefs.inodesFree': '5%' }],
    ['linux', 'v1.36.2', { ...linux, 'imagefs.inodesFree': '5%' }],
    ['linux', 'unknown', { ...linux, 'imagefs.inodesFree': '5%' }],
    ['windows', 'v1.36.2', { ...old, 'memory.available': '500Mi' }],
    ['windows', 'v1.20.2', old],
    ['other', 'v1.36.2', old],
  ])('%s %s', (os, version, expected) => {
    expect(Object.fromEntries(defaultEvictionHard(os, parseKubeletVersion(version)))).toEqual(expected);
  });
});
