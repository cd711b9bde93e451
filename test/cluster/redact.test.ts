import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evictedPodFromKube, isEvictedPod, nodeFromKube, statsFromKube } from '../../src/cluster/from-kube.ts';
import {
  redactConfigz,
  redactEvent,
  redactLease,
  redactNode,
  redactPod,
  redactStats,
} from '../../src/cluster/redact.ts';
import { readEvictionConfig } from '../../src/eviction/config.ts';
import { fixture } from '../support/fixtures.ts';

const SECRET = 's3cr3t-planted';

/** Adds a secret to every object of a value, under names a secret may have. */
function planted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(planted);
  if (typeof value !== 'object' || value === null) return value;
  const own = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, planted(inner)]));
  return {
    ...own,
    env: [{ name: 'PASSWORD', value: SECRET }],
    envFrom: [{ secretRef: { name: SECRET } }],
    args: [`--token=${SECRET}`],
    command: ['sh', '-c', SECRET],
    annotations: {
      ...(own['annotations'] as object | undefined),
      'example.com/key': SECRET,
      'kubectl.kubernetes.io/last-applied-configuration': SECRET,
    },
    staticPodURLHeader: { Authorization: [SECRET] },
    data: { password: SECRET },
    token: SECRET,
    unheardOf: { deep: [SECRET] },
  };
}

const items = (version: 'v1.20' | 'v1.36', name: string): readonly unknown[] =>
  (fixture(version, name) as { readonly items: readonly unknown[] }).items;

const PODS = [...items('v1.20', 'pods-failed.json'), ...items('v1.36', 'pods-all.json')];

describe('no planted secret comes through', () => {
  test.each<[string, (value: unknown) => unknown, readonly unknown[]]>([
    ['nodes', redactNode, [fixture('v1.20', 'node.json'), fixture('v1.36', 'node.json')]],
    ['pods', redactPod, PODS],
    ['events', redactEvent, [...items('v1.20', 'events.json'), ...items('v1.36', 'events.json')]],
    ['configz', redactConfigz, [fixture('v1.20', 'configz-soft.json'), fixture('v1.36', 'configz.json')]],
    ['stats', redactStats, [fixture('v1.20', 'stats-summary.json'), fixture('v1.36', 'stats-summary.json')]],
    ['leases', redactLease, [{ metadata: { name: 'a' }, spec: { renewTime: 't' } }]],
  ])('%s', (_what, redact, objects) => {
    for (const object of objects) {
      const text = JSON.stringify(redact(planted(object)));
      expect(text).not.toContain(SECRET);
      expect(JSON.stringify(redact(object)).length).toBeGreaterThan(10);
    }
  });

  test('in any JSON at all, whatever key a text stands under', () => {
    const allowed =
      /^(name|namespace|uid|kind|apiVersion|.*[Tt]ime.*|reason|message|type|status|phase|qosClass|.*Version|.*Image.*|.*ID|resourceVersion|architecture|operatingSystem|host|component|reporting.*|labels|value|key|effect|operator|values|priority.*|restartPolicy|nodeName|medium|sizeLimit|manager|operation|subresource|finalizers|holderIdentity|names|matchFields|count|first.*|last.*|exitCode|signal|requests|limits|capacity|allocatable|nodeSelector|overhead|controller|images|sizeBytes|unschedulable|deletion.*|creation.*|restartCount|.*Seconds|time)$/;
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).filter(k => !allowed.test(k)),
          fc.constant(SECRET),
        ),
        fields => {
          const object = {
            metadata: { ...fields },
            spec: { ...fields, containers: [fields] },
            status: fields,
            ...fields,
          };
          for (const redact of [redactNode, redactPod, redactEvent, redactLease]) {
            expect(JSON.stringify(redact(object))).not.toContain(SECRET);
          }
        },
      ),
    );
  });
});

describe('what is kept is what the assessment reads', () => {
  test('nodes', () => {
    for (const node of [fixture('v1.20', 'node.json'), fixture('v1.36', 'node.json')]) {
      expect(nodeFromKube(redactNode(node))).toEqual(nodeFromKube(node));
    }
  });

  test('evicted pods', () => {
    for (const pod of PODS) {
      expect(isEvictedPod(redactPod(pod))).toBe(isEvictedPod(pod));
      expect(evictedPodFromKube(redactPod(pod))).toEqual(evictedPodFromKube(pod));
    }
  });

  test('configuration and figures', () => {
    for (const name of ['configz-soft.json', 'configz.json', 'configz-custom.json']) {
      expect(readEvictionConfig(redactConfigz(fixture('v1.20', name)))).toEqual(
        readEvictionConfig(fixture('v1.20', name)),
      );
    }
    const stats = fixture('v1.36', 'stats-summary.json');
    expect(statsFromKube(redactStats(stats))).toEqual(statsFromKube(stats));
  });

  test('of the kubelet’s events the eviction annotations', () => {
    const annotated = items('v1.36', 'events.json').find(e => JSON.stringify(e).includes('offending_containers_usage'));
    expect(JSON.stringify(redactEvent(annotated))).toContain('offending_containers_usage');
  });
});
