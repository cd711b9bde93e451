import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage, type EvictionMessage } from '../../src/eviction/message.ts';
import { runs } from '../support/fuzz.ts';

const amount = (text: string, value: number | null) => ({ text, amount: value });
const KI = 1024;
const MI = 1024 * KI;

const nothing = { words: [], signal: null, threshold: null, available: null, limit: null, pod: null, containers: [] };

const forms: readonly (readonly [string, string, Partial<EvictionMessage>])[] = [
  [
    'pressure, up to 1.25, one container',
    'The node was low on resource: memory. Container main was using 2231456Ki, which exceeds its request of 128Mi. ',
    {
      kind: 'pressure',
      resources: ['memory'],
      words: ['memory'],
      containers: [{ name: 'main', usage: amount('2231456Ki', 2_231_456 * KI), request: amount('128Mi', 128 * MI) }],
    },
  ],
  [
    'pressure, up to 1.25, no container',
    'The node was low on resource: inodes. ',
    { kind: 'pressure', resources: ['inodes'], words: ['inodes'] },
  ],
  [
    'pressure, up to 1.25, two containers, trimmed',
    'The node was low on resource: ephemeral-storage. Container a was using 4Ki, which exceeds its request of 0. Container b was using 8Ki, which exceeds its request of 1.5Gi.',
    {
      kind: 'pressure',
      resources: ['disk'],
      words: ['ephemeral-storage'],
      containers: [
        { name: 'a', usage: amount('4Ki', 4 * KI), request: amount('0', 0) },
        { name: 'b', usage: amount('8Ki', 8 * KI), request: amount('1.5Gi', 1536 * MI) },
      ],
    },
  ],
  [
    'pressure, newer, threshold and container',
    'The node was low on resource: ephemeral-storage. Threshold quantity: 622770267, available: 320Ki. Container web was using 7Ki, request is 0, has larger consumption of ephemeral-storage. ',
    {
      kind: 'pressure',
      resources: ['disk'],
      words: ['ephemeral-storage'],
      threshold: amount('622770267', 622_770_267),
      available: amount('320Ki', 320 * KI),
      containers: [{ name: 'web', usage: amount('7Ki', 7 * KI), request: amount('0', 0) }],
    },
  ],
  [
    'pressure, newer, threshold only, pids with a decimal suffix',
    'The node was low on resource: pids. Threshold quantity: 320Ki, available: 300k. ',
    {
      kind: 'pressure',
      resources: ['pid'],
      words: ['pids'],
      threshold: amount('320Ki', 320 * KI),
      available: amount('300k', 300_000),
    },
  ],
  [
    'pressure, newer, the pod as a whole; its name has dots',
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 90Mi. Pod web-1.example.org was using 3Gi, request is 1Gi, has larger consumption of memory. Container c was using 2Gi, request is 1Gi, has larger consumption of memory. ',
    {
      kind: 'pressure',
      resources: ['memory'],
      words: ['memory'],
      threshold: amount('100Mi', 100 * MI),
      available: amount('90Mi', 90 * MI),
      pod: { name: 'web-1.example.org', usage: amount('3Gi', 3072 * MI), request: amount('1Gi', 1024 * MI) },
      containers: [{ name: 'c', usage: amount('2Gi', 2048 * MI), request: amount('1Gi', 1024 * MI) }],
    },
  ],
  [
    'pressure, up to 1.10',
    'The node was low on resource: nodefs.',
    { kind: 'pressure', resources: ['disk'], words: ['nodefs'], signal: 'nodefs.available' },
  ],
  [
    'pressure, up to 1.10, inodes of images',
    'The node was low on resource: imagefsInodes.',
    { kind: 'pressure', resources: ['inodes'], words: ['imagefsInodes'], signal: 'imagefs.inodesFree' },
  ],
  [
    'pressure about something newer',
    'The node was low on resource: swap. ',
    { kind: 'pressure', resources: ['unknown'], words: ['swap'] },
  ],
  [
    'refused for something newer',
    'Pod was rejected: The node had condition: [SwapPressure]. ',
    { kind: 'admission', resources: ['unknown'], words: ['SwapPressure'] },
  ],
  [
    'refused, before 1.26',
    'Pod The node had condition: [DiskPressure]. ',
    { kind: 'admission', resources: ['disk'], words: ['DiskPressure'] },
  ],
  [
    'refused, 1.26 and later, several conditions',
    'Pod was rejected: The node had condition: [PIDPressure MemoryPressure]. ',
    { kind: 'admission', resources: ['pid', 'memory'], words: ['PIDPressure', 'MemoryPressure'] },
  ],
  [
    'refused, as in the event',
    'The node had condition: [MemoryPressure]. ',
    { kind: 'admission', resources: ['memory'], words: ['MemoryPressure'] },
  ],
  [
    'emptyDir limit',
    'Usage of EmptyDir volume "cache" exceeds the limit "5Mi". ',
    { kind: 'limit', resources: ['disk'], limit: { of: 'volume', name: 'cache', amount: amount('5Mi', 5 * MI) } },
  ],
  [
    'pod limit',
    'Pod ephemeral local storage usage exceeds the total limit of containers 20Mi. ',
    { kind: 'limit', resources: ['disk'], limit: { of: 'pod', name: null, amount: amount('20Mi', 20 * MI) } },
  ],
  [
    'container limit',
    'Container main exceeded its local ephemeral storage limit "8Mi". ',
    { kind: 'limit', resources: ['disk'], limit: { of: 'container', name: 'main', amount: amount('8Mi', 8 * MI) } },
  ],
];

