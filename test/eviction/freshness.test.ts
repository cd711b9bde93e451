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
    ['a lease from the future is fresh', beat(10), seen(-30), 'lease', false],
  ] as const)('%s', (_what, node, lease, source, stale) => {
    expect(freshness(node, lease, NOW)).toMatchObject({ source, stale });
  });

  test('without the right to read leases the heartbeat counts', () => {
    expect(freshness(beat(60), { ok: false, problem: FORBIDDEN }, NOW)).toMatchObject({
      source: 'heartbeat',
      stale: false,
    });
  });
});
