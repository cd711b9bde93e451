import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OTHER_REASONS } from '../../src/eviction/other-reasons.ts';
import { type Candidate, causeOf, judge, planPurge, type Selection } from '../../src/eviction/plan.ts';
import type { TombstoneFacts } from '../../src/eviction/tombstone.ts';
import { TOMBSTONE_NOW as NOW, tombstone } from '../support/tombstones.ts';

const HOUR = 3_600_000;

const selection = (change: Partial<Selection> = {}): Selection => ({
  node: null,
  kinds: new Set(),
  resources: new Set(),
  olderThanMs: null,
  owners: new Set(),
  unmarked: false,
  reasons: new Set(),
  ...change,
});

const verdict = (pod: Partial<TombstoneFacts>, wanted: Partial<Selection> = {}): string => {
  const decided = judge(tombstone(pod), selection(wanted), NOW);
  return decided.action === 'keep' ? `keep: ${decided.why}` : decided.action;
};

const lost = {
  reason: '',
  disruption: {
    reason: 'TerminationByKubelet',
    message: 'The node was low on resource: memory. Container a was using 2Gi.',
    since: NOW - HOUR,
  },
};
/** Refused for two reasons at once. */
const TWO = 'Pod was rejected: The node had condition: [DiskPressure MemoryPressure]. ';
const owned = (kind: string) => ({ owner: { kind, name: 'x' } });

describe('the verdict about a pod', () => {
  test.each<[string, Partial<TombstoneFacts>, Partial<Selection>, string]>([
    ['an Evicted pod', {}, {}, 'delete'],
    ['its reason in another case', { reason: 'evicted' }, {}, 'delete'],
    ['nobody owns it', { owner: null }, {}, 'delete'],
    ['a running pod with the reason', { phase: 'Running' }, {}, 'ignore'],
    ['a Succeeded pod with the reason', { phase: 'Succeeded' }, {}, 'ignore'],
    ['another failed pod', { reason: 'OOMKilled' }, {}, 'ignore'],
    ['a failed pod without reason', { reason: '' }, {}, 'ignore'],
    ['an Evicted pod with an unknown message', { message: 'who knows' }, {}, 'delete'],
    ['a mirror pod', { mirror: true }, {}, 'keep: mirror'],
    ['a mirror pod, every owner included', { mirror: true, ...owned('Node') }, { owners: 'all' }, 'keep: mirror'],
    ['on its way', { terminating: true }, {}, 'keep: terminating'],

    ['of a StatefulSet', owned('StatefulSet'), {}, 'delete'],
    ['of a DaemonSet', owned('DaemonSet'), {}, 'delete'],
    ['of a ReplicationController', owned('ReplicationController'), {}, 'delete'],
    ['of a Job', owned('Job'), {}, 'keep: owner'],
    ['of a Job, asked for', owned('Job'), { owners: new Set(['job']) }, 'delete'],
    ['of a Workflow, Jobs asked for', owned('Workflow'), { owners: new Set(['job']) }, 'keep: owner'],
    ['of a Workflow, all asked for', owned('Workflow'), { owners: 'all' }, 'delete'],
    ['of something called constructor', owned('constructor'), {}, 'keep: owner'],

    ['on the node', {}, { node: 'worker-1' }, 'delete'],
    ['on another node', {}, { node: 'worker-2' }, 'ignore'],

    ['for pressure', {}, { kinds: new Set(['pressure']) }, 'delete'],
    ['for a refusal', {}, { kinds: new Set(['admission']) }, 'keep: cause'],
    ['for memory', {}, { resources: new Set(['memory']) }, 'delete'],
    ['for memory or disk', {}, { resources: new Set(['disk', 'memory']) }, 'delete'],
    ['for pressure and disk', {}, { kinds: new Set(['pressure']), resources: new Set(['disk']) }, 'keep: cause'],
    ['for one of two, memory asked for', { message: TWO }, { resources: new Set(['memory']) }, 'delete'],
    ['for what nobody knows', { message: '?' }, { resources: new Set(['unknown']) }, 'delete'],
    ['an unknown cause is of no kind', { message: '?' }, { kinds: new Set(['pressure']) }, 'keep: cause'],

    ['an hour old', {}, { olderThanMs: HOUR }, 'delete'],
    ['not two hours old', {}, { olderThanMs: 2 * HOUR }, 'keep: young'],
    ['from the future', { kubeletWroteAt: NOW + HOUR }, { olderThanMs: 0 }, 'keep: young'],
    ['of unknown age', { kubeletWroteAt: null }, { olderThanMs: 0 }, 'keep: age-unknown'],

    ['the reason lost', lost, {}, 'keep: unmarked'],
    ['the reason lost, asked for', lost, { unmarked: true }, 'delete'],
    ['ended well, asked for', { ...lost, phase: 'Succeeded' }, { unmarked: true }, 'delete'],
    ['running, asked for', { ...lost, phase: 'Running' }, { unmarked: true }, 'ignore'],
    ['another reason, asked for', { ...lost, reason: 'Preempting' }, { unmarked: true }, 'ignore'],
    [
      "another one's condition",
      { reason: '', disruption: { ...lost.disruption, reason: 'EvictionByEvictionAPI' } },
      { unmarked: true },
      'ignore',
    ],
    [
      'a condition that tells something else',
      { reason: '', disruption: { ...lost.disruption, message: 'Preempted in order to admit critical pod' } },
      { unmarked: true },
      'ignore',
    ],

    ['shut down', { reason: 'NodeShutdown' }, {}, 'ignore'],
    ['shut down, asked for', { reason: 'NodeShutdown' }, { reasons: new Set(['nodeshutdown']) }, 'delete'],
    [
      'shut down, running',
      { reason: 'NodeShutdown', phase: 'Running' },
      { reasons: new Set(['nodeshutdown']) },
      'ignore',
    ],
    [
      'shut down, of a Job',
      { reason: 'Terminated', ...owned('Job') },
      { reasons: new Set(['terminated']) },
      'keep: owner',
    ],
  ])('%s', (_, pod, wanted, expected) => {
    expect(verdict(pod, wanted)).toBe(expected);
  });

  test.each<[string, Partial<TombstoneFacts>, Partial<Selection>, string]>([
    ['evicted', {}, {}, 'evicted'],
    ['another reason', { reason: 'NodeShutdown' }, { reasons: new Set(['nodeshutdown']) }, 'reason'],
    [
      'the reason lost, in one that asks for the empty reason',
      lost,
      { reasons: new Set(['']), unmarked: true },
      'unmarked',
    ],
  ])('says as what it goes: %s', (_what, pod, wanted, expected) => {
    expect(judge(tombstone(pod), selection(wanted), NOW)).toMatchObject({ action: 'delete', class: expected });
  });

  test.each([
    [{}, 'pressure memory'],
    [{ message: TWO }, 'admission disk+memory'],
    [{ message: '?' }, 'unknown'],
  ])('names the cause of %j as %s', (pod, cause) => {
    const decided = judge(tombstone(pod), selection(), NOW);
    expect(decided.action === 'ignore' ? null : causeOf(decided.eviction)).toBe(cause);
  });

  test.each(OTHER_REASONS)('%s goes only when asked for', reason => {
    expect(verdict({ reason })).toBe('ignore');
    expect(verdict({ reason }, { reasons: new Set([reason.toLowerCase()]) })).toBe('delete');
  });

  test('only tombstones ever go', () => {
    const texts = fc.constantFrom(
      '',
      'Evicted',
      'evicted',
      'Failed',
      'Running',
      'Succeeded',
      'Pending',
      'Error',
      'NodeShutdown',
    );
    fc.assert(
      fc.property(
        texts,
        texts,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (phase, reason, unmarked, mirror, condition) => {
          const pod = { phase, reason, mirror, disruption: condition ? lost.disruption : null };
          if (verdict(pod, { unmarked, owners: 'all' }) !== 'delete') return;
          expect(mirror).toBe(false);
          const evicted = phase === 'Failed' && reason.toLowerCase() === 'evicted';
          expect(evicted || (unmarked && condition && reason === '' && /^(Failed|Succeeded)$/.test(phase))).toBe(true);
        },
      ),
    );
  });
});

