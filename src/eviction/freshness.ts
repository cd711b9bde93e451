import { humanAge } from './human.ts';
import type { Instant, NodeFacts, Reading } from './node.ts';

/** A Lease renewed longer ago than this is stale: the control plane's own node monitor grace period. */
const LEASE_STALE_SECONDS = 40;
/** Healthy kubelets repeat unchanged conditions every 5 minutes; a minute of slack. */
const HEARTBEAT_STALE_SECONDS = 360;

/** How recently a node's kubelet was heard of. */
export interface Freshness {
  /** `lease`: the node's Lease; `heartbeat`: the newest condition heartbeat (no Lease, or no right to read it); `none`: neither. */
  readonly source: 'lease' | 'heartbeat' | 'none';
  readonly lastSeen: Instant | null;
  /** Seconds since then, on the API server's clock, never negative; null without a source. */
  readonly ageSeconds: number | null;
  readonly stale: boolean;
  /** `kubelet last heard of 9m ago (lease)`; empty when fresh. */
  readonly text: string;
}

/**
 * Whether a node's conditions can be trusted: its Lease is at most 40 s old, or, where there is none or it may not be read,
 * its newest heartbeat at most 6 minutes. A node with neither counts as stale.
 */
export function freshness(node: NodeFacts, lease: Reading<Instant | null>, now: Instant): Freshness {
  if (lease.ok && lease.value !== null) return aged('lease', lease.value, now, LEASE_STALE_SECONDS);
  const beats = node.conditions.flatMap(c => (c.heartbeat === null ? [] : [c.heartbeat]));
  if (beats.length === 0) {
    return { source: 'none', lastSeen: null, ageSeconds: null, stale: true, text: 'kubelet never heard of' };
  }
  return aged(
    'heartbeat',
    beats.reduce((a, b) => Math.max(a, b)),
    now,
    HEARTBEAT_STALE_SECONDS,
  );
}

function aged(source: 'lease' | 'heartbeat', lastSeen: Instant, now: Instant, limit: number): Freshness {
  const ageSeconds = Math.max(0, (now - lastSeen) / 1000);
  const stale = ageSeconds > limit;
  const text = stale ? `kubelet last heard of ${humanAge(ageSeconds)} ago (${source})` : '';
  return { source, lastSeen, ageSeconds, stale, text };
}
