import { isEvictedPod } from './from-kube.ts';
import { textAt } from './json.ts';
import type { Listed, RedactedCluster } from './port.ts';
import { type KubeReader, LISTS } from './reader.ts';
import { redactConfigz, redactEvent, redactLease, redactNode, redactPod, redactStats } from './redact.ts';

/** What happens to a node that has to do with pressure; other events are nobody's business in a snapshot. */
const NODE_REASONS: ReadonlySet<string> = new Set([
  'EvictionThresholdMet',
  'NodeHasDiskPressure',
  'NodeHasNoDiskPressure',
  'NodeHasInsufficientMemory',
  'NodeHasSufficientMemory',
  'NodeHasInsufficientPID',
  'NodeHasSufficientPID',
  'FreeDiskSpaceFailed',
  'ImageGCFailed',
  'InvalidDiskCapacity',
  'SystemOOM',
  'OOMKilling',
  'NodeReady',
  'NodeNotReady',
  'Rebooted',
  'Starting',
  'CgroupV1',
]);

/** The events that are kept, by what selects them. */
const SELECTORS = [
  'involvedObject.kind=Node',
  'reason=Evicted',
  'reason=FailedDaemonPod',
  'reason=RecreatingFailedPod',
] as const;

/** Reads a cluster's own objects, redacted as they arrive: nothing unredacted is ever kept. */
export function redactedCluster(reader: KubeReader): RedactedCluster {
  return {
    version: async () => textAt((await reader.get('read the version', '/version')).json(), 'gitVersion'),
    nodes: selector => reader.list({ ...LISTS.nodes(selector), translate: redactNode }),
    leases: () => reader.list({ ...LISTS.leases, translate: redactLease }),
    evictedPods: () =>
      reader.list({ ...LISTS.failedPods, translate: pod => (isEvictedPod(pod) ? redactPod(pod) : null) }),
    events: async () => {
      const lists = await Promise.all(
        SELECTORS.map(selector => reader.list({ ...LISTS.events(selector), translate: keptEvent })),
      );
      const first: Listed<object> | undefined = lists[0];
      return {
        items: lists.flatMap(list => list.items),
        serverTime: first?.serverTime ?? null,
        cut: lists.some(list => list.cut),
      };
    },
    configz: async (node, timeoutMs) => redactConfigz(await reader.kubelet(node, 'configz', timeoutMs)),
    stats: async (node, timeoutMs) => redactStats(await reader.kubelet(node, 'stats/summary', timeoutMs)),
  };
}

function keptEvent(event: unknown): object | null {
  const ofNode = textAt(event, 'involvedObject', 'kind') === 'Node';
  return !ofNode || NODE_REASONS.has(textAt(event, 'reason')) ? redactEvent(event) : null;
}
