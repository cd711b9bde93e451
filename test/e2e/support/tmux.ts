import { spawnSync } from 'node:child_process';
import { expect, vi } from 'vitest';
import { cleanEnv } from './cluster.ts';

/** Whether there is a tmux to run real terminals in. */
export const hasTmux = spawnSync('tmux', ['-V']).error === undefined;

/** A real terminal with one program in it. */
export interface Terminal {
  /** Keys as tmux names them, or texts. */
  type(...keys: readonly string[]): void;
  /** What stands there now. */
  screen(): string;
  /** Waits until the screen matches. */
  shows(what: RegExp): Promise<void>;
  close(): void;
}

let count = 0;

/** Starts a program in a terminal of 120 columns and 40 rows. */
export function openTerminal(command: string, env: Readonly<Record<string, string>> = {}): Terminal {
  count += 1;
  const socket = `evict-e2e-${process.pid}-${count}`;
  const tmux = (...args: readonly string[]): string => {
    const done = spawnSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      env: cleanEnv(env),
    });
    if (done.status !== 0) throw new Error(`tmux ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  };
  tmux('new-session', '-d', '-s', 'e2e', '-x', '120', '-y', '40', command);
  const screen = (): string => tmux('capture-pane', '-p', '-t', 'e2e');
  return {
    screen,
    type: (...keys) => void tmux('send-keys', '-t', 'e2e', ...keys),
    shows: async what => {
      await vi.waitFor(() => expect(screen()).toMatch(what), { timeout: 20_000, interval: 80 });
    },
    close: () => void spawnSync('tmux', ['-L', socket, 'kill-server']),
  };
}
