import type { ReportState } from '../../eviction/actions.ts';
import type { Histogram } from '../../eviction/histogram.ts';
import { humanPercent } from '../../eviction/human.ts';
import type { EvictionReport, GroupCount, OwnerGroup, Ranking } from '../../eviction/report.ts';
import { causeText, minuteText, ownerText, reportSummary, widthText } from '../../output/report-text.ts';
import { cells, headings, placeColumns, type ScreenColumn } from '../columns.ts';
import type { DialogView } from '../dialog.ts';
import { fitLine, join, type Line, line, span } from '../line.ts';
import { countText } from '../phrases.ts';
import { tidy, widthOf, wrap } from '../text.ts';
import type { Theme } from '../theme.ts';
import { type ReportUi, SECTIONS, type Section } from './state.ts';

/** The order in which columns leave a narrow screen. The group, its count and its share never do. */
export const GROUP_COLUMNS_DROP = ['last', 'namespace', 'bar'] as const;
/** From this width on the histogram stands beside every grouping; below, it follows the causes. */
const BESIDE_FROM = 140;
/** Longest bar of a histogram. */
const MOST_BAR = 60;
/** What no cluster keeps. */
const LIMITS =
  'Counted is what the cluster still knows: pods that were not purged yet, and events of about the last hour. Older evictions whose pods are gone are in archives of purge only.';

/** What the report shows. */
export function reportView(ui: ReportUi, state: ReportState, width: number, theme: Theme): DialogView {
  const { found, reading, counted } = state;
  if (found === null) {
    const sofar = counted === 0 ? '' : ` ${countText(counted)} so far`;
    const text = reading ? `Reading the evictions of all namespaces …${sofar}` : 'Nothing was read.';
    return { head: [line('')], body: [line(text, 'faint')], prompt: [] };
  }
  if (!found.ok) {
    const { message, remedy } = found.problem;
    const body = [...wrapped(message, width, 'warning'), ...wrapped(remedy ?? '', width, 'faint')];
    return { head: [line('')], body, prompt: problemLines(state, width) };
  }
  const report = found.value;
  const [count = '', ...range] = reportSummary({ namespace: null, since: null }, report);
  const head = [...wrapped(count, width, 'strong'), ...range.flatMap(text => wrapped(text, width, 'faint'))];
  const limits = wrapped(LIMITS, width, 'faint');
  if (report.total === 0) return { head, body: [line(''), ...limits], prompt: problemLines(state, width) };
  return {
    head: [...head, line(''), sectionLine(ui.section, report, width), line('')],
    body: [...sectionLines(ui.section, report, width, theme), line(''), ...limits],
    prompt: problemLines(state, width),
  };
}

function wrapped(text: string, width: number, tone: 'strong' | 'faint' | 'warning'): readonly Line[] {
  return wrap(text, width).map(part => line(part, tone));
}

/** What is missing from the figures. */
function problemLines({ problems }: ReportState, width: number): readonly Line[] {
  return problems.flatMap(({ message, remedy }) =>
    wrap(`! ${message}${remedy === null ? '' : `: ${remedy}`}`, width).map(part => line(part, 'warning')),
  );
}

const NAMES: Readonly<Record<Section, string>> = {
  causes: 'Causes',
  owners: 'Owners',
  nodes: 'Nodes',
  namespaces: 'Namespaces',
};

function rankingOf(section: Section, report: EvictionReport): Ranking<GroupCount> {
  const { byCause, byOwner, byNode, byNamespace } = report;
  return { causes: byCause, owners: byOwner, nodes: byNode, namespaces: byNamespace }[section];
}

/** The groupings and how many groups each has, the open one marked in more than colour. */
function sectionLine(open: Section, report: EvictionReport, width: number): Line {
  const names = SECTIONS.map((section): Line => {
    const { groups, others } = rankingOf(section, report);
    const text = `${NAMES[section]} ${countText(groups.length + others.groups)}`;
    return [span(section === open ? `[${text}]` : ` ${text} `, section === open ? 'accent' : 'plain')];
  });
  return fitLine(join(names, span(' ')), width);
}

function sectionLines(section: Section, report: EvictionReport, width: number, theme: Theme): readonly Line[] {
  const { histogram } = report;
  if (histogram === null || theme.wordsOnly) {
    return [...groupLines(section, report, width, theme), ...(section === 'causes' ? noTime(report) : [])];
  }
  if (width < BESIDE_FROM) {
    const groups = groupLines(section, report, width, theme);
    return section === 'causes' ? [...groups, line(''), ...histogramLines(histogram, width, theme)] : groups;
  }
  const right = Math.min(90, Math.floor(width * 0.4));
  const left = width - right - 3;
  const groups = groupLines(section, report, left, theme);
  const bars = histogramLines(histogram, right, theme);
  const wall = span(` ${theme.glyphs.wall} `, 'faint');
  return Array.from({ length: Math.max(groups.length, bars.length) }, (_, i): Line => {
    return [...fitLine(groups[i] ?? [], left), wall, ...fitLine(bars[i] ?? [], right)];
  });
}

