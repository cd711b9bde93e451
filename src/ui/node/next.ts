import { humanAmount } from '../../eviction/human.ts';
import type { LiveNext } from '../../eviction/live.ts';
import type { EvictionOrder, Victim } from '../../eviction/next-victims.ts';
import { signalInfo } from '../../eviction/signal.ts';
import { type NodeOrder, placeReason } from '../../eviction/why-order.ts';
import { OCCASIONS } from '../../output/why-text.ts';
import { cells, headings, placeColumns, type ScreenColumn } from '../columns.ts';
import { type Line, line, span, type Tone } from '../line.ts';
import { countText } from '../phrases.ts';
import { tidy, widthOf, wrap } from '../text.ts';
import type { Theme } from '../theme.ts';

/** The order in which columns leave a narrow screen. The place and the pod never do. */
export const NEXT_COLUMNS_DROP = ['request', 'over', 'usage', 'priority'] as const;
/** Pods that are never evicted, and are named. */
const MOST_SPARED = 6;
/** The longest sentence that is shown: names are the cluster's. */
const MOST_SENTENCE = 600;

/** What happens next on a node, and when; then the kubelet's eviction order for each signal that matters. */
export function nextLines(next: LiveNext | null, width: number, theme: Theme): readonly Line[] {
  if (next === null) return [line('The kubelet is being asked for its pods …', 'faint')];
  const { orders } = next;
  const sentences = next.sentences.flatMap(text => sentenceLines(text, width, theme));
  if (!orders.ok) {
    const { message, remedy } = orders.problem;
    const told = [...wrap(message, width).map(text => line(text, 'warning')), ...faint(remedy ?? '', width)];
    return [...told, line(''), ...sentences];
  }
  if (orders.value.length === 0) {
    const none = faint('No signal has both a threshold and figures here: there is no order to tell.', width);
    return [...sentences, ...(sentences.length === 0 ? [] : [line('')]), ...none];
  }
  // Where no pod runs, the sentences have said so.
  const telling = orders.value.filter(({ order }) => order.victims.length + order.spared.length > 0);
  return [...sentences, ...telling.flatMap(order => [line(''), ...orderLines(order, width, theme)])];
}

function faint(text: string, width: number): readonly Line[] {
  return wrap(text, width).map(part => line(part, 'faint'));
}

function sentenceLines(text: string, width: number, { glyphs }: Theme): readonly Line[] {
  const short = text.slice(0, MOST_SENTENCE);
  const whole = /[.!?…]$/.test(short) ? short : `${short}.`;
  return wrap(whole, Math.max(10, width - 2)).map((part, i) => [
    span(i === 0 ? `${glyphs.dot} ` : '  ', 'accent'),
    span(part),
  ]);
}

function orderLines({ occasion, order }: NodeOrder, width: number, theme: Theme): readonly Line[] {
  const { victims } = order;
  const title: Line = [
    span(`Eviction order for ${order.signal}`, 'strong'),
    span(`  ${OCCASIONS[occasion]}`, occasion === 'now' ? 'bad' : 'faint'),
  ];
  const tied = victims.some(victim => victim.tied);
  return [
    title,
    ...(victims.length === 0 ? [] : victimLines(order, width)),
    ...(tied ? faint('=  no key tells these apart: the kubelet may take any of them first', width) : []),
    ...sparedLines(order, width, theme),
  ];
}

/** One line a pod, with what put it there; where there is no room for those words, they get a line of their own. */
function victimLines(order: EvictionOrder, width: number): readonly Line[] {
  const { victims } = order;
  const columns = victimColumns(order);
  const reason = (victim: Victim): string => placeReason(victim, order);
  const longest = victims.reduce((most, victim) => Math.max(most, reason(victim).length), 8);
  const beside: ScreenColumn<Victim> = {
    id: 'reason',
    header: 'WHY HERE',
    least: longest,
    most: longest,
    cell: victim => line(reason(victim), 'faint'),
  };
  const wide = placeColumns([...columns, beside], width, ['reason'], ['pod']);
  if (wide.some(({ column }) => column.id === 'reason')) {
    return [headings(wide), ...victims.map(victim => cells(wide, victim))];
  }
  const narrow = placeColumns(columns, width, NEXT_COLUMNS_DROP, ['pod']);
  const under = (narrow[0]?.width ?? 0) + 2;
  return [
    headings(narrow),
    ...victims.flatMap(victim => [
      cells(narrow, victim),
      ...wrap(reason(victim), Math.max(10, width - under)).map(text => line(' '.repeat(under) + text, 'faint')),
    ]),
  ];
}

function victimColumns(order: EvictionOrder): readonly ScreenColumn<Victim>[] {
  const { victims, unit, signal } = order;
  const { resource } = signalInfo(signal);
  const amount = (value: number | null): string => (value === null ? '?' : humanAmount(value, unit));
  const name = ({ pod }: Victim): string => `${pod.namespace}/${pod.name}`;
  const widest = (text: (victim: Victim) => string, least: number): number =>
    victims.reduce((most, victim) => Math.max(most, widthOf(tidy(text(victim)))), least);
  const right = (id: string, header: string, text: (victim: Victim) => string, tone: Tone): ScreenColumn<Victim> => {
    const width = widest(text, header.length);
    return { id, header, least: width, most: width, align: 'right', cell: victim => line(text(victim), tone) };
  };
  // A tie's sign stands behind the number, so that numbers stay below one another.
  const places = widest(({ place }) => String(place), 1) + 1;
  const nameWidth = widest(name, 3);
  const hasRequests = resource === 'memory' || resource === 'ephemeral-storage';
  return [
    {
      id: 'place',
      header: '# ',
      least: places,
      most: places,
      align: 'right',
      cell: ({ place, tied }) => line(`${place}${tied ? '=' : ' '}`, place === 1 ? 'accent' : 'plain'),
    },
    {
      id: 'pod',
      header: 'POD',
      least: Math.min(nameWidth, 24),
      most: Math.min(nameWidth, 80),
      cell: victim => line(name(victim), victim.place === 1 ? 'strong' : 'plain'),
    },
    right('priority', 'PRIORITY', ({ keys }) => String(keys.priority), 'plain'),
    right('usage', 'USES', ({ keys }) => amount(keys.usage), 'plain'),
    ...(hasRequests
      ? [
          right('request', 'REQUESTS', ({ keys }) => (keys.request === 0 ? '-' : amount(keys.request)), 'plain'),
          right('over', 'OVER', ({ keys }) => overText(keys, amount), 'plain'),
        ]
      : []),
  ];
}

function overText(keys: Victim['keys'], amount: (value: number | null) => string): string {
  if (keys.unmeasured) return '?';
  return keys.over ? amount(keys.excess) : 'no';
}

function sparedLines({ spared }: EvictionOrder, width: number, { glyphs }: Theme): readonly Line[] {
  if (spared.length === 0) return [];
  const names = spared.slice(0, MOST_SPARED).map(({ pod, why }) => `${pod.namespace}/${pod.name} (${why})`);
  const others = spared.length - names.length;
  const more = others > 0 ? ` ${glyphs.dot} ${countText(others)} more` : '';
  return faint(`never evicted: ${names.join(', ')}${more}`, width);
}
