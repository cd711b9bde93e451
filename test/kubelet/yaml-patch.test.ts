import { describe, expect, test } from 'vitest';
import type { WrittenSettings } from '../../src/eviction/settings.ts';
import { type LayerPlace, patchLayer } from '../../src/kubelet/yaml-patch.ts';
import { map } from '../support/builders.ts';

const ROOT: LayerPlace = { document: 0, path: [] };
const HARD: WrittenSettings = { evictionHard: map({ 'memory.available': '100Mi', 'nodefs.available': '5%' }) };

function patch(text: string, settings = HARD, place = ROOT): string {
  const result = patchLayer(text, place, settings);
  if (!result.ok) throw new Error(result.error);
  const again = patchLayer(result.value, place, settings);
  expect(again).toEqual(result);
  return result.value;
}

function refusal(text: string, place = ROOT): string {
  const result = patchLayer(text, place, HARD);
  return result.ok ? `not refused: ${result.value}` : result.error;
}

describe('a value that is there is replaced in its own style', () => {
  test.each([
    [
      'plain',
      'evictionHard:\n  memory.available: 100Mi\n  nodefs.available: 10%\n',
      'evictionHard:\n  memory.available: 100Mi\n  nodefs.available: 5%\n',
    ],
    [
      'double quotes',
      'evictionHard: {memory.available: "100Mi", nodefs.available: "10%"}',
      'evictionHard: {memory.available: "100Mi", nodefs.available: "5%"}',
    ],
    [
      'single quotes',
      "evictionHard: {memory.available: '100Mi', nodefs.available: '10%'}",
      "evictionHard: {memory.available: '100Mi', nodefs.available: '5%'}",
    ],
    [
      'JSON',
      '{"evictionHard":{"memory.available":"100Mi","nodefs.available":"10%"}}',
      '{"evictionHard":{"memory.available":"100Mi","nodefs.available":"5%"}}',
    ],
    [
      'an escape',
      '{"evictionHard":{"memory.available":"1\\u00300Mi","nodefs.available":"\\u0031%"}}',
      '{"evictionHard":{"memory.available":"1\\u00300Mi","nodefs.available":"5%"}}',
    ],
    [
      'a comment behind it',
      'evictionHard:\n  memory.available: 100Mi # m\n  nodefs.available: 10%   # n\n# end\n',
      'evictionHard:\n  memory.available: 100Mi # m\n  nodefs.available: 5%   # n\n# end\n',
    ],
    [
      'CRLF',
      'evictionHard:\r\n  memory.available: 100Mi\r\n  nodefs.available: 10%\r\nx: 1\r\n',
      'evictionHard:\r\n  memory.available: 100Mi\r\n  nodefs.available: 5%\r\nx: 1\r\n',
    ],
  ])('%s', (_, before, after) => {
    expect(patch(before)).toBe(after);
  });
});

