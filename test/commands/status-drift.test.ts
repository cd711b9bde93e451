import { describe, expect, test } from 'vitest';
import { runCommand } from '../support/deps.ts';
import { type StubAnswer, startStub } from '../support/http-stub.ts';
import { RECORDED_AT, type RecordedParts, recorded, recordedWorld } from '../support/recorded-world.ts';

/** What `status --all` finds of drift, what it complains of, and which ConfigMaps it asked for. */
async function drift(change: Partial<RecordedParts>) {
  const stub = await startStub(recordedWorld(change));
  const argv = ['status', '--all', '-o', 'json', '--server', stub.url];
  const { out, code } = await runCommand(argv, { now: RECORDED_AT });
  const document = JSON.parse(out) as {
    readonly items: readonly { readonly findings: readonly { readonly code: string; readonly message: string }[] }[];
    readonly errors: readonly { readonly what: string }[];
  };
  return {
    code,
    found: document.items.flatMap(item => item.findings.filter(f => f.code === 'config-drift').map(f => f.message)),
    errors: document.errors.map(error => error.what),
    asked: stub.requests.flatMap(request => /configmaps\/(\S+)$/.exec(request.url)?.[1] ?? []),
  };
}

function configMap(kubelet: string): StubAnswer {
  return { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { kubelet } } };
}

const KUBEADM = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

describe('status compares nodes with what kubeadm gives them', () => {
  test('a node that runs something else', async () => {
    const { found, asked, errors, code } = await drift({
      configMap: configMap(`${KUBEADM}evictionHard:\n  nodefs.available: "5%"\n`),
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('ConfigMap kube-system/kubelet-config');
    expect(found[0]).toContain('nodefs.available 10% (ConfigMap: 5%)');
    expect({ asked, errors, code }).toEqual({ asked: ['kubelet-config'], errors: [], code: 0 });
  });

  test('a node that runs the defaults an untouched one leaves', async () => {
    expect((await drift({ configMap: configMap(`${KUBEADM}evictionPressureTransitionPeriod: 0s\n`) })).found).toEqual(
      [],
    );
  });

  test.each<[string, StubAnswer, readonly string[]]>([
    ['there is none', { status: 404, body: notFound() }, ['kubelet-config', 'kubelet-config-1.20']],
    ['it may not be read', recorded('v1.20', 'forbidden.json', 403), ['kubelet-config']],
    ['the server fails', { status: 400, body: 'no' }, ['kubelet-config']],
    ['it holds something else', configMap('a: [b'), ['kubelet-config', 'kubelet-config-1.20']],
  ])('silent where %s', async (_name, answer, names) => {
    expect(await drift({ configMap: answer })).toEqual({ code: 0, found: [], errors: [], asked: names });
  });

  test('not asked for where no kubelet may be asked', async () => {
    const review = { ...recorded('v1.36', 'ssar-denied.json'), status: 201 };
    expect((await drift({ review })).asked).toEqual([]);
  });
});

function notFound(): object {
  const details = { name: 'kubelet-config', kind: 'configmaps' };
  return { kind: 'Status', status: 'Failure', reason: 'NotFound', message: 'not found', code: 404, details };
}
