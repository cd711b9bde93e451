import { describe, expect, test } from 'vitest';
import type { ReportState } from '../../src/eviction/actions.ts';
import type { ReadProblem } from '../../src/eviction/node.ts';
import { type ReportedEviction, ReportTally } from '../../src/eviction/report.ts';
import { commonKey, dialogTable, intentOf } from '../../src/ui/keys.ts';
import { lineWidth, textOf } from '../../src/ui/line.ts';
import { REPORT_KEYS } from '../../src/ui/report/keys.ts';
import { type ReportUi, SECTIONS, type Section, stepReport } from '../../src/ui/report/state.ts';
import { reportView } from '../../src/ui/report/view.ts';
import { themeFor } from '../../src/ui/theme.ts';
import { NOW } from '../support/builders.ts';

const theme = themeFor({ LANG: 'C.UTF-8' }, true);
const PROBLEM: ReadProblem = { reason: 'forbidden', message: 'no right to list events', remedy: 'ask for it' };

function eviction(i: number, change: Partial<ReportedEviction> = {}): ReportedEviction {
  return {
    uid: `uid-${i}`,
    namespace: i % 3 === 0 ? 'shop' : 'logging',
    name: `pod-${i}`,
    node: `node-${i % 5}`,
    owner: { kind: 'ReplicaSet', name: `web-${i % 4}` },
    kind: 'pressure',
    resources: [i % 2 === 0 ? 'disk' : 'memory'],
    time: { at: NOW - i * 60_000, exact: true, source: 'event' },
    source: 'pod',
    ...change,
  };
}

function read(evictions: readonly ReportedEviction[], change: Partial<ReportState> = {}): ReportState {
  const tally = new ReportTally(NOW, null);
  for (const each of evictions) tally.add(each);
  return {
    reading: false,
    counted: evictions.length,
    found: { ok: true, value: tally.report(500) },
    readAt: NOW,
    problems: [],
    ...change,
  };
}

const MANY = Array.from({ length: 60 }, (_, i) => eviction(i));

function seen(state: ReportState, section: Section = 'causes', width = 116): string {
  const { head, body, prompt } = reportView({ section }, state, width, theme);
  for (const each of [...head, ...body, ...prompt]) expect(lineWidth(each)).toBeLessThanOrEqual(width);
  return [...head, ...body, ...prompt].map(each => textOf(each).trimEnd()).join('\n');
}

describe('the keys of the report', () => {
  test('mean one thing each', () => {
    const all = REPORT_KEYS.flatMap(({ keys }) => keys);
    expect(new Set(all).size).toBe(all.length);
  });

  test.each<readonly [readonly string[], Section]>([
    [[], 'causes'],
    [['tab'], 'owners'],
    [['tab', 'l', 'right'], 'namespaces'],
    [['tab', 'tab', 'tab', 'tab'], 'causes'],
    [['h'], 'namespaces'],
    [['shift-tab', 'left'], 'nodes'],
    [['3'], 'nodes'],
    [['4', '2'], 'owners'],
    [['4', '1'], 'causes'],
    [['4', 'r'], 'namespaces'],
    [['4', 'y'], 'namespaces'],
  ])('%j: %s', (keys, section) => {
    const ui = keys.reduce<ReportUi>(
      (before, key) => {
        const intent = intentOf(REPORT_KEYS, key);
        return intent === null ? before : stepReport(before, intent).ui;
      },
      { section: 'causes' },
    );
    expect(ui.section).toBe(section);
  });

  test.each([
    ['r', 'again'],
    ['escape', 'leave'],
    ['q', 'leave'],
    ['R', 'leave'],
    ['tab', null],
    ['2', null],
    ['y', null],
  ])('the effect of %s is %s', (key, effect) => {
    const intent = intentOf(REPORT_KEYS, key);
    expect(intent === null ? null : stepReport({ section: 'causes' }, intent).effect).toBe(effect);
  });

  test.each([
    ['y', 'c'],
    ['c', 'c'],
    ['r', null],
    ['escape', null],
    ['x', null],
  ])('%s stands for the key %s of every dialog', (key, common) => {
    expect(commonKey({ keys: REPORT_KEYS }, key)).toBe(common);
  });

  test('the help tells each once', () => {
    const table = dialogTable({ keys: REPORT_KEYS, wantsText: false });
    expect(table.filter(({ intent }) => intent === 'command-line')).toHaveLength(1);
    expect(table.map(({ intent }) => intent)).toContain('cursor-down');
  });
});

