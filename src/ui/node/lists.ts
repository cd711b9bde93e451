import type { LiveDetails, LivePod, TimelineEntry } from '../../eviction/live.ts';
import type { Instant, Reading } from '../../eviction/node.ts';
import { cells, headings, placeColumns, type ScreenColumn } from '../columns.ts';
import { type Line, line, span } from '../line.ts';
import { agoText, countText } from '../phrases.ts';
import { tidy, widthOf, wrap } from '../text.ts';

/** The orders in which columns leave a narrow screen. What happened, and the words for it, never do. */
export const POD_COLUMNS_DROP = ['owner', 'namespace'] as const;
export const EVENT_COLUMNS_DROP = ['type', 'count', 'about'] as const;

/** The Evicted pods of a node, newest first. */
export function podLines(pods: LiveDetails['pods'], width: number, now: Instant): readonly Line[] {
  return listLines(pods, 'No Evicted pod lies on this node.', found => {
    const text = (value: (pod: LivePod) => string, least: number, most: number): { least: number; most: number } => {
      const widest = found.reduce((w, pod) => Math.max(w, widthOf(tidy(value(pod)))), least);
      return { least: Math.min(least + 6, widest), most: Math.min(most, widest) };
    };
    const owner = (pod: LivePod): string => (pod.owner === null ? '-' : `${pod.owner.kind}/${pod.owner.name}`);
    const columns: readonly ScreenColumn<LivePod>[] = [
      {
        id: 'age',
        header: 'AGE',
        least: 5,
        most: 6,
        align: 'right',
        cell: pod => line(agoText(pod.evictedAt, now) || '?'),
      },
      { id: 'namespace', header: 'NAMESPACE', ...text(pod => pod.namespace, 9, 20), cell: pod => line(pod.namespace) },
      { id: 'pod', header: 'POD', ...text(pod => pod.name, 14, 40), cell: pod => line(pod.name, 'strong') },
      { id: 'owner', header: 'OWNER', ...text(owner, 10, 32), cell: pod => line(owner(pod), 'faint') },
      { id: 'why', header: 'WHY', least: 20, most: 500, cell: pod => line(pod.message.trim() || '-') },
    ];
    const placed = placeColumns(columns, width, POD_COLUMNS_DROP, ['pod', 'namespace']);
    const longest = found.reduce((most, pod) => Math.max(most, widthOf(tidy(pod.message.trim()))), 0);
    const room = placed.find(({ column }) => column.id === 'why')?.width ?? 0;
    if (longest <= room) return [headings(placed), ...found.map(pod => cells(placed, pod))];
    // A reason that is cut short is none: it gets lines of its own, once for all pods in a row that share it.
    const narrow = columns.filter(column => column.id !== 'why');
    const beside = placeColumns(narrow, width - 2, POD_COLUMNS_DROP, ['pod', 'namespace', 'owner']);
    const rows = found.flatMap((pod, i) => {
      const message = pod.message.trim();
      const told = message === found[i - 1]?.message.trim() ? [] : wrap(message, width).map(text => line(text));
      return [...told, indent(cells(beside, pod))];
    });
    return [indent(headings(beside)), ...rows];
  });
}

function indent(content: Line): Line {
  return [span('  '), ...content];
}

/** What happened on a node, newest first. */
export function eventLines(timeline: LiveDetails['timeline'], width: number, now: Instant): readonly Line[] {
  return listLines(timeline, 'Nothing is known to have happened; events reach back about an hour.', found => {
    const reason = Math.min(
      26,
      found.reduce((w, e) => Math.max(w, widthOf(tidy(e.reason))), 6),
    );
    const about = Math.min(
      36,
      found.reduce((w, e) => Math.max(w, widthOf(tidy(e.about))), 5),
    );
    const columns: readonly ScreenColumn<TimelineEntry>[] = [
      { id: 'age', header: 'AGE', least: 5, most: 6, align: 'right', cell: e => line(agoText(e.at, now) || '?') },
      {
        id: 'type',
        header: 'TYPE',
        least: 7,
        most: 7,
        cell: e => line(e.type, e.type === 'Warning' ? 'warning' : 'faint'),
      },
      { id: 'reason', header: 'WHAT', least: Math.min(18, reason), most: reason, cell: e => line(e.reason, 'strong') },
      {
        id: 'count',
        header: 'TIMES',
        least: 6,
        most: 6,
        align: 'right',
        cell: e => line(e.count > 1 ? countText(e.count) : '', 'faint'),
      },
      { id: 'about', header: 'POD', least: Math.min(20, about), most: about, cell: e => line(e.about) },
      { id: 'message', header: 'MESSAGE', least: 20, most: 500, cell: e => line(e.message.trim()) },
    ];
    const placed = placeColumns(columns, width, EVENT_COLUMNS_DROP, ['reason', 'about']);
    return [headings(placed), ...found.map(entry => cells(placed, entry))];
  });
}

function listLines<T>(
  reading: Reading<readonly T[]> | null,
  none: string,
  show: (found: readonly T[]) => readonly Line[],
): readonly Line[] {
  if (reading === null) return [line('Reading …', 'faint')];
  if (!reading.ok) return wrap(reading.problem.message, 76).map(text => line(text, 'warning'));
  return reading.value.length === 0 ? [line(none, 'faint')] : show(reading.value);
}
