import { describe, expect, test } from 'vitest';
import {
  NO_DRAFT,
  type TuneDesk,
  type TuneDraft,
  type TuneMade,
  type TuneOutlook,
} from '../../src/eviction/tune-action.ts';
import type { TuneReport } from '../../src/eviction/tune-report.ts';
import {
  answerTune,
  liveDraft,
  OPENING,
  pressTune,
  signalAt,
  type TuneEffect,
  type TuneState,
  targetAt,
} from '../../src/ui/tune/state.ts';

const SIGNALS = ['nodefs.available', 'imagefs.available', 'memory.available'] as const;

const desk: TuneDesk = {
  node: 'node-3',
  kubeletVersion: 'v1.36.2',
  signals: SIGNALS.map(signal => ({
    signal,
    unit: 'bytes',
    state: 'ok',
    available: 1000,
    capacity: 2000,
    threshold: '10%',
  })),
  warnings: [],
  targets: [
    { id: 'k3s', why: 'k3s, by its version' },
    { id: 'kubeletconfiguration', why: null },
    { id: 'flags', why: null },
  ],
  outlook: () => QUIET,
  make: async () => ({ ok: false, error: 'not asked in these tests', hint: null }),
  words: () => [],
  save: async () => {},
  apply: null,
};
const demoDesk: TuneDesk = { ...desk, apply: async () => [] };

const QUIET: TuneOutlook = {
  thresholds: new Map(),
  changes: [],
  reasons: [],
  unclear: null,
  refusals: [],
  whatIf: null,
  findings: [],
  risk: null,
};
const CHANGED: TuneOutlook = {
  ...QUIET,
  changes: [{ field: 'evictionHard', signal: 'nodefs.available', from: '10%', to: '5%' }],
};
const RISKY: TuneOutlook = { ...CHANGED, risk: 'not written: pods would be evicted at once' };
const REFUSED: TuneOutlook = { ...CHANGED, refusals: [{ by: 'kubelet', message: '"5x" is no quantity', hint: null }] };

const made: TuneMade = { ok: true, report: {} as TuneReport, text: 'text\n', fileName: 'config.yaml' };
const FORM: TuneState = { ...OPENING, phase: 'form', desk };
const hard = (entries: Readonly<Record<string, string>>): TuneDraft => ({
  ...NO_DRAFT,
  hard: new Map(Object.entries(entries)),
});
const DOCUMENT: TuneState = { ...FORM, phase: 'document', draft: hard({ 'nodefs.available': '5%' }), made };

/** Presses keys, one after the other: a text of characters, and names in angle brackets. */
function type(state: TuneState, keys: string, outlook: TuneOutlook | null = QUIET) {
  const effects: TuneEffect[] = [];
  let now = state;
  for (const key of keys.match(/<[\w-]+>|./gu) ?? []) {
    const step = pressTune(now, key.replace(/^<(.*)>$/, '$1'), outlook);
    now = step.state;
    effects.push(...step.effects);
  }
  return { state: now, effects };
}