function noTime({ histogram }: EvictionReport): readonly Line[] {
  return histogram === null ? [line(''), line('When they were is not known.', 'faint')] : [];
}

function groupLines(section: Section, report: EvictionReport, width: number, theme: Theme): readonly Line[] {
  const { total } = report;
  switch (section) {
    case 'causes':
      return rankingLines({ header: 'CAUSE', ranking: report.byCause, text: causeText }, total, width, theme);
    case 'owners': {
      const more = { header: 'NAMESPACE', text: (group: OwnerGroup) => group.namespace };
      return rankingLines({ header: 'OWNER', ranking: report.byOwner, text: ownerText, more }, total, width, theme);
    }
    case 'nodes':
      return rankingLines({ header: 'NODE', ranking: report.byNode, text: nameOf }, total, width, theme);
    case 'namespaces':
      return rankingLines({ header: 'NAMESPACE', ranking: report.byNamespace, text: nameOf }, total, width, theme);
  }
}

function nameOf({ name }: { readonly name: string }): string {
  return name || '(not known)';
}

interface Grouping<Group extends GroupCount> {
  readonly header: string;
  readonly ranking: Ranking<Group>;
  /** Untrusted text. */
  readonly text: (group: Group) => string;
  readonly more?: { readonly header: string; readonly text: (group: Group) => string };
}

function rankingLines<Group extends GroupCount>(
  { header, ranking, text, more }: Grouping<Group>,
  total: number,
  width: number,
  theme: Theme,
): readonly Line[] {
  const { groups, others } = ranking;
  const most = groups[0]?.count ?? 1;
  const widest = (of: (group: Group) => string, least: number): number =>
    groups.reduce((w, group) => Math.max(w, widthOf(tidy(of(group)))), least);
  const name = widest(text, header.length);
  const second = more === undefined ? 0 : widest(more.text, more.header.length);
  const columns: readonly (ScreenColumn<Group> | null)[] = [
    {
      id: 'group',
      header,
      least: Math.min(name, 30),
      most: Math.min(name, 70),
      cell: group => line(text(group), 'strong'),
    },
    more === undefined
      ? null
      : {
          id: 'namespace',
          header: more.header,
          least: Math.min(second, 14),
          most: Math.min(second, 40),
          cell: group => line(more.text(group)),
        },
    {
      id: 'count',
      header: 'EVICTIONS',
      least: 9,
      most: 9,
      align: 'right',
      cell: ({ count }) => line(countText(count)),
    },
    {
      id: 'share',
      header: 'SHARE',
      least: 6,
      most: 6,
      align: 'right',
      cell: ({ count }) => line(humanPercent((count / total) * 100), 'faint'),
    },
    theme.wordsOnly
      ? null
      : { id: 'bar', header: '', least: 8, most: 50, cell: ({ count }, room) => bar(count, most, room, theme) },
    {
      id: 'last',
      header: 'LAST (UTC)',
      least: 16,
      most: 16,
      cell: ({ last }) => line(last === null ? '' : minuteText(last), 'faint'),
    },
  ];
  const shown = columns.filter(column => column !== null);
  const placed = placeColumns(shown, width, GROUP_COLUMNS_DROP, ['group', 'namespace', 'bar']);
  const rest = `and ${countText(others.groups)} more groups, with ${countText(others.count)} evictions`;
  return [
    headings(placed),
    ...groups.map(group => cells(placed, group)),
    ...(others.groups === 0 ? [] : [line(rest, 'faint')]),
  ];
}

/** As long as its share of the longest; what happened at all shows, however little it is. */
function bar(count: number, most: number, room: number, { glyphs }: Theme): Line {
  const length = count === 0 ? 0 : Math.max(1, Math.round((count / most) * room));
  return [span(glyphs.full.repeat(length), 'info')];
}

/** Evictions over time, a line a bucket. */
function histogramLines({ width: step, buckets }: Histogram, width: number, theme: Theme): readonly Line[] {
  const most = buckets.reduce((found, { count }) => Math.max(found, count), 1);
  const columns: readonly ScreenColumn<Histogram['buckets'][number]>[] = [
    { id: 'from', header: 'FROM (UTC)', least: 16, most: 16, cell: ({ start }) => line(minuteText(start)) },
    {
      id: 'count',
      header: 'EVICTIONS',
      least: 9,
      most: 9,
      align: 'right',
      cell: ({ count }) => line(count === 0 ? '-' : countText(count), count === 0 ? 'faint' : 'plain'),
    },
    {
      id: 'bar',
      header: `in each ${widthText(step)}`,
      least: 12,
      most: MOST_BAR,
      cell: ({ count }, room) => bar(count, most, room, theme),
    },
  ];
  const placed = placeColumns(columns, width, ['bar'], ['bar']);
  return [headings(placed), ...buckets.map(bucket => cells(placed, bucket))];
}
