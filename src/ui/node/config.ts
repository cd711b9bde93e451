import type { EvictionConfig } from '../../eviction/config.ts';
import type { LiveNode } from '../../eviction/live.ts';
import { nodeOs } from '../../eviction/observe.ts';
import { defaultEvictionHard } from '../../eviction/signal.ts';
import { SIGNALS } from '../../eviction/signal-names.ts';
import { parseKubeletVersion } from '../../eviction/version.ts';
import { type Line, line, span } from '../line.ts';
import { fitText, tidy, wrap } from '../text.ts';

/** What the kubelets of every version take where nothing is set. */
const DEFAULTS = {
  transition: ['5m0s', '5m'],
  gcHigh: 85,
  gcLow: 80,
  minimumAge: ['2m0s', '2m'],
  maximumAge: ['0s', '0'],
} as const;

const NAME = 24;

/** The eviction part of the configuration in effect, and image garbage collection: what is set and what is the default. */
export function configLines(node: LiveNode, width: number): readonly Line[] {
  const { config } = node.report;
  if (!config.ok) {
    if (node.kubelet === 'waiting' || node.kubelet === 'asking') return [line('The kubelet is being asked …', 'faint')];
    return wrap(config.problem.message, width).map(text => line(text, 'warning'));
  }
  return [
    heading('Hard thresholds', 'evictionHard'),
    ...hardLines(node, config.value),
    ...softLines(config.value),
    ...reclaimLines(config.value),
    blank,
    heading('Pressure', ''),
    ...scalars(config.value),
    blank,
    heading('Image garbage collection', ''),
    ...imageLines(config.value),
  ];
}

const blank: Line = line('');

function heading(text: string, field: string): Line {
  return [span(text, 'strong'), span(field === '' ? '' : `  ${field}`, 'faint')];
}

type Origin = 'default' | 'set' | '';

function row(name: string, value: string, origin: string): Line {
  return [span(`  ${fitText(tidy(name), NAME)} `), span(fitText(tidy(value), 20)), span(` ${origin}`, 'faint')];
}

function hardLines(node: LiveNode, config: EvictionConfig): readonly Line[] {
  const { operatingSystem, kubeletVersion } = node.report.node;
  const defaults = defaultEvictionHard(nodeOs(operatingSystem), parseKubeletVersion(kubeletVersion));
  const map = config.evictionHard ?? new Map<string, string>();
  const known: readonly string[] = SIGNALS;
  const names = [
    ...SIGNALS.filter(s => map.has(s) || defaults.has(s)),
    ...[...map.keys()].filter(k => !known.includes(k)),
  ];
  return names.map(name => {
    const value = map.get(name);
    const standard = new Map<string, string>(defaults).get(name);
    if (value === undefined) {
      return [
        span(`  ${fitText(name, NAME)} `),
        span(fitText('not armed', 20), 'bad'),
        span(` default <${standard}`, 'faint'),
      ];
    }
    if (value === '0%' || value === '100%') return row(name, value, 'accepted, but arms nothing');
    return row(
      name,
      `<${value}`,
      value === standard ? 'default' : `set${standard === undefined ? '' : `, default <${standard}`}`,
    );
  });
}

function softLines(config: EvictionConfig): readonly Line[] {
  const map = config.evictionSoft;
  if (map === null || map.size === 0) return [blank, [...heading('Soft thresholds', 'evictionSoft'), span('  none')]];
  const rows = [...map].map(([name, value]) => {
    const grace = config.evictionSoftGracePeriod?.get(name);
    return row(name, `<${value}${grace === undefined ? '' : ` for ${grace}`}`, 'set');
  });
  return [blank, heading('Soft thresholds', 'evictionSoft'), ...rows];
}

function reclaimLines(config: EvictionConfig): readonly Line[] {
  const map = config.evictionMinimumReclaim;
  if (map === null || map.size === 0)
    return [[...heading('Minimum reclaim', 'evictionMinimumReclaim'), span('  none')]];
  return [
    heading('Minimum reclaim', 'evictionMinimumReclaim'),
    ...[...map].map(([name, value]) => row(name, value, 'set')),
  ];
}

function originOf(value: string | number | null, standard: readonly (string | number)[]): Origin {
  if (value === null) return '';
  return standard.includes(value) ? 'default' : 'set';
}

function scalars(config: EvictionConfig): readonly Line[] {
  const { evictionPressureTransitionPeriod: period, evictionMaxPodGracePeriod: grace } = config;
  const flag = (value: boolean | null): string => (value === null ? 'not said' : String(value));
  return [
    row('transition period', period ?? 'not said', originOf(period, DEFAULTS.transition)),
    row('longest pod grace', grace === null ? '0s' : `${grace}s`, grace === null ? 'default' : 'set'),
    row('memcg notification', flag(config.kernelMemcgNotification), ''),
    row('merges defaults', flag(config.mergeDefaultEvictionSettings), ''),
  ];
}

function imageLines(config: EvictionConfig): readonly Line[] {
  const { imageGCHighThresholdPercent: high, imageGCLowThresholdPercent: low } = config;
  const share = (value: number | null): string => (value === null ? 'not said' : `${value}% used`);
  const { imageMinimumGCAge: youngest, imageMaximumGCAge: oldest } = config;
  return [
    row('begins above', share(high), originOf(high, [DEFAULTS.gcHigh])),
    row('frees down to', share(low), originOf(low, [DEFAULTS.gcLow])),
    row('spares images younger', youngest ?? 'not said', originOf(youngest, DEFAULTS.minimumAge)),
    row(
      'unused images go after',
      oldest === null ? 'not said' : oldest === '0s' ? 'never' : oldest,
      originOf(oldest, DEFAULTS.maximumAge),
    ),
  ];
}