describe('the form', () => {
  test.each<readonly [string, string, Partial<TuneState>]>([
    ['down moves', 'j', { row: 1 }],
    ['and stops at the end', '<down><down><down><down>', { row: 2 }],
    ['up stops at the top', 'jkk', { row: 0 }],
    ['Enter types an empty threshold', '<enter>', { phase: 'value', text: '' }],
    ['a digit begins to type one', '5', { phase: 'value', text: '5' }],
    ['so does a point', '.5', { phase: 'value', text: '.5' }],
    ['what is typed is taken', '5%<enter>', { phase: 'form', text: '', draft: hard({ 'nodefs.available': '5%' }) }],
    ['for the signal under the cursor', 'j1Gi<enter>', { draft: hard({ 'imagefs.available': '1Gi' }) }],
    ['blanks around it do not count', '<enter><space>5%<space><enter>', { draft: hard({ 'nodefs.available': '5%' }) }],
    [
      'several in one go',
      '5%<enter>j20%<enter>',
      {
        draft: hard({ 'nodefs.available': '5%', 'imagefs.available': '20%' }),
      },
    ],
    ['Enter again shows what was typed', '5%<enter><enter>', { phase: 'value', text: '5%' }],
    ['an empty one is dropped', '5%<enter><enter><ctrl-u><enter>', { draft: NO_DRAFT }],
    [
      'Esc leaves it as it was',
      '5%<enter><enter>0<escape>',
      { phase: 'form', draft: hard({ 'nodefs.available': '5%' }) },
    ],
    ['Backspace erases a character', '15<backspace><backspace>2', { text: '2' }],
    ['q is a letter while it is typed', '1q', { phase: 'value', text: '1q' }],
    ['? and ! are characters then', '1?!', { phase: 'value', text: '1?!' }],
    ['a key with a long name is no text', '1<pagedown><f5>', { text: '1' }],
    ['x drops', '5%<enter>x', { draft: NO_DRAFT }],
    ['s is on and off', 's', { draft: { ...NO_DRAFT, clear: true } }],
    ['s again', 'ss', { draft: NO_DRAFT }],
    ['r is on and off', 'r', { draft: { ...NO_DRAFT, restoreDefaults: true } }],
    ['Esc leaves', '<escape>', { closed: true }],
    ['q leaves', 'q', { closed: true }],
  ])('%s', (_what, keys, expected) => {
    const { state, effects } = type(FORM, keys);
    expect(state).toMatchObject(expected);
    expect(state.draft.hard).toEqual(expected.draft?.hard ?? state.draft.hard);
    expect(effects).toEqual([]);
  });

  test('no text grows for ever', () => {
    expect(type(FORM, '1'.repeat(1000)).state.text).toHaveLength(200);
  });

  test('what is being typed counts at once', () => {
    const { state } = type(FORM, '5%');
    expect(state.draft.hard.size).toBe(0);
    expect(liveDraft(state).hard).toEqual(new Map([['nodefs.available', '5%']]));
  });

  test('without signals there is nothing to type into', () => {
    const { state } = type({ ...FORM, desk: { ...desk, signals: [] } }, '<enter>5j');
    expect(state).toMatchObject({ phase: 'form', row: 0 });
    expect(signalAt(state)).toBeNull();
  });
});

describe('the way to the document', () => {
  test.each<readonly [string, TuneOutlook, string | null]>([
    ['a change', CHANGED, null],
    ['no change', QUIET, 'nothing is changed yet'],
    ['a refused value', REFUSED, '"5x" is no quantity'],
    ['a risk', RISKY, 'takes that upon you'],
    [
      'a smallest change that there is not',
      { ...QUIET, unclear: 'node-3 is not under pressure' },
      'not under pressure',
    ],
    ['one that there is not, beside a typed one', { ...CHANGED, unclear: 'node-3 is not under pressure' }, null],
  ])('%s', (_what, outlook, told) => {
    const { state, effects } = type(FORM, 'd', outlook);
    expect(effects).toEqual(told === null ? ['make'] : []);
    expect(state.phase).toBe(told === null ? 'document' : 'form');
    if (told === null) expect(state).toMatchObject({ made: null, notice: null });
    else expect(state.notice?.text).toContain(told);
  });

  test('a risk is taken by !, which no other outlook has a key for', () => {
    expect(type(FORM, '!', CHANGED).state.draft.force).toBe(false);
    const { state } = type(FORM, '!', RISKY);
    expect(state.draft.force).toBe(true);
    expect(type(state, '!', CHANGED).state.draft.force).toBe(false);
  });

  test.each(['5%<enter>', 'x', 's', 'r'])('what was taken upon oneself is over after %s', keys => {
    const { state } = type({ ...FORM, draft: { ...hard({ 'nodefs.available': '50%' }), force: true } }, keys, CHANGED);
    expect(state.draft.force).toBe(false);
  });

  test('a notice goes with the next key', () => {
    expect(type(FORM, 'dj').state.notice).toBeNull();
  });
});

