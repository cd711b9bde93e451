import { describe, expect, test } from 'vitest';
import { evidenceFromKube, tombstoneFromKube } from '../../src/cluster/tombstone-from-kube.ts';
import { decodeEviction, type EvictionEvidence, guessSignal } from '../../src/eviction/decode.ts';
import { decodeMessage } from '../../src/eviction/message.ts';
import type { Signal } from '../../src/eviction/signal.ts';
import { parseThresholds } from '../../src/eviction/threshold.ts';
import { isEvicted } from '../../src/eviction/tombstone.ts';
import { map } from '../support/builders.ts';
import { fixture } from '../support/fixtures.ts';
import { TOMBSTONE_NOW as NOW, tombstone } from '../support/tombstones.ts';

interface List {
  readonly items: readonly { readonly metadata: { readonly name: string }; readonly status: { message: string } }[];
}

const RECORDINGS = [
  ['v1.20', 'pods-evicted.json'],
  ['v1.20', 'pods-failed.json'],
  ['v1.36', 'pods-evicted.json'],
  ['v1.36', 'pods-evicted-memory-pid.json'],
  ['v1.36', 'pods-all.json'],
] as const;

describe('recorded pods', () => {
  test.each(RECORDINGS)('%s %s: every evicted pod is decoded whole', (version, file) => {
    const { items } = fixture(version, file) as List;
    const evicted = items.filter(pod => isEvicted(tombstoneFromKube(pod)));
    expect(evicted.length).toBeGreaterThan(2);
    for (const pod of evicted) {
      const eviction = decodeEviction(tombstoneFromKube(pod));
      const told = JSON.stringify({ name: pod.metadata.name, text: pod.status.message, eviction });
      expect(eviction.kind, told).not.toBe('unknown');
      expect(eviction.resources, told).not.toContain('unknown');
      expect(eviction.message?.rest, told).toBe('');
      expect(eviction.time, told).not.toBeNull();
      for (const { usage, request } of eviction.containers) {
        expect(usage.amount, told).not.toBeNull();
        expect(request?.amount, told).not.toBeNull();
      }
      // Nothing of a number is left out: what the message has, the decoded parts have.
      const numbers = pod.status.message.match(/\b\d+(?:[KMGTPE]i|[kMGTPE])?\b/g) ?? [];
      for (const number of numbers) expect(JSON.stringify(eviction.message), told).toContain(number);
    }
  });

  test('each form of 1.20 and 1.36 is among them', () => {
    const seen = new Set(
      RECORDINGS.flatMap(([version, file]) =>
        (fixture(version, file) as List).items
          .map(tombstoneFromKube)
          .filter(isEvicted)
          .map(pod => {
            const { kind, resources, message, time } = decodeEviction(pod);
            return `${version} ${kind} ${resources.join('+')} ${message?.limit?.of ?? ''} ${time?.source}`;
          }),
      ),
    );
    expect([...seen].toSorted()).toMatchInlineSnapshot(`
      [
        "v1.20 admission disk  managed-fields",
        "v1.20 admission memory  managed-fields",
        "v1.20 limit disk container managed-fields",
        "v1.20 limit disk pod managed-fields",
        "v1.20 limit disk volume managed-fields",
        "v1.20 pressure disk  managed-fields",
        "v1.20 pressure memory  managed-fields",
        "v1.36 admission disk  managed-fields",
        "v1.36 admission memory  managed-fields",
        "v1.36 limit disk pod container",
        "v1.36 limit disk volume container",
        "v1.36 pressure disk  condition",
        "v1.36 pressure memory  condition",
        "v1.36 pressure pid  condition",
      ]
    `);
  });

  test.each(['v1.20', 'v1.36'] as const)('%s: the events say the same as the pods', version => {
    const events = (fixture(version, version === 'v1.20' ? 'events.json' : 'events-evicted.json') as List).items;
    const evidence = events.map(evidenceFromKube).filter(found => found !== null);
    expect(evidence.length).toBeGreaterThan(5);
    for (const { evidence: one } of evidence) {
      const decoded = decodeEviction(tombstone({ message: '', reason: '' }), one);
      expect(decoded.kind).not.toBe('unknown');
      expect(decoded.message?.rest).toBe('');
      if (one.resource !== '') expect(decoded.message?.words).toEqual([one.resource]);
      // The annotations name the containers of the message, where it names any.
      const named = decodeMessage(one.message)?.containers.map(c => c.name) ?? [];
      if (named.length > 0) expect(one.containers.split(',')).toEqual(expect.arrayContaining(named));
    }
  });
});

const evidence = (change: Partial<EvictionEvidence> = {}): EvictionEvidence => ({
  at: NOW - 30_000,
  message: 'The node was low on resource: memory. ',
  resource: 'memory',
  containers: '',
  usage: '',
  ...change,
});

const MESSAGE = 'The node was low on resource: memory. ';
const disruption = { reason: 'TerminationByKubelet', message: MESSAGE, since: NOW - 10_000 };

