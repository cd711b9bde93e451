import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PurgePreview, PurgeRun, PurgeScope, PurgeState } from '../../src/eviction/actions.ts';
import type { Candidate } from '../../src/eviction/plan.ts';
import { overviewOf, type PurgeOutcome, PurgeTally } from '../../src/eviction/purge-tally.ts';
import { textOf } from '../../src/ui/line.ts';
import { PurgeDialog } from '../../src/ui/purge/dialog.ts';
import { purgeKeys } from '../../src/ui/purge/keys.ts';
import { modeOf } from '../../src/ui/purge/mode.ts';
import {
  openPurge,
  type PurgeEffect,
  type PurgeStep,
  type PurgeUi,
  pressPurge,
  purgeWords,
  scopeOf,
} from '../../src/ui/purge/state.ts';
import { plannedPodLines, purgeView } from '../../src/ui/purge/view.ts';
import { themeFor } from '../../src/ui/theme.ts';

function candidate(i: number, change: Partial<Candidate> = {}): Candidate {
  return {
    namespace: i % 2 === 0 ? 'shop' : 'media',
    name: `web-${i}`,
    uid: `uid-${i}`,
    resourceVersion: '1',
    node: 'worker-1',
    owner: 'ReplicaSet web',
    cause: 'pressure disk',
    class: 'evicted',
    evictedAt: 0,
    ...change,
  };
}

function previewOf(pods: readonly Candidate[]): PurgePreview {
  return { pods, overview: overviewOf(pods), kept: [], producers: [], at: 3_600_000 };
}

function run(phase: PurgeState['phase'], count: number | null, change: Partial<PurgeState> = {}): PurgeState {
  return {
    phase,
    preview: count === null ? null : previewOf(Array.from({ length: count }, (_, i) => candidate(i))),
    found: 0,
    summary: new PurgeTally().summary(),
    agreed: phase === 'deleting',
    stopped: false,
    elapsedMs: 0,
    ...change,
  };
}

const LISTING = run('listing', null);
const FEW = run('asking', 100);
const MANY = run('asking', 101);
const DELETING = run('deleting', 5);
const STOPPING = run('deleting', 5, { stopped: true });
const ENDED = run('ended', 5, { agreed: true });
const EMPTY = run('ended', null);
const onNode = openPurge('worker-1');

/** Presses keys one after the other; the effects of all of them. */
function typed(keys: readonly string[], state: PurgeState, from: PurgeUi = onNode): PurgeStep & { all: PurgeEffect[] } {
  const all: PurgeEffect[] = [];
  let ui = from;
  for (const key of keys) {
    const step = pressPurge(ui, key, state);
    ui = step.ui;
    if (step.effect !== null) all.push(step.effect);
  }
  return { ui, effect: all.at(-1) ?? null, all };
}

test.each([
  [LISTING, 'listing'],
  [FEW, 'asking'],
  [MANY, 'counting'],
  [DELETING, 'deleting'],
  [STOPPING, 'stopping'],
  [ENDED, 'ended'],
  [EMPTY, 'ended'],
])('%#: it waits for what %s means', (state, mode) => {
  expect(modeOf(state)).toBe(mode);
});

