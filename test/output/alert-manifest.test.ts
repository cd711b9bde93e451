import { Ajv2020 } from 'ajv/dist/2020.js';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { alertManifest } from '../../src/output/alert-manifest.ts';
import { runCommand } from '../support/deps.ts';

// The shape of prometheus-operator's CustomResourceDefinition prometheusrules.monitoring.coreos.com (v1), closed.
const duration = {
  type: 'string',
  pattern: '^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$',
};
const texts = { type: 'object', additionalProperties: { type: 'string' } };
const closed = (required: readonly string[], properties: object) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(
  closed(['apiVersion', 'kind', 'metadata', 'spec'], {
    apiVersion: { const: 'monitoring.coreos.com/v1' },
    kind: { const: 'PrometheusRule' },
    metadata: { type: 'object' },
    spec: closed(['groups'], {
      groups: {
        type: 'array',
        items: closed(['name'], {
          name: { type: 'string', minLength: 1 },
          interval: duration,
          rules: {
            type: 'array',
            items: closed(['alert', 'expr'], {
              alert: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
              expr: { type: 'string' },
              for: duration,
              labels: texts,
              annotations: texts,
            }),
          },
        }),
      },
    }),
  }),
);

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

function rules(yaml: string): readonly Rule[] {
  const document = load(yaml) as { readonly spec: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } };
  validate(document);
  expect(validate.errors ?? []).toEqual([]);
  return document.spec.groups.flatMap(group => group.rules);
}

describe('a PrometheusRule', () => {
  test.each([null, 'shop', 'a"b{}'])('of the published shape, for namespace %j', namespace => {
    const found = rules(alertManifest('kubectl evict', namespace));
    expect(found.length).toBeGreaterThan(3);
    expect(new Set(found.map(rule => rule.alert)).size).toBe(found.length);
    for (const { expr } of found) {
      for (const [open, close] of ['()', '{}', '[]']) {
        const count = (sign = '') => expr.replaceAll(/"(\\.|[^"\\])*"/g, '').split(sign).length;
        expect(count(open)).toBe(count(close));
      }
    }
  });

  test('every alert says what to do next', () => {
    for (const { annotations } of rules(alertManifest('kubectl ev', null))) {
      expect(annotations['description']).toMatch(/: kubectl ev (status|report|purge) /);
    }
  });

  test('a namespace limits what is told of pods, not of nodes', async () => {
    const { out, code } = await runCommand(['report', '--print-alert', '-n', 'shop']);
    expect(code).toBe(0);
    const limited = rules(out).filter(rule => rule.expr.includes('namespace="shop"'));
    expect(limited.map(rule => rule.alert)).toEqual(['PodsEvictedAgainAndAgain', 'EvictedPodsPileUp']);
  });
});
