import { toYaml } from './documents.ts';

/** One alert of a PrometheusRule. */
interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'info' | 'warning';
  readonly summary: string;
  readonly description: string;
}

/**
 * A PrometheusRule (`monitoring.coreos.com/v1`) that tells of what `report` counts before somebody asks: pressure, evictions,
 * workloads that are evicted again and again, tombstones piling up.
 *
 * @param namespace what is told of pods is about this namespace only; null: all
 */
export function alertManifest(program: string, namespace: string | null): string {
  const document = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'kubectl-evict', labels: { 'app.kubernetes.io/name': 'kubectl-evict' } },
    spec: {
      groups: [
        {
          name: 'kubectl-evict',
          rules: alerts(program, namespace).map(({ alert, expr, for: wait, severity, summary, description }) => ({
            alert,
            expr,
            for: wait,
            labels: { severity },
            annotations: { summary, description },
          })),
        },
      ],
    },
  };
  return HEAD + toYaml(document);
}

const HEAD = `# Alerts about node-pressure eviction. They need the metrics of kube-state-metrics and of the kubelets; which rules your
# Prometheus takes is decided by its ruleSelector: add the label it looks for, and the namespace.
`;

function alerts(program: string, namespace: string | null): readonly Alert[] {
  const only = namespace === null ? '' : `,namespace=${JSON.stringify(namespace)}`;
  const evicted = `kube_pod_status_reason{reason="Evicted"${only}}`;
  const scope = namespace === null ? '-A' : `-n ${namespace}`;
  return [
    {
      alert: 'NodeUnderEvictionPressure',
      expr: 'kube_node_status_condition{condition=~"DiskPressure|MemoryPressure|PIDPressure",status="true"} == 1',
      for: '1m',
      severity: 'warning',
      summary: 'Node {{ $labels.node }} reports {{ $labels.condition }}.',
      description: `New pods are refused there, and running ones may be evicted. Which threshold binds: ${program} status {{ $labels.node }}`,
    },
    {
      alert: 'KubeletEvictsPods',
      // A counter that did not exist a quarter of an hour ago has no increase yet: its value is one.
      expr: 'sum by (instance, eviction_signal) (increase(kubelet_evictions[15m])) > 0 or sum by (instance, eviction_signal) (kubelet_evictions unless kubelet_evictions offset 15m) > 0',
      for: '0m',
      severity: 'warning',
      summary: 'The kubelet at {{ $labels.instance }} evicted pods for {{ $labels.eviction_signal }}.',
      description: `Who, and since when: ${program} report ${scope} --since 1h`,
    },
    {
      alert: 'PodsEvictedAgainAndAgain',
      expr: `sum by (namespace) (${evicted}) - (sum by (namespace) (${evicted} offset 15m) or sum by (namespace) (${evicted}) * 0) >= 10`,
      for: '0m',
      severity: 'warning',
      summary: 'Ten or more new Evicted pods in namespace {{ $labels.namespace }} within 15 minutes.',
      description: `A workload is evicted or refused in a loop; deleting its pods does not help. By owner and cause: ${program} report -n {{ $labels.namespace }} --since 1h`,
    },
    {
      alert: 'EvictedPodsPileUp',
      expr: `sum by (namespace) (${evicted}) >= 100`,
      for: '1h',
      severity: 'info',
      summary: '{{ $value }} Evicted pods lie in namespace {{ $labels.namespace }}.',
      description: `No controller removes them below PodGC's ceiling. To remove them, with the evidence kept: ${program} purge -n {{ $labels.namespace }} --archive evicted.ndjson`,
    },
    {
      alert: 'TerminatedPodsNearGarbageCollection',
      // PodGC counts every terminated pod, whatever the namespace.
      expr: 'sum(kube_pod_status_phase{phase=~"Failed|Succeeded"}) >= 10000',
      for: '15m',
      severity: 'info',
      summary: '{{ $value }} terminated pods: beyond 12,500 (by default) the control plane deletes the surplus.',
      description: `With them goes the evidence of evictions. What there is: ${program} report -A`,
    },
  ];
}
