import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeFromKube, statsFromKube } from '../../src/cluster/from-kube.ts';
import { assessNode, type NodeReport } from '../../src/eviction/assess.ts';
import { readEvictionConfig } from '../../src/eviction/config.ts';
import type { Signal } from '../../src/eviction/signal.ts';
import { fixture } from '../support/fixtures.ts';

type Version = 'v1.20' | 'v1.36';

function assessed(
  version: Version,
  configz: string,
  node = 'node-healthy.json',
  stats = 'stats-summary.json',
): NodeReport {
  const facts = nodeFromKube(fixture(version, node));
  const config = readEvictionConfig(fixture(version, configz));
  if (!config.ok) throw new Error(config.error);
  const now = Math.max(...facts.conditions.map(c => c.heartbeat ?? 0)) + 5000;
  return assessNode(
    {
      node: facts,
      lease: { ok: true, value: now - 5000 },
      config: { ok: true, value: config.value },
      stats: { ok: true, value: statsFromKube(fixture(version, stats)) },
      evicted: { ok: true, value: [] },
      events: { ok: true, value: [] },
      cgroup: null,
    },
    { now },
  );
}

const states = (report: NodeReport): string => report.signals.map(s => `${SHORT[s.signal]}:${s.state}`).join(' ');
const codes = (report: NodeReport): readonly string[] => report.findings.map(f => f.code);

const SHORT: Readonly<Record<Signal, string>> = {
  'memory.available': 'mem',
  'nodefs.available': 'nodefs',
  'nodefs.inodesFree': 'nodefs-i',
  'imagefs.available': 'imagefs',
  'imagefs.inodesFree': 'imagefs-i',
  'containerfs.available': 'cfs',
  'containerfs.inodesFree': 'cfs-i',
  'pid.available': 'pid',
  'allocatableMemory.available': 'alloc',
};

// The recorded node has one disk of 252 GiB with 26 % available, and 97 % of its inodes.
const ALL_OK = 'mem:ok nodefs:ok nodefs-i:ok imagefs:ok imagefs-i:ok cfs:ok cfs-i:ok pid:none alloc:ok';
const ONLY_NODEFS =
  'mem:UNPROTECTED nodefs:ok nodefs-i:UNPROTECTED imagefs:covered imagefs-i:UNPROTECTED cfs:ok cfs-i:none pid:none';
const NOTHING =
  'mem:UNPROTECTED nodefs:UNPROTECTED nodefs-i:UNPROTECTED imagefs:UNPROTECTED imagefs-i:UNPROTECTED cfs:none cfs-i:none pid:none';
const MEMORY_ONLY =
  'mem:ok nodefs:UNPROTECTED nodefs-i:UNPROTECTED imagefs:UNPROTECTED imagefs-i:UNPROTECTED cfs:none cfs-i:none pid:none alloc:ok';
const MEMORY_AND_BYTES =
  'mem:ok nodefs:ok nodefs-i:UNPROTECTED imagefs:ok imagefs-i:UNPROTECTED cfs:ok cfs-i:none pid:none alloc:ok';

const VARIANTS: Readonly<Record<string, string>> = {
  'configz.json': ALL_OK,
  'configz-as-operator.json': ALL_OK,
  'configz-null.json': ALL_OK,
  'configz-merge-default.json': ALL_OK,
  'configz-dropin-base-unset.json': ALL_OK,
  'configz-dropin-merge-in-base.json': ALL_OK,
  'configz-partial.json': ONLY_NODEFS,
  'configz-dropin-empty-map.json': ONLY_NODEFS,
  'configz-dropin-merge-in-dropin-only.json': ONLY_NODEFS,
  'configz-dropin-no-config-file.json': ONLY_NODEFS,
  'configz-empty-map.json': NOTHING,
  'configz-dropin-null.json': NOTHING,
  'configz-flag.json': MEMORY_ONLY,
  'configz-flag-merge-default.json': MEMORY_ONLY,
  'configz-flag-noeviction-in-file.json': MEMORY_ONLY,
  'configz-dropin.json': MEMORY_AND_BYTES,
  'configz-dropin-and-flag.json':
    'mem:UNPROTECTED nodefs:covered nodefs-i:UNPROTECTED imagefs:ok imagefs-i:UNPROTECTED cfs:covered cfs-i:none pid:none',
  'configz-dropin-two.json':
    'mem:ok nodefs:ok nodefs-i:UNPROTECTED imagefs:covered imagefs-i:UNPROTECTED cfs:ok cfs-i:none pid:ok alloc:ok',
  // 0% and 100% are shown by configz, and not armed.
  'configz-disabled-percent.json':
    'mem:UNPROTECTED nodefs:covered nodefs-i:UNPROTECTED imagefs:ok imagefs-i:UNPROTECTED cfs:covered cfs-i:none pid:none',
  // Absolute amounts: 67317Mi of 65.5 GiB available; 18795Mi, 20.2 GiB available; 32208 of 32430 pids.
  'configz-under-pressure.json':
    'mem:ok nodefs:BREACHED nodefs-i:ok imagefs:ok imagefs-i:covered cfs:BREACHED cfs-i:ok pid:none alloc:ok',
  'configz-memory-pid.json':
    'mem:ok nodefs:ok nodefs-i:UNPROTECTED imagefs:ok imagefs-i:UNPROTECTED cfs:ok cfs-i:none pid:near alloc:ok',
};

