import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mixed } from '../../src/simulator/scenarios/mixed.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';
import { call, cleanEnv, describeIf } from './support/cluster.ts';
import { hasTmux, openTerminal, type Terminal } from './support/tmux.ts';

// Completion as a user meets it: TAB in real shells, and through kubectl. The cluster is simulated.

const BASH_COMPLETION = '/usr/share/bash-completion/bash_completion';

let simulated: Simulated;
let home = '';
/** The simulated cluster first, and a context with a name as clouds give them. */
let kubeconfig = '';

beforeAll(async () => {
  simulated = await openSimulated(mixed);
  home = mkdtempSync(join(tmpdir(), 'evict-e2e-completion-'));
  writeFileSync(join(home, 'kubelet-test.yaml'), 'kind: KubeletConfiguration\n');
  const context = { name: 'arn:aws:eks:eu-1:1:cluster/prod', context: {} };
  writeFileSync(join(home, 'more'), JSON.stringify({ contexts: [context] }));
  kubeconfig = [simulated.kubeconfig, join(home, 'more')].join(delimiter);
});
afterAll(async () => {
  rmSync(home, { recursive: true });
  await simulated.close();
});

/** A shell, how it is started in a folder, and what must be there. */
interface Shell {
  readonly name: string;
  readonly program: string;
  readonly needs?: string;
  /** The first of the cases are enough: only how it is loaded differs. */
  readonly briefly?: true;
  start(folder: string): string;
}

const load = (shell: string): string => `source <(kubectl-evict completion ${shell})`;

const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    program: 'bash',
    start: folder => {
      writeFileSync(join(folder, 'rc'), `PS1='ready> '\nbind 'set bell-style none'\n${load('bash')}\n`);
      return 'bash --noprofile --rcfile ./rc -i';
    },
  },
  {
    name: 'bash with bash-completion',
    program: 'bash',
    needs: BASH_COMPLETION,
    start: folder => {
      writeFileSync(join(folder, 'rc'), `PS1='ready> '\n. ${BASH_COMPLETION}\n${load('bash')}\n`);
      return 'bash --noprofile --rcfile ./rc -i';
    },
  },
  {
    name: 'zsh',
    program: 'zsh',
    start: folder => {
      const setup = "PROMPT='ready> '; unsetopt beep; autoload -U compinit; compinit -D -u";
      writeFileSync(join(folder, '.zshrc'), `${setup}\n${load('zsh')}\n`);
      return `env ZDOTDIR=${folder} zsh -d -i`;
    },
  },
  {
    name: 'zsh, from fpath',
    briefly: true,
    program: 'zsh',
    start: folder => {
      const setup = "PROMPT='ready> '; unsetopt beep; fpath=($PWD $fpath); autoload -U compinit; compinit -D -u";
      writeFileSync(join(folder, '.zshrc'), `${setup}\n`);
      writeFileSync(join(folder, '_kubectl-evict'), call('kubectl-evict', ['completion', 'zsh']).out);
      return `env ZDOTDIR=${folder} zsh -d -i`;
    },
  },
  {
    name: 'fish',
    program: 'fish',
    start: () => {
      const setup = "function fish_prompt; echo -n 'ready> '; end; set -g fish_autosuggestion_enabled 0";
      return `fish --no-config -i -C "${setup}; kubectl-evict completion fish | source"`;
    },
  },
];

