import type { NodeReport } from '../eviction/assess.ts';
import type { Forecast } from '../eviction/forecast.ts';
import { humanAge, humanAmount, humanPercent } from '../eviction/human.ts';
import type { LiveNode } from '../eviction/live.ts';
import type { Instant } from '../eviction/node.ts';
import { type SignalReport, speakingThreshold } from '../eviction/signal-report.ts';
import { stateTone } from '../output/status-table.ts';
import type { Tone } from './line.ts';

/** A word or two with its tone. */
export interface Phrase {
  readonly text: string;
  readonly tone: Tone;
}

const SHORT_NAMES = { DiskPressure: 'Disk', MemoryPressure: 'Memory', PIDPressure: 'PID' } as const;

/** What is the matter with a node, in one or two words. */
export function troubleOf({ report, kubelet }: LiveNode): Phrase {
  if (report.uncertain.length > 0) return { text: 'Unknown', tone: 'warning' };
  const names = report.pressure.map(type => SHORT_NAMES[type]).join('+');
  if (names !== '') {
    if (report.state === 'recovering') return { text: 'recovering', tone: 'info' };
    return { text: names, tone: 'bad' };
  }
  if (kubelet === 'waiting' || kubelet === 'asking') return { text: '…', tone: 'faint' };
  if (!report.config.ok)
    return { text: kubelet === 'denied' ? '-' : 'unreadable', tone: kubelet === 'denied' ? 'faint' : 'warning' };
  return { text: report.state, tone: stateTone(report.state) };
}

/** What an error says of the node that its row names anyway. */
const ABOUT_THE_NODE = /^(?:cannot )?read \S+ of node \S+: /;

/** The binding signal, or why there is none. */
export function bindingText({ report, kubelet }: LiveNode): Phrase {
  if (report.binding !== null) return { text: report.binding, tone: 'plain' };
  if (kubelet === 'waiting') return { text: 'waiting', tone: 'faint' };
  if (kubelet === 'asking') return { text: 'asking the kubelet', tone: 'faint' };
  if (kubelet === 'denied') return { text: 'no right: nodes/proxy', tone: 'faint' };
  if (!report.config.ok) {
    const { reason, message } = report.config.problem;
    const text = reason === 'timeout' ? 'kubelet timeout' : 'kubelet unreachable';
    return { text: `${text}: ${message.replace(ABOUT_THE_NODE, '')}`, tone: 'warning' };
  }
  return report.signals.some(s => s.state === 'unknown')
    ? { text: 'no figures', tone: 'warning' }
    : { text: 'nothing armed', tone: 'bad' };
}

/** The report of the binding signal. */
export function bindingOf(report: NodeReport): SignalReport | null {
  return report.signals.find(s => s.signal === report.binding) ?? null;
}

/** What is available, in the signal's unit; empty: not observed. */
export function availableText(signal: SignalReport | null): string {
  return signal?.observation ? humanAmount(signal.observation.available, signal.info.unit) : '';
}

/** `7.5%`; empty: not observed. */
export function percentText(signal: SignalReport | null): string {
  return signal === null || signal.percent === null ? '' : humanPercent(signal.percent);
}

/** `<10%`; empty: not armed. */
export function thresholdText(signal: SignalReport | null): string {
  const armed = signal ? speakingThreshold(signal) : null;
  return armed ? `<${armed.threshold.value.text}` : '';
}

/** `+1.2Gi` above the threshold, `-146Mi` below it. */
export function headroomText(signal: SignalReport | null): string {
  if (signal === null || signal.headroom === null) return '';
  return `${signal.headroom > 0 ? '+' : ''}${humanAmount(signal.headroom, signal.info.unit)}`;
}

/** A headroom below zero is trouble. */
export function headroomTone(signal: SignalReport | null): Tone {
  return signal !== null && signal.headroom !== null && signal.headroom < 0 ? 'bad' : 'plain';
}

/** How long ago. */
export function agoText(then: Instant | null, now: Instant): string {
  return then === null ? '' : humanAge((now - then) / 1000);
}

/** Sooner is worse. */
export function forecastTone(found: Forecast | null): Tone {
  return found !== null && found.seconds < 1800 ? 'warning' : 'plain';
}

/** `1,204`. */
export function countText(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}
