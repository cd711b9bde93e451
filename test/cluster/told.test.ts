import { describe, expect, test } from 'vitest';
import { waitTeller } from '../../src/cluster/told.ts';
import { ClusterError } from '../../src/errors.ts';

const throttled = new ClusterError('throttled', 'cannot list pods: the server has too much to do (429)', {
  status: 429,
});
const broken = new ClusterError('server', 'cannot list pods: 503', { status: 503 });

describe('a wait', () => {
  const once = ['warning: the API server has too much to do (429): waiting as it asks'];
  test.each<[string, number, readonly Error[], readonly string[]]>([
    ['is told once when the server asks for it', 0, [throttled, throttled, throttled], once],
    ['is not told when the server just failed', 0, [broken, new Error('reset')], []],
    ['is told when the server asks for it later', 2, [broken, throttled], once],
    [
      'is told each time where requests are told',
      6,
      [throttled, broken],
      [`again in 1.5 s: ${throttled.message}`, `again in 1.5 s: ${broken.message}`],
    ],
  ])('%s', (_name, verbosity, errors, lines) => {
    const told: string[] = [];
    const onWait = waitTeller(line => void told.push(line), verbosity);
    for (const error of errors) onWait(error, 1500);
    expect(told).toEqual(lines);
  });
});
