import { type NodeReport, POD_GC_CEILING } from '../eviction/assess.ts';
import type { EvictionConfig } from '../eviction/config.ts';
import { durationSeconds } from '../eviction/duration.ts';
import type { Instant } from '../eviction/node.ts';
import type { ArmedThreshold, SignalReport } from '../eviction/signal-report.ts';
import type { Survey } from '../eviction/survey.ts';

/** The API version of every document the program prints. */
export const API_VERSION = 'kubectl-evict/v1';

/**
 * A survey as a `NodeStatusList`: the shape of `docs/schemas/node-status-list.json`. Amounts are numbers in base units beside
 * the text the kubelet was given; what could not be read is null, with an entry in `errors`.
 */
export function nodeStatusList(survey: Survey): object {
  return {
    apiVersion: API_VERSION,
    kind: 'NodeStatusList',
    metadata: {
      takenAt: time(survey.takenAt),
      context: survey.context,
      server: survey.server,
      scope: survey.scope,
      nearPercent: survey.nearPercent,
    },
    summary: {
      nodes: survey.nodeCount,
      shown: survey.reports.length,
      underPressure: survey.underPressure,
      uncertain: survey.uncertain,
      near: survey.near,
      unreadable: survey.unreadable,
      evictedPods: survey.evictedPods.ok ? survey.evictedPods.value : null,
      podGCThresholdDefault: POD_GC_CEILING,
    },
    items: survey.reports.map(nodeStatus),
    errors: survey.errors,
  };
}

function nodeStatus(report: NodeReport): object {
  const { node, freshness } = report;
  return {
    name: node.name,
    state: report.state,
    bindingSignal: report.binding,
    explanation: report.explanation,
    pressure: report.pressure,
    uncertain: report.uncertain,
    since: time(report.since),
    conditions: node.conditions.map(c => ({
      type: c.type,
      status: c.status,
      reason: c.reason,
      message: c.message,
      since: time(c.since),
      lastHeartbeat: time(c.heartbeat),
    })),
    freshness: {
      source: freshness.source,
      lastSeen: time(freshness.lastSeen),
      ageSeconds: freshness.ageSeconds,
      stale: freshness.stale,
    },
    kubeletVersion: node.kubeletVersion,
    os: node.operatingSystem,
    architecture: node.architecture,
    osImage: node.osImage,
    kernelVersion: node.kernelVersion,
    containerRuntime: node.containerRuntime,
    unschedulable: node.unschedulable,
    group: report.group,
    evictedPods: report.evicted.ok ? report.evicted.value : null,
    signals: report.signals.map(signalStatus),
    config: report.config.ok ? configStatus(report.config.value) : null,
    findings: report.findings,
  };
}

function signalStatus(report: SignalReport): object {
  return {
    signal: report.signal,
    state: report.state,
    reason: report.reason,
    unit: report.info.unit,
    condition: report.info.condition,
    available: report.observation?.available ?? null,
    capacity: report.observation?.capacity ?? null,
    percent: report.percent === null ? null : Math.round(report.percent * 1000) / 1000,
    sampledAt: time(report.observation?.time ?? null),
    hard: armed(report.hard),
    soft: armed(report.soft),
    headroom: report.headroom,
    sharedWith: report.sharedWith,
    // The API names no device: equal figures are all there is.
    sharedBy: report.sharedWith.length > 0 ? 'inferred' : null,
    coveredBy: report.coveredBy,
  };
}

function armed(threshold: ArmedThreshold | null): object | null {
  if (threshold === null) return null;
  const { threshold: t, amount, minReclaim } = threshold;
  return {
    value: t.value.text,
    amount: amount?.amount ?? null,
    gracePeriodSeconds: t.gracePeriod === null ? 0 : durationSeconds(t.gracePeriod),
    minReclaim: t.minReclaim === null ? null : { value: t.minReclaim.text, amount: minReclaim?.amount ?? null },
    derivedFrom: t.derivedFrom,
  };
}

function configStatus(config: EvictionConfig): object {
  return {
    evictionHard: mapOf(config.evictionHard),
    evictionSoft: mapOf(config.evictionSoft),
    evictionSoftGracePeriod: mapOf(config.evictionSoftGracePeriod),
    evictionMinimumReclaim: mapOf(config.evictionMinimumReclaim),
    evictionPressureTransitionPeriod: config.evictionPressureTransitionPeriod,
    evictionMaxPodGracePeriod: config.evictionMaxPodGracePeriod,
    imageGCHighThresholdPercent: config.imageGCHighThresholdPercent,
    imageGCLowThresholdPercent: config.imageGCLowThresholdPercent,
    imageMinimumGCAge: config.imageMinimumGCAge,
    imageMaximumGCAge: config.imageMaximumGCAge,
    kernelMemcgNotification: config.kernelMemcgNotification,
    mergeDefaultEvictionSettings: config.mergeDefaultEvictionSettings,
    unreadable: config.unreadable,
  };
}

/** A map of the cluster's as JSON; keys are text, even `__proto__`. */
function mapOf(map: ReadonlyMap<string, string> | null): object | null {
  return map === null ? null : Object.fromEntries(map);
}

/** A moment in RFC 3339; null: not known, or no moment at all. */
export function time(instant: Instant | null): string | null {
  if (instant === null || !Number.isFinite(instant) || Math.abs(instant) > 8.64e15) return null;
  return new Date(instant).toISOString();
}
