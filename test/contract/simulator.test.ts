import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clock, manualClock, realClock } from '../../src/simulator/clock.ts';
import { createCluster } from '../../src/simulator/cluster.ts';
import type { FaultRule } from '../../src/simulator/faults.ts';
import type { SimulatedVersion } from '../../src/simulator/resources.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { fixtureText } from '../support/fixtures.ts';
import { CONTRACT, contractOf } from './cases.ts';
import { closeTarget, openTarget, type Target } from './target.ts';

const NODE = 'contract-node';

// Watches of a second are over in a twentieth of it.
const hasty: Clock = {
  now: () => 0,
  after: (delayMs, callback) => realClock().after(delayMs / 20, callback),
};

async function simulated(version: SimulatedVersion, auth: 'certificate' | 'token') {
  const cluster = createCluster({ clock: manualClock(Date.UTC(2026, 10, 22)) });
  cluster.upsert('Node', {
    metadata: { name: NODE },
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] },
  });
  const simulator = await startSimulator({ cluster, version, timers: hasty, bookmarkMs: 2000 });
  const answer = (body: string) => ({ status: 200, contentType: 'application/json', body });
  simulator.setAgent(NODE, {
    configz: () => answer(fixtureText(`v${version}`, 'configz.json')),
    statsSummary: () => answer(JSON.stringify({ node: { nodeName: NODE }, pods: [] })),
  });
  const kubeconfigs = {
    admin: simulator.kubeconfigFor('admin', { auth }),
    viewer: simulator.kubeconfigFor('viewer', { auth }),
  };
  const target = await openTarget(kubeconfigs, { version, namespace: 'contract', node: NODE });
  return { simulator, target };
}

describe.each([
  ['1.20', 'certificate'],
  ['1.36', 'token'],
] as const)('the simulator of %s with a %s', (version, auth) => {
  let target: Target;
  let simulator: Simulator;

  beforeAll(async () => {
    ({ simulator, target } = await simulated(version, auth));
  });
  afterAll(async () => {
    await closeTarget(target);
    await simulator.close();
  });

  test.each(contractOf(version))('$name', ({ run }) => run(target));
});

describe('a planted difference breaks the contract', () => {
  const delete409: FaultRule = {
    match: { verb: 'delete', resource: 'pods' },
    fault: { type: 'status', code: 412 },
  };
  test.each<[string, string, FaultRule]>([
    ['another status code for a failed precondition', 'delete: another uid is a 409', delete409],
    [
      'a list of another form',
      'list: kind, version, items without kind',
      { match: { verb: 'list', resource: 'pods' }, fault: { type: 'malformed' } },
    ],
    [
      'a kubelet that answers differently',
      'kubelet: configz and the summary',
      { match: { resource: 'nodes/proxy' }, fault: { type: 'content-type', contentType: 'text/plain' } },
    ],
    [
      'a watch that ends early',
      'watch: from a version on, a Failed pod goes',
      { match: { verb: 'watch' }, fault: { type: 'cut-body', afterBytes: 10 } },
    ],
    [
      'a review that allows nothing',
      'access review: nodes/proxy',
      { match: { resource: 'selfsubjectaccessreviews' }, fault: { type: 'status', code: 403 } },
    ],
  ])('%s', async (_, prefix, rule) => {
    const { simulator, target } = await simulated('1.36', 'token');
    const contract = CONTRACT.find(({ name }) => name.startsWith(prefix));
    expect(contract).toBeDefined();
    try {
      simulator.faults.add(rule);
      await expect(contract?.run(target)).rejects.toThrow();
      simulator.faults.clear();
    } finally {
      await closeTarget(target);
      await simulator.close();
    }
  });
});
