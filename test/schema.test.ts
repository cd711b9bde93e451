import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { nodeFromKube, statsFromKube } from '../src/cluster/from-kube.ts';
import type { ClusterReason } from '../src/errors.ts';
import { assess } from '../src/eviction/assess.ts';
import { type EvictionConfig, readEvictionConfig } from '../src/eviction/config.ts';
import { FINDING_CODES } from '../src/eviction/findings.ts';
import type { NodeInput, Reading } from '../src/eviction/node.ts';
import { SIGNALS } from '../src/eviction/signal-names.ts';
import type { SignalState } from '../src/eviction/signal-report.ts';
import type { Survey } from '../src/eviction/survey.ts';
import { toJson } from '../src/output/documents.ts';
import { nodeStatusList } from '../src/output/status-document.ts';
import { FORBIDDEN, GI, map, NOW, nodeInput, singleDisk, TIMEOUT } from './support/builders.ts';
import { fixture } from './support/fixtures.ts';

type Json = Record<string, unknown>;

const schema = JSON.parse(
  readFileSync(new URL('../docs/schemas/node-status-list.json', import.meta.url), 'utf8'),
) as Json & { readonly $defs: Record<string, { readonly enum?: readonly unknown[]; readonly properties?: Json }> };
// Everything of ajv's strict mode but one rule: `["string", "null"]` is how the schema says "may be unknown".
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
const validate = ajv.compile(schema);