describe('what is missing is added', () => {
  test.each([
    [
      'to a block',
      'evictionHard:\n    memory.available: "100Mi"\nx: 1\n',
      'evictionHard:\n    memory.available: "100Mi"\n    nodefs.available: "5%"\nx: 1\n',
    ],
    [
      'to a block at the end, without a line feed',
      'evictionHard:\n  memory.available: "100Mi"',
      'evictionHard:\n  memory.available: "100Mi"\n  nodefs.available: "5%"',
    ],
    [
      'to a flow map',
      'evictionHard: {memory.available: 100Mi} # c\n',
      'evictionHard: {memory.available: 100Mi, nodefs.available: "5%"} # c\n',
    ],
    [
      'to a flow map on several lines',
      '{\n  "evictionHard": {\n    "memory.available": "100Mi"\n  }\n}\n',
      '{\n  "evictionHard": {\n    "memory.available": "100Mi",\n    "nodefs.available": "5%"\n  }\n}\n',
    ],
    [
      'as a whole map',
      'kind: X\n# last\n',
      'kind: X\nevictionHard:\n  memory.available: "100Mi"\n  nodefs.available: "5%"\n# last\n',
    ],
    [
      'in place of {}',
      'evictionHard: {} # none\n',
      'evictionHard: {memory.available: "100Mi", nodefs.available: "5%"} # none\n',
    ],
    ['in place of null', 'evictionHard: null\n', 'evictionHard: {memory.available: "100Mi", nodefs.available: "5%"}\n'],
    [
      'under a key without a value',
      'evictionHard:\nx: 1\n',
      'evictionHard:\n  memory.available: "100Mi"\n  nodefs.available: "5%"\nx: 1\n',
    ],
    ['to an empty object', '{}', '{"evictionHard": {"memory.available": "100Mi", "nodefs.available": "5%"}}'],
    [
      'behind a block scalar',
      'a: |\n  text\n',
      'a: |\n  text\nevictionHard:\n  memory.available: "100Mi"\n  nodefs.available: "5%"\n',
    ],
    [
      'in front of the next document',
      'a: 1\n---\nb: 2\n',
      'a: 1\nevictionHard:\n  memory.available: "100Mi"\n  nodefs.available: "5%"\n---\nb: 2\n',
    ],
  ])('%s', (_, before, after) => {
    expect(patch(before)).toBe(after);
  });

  test('several fields, old ones in place and new ones at the end', () => {
    const settings: WrittenSettings = {
      ...HARD,
      evictionSoft: map({ 'nodefs.available': '15%' }),
      evictionSoftGracePeriod: map({ 'nodefs.available': '1m' }),
      evictionPressureTransitionPeriod: '10m0s',
      evictionMaxPodGracePeriod: 30,
    };
    expect(patch('evictionPressureTransitionPeriod: 5m0s\nevictionSoft:\n  imagefs.available: "20%"\n', settings)).toBe(
      'evictionPressureTransitionPeriod: 10m0s\nevictionSoft:\n  imagefs.available: "20%"\n  nodefs.available: "15%"\nevictionHard:\n  memory.available: "100Mi"\n  nodefs.available: "5%"\nevictionSoftGracePeriod:\n  nodefs.available: "1m"\nevictionMaxPodGracePeriod: 30\n',
    );
  });

  test('deep inside another object', () => {
    const place: LayerPlace = { document: 1, path: ['nodeGroups', 1, 'kubeletExtraConfig'] };
    const before = 'a: 1\n---\nnodeGroups:\n- name: a\n- name: b\n  kubeletExtraConfig:\n    maxPods: 5\n';
    expect(patch(before, HARD, place)).toBe(
      `${before}    evictionHard:\n      memory.available: "100Mi"\n      nodefs.available: "5%"\n`,
    );
  });
});

describe('everything else stays, byte for byte', () => {
  const rest =
    '# top\n\nmode: 0644\nport: 1e3\n"q" :  yes   # on\nlist: [ 1,2 , 3 ]\nanchor: &a {x: 1}\nalias: *a\ntext: >-\n  folded\n   more\n\n';

  test('numbers, anchors, aliases, odd spacing, block texts', () => {
    expect(patch(`${rest}evictionHard:\n  nodefs.available: "1%"\n  memory.available: 100Mi\n# tail`)).toBe(
      `${rest}evictionHard:\n  nodefs.available: "5%"\n  memory.available: 100Mi\n# tail`,
    );
  });

  test('keys that are no signals, even __proto__', () => {
    expect(patch('evictionHard: {__proto__: "1", memory.available: 100Mi, nodefs.available: 1%}\n')).toBe(
      'evictionHard: {__proto__: "1", memory.available: 100Mi, nodefs.available: 5%}\n',
    );
  });
});

describe('refused with the reason', () => {
  test.each([
    ['an alias', 'x: &x {a: b}\nevictionHard: *x\n', /alias/],
    ['an anchor', 'evictionHard: &x\n  memory.available: 1Gi\ny: *x\n', /anchor/],
    ['a tag', 'evictionHard: !!map\n  memory.available: 1Gi\n', /tag/],
    ['an alias as value', 'x: &x 5%\nevictionHard: {nodefs.available: *x}\n', /alias/],
    ['a list', 'evictionHard: [1]\n', /no map/],
    ['a text', 'evictionHard: off\n', /no map/],
    ['a key twice', 'evictionHard: {}\nevictionHard: {}\n', /duplicated/],
    ['no YAML', 'a: [1\nb: }', /./],
    ['no mapping', '- 1\n', /no mapping/],
    ['nothing', '', /no mapping/],
    ['a merge key that brings the map', 'x: &x {evictionHard: {pid.available: "5"}}\n<<: *x\n', /safely/],
  ])('%s', (_, text, reason) => {
    expect(refusal(text)).toMatch(reason);
  });
});