describe('the time of an eviction', () => {
  const written = { message: MESSAGE, kubeletWroteAt: NOW - 40_000 };
  test.each([
    [
      'the condition first',
      { ...written, disruption, finishedAt: NOW - 20_000 },
      evidence(),
      { at: NOW - 10_000, source: 'condition', exact: true },
    ],
    [
      "not another one's condition",
      { ...written, disruption: { ...disruption, reason: 'DeletionByTaintManager' }, finishedAt: NOW - 20_000 },
      evidence(),
      { at: NOW - 20_000, source: 'container', exact: true },
    ],
    ['then the event', { ...written }, evidence(), { at: NOW - 30_000, source: 'event', exact: true }],
    ['then the last write', { ...written }, null, { at: NOW - 40_000, source: 'managed-fields', exact: false }],
    ['else unknown', { message: MESSAGE, kubeletWroteAt: null }, null, null],
    [
      'containers of a refused pod ended before it was refused',
      { ...written, message: 'Pod was rejected: The node had condition: [DiskPressure]. ', finishedAt: NOW - 50_000 },
      null,
      { at: NOW - 40_000, source: 'managed-fields', exact: false },
    ],
    [
      'a clock gone wrong is passed over',
      { ...written, createdAt: NOW - 60_000, finishedAt: NOW - 70_000 },
      null,
      { at: NOW - 40_000, source: 'managed-fields', exact: false },
    ],
  ] as const)('%s', (_, change, event, expected) => {
    expect(decodeEviction(tombstone(change), event).time).toEqual(expected);
  });
});

describe('what is left of the reason', () => {
  test('a lost message is made good by the condition', () => {
    const eviction = decodeEviction(tombstone({ message: '', disruption }));
    expect(eviction).toMatchObject({ kind: 'pressure', resources: ['memory'], text: MESSAGE });
  });

  test('an unknown message is kept as it is', () => {
    const eviction = decodeEviction(tombstone({ message: 'Evicted by somebody else' }));
    expect(eviction).toMatchObject({ kind: 'unknown', resources: ['unknown'], text: 'Evicted by somebody else' });
  });

  test('annotations tell the containers that the message does not', () => {
    const event = evidence({ containers: 'a,b', usage: '1Mi,2Mi' });
    const eviction = decodeEviction(tombstone({ message: MESSAGE }), event);
    expect(eviction.containers).toEqual([
      { name: 'a', usage: { text: '1Mi', amount: 1_048_576 }, request: null },
      { name: 'b', usage: { text: '2Mi', amount: 2_097_152 }, request: null },
    ]);
  });

  test('annotations that do not belong together are left out', () => {
    const event = evidence({ message: 'new words', containers: 'a,b', usage: '1Mi' });
    expect(decodeEviction(tombstone({ message: 'new words' }), event)).toMatchObject({
      kind: 'unknown',
      resources: ['memory'],
      containers: [],
    });
  });
});

describe('the signal behind a message', () => {
  const hard = map({ 'nodefs.available': '10%', 'imagefs.available': '15%', 'memory.available': '100Mi' });
  const none = { evictionSoft: null, evictionSoftGracePeriod: null, evictionMinimumReclaim: null };
  const { thresholds } = parseThresholds({ evictionHard: hard, ...none }, null);
  const capacity = (bytes: number) =>
    new Map<Signal, { capacity: number }>([
      ['nodefs.available', { capacity: bytes }],
      ['imagefs.available', { capacity: bytes }],
    ]);
  const disk = (threshold: string) =>
    decodeMessage(
      `The node was low on resource: ephemeral-storage. Threshold quantity: ${threshold}, available: 1Ki. `,
    )!;
  const node = { thresholds, observations: capacity(20_941_697_024) };

  test.each([
    [
      'the only one of its resource',
      decodeMessage('The node was low on resource: pids. ')!,
      node,
      'pid.available',
      'only',
    ],
    [
      'named by an old kubelet',
      decodeMessage('The node was low on resource: imagefs.')!,
      null,
      'imagefs.available',
      'named',
    ],
    ["matched with the kubelet's arithmetic", disk('3141254678'), node, 'imagefs.available', 'matched'],
    ['no threshold amounts to that', disk('3141254679'), node, null, 'unknown'],
    ['no node to compare with', disk('3141254678'), null, null, 'unknown'],
    ['a refusal has none', decodeMessage('Pod The node had condition: [DiskPressure]. ')!, node, null, 'unknown'],
  ] as const)('%s', (_, message, context, signal, certainty) => {
    expect(guessSignal(message, context)).toMatchObject({ signal, certainty });
  });

  test('matched in another notation', () => {
    const written = parseThresholds(
      { evictionHard: map({ 'nodefs.available': '1048576Ki', 'imagefs.available': '15%' }), ...none },
      null,
    );
    const guess = guessSignal(disk('1Gi'), { ...node, thresholds: written.thresholds });
    expect(guess).toMatchObject({ signal: 'nodefs.available', certainty: 'matched' });
  });

  test('two that fit are both told', () => {
    const same = parseThresholds(
      { evictionHard: map({ 'nodefs.available': '10%', 'imagefs.available': '10%' }), ...none },
      null,
    );
    const guess = guessSignal(disk('1000'), { thresholds: same.thresholds, observations: capacity(10_000) });
    expect(guess).toEqual({
      signal: null,
      certainty: 'unknown',
      candidates: ['nodefs.available', 'imagefs.available'],
    });
  });
});
