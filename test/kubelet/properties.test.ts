import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectiveConfig } from '../../src/eviction/config.ts';
import { type EvictionSettings, settingsOf, type WrittenSettings } from '../../src/eviction/settings.ts';
import { parseThresholds } from '../../src/eviction/threshold.ts';
import { NO_CHANGE, planChange, settingsToWrite } from '../../src/eviction/tune.ts';
import { type KubeletDocument, readDocument } from '../../src/kubelet/document.ts';
import { TARGET_IDS } from '../../src/kubelet/targets/ids.ts';
import { targetOf } from '../../src/kubelet/targets/registry.ts';
import type { TargetInput } from '../../src/kubelet/targets/target.ts';
import { carries } from '../../src/kubelet/unit-patch.ts';
import { deepEqual, loadDocuments } from '../../src/kubelet/yaml-values.ts';
import { runs } from '../support/fuzz.ts';
import { ANY_TEXT, ENV_FILE, HARD, UNIT_FILE, VALUE, YAML_FILE } from '../support/kubelet-files.ts';

function read(text: string, name = 'x'): KubeletDocument {
  const document = readDocument(text, name);
  if (!document.ok) throw new Error(`${document.error}\n${text}`);
  return document.value;
}

/** What a kubelet runs with this document. */
function runsWith(document: KubeletDocument): EvictionSettings {
  const { acts, layer, settings } = document;
  return settingsOf(
    effectiveConfig({
      version: null,
      os: 'linux',
      configFile: acts === 'file' ? layer : {},
      dropIns: acts === 'merge' ? [layer] : [],
      flags: acts === 'flags' ? settings : {},
    }),
  );
}

function tuned(
  document: KubeletDocument,
  value: string,
): { readonly text: string; readonly wanted: WrittenSettings } | null {
  const request = { ...NO_CHANGE, hard: new Map([['nodefs.available', value]]) };
  const plan = planChange(runsWith(document), request, { os: 'linux', version: null });
  const wanted: WrittenSettings = { evictionHard: plan.settings.evictionHard };
  const patched = document.patch?.(wanted);
  return patched?.ok ? { text: patched.value.text, wanted } : null;
}

/** A file without what a change of thresholds may touch: the lines of eviction in YAML, the flag and its variable elsewhere. */
function rest(document: KubeletDocument, text: string): string {
  if (document.acts === 'file') {
    const lines = text.split('\n').filter(line => !/evict|memory\.|nodefs\.|imagefs\.|pid\./i.test(line));
    return lines.join('\n').replace(/\s+$/, '');
  }
  return text
    .replace(/^Environment="KUBELET_EVICTION_ARGS=.*"\r?\n?/m, '')
    .replaceAll(/ ?\$KUBELET_EVICTION_ARGS/g, '')
    .replaceAll(/ ?--eviction-hard=[^\s"']*/g, '')
    .replaceAll(/^Environment="?(KUBELET_EXTRA_ARGS=[^"\r\n]*)"?/gm, 'Environment=$1')
    .replaceAll(/^(Environment=)?KUBELET_EXTRA_ARGS=\r?(\n|$)/gm, '')
    .replace(/\s+$/, '');
}

function checkTuned(text: string, value: string): void {
  const document = read(text);
  const result = tuned(document, value);
  // Every generated file can be changed; refusing one would be a fault, too.
  expect(result, text).not.toBeNull();
  if (result === null) return;
  const after = read(result.text);
  expect(carries(after.settings, result.wanted), result.text).toBe(true);

  // No effective threshold is lost.
  const armed = (d: KubeletDocument): Set<string> =>
    new Set(
      parseThresholds(runsWith(d), null)
        .thresholds.filter(t => !t.soft)
        .map(t => t.signal),
    );
  for (const signal of armed(document)) expect(armed(after).has(signal)).toBe(true);
  expect(runsWith(after).evictionHard.get('nodefs.available')).toBe(value);

  // The rest is untouched.
  expect(rest(after, result.text)).toBe(rest(document, text));

  // Tuning twice is tuning once.
  expect(tuned(after, value)?.text).toBe(result.text);
}

describe('a generated file keeps every other byte, and every threshold', () => {
  test('YAML', () => {
    fc.assert(
      fc.property(YAML_FILE, VALUE, (text, value) => {
        checkTuned(text, value);
        const strip = (t: string): unknown => {
          const documents = loadDocuments(t);
          if (!documents.ok) throw new Error(documents.error);
          return documents.value.map((d, i) => (i === 0 ? { ...(d as object), evictionHard: null } : d));
        };
        expect(deepEqual(strip(tuned(read(text), value)?.text ?? ''), strip(text))).toBe(true);
      }),
      { numRuns: runs(3000) },
    );
  });

  test('units', () => {
    fc.assert(fc.property(UNIT_FILE, VALUE, checkTuned), { numRuns: runs(3000) });
  });

  test('env files', () => {
    fc.assert(fc.property(ENV_FILE, VALUE, checkTuned), { numRuns: runs(3000) });
  });
});

test('no input crashes a reader or a patcher: 100,000 texts', () => {
  let readable = 0;
  fc.assert(
    fc.property(ANY_TEXT, fc.constantFrom('a.yaml', 'a.conf', '10-kubeadm.conf', '-'), (text, name) => {
      const document = readDocument(text, name);
      if (!document.ok) {
        expect(document.error).not.toBe('');
        return;
      }
      readable += 1;
      const patched = document.value.patch?.({ evictionHard: new Map([['memory.available', '100Mi']]) });
      if (patched?.ok) expect(readDocument(patched.value.text, name).ok).toBe(true);
    }),
    { numRuns: runs(100_000) },
  );
  expect(readable).toBeGreaterThan(runs(10_000));
}, 120_000);

describe('what a target prints, its reader reads', () => {
  const PARTIAL = ['gke', 'aks', 'kubeadm-configmap', '10-kubeadm.conf'];

  test.each(TARGET_IDS.filter(id => !PARTIAL.includes(id)))('%s', id => {
    const target = targetOf(id);
    fc.assert(
      fc.property(HARD, HARD, fc.option(fc.nat(3600)), (hard, soft, grace) => {
        const base = settingsOf(
          effectiveConfig({
            version: null,
            os: 'linux',
            configFile: {
              evictionHard: hard,
              evictionSoft: soft,
              evictionSoftGracePeriod: new Map([...soft.keys()].map(s => [s, '1m'])),
              evictionMaxPodGracePeriod: grace,
            },
            dropIns: [],
            flags: {},
          }),
        );
        const plan = planChange(base, NO_CHANGE, { os: 'linux', version: null });
        const settings = settingsToWrite(plan, true);
        const { evictionPressureTransitionPeriod: _, ...carried } = settings;
        const wanted = id === 'karpenter' || id === 'bottlerocket' ? carried : settings;
        const input: TargetInput = {
          settings,
          changed: new Set(),
          configz: { port: 10250 },
          fragment: false,
          version: null,
          os: 'linux',
          node: null,
          configMap: null,
        };
        const made = target.generate(input);
        if (!made.ok) throw new Error(made.error);
        const document = read(made.value.text, target.fileName);
        expect(carries(document.settings, wanted), made.value.text).toBe(true);
        expect(document.target).toBe(id);
      }),
      { numRuns: runs(200) },
    );
  });
});
