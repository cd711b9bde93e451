import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findScenario } from '../../src/simulator/scenarios/registry.ts';
import type { Scenario } from '../../src/simulator/scenarios/scenario.ts';
import { openScreen, type ScreenOptions } from '../support/screen.ts';
import { openSimulated, type Simulated } from '../support/simulated.ts';
import type { TestTerminal } from '../support/terminal.ts';
import { choosing } from './choosing.ts';
import { svgOf } from './svg.ts';

// `npm run screenshots`: the program draws its own screens, of a cluster whose time stands still, into docs/screenshots.

const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));

interface Shot extends ScreenOptions {
  readonly file: string;
  readonly title: string;
  /** Its name, or one of these pictures' own. */
  readonly scenario: string | Scenario;
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
    file: 'tune.svg',
    title: 'kubectl evict status: new thresholds, and what they will do',
    scenario: 'story',
    columns: 120,
    rows: 26,
    act: async terminal => {
      await settled(terminal);
      terminal.type('t');
      await terminal.shows(/nodefs\.available .*BREACHED/);
      terminal.type('r5%');
      await terminal.shows(/DiskPressure clears/);
    },
  },
  {
    file: 'purge.svg',
    title: 'kubectl evict status: what a purge would delete',
    scenario: 'tombstones',
    query: { all: true },
    columns: 120,
    rows: 34,
    act: async terminal => {
      await settled(terminal);
      terminal.type('pa');
      await terminal.shows(/Delete these 52 pods/);
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
    file: 'next.svg',
    title: 'kubectl evict status: whom the kubelet evicts next',
    scenario: choosing,
    query: { all: true },
    columns: 144,
    rows: 24,
    act: async (terminal, simulated) => {
      await settled(terminal);
      terminal.type('\r5');
      await terminal.shows(/if its threshold were met/);
      // Until the kubelet has evicted the first one, and goes on.
      await expect
        .poll(
          () => {
            simulated.advance(5000);
            return terminal.text();
          },
          { timeout: 20_000, interval: 100 },
        )
        .toMatch(/Eviction order for \S+ {2}now/);
      await terminal.hides(/thumbnails/);
    },
  },
  {
    file: 'report.svg',
    title: 'kubectl evict status: the report on evictions',
    scenario: 'mixed',
    columns: 120,
    rows: 40,
    act: async (terminal, simulated) => {
      await settled(terminal);
      for (let i = 0; i < 60; i += 1) simulated.advance(20_000);
      await terminal.shows(/live \d+s/);
      terminal.type('R');
      await terminal.shows(/\[Causes \d/);
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
    const scenario = typeof shot.scenario === 'string' ? findScenario(shot.scenario) : shot.scenario;
    if (scenario === undefined) throw new Error(`no scenario for ${shot.file}`);
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