describe('the document', () => {
  test.each<readonly [string, string, Partial<TuneState>, readonly TuneEffect[]]>([
    ['Tab is the next target', '<tab>', { target: 1, made: null }, ['make']],
    ['round and round', '<shift-tab>', { target: 2, made: null }, ['make']],
    ['c copies', 'c', { phase: 'document' }, ['copy']],
    ['w asks for a name, and offers one', 'w', { phase: 'name', text: 'config.yaml' }, []],
    [
      'which can be changed',
      'w<ctrl-u>a<backspace>b c<enter>',
      { phase: 'document', busy: true, text: 'b c' },
      ['save'],
    ],
    ['Esc does not save', 'w<escape>', { phase: 'document', text: '' }, []],
    ['an empty name is none', 'w<ctrl-u><enter>', { phase: 'name' }, []],
    ['Esc goes back to the form', '<escape>', { phase: 'form', made: null }, []],
    ['a is nothing on a real cluster', 'a', { phase: 'document', busy: false }, []],
  ])('%s', (_what, keys, expected, effects) => {
    const done = type(DOCUMENT, keys, CHANGED);
    expect(done.state).toMatchObject(expected);
    expect(done.effects).toEqual(effects);
  });

  test('a gives it to the simulated kubelet, once', () => {
    expect(type({ ...DOCUMENT, desk: demoDesk }, 'aa', CHANGED)).toMatchObject({
      state: { busy: true },
      effects: ['apply'],
    });
  });

  test.each(['w', 'c', 'a'])('%s waits for a document', key => {
    for (const none of [null, { ok: false, error: 'no', hint: null }] as const) {
      const { state, effects } = type({ ...DOCUMENT, desk: demoDesk, made: none }, key, CHANGED);
      expect(effects).toEqual([]);
      expect(state.phase).toBe('document');
    }
  });
});

describe('answers', () => {
  test('a desk opens the form; after leaving it does nothing', () => {
    expect(answerTune(OPENING, { kind: 'opened', desk })).toMatchObject({ phase: 'form', desk });
    expect(answerTune(FORM, { kind: 'opened', desk: demoDesk }).desk).toBe(desk);
  });

  test('what is typed before the desk is there waits for it', () => {
    const { state } = type(OPENING, 'j5%<enter>?', null);
    expect(state).toMatchObject({ phase: 'opening', ahead: ['j', '5', '%', 'enter', '?'] });
    expect(type(state, 'q', null).state.closed).toBe(true);
    expect(type(OPENING, 'x'.repeat(1000), null).state.ahead).toHaveLength(200);
  });

  test('a failure is told, and Esc leaves', () => {
    const notice = { text: 'the kubelet does not answer', tone: 'bad' } as const;
    const failed = answerTune(OPENING, { kind: 'failed', notice });
    expect(failed).toMatchObject({ phase: 'failed', notice });
    expect(type(failed, 'sd5', null).state).toMatchObject({ phase: 'failed' });
    expect(type(failed, '<escape>', null).state.closed).toBe(true);
    expect(type(OPENING, '<escape>', null).state.closed).toBe(true);
  });

  test('a document counts for its target and draft only', () => {
    const waiting: TuneState = { ...DOCUMENT, made: null };
    const { draft } = waiting;
    const answer = { kind: 'made', target: 'k3s', draft, made } as const;
    expect(targetAt(waiting)).toBe('k3s');
    expect(answerTune(waiting, answer).made).toBe(made);
    expect(answerTune({ ...waiting, target: 1 }, answer).made).toBeNull();
    expect(answerTune({ ...waiting, draft: hard({}) }, answer).made).toBeNull();
    expect(answerTune({ ...waiting, phase: 'form' }, answer).made).toBeNull();
  });

  test('once the kubelet was restarted, the way back leads out', () => {
    const notice = { text: 'the kubelet was restarted', tone: 'good' } as const;
    const applied = answerTune({ ...DOCUMENT, busy: true }, { kind: 'done', notice, applied: true });
    expect(applied).toMatchObject({ busy: false, applied: true });
    expect(type(applied, '<escape>').state.closed).toBe(true);
    expect(answerTune(applied, { kind: 'done', notice }).applied).toBe(true);
  });

  test('what was done is told', () => {
    const notice = { text: 'saved as config.yaml', tone: 'good' } as const;
    expect(answerTune({ ...DOCUMENT, busy: true }, { kind: 'done', notice })).toMatchObject({ busy: false, notice });
  });
});