describe('every form of status.message', () => {
  test.each(forms)('%s', (_, text, expected) => {
    expect(decodeMessage(text)).toEqual({ ...nothing, ...expected, rest: '' });
    // Tools trim the last blank.
    expect(decodeMessage(text.trimEnd())).toEqual({ ...nothing, ...expected, rest: '' });
  });

  test.each(forms)('%s, with a sentence of a newer kubelet behind it', (_, text, expected) => {
    const longer = `${text.trimEnd()} And 3 more.`;
    expect(decodeMessage(longer)).toEqual({ ...nothing, ...expected, rest: 'And 3 more.' });
  });
});

describe('other texts', () => {
  test.each([
    '',
    ' ',
    'Pod was active on the node longer than the specified deadline',
    "Pod Node didn't have enough resource: cpu, requested: 1, used: 2, capacity: 2",
    "Pod was rejected: Node didn't have enough resource: cpu",
    'Preempted in order to admit critical pod',
    'The node was low on resource: ',
    'The node was low on resource: [DiskPressure]. ',
    'the node was low on resource: memory. ',
    ' The node was low on resource: memory. ',
    'My app says: The node was low on resource: memory. ',
    'Pod was rejected: The node had condition: []. ',
    'Usage of EmptyDir volume "a b" exceeds the limit "5Mi". ',
    'Container exceeded its local ephemeral storage limit "8Mi". ',
    'Pod was terminated in response to imminent node shutdown.',
  ])('%j is not guessed at', text => {
    expect(decodeMessage(text)).toBeNull();
  });

  test('a quantity that is none stays a text', () => {
    const text = 'The node was low on resource: memory. Threshold quantity: many, available: few. ';
    expect(decodeMessage(text)).toMatchObject({ threshold: amount('many', null), available: amount('few', null) });
  });

  test('what is not understood is never lost and never invented', () => {
    const pieces = forms.flatMap(([, text]) => text.split(/(?<= )/));
    const texts = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 12 })), { maxLength: 25 });
    fc.assert(
      fc.property(texts, parts => {
        const text = parts.join('');
        const decoded = decodeMessage(text);
        if (decoded === null) return;
        expect(text.trim().endsWith(decoded.rest)).toBe(true);
        const head = text.trim().slice(0, text.trim().length - decoded.rest.length);
        // Whatever was read stands in the understood part.
        for (const { name, usage, request } of decoded.containers) {
          expect(head).toContain(`Container ${name} was using ${usage.text},`);
          expect(head).toContain(request?.text);
        }
        for (const word of decoded.words) expect(head).toContain(word);
        if (decoded.limit !== null) expect(head).toContain(decoded.limit.amount.text);
        expect(/^(The node|Pod |Usage of|Container )/.test(text.trimStart())).toBe(true);
      }),
      { numRuns: runs(5000) },
    );
  });

  test('any text at all, a megabyte included', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => decodeMessage(text) === null));
    for (const piece of ['Container a was using 1, which exceeds its request of 0. ', 'x', ' ', '[', '"']) {
      const text = `The node was low on resource: memory. ${piece.repeat(1_000_000 / piece.length)}`;
      expect(decodeMessage(text)).toMatchObject({ kind: 'pressure', resources: ['memory'] });
    }
  });
});