/** What is typed before TAB, and what stands there after it; a Z typed behind shows where the cursor is. */
const CASES: readonly (readonly [string, string])[] = [
  ['kubectl-evict sta', 'kubectl-evict status Z'],
  ['kubectl-evict status --interv', 'kubectl-evict status --interval Z'],
  ['kubectl-evict status -o y', 'kubectl-evict status -o yaml Z'],
  ['kubectl-evict status --output=y', 'kubectl-evict status --output=yaml Z'],
  ['kubectl-evict status windows-m', 'kubectl-evict status windows-memory Z'],
  ['kubectl-evict why node/windows-m', 'kubectl-evict why node/windows-memory Z'],
  ['kubectl-evict purge -n kube-pu', 'kubectl-evict purge -n kube-public Z'],
  ['kubectl-evict status --context adm', 'kubectl-evict status --context admin@simulated Z'],
  ['kubectl-evict status --context admin@s', 'kubectl-evict status --context admin@simulated Z'],
  ['kubectl-evict status --context=admin@s', 'kubectl-evict status --context=admin@simulated Z'],
  ['kubectl-evict status --context arn:aw', 'kubectl-evict status --context arn:aws:eks:eu-1:1:cluster/prod Z'],
  ['kubectl-evict status --context=arn:aws:e', 'kubectl-evict status --context=arn:aws:eks:eu-1:1:cluster/prod Z'],
  ['kubectl-evict tune -f kubelet-t', 'kubectl-evict tune -f kubelet-test.yaml Z'],
  ['kubectl-evict tune --filename=kubelet-t', 'kubectl-evict tune --filename=kubelet-test.yaml Z'],
  // No file belongs here, and nothing is known.
  ['kubectl-evict report kubelet-t', 'kubectl-evict report kubelet-tZ'],
  ['kubectl-evict status no-such-node-', 'kubectl-evict status no-such-node-Z'],
];

/** More may follow a list: no blank. fish has no way to say so. */
const LIST = ['kubectl-evict purge --cause memory,di', 'kubectl-evict purge --cause memory,diskZ'] as const;

let cleared = 0;

/** Empties line and screen; a number tells that it is done. */
async function clear(terminal: Terminal): Promise<void> {
  cleared += 1;
  terminal.type('C-u');
  terminal.type('-l', `clear; echo cleared ${cleared}`);
  terminal.type('Enter');
  await terminal.shows(new RegExp(`^cleared ${cleared}\\s*ready>\\s*$`));
}

async function after(terminal: Terminal, typed: string): Promise<void> {
  terminal.type('-l', typed);
  await terminal.shows(new RegExp(`^ready> ${literally(typed)}$`, 'm'));
  terminal.type('Tab');
  terminal.type('Z');
  await terminal.shows(/^ready> .*Z$/m);
}

const literally = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
const line = (terminal: Terminal): string =>
  terminal
    .screen()
    .split('\n')
    .findLast(l => l.startsWith('ready>')) ?? '';

function lacks(shell: Shell): string | null {
  if (!hasTmux) return 'no tmux';
  if (spawnSync(shell.program, ['-c', 'true']).error) return `no ${shell.program}`;
  return shell.needs !== undefined && !existsSync(shell.needs) ? `no ${shell.needs}` : null;
}

for (const shell of SHELLS) {
  describeIf(lacks(shell), `TAB in ${shell.name}`, () => {
    let terminal: Terminal;
    beforeAll(async () => {
      const start = shell.start(home);
      const env = { HOME: home, KUBECONFIG: kubeconfig, SHELL: '/bin/sh' };
      terminal = openTerminal(`cd ${home} && exec ${start}`, env);
      await terminal.shows(/^ready>/m);
    });
    afterEach(() => clear(terminal));
    afterAll(() => terminal.close());

    const cases = shell.briefly ? CASES.slice(0, 5) : shell.program === 'fish' ? CASES : [...CASES, LIST];
    test.each(cases)('%s', async (typed, expected) => {
      await after(terminal, typed);
      expect(line(terminal)).toBe(`ready> ${expected}`);
    });

    test('lists what there is, with what it is', async () => {
      terminal.type('-l', 'kubectl-evict ver');
      terminal.type('Tab', 'Tab');
      await terminal.shows(/verify/);
      await terminal.shows(/version/);
      // bash has no place for it.
      if (shell.program !== 'bash') await terminal.shows(/the version of this program/);
    });
  });
}

