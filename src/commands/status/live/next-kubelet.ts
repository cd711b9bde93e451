import type { LiveFocus } from '../../../eviction/live.ts';
import type { NodeRecord, NodeRecords } from './node-records.ts';

/** What to ask of which kubelet. */
export interface KubeletQuestion {
  readonly record: NodeRecord;
  /** `pods`: the figures of the node together with those of its pods. */
  readonly part: 'config' | 'stats' | 'pods';
}

/** Milliseconds after which an answer is asked for again. */
const AGAIN = {
  /** The figures of the node under the cursor; kubelets look every 10 s. */
  selected: 10_000,
  visible: 20_000,
  /** Nodes under pressure that are not on the screen. */
  hidden: 300_000,
  /** A configuration changes with a restart of the kubelet. */
  config: 60_000,
} as const;

/** Which nodes off the screen are asked. */
export interface Sweep {
  /** Every node, not only those under pressure. */
  readonly all: boolean;
}

/**
 * The question to ask next, null: none is due. First what has never been read: the node under the cursor, those on the screen
 * (under pressure first), those under pressure, the others if all are wanted. Then what is old, in the same order.
 */
export function nextQuestion(
  records: NodeRecords,
  focus: LiveFocus,
  sweep: Sweep,
  nowMs: number,
): KubeletQuestion | null {
  const question = onScreen(records, focus, nowMs) ?? offScreen(records, sweep, nowMs);
  // One request tells both.
  const withPods = question?.part === 'stats' && focus.next && question.record.node.name === focus.selected;
  return withPods ? { ...question, part: 'pods' } : question;
}

function onScreen(records: NodeRecords, focus: LiveFocus, nowMs: number): KubeletQuestion | null {
  const seen = look(records, focus);
  const [first] = seen;
  if (first !== undefined && focus.next && first.node.name === focus.selected) {
    const question = unread(first, nowMs) ?? podsOf(first, nowMs);
    if (question !== null) return question;
  }
  for (const record of seen) {
    const question = unread(record, nowMs);
    if (question !== null) return question;
  }
  for (const record of seen) {
    const after = record.node.name === focus.selected ? AGAIN.selected : AGAIN.visible;
    const question = old(record, after, AGAIN.config, nowMs);
    if (question !== null) return question;
  }
  return null;
}

/** The node under the cursor, then the rows of the screen, those under pressure first. */
function look(records: NodeRecords, focus: LiveFocus): readonly NodeRecord[] {
  const names = new Set(focus.selected === null ? focus.visible : [focus.selected, ...focus.visible]);
  const found = [...names].flatMap(name => {
    const record = records.get(name);
    return record === undefined ? [] : [record];
  });
  const [first, ...rest] = found;
  if (first === undefined) return [];
  return [first, ...rest.filter(r => r.pressed), ...rest.filter(r => !r.pressed)];
}

function offScreen(records: NodeRecords, sweep: Sweep, nowMs: number): KubeletQuestion | null {
  let other: KubeletQuestion | null = null;
  let again: KubeletQuestion | null = null;
  for (const record of records.all()) {
    const { pressed } = record;
    if (!pressed && (!sweep.all || other !== null)) continue;
    const question = unread(record, nowMs);
    if (question !== null && pressed) return question;
    if (question !== null) other ??= question;
    else if (pressed) again ??= old(record, AGAIN.hidden, AGAIN.hidden, nowMs);
  }
  return other ?? again;
}

/** The first reading: both parts, side by side. */
function unread(record: NodeRecord, nowMs: number): KubeletQuestion | null {
  if (record.notBefore > nowMs) return null;
  if (record.config === null && record.configAt === 0) return { record, part: 'config' };
  if (record.stats === null && record.statsAt === 0) return { record, part: 'stats' };
  return null;
}

function old(record: NodeRecord, stats: number, config: number, nowMs: number): KubeletQuestion | null {
  if (record.asking > 0 || record.notBefore > nowMs) return null;
  if (nowMs - record.statsAt >= stats) return { record, part: 'stats' };
  return nowMs - record.configAt >= config ? { record, part: 'config' } : null;
}

/** Somebody wants to see its pods: their figures are as old as those of the node may be, or not known. */
function podsOf(record: NodeRecord, nowMs: number): KubeletQuestion | null {
  if (record.asking > 0 || record.notBefore > nowMs) return null;
  return record.podsAt === 0 || nowMs - record.podsAt >= AGAIN.selected ? { record, part: 'pods' } : null;
}

/** When a kubelet that failed so often in a row is asked again, in milliseconds: 10 s, doubling, at most 5 minutes. */
export function retryAfter(failures: number): number {
  return Math.min(10_000 * 2 ** Math.max(0, failures - 1), 300_000);
}
