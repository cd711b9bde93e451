import { humanAge } from '../../eviction/human.ts';
import type { LiveNode, LiveSnapshot } from '../../eviction/live.ts';
import type { Instant } from '../../eviction/node.ts';
import { forecastRange } from '../../output/forecast-text.ts';
import { cells, GAP, type PlacedColumn, placeColumns, type ScreenColumn } from '../columns.ts';
import { gauge, NARROWEST_GAUGE } from '../gauge.ts';
import { join, type Line, line, lineWidth, type Span, span } from '../line.ts';
import {
  agoText,
  availableText,
  bindingOf,
  bindingText,
  countText,
  forecastTone,
  headroomText,
  headroomTone,
  percentText,
  thresholdText,
  troubleOf,
} from '../phrases.ts';
import { cut, tidy, widthOf } from '../text.ts';
import type { Theme } from '../theme.ts';

/** The order in which columns leave a narrow screen. The node, what is the matter and the signal never do. */
export const NODE_COLUMNS_DROP = ['percent', 'since', 'forecast', 'headroom', 'threshold', 'evicted', 'gauge'] as const;
/** Below this the share stands in for the amount, and stays. */
const AMOUNTS_FROM = 96;
const GROW = ['node', 'gauge', 'signal'] as const;
/** The columns that tell of the binding signal: where there is none, one sentence takes their place. */
const OF_SIGNAL: ReadonlySet<string> = new Set(['signal', 'gauge', 'amount', 'percent', 'threshold', 'headroom']);

/** The columns of the node list for a width. `nodes` are all that are listed, so that nothing jumps when it scrolls. */
export function placeNodeColumns(
  nodes: readonly LiveNode[],
  width: number,
  now: Instant,
  theme: Theme,
): readonly PlacedColumn<LiveNode>[] {
  const { widest, foreseen } = extentOf(nodes);
  const columns = nodeColumns(Math.min(widest, 40), width, now, theme);
  const idle = new Set<string>();
  if (!foreseen) idle.add('forecast');
  if (theme.wordsOnly) idle.add('gauge');
  // A gauge and a share say little apart; where there is no room for both amount and share, the share goes with it.
  if (width < AMOUNTS_FROM) idle.add('amount');
  const drop = width < AMOUNTS_FROM ? NODE_COLUMNS_DROP.filter(id => id !== 'percent') : NODE_COLUMNS_DROP;
  const wanted = columns.filter(column => !idle.has(column.id));
  return placeColumns(wanted, width, drop, GROW);
}

interface ListExtent {
  /** Of the longest name, in columns. */
  readonly widest: number;
  readonly foreseen: boolean;
}

const EXTENTS = new WeakMap<readonly LiveNode[], ListExtent>();

/** What the columns need to know of a list; looked at once, for a list may be long and a frame is short. */
function extentOf(nodes: readonly LiveNode[]): ListExtent {
  const known = EXTENTS.get(nodes);
  if (known !== undefined) return known;
  const extent = {
    widest: nodes.reduce((most, { node }) => Math.max(most, widthOf(tidy(node.name))), 4),
    foreseen: nodes.some(node => node.forecast !== null),
  };
  EXTENTS.set(nodes, extent);
  return extent;
}

/** One row of the list. */
export function nodeCells(placed: readonly PlacedColumn<LiveNode>[], node: LiveNode): Line {
  if (bindingOf(node.report) !== null) return cells(placed, node);
  const part = placed.filter(({ column }) => OF_SIGNAL.has(column.id));
  const room = part.reduce((sum, { width }) => sum + width + GAP, -GAP);
  const merged: PlacedColumn<LiveNode> = {
    column: { id: 'signal', header: '', least: room, most: room, cell: of => phrase(bindingText(of)) },
    width: room,
  };
  return cells(
    placed.flatMap(place => (place.column.id === 'signal' ? [merged] : part.includes(place) ? [] : [place])),
    node,
  );
}

function nodeColumns(nameWidth: number, width: number, now: Instant, theme: Theme): readonly ScreenColumn<LiveNode>[] {
  const binding = ({ report }: LiveNode) => bindingOf(report);
  return [
    {
      id: 'node',
      header: 'NODE',
      least: Math.min(nameWidth, Math.max(14, Math.floor(width * 0.19))),
      most: nameWidth,
      cell: ({ report }) => line(report.node.name, report.pressure.length > 0 ? 'strong' : 'plain'),
    },
    { id: 'trouble', header: 'PRESSURE', least: 11, most: 11, cell: node => phrase(troubleOf(node)) },
    { id: 'signal', header: 'SIGNAL', least: 18, most: 21, cell: node => phrase(bindingText(node)) },
    {
      id: 'gauge',
      header: 'AVAILABLE',
      least: NARROWEST_GAUGE + 2,
      most: 24,
      cell: (node, room) => {
        const signal = binding(node);
        return signal === null ? [] : gauge(signal, room, gaugeTone(node), theme.glyphs);
      },
    },
    { id: 'amount', header: '', least: 6, most: 6, align: 'right', cell: node => line(availableText(binding(node))) },
    {
      id: 'percent',
      header: '',
      least: 5,
      most: 5,
      align: 'right',
      cell: node => line(percentText(binding(node)), 'faint'),
    },
    { id: 'threshold', header: 'THRESHOLD', least: 9, most: 9, cell: node => line(thresholdText(binding(node))) },
    {
      id: 'headroom',
      header: 'HEADROOM',
      least: 8,
      most: 8,
      align: 'right',
      cell: node => line(headroomText(binding(node)), headroomTone(binding(node))),
    },
    {
      id: 'evicted',
      header: 'EVICTED',
      least: 7,
      most: 7,
      align: 'right',
      cell: ({ report }) => evicted(report.evicted),
    },
    {
      id: 'since',
      header: 'SINCE',
      least: 5,
      most: 6,
      align: 'right',
      cell: ({ report }) => line(agoText(report.since, now)),
    },
    {
      id: 'forecast',
      header: 'REACHED IN',
      least: 10,
      most: 10,
      cell: ({ forecast }) => line(forecastRange(forecast), forecastTone(forecast)),
    },
  ];
}

