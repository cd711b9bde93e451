import type { NodeReport } from '../eviction/assess.ts';
import type { FindingCode } from '../eviction/findings.ts';
import { counted, humanAge, humanAmount } from '../eviction/human.ts';
import type { TimelineEntry } from '../eviction/live.ts';
import type { EvictionOrder, Victim } from '../eviction/next-victims.ts';
import type { Instant, Reading } from '../eviction/node.ts';
import { signalInfo } from '../eviction/signal.ts';
import type { Advice, NodeStory } from '../eviction/why-node.ts';
import { type NodeOrder, placeReason } from '../eviction/why-order.ts';
import type { PodStory } from '../eviction/why-pod.ts';
import { type Consumer, consumption } from '../eviction/why-use.ts';
import { cleanShort } from './clean.ts';
import { type Column, table } from './columns.ts';
import type { Paint } from './style.ts';

/** The longest sentence that is printed: names and messages are the cluster's. */
const MOST_SENTENCE = 600;
const MOST_VICTIMS = 12;
const MOST_CONSUMERS = 8;
const MOST_IMAGES = 3;
const MOST_TIMELINE = 15;

/** The story of a node as text. */
export function nodeStoryText(story: NodeStory, now: Instant, paint: Paint): string {
  const isBad = story.report.pressure.length > 0 || story.report.state === 'BREACHED';
  return [
    sentences(story.story, isBad, paint),
    section('What comes next', list(story.next), paint),
    ...(story.orders ?? []).map(order => orderSection(order, paint)),
    consumerSection(story, paint),
    imageSection(story, paint),
    section('Findings', list(untoldFindings(story.report)), paint),
    timelineSection(story.timeline, now, paint),
    adviceSection(story.advice, paint),
  ]
    .filter(part => part !== '')
    .join('\n');
}

/** The story of a pod as text. */
export function podStoryText(story: PodStory, now: Instant, paint: Paint): string {
  return [
    sentences(story.story, story.eviction !== null, paint),
    section('What comes next', list(story.next), paint),
    timelineSection(story.timeline, now, paint),
    adviceSection(story.advice, paint),
  ]
    .filter(part => part !== '')
    .join('\n');
}

/** What the story has told in other words already. */
const TOLD: ReadonlySet<FindingCode> = new Set<FindingCode>(['breached', 'soft-breached', 'recovering', 'hot-loop']);

function untoldFindings({ findings }: NodeReport): readonly string[] {
  return findings.filter(({ code }) => !TOLD.has(code)).map(f => `${f.severity}: ${f.message}`);
}

/** The headline, and a line for each further sentence. */
function sentences([head = '', ...rest]: readonly string[], isBad: boolean, paint: Paint): string {
  return `${paint(isBad ? 'bad' : 'strong', sentence(head))}\n${list(rest)}`;
}

/** One sentence, clean, with its full stop. */
function sentence(text: string): string {
  const cleaned = cleanShort(text, MOST_SENTENCE).trim();
  return /[.!?…]$/.test(cleaned) ? cleaned : `${cleaned}.`;
}

function list(items: readonly string[]): string {
  return items.map(item => `  - ${sentence(item)}\n`).join('');
}

