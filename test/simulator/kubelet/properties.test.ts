import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { signalInfo } from '../../../src/eviction/signal.ts';
import { readPod } from '../../../src/simulator/kubelet/pod.ts';
import { isThresholdMet } from '../../../src/simulator/kubelet/pressure.ts';
import type { ScriptStep } from '../../../src/simulator/kubelet/spec.ts';
import { disk, GIB, MIB } from '../../../src/simulator/scenarios/builders.ts';
import { Bench, pod, spec } from './support.ts';

const podOptions = fc.record({
  bytes: fc.integer({ min: 0, max: 6 * GIB }),
  memory: fc.integer({ min: 0, max: 2 * GIB }),
  priority: fc.constantFrom(-10, 0, 1000, 2_000_000_000),
  mirror: fc.boolean(),
});

const script = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('ramp' as const),
      target: fc.constantFrom({ disk: 'root' }, 'memory' as const, 'pids' as const),
      perSecond: fc.integer({ min: -50 * MIB, max: 80 * MIB }),
      fromMs: fc.integer({ min: 0, max: 120_000 }),
      noise: fc.integer({ min: 0, max: 100 * MIB }),
    }),
    fc.record({
      kind: fc.constant('jump' as const),
      target: fc.constantFrom({ disk: 'root' }, 'memory' as const, 'pids' as const),
      amount: fc.integer({ min: -20 * GIB, max: 20 * GIB }),
      atMs: fc.integer({ min: 0, max: 200_000 }),
    }),
  ),
  { maxLength: 6 },
);

const run = fc.record({
  pods: fc.array(podOptions, { maxLength: 6 }),
  script,
  free: fc.integer({ min: GIB, max: 60 * GIB }),
  minReclaim: fc.constantFrom(undefined, '2Gi', '5%'),
  version: fc.constantFrom('v1.20.2', 'v1.27.3', 'v1.36.2'),
});

function bench(input: {
  pods: { bytes: number; memory: number; priority: number; mirror: boolean }[];
  script: ScriptStep[];
  free: number;
  minReclaim: string | undefined;
  version: string;
}): Bench {
  const pods = input.pods.map((one, index) =>
    pod(`p${index}`, {
      template: { priority: one.priority },
      usage: { containers: [{ name: `p${index}`, rootfsBytes: one.bytes, memoryBytes: one.memory }] },
      ...(one.mirror ? { annotations: { 'kubernetes.io/config.mirror': 'x' } } : {}),
    }),
  );
  return new Bench(
    spec({
      kubeletVersion: input.version,
      disks: [disk('root', 100 * GIB, input.free)],
      script: input.script,
      config: {
        evictionPressureTransitionPeriod: '30s',
        evictionHard: { 'memory.available': '1Gi', 'nodefs.available': '10%', 'pid.available': '10%' },
        ...(input.minReclaim === undefined ? {} : { evictionMinimumReclaim: { 'nodefs.available': input.minReclaim } }),
      },
    }),
    pods,
  );
}

describe('whatever happens to the node', () => {
  test('critical pods are never evicted', () => {
    fc.assert(
      fc.property(run, input => {
        const one = bench(input).advance(240);
        const critical = one.pods.filter(each => each.critical).map(({ name }) => name);
        expect(one.evicted.filter(name => critical.includes(name))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('a condition is True while one of its thresholds is met, and False once none was for the transition period', () => {
    fc.assert(
      fc.property(run, input => {
        const one = bench(input);
        const lastMet = new Map<string, number>();
        for (let pass = 0; pass < 24; pass++) {
          one.advance(10);
          const { sample, armed } = one.state;
          if (sample === null) throw new Error('no pass');
          for (const threshold of armed.thresholds) {
            const { condition } = signalInfo(threshold.signal);
            if (isThresholdMet(threshold, sample, false)) expect(one.conditions).toContain(condition);
            if (isThresholdMet(threshold, sample, true)) lastMet.set(condition, sample.atMs);
          }
          for (const condition of one.conditions) {
            // Between two looks a threshold may have been met before node-level reclaim ended it: the memory knows.
            const seen = Math.max(
              lastMet.get(condition) ?? 0,
              one.state.pressure.conditionSeenAt.get(condition as 'DiskPressure') ?? 0,
            );
            expect(one.now - seen).toBeLessThanOrEqual(40_000);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('free space stays between nothing and everything', () => {
    fc.assert(
      fc.property(run, input => {
        for (const [, level] of bench(input).advance(200).state.sample?.disks ?? []) {
          expect(level.freeBytes).toBeGreaterThanOrEqual(0);
          expect(level.freeBytes).toBeLessThanOrEqual(level.capacityBytes);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('the same input gives the same effects', () => {
    fc.assert(
      fc.property(run, input => {
        expect(bench(input).advance(120).effects).toEqual(bench(input).advance(120).effects);
      }),
      { numRuns: 25 },
    );
  });

  test('a pod of any JSON is read without a crash, and its prototype is not', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (podSpec, status) => {
        const object = { metadata: { name: 'x' }, spec: podSpec as object, status: status as object };
        expect(typeof readPod(object).phase).toBe('string');
      }),
    );
    const hostile: unknown = JSON.parse(
      '{"metadata":{"name":"x"},"spec":{"__proto__":{"priority":2000000000}},"status":{"__proto__":{"phase":"Failed"}}}',
    );
    expect(readPod(hostile as Parameters<typeof readPod>[0])).toMatchObject({
      priority: 0,
      critical: false,
      phase: 'Pending',
    });
  });
});