function phrase(found: Span): Line {
  return [span(found.text, found.tone)];
}

function gaugeTone(node: LiveNode): Span['tone'] {
  const { tone } = troubleOf(node);
  if (bindingOf(node.report)?.state === 'BREACHED') return 'bad';
  return tone === 'plain' || tone === 'faint' ? 'good' : tone;
}

function evicted(reading: LiveNode['report']['evicted']): Line {
  if (reading.ok)
    return line(reading.value === 0 ? '-' : countText(reading.value), reading.value === 0 ? 'faint' : 'plain');
  return line(reading.problem.reason === 'pending' ? '…' : '?', 'faint');
}

/** The first line of the screen: where, how many, how fresh. */
export function headerLines(
  snapshot: LiveSnapshot,
  shown: readonly LiveNode[],
  now: Instant,
  width: number,
  theme: Theme,
): { readonly left: Line; readonly right: Line } {
  const { glyphs } = theme;
  const roomy = width >= 100;
  const right: Line[] = [];
  if (snapshot.evictedPods?.ok) {
    const n = snapshot.evictedPods.value;
    right.push(line(roomy ? `${countText(n)} evicted pod${n === 1 ? '' : 's'}` : `${countText(n)} evicted`));
  }
  right.push(linkLine(snapshot, shown, now, theme));
  const end = join(right, span('   '));
  const counts = countParts(snapshot, roomy);
  const dot = span(` ${glyphs.dot} `, 'faint');
  const begin: Line = [span(' evict ', 'badge'), span(' ')];
  // Of all this the name is what people know anyway: it gives way to the counts.
  const taken = [begin, end, ...counts].reduce((sum, part) => sum + lineWidth(part) + 3, 0);
  const name = cut(tidy(nameOf(snapshot)), Math.max(8, width - taken));
  return { left: [...begin, ...join([line(name, 'strong'), ...counts], dot)], right: end };
}

function nameOf({ context, cluster, server }: LiveSnapshot): string {
  return context ?? cluster ?? server.replace(/^https?:\/\//, '');
}

function countParts(snapshot: LiveSnapshot, roomy: boolean): readonly Line[] {
  if (snapshot.link.state === 'connecting') return [];
  const total = countText(snapshot.nodes.length);
  const pressed = countText(snapshot.underPressure);
  const tone = snapshot.underPressure > 0 ? 'bad' : 'good';
  const parts: Line[] = roomy
    ? [line(`${total} node${snapshot.nodes.length === 1 ? '' : 's'}`), line(`${pressed} under pressure`, tone)]
    : [line(`${pressed} of ${total} under pressure`, tone)];
  if (roomy && snapshot.near > 0) parts.push(line(`${countText(snapshot.near)} near`, 'warning'));
  if (roomy && snapshot.unreachable > 0) parts.push(line(`${countText(snapshot.unreachable)} unreachable`, 'warning'));
  return parts;
}

/** Whether what is shown is what is. */
function linkLine(snapshot: LiveSnapshot, shown: readonly LiveNode[], now: Instant, { glyphs }: Theme): Line {
  const since = humanAge((now - snapshot.offset - snapshot.link.since) / 1000);
  if (snapshot.paused) return line(`${glyphs.pause} paused `, 'warning');
  if (snapshot.link.state === 'connecting') return line(`${glyphs.wait} connecting `, 'warning');
  if (snapshot.link.state === 'down') return line(`${glyphs.lost} disconnected ${since} `, 'bad');
  const ages = shown.flatMap(({ report, readAt }) => (readAt !== null && report.config.ok ? [now - readAt] : []));
  const oldest = ages.length === 0 ? '' : `${humanAge(Math.max(...ages) / 1000)} `;
  return [span(`${glyphs.live} live `, 'good'), span(oldest, 'faint')];
}

/** What stands in place of an empty list. */
export function emptyLines(snapshot: LiveSnapshot, filter: string, all: boolean): readonly Line[] {
  const { link } = snapshot;
  if (link.state === 'connecting') {
    if (link.error === null) return [line(`Reading the nodes of ${snapshot.server} …`, 'faint')];
    return [line('The nodes cannot be read yet; trying again.', 'warning'), line(link.error)];
  }
  const missing = snapshot.errors.filter(error => error.what === 'node').map(error => line(error.message, 'warning'));
  if (missing.length > 0) return missing;
  if (filter !== '') return [line('No node matches the filter.', 'faint'), line('Esc drops it.', 'faint')];
  if (snapshot.nodes.length === 0) return [line('There are no nodes.', 'faint')];
  if (all) return [line('There are no nodes.', 'faint')];
  const count = snapshot.nodes.length;
  const sentence =
    count === 1 ? 'The one node is not under pressure.' : `None of ${countText(count)} nodes is under pressure.`;
  return [line(sentence, 'good'), line('Press a to see all of them.', 'faint')];
}
