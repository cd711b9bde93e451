import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contractOf } from '../contract/cases.ts';
import { rawClient } from '../contract/raw-client.ts';
import { closeTarget, openTarget, type Target } from '../contract/target.ts';

const kubeconfig = process.env['EVICT_E2E_KUBECONFIG'];

if (kubeconfig === undefined || kubeconfig === '') {
  describe('the contract on a real cluster', () => {
    test.skip('skipped: EVICT_E2E_KUBECONFIG names no kubeconfig of a real cluster', () => {});
  });
} else {
  // The set-up of `cluster/up` has a user beside the administrator, who may only look.
  const admin = readFileSync(kubeconfig, 'utf8');
  const viewer = readFileSync(join(dirname(kubeconfig), 'viewer.kubeconfig'), 'utf8');

  describe('the contract on a real cluster', () => {
    let target: Target;

    beforeAll(async () => {
      const client = rawClient(admin);
      const version = await client.send({ path: '/version' });
      expect(version.json.minor, 'the real cluster of these tests is a 1.20').toBe('20');
      const nodes = await client.send({ path: '/api/v1/nodes' });
      client.close();
      const ready = nodes.json.items.find(
        (node: { status: { conditions: readonly { type: string; status: string }[] } }) =>
          node.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
      );
      const namespace = `contract-${randomBytes(4).toString('hex')}`;
      const facts = { version: '1.20', namespace, node: ready.metadata.name } as const;
      target = await openTarget({ admin, viewer }, facts);
    });
    afterAll(() => closeTarget(target));

    test.each(contractOf('1.20'))('$name', ({ run }) => run(target));
  });
}
