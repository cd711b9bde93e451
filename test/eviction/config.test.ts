import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ConfigLayer,
  type ConfigLayers,
  effectiveConfig,
  readConfigLayer,
  readEvictionConfig,
} from '../../src/eviction/config.ts';
import type { NodeOs } from '../../src/eviction/signal.ts';
import { parseThresholdFlag } from '../../src/eviction/threshold.ts';
import { parseKubeletVersion } from '../../src/eviction/version.ts';

function recorded(file: string) {
  const body: unknown = JSON.parse(readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8'));
  const config = readEvictionConfig(body);
  if (!config.ok) throw new Error(config.error);
  return config.value;
}

function layer(fields: Readonly<Record<string, unknown>>): ConfigLayer {
  const read = readConfigLayer(fields);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

interface SetUp {
  readonly version?: string;
  readonly os?: NodeOs;
  /** Absent: a file without eviction fields; null: no `--config`. */
  readonly file?: Readonly<Record<string, unknown>> | null;
  readonly dropIns?: readonly Readonly<Record<string, unknown>>[];
  /** `--eviction-hard`. */
  readonly flag?: string;
}

function layers({ version = 'v1.36.2', os = 'linux', file = {}, dropIns = [], flag }: SetUp): ConfigLayers {
  const hard = flag === undefined ? null : parseThresholdFlag(flag);
  return {
    version: parseKubeletVersion(version),
    os,
    configFile: file === null ? null : layer(file),
    dropIns: dropIns.map(layer),
    flags: hard?.ok ? { evictionHard: hard.value } : {},
  };
}

function hardOf(setUp: SetUp): Record<string, string> {
  return Object.fromEntries(effectiveConfig(layers(setUp)).evictionHard);
}

const LINUX = {
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '15%',
  'imagefs.inodesFree': '5%',
};

describe('readEvictionConfig', () => {
  test('reads every field of a recorded configz', () => {
    expect(recorded('v1.36/configz-soft.json')).toEqual({
      evictionHard: new Map(Object.entries(LINUX)),
      evictionSoft: new Map([
        ['imagefs.available', '20%'],
        ['memory.available', '300Mi'],
        ['nodefs.available', '15%'],
      ]),
      evictionSoftGracePeriod: new Map([
        ['imagefs.available', '2m'],
        ['memory.available', '1m30s'],
        ['nodefs.available', '2m'],
      ]),
      evictionMinimumReclaim: new Map([
        ['imagefs.available', '2Gi'],
        ['nodefs.available', '500Mi'],
      ]),
      evictionPressureTransitionPeriod: '1m30s',
      evictionMaxPodGracePeriod: 60,
      imageGCHighThresholdPercent: 85,
      imageGCLowThresholdPercent: 80,
      imageMinimumGCAge: '2m0s',
      imageMaximumGCAge: '0s',
      kernelMemcgNotification: null,
      failCgroupV1: false,
      mergeDefaultEvictionSettings: false,
      enforceNodeAllocatable: ['pods'],
      kubeReserved: null,
      systemReserved: null,
      unreadable: [],
    });
  });

  test('fills in nothing: an absent evictionHard stays absent', () => {
    for (const file of ['v1.36/configz-empty-map.json', 'v1.36/configz-dropin-null.json']) {
      expect(recorded(file).evictionHard).toBeNull();
    }
    expect(recorded('v1.20/configz.json')).toMatchObject({
      evictionSoft: null,
      evictionMaxPodGracePeriod: null,
      mergeDefaultEvictionSettings: null,
      imageMaximumGCAge: null,
      unreadable: [],
    });
  });

  test('takes the bare object, and keeps hostile keys as keys', () => {
    const body: unknown = JSON.parse('{"evictionHard":{"__proto__":"1","constructor":"2"},"kubeReserved":{"cpu":"1"}}');
    const config = readEvictionConfig(body);
    expect(config.ok && [...(config.value.evictionHard ?? [])]).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
    expect(config.ok && config.value.kubeReserved).toEqual(new Map([['cpu', '1']]));
    expect(readEvictionConfig({ kind: 'KubeletConfiguration' })).toMatchObject({ ok: true });
  });

  test('a field of a wrong type is unreadable, not guessed', () => {
    const config = readEvictionConfig({
      kubeletconfig: {
        evictionHard: { 'memory.available': 100 },
        evictionSoft: ['x'],
        evictionSoftGracePeriod: 'x',
        evictionMinimumReclaim: null,
        evictionPressureTransitionPeriod: 300,
        evictionMaxPodGracePeriod: 1.5,
        imageGCHighThresholdPercent: '85',
        kernelMemcgNotification: 'true',
        enforceNodeAllocatable: ['pods', 1],
        unknownField: {},
      },
    });
    expect(config).toMatchObject({ ok: true, value: { evictionHard: null, evictionMinimumReclaim: null } });
    expect(config.ok && config.value.unreadable).toEqual([
      'evictionHard',
      'evictionSoft',
      'evictionSoftGracePeriod',
      'evictionPressureTransitionPeriod',
      'evictionMaxPodGracePeriod',
      'imageGCHighThresholdPercent',
      'kernelMemcgNotification',
      'enforceNodeAllocatable',
    ]);
  });

  test.each([
    [null],
    [undefined],
    ['text'],
    [3],
    [[]],
    [{}],
    [{ unrelated: 1 }],
    [{ kubeletconfig: null }],
    [{ kubeletconfig: [] }],
    [{ kind: 'Status', status: 'Failure' }],
    [{ kind: 7, evictionHard: {} }],
    [Object.create({ kubeletconfig: {} })],
  ])('refuses what is no configuration: %j', body => {
    expect(readEvictionConfig(body).ok).toBe(false);
  });

  test('never throws', () => {
    const field = fc.constantFrom('evictionHard', 'evictionSoft', 'kubeletconfig', 'kind', 'kubeReserved', '__proto__');
    fc.assert(
      fc.property(fc.dictionary(field, fc.jsonValue()), fc.jsonValue(), (object, json) => {
        for (const body of [object, { kubeletconfig: object }, json]) {
          readEvictionConfig(body);
          readConfigLayer(body);
        }
      }),
    );
  });
});

describe('readConfigLayer', () => {
  test('keeps absent, null and empty apart', () => {
    expect(layer({ evictionHard: null, evictionSoft: {}, evictionMinimumReclaim: { a: null } })).toEqual({
      evictionHard: null,
      evictionSoft: new Map(),
      evictionMinimumReclaim: new Map([['a', null]]),
    });
    expect(Object.keys(layer({ maxPods: 110 }))).toEqual([]);
  });

  test.each([[{ evictionHard: { 'memory.available': 100 } }], [{ evictionMaxPodGracePeriod: '60' }], [[]], ['text']])(
    'refuses %j',
    body => {
      expect(readConfigLayer(body).ok).toBe(false);
    },
  );
});

describe('effectiveConfig against what real kubelets showed', () => {
  const seven = { evictionHard: { 'nodefs.available': '7%' } };
  const both = { evictionHard: { 'nodefs.available': '7%', 'imagefs.available': '9%' } };
  const merged = { ...seven, mergeDefaultEvictionSettings: true };
  const soft = {
    evictionSoft: { 'imagefs.available': '20%', 'memory.available': '300Mi', 'nodefs.available': '15%' },
    evictionSoftGracePeriod: { 'imagefs.available': '2m', 'memory.available': '1m30s', 'nodefs.available': '2m' },
    evictionMinimumReclaim: { 'imagefs.available': '2Gi', 'nodefs.available': '500Mi' },
    evictionPressureTransitionPeriod: '90s',
    evictionMaxPodGracePeriod: 60,
  };
  const underPressure = {
    evictionHard: {
      'imagefs.available': '1%',
      'memory.available': '100Mi',
      'nodefs.available': '67317Mi',
      'nodefs.inodesFree': '5%',
    },
    evictionMinimumReclaim: { 'nodefs.available': '500Mi' },
    evictionPressureTransitionPeriod: '30s',
  };
  const memoryPid = {
    evictionHard: {
      'imagefs.available': '5%',
      'memory.available': '18795Mi',
      'nodefs.available': '5%',
      'pid.available': '32208',
    },
    evictionPressureTransitionPeriod: '30s',
  };

  test.each<[string, SetUp]>([
    ['v1.20/configz.json', { version: 'v1.20.2' }],
    ['v1.36/configz.json', {}],
    ['v1.36/configz-as-operator.json', { file: { evictionPressureTransitionPeriod: '30s' } }],
    [
      'v1.36/configz-disabled-percent.json',
      { file: { evictionHard: { 'memory.available': '0%', 'nodefs.available': '100%', 'imagefs.available': '15%' } } },
    ],
    [
      'v1.36/configz-dropin-and-flag.json',
      {
        file: seven,
        dropIns: [{ evictionHard: { 'memory.available': '300Mi' } }],
        flag: 'imagefs.available<11%',
      },
    ],
    ['v1.36/configz-dropin-base-unset.json', { dropIns: [{ evictionHard: { 'nodefs.available': '6%' } }] }],
    ['v1.36/configz-dropin-empty-map.json', { file: seven, dropIns: [{ evictionHard: {} }] }],
    [
      'v1.36/configz-dropin-merge-in-base.json',
      { file: merged, dropIns: [{ evictionHard: { 'imagefs.available': '3%' } }] },
    ],
    [
      'v1.36/configz-dropin-merge-in-dropin-only.json',
      { file: seven, dropIns: [{ mergeDefaultEvictionSettings: true }] },
    ],
    [
      'v1.36/configz-dropin-no-config-file.json',
      { file: null, dropIns: [{}, { evictionHard: { 'nodefs.available': '6%' } }] },
    ],
    ['v1.36/configz-dropin-null.json', { file: seven, dropIns: [{ evictionHard: null }] }],
    [
      'v1.36/configz-dropin-two.json',
      {
        file: seven,
        dropIns: [
          { evictionHard: { 'memory.available': '300Mi' } },
          { evictionHard: { 'memory.available': '600Mi', 'pid.available': '5%' } },
        ],
      },
    ],
    [
      'v1.36/configz-dropin.json',
      { file: both, dropIns: [{ evictionHard: { 'memory.available': '512Mi', 'nodefs.available': '6%' } }] },
    ],
    ['v1.36/configz-empty-map.json', { file: { evictionHard: {} } }],
    ['v1.36/configz-flag-merge-default.json', { file: merged, flag: 'memory.available<256Mi' }],
    ['v1.36/configz-flag-noeviction-in-file.json', { flag: 'memory.available<256Mi' }],
    ['v1.36/configz-flag.json', { file: both, flag: 'memory.available<256Mi' }],
    ['v1.36/configz-memory-pid.json', { file: memoryPid }],
    ['v1.36/configz-merge-default.json', { file: merged }],
    ['v1.36/configz-null.json', { file: { evictionHard: null } }],
    ['v1.36/configz-partial.json', { file: seven }],
    ['v1.36/configz-soft.json', { file: soft }],
    ['v1.36/configz-under-pressure.json', { file: underPressure }],
  ])('%s', (file, setUp) => {
    const shown = recorded(file);
    const config = effectiveConfig(layers(setUp));
    const none = new Map();
    expect(config).toEqual({
      evictionHard: shown.evictionHard ?? none,
      evictionSoft: shown.evictionSoft ?? none,
      evictionSoftGracePeriod: shown.evictionSoftGracePeriod ?? none,
      evictionMinimumReclaim: shown.evictionMinimumReclaim ?? none,
      evictionPressureTransitionPeriod: shown.evictionPressureTransitionPeriod,
      evictionMaxPodGracePeriod: shown.evictionMaxPodGracePeriod ?? 0,
      mergeDefaultEvictionSettings: shown.mergeDefaultEvictionSettings ?? false,
    });
  });
});

describe('effectiveConfig', () => {
  const five = { 'nodefs.available': '5%' };

  test.each<[string, SetUp, Record<string, string>]>([
    ['no --config on 1.20: defaults', { version: 'v1.20.2', file: null }, withoutInodes()],
    ['no --config on 1.24: defaults', { version: 'v1.24.17', file: null }, withoutInodes()],
    ['no --config on 1.25: nothing', { version: 'v1.25.0', file: null }, {}],
    ['no --config on 1.36: nothing', { file: null }, {}],
    ['a flag without --config', { version: 'v1.20.2', file: null, flag: 'nodefs.available<5%' }, five],
    ['the flag that lost everything else', { flag: 'nodefs.available<5%' }, five],
    ['the empty flag is the off switch', { flag: '' }, {}],
    [
      'merge is unknown to 1.32',
      { version: 'v1.32.9', file: { evictionHard: five, mergeDefaultEvictionSettings: true } },
      five,
    ],
    [
      'merge works from 1.33',
      { version: 'v1.33.0', file: { evictionHard: five, mergeDefaultEvictionSettings: true } },
      { ...LINUX, ...five },
    ],
    ['merge with an empty map', { file: { evictionHard: {}, mergeDefaultEvictionSettings: true } }, LINUX],
    [
      'a null value removes the key',
      { dropIns: [{ evictionHard: { 'nodefs.available': null, x: null } }] },
      without('nodefs.available'),
    ],
    [
      'a null value in the file is an empty text',
      { file: { evictionHard: { 'nodefs.available': null } } },
      { 'nodefs.available': '' },
    ],
    [
      'nothing refills a map that a drop-in removed',
      { dropIns: [{ evictionHard: null }, { evictionHard: five }] },
      five,
    ],
    [
      'Windows',
      { os: 'windows' },
      { 'memory.available': '500Mi', 'nodefs.available': '10%', 'imagefs.available': '15%' },
    ],
  ])('%s', (_name, setUp, expected) => {
    expect(hardOf(setUp)).toEqual(expected);
  });

  function without(signal: keyof typeof LINUX): Record<string, string> {
    return Object.fromEntries(Object.entries(LINUX).filter(([key]) => key !== signal));
  }

  function withoutInodes(): Record<string, string> {
    return without('imagefs.inodesFree');
  }

  test.each<[string, Omit<ConfigLayers, 'version' | 'os'>, string, number]>([
    ['defaults', { configFile: {}, dropIns: [], flags: {} }, '5m0s', 0],
    ['nothing at all', { configFile: null, dropIns: [], flags: {} }, '5m0s', 0],
    [
      'zero in the file means the default',
      { configFile: { evictionPressureTransitionPeriod: '0s' }, dropIns: [], flags: {} },
      '5m0s',
      0,
    ],
    [
      'zero in a drop-in means the default',
      {
        configFile: { evictionPressureTransitionPeriod: '30s' },
        dropIns: [{ evictionPressureTransitionPeriod: '0s' }],
        flags: {},
      },
      '5m0s',
      0,
    ],
    [
      'zero by flag is zero',
      { configFile: {}, dropIns: [], flags: { evictionPressureTransitionPeriod: '0s' } },
      '0s',
      0,
    ],
    [
      'null in a drop-in goes back to the default',
      {
        configFile: { evictionPressureTransitionPeriod: '30s', evictionMaxPodGracePeriod: 9 },
        dropIns: [{ evictionPressureTransitionPeriod: null, evictionMaxPodGracePeriod: null }],
        flags: {},
      },
      '5m0s',
      0,
    ],
    [
      'the later layer wins',
      {
        configFile: { evictionPressureTransitionPeriod: '30s', evictionMaxPodGracePeriod: 9 },
        dropIns: [{ evictionPressureTransitionPeriod: '90s', evictionMaxPodGracePeriod: 10 }],
        flags: { evictionMaxPodGracePeriod: 11 },
      },
      '1m30s',
      11,
    ],
    [
      'a text that is no duration is kept',
      { configFile: { evictionPressureTransitionPeriod: 'soon' }, dropIns: [], flags: {} },
      'soon',
      0,
    ],
  ])('scalars: %s', (_name, given, period, grace) => {
    const config = effectiveConfig({ version: null, os: 'linux', ...given });
    expect([config.evictionPressureTransitionPeriod, config.evictionMaxPodGracePeriod]).toEqual([period, grace]);
  });

  test('soft maps merge per key in drop-ins and are replaced by flags', () => {
    const config = effectiveConfig({
      version: null,
      os: 'linux',
      configFile: layer({ evictionSoft: { a: '1', b: '2' }, evictionSoftGracePeriod: { a: '1s' } }),
      dropIns: [layer({ evictionSoft: { b: '3' }, evictionSoftGracePeriod: { b: '2s' } })],
      flags: { evictionSoftGracePeriod: new Map([['c', '3s']]) },
    });
    expect(Object.fromEntries(config.evictionSoft)).toEqual({ a: '1', b: '3' });
    expect(Object.fromEntries(config.evictionSoftGracePeriod)).toEqual({ c: '3s' });
  });
});
