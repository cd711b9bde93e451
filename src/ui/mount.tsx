import { render } from 'ink';
import type { ScreenTerminal, StatusScreen } from '../deps.ts';
import { App } from './app.tsx';
import type { Size } from './layout.ts';
import { copySequence } from './overlay/command.ts';
import { PurgeDialog } from './purge/dialog.ts';
import { ReportDialog } from './report/dialog.ts';
import { Session } from './session.ts';
import { themeFor } from './theme.ts';
import { TuneDialog } from './tune/dialog.ts';

/** How often the ages on the screen are looked at. */
const TICK_MS = 1000;
/** More would only cost: a key is on the screen within this part of a second. */
const FRAMES_PER_SECOND = 60;

/**
 * Opens the screen on a terminal, and holds it until the user leaves or the screen's signal fires. The terminal is as it was
 * when this settles, however it ends.
 *
 * @returns how it ended
 */
export async function openStatusScreen(
  screen: StatusScreen,
  terminal: ScreenTerminal,
): Promise<'quit' | 'interrupted'> {
  const { stdin, stdout } = terminal;
  let lend: ((use: () => Promise<void>) => Promise<void>) | null = null;
  const copy = (text: string): void => void stdout.write(copySequence(text, clear => terminal.base64(clear)));
  const session = new Session(screen.source, {
    size: sizeOf(stdout),
    theme: themeFor(terminal.env, screen.color),
    now: () => terminal.now(),
    all: screen.all,
    near: screen.near,
    command: screen.command,
    dialogs: {
      purge: ({ node }) => new PurgeDialog(screen.actions.purge, node, screen.command.program),
      report: () => new ReportDialog(screen.actions.report),
      tune: ({ node }) => new TuneDialog(screen.actions.tune, { node, copy }),
    },
    copy,
    suspend: () => {
      // Coming back draws everything anew; what keeps it from going is no reason to end.
      lend?.(() => terminal.stop()).then(onResize, () => {});
    },
  });
  const onResize = (): void => session.resize(sizeOf(stdout));
  // Before Ink's own: a frame of the old size must not be drawn into a new one.
  stdout.on('resize', onResize);
  const instance = render(<App session={session} onReady={ready => (lend = ready)} />, {
    stdin,
    stdout: fromTheCorner(stdout),
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: FRAMES_PER_SECOND,
    isScreenReaderEnabled: terminal.env['INK_SCREEN_READER'] === 'true',
  });
  const leave = (): void => instance.unmount();
  const unsubscribe = session.subscribe(() => {
    if (session.state.ended !== null) leave();
  });
  let crash: { readonly error: unknown } | null = null;
  const uncrash = terminal.onCrash(error => {
    crash ??= { error };
    leave();
  });
  const ticking = setInterval(() => session.tick(), TICK_MS);
  screen.signal.addEventListener('abort', leave, { once: true });
  if (screen.signal.aborted) leave();
  try {
    await instance.waitUntilExit();
    // Told by whoever tells errors, now that there is a terminal again to tell it on.
    if (crash !== null) throw (crash as { readonly error: unknown }).error;
    return session.state.ended ?? 'interrupted';
  } finally {
    clearInterval(ticking);
    screen.signal.removeEventListener('abort', leave);
    uncrash();
    unsubscribe();
    stdout.off('resize', onResize);
    session.close();
  }
}

const ENTER_ALTERNATE = '\u001b[?1049h';
const HOME = '\u001b[H';

/**
 * Ink enters the alternate screen wherever the cursor is: behind what was typed ahead, the first line would be torn. This makes
 * every entrance begin at the corner.
 */
function fromTheCorner(stdout: ScreenTerminal['stdout']): ScreenTerminal['stdout'] {
  return new Proxy(stdout, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (key === 'write') {
        return (chunk: string | Uint8Array, ...rest: never[]) =>
          target.write(
            typeof chunk === 'string' ? chunk.replace(ENTER_ALTERNATE, ENTER_ALTERNATE + HOME) : chunk,
            ...rest,
          );
      }
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function sizeOf(stdout: ScreenTerminal['stdout']): Size {
  return { columns: stdout.columns || 80, rows: stdout.rows || 24 };
}
