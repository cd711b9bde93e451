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
 * its newest heartbeat at most 6 minutes. A node with neither counts as stale. A time that is ahead of the API server's clock
 * by more than those limits would look fresh for as long as it is ahead: it counts as none.
 */
export function freshness(node: NodeFacts, lease: Reading<Instant | null>, now: Instant): Freshness {
  const renewed = lease.ok ? lease.value : null;
  if (renewed !== null && !isAhead(renewed, now, LEASE_STALE_SECONDS)) {
    return aged('lease', renewed, now, LEASE_STALE_SECONDS);
  }
  const beats = node.conditions.flatMap(c => (c.heartbeat === null ? [] : [c.heartbeat]));
  const believed = beats.filter(beat => !isAhead(beat, now, HEARTBEAT_STALE_SECONDS));
  if (believed.length > 0) {
    const newest = believed.reduce((a, b) => Math.max(a, b));
    return aged('heartbeat', newest, now, HEARTBEAT_STALE_SECONDS);
  }
  const text =
    renewed === null && beats.length === 0
      ? 'kubelet never heard of'
      : "kubelet's clock is ahead of the API server's: when it was last heard of cannot be told";
  return { source: 'none', lastSeen: null, ageSeconds: null, stale: true, text };
}

function isAhead(time: Instant, now: Instant, seconds: number): boolean {
  return time - now > seconds * 1000;
}

function aged(source: 'lease' | 'heartbeat', lastSeen: Instant, now: Instant, limit: number): Freshness {
  const ageSeconds = Math.max(0, (now - lastSeen) / 1000);
  const stale = ageSeconds > limit;
  const text = stale ? `kubelet last heard of ${humanAge(ageSeconds)} ago (${source})` : '';
  return { source, lastSeen, ageSeconds, stale, text };
}
