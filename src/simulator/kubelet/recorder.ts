import type { Cluster } from '../cluster.ts';
import { timestamp } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import { type EventDraft, involvedObject } from './events.ts';
import type { KubeletFeatures } from './features.ts';
import { numberField, parseTimestamp, textField } from './fields.ts';

/** Writes events: a repeated one is counted, as client-go's recorder does. */
export interface EventRecorder {
  /**
   * @param past for events of the time before the scenario: how often, and since when
   */
  record(
    event: EventDraft,
    features: KubeletFeatures,
    past?: { readonly count: number; readonly firstMs: number },
  ): void;
  /**
   * Removes events that nobody repeated for {@link EVENT_TTL_MS}, now and then.
   *
   * @returns when to ask again
   */
  reconcile(nowMs: number): number;
}

/** The API server keeps events for an hour (`--event-ttl`). */
export const EVENT_TTL_MS = 3_600_000;
const EXPIRY_PERIOD_MS = 60_000;

function keyOf(event: EventDraft): string {
  return JSON.stringify([event.type, event.reason, event.message, event.target, event.component, event.host]);
}

/** A recorder for the cluster. Names carry the time in nanoseconds, in hexadecimal, as real ones do. */
export function createRecorder(cluster: Cluster): EventRecorder {
  const known = new Map<string, string>();
  const lastSeen = new Map<string, number>();
  let counter = 0;
  let nextExpiryMs = 0;

  const repeat = (name: string, namespace: string, atMs: number): boolean => {
    const found = cluster.get('Event', { name, namespace });
    if (found === undefined) return false;
    const count = (numberField(found, 'count') ?? 1) + 1;
    cluster.upsert('Event', { ...found, count, lastTimestamp: timestamp(atMs) });
    return true;
  };

  const create = (event: EventDraft, features: KubeletFeatures, firstMs: number, count: number): string => {
    counter += 1;
    const nanoseconds = BigInt(Math.trunc(firstMs)) * 1_000_000n + BigInt(counter % 1_000_000);
    const name = `${event.target.name}.${nanoseconds.toString(16)}`;
    cluster.upsert('Event', eventObject(event, features, { name, firstMs, count }));
    return name;
  };

  return {
    record: (event, features, past) => {
      const key = keyOf(event);
      lastSeen.set(key, event.atMs);
      const namespace = event.target.kind === 'Node' ? 'default' : event.target.namespace;
      const name = known.get(key);
      if (name !== undefined && repeat(name, namespace, event.atMs)) return;
      known.set(key, create(event, features, past?.firstMs ?? event.atMs, past?.count ?? 1));
    },
    reconcile: nowMs => {
      if (nowMs < nextExpiryMs) return nextExpiryMs;
      nextExpiryMs = nowMs + EXPIRY_PERIOD_MS;
      for (const event of cluster.list('Event')) {
        const last = parseTimestamp(textField(event, 'lastTimestamp')) ?? nowMs;
        const { name, namespace } = event.metadata;
        if (nowMs - last > EVENT_TTL_MS) cluster.remove('Event', { name, namespace });
      }
      for (const [key, at] of lastSeen) {
        if (nowMs - at <= EVENT_TTL_MS) continue;
        lastSeen.delete(key);
        known.delete(key);
      }
      return nextExpiryMs;
    },
  };
}

/** The Event object. */
export function eventObject(
  event: EventDraft,
  features: KubeletFeatures,
  identity: { readonly name: string; readonly firstMs: number; readonly count: number },
): KubeObject {
  const { target, annotations } = event;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: identity.name,
      namespace: target.kind === 'Node' ? 'default' : target.namespace,
      creationTimestamp: timestamp(identity.firstMs),
      ...(annotations === undefined ? {} : { annotations }),
    },
    involvedObject: involvedObject(event, features),
    reason: event.reason,
    message: event.message,
    source: { component: event.component, ...(event.host === null ? {} : { host: event.host }) },
    firstTimestamp: timestamp(identity.firstMs),
    lastTimestamp: timestamp(event.atMs),
    count: identity.count,
    type: event.type,
    eventTime: null,
    reportingComponent: features.reportingComponent ? event.component : '',
    reportingInstance: features.reportingComponent ? (event.host ?? '') : '',
  };
}
