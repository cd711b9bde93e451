import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findScenario } from '../../src/simulator/scenarios/registry.ts';
import { openScreen, type ScreenOptions } from '../support/screen.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';
import type { TestTerminal } from '../support/terminal.ts';
import { svgOf } from './svg.ts';

// `npm run screenshots`: the program draws its own screens, of a cluster whose time stands still, into docs/screenshots.

const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));

interface Shot extends ScreenOptions {
  readonly file: string;
  readonly title: string;
  readonly scenario: string;
  readonly act: (terminal: TestTerminal, simulated: Simulated) => Promise<void>;
}

/** Every row is there, and nothing is being asked any more. */
async function settled(terminal: TestTerminal): Promise<void> {
  await terminal.shows(/live/);
  await terminal.hides(/waiting|asking|Reading/);
}

/** Time passes, and the kubelet of a node is asked again and again. */
async function minutesPass(simulated: Simulated, node: string, minutes: number): Promise<void> {
  const asked = (): number =>
    simulated.simulator.requests.filter(({ url }) => url.includes(`/${node}/proxy/stats`)).length;
  for (let i = 0; i < minutes * 3; i += 1) {
    const before = asked();
    simulated.advance(20_500);
    await expect.poll(asked, { timeout: 5000, interval: 5 }).toBeGreaterThan(before);
  }
}

const SHOTS: readonly Shot[] = [
  {
    file: 'nodes.svg',
    title: 'kubectl evict status',
    scenario: 'mixed',
    columns: 120,
    rows: 40,
    act: settled,
  },
  {
    file: 'wide.svg',
    title: 'kubectl evict status, 200 columns',
    scenario: 'mixed',
    columns: 200,
    rows: 44,
    act: async terminal => {
      await settled(terminal);
      terminal.type('jjjjj');
      await terminal.shows(/gke-soft {3}/);
    },
  },
  {
    file: 'narrow.svg',
    title: 'kubectl evict status, 80 columns',
    scenario: 'story',
    columns: 80,
    rows: 24,
    act: settled,
  },
  {
    file: 'node.svg',
    title: 'kubectl evict status: one node',
    scenario: 'story',
    columns: 120,
    rows: 34,
    act: async terminal => {
      await settled(terminal);
      terminal.type('\r');
      await terminal.shows(/UNPROTECTED/);
    },
  },
  {
    file: 'config.svg',
    title: 'kubectl evict status: what the kubelet runs with',
    scenario: 'story',
    columns: 120,
    rows: 40,
    act: async terminal => {
      await settled(terminal);
      terminal.type('\r2');
      await terminal.shows(/Image garbage collection/);
    },
  },
  {
    file: 'forecast.svg',
    title: 'kubectl evict status: a disk that fills',
    scenario: 'mixed',
    columns: 132,
    rows: 30,
    act: async (terminal, simulated) => {
      await settled(terminal);
      terminal.type('a/filling\r\r');
      await terminal.shows(/near-threshold|allocatable/);
      await minutesPass(simulated, 'kubeadm-filling', 4);
      await terminal.shows(/REACHED IN/);
    },
  },
  {
    file: 'help.svg',
    title: 'kubectl evict status: help',
    scenario: 'story',
    columns: 100,
    rows: 40,
    act: async terminal => {
      await settled(terminal);
      terminal.type('?');
      await terminal.shows(/Signs/);
    },
  },
  {
    file: 'no-color.svg',
    title: 'NO_COLOR=1 kubectl evict status',
    scenario: 'mixed',
    columns: 100,
    rows: 36,
    env: { NO_COLOR: '1', LANG: 'C.UTF-8' },
    act: settled,
  },
];

describe('screenshots', () => {
  test.each(SHOTS)('$file', async shot => {
    const scenario = findScenario(shot.scenario);
    if (scenario === undefined) throw new Error(`no scenario ${shot.scenario}`);
    const simulated = await openSimulated(scenario, { context: 'prod-eu' });
    // What stood still until now moves a little: pods are refused, events are written.
    simulated.advance(20_000);
    const { terminal, done } = openScreen(simulated, shot);
    await shot.act(terminal, simulated);
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(FOLDER + shot.file, svgOf(terminal.screen, shot.title));
    terminal.type('\u0003');
    await done;
    await simulated.close();
  });
});