describe('keys', () => {
  test.each<readonly [string, PurgeState, readonly string[], readonly PurgeEffect[]]>([
    ['y says yes to a few', FEW, ['y'], ['agree']],
    ['but not before they are seen', LISTING, ['y', 'enter'], []],
    ['nor to many', MANY, ['y', 'enter'], []],
    ['nor again', DELETING, ['y'], []],
    ['nor when all is done', ENDED, ['y'], []],
    ['capital Y is no yes', FEW, ['Y', 'enter', 'space'], []],
    ['n, Esc and q leave', FEW, ['n', 'escape', 'q'], ['leave', 'leave', 'leave']],
    ['also while it lists', LISTING, ['escape'], ['leave']],
    ['Esc stops what is going on', DELETING, ['escape'], ['stop']],
    ['and leaves what only waits', STOPPING, ['escape'], ['leave']],
    ['Enter leaves the end', ENDED, ['enter'], ['leave']],
    ['r begins anew', ENDED, ['r'], ['begin']],
    ['the number and Enter say yes to many', MANY, ['1', '0', '1', 'enter'], ['agree']],
    ['another number does not', MANY, ['1', '0', '0', 'enter'], []],
    ['nor a part of it', MANY, ['1', '0', 'enter'], []],
    ['nor one with a zero before it', MANY, ['0', '1', '0', '1', 'enter'], []],
    ['a mistake can be taken back', MANY, ['1', '0', '2', 'backspace', '1', 'enter'], ['agree']],
    ['after another number it is typed anew', MANY, ['1', 'enter', '1', '0', '1', 'enter'], ['agree']],
    ['letters are no number', MANY, ['x', 'j', '1', 'z', '0', '1', 'enter'], ['agree']],
    ['a number says nothing about a few', FEW, ['1', '0', '0', 'enter'], []],
    ['a asks about the other nodes', FEW, ['a'], ['begin']],
    ['also when there is nothing on this one', EMPTY, ['tab'], ['begin']],
    ['but not in the middle', DELETING, ['a', 'tab', 'r'], []],
    ['nor after it', ENDED, ['a'], []],
  ])('%s', (_, state, keys, expected) => {
    expect(typed(keys, state).all).toEqual(expected);
  });

  test('who says yes before there is anything to see has to type the number', () => {
    const { ui } = typed(['y'], LISTING);
    const count = Array.from(String(FEW.preview?.pods.length));
    expect(typed(['y'], FEW, ui).all).toEqual([]);
    expect(typed(['y', ...count, 'enter'], FEW, ui).all).toEqual(['agree']);
    expect(typed(['y'], FEW, typed(['a'], LISTING, ui).ui).all).toEqual(['agree']);
  });

  test('a goes to all nodes and back; what was typed is gone', () => {
    const all = typed(['1', 'a'], MANY).ui;
    expect(scopeOf(onNode)).toEqual({ node: 'worker-1' });
    expect(scopeOf(all)).toEqual({ node: null });
    expect(all.typed).toBe('');
    expect(scopeOf(typed(['a'], FEW, all).ui)).toEqual({ node: 'worker-1' });
  });

  test('opened on no node it is about all of them, and nothing else', () => {
    const nowhere = openPurge(null);
    expect(scopeOf(nowhere)).toEqual({ node: null });
    expect(typed(['a', 'tab'], FEW, nowhere).all).toEqual([]);
  });

  test('the command line', () => {
    expect(purgeWords(onNode)).toEqual(['purge', '--all-namespaces', '--node', 'worker-1']);
    expect(purgeWords(openPurge(null))).toEqual(['purge', '--all-namespaces']);
  });

  test('no key is bound twice, whatever it waits for', () => {
    for (const state of [LISTING, FEW, MANY, DELETING, STOPPING, ENDED, EMPTY]) {
      const keys = purgeKeys(onNode, state).flatMap(binding => binding.keys);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  test('no keys but the number itself agree to many', () => {
    const key = fc.constantFrom(...Array.from('0123456789yYnq'), 'enter', 'backspace', 'space', 'tab', 'j');
    fc.assert(
      fc.property(fc.array(key, { maxLength: 12 }), keys => {
        let ui = onNode;
        for (const each of keys) {
          const before = ui.typed;
          const { ui: next, effect } = pressPurge(ui, each, MANY);
          if (effect === 'agree') expect([each, before]).toEqual(['enter', '101']);
          ui = next;
        }
      }),
    );
  });
});

describe('the dialog', () => {
  /** A purge whose state a test sets. */
  class FakeRun implements PurgeRun {
    current: PurgeState = LISTING;
    readonly done: string[] = [];
    readonly #listeners = new Set<() => void>();

    state(): PurgeState {
      return this.current;
    }

    subscribe(listener: () => void): () => void {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    }

    become(state: PurgeState): void {
      this.current = state;
      for (const listener of this.#listeners) listener();
    }

    agree(): void {
      this.done.push('agree');
    }

    stop(): void {
      this.done.push('stop');
    }
  }

  function openDialog(node: string | null = 'worker-1') {
    const scopes: PurgeScope[] = [];
    const runs: FakeRun[] = [];
    const begin = (scope: PurgeScope): PurgeRun => {
      scopes.push(scope);
      const one = new FakeRun();
      runs.push(one);
      return one;
    };
    const dialog = new PurgeDialog({ begin }, node, 'kubectl evict');
    const last = (): FakeRun => runs.at(-1) ?? new FakeRun();
    return { dialog, scopes, runs, last, draw: () => dialog.view(76, themeFor({}, false)) };
  }

  test('takes a yes only for what has been on the screen', () => {
    const { dialog, last, draw } = openDialog();
    draw();
    last().become(FEW);
    dialog.press('y');
    expect(last().done).toEqual([]);
    draw();
    dialog.press('y');
    expect(last().done).toEqual(['agree']);
  });

  test('another scope stops the one before, and is not told of it any more', () => {
    const { dialog, scopes, runs, last, draw } = openDialog();
    last().become(FEW);
    draw();
    let told = 0;
    dialog.subscribe(() => {
      told += 1;
    });
    dialog.press('a');
    expect(scopes).toEqual([{ node: 'worker-1' }, { node: null }]);
    expect(runs[0]?.done).toEqual(['stop']);
    expect(dialog.title).toBe('purge  all nodes');
    runs[0]?.become(ENDED);
    expect(told).toBe(0);
    last().become(FEW);
    expect(told).toBe(1);
  });

  test('closing stops its work', () => {
    const { dialog, last } = openDialog();
    dialog.close();
    dialog.close();
    expect(last().done).toEqual(['stop', 'stop']);
    expect(dialog.closed).toBe(true);
  });

  test('what it is left by closes it', () => {
    const { dialog, last, draw } = openDialog(null);
    last().become(FEW);
    draw();
    dialog.press('n');
    expect(dialog.closed).toBe(true);
  });
});

describe('what is shown', () => {
  const unicode = themeFor({ LANG: 'C.UTF-8' }, false);

  function shown(state: PurgeState, { width = 76, theme = unicode, ui = onNode } = {}): string {
    const pods = state.preview === null ? [] : plannedPodLines(state.preview, width);
    const { head, body, prompt } = purgeView({ ui, run: state, pods, program: 'kubectl evict', width, theme });
    return [...head, ...body, ...prompt].map(each => textOf(each).trimEnd()).join('\n');
  }

  function ended(outcomes: readonly PurgeOutcome[], count: number, change: Partial<PurgeState> = {}): PurgeState {
    const tally = new PurgeTally();
    for (const [i, outcome] of outcomes.entries()) {
      const error =
        outcome === 'failed'
          ? {
              what: 'delete pod',
              namespace: 'shop',
              name: `web-${i}`,
              reason: 'forbidden',
              message: `cannot delete pod shop/web-${i}: forbidden: pods is forbidden`,
              remedy: 'r',
            }
          : null;
      const why = outcome === 'kept' ? 'changed' : null;
      tally.add({ pod: candidate(i), outcome, why, error });
    }
    return run('ended', count, { agreed: true, summary: tally.summary(), ...change });
  }

  test.each<readonly [string, PurgeState, RegExp]>([
    ['one pod', run('asking', 1), /1 Evicted pod on node worker-1, in all namespaces[\s\S]*Delete this pod\?/],
    ['a few', FEW, /100 Evicted pods on node worker-1[\s\S]*Delete these 100 pods\? {2}y deletes exactly these/],
    ['many', MANY, /Delete these 101 pods\? {2}Type their number and Enter[\s\S]*> ▏/],
    ['that deleting frees nothing', FEW, /frees no disk/],
    ['nothing', EMPTY, /Nothing to delete: no Evicted pod lies on node worker-1[\s\S]*a looks at all nodes/],
    ['how many are found', { ...LISTING, found: 1234 }, /Looking for Evicted pods on node worker-1 … {2}1,234 so far/],
    ['all gone', ended(['deleted', 'gone', 'replaced'], 3), /Done: all 3 pods are gone/],
    [
      'not all gone',
      ended(['deleted', 'terminating', 'kept'], 3),
      /Done: 1 of 3 pods are gone[\s\S]*KEPT\n +1 {2}of ReplicaSet, changed meanwhile/,
    ],
    [
      'failures',
      ended(['failed', 'failed', 'deleted'], 3),
      /Done, but 2 could not be deleted[\s\S]*\(and 1 more\s+like it/,
    ],
    ['all failed', ended(['failed'], 1), /Failed: nothing could be deleted/],
    ['the missing right', ended(['failed'], 1), /forbidden[\s\S]*→ kubectl evict rbac --for purge/],
    ['what was not sent', ended(['deleted'], 5, { stopped: true }), /Stopped: 4 pods of the list not touched/],
    ['the rate', ended(['deleted', 'deleted'], 4, { elapsedMs: 2000 }), /2 of 4 {3}50% {3}1\/s/],
  ])('%s', (_, state, expected) => {
    expect(shown(state)).toMatch(expected);
  });

  test('nothing on any node', () => {
    expect(shown(EMPTY, { ui: openPurge(null) })).toMatch(/no Evicted pod lies on any node\.$/m);
  });

  test('every pod that would go, with its age at the time of the plan', () => {
    const text = shown(FEW);
    for (const { name, namespace } of FEW.preview?.pods ?? [])
      expect(text).toMatch(RegExp(`60m +${namespace} +${name} `));
  });

  test('what goes on making them, and what is kept', () => {
    const preview: PurgePreview = {
      ...previewOf([candidate(1)]),
      producers: [{ kind: 'node', name: 'worker-1', count: 7 }],
      kept: [{ why: 'owner', ownerKind: 'Job', count: 2, examples: ['shop/a', 'shop/b'] }],
    };
    const text = shown(run('asking', null, { preview }), { width: 200 });
    expect(text).toContain(
      '! still making Evicted pods: node worker-1 (7 in the last 15 minutes); purging alone will not',
    );
    expect(text).toContain('  2  of Job, which may still need them (--include-owner Job): shop/a and shop/b');
  });

  test('a number that is not the number', () => {
    const { ui } = typed(['7', 'enter'], MANY);
    expect(shown(MANY, { ui })).toMatch(/> ▏ {2}that is another number/);
  });

  test.each([30, 40, 76, 96, 116, 196])('at a width of %i the list fits, by leaving columns out', width => {
    const preview = previewOf(
      Array.from({ length: 9 }, (_, i) =>
        candidate(i, { owner: `ReplicaSet ${'very-long-'.repeat(9)}${i}`, node: `node-${i}`.repeat(5) }),
      ),
    );
    const state = run('asking', null, { preview });
    for (const row of plannedPodLines(preview, width).slice(1, 2))
      expect(textOf(row).length).toBeLessThanOrEqual(width);
    expect(shown(state, { width, ui: openPurge(null) })).toMatch(/Evicted pods on all nodes/);
  });

  test('words only: no gauges', () => {
    const theme = { ...unicode, wordsOnly: true };
    expect(shown(FEW, { width: 120, theme })).not.toMatch(/[▇░]/);
    expect(shown(ENDED, { width: 120, theme })).not.toMatch(/[▇░]/);
  });

  test('hostile names come out clean', () => {
    const bad = 'Evil\u001b[2J\u0007\u202e';
    const preview: PurgePreview = {
      ...previewOf([candidate(1, { owner: `${bad} x`, node: bad, cause: bad })]),
      kept: [{ why: 'owner', ownerKind: bad, count: 1, examples: [bad] }],
      producers: [{ kind: 'workload', name: bad, count: 3 }],
    };
    expect(shown(run('asking', null, { preview }), { ui: openPurge(bad) })).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u202e]/,
    );
  });
});