/** What is wrong with a document, one line each; empty: nothing. */
function complaints(document: unknown): readonly string[] {
  validate(document);
  return (validate.errors ?? []).map(e => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}

function configOf(version: 'v1.20' | 'v1.36', name: string): Reading<EvictionConfig> {
  const config = readEvictionConfig(fixture(version, name));
  if (!config.ok) throw new Error(config.error);
  return { ok: true, value: config.value };
}

/** A node as recorded: its object, its configuration, its figures. */
function recordedInput(version: 'v1.20' | 'v1.36', node: string, configz: string, stats: string): NodeInput {
  return {
    ...nodeInput(),
    node: nodeFromKube(fixture(version, node)),
    config: configOf(version, configz),
    stats: { ok: true, value: statsFromKube(fixture(version, stats)) },
  };
}

function surveyOf(inputs: readonly NodeInput[], change: Partial<Survey> = {}): Survey {
  return {
    takenAt: NOW,
    context: 'prod',
    server: 'https://10.0.0.1:6443',
    scope: 'all',
    nearPercent: 5,
    nodeCount: inputs.length,
    underPressure: 0,
    uncertain: 0,
    near: 0,
    unreadable: 0,
    evictedPods: { ok: true, value: 3 },
    reports: assess(inputs, { now: NOW }),
    errors: [],
    ...change,
  };
}

/** What a program that reads our stdout gets. */
function printed(survey: Survey): Json {
  return JSON.parse(toJson(nodeStatusList(survey))) as Json;
}

const disk = { available: 2 * GI, capacity: 100 * GI, inodesFree: 1000, inodes: 6.5e6, time: NOW };

const SURVEYS: readonly (readonly [string, Survey])[] = [
  ['no node at all', surveyOf([], { context: null, scope: 'pressure', near: null })],
  ['healthy, 1.36', surveyOf([recordedInput('v1.36', 'node-healthy.json', 'configz.json', 'stats-summary.json')])],
  [
    'DiskPressure, 1.20',
    surveyOf([recordedInput('v1.20', 'node.json', 'configz.json', 'stats-summary-pressure.json')], {
      scope: 'pressure',
      underPressure: 1,
    }),
  ],
  [
    'MemoryPressure, 1.36',
    surveyOf([
      recordedInput(
        'v1.36',
        'node-memorypressure.json',
        'configz-memory-pid.json',
        'stats-summary-under-pressure.json',
      ),
    ]),
  ],
  ['soft, 1.20', surveyOf([recordedInput('v1.20', 'node.json', 'configz-soft.json', 'stats-summary.json')])],
  ['soft, 1.36', surveyOf([recordedInput('v1.36', 'node-healthy.json', 'configz-soft.json', 'stats-summary.json')])],
  ['a partial map', surveyOf([recordedInput('v1.36', 'node.json', 'configz-partial.json', 'stats-summary.json')])],
  [
    'figures of memory only',
    surveyOf([recordedInput('v1.36', 'node.json', 'configz.json', 'stats-summary-cpu-memory.json')]),
  ],
  [
    'a silent kubelet, named',
    surveyOf(
      [
        {
          ...nodeInput({ configProblem: TIMEOUT, statsProblem: TIMEOUT, leaseAgo: 900 }),
          node: nodeFromKube(fixture('v1.20', 'node-unknown.json')),
        },
      ],
      {
        scope: 'named',
        nodeCount: null,
        unreadable: 1,
        errors: [
          { what: 'configz', node: 'k120-node', ...TIMEOUT },
          { what: 'stats/summary', node: 'k120-node', ...TIMEOUT },
        ],
      },
    ),
  ],
  [
    'a user who may read nodes only',
    surveyOf(
      [
        {
          ...nodeInput({
            configProblem: FORBIDDEN,
            statsProblem: FORBIDDEN,
            evicted: { ok: false, problem: FORBIDDEN },
          }),
          lease: { ok: false, problem: FORBIDDEN },
        },
      ],
      {
        near: null,
        unreadable: 1,
        evictedPods: { ok: false, problem: FORBIDDEN },
        errors: ['nodes/proxy', 'pods', 'leases', 'events'].map(what => ({ what, node: null, ...FORBIDDEN })),
      },
    ),
  ],
  [
    'every kind of threshold, and hostile text',
    surveyOf([
      nodeInput({
        node: { name: '__proto__', osImage: '\u001b[31m\u202e', pressure: ['DiskPressure', 'MemoryPressure'] },
        stats: { ...singleDisk(disk), pids: null },
        config: {
          evictionHard: map({ ['__proto__']: 'x', 'nodefs.available': '5%', 'memory.available': '9Gi', toString: '1' }),
          evictionSoft: map({ 'nodefs.available': '10%', 'pid.available': '1e400' }),
          evictionSoftGracePeriod: map({ 'nodefs.available': '1m30.5s', 'pid.available': '1m' }),
          evictionMinimumReclaim: map({ 'nodefs.available': '500Mi', 'memory.available': '50%' }),
          evictionMaxPodGracePeriod: -1,
          kernelMemcgNotification: true,
          unreadable: ['imageMinimumGCAge'],
        },
      }),
    ]),
  ],
  ['times out of this world', surveyOf([nodeInput()], { takenAt: 8.64e15 })],
];

describe('docs/schemas/node-status-list.json', () => {
  test.each(SURVEYS)('describes the document: %s', (_name, survey) => {
    expect(complaints(printed(survey))).toEqual([]);
  });

  test('the surveys above reach the states that need recordings', () => {
    const states = SURVEYS.flatMap(([, survey]) => survey.reports.flatMap(r => r.signals.map(s => s.state)));
    expect([...new Set(states)]).toEqual(
      expect.arrayContaining(['ok', 'soft', 'BREACHED', 'covered', 'unknown', 'none']),
    );
  });

  const pressure = (): Json => printed(surveyOf([nodeInput({ node: { pressure: ['DiskPressure'] } })]));
  const item = (document: Json): Json => (document['items'] as Json[])[0] ?? {};
  const signal = (document: Json): Json => (item(document)['signals'] as Json[])[0] ?? {};

  test.each<readonly [string, (document: Json) => void]>([
    ['another apiVersion', d => Object.assign(d, { apiVersion: 'kubectl-evict/v2' })],
    ['another kind', d => Object.assign(d, { kind: 'PurgeResult' })],
    ['no errors', d => delete d['errors']],
    ['a field nobody knows', d => Object.assign(d, { extra: 1 })],
    ['a field nobody knows in a node', d => Object.assign(item(d), { extra: 1 })],
    ['a node without its signals', d => delete item(d)['signals']],
    ['an unknown state', d => Object.assign(signal(d), { state: 'breached' })],
    ['an unknown signal', d => Object.assign(signal(d), { signal: 'nodefs.free' })],
    ['an amount as text', d => Object.assign(signal(d), { available: '448Mi' })],
    ['an absent amount', d => delete signal(d)['headroom']],
    ['a local time', d => Object.assign(d['metadata'] as Json, { takenAt: '2026-11-23 03:00' })],
    ['a threshold without its text', d => delete (signal(d)['hard'] as Json)['value']],
    ['a threshold with a field nobody knows', d => Object.assign(signal(d)['hard'] as Json, { free: 1 })],
    ['a negative count', d => Object.assign(d['summary'] as Json, { evictedPods: -1 })],
    ['a finding with an unknown code', d => Object.assign(item(d), { findings: [{ ...FINDING, code: 'odd' }] })],
    [
      'a finding with an unknown severity',
      d => Object.assign(item(d), { findings: [{ ...FINDING, severity: 'fatal' }] }),
    ],
    ['an error about something else', d => Object.assign(d, { errors: [{ ...ERROR, what: 'weather' }] })],
  ])('refuses %s', (_name, damage) => {
    const document = pressure();
    expect(complaints(document)).toEqual([]);
    damage(document);
    expect(complaints(document)).not.toEqual([]);
  });

  test('a finding and an error as such are accepted', () => {
    const document = pressure();
    Object.assign(item(document), { findings: [FINDING] });
    Object.assign(document, { errors: [ERROR] });
    expect(complaints(document)).toEqual([]);
  });
});

const FINDING = { code: 'breached', severity: 'error', signals: ['nodefs.available'], message: 'm', remedy: 'r' };
const ERROR = { what: 'pods', node: null, reason: 'forbidden', message: 'm', remedy: null };

describe('its closed lists are those of the program', () => {
  const listOf = (def: string, property?: string): readonly unknown[] => {
    const found = schema.$defs[def];
    const at =
      property === undefined ? found : (found?.properties?.[property] as { readonly enum?: readonly unknown[] });
    return [...(at?.enum ?? [])].map(String).toSorted();
  };
  // The compiler sees to it that these name every member of the type, and nothing else.
  const states: Record<SignalState, true> = {
    ok: true,
    near: true,
    soft: true,
    BREACHED: true,
    recovering: true,
    covered: true,
    UNPROTECTED: true,
    none: true,
    unknown: true,
  };
  const reasons: Record<ClusterReason, true> = {
    config: true,
    unreachable: true,
    timeout: true,
    untrusted: true,
    unauthorized: true,
    forbidden: true,
    'not-found': true,
    conflict: true,
    expired: true,
    invalid: true,
    throttled: true,
    server: true,
    'too-large': true,
  };

  test.each([
    ['signals', listOf('signal'), SIGNALS],
    ['states', listOf('state'), Object.keys(states)],
    ['finding codes', listOf('finding', 'code'), FINDING_CODES],
    ['reasons of errors', listOf('error', 'reason'), Object.keys(reasons)],
  ])('%s', (_name, listed, known) => {
    expect(listed).toEqual([...known].toSorted());
  });

  test('every object is closed, requires all it has, and describes it', () => {
    const objects = [schema as Json, ...(Object.values(schema.$defs) as Json[])].filter(
      s => s['properties'] !== undefined,
    );
    expect(objects.length).toBeGreaterThan(10);
    for (const object of objects) {
      const properties = object['properties'] as Record<string, Json>;
      expect(object['additionalProperties']).toBe(false);
      expect(object['required']).toEqual(Object.keys(properties));
      for (const [name, property] of Object.entries(properties)) {
        expect(property['description'], name).toMatch(/\.$/);
      }
    }
  });
});