describe('the report', () => {
  test('tells what it counts, from when to when, and what no cluster knows', () => {
    const text = seen(read([...MANY, eviction(99, { source: 'event', owner: undefined })]));
    expect(text).toContain('61 evictions in all namespaces: 60 Evicted pods and 1 event whose pod is gone');
    expect(text).toContain('from 2026-11-23 01:21 to 2026-11-23 03:00 UTC');
    expect(text).toContain('events of about the last hour');
  });

  test.each<readonly [Section, readonly RegExp[]]>([
    ['causes', [/^\[Causes 2\] {2}Owners 8 {3}Nodes 5 {3}Namespaces 2/m, /^pressure disk +30 +50% +▇+/m, /in each 5m/]],
    ['owners', [/\[Owners 8\]/, /^ReplicaSet web-0 +logging +10 +16\.7%/m]],
    ['nodes', [/\[Nodes 5\]/, /^node-4 +12 +20% +▇+ +2026-11-23 02:56/m]],
    ['namespaces', [/\[Namespaces 2\]/, /^logging +40 +66\.7%/m, /^shop +20 +33\.3%/m]],
  ])('by %s', (section, expected) => {
    const text = seen(read(MANY), section);
    for (const each of expected) expect(text).toMatch(each);
  });

  test('when: with the causes; beside every grouping where there is room', () => {
    const shows = (section: Section, width: number): boolean => seen(read(MANY), section, width).includes('FROM (UTC)');
    expect(SECTIONS.map(section => shows(section, 116))).toEqual([true, false, false, false]);
    expect(SECTIONS.map(section => shows(section, 196))).toEqual([true, true, true, true]);
  });

  test.each([48, 60, 76, 116, 196])('fits in %i columns, with count and share', width => {
    for (const section of SECTIONS) expect(seen(read(MANY), section, width)).toMatch(/EVICTIONS +SHARE/);
  });

  test('of more groups than it lists says how many', () => {
    const state = read(Array.from({ length: 600 }, (_, i) => eviction(i, { node: `node-${i}` })));
    expect(seen(state, 'nodes')).toContain('and 100 more groups, with 100 evictions');
  });

  test('of unknown times draws none', () => {
    const text = seen(read([eviction(1, { time: null })]));
    expect(text).toContain('When they were is not known.');
  });

  test('of a screen reader has no bars', () => {
    const words = themeFor({ LANG: 'C.UTF-8', INK_SCREEN_READER: 'true' }, true);
    const { body } = reportView({ section: 'nodes' }, read(MANY), 116, words);
    expect(body.map(textOf).join('\n')).not.toContain('▇');
  });
});

describe('what is missing', () => {
  test('nothing is there yet', () => {
    const state: ReportState = { reading: true, counted: 1500, found: null, readAt: null, problems: [] };
    expect(seen(state)).toContain('Reading the evictions of all namespaces … 1,500 so far');
  });

  test('nothing could be read', () => {
    const text = seen(read([], { found: { ok: false, problem: PROBLEM } }));
    expect(text).toContain('no right to list events\nask for it');
    expect(text).not.toContain('0 evictions');
  });

  test('a part could not be read', () => {
    const text = seen(read(MANY, { problems: [PROBLEM] }));
    expect(text).toContain('60 evictions');
    expect(text).toContain('! no right to list events: ask for it');
  });

  test('nobody was evicted', () => {
    const text = seen(read([]));
    expect(text).toContain('0 evictions in all namespaces');
    expect(text).toContain('events of about the last hour');
    expect(text).not.toContain('SHARE');
  });
});

test('names of the cluster cannot colour the screen', () => {
  const hostile = eviction(1, {
    namespace: '\u001b[31mx',
    node: '日本\u202e'.repeat(100),
    owner: { kind: '\u009b1m', name: 'x'.repeat(4000) },
  });
  for (const section of SECTIONS) expect(seen(read([hostile]), section, 76)).not.toMatch(/[\u001b\u009b\u202e]/);
});