describe('every recorded configuration of 1.36', () => {
  test.each(Object.entries(VARIANTS))('%s', (name, expected) => {
    expect(states(assessed('v1.36', name))).toBe(expected);
  });

  test('none is left out, but the soft one below and the answers that are errors', () => {
    const all = readdirSync(new URL('../fixtures/v1.36', import.meta.url)).filter(name => {
      if (!name.startsWith('configz') || !name.endsWith('.json')) return false;
      return Object.hasOwn(fixture('v1.36', name) as object, 'kubeletconfig');
    });
    expect(all.toSorted()).toEqual([...Object.keys(VARIANTS), 'configz-soft.json'].toSorted());
  });

  test.each(['configz-empty-map.json', 'configz-dropin-null.json'])('%s: eviction is off', name => {
    expect(codes(assessed('v1.36', name)).slice(0, 2)).toEqual(['eviction-off', 'threshold-wiped']);
  });

  test('configz-soft.json: soft thresholds, grace periods and minimum reclaim as written', () => {
    const report = assessed('v1.36', 'configz-soft.json');
    const raw = (fixture('v1.36', 'configz-soft.json') as { kubeletconfig: Record<string, Record<string, string>> })
      .kubeletconfig;
    for (const [signal, value] of Object.entries(raw['evictionSoft'] ?? {})) {
      expect(report.signals.find(s => s.signal === signal)?.soft?.threshold.value.text).toBe(value);
    }
    for (const [signal, value] of Object.entries(raw['evictionMinimumReclaim'] ?? {})) {
      const armed = report.signals.find(s => s.signal === signal);
      expect((armed?.hard ?? armed?.soft)?.threshold.minReclaim?.text).toBe(value);
    }
  });
});

describe('the recorded nodes of 1.36', () => {
  test('under DiskPressure: an absolute threshold with minimum reclaim, breached', () => {
    const report = assessed('v1.36', 'configz-under-pressure.json', 'node.json', 'stats-summary-under-pressure.json');
    expect(report).toMatchObject({ state: 'BREACHED', binding: 'nodefs.available', pressure: ['DiskPressure'] });
    const nodefs = report.signals.find(s => s.signal === 'nodefs.available');
    expect(nodefs?.hard?.amount?.amount).toBe(67_317 * 1024 ** 2);
    expect(nodefs?.hard?.minReclaim?.amount).toBe(500 * 1024 ** 2);
  });

  test.each([
    ['node-memorypressure.json', 'MemoryPressure'],
    ['node-pidpressure.json', 'PIDPressure'],
  ])('%s', (node, condition) => {
    expect(assessed('v1.36', 'configz-memory-pid.json', node).pressure).toContain(condition);
  });

  test('not ready: everything is uncertain', () => {
    const report = assessed('v1.36', 'configz.json', 'node-notready.json');
    expect(report.pressure).toEqual([]);
    expect(report.uncertain).toEqual(['DiskPressure', 'MemoryPressure', 'PIDPressure']);
    expect(report.explanation).toMatch(/Unknown/);
  });

  test('figures without filesystems: armed disk signals are unknown, memory is not', () => {
    const report = assessed('v1.36', 'configz.json', 'node.json', 'stats-summary-cpu-memory.json');
    expect(report.signals.find(s => s.signal === 'nodefs.available')?.state).toBe('unknown');
    expect(report.signals.find(s => s.signal === 'memory.available')?.state).toBe('ok');
  });
});

describe('the recordings of 1.20', () => {
  const OLD_DEFAULTS = 'mem:ok nodefs:ok nodefs-i:ok imagefs:ok imagefs-i:covered pid:none alloc:ok';

  test('defaults: four signals, image inodes guarded through nodefs', () => {
    const report = assessed('v1.20', 'configz.json');
    expect(states(report)).toBe(OLD_DEFAULTS);
    expect(codes(report)).toEqual(['single-disk-imagefs-binds']);
  });

  test('99.9 % of nodefs: breached', () => {
    const report = assessed('v1.20', 'configz-custom.json', 'node.json', 'stats-summary-pressure.json');
    expect(report).toMatchObject({ state: 'BREACHED', binding: 'nodefs.available' });
  });

  test('the disk is free again, the condition stays', () => {
    const report = assessed('v1.20', 'configz.json', 'node.json', 'stats-summary-pressure.json');
    expect(report).toMatchObject({ state: 'recovering', binding: 'imagefs.available' });
    expect(codes(report)).toContain('recovering');
  });

  test('soft thresholds: 98 % of nodefs for 30s, 500Mi to reclaim', () => {
    const report = assessed('v1.20', 'configz-soft.json');
    const nodefs = report.signals.find(s => s.signal === 'nodefs.available');
    expect(nodefs).toMatchObject({ state: 'soft', soft: { threshold: { value: { text: '98%' } } } });
    expect(nodefs?.hard?.amount?.amount).toBe(100 * 1024 ** 2);
    expect(report.signals.find(s => s.signal === 'pid.available')?.state).toBe('ok');
    expect(codes(report)).not.toContain('soft-kills-at-once');
  });

  test('memory pressure, and a silent kubelet', () => {
    expect(assessed('v1.20', 'configz.json', 'node-memory-pressure.json').pressure).toEqual(['MemoryPressure']);
    expect(assessed('v1.20', 'configz.json', 'node-unknown.json').uncertain).toHaveLength(3);
  });
});