const candidate = (name: string, owner: string, evictedAt: number | null, namespace = 'shop'): Candidate => ({
  namespace,
  name,
  uid: name,
  resourceVersion: '1',
  node: 'n',
  owner,
  cause: 'pressure memory',
  class: 'evicted',
  evictedAt,
});
const limits = { keep: 0, limit: null, maxPercent: null };
const names = (pods: readonly Candidate[]): string => pods.map(pod => pod.name).join(' ');

describe('a plan', () => {
  const pods = [
    candidate('a1', 'ReplicaSet a', 1),
    candidate('a2', 'ReplicaSet a', 3),
    candidate('a3', 'ReplicaSet a', 2),
    candidate('b1', 'ReplicaSet b', 1),
    candidate('other', 'ReplicaSet a', 1, 'media'),
    candidate('x', '', 1),
    candidate('y', '', null),
  ];

  test('keeps the newest of each owner; who has none is one owner in its namespace', () => {
    const plan = planPurge(pods, 7, { ...limits, keep: 1 });
    expect(names(plan.newest)).toBe('a2 b1 other y');
    expect(names(plan.delete)).toBe('a1 a3 x');
  });

  test.each([
    ['b a c', 'a b'],
    ['c b a', 'a b'],
  ])('of equally new ones (%s) the names decide: %s', (order, kept) => {
    const equal = order.split(' ').map(name => candidate(name, 'ReplicaSet a', 1));
    expect(names(planPurge(equal, 3, { ...limits, keep: 2 }).newest)).toBe(kept);
  });

  test('keeps none, or all', () => {
    expect(planPurge(pods, 7, limits)).toEqual({ delete: pods, newest: [], refusal: null });
    expect(planPurge(pods, 7, { ...limits, keep: 3 }).delete).toEqual([]);
  });

  test.each([
    [{ limit: 7 }, 7, null],
    [{ limit: 6 }, 7, '7 pods would be deleted, more than --limit 6 allows'],
    [{ limit: 3, keep: 1 }, 7, null],
    [{ maxPercent: 50 }, 14, null],
    [
      { maxPercent: 49.9 },
      14,
      '7 pods would be deleted, more than 49.9% (--max-percent) of the 14 Evicted pods in scope',
    ],
    [{ maxPercent: 0, keep: 3 }, 14, null],
  ])('%j of %i', (change, inScope, refusal) => {
    expect(planPurge(pods, inScope, { ...limits, ...change }).refusal).toBe(refusal);
  });
});
