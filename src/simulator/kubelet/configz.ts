import { defaultEvictionHard } from '../../eviction/signal.ts';
import { atLeast, parseKubeletVersion } from '../../eviction/version.ts';
import type { JsonObject } from '../json.ts';
import type { NodeSpec } from './spec.ts';

/** Fields before the eviction maps, in the order in which the kubelet writes them. */
const BEFORE: JsonObject = {
  enableServer: true,
  podLogsDir: '/var/log/pods',
  staticPodPath: '/etc/kubernetes/manifests',
  syncFrequency: '1m0s',
  fileCheckFrequency: '20s',
  httpCheckFrequency: '20s',
  address: '0.0.0.0',
  port: 10250,
  authentication: {
    x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
    webhook: { enabled: true, cacheTTL: '2m0s' },
    anonymous: { enabled: false },
  },
  authorization: { mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } },
  registryPullQPS: 5,
  registryBurst: 10,
  imagePullCredentialsVerificationPolicy: 'NeverVerifyPreloadedImages',
  eventRecordQPS: 50,
  eventBurst: 100,
  enableDebuggingHandlers: true,
  healthzPort: 10248,
  healthzBindAddress: '127.0.0.1',
  oomScoreAdj: -999,
  clusterDomain: 'cluster.local',
  clusterDNS: ['10.96.0.10'],
  streamingConnectionIdleTimeout: '4h0m0s',
  nodeStatusUpdateFrequency: '10s',
  nodeStatusReportFrequency: '5m0s',
  nodeLeaseDurationSeconds: 40,
  imageMinimumGCAge: '2m0s',
  imageMaximumGCAge: '0s',
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  volumeStatsAggPeriod: '1m0s',
  cgroupsPerQOS: true,
  cgroupDriver: 'systemd',
  cpuManagerPolicy: 'none',
  cpuManagerReconcilePeriod: '10s',
  memoryManagerPolicy: 'None',
  topologyManagerPolicy: 'none',
  topologyManagerScope: 'container',
  runtimeRequestTimeout: '2m0s',
  hairpinMode: 'promiscuous-bridge',
  maxPods: 110,
  podPidsLimit: -1,
  resolvConf: '/run/systemd/resolve/resolv.conf',
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: '100ms',
  nodeStatusMaxImages: 50,
  maxOpenFiles: 1_000_000,
  contentType: 'application/vnd.kubernetes.protobuf',
  kubeAPIQPS: 50,
  kubeAPIBurst: 100,
  serializeImagePulls: true,
};

const AFTER: JsonObject = {
  enableControllerAttachDetach: true,
  makeIPTablesUtilChains: true,
  iptablesMasqueradeBit: 14,
  iptablesDropBit: 15,
  failSwapOn: true,
  memorySwap: {},
  containerLogMaxSize: '10Mi',
  containerLogMaxFiles: 5,
  containerLogMaxWorkers: 1,
  containerLogMonitorInterval: '10s',
  configMapAndSecretChangeDetectionStrategy: 'Watch',
  enforceNodeAllocatable: ['pods'],
  volumePluginDir: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec/',
  logging: {
    format: 'text',
    flushFrequency: '5s',
    verbosity: 2,
    options: { text: { infoBufferSize: '0' }, json: { infoBufferSize: '0' } },
  },
  enableSystemLogHandler: true,
  enableSystemLogQuery: false,
  shutdownGracePeriod: '0s',
  shutdownGracePeriodCriticalPods: '0s',
  crashLoopBackOff: { maxContainerRestartPeriod: '5m0s' },
  enableProfilingHandler: true,
  enableDebugFlagsHandler: true,
  seccompDefault: false,
  memoryThrottlingFactor: 0.9,
  memoryReservationPolicy: 'None',
  registerNode: true,
  localStorageCapacityIsolation: true,
  containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
  failCgroupV1: true,
};

/** The minor release in which a field first appeared in configz; 1.20 shows none of these. */
const SINCE: Readonly<Record<string, number>> = {
  kind: 36,
  apiVersion: 36,
  podLogsDir: 29,
  imagePullCredentialsVerificationPolicy: 33,
  imageMaximumGCAge: 29,
  memoryManagerPolicy: 22,
  mergeDefaultEvictionSettings: 33,
  memorySwap: 22,
  containerLogMaxWorkers: 30,
  containerLogMonitorInterval: 30,
  enableSystemLogQuery: 27,
  crashLoopBackOff: 32,
  enableProfilingHandler: 21,
  enableDebugFlagsHandler: 21,
  seccompDefault: 22,
  memoryThrottlingFactor: 22,
  memoryReservationPolicy: 36,
  registerNode: 24,
  localStorageCapacityIsolation: 25,
  containerRuntimeEndpoint: 27,
  failCgroupV1: 31,
};

/** Go prints maps in the order of their keys. */
function sortedByKey(map: ReadonlyMap<string, string>): object {
  const keys = [...map.keys()].sort((a, b) => (a < b ? -1 : 1));
  return Object.fromEntries(keys.map(key => [key, map.get(key)]));
}

/** The eviction fields with their defaults; undefined: shown only when set. */
function evictionFields(spec: NodeSpec): Record<string, unknown> {
  const version = parseKubeletVersion(spec.kubeletVersion);
  return {
    evictionHard: sortedByKey(defaultEvictionHard(spec.os, version)),
    evictionSoft: undefined,
    evictionSoftGracePeriod: undefined,
    evictionPressureTransitionPeriod: '5m0s',
    evictionMaxPodGracePeriod: undefined,
    evictionMinimumReclaim: undefined,
    mergeDefaultEvictionSettings: false,
  };
}

/**
 * The KubeletConfiguration object of `/configz`: the defaults of that release under the spec's own fields. An eviction
 * map that is null or empty is left out, as `omitempty` does.
 */
export function kubeletConfigOf(spec: NodeSpec): JsonObject {
  const version = parseKubeletVersion(spec.kubeletVersion);
  const layers: Record<string, unknown> = {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    ...BEFORE,
    ...evictionFields(spec),
    ...AFTER,
  };
  if (!atLeast(version, 27))
    Object.assign(layers, { eventRecordQPS: 5, eventBurst: 10, kubeAPIQPS: 5, kubeAPIBurst: 10 });
  if (!atLeast(version, 31)) layers['logging'] = { format: 'text' };
  const merged: Record<string, unknown> = { ...layers, ...spec.config };
  for (const [name, since] of Object.entries(SINCE)) {
    if (!atLeast(version, since)) delete merged[name];
  }
  const shown = Object.entries(merged).filter(([name, value]) => !isOmitted(name, value));
  return Object.fromEntries(shown);
}

function isOmitted(name: string, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (!name.startsWith('eviction')) return false;
  return value === 0 || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** The body of `GET /configz`. */
export function configzBody(spec: NodeSpec): string {
  return JSON.stringify({ kubeletconfig: kubeletConfigOf(spec) });
}
