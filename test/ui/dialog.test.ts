import { describe, expect, test } from 'vitest';
import type { LiveDetails, LiveSnapshot, LiveSource } from '../../src/eviction/live.ts';
import type { Dialog, DialogContext, DialogView } from '../../src/ui/dialog.ts';
import { dialogTable, type KeyBinding } from '../../src/ui/keys.ts';
import { layoutDialog } from '../../src/ui/layout.ts';
import { line, textOf } from '../../src/ui/line.ts';
import { Session, type SessionOptions } from '../../src/ui/session.ts';
import { themeFor } from '../../src/ui/theme.ts';

/** A dialog that only keeps what is done to it. */
class FakeDialog implements Dialog {
  readonly context: DialogContext;
  readonly pressed: string[] = [];
  readonly keys: readonly KeyBinding<string>[] = [
    { keys: ['y'], intent: 'yes', help: 'says yes', hint: 'yes' },
    { keys: ['escape'], intent: 'leave', help: 'leaves', hint: 'back' },
    { keys: ['enter'], intent: 'enter', help: 'enters' },
  ];
  title = 'the title';
  wantsText = false;
  command: readonly string[] | null = ['purge', '-A', '--node', 'a b'];
  closed = false;
  closes = 0;
  bodyLines = 100;
  readonly #listeners = new Set<() => void>();

  constructor(context: DialogContext) {
    this.context = context;
  }

  press(key: string): void {
    this.pressed.push(key);
    if (key === 'escape') this.closed = true;
  }

