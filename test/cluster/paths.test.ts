import { describe, expect, test } from 'vitest';
import { apiPath, isNodeName, nodePath } from '../../src/cluster/paths.ts';
import { ClusterError } from '../../src/errors.ts';

describe('node names', () => {
  test.each(['n', 'node-1', 'ip-10-0-0-1.eu-west-1.compute.internal', '0', 'a'.repeat(253)])('%s is one', name => {
    expect(nodePath(name)).toBe(`/api/v1/nodes/${name}`);
  });

  test.each([
    '',
    '.',
    '..',
    'a/b',
    'a%2fb',
    'Node',
    'a_b',
    '-a',
    'a-',
    'a..b',
    '.a',
    'a.',
    'a b',
    'a\n',
    'a?b',
    'nöde',
    'a'.repeat(254),
    'a'.repeat(1e6),
  ])('%j is none', name => {
    expect(isNodeName(name)).toBe(false);
    expect(() => nodePath(name)).toThrow(ClusterError);
  });
});

test('segments are encoded', () => {
  expect(apiPath('api', 'v1', 'namespaces', 'a b', 'pods', 'x/y?z#%')).toBe(
    '/api/v1/namespaces/a%20b/pods/x%2Fy%3Fz%23%25',
  );
});

test.each(['', '.', '..'])('the segment %j would be another path', segment => {
  expect(() => apiPath('api', segment)).toThrow(ClusterError);
});