function section(title: string, body: string, paint: Paint): string {
  return body === '' ? '' : `${paint('strong', title)}\n${body}`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

/** When an order comes into force, in a few words. */
export const OCCASIONS: Readonly<Record<NodeOrder['occasion'], string>> = {
  now: 'now',
  'after-grace': 'when the grace period of the soft threshold is over',
  'if-met': 'if its threshold were met',
  asked: 'as asked',
};

function orderSection({ occasion, order }: NodeOrder, paint: Paint): string {
  const { victims, spared } = order;
  const title = `Eviction order for ${order.signal} (${OCCASIONS[occasion]})`;
  const shown = victims.slice(0, MOST_VICTIMS);
  const rows = shown.length === 0 ? '' : indented(table(victimColumns(order), shown, { headers: true, paint }));
  const more = victims.length - shown.length;
  const names = spared.slice(0, 6).map(s => `${s.pod.namespace}/${s.pod.name} (${s.why})`);
  const others = spared.length - names.length;
  const lines = [
    more > 0 ? `  and ${more} more (-o json lists all)\n` : '',
    victims.some(v => v.tied) ? '  = : no key tells these apart, the kubelet may take any of them first\n' : '',
    spared.length === 0
      ? ''
      : `  never evicted: ${names.map(n => cleanShort(n, 200)).join(', ')}${others > 0 ? ` and ${others} more` : ''}\n`,
  ];
  return section(title, rows + lines.join(''), paint);
}

function victimColumns(order: EvictionOrder): readonly Column<Victim>[] {
  const { unit, signal } = order;
  const amount = (value: number | null): string => (value === null ? '?' : humanAmount(value, unit));
  const common: Column<Victim>[] = [
    { header: '#', text: v => `${v.place}${v.tied ? '=' : ''}` },
    { header: 'POD', text: v => cleanShort(`${v.pod.namespace}/${v.pod.name}`, 120) },
    { header: 'PRIORITY', text: v => String(v.keys.priority), align: 'right' },
    { header: 'USES', text: v => amount(v.keys.usage), align: 'right' },
  ];
  if (signalInfo(signal).resource === 'ephemeral-storage' || signalInfo(signal).resource === 'memory') {
    common.push(
      { header: 'REQUESTS', text: v => amount(v.keys.request), align: 'right' },
      { header: 'OVER', text: v => (v.keys.over ? amount(v.keys.excess) : 'no'), align: 'right' },
    );
  }
  return [...common, { header: 'WHY HERE', text: v => placeReason(v, order) }];
}

function consumerSection({ consumers, orders, report }: NodeStory, paint: Paint): string {
  const signal = orders?.[0]?.order.signal ?? report.binding;
  if (consumers === null || consumers.length === 0 || signal === null) return '';
  const { resource, unit } = signalInfo(signal);
  const amount = (value: number): string => humanAmount(value, unit);
  const columns: Column<Consumer>[] = [
    { header: 'POD', text: c => cleanShort(`${c.pod.namespace}/${c.pod.name}`, 120) },
    { header: 'USES', text: c => amount(consumption(c, resource)), align: 'right' },
  ];
  if (unit !== 'pids' && resource !== 'memory') {
    const part = resource === 'inodes' ? 'inodes' : 'bytes';
    columns.push(
      { header: 'ROOTFS', text: c => amount(c.rootfs[part]), align: 'right' },
      { header: 'LOGS', text: c => amount(c.logs[part]), align: 'right' },
      { header: 'VOLUMES', text: c => amount(c.volumes[part]), align: 'right' },
    );
  }
  const rows = table(columns, consumers.slice(0, MOST_CONSUMERS), { headers: true, paint });
  return section(`Largest consumers of ${resource}`, indented(rows), paint);
}

function imageSection({ images, orders, report }: NodeStory, paint: Paint): string {
  const signal = orders?.[0]?.order.signal ?? report.binding;
  if (images.length === 0 || signal === null || signalInfo(signal).resource !== 'ephemeral-storage') return '';
  const total = images.reduce((sum, { size }) => sum + size, 0);
  const count = `${counted(images.length, 'image')}, ${humanAmount(total, 'bytes')}`;
  const limit = images.length >= 50 ? ' (a node reports 50 at most)' : '';
  const largest = images
    .slice(0, MOST_IMAGES)
    .map(i => `${cleanShort(i.name, 120) || 'unnamed'} ${humanAmount(i.size, 'bytes')}`);
  return section('Images', `  ${count}${limit}: the largest ${largest.join(', ')}\n`, paint);
}

/** Entries that follow one another and say the same of different pods become one, with the newest's time. */
function condense(entries: readonly TimelineEntry[]): readonly TimelineEntry[] {
  const runs: { first: TimelineEntry; count: number; others: number }[] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    if (run !== undefined && run.first.reason === entry.reason && run.first.message === entry.message) {
      run.count += entry.count;
      if (entry.about !== run.first.about) run.others += 1;
    } else {
      runs.push({ first: entry, count: entry.count, others: 0 });
    }
  }
  return runs.map(({ first, count, others }) => ({
    ...first,
    count,
    about: others === 0 ? first.about : `${first.about} and ${others} more`,
  }));
}

function timelineSection(timeline: Reading<readonly TimelineEntry[]>, now: Instant, paint: Paint): string {
  if (!timeline.ok)
    return section('Timeline', `  could not be read: ${cleanShort(timeline.problem.message, 200)}\n`, paint);
  if (timeline.value.length === 0) return '';
  const runs = condense(timeline.value);
  const shown = runs.slice(0, MOST_TIMELINE);
  const columns: Column<TimelineEntry>[] = [
    { header: 'AGO', text: e => (e.at === null ? '?' : humanAge((now - e.at) / 1000)) },
    { header: 'WHAT', text: e => cleanShort(e.reason, 60) },
    { header: 'TIMES', text: e => (e.count > 1 ? String(e.count) : ''), align: 'right' },
    { header: 'ABOUT', text: e => cleanShort(`${e.about === '' ? '' : `${e.about}: `}${e.message.trim()}`, 160) },
  ];
  const more = runs.length - shown.length;
  const tail = more > 0 ? `  and ${more} earlier (-o json lists all)\n` : '';
  return section(
    'Timeline (events reach back about an hour)',
    indented(table(columns, shown, { headers: true, paint })) + tail,
    paint,
  );
}

function adviceSection(advice: readonly Advice[], paint: Paint): string {
  const lines = advice.map(({ line, does }) => `  ${cleanShort(line, 300)}\n      ${sentence(does)}\n`);
  return section('What to do', lines.join(''), paint);
}