  view(width: number): DialogView {
    const body = Array.from({ length: this.bodyLines }, (_, i) => line(`body ${i} of width ${width}`));
    return { head: [line('the head')], body, prompt: [line('the question')] };
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  change(): void {
    for (const listener of this.#listeners) listener();
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  close(): void {
    this.closes += 1;
  }
}

const theme = themeFor({ LANG: 'C.UTF-8' }, false);
const NONE: LiveDetails = { pods: null, timeline: null, next: null, uncompared: null };

/** A source that knows of no nodes. */
class EmptySource implements LiveSource {
  link: LiveSnapshot['link'] = { state: 'live', since: 0, error: null };
  #tell: () => void = () => {};

  snapshot(): LiveSnapshot {
    return {
      context: 'c',
      cluster: null,
      server: 's',
      scope: 'pressure',
      now: 0,
      offset: 0,
      link: this.link,
      paused: false,
      nodes: [],
      underPressure: 0,
      near: 0,
      unreachable: 0,
      evictedPods: null,
      errors: [],
    };
  }

  details(): LiveDetails {
    return NONE;
  }

  subscribe(listener: () => void): () => void {
    this.#tell = listener;
    return () => {};
  }

  arrive(): void {
    this.link = { state: 'live', since: 0, error: null };
    this.#tell();
  }

  focus(): void {}
  refresh(): void {}
  pause(): void {}
}

function open(source = new EmptySource(), size = { columns: 80, rows: 24 }) {
  const dialogs: FakeDialog[] = [];
  const copied: string[] = [];
  let stops = 0;
  const make = (context: DialogContext): Dialog => {
    const dialog = new FakeDialog(context);
    dialogs.push(dialog);
    return dialog;
  };
  const options: SessionOptions = {
    size,
    theme,
    now: () => 0,
    all: false,
    near: false,
    command: { program: 'kubectl evict', flags: ['--context', 'prod'], statusFlags: ['--near', '5'], scope: [] },
    dialogs: new Proxy({} as SessionOptions['dialogs'], { get: () => make }),
    copy: text => void copied.push(text),
    suspend: () => {
      stops += 1;
    },
  };
  const session = new Session(source, options);
  const plain = (): readonly string[] => session.lines().map(each => textOf([{ text: strip(each), tone: 'plain' }]));
  const press = (...keys: string[]): void => session.press(keys);
  const dialog = (): FakeDialog => {
    const [one] = dialogs.slice(-1);
    if (one === undefined) throw new Error('no dialog was opened');
    return one;
  };
  return { session, dialogs, dialog, copied, plain, press, stops: () => stops };
}

function strip(text: string): string {
  return text.replace(/\u001b\[\d+m/g, '').trimEnd();
}

describe('a dialog over the screen', () => {
  test('shows header, title, head, body, question and its keys; a resize draws it anew', () => {
    const { plain, press, session } = open();
    press('p');
    const lines = plain();
    expect(lines).toHaveLength(24);
    expect(lines[0]).toMatch(/^ evict /);
    expect(lines[1]).toMatch(/^─ the title ─+$/);
    expect(lines[2]).toBe('  the head');
    expect(lines[3]).toBe('  body 0 of width 76');
    expect(lines[22]).toBe('  the question');
    expect(lines[23]).toMatch(/^ y yes {2}Esc back .*↑↓ scroll .*\? help +1-18 of 100$/);
    session.resize({ columns: 100, rows: 30 });
    expect(plain()[3]).toBe('  body 0 of width 96');
    expect(plain()).toHaveLength(30);
  });

  test('scrolls by the keys of every screen, and stays within its lines', () => {
    const { plain, press, dialog, session } = open();
    press('p', 'j', 'down');
    expect(plain()[3]).toMatch(/body 2 /);
    press('G');
    expect(plain()[20]).toMatch(/body 99 /);
    expect(plain()[21]).toMatch(/^─+$/);
    dialog().bodyLines = 3;
    dialog().change();
    expect(plain().slice(3, 7)).toEqual(['  body 0 of width 76', '  body 1 of width 76', '  body 2 of width 76', '']);
    expect(session.state.scroll).toBe(0);
    expect(plain()[23]).not.toMatch(/scroll/);
  });

  test('takes its own keys, and no others', () => {
    const { press, dialog } = open();
    press('p', 'y', 'x', 'q', 'a', '/', 's', 'enter', 'j');
    expect(dialog().pressed).toEqual(['y', 'enter']);
  });

  test('takes what is typed while it wants text: characters, blanks, backspace; other keys still work', () => {
    const { press, dialog, session } = open();
    press('p');
    dialog().wantsText = true;
    press('4', 'q', '?', 'j', 'space', 'backspace', 'down', 'pagedown', 'tab', 'ctrl-x', '日');
    expect(dialog().pressed).toEqual(['4', 'q', '?', 'j', 'space', 'backspace', '日']);
    expect(session.state).toMatchObject({ overlay: null, ended: null });
    expect(session.state.scroll).toBeGreaterThan(1);
  });

  test('when it closes the screen is as it was', () => {
    const { press, dialog, plain, session } = open();
    const before = plain();
    press('p', 'G', 'escape');
    expect(plain()).toEqual(before);
    expect(dialog()).toMatchObject({ closes: 1, listeners: 0 });
    expect(session.state).toMatchObject({ dialog: null, ended: null, scroll: 0 });
  });

  test('it may close itself, also under the help', () => {
    const { press, dialog, session } = open();
    press('p', '?');
    dialog().closed = true;
    dialog().change();
    expect(session.state).toMatchObject({ dialog: null, overlay: null });
  });

  test('help shows its keys; what closes the help is no answer', () => {
    const { press, dialog, plain } = open();
    press('p', '?');
    expect(plain().join('\n')).toMatch(/y +says yes[\s\S]*leaves/);
    expect(plain().join('\n')).not.toMatch(/filter by name/);
    press('y');
    expect(dialog().pressed).toEqual([]);
    expect(plain()[1]).toMatch(/the title/);
  });

  test('c shows and copies its command line, without the flags of status', () => {
    const { press, plain, copied } = open();
    press('p', 'c');
    expect(copied).toEqual(["kubectl evict purge -A --node 'a b' --context prod"]);
    expect(plain().join('\n')).toContain("kubectl evict purge -A --node 'a b' --context prod");
    press('escape');
    expect(plain()[1]).toMatch(/the title/);
  });

  test('Ctrl-C ends the screen, also while text is wanted; Ctrl-Z goes to the shell', () => {
    const { press, dialog, session, stops } = open();
    press('p');
    dialog().wantsText = true;
    press('ctrl-z');
    expect(stops()).toBe(1);
    press('ctrl-c');
    expect(session.state.ended).toBe('interrupted');
    session.close();
    expect(dialog()).toMatchObject({ closes: 1, listeners: 0 });
  });

  test('keys typed ahead open it and reach it, once there is a screen', () => {
    const source = new EmptySource();
    source.link = { state: 'connecting', since: 0, error: null };
    const { press, dialogs, dialog } = open(source);
    press('p', 'enter');
    expect(dialogs).toEqual([]);
    source.arrive();
    expect(dialog().pressed).toEqual(['enter']);
  });

  test('what it changes by itself is drawn', () => {
    const { press, dialog, plain, session } = open();
    press('p');
    let told = 0;
    session.subscribe(() => {
      told += 1;
    });
    dialog().title = 'another title';
    dialog().change();
    expect(told).toBe(1);
    expect(plain()[1]).toMatch(/another title/);
  });

  test.each([
    [24, 18, 1],
    [12, 6, 1],
    [11, 6, 1],
    [9, 4, 1],
    [8, 4, 0],
    [5, 1, 0],
    [3, 1, 0],
    [1, 1, 0],
  ])('with %i rows %i are for the body, and %i for the head', (rows, body, head) => {
    const { press, plain, session } = open();
    press('p');
    session.resize({ columns: 60, rows });
    expect(plain()).toHaveLength(rows);
    const lines = { head: [line('head')], body: [line('a'), line('b')], prompt: [line('question')] };
    expect(layoutDialog({ columns: 60, rows }, lines)).toMatchObject({ rows: body, head: { length: head } });
  });

  test('its keys hide those of every dialog, and text hides all characters', () => {
    const keysOf = (dialog: Pick<Dialog, 'keys' | 'wantsText'>): readonly string[] =>
      dialogTable(dialog).flatMap(({ keys }) => keys);
    const own: readonly KeyBinding<string>[] = [{ keys: ['c'], intent: 'cut', help: 'cut' }];
    expect(keysOf({ keys: own, wantsText: false }).filter(key => key === 'c')).toHaveLength(1);
    const text = keysOf({ keys: [], wantsText: true });
    expect(text.filter(key => key.length === 1)).toEqual([]);
    expect(text).toContain('up');
    expect(text).toContain('ctrl-z');
  });
});
