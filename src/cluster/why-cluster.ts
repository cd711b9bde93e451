import { isActive } from '../eviction/pod.ts';
import { nodeFromKube, statsFromKube } from './from-kube.ts';
import { amountAt, arrayAt } from './json.ts';
import { timelineEntry } from './live-cluster.ts';
import { apiPath, nodePath } from './paths.ts';
import { podFromKube, podUsageFromKube } from './pod-from-kube.ts';
import { type KubeReader, LISTS } from './reader.ts';
import { evidenceFromKube, tombstoneFromKube } from './tombstone-from-kube.ts';
import type { WhyCluster } from './why-port.ts';

/** Evicted pods of one node that are read; more would say the same. */
const MOST_TOMBSTONES = 2000;
/** Events of one pod. */
const MOST_EVENTS = 500;

/** What the stories need of the cluster behind a reader. */
export function whyCluster(reader: KubeReader): WhyCluster {
  return {
    pod: async (namespace, name) => {
      const path = apiPath('api', 'v1', 'namespaces', namespace, 'pods', name);
      const answer = await reader.get(`get pod ${namespace}/${name}`, path);
      const object = answer.json();
      return { pod: podFromKube(object), tombstone: tombstoneFromKube(object), serverTime: answer.serverTime };
    },
    node: async name => {
      const answer = await reader.get(`get node ${name}`, nodePath(name));
      const object = answer.json();
      const images = arrayAt(object, 'status', 'images').map(image => ({
        name: nameOf(image),
        size: amountAt(image, 'sizeBytes') ?? 0,
      }));
      return { node: nodeFromKube(object), images, serverTime: answer.serverTime };
    },
    podsOn: async node => {
      const fieldSelector = `spec.nodeName=${node},status.phase!=Failed,status.phase!=Succeeded`;
      const what = `list pods of node ${node}`;
      const listed = await reader.list({ ...LISTS.failedPods, what, query: { fieldSelector }, translate: podFromKube });
      return listed.items.filter(isActive);
    },
    tombstonesOn: async node => {
      const fieldSelector = `spec.nodeName=${node},status.phase=Failed`;
      const what = `list pods of node ${node}`;
      const list = { ...LISTS.failedPods, what, query: { fieldSelector }, most: MOST_TOMBSTONES };
      return (await reader.list({ ...list, translate: tombstoneFromKube })).items;
    },
    podHistory: async (namespace, name, uid) => {
      const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${name},involvedObject.uid=${uid}`;
      const listed = await reader.list({
        what: `list events in namespace ${namespace}`,
        path: apiPath('api', 'v1', 'namespaces', namespace, 'events'),
        query: { fieldSelector },
        translate: event => ({ entry: timelineEntry(event), evidence: evidenceFromKube(event) }),
        most: MOST_EVENTS,
      });
      const evidence = listed.items.find(item => item.evidence !== null)?.evidence?.evidence ?? null;
      return { entries: listed.items.map(item => item.entry), evidence };
    },
    summary: async (node, timeoutMs) => {
      const body = await reader.kubelet(node, 'stats/summary', timeoutMs);
      return { stats: statsFromKube(body), usage: podUsageFromKube(body) };
    },
  };
}

/** The name people gave it; a digest where there is no other. */
function nameOf(image: unknown): string {
  const names = arrayAt(image, 'names').filter((name): name is string => typeof name === 'string');
  return names.find(name => !name.includes('@')) ?? names[0] ?? '';
}