/** The minor version of the client; 0: there is none. */
function kubectlMinor(): number {
  const done = spawnSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8', env: cleanEnv() });
  return Number(/"minor": "(\d+)/.exec(done.stdout ?? '')?.[1] ?? 0);
}

const minor = kubectlMinor();
const tooOld =
  minor >= 26 ? null : `kubectl completes plugins from 1.26 on, this one is ${minor === 0 ? 'missing' : `1.${minor}`}`;

describeIf(tooOld, 'through kubectl', () => {
  // Not synchronously: the simulated cluster is in this process.
  const ask = async (...words: readonly string[]): Promise<readonly string[]> => {
    const env = cleanEnv({ KUBECONFIG: kubeconfig });
    const { stdout } = await promisify(execFile)('kubectl', ['__complete', ...words], { env });
    return stdout.trimEnd().split('\n');
  };

  test.each<readonly [readonly string[], readonly string[]]>([
    [
      ['evict', 'sta'],
      [expect.stringMatching(/^status\t/), ':4'],
    ],
    [
      ['evict', 'status', '-o', 'y'],
      ['yaml', ':4'],
    ],
    [
      ['evict', 'status', '--output=y'],
      ['yaml', ':4'],
    ],
    [
      ['evict', 'status', 'windows-'],
      ['windows-1', 'windows-memory', ':4'],
    ],
    [
      ['evict', 'why', 'node/windows-m'],
      ['node/windows-memory', ':4'],
    ],
    [
      ['evict', 'purge', '-n', 'kube-p'],
      ['kube-public', ':4'],
    ],
    [
      ['evict', 'status', '--context', 'ad'],
      ['admin@simulated', ':4'],
    ],
    [
      ['evict', 'purge', '--cause', 'memory,di'],
      ['memory,disk', ':6'],
    ],
    [['evict', 'tune', '-f', ''], [':0']],
  ])('kubectl __complete %j', async (words, expected) => {
    expect(await ask(...words)).toEqual(expected);
  });

  const noShell = !hasTmux ? 'no tmux' : existsSync(BASH_COMPLETION) ? null : 'no bash-completion';
  describeIf(noShell, "TAB behind kubectl's own completion in bash", () => {
    let terminal: Terminal;
    beforeAll(async () => {
      writeFileSync(join(home, 'rc'), `PS1='ready> '\n. ${BASH_COMPLETION}\nsource <(kubectl completion bash)\n`);
      const env = { HOME: home, KUBECONFIG: kubeconfig };
      terminal = openTerminal(`cd ${home} && exec bash --noprofile --rcfile ./rc -i`, env);
      await terminal.shows(/^ready>/m);
    });
    afterEach(() => clear(terminal));
    afterAll(() => terminal.close());

    test.each(
      CASES.slice(2).map(([typed, expected]) => [typed.replace('-', ' '), expected.replace('-', ' ')] as const),
    )('%s', async (typed, expected) => {
      await after(terminal, typed);
      expect(line(terminal)).toBe(`ready> ${expected}`);
    });
  });
});

describe('kubectl_complete-evict', () => {
  test('finds the program through links, and under another name', () => {
    const bin = mkdtempSync(join(tmpdir(), 'evict-e2e-linked-'));
    try {
      const found = (name: string): string => call('sh', ['-c', `command -v ${name}`]).out.trim();
      const link = (target: string, name: string): void => void call('ln', ['-s', target, join(bin, name)]);
      // As krew does: links beside one another, to files beside one another.
      link(found('kubectl-evict'), 'kubectl-node_evict');
      link(found('kubectl_complete-evict'), 'kubectl_complete-node_evict');
      // The program itself is not on the PATH.
      const node = { ...cleanEnv(), PATH: process.env['PATH'] ?? '' };
      const done = call(join(bin, 'kubectl_complete-node_evict'), ['sta'], node);
      expect(done).toMatchObject({ code: 0, out: expect.stringMatching(/^status\t.*\n:4\n$/) });
      // Alone in its folder it follows its own link.
      rmSync(join(bin, 'kubectl-node_evict'));
      expect(call(join(bin, 'kubectl_complete-node_evict'), ['sta'], node).out).toBe(done.out);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });

  test('answers quickly where the cluster is silent', () => {
    // A port that takes connections and never says a word.
    const script = `
      const server = require('net').createServer(() => {}).listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        const child = require('child_process').spawn('kubectl_complete-evict', ['-s', 'http://127.0.0.1:' + port, 'status', ''], { stdio: 'inherit' });
        child.on('close', code => process.exit(code));
      });`;
    const done = call(process.execPath, ['-e', script]);
    expect(done).toEqual({
      code: 0,
      out: ':4\n',
      err: 'Completion ended with directive: ShellCompDirectiveNoFileComp\n',
    });
  });
});
