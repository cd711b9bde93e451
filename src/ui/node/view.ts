import type { LiveDetails, LiveNode } from '../../eviction/live.ts';
import type { Instant } from '../../eviction/node.ts';
import { fitLine, join, type Line, line, lineWidth, type Span, span, spread } from '../line.ts';
import { agoText, countText, troubleOf } from '../phrases.ts';
import { TABS, type Tab } from '../state.ts';
import { wrap } from '../text.ts';
import type { Theme } from '../theme.ts';
import { configLines } from './config.ts';
import { findingLines } from './findings.ts';
import { eventLines, podLines } from './lists.ts';
import { nextLines } from './next.ts';
import { explanationLine, signalLines } from './signals.ts';

/** The name and the make of a node, and what is the matter with it. */
export function nodeTitle(node: LiveNode, width: number, now: Instant, theme: Theme): Line {
  const { report } = node;
  const facts = report.node;
  const trouble = troubleOf(node);
  const since = report.since === null ? '' : ` for ${agoText(report.since, now)}`;
  const conditions = report.pressure.length > 0 ? report.pressure.join(', ') : '';
  const state: Span =
    conditions === ''
      ? span(trouble.text === 'ok' ? 'ok' : trouble.text, trouble.tone)
      : span(`${conditions}${since}`, 'bad');
  const make = [
    facts.kubeletVersion,
    `${facts.operatingSystem}/${facts.architecture}`,
    facts.osImage,
    facts.containerRuntime,
  ];
  const known = make.filter(text => text !== '' && text !== '/').map(text => line(text, 'faint'));
  const left = [span(facts.name, 'strong'), span('   '), ...join(known, span(` ${theme.glyphs.dot} `, 'faint'))];
  return spread(left, [state], width);
}

/** The names of the tabs, the open one marked in more than colour. */
export function tabLine(node: LiveNode, details: LiveDetails, open: Tab, width: number): Line {
  const pods = details.pods?.ok ? ` ${countText(details.pods.value.length)}` : '';
  const names: Readonly<Record<Tab, string>> = {
    signals: 'Signals',
    config: 'Config',
    pods: `Pods${pods}`,
    events: 'Events',
    next: 'Next',
  };
  const tabs = TABS.map(
    (tab): Line => [span(tab === open ? `[${names[tab]}]` : ` ${names[tab]} `, tab === open ? 'accent' : 'plain')],
  );
  const { findings } = node.report;
  const serious = findings.filter(finding => finding.severity !== 'info').length;
  const text = findings.length === 0 ? '' : `${findings.length} finding${findings.length === 1 ? '' : 's'}`;
  const left = join(tabs, span(' '));
  const right = line(text, serious > 0 ? 'warning' : 'faint');
  return lineWidth(left) + lineWidth(right) + 2 > width ? fitLine(left, width) : spread(left, right, width);
}

/** What a tab is made from. */
export interface TabInput {
  readonly node: LiveNode;
  readonly details: LiveDetails;
  readonly tab: Tab;
  /** Beside a list: without what only repeats other lines. */
  readonly brief: boolean;
  readonly width: number;
  readonly now: Instant;
  readonly theme: Theme;
}

/** What the open tab says; longer than the screen, perhaps. */
export function tabLines({ node, details, tab, brief, width, now, theme }: TabInput): readonly Line[] {
  const findings = findingLines(node.report.findings, tab === 'config' ? width - 2 : width, theme);
  switch (tab) {
    case 'signals':
      return [
        ...signalLines(node, brief, width, now, theme),
        ...explained(node, width),
        ...(findings.length === 0 ? [] : [line(''), ...findings]),
      ];
    case 'config':
      return [
        ...configLines(node, width),
        ...uncompared(details, width),
        ...(findings.length === 0 ? [] : [line(''), line('Findings', 'strong'), ...findings.map(indent)]),
      ];
    case 'pods':
      return podLines(details.pods, width, now);
    case 'events':
      return eventLines(details.timeline, width, now);
    case 'next':
      return nextLines(details.next, width, theme);
  }
}

/** Few may read it, and few need to: told where the configuration is looked at, and nowhere else. */
function uncompared({ uncompared: problem }: LiveDetails, width: number): readonly Line[] {
  if (problem === null) return [];
  const text = `Not compared with what kubeadm gives to nodes (kube-system/kubelet-config): ${problem.message}`;
  return [line(''), ...wrap(text, width).map(part => line(part, 'faint'))];
}

function explained(node: LiveNode, width: number): readonly Line[] {
  const explanation = explanationLine(node);
  const [first] = explanation ?? [];
  if (first === undefined) return [];
  // Findings say it in more words where they say it at all.
  if (node.report.findings.some(finding => finding.message === first.text)) return [];
  return [line(''), ...wrap(first.text, width).map(text => line(text, first.tone))];
}

function indent(content: Line): Line {
  return [span('  '), ...content];
}
