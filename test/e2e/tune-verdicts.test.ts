import { expect, test } from 'vitest';
import { runCommand } from '../support/deps.ts';
import { describeIf } from './support/cluster.ts';
import { KUBELET, kubeletVerdict } from './support/judges.ts';

// Every value is given to a real kubelet 1.20 and to tune: what the one refuses, the other must refuse, and the other way round.
// What tune refuses beyond that is policy, and says so.

const HARD_VALUES = [
  '5%',
  '10%',
  '7.25%',
  '.5%',
  '5.%',
  '+5%',
  '1e1%',
  '0x1p3%',
  '1_0%',
  'NaN%',
  '5%%',
  '5%%%',
  '0%',
  '100%',
  '0.0%',
  '00%',
  '-0%',
  '100.0%',
  '99.99%',
  '101%',
  '150%',
  '1000%',
  '9999%',
  '10000%',
  '10001%',
  '1e4%',
  '1e5%',
  '-1%',
  '-0.1%',
  'Inf%',
  '-Inf%',
  '%',
  ' 5%',
  '5 %',
  '5% ',
  '5,5%',
  '10..5%',
  'five%',
  '0x%',
  '1e%',
  '1__0%',
  '_1%',
  '1_%',
  '100Mi',
  '1Gi',
  '1.5Gi',
  '.5Gi',
  '5.Gi',
  '0.1Gi',
  '+1Gi',
  '-1Gi',
  '0',
  '0Mi',
  '0.0',
  '-0',
  '.',
  '-',
  '+',
  'Mi',
  'Gi',
  'E',
  'e',
  '1',
  '1000',
  '1k',
  '1K',
  '1KB',
  '1KiB',
  '1mi',
  '1gi',
  '1M',
  '1G',
  '1T',
  '1P',
  '1E',
  '1Ki',
  '1Ti',
  '1Pi',
  '1Ei',
  '8Ei',
  '16Ei',
  '100m',
  '1u',
  '1n',
  '0.1n',
  '1e3',
  '1E3',
  '1e+3',
  '1e-3',
  '1e-12',
  '1e',
  '1e3Ki',
  '1E3k',
  '1e3.5',
  '',
  ' ',
  ' 1Gi',
  '1Gi ',
  '1 Gi',
  '1,000',
  '1_000',
  '0x10',
  '1Gi1',
  '1.2.3',
  '1..2',
  '--1',
  '+-1',
  'true',
  'null',
  'NaN',
  'Inf',
  '9223372036854775807',
  '9223372036854775808',
  '99999999999999999999',
  '1Gi%',
  '=100Mi',
  '"5%"',
  "'5%'",
  '5\u00a0%',
  '٥%',
  '5％',
] as const;

const SIGNALS = [
  'memory.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
  'allocatableMemory.available',
  'containerfs.available',
  'nodefs.',
  'Memory.Available',
  ' memory.available',
  'memory.available ',
  'nodefs.free',
  '__proto__',
  '',
] as const;

const GRACES = [
  '90s',
  '1m30s',
  '1.5h',
  '0',
  '0s',
  '90',
  '1d',
  '30mins',
  '',
  '-1m',
  '-0s',
  '+5m',
  '1h-3m',
  '.5s',
  '5.s',
  '.s',
  '1ms',
  '1us',
  '1µs',
  '1μs',
  '1ns',
  '1 m',
  ' 1m',
  '1e3s',
  '9999999h',
  '2562047h47m16.854775807s',
  '2562047h47m16.854775808s',
  's',
  'm1',
  '1m1',
  '0m0s',
] as const;

const RECLAIMS = [
  '0',
  '500Mi',
  '10%',
  '0%',
  '100%',
  '200%',
  '10001%',
  '-1',
  '-1Mi',
  '-1%',
  '0.0%',
  'NaN%',
  '',
  '1KB',
  '5 %',
  '+1Gi',
  '.5Gi',
  '1e3',
  '%',
  'x',
] as const;

interface Case {
  readonly name: string;
  readonly args: readonly string[];
  readonly fields: object;
}

const CASES: readonly Case[] = [
  ...HARD_VALUES.map(value => ({
    name: `hard ${JSON.stringify(value)}`,
    args: ['--nodefs', value],
    fields: { evictionHard: { 'nodefs.available': value } },
  })),
  ...SIGNALS.map(signal => ({
    name: `signal ${JSON.stringify(signal)}`,
    // The kubelet's own flag syntax trims; a map does not: the exact key only fits through --disable.
    args: ['--disable', signal, '--force'],
    fields: { evictionHard: Object.fromEntries([[signal, '0%']]) },
  })),
  ...GRACES.map(grace => ({
    name: `grace ${JSON.stringify(grace)}`,
    args: ['--soft', `nodefs.available=15%:${grace}`],
    fields: { evictionSoft: { 'nodefs.available': '15%' }, evictionSoftGracePeriod: { 'nodefs.available': grace } },
  })),
  ...RECLAIMS.map(value => ({
    name: `reclaim ${JSON.stringify(value)}`,
    args: ['--min-reclaim', `nodefs.available=${value}`],
    fields: { evictionMinimumReclaim: { 'nodefs.available': value } },
  })),
];

async function tuneVerdict(args: readonly string[]): Promise<'accepts' | 'refuses' | 'policy'> {
  const ran = await runCommand(['tune', '--offline', '--kubelet-version', '1.20', '--to', 'flags', '-q', ...args]);
  if (ran.code === 0) return 'accepts';
  expect(ran.code, ran.err).toBe(2);
  expect(ran.out).toBe('');
  return /switches the signal off/.test(ran.err) ? 'policy' : 'refuses';
}

const MISSING = KUBELET === undefined ? 'no kubelet binary (set EVICT_KUBELET, or start the cluster)' : null;

describeIf(MISSING, 'the kubelet and tune agree', () => {
  test(`on ${CASES.length} values`, async () => {
    expect(CASES.length).toBeGreaterThanOrEqual(100);
    const differing: string[] = [];
    const policy: string[] = [];
    const tally = { accepted: 0, refused: 0 };
    const queue = [...CASES];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const says = await kubeletVerdict(next.fields);
        const ours = await tuneVerdict(next.args);
        if (says === null) tally.accepted += 1;
        else tally.refused += 1;
        if (ours === 'policy' && says === null) policy.push(next.name);
        else if ((says === null) !== (ours === 'accepts'))
          differing.push(`${next.name}: kubelet ${says ?? 'accepts'}, tune ${ours}`);
      }
    };
    await Promise.all([work(), work(), work()]);
    process.stderr.write(
      `${CASES.length} values: the kubelet accepts ${tally.accepted} and refuses ${tally.refused}; policy refuses ${policy.length} more: ${policy.join(', ')}\n`,
    );
    expect(differing).toEqual([]);
    // Never armed, or never met: nothing else is policy.
    expect(policy.toSorted()).toEqual(
      ['0%', '100%', '0.0%', '00%', '-0%', 'NaN%'].map(v => `hard ${JSON.stringify(v)}`).toSorted(),
    );
  }, 300_000);
});
