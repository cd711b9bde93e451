import { describe, expect, test } from 'vitest';
import { freshness } from '../../src/eviction/freshness.ts';
import type { Instant, Reading } from '../../src/eviction/node.ts';
import { FORBIDDEN, NOW, nodeFacts } from '../support/builders.ts';

const seen = (ago: number | null): Reading<Instant | null> => ({
  ok: true,
  value: ago === null ? null : NOW - ago * 1000,
});
const beat = (ago: number | null) => {
  const conditions = nodeFacts().conditions.map(c => ({ ...c, heartbeat: ago === null ? null : NOW - ago * 1000 }));
  return nodeFacts({ conditions });
};

describe('freshness', () => {
  test.each([
    ['lease at its limit', beat(10), seen(40), 'lease', false],
    ['lease over it', beat(10), seen(41), 'lease', true],
    ['a fresh lease beats an old heartbeat', beat(3000), seen(5), 'lease', false],
    ['no lease: heartbeat within 6 minutes', beat(360), seen(null), 'heartbeat', false],
    ['no lease: heartbeat over it', beat(361), seen(null), 'heartbeat', true],
    ['neither', beat(null), seen(null), 'none', true],
    ['a lease a little ahead is fresh', beat(10), seen(-40), 'lease', false],
    ['a lease far ahead says nothing: the heartbeat counts', beat(361), seen(-41), 'heartbeat', true],
    ['a heartbeat a little ahead is fresh', beat(-360), seen(null), 'heartbeat', false],
    ['a heartbeat far ahead says nothing', beat(-361), seen(null), 'none', true],
    ['both ahead by years', beat(-1e9), seen(-1e9), 'none', true],
  ] as const)('%s', (_what, node, lease, source, stale) => {
    expect(freshness(node, lease, NOW)).toMatchObject({ source, stale });
  });

  test('without the right to read leases the heartbeat counts', () => {
    expect(freshness(beat(60), { ok: false, problem: FORBIDDEN }, NOW)).toMatchObject({
      source: 'heartbeat',
      stale: false,
    });
  });

  test.each([
    ['nothing was ever told', beat(null), seen(null), 'kubelet never heard of'],
    ['its clock is ahead', beat(-1e9), seen(null), /clock is ahead of the API server's/],
    ['its clock is ahead, and there is no heartbeat', beat(null), seen(-1e9), /clock is ahead of the API server's/],
    ['it is stale', beat(null), seen(540), 'kubelet last heard of 9m ago (lease)'],
  ] as const)('the sentence when %s', (_what, node, lease, text) => {
    expect(freshness(node, lease, NOW).text).toMatch(text);
  });
});
